//! Who went from which persona to which: the migration table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::personas::{OTHER_LABEL, PersonaSet};
use crate::tables::profile::{Flow, FlowKind, NO_SEGMENT, OTHER_SEGMENT};
use crate::tables::small_cells::hide_table;

/// Customers by persona last period (rows) and this one (columns); the last row and column are "not active".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Migration {
    pub from: Vec<String>,
    pub to: Vec<String>,
    /// `None`: fewer than `min_cell`, or hidden so that another cannot be worked out.
    pub customers: Vec<Vec<Option<u64>>>,
}

/// Builds the migration table from flows, with small cells hidden along rows and columns.
pub fn migration(previous: &PersonaSet, current: &PersonaSet, flows: &[Flow], min_cell: u64) -> Migration {
    let rows = groups(previous, flows.iter().map(|flow| flow.from_segment));
    let columns = groups(current, flows.iter().map(|flow| flow.to_segment));
    let place = |list: &[(u32, String)], segment: u32, active: bool| {
        let found = if active { place_of(list.iter().map(|(number, _)| *number), segment) } else { None };
        found.unwrap_or(list.len())
    };
    let mut counts = vec![vec![0u64; columns.len() + 1]; rows.len() + 1];
    for flow in flows.iter().filter(|flow| flow.kind != FlowKind::Outside) {
        let was = matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost);
        let is = flow.kind != FlowKind::Lost;
        counts[place(&rows, flow.from_segment, was)][place(&columns, flow.to_segment, is)] += flow.customers;
    }
    let names = |list: Vec<(u32, String)>, last: &str| {
        list.into_iter().map(|(_, label)| label).chain([last.to_owned()]).collect::<Vec<_>>()
    };
    Migration {
        from: names(rows, "Not active before"),
        to: names(columns, "Not active now"),
        customers: hide_table(&counts, min_cell),
    }
}

/// Where a segment stands among groups: a segment that no persona was made of (it was too small when its model was last used)
/// stands with the customers in none, for its people are active.
pub(crate) fn place_of(groups: impl Iterator<Item = u32> + Clone, segment: u32) -> Option<usize> {
    let at = |wanted: u32| groups.clone().position(|number| number == wanted);
    at(segment).or_else(|| at(OTHER_SEGMENT))
}

/// The personas of one side of a migration table, and the customers in none of them if a flow has some.
pub(crate) fn groups(set: &PersonaSet, segments: impl IntoIterator<Item = u32>) -> Vec<(u32, String)> {
    let mut groups: Vec<(u32, String)> =
        set.personas.iter().map(|persona| (persona.segment, persona.label.clone())).collect();
    let is_persona = |segment: u32| set.personas.iter().any(|persona| persona.segment == segment);
    if segments.into_iter().any(|segment| segment != NO_SEGMENT && !is_persona(segment)) {
        groups.push((OTHER_SEGMENT, OTHER_LABEL.to_owned()));
    }
    groups
}
