//! What people know about a persona that no source says: notes in the project, one file a persona key, carried by lineage.
//!
//! A persona that survives keeps its notes. One that split off or merged inherits those of the personas it came from, marked
//! for review; a faded persona's file stays in the project and is shown nowhere. A note may state what it takes for granted,
//! and is flagged when the data say otherwise.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Persona, PersonaSet};
use crate::tree::FamilyTree;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Goals,
    Motivations,
    Frustrations,
    Objections,
    Quotes,
}

impl Topic {
    /// A topic by the word for it in files and tables.
    pub fn named(word: &str) -> Option<Self> {
        let all = [Self::Goals, Self::Motivations, Self::Frustrations, Self::Objections, Self::Quotes];
        all.into_iter().find(|topic| topic.label().to_lowercase() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Goals => "Goals",
            Self::Motivations => "Motivations",
            Self::Frustrations => "Frustrations",
            Self::Objections => "Objections",
            Self::Quotes => "Quotes",
        }
    }
}

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

/// Puts notes on the cards and takes away the gaps that they fill.
pub fn attach(set: &mut PersonaSet, tree: &FamilyTree, notes: &Notes, as_of: NaiveDate) {
    for persona in &mut set.personas {
        let mut found: Vec<Note> = Vec::new();
        for written in notes.get(&persona.key).into_iter().flatten() {
            found.push(note(written, persona, None, as_of));
        }
        for (key, label) in ancestors(&persona.key, tree) {
            for written in notes.get(&key).into_iter().flatten() {
                found.push(note(written, persona, Some(&label), as_of));
            }
        }
        found.sort_by(|a, b| (a.topic, &a.written_on, &a.text).cmp(&(b.topic, &b.written_on, &b.text)));
        let filled: BTreeSet<&str> = found.iter().map(|note| note.topic.label()).collect();
        persona.evidence.retain(|gap| !filled.contains(gap.field.as_str()));
        persona.notes = found;
    }
}

/// Keys and labels of everyone that a persona came from, but itself.
fn ancestors(key: &str, tree: &FamilyTree) -> Vec<(String, String)> {
    let branch = |key: &str| tree.branches.iter().find(|branch| branch.key == key);
    let (mut seen, mut open) = (BTreeSet::from([key.to_owned()]), vec![key.to_owned()]);
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for parent in branch(&next).into_iter().flat_map(|branch| &branch.parents) {
            if seen.insert(parent.clone()) {
                let label = branch(parent).map_or_else(|| parent.clone(), |branch| branch.label.clone());
                found.push((parent.clone(), label));
                open.push(parent.clone());
            }
        }
    }
    found.sort();
    found
}

fn note(written: &WrittenNote, persona: &Persona, from: Option<&str>, as_of: NaiveDate) -> Note {
    let mut review = Vec::new();
    review.extend(from.map(|label| format!("inherited from {label}: does it still hold?")));
    if written.review_by < as_of {
        review.push(format!("due for review since {}", written.review_by));
    }
    if let Some(expected) = &written.holds_while {
        let answer = persona.facets.iter().find(|answer| answer.facet == expected.column && answer.item.is_none());
        review.extend(match answer {
            None => Some(format!("it rests on `{}`, which this market does not have", expected.column)),
            Some(answer) => {
                let is_low = expected.at_least.is_some_and(|least| answer.figure < least);
                let is_high = expected.at_most.is_some_and(|most| answer.figure > most);
                (is_low || is_high).then(|| {
                    format!("the data contradict it: `{}` is {:.2} on average now", expected.column, answer.figure)
                })
            }
        });
    }
    Note {
        topic: written.topic,
        label: written.topic.label().to_owned(),
        text: written.text.clone(),
        author: written.author.clone(),
        written_on: written.written_on,
        evidence: written.evidence.clone(),
        review,
    }
}

#[cfg(test)]
mod tests;
