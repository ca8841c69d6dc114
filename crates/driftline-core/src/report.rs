//! The drift report: every number that a mail or a page shows, with the words that it is shown in. `report.json` is this.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use driftline_stats::drift::Finding;
use driftline_stats::expectation::{Expectation, RangeModel};
use driftline_stats::purchase::Fit;
use driftline_stats::returns::Returns;
use driftline_stats::spend::SpendFit;
use driftline_stats::{churn, forecast, groups, habit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::acquisition::AcquisitionCosts;
use crate::assortment::Assortment;
use crate::audience::ForYou;
use crate::bridge::{Bridge, Measure};
use crate::change::Change;
use crate::decomposition::Decomposition;
use crate::disclosure::hide_table;
use crate::facet::Facet;
use crate::lineage::SegmentEvent;
use crate::period::Kind;
use crate::persona::PersonaSet;
use crate::persona::other::OTHER_LABEL;
use crate::profile::{Flow, FlowKind, MarketTotals, OTHER_SEGMENT};
use crate::revision::{Part, RevisionChanges};
use crate::rfm::RfmGroup;
use crate::risk::RiskChanges;
use crate::sales::SalesChange;
use crate::scorecard::year::ValueRange;
use crate::scorecard::{NextPeriod, Scorecard};
use crate::sentence::Locale;
use crate::tree::FamilyTree;
use crate::{Currency, Market, Period};

/// Name of the layout of `report.json`; a change that breaks a reader raises the number.
pub const SCHEMA: &str = "driftline-report/1";

/// What kind of result a market has this period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Own personas.
    Full,
    /// Assigned by a parent market's model.
    Provisional,
    /// Totals only.
    NotEnoughData,
}

/// The first thing a reader sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Headline {
    pub kind: HeadlineKind,
    pub subject: String,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeadlineKind {
    /// Something passed the gate, and the mail shows it.
    Changed,
    /// The market's money moved far, like for like, and no cause of it is sure.
    LargeNotSure,
    NoMaterialChange,
    /// The first published period of the market.
    First,
    /// Less than a year is known of the market: growth is told as growth, and nothing is called a change.
    NewMarket,
    /// The personas were drawn anew: nothing is called a change of customers.
    DefinitionChanged,
    /// The data contradict themselves too much to tell anybody but the owner.
    DataAlarm,
    /// A partial period, or one whose windows are not full: nothing is compared.
    NotCompared,
    NotEnoughData,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Count,
    /// Minor units.
    Money,
    /// 0 to 1.
    Share,
}

/// One figure against last period and the same period last year; `None` says that there is none, `note` why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kpi {
    pub key: String,
    pub label: String,
    pub unit: Unit,
    pub now: Option<f64>,
    pub previous: Option<f64>,
    pub year_before: Option<f64>,
    pub change: Option<f64>,
    /// Relative change for counts and money; shares change in points.
    pub relative_change: Option<f64>,
    /// What customers moved of it, by one definition and one state of the data: relative for counts and money, points for shares.
    /// Absent where it is not known, or reads as the plain change does.
    #[serde(default)]
    pub like_for_like: Option<f64>,
    pub note: Option<String>,
}

/// Customers by persona last period (rows) and this one (columns); the last row and column are "not active".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Migration {
    pub from: Vec<String>,
    pub to: Vec<String>,
    /// `None`: fewer than `min_cell`, or hidden so that another cannot be worked out.
    pub customers: Vec<Vec<Option<u64>>>,
}

/// Columns of one group of customers, an earlier period against this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttributeDrift {
    /// Persona key, or `market`.
    pub subject: String,
    pub label: String,
    pub against: Period,
    pub columns: Vec<DriftedColumn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftedColumn {
    /// What a reader calls it.
    pub label: String,
    #[serde(flatten)]
    pub finding: Finding,
}

