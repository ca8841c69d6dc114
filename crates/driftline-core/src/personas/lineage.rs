//! Lineage says what became of each persona: it survived, split, merged, emerged or faded, decided by shared customers.
//!
//! A market whose model is carried on has its lineage from the model ([`SegmentEvent`]). Where another model took its place, it is decided here.
//!
//! The rule is total: every last persona gets exactly one fate, every segment of this period exactly one origin. Overlaps count
//! only customers who are active in both periods, so that churn is never read as a persona dying. After MONIC (Spiliopoulou
//! et al., KDD 2006), with the share of the child added to the share of the parent, so that a large group cannot swallow a
//! small one unseen.

mod event;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::event::{Continuity, PersonaEvent, SegmentEvent, SegmentEventKind};

/// When a group counts as the same. All shares are of customers active in both periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Below this many members left, or this share of them, a persona faded because people left.
    pub left_members: u64,
    pub left_share: f64,
    /// A child of a split holds at least this share of the parent …
    pub split_retained: f64,
    /// … all children together at least this …
    pub split_total: f64,
    /// A parent of a merger gives at least this share of itself, and this share of the child.
    pub merge_retained: f64,
    pub merge_source: f64,
    /// The parents together make at least this share of the child.
    pub merge_total: f64,
    /// Survival needs more than this share of the parent and of the child.
    pub survive: f64,
    /// From this Jaccard overlap on a survival is strong, below it the persona changed.
    pub strong_jaccard: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            left_members: 10,
            left_share: 0.2,
            split_retained: 0.25,
            split_total: 0.5,
            merge_retained: 0.5,
            merge_source: 0.2,
            merge_total: 0.7,
            survive: 0.5,
            strong_jaccard: 0.75,
        }
    }
}

/// Members of a group, by the group's place in the caller's list.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlaps {
    /// Active members of each persona of last period.
    pub parents: Vec<u64>,
    /// Active members of each segment of this period.
    pub children: Vec<u64>,
    /// `shared[parent][child]`: customers active in both periods who went this way.
    pub shared: Vec<Vec<u64>>,
}

/// Where a segment of this period comes from. Indices are into the parents.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    Survived { parent: usize, jaccard: f64, strong: bool, mostly_new_people: bool },
    SplitFrom { parent: usize, keeps_key: bool },
    Merged { parents: Vec<usize>, keeps_key_of: Option<usize> },
    Emerged { of_new_people: bool },
}

/// What became of a persona of last period. Indices are into the children.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    Survived { child: usize },
    Split { children: Vec<usize> },
    Merged { child: usize },
    PeopleLeft,
    PeopleDispersed,
}

/// Decides every origin and every fate; the first rule that fits counts.
pub fn trace(overlaps: &Overlaps, t: &Thresholds) -> (Vec<Origin>, Vec<Fate>) {
    let (parents, children) = (overlaps.parents.len(), overlaps.children.len());
    let kept_of_parent: Vec<u64> = (0..parents).map(|i| overlaps.shared[i].iter().sum()).collect();
    let kept_of_child: Vec<u64> = (0..children).map(|j| (0..parents).map(|i| overlaps.shared[i][j]).sum()).collect();
    let retained = |i: usize, j: usize| share(overlaps.shared[i][j], kept_of_parent[i]);
    let source = |i: usize, j: usize| share(overlaps.shared[i][j], kept_of_child[j]);
    let mostly_new = |j: usize| share(kept_of_child[j], overlaps.children[j]) < 0.5;

    let floor = |i: usize| (t.left_members as f64).max(t.left_share * overlaps.parents[i] as f64);
    let have_left = |i: usize| (kept_of_parent[i] as f64) < floor(i);
    let mut fates: Vec<Option<Fate>> = (0..parents).map(|i| have_left(i).then_some(Fate::PeopleLeft)).collect();
    let mut origins: Vec<Option<Origin>> = vec![None; children];
    for (i, fate) in fates.iter_mut().enumerate() {
        if fate.is_some() {
            continue;
        }
        let parts: Vec<usize> =
            (0..children).filter(|j| retained(i, *j) >= t.split_retained && source(i, *j) > 0.5).collect();
        if parts.len() < 2 || parts.iter().map(|j| retained(i, *j)).sum::<f64>() < t.split_total {
            continue;
        }
        // Ties go to the lower number, so the answer never depends on the order of rows.
        let largest = parts.iter().copied().reduce(|a, b| if retained(i, b) > retained(i, a) { b } else { a });
        for j in &parts {
            let keeps_key = Some(*j) == largest && retained(i, *j) >= 0.5;
            origins[*j] = Some(Origin::SplitFrom { parent: i, keeps_key });
        }
        *fate = Some(Fate::Split { children: parts });
    }
    for (j, origin) in origins.iter_mut().enumerate() {
        if origin.is_some() {
            continue;
        }
        let from: Vec<usize> = (0..parents)
            .filter(|i| fates[*i].is_none() && retained(*i, j) >= t.merge_retained && source(*i, j) >= t.merge_source)
            .collect();
        if from.len() < 2 || from.iter().map(|i| source(*i, j)).sum::<f64>() < t.merge_total {
            continue;
        }
        let keeps_key_of = from.iter().copied().find(|i| source(*i, j) > 0.5);
        for i in &from {
            fates[*i] = Some(Fate::Merged { child: j });
        }
        *origin = Some(Origin::Merged { parents: from, keeps_key_of });
    }
    for i in 0..parents {
        for j in 0..children {
            if fates[i].is_none() && origins[j].is_none() && retained(i, j) > t.survive && source(i, j) > t.survive {
                let union = kept_of_parent[i] + kept_of_child[j] - overlaps.shared[i][j];
                let jaccard = share(overlaps.shared[i][j], union);
                let strong = jaccard >= t.strong_jaccard;
                origins[j] = Some(Origin::Survived { parent: i, jaccard, strong, mostly_new_people: mostly_new(j) });
                fates[i] = Some(Fate::Survived { child: j });
            }
        }
    }
    let origins = origins
        .into_iter()
        .enumerate()
        .map(|(j, origin)| origin.unwrap_or(Origin::Emerged { of_new_people: mostly_new(j) }))
        .collect();
    (origins, fates.into_iter().map(|fate| fate.unwrap_or(Fate::PeopleDispersed)).collect())
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests;
