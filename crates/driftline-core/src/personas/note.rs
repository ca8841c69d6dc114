//! What people know about a persona that no source says: notes in the project, one file a persona key, carried by lineage.
//!
//! A persona that survives keeps its notes. One that split off or merged inherits those of the personas it came from, marked
//! for review; a faded persona's file stays in the project and is shown nowhere. A note may state what it takes for granted,
//! and is flagged when the data say otherwise.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::feedback::Topic;

/// A note as it is written in its file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenNote {
    pub topic: Topic,
    pub text: String,
    pub author: String,
    pub written_on: NaiveDate,
    /// What it rests on: interviews, a survey, a workshop.
    pub evidence: String,
    pub review_by: NaiveDate,
    /// What the note takes for granted about a habit of the card.
    pub holds_while: Option<Expectation>,
}

/// The mean of a facet inside a range.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Name of the facet, like `mean_order`.
    pub column: String,
    pub at_least: Option<f64>,
    pub at_most: Option<f64>,
}

/// Notes by persona key.
pub type Notes = BTreeMap<String, Vec<WrittenNote>>;

/// A note on a card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    pub topic: Topic,
    pub label: String,
    pub text: String,
    pub author: String,
    pub written_on: NaiveDate,
    pub evidence: String,
    /// Why somebody should look at it again; empty if nobody needs to.
    pub review: Vec<String>,
}
