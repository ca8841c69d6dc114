//! A job as meant: what to read, for whom, by which definitions. How its file is written is known here alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use driftline_core::basics::locale::Locale;
use driftline_core::basics::period::Calendar;
use driftline_core::drift::bridge::Measure;
use driftline_core::drift::materiality::Materiality;
use driftline_core::personas::lineage::Thresholds;
use driftline_core::personas::{Floor, Priority};
use driftline_core::schedule::Schedule;
use driftline_core::{Currency, Market};

use self::limits::Limits;
use self::mail::check_mail;
pub use self::mail::{Dkim, Mail, Recipient, Smtp, check_address};
use self::written::JobFile;
pub use self::written::{Exports, Privacy, Segments, SmallMarkets, Value, Warehouse};
use crate::error::{Error, Result};

mod calendar;
pub(crate) mod limits;
mod look_alike;
mod mail;
mod margin;
mod written;

/// A job as the run uses it. `jobs/README.md` lists every key with its default and unit.
#[derive(Clone, Debug)]
pub struct Job {
    pub name: String,
    pub path: PathBuf,
    /// The text that the content id covers: the file with overrides, without where to read and write.
    pub definition: String,
    pub title: String,
    pub currency: Currency,
    /// Language and numbers of all that is not one market's; of a market, see [`Job::locale`].
    pub locale: Locale,
    pub(crate) market_locales: BTreeMap<String, Locale>,
    /// Codes; empty means every market that the exports have.
    pub markets: Vec<Market>,
    market_names: BTreeMap<String, String>,
    /// How time is cut into periods.
    pub calendar: Calendar,
    pub active_days: u32,
    /// Horizon of the churn risk in days; default: the days of the next period.
    pub horizon_days: Option<u32>,
    time_zone: Tz,
    pub exports: Exports,
    pub warehouse: Warehouse,
    pub small_markets: SmallMarkets,
    pub value: Value,
    pub segments: Segments,
    pub personas: Floor,
    pub priority: Priority,
    pub lineage: Thresholds,
    pub materiality: Materiality,
    /// Which bridge the headline is about.
    pub headline_measure: Measure,
    pub privacy: Privacy,
    pub mail: Mail,
    pub limits: Limits,
    /// When it runs by itself; absent: only by hand.
    pub schedule: Option<Schedule>,
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
        Self::meant(path, file, definition(table)).map_err(wrong)
    }

    /// What a file means, or what in it means nothing.
    fn meant(path: &Path, file: JobFile, definition: String) -> std::result::Result<Self, String> {
        let zone = &file.exports.time_zone;
        let time_zone: Tz = zone.parse().map_err(|_| {
            format!("exports.time_zone = \"{zone}\" is no time zone; expected a name like Europe/Berlin")
        })?;
        limits::check_limits(&file)?;
        if file.value.model != "auto" && file.value.model.parse::<driftline_stats::purchase::Kind>().is_err() {
            return Err(format!("value.model = \"{}\"; expected auto, bgnbd, mbgnbd or paretonbd", file.value.model));
        }
        if let Some(start) = file.schedule.as_ref().and_then(|schedule| schedule.start) {
            file.period.check(start).map_err(|error| format!("schedule.start: {error}"))?;
        }
        check_mail(&file.mail).and(margin::check_margins(&file.value))?;
        Ok(Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            path: path.to_owned(),
            definition,
            title: file.title,
            currency: file.currency,
            locale: file.locale,
            market_locales: file.market_locales,
            markets: file.markets,
            market_names: file.market_names,
            calendar: file.period,
            active_days: file.active_days,
            horizon_days: file.horizon_days,
            time_zone,
            exports: file.exports,
            warehouse: file.warehouse,
            small_markets: file.small_markets,
            value: file.value,
            segments: file.segments,
            personas: file.personas,
            priority: file.priority,
            lineage: file.lineage,
            materiality: file.materiality,
            headline_measure: file.bridge.value,
            privacy: file.privacy,
            mail: file.mail,
            limits: Limits::meant(&file.limits)?,
            schedule: file.schedule,
        })
    }

    /// How many customers unlike any segment it takes to set them apart: never so few that they may not be shown.
    pub fn others_least(&self) -> u64 {
        self.segments.others_min.max(self.personas.min_cell)
    }

    /// The language and the numbers of a market's report.
    pub fn locale(&self, market: &Market) -> Locale {
        self.market_locales.get(market.as_str()).copied().unwrap_or(self.locale)
    }

    /// The market as the reader calls it.
    pub fn market_name(&self, market: &Market) -> String {
        self.market_names.get(market.as_str()).cloned().unwrap_or_else(|| market.as_str().to_uppercase())
    }
}

/// The text of what a job computes: where it reads and writes, how fast and to whom is no part of it.
fn definition(mut table: toml::Table) -> String {
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
    table.to_string()
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
