//! What is known of a revision beside the two reports, and what follows from it.

use crate::report::kpi::Unit;
use crate::report::revision_changes::{Part, PartChange, SourceChange};
use crate::tables::moved::Moved;

/// What is known beside the two reports.
#[derive(Clone, Debug, Default)]
pub struct RevisionEvidence {
    pub moved: Vec<Moved>,
    pub sources: Vec<SourceChange>,
    pub parts: Vec<PartChange>,
}

impl RevisionEvidence {
    /// Customers whose data changed.
    pub(super) fn touched(&self) -> u64 {
        self.moved.iter().map(|row| row.changed_customers).sum()
    }
}

pub(super) fn is_small(count: u64, min_cell: u64) -> bool {
    (1..min_cell).contains(&count)
}

/// Whether a reader sees a difference: shares are read in tenths of a percent.
pub(super) fn reads_otherwise(unit: Unit, before: Option<f64>, now: Option<f64>) -> bool {
    let read = |value: Option<f64>| match unit {
        Unit::Share => value.map(|value| (1000.0 * value).round()),
        Unit::Count | Unit::Money => value,
    };
    read(before) != read(now)
}

/// The parts that changed and that a figure can follow from. Several are not told apart: that would need the figures of each alone.
pub(super) fn cause(parts: &[PartChange], moves: fn(Part) -> bool) -> String {
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
