//! A job as its file is written: every key with its default.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use driftline_core::basics::locale::Locale;
use driftline_core::basics::period::Calendar;
use driftline_core::drift::bridge::Measure;
use driftline_core::drift::materiality::Materiality;
use driftline_core::personas::lineage::Thresholds;
use driftline_core::personas::{Floor, Priority};
use driftline_core::schedule::Schedule;
use driftline_core::{Currency, Market};
use serde::Deserialize;

use super::mail::Mail;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobFile {
    pub title: String,
    pub currency: Currency,
    #[serde(default)]
    pub locale: Locale,
    /// Code of a market → language and numbers of its report, where they are not `locale`'s.
    #[serde(default)]
    pub market_locales: BTreeMap<String, Locale>,
    /// Codes; empty means every market that the exports have.
    #[serde(default)]
    pub markets: Vec<Market>,
    #[serde(default)]
    pub market_names: BTreeMap<String, String>,
    /// How time is cut into periods.
    #[serde(default)]
    pub period: Calendar,
    #[serde(default = "days_365")]
    pub active_days: u32,
    /// Horizon of the churn risk in days; default: the days of the next period.
    pub horizon_days: Option<u32>,
    pub exports: Exports,
    #[serde(default)]
    pub warehouse: Warehouse,
    #[serde(default)]
    pub small_markets: SmallMarkets,
    #[serde(default)]
    pub value: Value,
    #[serde(default)]
    pub segments: Segments,
    #[serde(default)]
    pub personas: Floor,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub lineage: Thresholds,
    #[serde(default)]
    pub materiality: Materiality,
    #[serde(default)]
    pub bridge: BridgeChoice,
    #[serde(default)]
    pub privacy: Privacy,
    pub mail: Mail,
    #[serde(default)]
    pub limits: Limits,
    /// When it runs by itself; absent: only by hand.
    pub schedule: Option<Schedule>,
}

fn days_365() -> u32 {
    365
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exports {
    pub url: String,
    /// Folder below `sql/staging/`.
    pub dialect: String,
    #[serde(default = "utc")]
    pub time_zone: String,
    /// First day from which every market is completely in the exports.
    pub complete_from: Option<NaiveDate>,
    /// Last day up to which every market is completely in the exports.
    pub complete_until: Option<NaiveDate>,
    /// Object with one object name a line, for servers that cannot list.
    pub index: Option<String>,
    /// What may be odd in the exports without ending a run, by name.
    #[serde(default)]
    pub accept: Vec<String>,
}

fn utc() -> String {
    "UTC".to_owned()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Warehouse {
    pub url: String,
    /// Address under which readers of mails find the warehouse, like that of a web server in front of it.
    pub public_url: Option<String>,
}

impl Default for Warehouse {
    fn default() -> Self {
        Self { url: "warehouse".to_owned(), public_url: None }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmallMarkets {
    /// Active customers from which a market has personas of its own.
    pub own_from: u64,
    /// Active customers from which the parent's model is used, marked provisional.
    pub provisional_from: u64,
    pub parent: Option<Market>,
}

impl Default for SmallMarkets {
    fn default() -> Self {
        Self { own_from: 300, provisional_from: 90, parent: None }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Value {
    /// `auto`, `bgnbd`, `mbgnbd` or `paretonbd`.
    pub model: String,
    pub own_purchasers: u64,
    pub own_history_days: i64,
    pub fitted_purchasers: u64,
    pub fitted_repeat_customers: u64,
    /// Share of net revenue that is contribution margin; absent: no margins.
    pub margin_share: Option<f64>,
    /// The same of single categories, as `stg_order_lines` names them.
    pub margin_share_by_category: BTreeMap<String, f64>,
}

impl Default for Value {
    fn default() -> Self {
        Self {
            model: "auto".to_owned(),
            own_purchasers: 500,
            own_history_days: 180,
            fitted_purchasers: 50,
            fitted_repeat_customers: 10,
            margin_share: None,
            margin_share_by_category: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Segments {
    /// Fewest and most segments; the same of both asks for that number.
    pub min: usize,
    pub max: usize,
    pub restarts: usize,
    /// Columns of the customers mart; empty means every column with a `habit`.
    pub habits: Vec<String>,
    /// Whether categories and channels are habits too.
    pub shares: bool,
    /// Most items of categories, and of channels, that are told apart.
    pub items_max: usize,
    /// Reliability from which on a habit takes part.
    pub reliability_min: f64,
    /// Customers beyond the bounds of the segments from which on they are set apart as "other"; never below `min_cell`.
    pub others_min: u64,
    pub seed: u64,
    pub sample_max: usize,
    pub bootstraps: usize,
}

impl Default for Segments {
    fn default() -> Self {
        Self {
            min: 1,
            max: 12,
            restarts: 10,
            habits: Vec::new(),
            shares: true,
            items_max: 12,
            reliability_min: 0.5,
            others_min: 20,
            seed: 1,
            sample_max: 6_000,
            bootstraps: 20,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BridgeChoice {
    /// Which bridge the headline is about.
    pub value: Measure,
}

impl Default for BridgeChoice {
    fn default() -> Self {
        Self { value: Measure::Value12Months }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// Environment variable that holds the key of the pseudonyms.
    pub pseudonym_key_env: String,
    /// Whether a revision is published that differs by the data of fewer than `min_cell` customers, so that both revisions together
    /// tell what they spent.
    pub revisions_of_few: bool,
    /// Whether the public development key will do: for data without real customers.
    pub allow_development_key: bool,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            pseudonym_key_env: "DRIFTLINE_PSEUDONYM_KEY".to_owned(),
            revisions_of_few: false,
            allow_development_key: false,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub memory: String,
    pub spill: String,
    /// Exports of a market whose rows take up to this much, unfolded, are worked with in memory, larger ones on disk.
    pub in_memory: String,
    pub threads: Option<usize>,
    /// Silence after which another process may take over what this one works on.
    pub lease_seconds: u64,
    /// Part of the usual rows, or of those of the last run, that may be missing in a month or an object.
    pub rows_fall: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: "2GB".to_owned(),
            spill: "20GB".to_owned(),
            in_memory: "512MB".to_owned(),
            threads: None,
            lease_seconds: 300,
            rows_fall: 0.5,
        }
    }
}
