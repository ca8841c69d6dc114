//! What a revision changed of the one before it, and why: inputs, definitions, and figures old and new.
//!
//! Both revisions stay published. This section puts no difference of fewer than `min_cell` customers into words: such a figure is
//! withheld, with a second one where the first could be worked out from the others.

mod people;
mod sentences;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::people::is_same;
use crate::report::{Kpi, Report, Unit};
use crate::sentence::Words;

/// The section of a revision's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RevisionChanges {
    /// The revision that this one replaces.
    pub from_revision: u32,
    /// Why, in the words of who asked for it.
    pub reason: Option<String>,
    /// Sources whose objects are not those that were read then.
    pub sources: Vec<SourceChange>,
    /// What else the figures and words follow from, where it is not what it was.
    pub parts: Vec<PartChange>,
    /// Figures of the headline strip that are not what they were.
    pub figures: Vec<FigureChange>,
    /// Figures of personas that are not what they were; a persona is the same if most of its people are.
    pub personas: Vec<FigureChange>,
    /// Personas of either revision that none of the other stands for.
    pub unmatched: Vec<String>,
    /// How many figures are left out because fewer than `min_cell` customers changed.
    pub withheld: u64,
    /// What a mail says, at most three lines.
    pub sentences: Vec<String>,
}

/// A source of the exports then and now. Objects are counted, not named: their names and versions stay in the publications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceChange {
    pub source: String,
    /// Objects of the same name in another version.
    pub changed: u64,
    pub appeared: u64,
    pub vanished: u64,
    pub rows_before: u64,
    pub rows_now: u64,
}

/// One thing that a report follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Exports,
    Job,
    Models,
    Program,
    /// The period that it is compared with, in the revision that counted.
    ComparedWith,
    Templates,
    Notes,
}

impl Part {
    /// What a reader calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Exports => "the exports",
            Self::Job => "the job's settings",
            Self::Models => "the SQL models",
            Self::Program => "the program",
            Self::ComparedWith => "what it is compared with",
            Self::Templates => "the templates",
            Self::Notes => "the notes on personas",
        }
    }

    /// Whether totals of the period can follow from it; the forecasts and personas can also follow from last period's report.
    fn moves_totals(self) -> bool {
        matches!(self, Self::Exports | Self::Job | Self::Models | Self::Program)
    }

    fn moves_forecasts(self) -> bool {
        self.moves_totals() || self == Self::ComparedWith
    }
}

/// A part that is not what it was: its hash or version then and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartChange {
    pub part: Part,
    /// What a reader calls it.
    pub label: String,
    /// `None`: the revision before did not record it.
    pub before: Option<String>,
    pub now: String,
}

/// A figure then and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureChange {
    /// Key of the figure, or of the persona.
    pub key: String,
    /// Name of the persona; empty for figures of the market.
    pub subject: String,
    pub label: String,
    pub unit: Unit,
    pub before: Option<f64>,
    pub now: Option<f64>,
    /// What it follows from that changed.
    pub cause: String,
}

/// Customers by segment in both revisions; segment 0 is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub old_segment: u32,
    pub new_segment: u32,
    pub customers: u64,
    /// Those whose purchases or money changed.
    pub changed_customers: u64,
}

/// What is known beside the two reports.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub moved: Vec<Moved>,
    pub sources: Vec<SourceChange>,
    pub parts: Vec<PartChange>,
}

impl Evidence {
    /// Customers whose data changed.
    fn touched(&self) -> u64 {
        self.moved.iter().map(|row| row.changed_customers).sum()
    }
}

/// Compares a revision with the one before it.
pub fn compare(old: &Report, new: &Report, evidence: Evidence) -> RevisionChanges {
    let min_cell = new.method.min_cell.max(old.method.min_cell);
    let (figures, hidden_figures) = figures(&old.kpis, &new.kpis, &evidence, min_cell);
    let (before, now) = (&old.personas.personas, &new.personas.personas);
    let (personas, unmatched, hidden_personas) = people::personas(before, now, &evidence, min_cell);
    // Of fewer than `min_cell` customers not even the rows are told.
    let is_visible = !old.kpis.is_empty() && !new.kpis.is_empty();
    let mut changes = RevisionChanges {
        from_revision: old.revision,
        reason: new.revision_reason.clone(),
        sources: if is_visible { evidence.sources } else { Vec::new() },
        parts: evidence.parts,
        figures,
        personas,
        unmatched,
        withheld: hidden_figures + hidden_personas,
        sentences: Vec::new(),
    };
    let words = Words { locale: new.locale, currency: new.currency.clone() };
    changes.sentences = sentences::sentences(&changes, &words, min_cell, now.len());
    changes
}

fn is_small(count: u64, min_cell: u64) -> bool {
    (1..min_cell).contains(&count)
}

/// Figures of the strip that changed, and how many are withheld: all of them if fewer than `min_cell` customers' data changed, and
/// a count of customers that differs by fewer.
fn figures(old: &[Kpi], new: &[Kpi], evidence: &Evidence, min_cell: u64) -> (Vec<FigureChange>, u64) {
    let touched = evidence.touched();
    let before = |key: &str| old.iter().find(|kpi| kpi.key == key).and_then(|kpi| kpi.now);
    let mut shown = Vec::new();
    let mut withheld = 0;
    for kpi in new.iter().filter(|kpi| reads_otherwise(kpi.unit, before(&kpi.key), kpi.now)) {
        let before = before(&kpi.key);
        let difference = (kpi.now.unwrap_or(0.0) - before.unwrap_or(0.0)).abs().round() as u64;
        if is_small(touched, min_cell) || (kpi.key == "active_customers" && is_small(difference, min_cell)) {
            withheld += 1;
        } else {
            shown.push(of_market(kpi, before, evidence));
        }
    }
    (shown, withheld)
}

/// Whether a reader sees a difference: shares are read in tenths of a percent.
fn reads_otherwise(unit: Unit, before: Option<f64>, now: Option<f64>) -> bool {
    let read = |value: Option<f64>| match unit {
        Unit::Share => value.map(|value| (1000.0 * value).round()),
        Unit::Count | Unit::Money => value,
    };
    read(before) != read(now)
}

fn of_market(kpi: &Kpi, before: Option<f64>, evidence: &Evidence) -> FigureChange {
    let is_total = matches!(kpi.key.as_str(), "active_customers" | "net_revenue" | "orders");
    let moves = if is_total { Part::moves_totals } else { Part::moves_forecasts };
    FigureChange {
        key: kpi.key.clone(),
        subject: String::new(),
        label: kpi.label.clone(),
        unit: kpi.unit,
        before,
        now: kpi.now,
        cause: cause(&evidence.parts, moves),
    }
}

/// The parts that changed and that a figure can follow from. Several are not told apart: that would need the figures of each alone.
fn cause(parts: &[PartChange], moves: fn(Part) -> bool) -> String {
    let changed: Vec<String> = parts
        .iter()
        .filter(|change| moves(change.part))
        .map(|change| match change.before {
            Some(_) => change.part.label().to_owned(),
            None => format!("{} (not recorded then)", change.part.label()),
        })
        .collect();
    match changed.as_slice() {
        [] => "not known: nothing that is recorded changed".to_owned(),
        [one] => one.clone(),
        several => format!("{}; not told apart", several.join(", ")),
    }
}
