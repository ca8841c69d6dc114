//! The drift report: every number that a mail or a page shows, with the words that it is shown in. `report.json` is this.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use driftline_stats::drift::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::basics::locale::Locale;
use crate::basics::period::Kind;
use crate::drift::assortment::Assortment;
use crate::drift::bridge::{Bridge, Measure};
use crate::drift::change::Change;
use crate::drift::decomposition::Decomposition;
use crate::drift::migration::Migration;
use crate::drift::rfm::RfmGroup;
use crate::drift::risk::RiskChanges;
use crate::drift::sales::SalesChange;
use crate::facets::Facet;
use crate::personas::PersonaSet;
use crate::personas::acquisition::AcquisitionCosts;
use crate::personas::tree::FamilyTree;
use crate::report::scorecard::Scorecard;
use crate::report::{ForYou, Kpi, Models, Part, RevisionChanges};
use crate::tables::profile::MarketTotals;
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