/// The fitted models, in words and numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Models {
    /// `own`, `provisional` or `history only`.
    pub value_tier: String,
    pub value_note: String,
    pub purchase: Option<Fit>,
    pub purchase_reason: Option<String>,
    pub spend: Option<SpendFit>,
    /// What of sales stays after returns, 0 to 1; values are multiplied by it.
    pub net_share: Option<f64>,
    /// How many purchase days of a customer's own weigh as much as that share (Bühlmann's k); absent if all have the same.
    #[serde(default)]
    pub net_share_prior_days: Option<f64>,
    /// What customers are scored by: purchase models by band, the spend model and the market's levels. Absent in reports from before
    /// there were bands, whose `purchase` and `spend` (of repeat purchases) score everybody.
    #[serde(default)]
    pub expectation: Option<Expectation>,
    /// What a provisional market's models were pooled from.
    #[serde(default)]
    pub pool: Option<PooledFrom>,
    /// Ranges of the 12-month value of everyone active.
    #[serde(default)]
    pub value_range: Option<ValueRange>,
    /// Predicted over actual net amount of the horizon before, by the same rule as it would have been then; outside .9 to 1.1
    /// the level is uncertain. `None` if nothing could be judged.
    #[serde(default)]
    pub value_level: Option<f64>,
    /// Set if `value_level` is outside .9 to 1.1.
    #[serde(default)]
    pub is_value_level_uncertain: bool,
    pub segments: Option<SegmentModel>,
    #[serde(default)]
    pub churn: Option<ChurnModel>,
    #[serde(default)]
    pub forecast: Option<ForecastModel>,
}

impl Models {
    /// What returns leave of spend; `None` without a value model.
    pub fn returns(&self) -> Option<Returns> {
        Some(Returns { share: self.net_share?, prior_days: self.net_share_prior_days })
    }
}

/// The markets whose models a small market's were pulled towards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledFrom {
    /// Market, period and revision of each.
    pub markets: Vec<String>,
    /// Whether the spread between markets is estimated, or the stated prior.
    pub is_spread_estimated: bool,
}

/// How the churn risk is made, and how its candidates did on the horizon before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChurnModel {
    pub event: String,
    pub chosen: churn::Method,
    pub reason: String,
    pub backtest: Option<churn::Backtest>,
    /// What gave the risks; absent in reports published before it was carried.
    #[serde(default)]
    pub fitted: Option<churn::FittedRisk>,
}

/// How the forecast of the next period is made, and how its candidates did on the horizon before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastModel {
    pub method: forecast::Method,
    pub calibrated: bool,
    pub factor: f64,
    pub reason: String,
    pub judged: Option<forecast::Judged>,
    /// In reports from before there were `ranges`.
    #[serde(default)]
    pub spread: Option<forecast::Spread>,
    /// How wide ranges are, and how many past ones held.
    #[serde(default)]
    pub ranges: Option<RangeModel>,
    /// Set if the judged total was off by more than a tenth.
    pub is_level_uncertain: bool,
    /// Everyone known at as-of.
    pub next_period: Option<NextPeriod>,
}

/// The segment model; the next period starts from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentModel {
    /// What the coordinates are, in their order: habits, and items of shares as `category: coffee`.
    pub columns: Vec<String>,
    /// Every habit that was looked at, with how reliable it is and what turns a customer's days into a coordinate. Empty in models
    /// published before segments were made of habits: such a model assigns nobody any more.
    #[serde(default)]
    pub habits: Vec<habit::Scale>,
    /// How reliable each habit is in this period.
    #[serde(default)]
    pub reliabilities: Vec<habit::Reliability>,
    /// In coordinates. A segment may own several.
    pub centroids: Vec<Vec<f64>>,
    /// Segment of each centroid; a number is never used for another segment again.
    #[serde(default)]
    pub segments: Vec<u32>,
    #[serde(default)]
    pub next_segment: u32,
    /// Whether segments are kinds with valleys between them, bands of a continuum, or one.
    #[serde(default)]
    pub structure: groups::Structure,
    /// Of each centroid, the distance (coordinates not clipped) beyond which a customer is in none;
    /// empty in models published before there were such bounds.
    #[serde(default)]
    pub distance_bounds: Vec<f64>,
    /// Why this model: kept from last period, or fitted now and on how many customers.
    pub reason: String,
    pub fitted_in: Period,
    /// Customers of this period that its stability is judged on; it was fitted on those of `fitted_in`.
    pub sample_customers: u64,
    /// Share of customers that a refit on resampled customers puts elsewhere: the noise beside every migration rate.
    #[serde(default)]
    pub relabelled_by_refit: f64,
    /// Smallest bootstrap Jaccard of its segments.
    pub stability_min: f64,
    /// What was tried: number of segments, how far apart they lie, smallest segment.
    pub candidates: Vec<Candidate>,
    /// How the centroids lie to each other: the next period tells mergers by it.
    #[serde(default)]
    pub watched: Vec<groups::Watched>,
    /// How many members of each segment are expected to buy in the coming months: the next period tells fading by it.
    #[serde(default)]
    pub expected: Vec<ExpectedBuyers>,
    /// Segments that fade, as told once.
    #[serde(default)]
    pub fading: Vec<u32>,
    /// What happened to segments in this period.
    #[serde(default)]
    pub events: Vec<SegmentEvent>,
    /// Whether this model took the place of another one, so that nothing may be read as people who moved.
    #[serde(default)]
    pub is_redrawn: bool,
}

