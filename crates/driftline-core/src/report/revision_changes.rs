//! What a revision changed, as its report says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kpi::Unit;

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
    pub(super) fn moves_totals(self) -> bool {
        matches!(self, Self::Exports | Self::Job | Self::Models | Self::Program)
    }

    pub(super) fn moves_forecasts(self) -> bool {
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
