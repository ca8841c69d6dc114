//! What the tables say about segments and customers' ways between them: plain rows, read once, before anything is described.

use driftline_stats::paired::{Counts, Levels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;
use crate::tables::feedback::Quote;

/// Totals of a market in its period, as finance knows them. Counts are customers, orders and source lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarketTotals {
    pub customers: u64,
    pub orders: u64,
    pub lines: u64,
    pub gross: Minor,
    pub returned: Minor,
    pub net: Minor,
    pub unidentified_gross: Minor,
    /// Net amount without a customer and of customers who objected; `None` if the latter are so few that it would be what they spent.
    pub unidentified_net: Option<Minor>,
    /// Customers who objected to profiling and bought or sent something back: not for readers.
    #[serde(skip)]
    pub objectors: u64,
}

impl MarketTotals {
    /// Those who objected, if they are so few that what they spent may be told nowhere.
    pub fn few_objectors(&self, min_cell: u64) -> Option<u64> {
        (1..min_cell).contains(&self.objectors).then_some(self.objectors)
    }

    /// Without what would tell what a few who objected spent.
    pub fn shown(self, min_cell: u64) -> Self {
        Self { unidentified_net: self.unidentified_net.filter(|_| self.few_objectors(min_cell).is_none()), ..self }
    }
}

/// In rows by segment, the row of everyone active.
pub const EVERYONE_SEGMENT: u32 = 0;

/// In ways from segment to segment, who is in none: not active.
pub const NO_SEGMENT: u32 = 0;

/// Number of the segment of active customers who are too far from every segment's centre to belong to one; never a persona.
/// Above any number of segments that a job may ask for.
pub const OTHER_SEGMENT: u32 = 99;

/// One segment of active customers; segment 0 is everyone active, [`OTHER_SEGMENT`] who is in none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SegmentProfile {
    pub segment: u32,
    pub customers: u64,
    /// Of them, those whose one and only purchase day is in this period.
    pub bought_once: u64,
    /// Sum of the members' rounded 12-month values; `None` if no model could be fitted.
    pub value: Option<Minor>,
    pub net_period: Minor,
    /// Sum of the squares of the members' net amounts, in squares of the currency's unit.
    pub net_period_squares: f64,
    /// Mean risk of no purchase in the next horizon, 0 to 1; `None` if no model could be fitted.
    pub churn_risk: Option<f64>,
    /// Sum of the members' forecasts for the next period; `None` if there are none.
    pub next_period: Option<Minor>,
    /// Mean share of sales that members sent back; `None` if nothing tells.
    pub return_rate: Option<f64>,
    /// As the members wrote them, of those who agreed to be quoted.
    pub quotes: Vec<Quote>,
}

/// The way that a group of customers took from last period to this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// No row last period.
    New,
    /// A row, but not active last period.
    Returning,
    /// Active last period and this one.
    Stayed,
    /// Active last period, not in this one.
    Lost,
    /// Active in neither; refunds of former customers are here.
    #[default]
    Outside,
}

/// Churn risks of some customers added up; none of nobody, or where no model gave any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskSum {
    pub customers: u64,
    /// In millionths: the six decimals that each is published with.
    pub sum_e6: i128,
}

/// Customers who took one way. Amounts are sums over them, in four states: as published last period; last period recomputed
/// from today's data ("from"); this period by last period's models ("to"); this period as published ("now"). What moved
/// is between "from" and "to"; what is between the others is restatement and definition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    pub kind: FlowKind,
    /// Segment of last period, restated; 0 if not active then.
    pub from_segment: u32,
    /// Segment of this period by last period's model, 0 if not active now.
    pub to_segment: u32,
    /// Segment of last period as published, 0 if not active then.
    pub published_segment: u32,
    /// Segment of this period, 0 if not active now.
    pub now_segment: u32,
    pub customers: u64,
    /// Of them, those whose last period is not as it was published.
    pub customers_restated: u64,
    /// Of them, those whom this period's models see otherwise than last period's.
    pub customers_redefined: u64,
    pub value_published: Minor,
    pub value_from: Minor,
    pub value_to: Minor,
    pub value_now: Minor,
    /// Four-decimal amounts in ten-thousandths of a major unit; rounded once, when a bridge is built.
    pub net_published_e4: i128,
    pub net_from_e4: i128,
    pub net_to_e4: i128,
    pub trailing_published_e4: i128,
    pub trailing_from_e4: i128,
    pub trailing_to_e4: i128,
    /// Sums of the churn risks of the active ones who have one, in millionths, as published, restated, by last models and now.
    pub risks: [RiskSum; 4],
    /// Sums of squares of the customers' amounts in squared major units: what the noise of a sum is made of.
    pub value_from_squares: f64,
    pub value_to_squares: f64,
    pub value_change_squares: f64,
}

/// Customers of one segment last period and this one, by last period's model, who ordered in both; segment 0 is everyone active
/// in both. Sums over them, from today's data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairedOrders {
    pub segment: u32,
    /// Purchase days.
    pub orders: Counts,
    /// Customers with spend above zero in both.
    pub valued: u64,
    /// Sums of their mean natural logarithms of spend a purchase day, in major units.
    pub level_before: f64,
    pub level_now: f64,
    /// Sum of squares of the changes of that mean.
    pub level_change_squares: f64,
}

/// Who bought for the first time, and who came back, last period and this one, from today's data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Newcomers {
    pub before: u64,
    pub now: u64,
    /// What they spent in the period in which they came.
    pub spend_before: Minor,
    pub spend_now: Minor,
    /// Logarithms of what each of them spent, in major units.
    pub levels_before: Levels,
    pub levels_now: Levels,
    /// Customers with a purchase day in the period who had bought before it.
    pub came_back_before: u64,
    pub came_back_now: u64,
}

/// How a segment differs from everyone in the features that it was made of, in standard deviations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureTilt {
    pub column: String,
    pub label: String,
    /// Word for a segment above the base, such as `frequent`.
    pub high: String,
    /// Word for a segment below it, such as `occasional`.
    pub low: String,
    /// Centroid minus the mean of everyone, in standard deviations of the scaled feature.
    pub tilt: f64,
}