impl SegmentModel {
    /// Whether both put every customer into the same segment.
    pub fn assigns_as(&self, other: &Self) -> bool {
        self.centroids == other.centroids
            && self.habits == other.habits
            && self.segments == other.segments
            && self.distance_bounds == other.distance_bounds
    }

    /// Whether last period's model is this one, edited at most where something happened.
    pub fn continues(&self, last: &Self) -> bool {
        !self.is_redrawn && !last.habits.is_empty() && self.habits == last.habits
    }
}

/// Members of a segment with more than one purchase day who are expected to buy within `months` after as-of, by their rates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedBuyers {
    pub segment: u32,
    pub months: f64,
    pub buyers: f64,
    pub variance: f64,
}

/// One number of segments that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    pub segments: usize,
    /// The shallowest valley between two segments: customers in the middle by customers about the sparser centre.
    #[serde(default)]
    pub valley: f64,
    /// The least distance of two segments, in their own deviations.
    #[serde(default)]
    pub distance: f64,
    /// Prediction strength, where bands were looked for.
    #[serde(default)]
    pub strength: Option<f64>,
    /// Share of customers who changed their band within the last 91 days, where bands were looked for.
    #[serde(default)]
    pub moved: Option<f64>,
    pub smallest_share: f64,
}

/// Where the figures come from and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    pub source_rows: BTreeMap<String, u64>,
    pub sources_not_available: Vec<String>,
    pub ignored_columns: BTreeMap<String, Vec<String>>,
    pub unidentified_gross_share: Option<f64>,
    pub audits_passed: u64,
    /// What was noticed of the exports and may matter to a reader, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export_notes: Vec<String>,
    /// What is odd about the exports, and what an owner accepted; absent if nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    pub complete_from: Option<NaiveDate>,
    pub complete_until: Option<NaiveDate>,
    /// Hash of every customer's days before as-of, and of the definitions: the next run compares it with what it finds then.
    #[serde(default)]
    pub past_id: Option<String>,
    /// Hash or version of each thing that the report follows from: a revision says which are not what they were.
    #[serde(default)]
    pub fingerprints: BTreeMap<Part, String>,
}

/// Settings that a reader needs to understand the figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    pub active_days: u32,
    pub horizon_days: u32,
    pub min_cell: u64,
    /// Fewest customers beyond the bounds of all segments who are set apart as "other"; 0 in reports from before it was told.
    #[serde(default)]
    pub others_least: u64,
    pub headline_measure: Measure,
    pub churn_event: String,
    pub value_definition: String,
}

