//! What a facet is: the question of its file, and the answers to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;
use crate::basics::audience::Audience;

/// How the answer is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Customers of whom it is true, of those who count.
    Has,
    /// Share of an amount.
    Amount,
    /// Mean of a number.
    Mean,
    /// Events a customer, or a unit of exposure.
    Rate,
}

/// Where on a card a facet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    Buys,
    Who,
    Why,
    Voice,
    Reach,
    Journey,
    Content,
    Service,
    Loyalty,
    Offers,
}

impl Block {
    pub fn title(self) -> &'static str {
        match self {
            Self::Who => "Who they are",
            Self::Buys => "What and how they buy",
            Self::Why => "Why they buy",
            Self::Voice => "What they say",
            Self::Reach => "What reaches them",
            Self::Journey => "How far they came",
            Self::Content => "What they read and click",
            Self::Service => "What they need from service",
            Self::Loyalty => "What ties them",
            Self::Offers => "What they are offered",
        }
    }
}

/// Which days an answer is made of. Answers of a window are compared only where the exports hold all of it, then and now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The state on the day that the period ends.
    #[default]
    AsOf,
    Period,
    /// The 12 months before the period's end.
    Year,
}

/// Which way is good, for colours; a facet without one has no good side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    MoreIsBetter,
    LessIsBetter,
}

/// The table `[facet]` of a facet's front matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub title: String,
    pub block: Block,
    pub shape: Shape,
    /// The column whose values are the rows; without it the facet is one row.
    #[serde(default)]
    pub item: Option<String>,
    /// The column whose values are questions of their own, each with its own base.
    #[serde(default)]
    pub group: Option<String>,
    /// The boolean column that says who counts; without it every member does.
    #[serde(default)]
    pub base: Option<String>,
    #[serde(default)]
    pub window: Window,
    /// Whose mails may have a line of it.
    #[serde(default)]
    pub roles: Vec<Audience>,
    /// The canonical table that it needs: without rows there it is "not available".
    pub source: String,
    /// Age, gender, income and the like: it describes only, and a cell needs twenty customers.
    #[serde(default)]
    pub protected: bool,
    /// Whether segments are made of it: what stands out of it made the persona, and is no news for a mail.
    #[serde(default)]
    pub drives: bool,
    /// Whether it is compared with earlier reports. Not where it grows with the calendar.
    #[serde(default = "yes")]
    pub compared: bool,
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Of a mean or a rate: `money`, `share`, `days`, or the word that follows the number.
    #[serde(default)]
    pub unit: Option<String>,
    #[serde(default)]
    pub decimals: Option<u8>,
    /// What follows "18 % of these customers" in a sentence, with `{}` for the item, like `raised {} with support`; of an amount what follows
    /// "these customers", with `{share}`, like `spend {share} of their money on {}`.
    #[serde(default)]
    pub says: Option<String>,
}

fn yes() -> bool {
    true
}

/// Fewest customers of a cell about a protected trait.
pub const PROTECTED_MIN_CELL: u64 = 20;

impl Definition {
    pub fn min_cell(&self, min_cell: u64) -> u64 {
        if self.protected { min_cell.max(PROTECTED_MIN_CELL) } else { min_cell.max(1) }
    }
}

/// Why a facet has no answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotAvailable {
    /// The job's exports have no table for its source.
    NoSource,
    /// The source has no rows that answer it.
    NoRows,
    /// A revision in which the answers of a few differ: it would tell theirs.
    FewDiffer,
}

/// A facet of a report: its definition, everyone's answers, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Facet {
    /// Name of its file.
    pub name: String,
    pub about: String,
    #[serde(flatten)]
    pub definition: Definition,
    /// What the source is.
    pub source_about: String,
    /// Hash of the file: answers of another one are not compared.
    pub fingerprint: String,
    /// Why there are no answers; absent if there are.
    pub not_available: Option<NotAvailable>,
    /// Why nothing is compared with last period; absent if it is.
    pub not_compared: Option<String>,
    /// Items beyond those that fewest have, which are not told one by one.
    pub items_left_out: u64,
    /// Everyone active.
    pub everyone: Vec<Answer>,
}

/// One line of a facet about a group of customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Name of the facet.
    pub facet: String,
    pub group: Option<String>,
    pub item: Option<String>,
    /// Customers who count.
    pub of: u64,
    /// Those of whom it is true, or who have anything of it; absent of a mean, and where it would tell of the few who have not.
    pub customers: Option<u64>,
    /// The share, mean or rate.
    pub figure: f64,
    pub low_95: f64,
    pub high_95: f64,
    pub standard_error: f64,
    /// The same of everyone active who is not in the group; absent for everyone, or where it would tell of a few.
    pub others: Option<f64>,
    /// Whether it differs from the others by more than chance and by enough to matter.
    pub stands_out: bool,
    pub last: Option<Past>,
    pub year_ago: Option<Past>,
}

/// An answer of an earlier report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Past {
    pub period: Period,
    pub figure: f64,
    /// Whether the difference is more than chance, and enough to matter.
    pub is_changed: bool,
}

impl Answer {
    /// Whether it is about the same thing.
    pub fn is_same_question(&self, other: &Self) -> bool {
        (&self.facet, &self.group, &self.item) == (&other.facet, &other.group, &other.item)
    }

    /// The item as a reader sees it, after its group where it has one.
    pub fn label(&self) -> Option<String> {
        match (&self.group, &self.item) {
            (Some(group), Some(item)) => Some(format!("{group}: {item}")),
            (group, item) => group.clone().or_else(|| item.clone()),
        }
    }
}
