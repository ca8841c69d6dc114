//! A job as written (`JobFile`, private) and as meant (`Job`): what to read, for whom, by which definitions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use driftline_core::bridge::Measure;
use driftline_core::change::Materiality;
use driftline_core::lineage::Thresholds;
use driftline_core::period::Calendar;
use driftline_core::persona::{Floor, Priority};
use driftline_core::schedule::Schedule;
use driftline_core::sentence::Locale;
use driftline_core::{Currency, Market};
use serde::Deserialize;

use self::mail::check_mail;
pub use self::mail::{Dkim, Mail, Recipient, Smtp, check_address};
use crate::error::{Error, Result};

mod calendar;
pub(crate) mod limits;
mod look_alike;
mod mail;
mod margin;

/// A job as the run uses it. `jobs/README.md` lists every key with its default and unit.
#[derive(Clone, Debug)]
pub struct Job {
    pub name: String,
    pub path: PathBuf,
    pub file: JobFile,
    /// The text that the content id covers: the file with overrides, without where to read and write.
    pub definition: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobFile {
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
pub struct BridgeChoice {
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
pub struct Limits {
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

impl Job {
    /// Reads a job and applies `KEY=VALUE` overrides.
    ///
    /// # Errors
    /// `Error::ProjectFile` if it cannot be read; `Error::Job` with the line for a key that is misspelt or a value of the wrong
    /// kind; `Error::Override` for an override that names no key.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::ProjectFile { path: path.to_owned(), source })?;
        let wrong = |problem: String| Error::Job { path: path.to_owned(), problem };
        let of_toml = |error: toml::de::Error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            wrong(format!("line {line}: {}", error.message()))
        };
        // Once from the text, for errors with their line; then with the overrides.
        let _: JobFile = toml::from_str(&text).map_err(of_toml)?;
        let mut table: toml::Table = toml::from_str(&text).map_err(of_toml)?;
        for setting in overrides {
            apply(&mut table, setting)?;
        }
        let file: JobFile = serde_path_to_error::deserialize(table.clone())
            .map_err(|error| wrong(format!("with --set, `{}`: {}", error.path(), error.inner())))?;
        if file.exports.time_zone.parse::<Tz>().is_err() {
            return Err(wrong(format!(
                "exports.time_zone = \"{}\" is no time zone; expected a name like Europe/Berlin",
                file.exports.time_zone
            )));
        }
        limits::check_limits(&file).map_err(&wrong)?;
        if file.value.model != "auto" && file.value.model.parse::<driftline_stats::purchase::Kind>().is_err() {
            return Err(wrong(format!(
                "value.model = \"{}\"; expected auto, bgnbd, mbgnbd or paretonbd",
                file.value.model
            )));
        }
        if let Some(start) = file.schedule.as_ref().and_then(|schedule| schedule.start) {
            file.period.check(start).map_err(|error| wrong(format!("schedule.start: {error}")))?;
        }
        check_mail(&file.mail).and(margin::check_margins(&file.value)).map_err(&wrong)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // Where it reads and writes, how fast and to whom is not what it computes.
        for key in ["warehouse", "limits", "schedule"] {
            table.remove(key);
        }
        if let Some(exports) = table.get_mut("exports").and_then(toml::Value::as_table_mut) {
            exports.remove("url");
            exports.remove("index");
        }
        if let Some(mail) = table.get_mut("mail").and_then(toml::Value::as_table_mut) {
            for key in ["smtp", "dkim", "allowed_domains", "on_unknown"] {
                mail.remove(key);
            }
        }
        // That a public key will do changes no figure.
        let privacy = table.get_mut("privacy").and_then(toml::Value::as_table_mut);
        if privacy.is_some_and(|privacy| privacy.remove("allow_development_key").is_some() && privacy.is_empty()) {
            table.remove("privacy");
        }
        Ok(Self { name, path: path.to_owned(), file, definition: table.to_string() })
    }

    /// How long a process may be silent before others take over.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.file.limits.lease_seconds.max(1))
    }

    /// How many customers unlike any segment it takes to set them apart: never so few that they may not be shown.
    pub fn others_least(&self) -> u64 {
        self.file.segments.others_min.max(self.file.personas.min_cell)
    }

    /// The language and the numbers of a market's report.
    pub fn locale(&self, market: &Market) -> Locale {
        self.file.market_locales.get(market.as_str()).copied().unwrap_or(self.file.locale)
    }

    /// The market as the reader calls it.
    pub fn market_name(&self, market: &Market) -> String {
        self.file.market_names.get(market.as_str()).cloned().unwrap_or_else(|| market.as_str().to_uppercase())
    }
}

/// Sets `a.b.c=value`; a value that is no TOML is taken as text.
fn apply(table: &mut toml::Table, setting: &str) -> Result<()> {
    let wrong = |problem: &str| Error::Override { setting: setting.to_owned(), problem: problem.to_owned() };
    let (key, value) = setting.split_once('=').ok_or_else(|| wrong("expected KEY=VALUE"))?;
    let value = format!("value = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().filter(|part| !part.is_empty()).ok_or_else(|| wrong("the key is empty"))?;
    let mut at = table;
    for part in parts {
        at = at
            .entry(part)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .ok_or_else(|| wrong("the key goes through a value that is no table"))?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

/// `512MB`, `2GB` or plain bytes.
pub fn bytes_of(text: &str) -> std::result::Result<u64, String> {
    let upper = text.trim().to_uppercase();
    let (digits, unit) = match upper.strip_suffix("GB") {
        Some(digits) => (digits, 1 << 30),
        None => match upper.strip_suffix("MB") {
            Some(digits) => (digits, 1 << 20),
            None => (upper.as_str(), 1),
        },
    };
    digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("`{text}` is no size; expected a number with MB or GB, like 2GB"))
}