/// Everything about one market and period. Money is in minor units, shares are 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    pub schema: String,
    pub content_id: String,
    pub program_version: String,
    pub job: String,
    pub title: String,
    pub market: Market,
    pub market_name: String,
    pub currency: Currency,
    pub locale: Locale,
    pub period: Period,
    pub period_title: String,
    /// What a reader calls a period like this one: `quarter` or `half-year`.
    #[serde(default = "quarter")]
    pub period_noun: String,
    pub as_of: NaiveDate,
    pub previous_period: Option<Period>,
    pub previous_title: Option<String>,
    pub revision: u32,
    pub revision_reason: Option<String>,
    /// What a revision changed of the one that it replaces.
    #[serde(default)]
    pub revision_changes: Option<RevisionChanges>,
    pub status: Status,
    /// Set when the data do not cover the whole period.
    pub partial: Option<String>,
    pub headline: Headline,
    pub kpis: Vec<Kpi>,
    /// Absent if fewer than `min_cell` customers bought.
    pub totals: Option<MarketTotals>,
    pub bridges: Vec<Bridge>,
    pub personas: PersonaSet,
    pub migration: Option<Migration>,
    /// The move of the 12-month value as volume, mix and rate; absent where values are not compared.
    #[serde(default)]
    pub decomposition: Option<Decomposition>,
    /// The move of the gross amount as volume, price and assortment; absent where nothing is compared, or as its note says.
    #[serde(default)]
    pub sales_change: Option<SalesChange>,
    /// Why a compared report has no `sales_change`, and what would give it.
    #[serde(default)]
    pub sales_change_note: Option<String>,
    /// What is new, gone and sent back, by name; absent if the last published period is not the one before this.
    #[serde(default)]
    pub assortment: Option<Assortment>,
    /// RFM groups by last period's cut points and by today's; empty unless both periods' 12-month windows are full.
    #[serde(default)]
    pub rfm_groups: Vec<RfmGroup>,
    /// The job's facets with everyone's answers; those of the personas are theirs. Empty in reports from before there were any.
    #[serde(default)]
    pub facets: Vec<Facet>,
    /// How the columns that describe customers drifted, for everyone and inside each persona.
    #[serde(default)]
    pub attribute_drift: Vec<AttributeDrift>,
    /// The market's personas over its published periods, up to this one.
    #[serde(default)]
    pub tree: FamilyTree,
    /// What customers cost to win, and margins; absent in reports from before there were any.
    #[serde(default)]
    pub acquisition: Option<AcquisitionCosts>,
    /// How last period's forecasts for this one turned out; absent if there were none.
    #[serde(default)]
    pub scorecard: Option<Scorecard>,
    /// Mean risks against last period, by their three causes; absent where nothing is compared.
    #[serde(default)]
    pub risk_changes: Option<RiskChanges>,
    pub market_change: Option<Change>,
    pub changes: Vec<Change>,
    /// One sentence a change that passed the gate, at most five, and a line each for what is new, dropped or sent back; none unless the headline says that something changed.
    pub change_sentences: Vec<String>,
    pub unchanged: String,
    pub notes: Vec<String>,
    /// What the mail says to each audience besides.
    #[serde(default)]
    pub for_you: Vec<ForYou>,
    pub models: Models,
    pub quality: Quality,
    pub method: Method,
}

/// Reports without a noun are from before there were half-years.
fn quarter() -> String {
    Kind::Quarter.to_string()
}

impl Report {
    /// The bridge that the headline is about, or the first there is.
    pub fn headline_bridge(&self) -> Option<&Bridge> {
        let wanted = self.method.headline_measure;
        self.bridges.iter().find(|bridge| bridge.measure == wanted).or_else(|| self.bridges.first())
    }
}

/// Builds the migration table from flows, with small cells hidden along rows and columns.
pub fn migration(previous: &PersonaSet, current: &PersonaSet, flows: &[Flow], min_cell: u64) -> Migration {
    let rows = groups(previous, flows.iter().map(|flow| flow.from_segment));
    let columns = groups(current, flows.iter().map(|flow| flow.to_segment));
    let place = |list: &[(u32, String)], segment: u32, active: bool| {
        let found = if active { place_of(list.iter().map(|(number, _)| *number), segment) } else { None };
        found.unwrap_or(list.len())
    };
    let mut counts = vec![vec![0u64; columns.len() + 1]; rows.len() + 1];
    for flow in flows.iter().filter(|flow| flow.kind != FlowKind::Outside) {
        let was = matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost);
        let is = flow.kind != FlowKind::Lost;
        counts[place(&rows, flow.from_segment, was)][place(&columns, flow.to_segment, is)] += flow.customers;
    }
    let names = |list: Vec<(u32, String)>, last: &str| {
        list.into_iter().map(|(_, label)| label).chain([last.to_owned()]).collect::<Vec<_>>()
    };
    Migration {
        from: names(rows, "Not active before"),
        to: names(columns, "Not active now"),
        customers: hide_table(&counts, min_cell),
    }
}

/// Where a segment stands among groups: a segment that no persona was made of (it was too small when its model was last used)
/// stands with the customers in none, for its people are active.
pub(crate) fn place_of(groups: impl Iterator<Item = u32> + Clone, segment: u32) -> Option<usize> {
    let at = |wanted: u32| groups.clone().position(|number| number == wanted);
    at(segment).or_else(|| at(OTHER_SEGMENT))
}

/// The personas of one side of a migration table, and the customers in none of them if a flow has some.
pub(crate) fn groups(set: &PersonaSet, segments: impl IntoIterator<Item = u32>) -> Vec<(u32, String)> {
    let mut groups: Vec<(u32, String)> =
        set.personas.iter().map(|persona| (persona.segment, persona.label.clone())).collect();
    let is_persona = |segment: u32| set.personas.iter().any(|persona| persona.segment == segment);
    if segments.into_iter().any(|segment| segment != 0 && !is_persona(segment)) {
        groups.push((OTHER_SEGMENT, OTHER_LABEL.to_owned()));
    }
    groups
}
