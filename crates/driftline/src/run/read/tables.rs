//! What is read of the tables of a run.

use driftline_core::drift::assortment::ItemSales;
use driftline_core::drift::rfm::RfmRow;
use driftline_core::drift::sales::ProductSales;
use driftline_core::facets::Facet;
use driftline_core::facets::count::Counted;
use driftline_core::report::scorecard::Scorecard;
use driftline_core::tables::moved::Moved;
use driftline_core::tables::profile::{Flow, MarketTotals, Newcomers, PairedOrders, SegmentProfile};

use crate::run::acquisition::Economics;

/// What the tables say of the market and its segments.
pub(crate) struct Tables {
    /// How many audits they passed.
    pub(crate) audits: usize,
    pub(crate) totals: MarketTotals,
    /// The totals of last period, from today's data.
    pub(crate) totals_restated: MarketTotals,
    /// Orders of the same period a year ago, from today's data; `None` if there are none.
    pub(crate) orders_year_before: Option<u64>,
    pub(crate) profiles: Vec<SegmentProfile>,
    pub(crate) rfm_rows: Vec<RfmRow>,
    /// Present if there is a previous published period.
    pub(crate) flows: Option<Vec<Flow>>,
    /// What is compared with the period just before this one, from today's data.
    pub(crate) moves: Moves,
    pub(crate) scorecard: Option<Scorecard>,
    pub(crate) economics: Economics,
    /// Who went from the segments of the revision that this run replaces to these; of no revision nothing.
    pub(crate) moved: Vec<Moved>,
    /// What was counted of each facet.
    pub(crate) counted: Vec<(Facet, Counted)>,
}

/// What the same people order, who came, and what was sold, this period and the one just before; nothing if the last published one
/// is another.
#[derive(Default)]
pub(crate) struct Moves {
    pub(crate) paired: Vec<PairedOrders>,
    pub(crate) newcomers: Option<Newcomers>,
    pub(crate) products: Option<Vec<ProductSales>>,
    pub(crate) items: Option<Vec<ItemSales>>,
}
