//! The models of one dialect, ordered so that each comes after what it reads.

mod places;
mod reading;
mod targets;

use std::collections::{BTreeMap, BTreeSet};

pub use self::reading::dialects;
use crate::model::Model;

/// All models that a job with this dialect can use, by name, and the audits.
#[derive(Clone, Debug)]
pub struct Graph {
    pub models: BTreeMap<String, Model>,
    pub audits: Vec<Model>,
    /// Canonical tables that the dialect does not provide: empty, and "not available" in the output.
    pub absent: BTreeSet<String>,
    /// Models in an order in which each comes after what it reads.
    pub order: Vec<String>,
}

impl Graph {
    /// The facets, by name.
    pub fn facets(&self) -> impl Iterator<Item = &Model> {
        self.models.values().filter(|model| model.front.facet.is_some())
    }

    /// The sources that a model is made of.
    pub fn sources_of(&self, model: &str) -> BTreeSet<String> {
        let references = self.ancestors(&[model]).into_iter().flat_map(|model| &model.references);
        references.filter_map(|reference| reference.strip_prefix("source.").map(str::to_owned)).collect()
    }

    /// The models that `targets` need, themselves included, in order.
    pub fn ancestors(&self, targets: &[&str]) -> Vec<&Model> {
        let mut needed: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = targets.to_vec();
        while let Some(name) = open.pop() {
            if let Some(model) = self.models.get(name)
                && needed.insert(&model.name)
            {
                open.extend(model.references.iter().map(String::as_str));
            }
        }
        self.order
            .iter()
            .filter(|name| needed.contains(name.as_str()))
            .filter_map(|name| self.models.get(name))
            .collect()
    }
}

/// The known name with the smallest edit distance.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    known.min_by_key(|candidate| edit_distance(name, candidate)).cloned().unwrap_or_default()
}

pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(ca != *cb)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}
