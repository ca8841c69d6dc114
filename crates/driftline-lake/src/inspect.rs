//! Looks at exports and staged rows for what is odd before anything is computed from them: what a finding is, and its words.
//!
//! A finding is told by the company's own files, columns and rows. Errors end the run unless the job accepts them by name; then,
//! as warnings, they stand in the owner's mail and on the page.

mod currency;
mod diagnose;
mod joins;
mod lines;
pub mod markets;
mod path;
mod repeats;
mod returns;
mod spelling;
mod staging;
mod steps;

use driftline_core::basics::locale::Locale;

pub use self::lines::Inspected;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lake::Lake;
use crate::model::Model;
use crate::source::{PinnedSource, Sources};

/// What may be odd, by the names under which a job accepts it (`exports.accept`).
pub const NAMES: [(&str, &str); 13] = [
    ("sale_signs", "sales with negative money"),
    ("return_signs", "returns with positive money"),
    ("repeated_between", "rows that are in two objects of a source"),
    ("repeated_within", "rows that are twice in one object"),
    ("multiplied_lines", "a join or union of the staging that makes several lines of one"),
    ("dropped_lines", "lines that the staging loses without a condition that says so"),
    ("two_markets", "order lines that are in two markets"),
    ("id_spellings", "ids that are written in two ways"),
    ("unread_returns", "returns that the staging does not read"),
    ("grain", "a staging model with two rows of what its grain says is one"),
    ("currencies", "a column of currencies that the staging does not read"),
    ("one_customer", "a customer with a large share of all orders"),
    ("empty_months", "months without rows between months with rows"),
];

/// Rows below which a page does not say how many, nor how much money they have.
const FEW: u64 = 10;

/// Where it was found, which says what is to be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Export,
    Staging,
}

/// One thing that is odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// One of [`NAMES`].
    pub name: &'static str,
    pub place: Place,
    pub is_error: bool,
    /// Which file, column, how many rows, what was expected: fit for a page, so without a row or a sum of fewer than ten.
    pub text: String,
    /// A row, for whoever mends it.
    pub example: String,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    /// The finding as the end of a run.
    pub fn into_error(self) -> Error {
        let example = if self.example.is_empty() { String::new() } else { format!(" ({})", self.example) };
        let problem =
            format!("{}{example}; {}, or accept it: exports.accept = [\"{}\"]", self.text, self.remedy, self.name);
        match self.place {
            Place::Export => Error::Exported { problem },
            Place::Staging => Error::Staged { problem },
        }
    }
}

impl Lake {
    /// What is odd about the objects of the exports and about the staging models; `currency` is the job's. The staging of order
    /// lines must be built.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn inspect(&self, sources: &Sources, pinned: &[PinnedSource], currency: &str) -> Result<Vec<Finding>> {
        let mut findings: Vec<Finding> = self.inspect_quantities_and_guests().await?.into_iter().collect();
        findings.extend(self.inspect_staging().await?);
        let lines = line_sources(self.graph(), sources, pinned);
        for source in &lines {
            findings.extend(self.inspect_currency(source, currency).await?);
            if source.distinct {
                findings.extend(self.inspect_distinct(source).await?);
            } else {
                let time = sources.by_name.get(&source.name).and_then(|source| source.time_column.as_deref());
                findings.extend(self.inspect_repeats(source, time).await?);
            }
        }
        let names: Vec<&str> = lines.iter().map(|source| source.name.as_str()).collect();
        findings.extend(self.inspect_steps(&names, pinned).await?);
        findings.extend(self.inspect_returns(&lines).await?);
        findings.extend(self.inspect_spellings().await?);
        Ok(findings)
    }
}

/// The sources that the staging of order lines reads and that have a time; all that it reads if none has.
fn line_sources<'a>(graph: &Graph, sources: &Sources, pinned: &'a [PinnedSource]) -> Vec<&'a PinnedSource> {
    let read: Vec<&String> = graph.ancestors(&["stg_order_lines"]).iter().flat_map(|model| &model.references).collect();
    let is_read = |source: &&PinnedSource| read.iter().any(|name| name.strip_prefix("source.") == Some(&source.name));
    let all: Vec<&PinnedSource> = pinned.iter().filter(is_read).filter(|source| !source.metas.is_empty()).collect();
    let is_timed = |source: &&PinnedSource| sources.by_name.get(&source.name).is_some_and(|s| s.time_column.is_some());
    let timed: Vec<&PinnedSource> = all.iter().copied().filter(is_timed).collect();
    if timed.is_empty() { all } else { timed }
}

/// The file of a model as its author calls it, whatever machine it lies on.
fn file_of(model: &Model) -> String {
    let parts: Vec<_> = model.path.iter().map(|part| part.to_string_lossy()).collect();
    let from = parts.iter().rposition(|part| part == "sql").unwrap_or(0);
    parts[from..].join("/")
}

/// A count for a reader.
fn count(number: u64) -> String {
    Locale::En.count(number)
}

/// `1 row`, `2 rows`.
fn rows(number: u64) -> String {
    format!("{} row{}", count(number), if number == 1 { "" } else { "s" })
}

/// Money of four decimals, without its currency.
fn money(ten_thousandths: i128) -> String {
    Locale::En.number(ten_thousandths as f64 / 10_000.0, 2)
}

/// Rows and their money, where these are not of a few people.
fn rows_with_money(number: u64, ten_thousandths: i128) -> String {
    if number < FEW {
        format!("fewer than {FEW} rows")
    } else {
        format!("{}, {} in all,", rows(number), money(ten_thousandths))
    }
}
