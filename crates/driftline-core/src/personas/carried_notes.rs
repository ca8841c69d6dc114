//! Notes on the cards: a persona keeps its own and inherits those of whom it came from.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::note::{Note, Notes, WrittenNote};
use super::persona::{Persona, PersonaSet};
use super::tree::FamilyTree;

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
