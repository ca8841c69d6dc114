//! The family tree of a market: every persona there was, quarter by quarter, with where it came from and how it ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::personas::{PersonaSet, Role};
use crate::{Minor, Period};

/// Every persona of a market over its published periods, in the order of their first appearance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyTree {
    /// Oldest first.
    pub periods: Vec<Period>,
    pub branches: Vec<Branch>,
}

/// One persona's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Branch {
    pub key: String,
    /// As it was last called.
    pub label: String,
    /// Keys of the personas that it came from.
    pub parents: Vec<String>,
    /// One for each period of the tree.
    pub seen: Vec<Option<Seen>>,
    /// What happened to it, but for survivals: born, split, merged, ended.
    pub events: Vec<Event>,
}

/// A persona in one period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    pub share: f64,
    pub value: Option<Minor>,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    pub period: Period,
    pub sentence: String,
}

/// Grows a tree of persona sets, oldest first.
pub fn grow<'a>(sets: impl IntoIterator<Item = (Period, &'a PersonaSet)>) -> FamilyTree {
    let mut tree = FamilyTree::default();
    for (period, set) in sets {
        let place = tree.periods.len();
        tree.periods.push(period);
        for branch in &mut tree.branches {
            branch.seen.push(None);
        }
        for persona in &set.personas {
            let seen = Some(Seen { share: persona.share, value: persona.value, role: persona.role });
            let known = tree.branches.iter_mut().find(|branch| branch.key == persona.key);
            let is_plain = persona.lineage.starts_with("survived");
            let event = Event { period, sentence: persona.lineage.clone() };
            match known {
                Some(branch) => {
                    branch.label.clone_from(&persona.label);
                    branch.seen[place] = seen;
                    branch.events.extend((!is_plain).then_some(event));
                }
                None => {
                    let mut all = vec![None; place];
                    all.push(seen);
                    tree.branches.push(Branch {
                        key: persona.key.clone(),
                        label: persona.label.clone(),
                        parents: persona.parents.clone(),
                        seen: all,
                        events: vec![event],
                    });
                }
            }
        }
        for ended in &set.ended {
            if let Some(branch) = tree.branches.iter_mut().find(|branch| branch.key == ended.key) {
                branch.events.push(Event { period, sentence: ended.sentence.clone() });
            }
        }
    }
    tree
}
