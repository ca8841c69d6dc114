//! A bridge's bars by persona: where the new ones are, whom the lost ones left.
//!
//! Parts are of last period's personas, by last period's model, like the bars. Only amounts are shown, and only of at least
//! `min_cell` customers together; smaller parts are pooled, so that every bar still adds up.

use std::collections::BTreeMap;

use crate::Minor;
use crate::drift::accounts::{Ranks, cause_of};
use crate::drift::bridge::{Bridge, Cause, Drill, DrillPart};
use crate::personas::{OTHER_LABEL, PersonaSet};
use crate::tables::profile::{Flow, OTHER_SEGMENT};

/// Breaks the bars of a value bridge down; bars that are of few customers, or in a pool, stay whole.
pub fn drill(bridge: &Bridge, flows: &[Flow], ranks: &Ranks, previous: &PersonaSet, min_cell: u64) -> Vec<Drill> {
    bridge
        .bars
        .iter()
        .filter_map(|bar| {
            let parts = parts(bar.cause, flows, ranks, previous, min_cell)?;
            Some(Drill { cause: bar.cause, label: bar.label.clone(), parts })
        })
        .collect()
}

fn parts(cause: Cause, flows: &[Flow], ranks: &Ranks, previous: &PersonaSet, min_cell: u64) -> Option<Vec<DrillPart>> {
    let segment_of: fn(&Flow) -> u32 = match cause {
        Cause::New | Cause::Returning => |flow| flow.to_segment,
        Cause::MovedUp | Cause::Within | Cause::MovedDown | Cause::Lost => |flow| flow.from_segment,
        _ => return None,
    };
    let mut sums: BTreeMap<u32, (u64, Minor)> = BTreeMap::new();
    for flow in flows.iter().filter(|flow| cause_of(flow, ranks) == cause) {
        let sum = sums.entry(segment_of(flow)).or_default();
        sum.0 += flow.customers;
        sum.1 += flow.value_to - flow.value_from;
    }
    let mut cells: Vec<(u64, u32, Minor)> =
        sums.into_iter().map(|(segment, (customers, amount))| (customers, segment, amount)).collect();
    cells.sort();
    let mut pooled = (0, Minor::ZERO);
    let mut found = Vec::new();
    for (customers, segment, amount) in cells {
        let persona = previous.personas.iter().find(|persona| persona.segment == segment);
        let other = (segment == OTHER_SEGMENT).then_some(OTHER_LABEL);
        let label = persona.map(|persona| persona.label.as_str()).or(other);
        match label.filter(|_| customers >= min_cell && (pooled.0 == 0 || pooled.0 >= min_cell)) {
            Some(label) => found.push(DrillPart { label: label.to_owned(), amount }),
            None => pooled = (pooled.0 + customers, pooled.1 + amount),
        }
    }
    if pooled.0 > 0 {
        found.push(DrillPart { label: "Other (small groups)".to_owned(), amount: pooled.1 });
    }
    let is_safe = pooled.0 == 0 || pooled.0 >= min_cell;
    found.sort_by(|a, b| b.amount.0.abs().cmp(&a.amount.0.abs()).then(a.label.cmp(&b.label)));
    (is_safe && found.len() > 1).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::accounts::of_value;
    use crate::drift::accounts::tests::worked_example;
    use crate::drift::gate::tests::persona;

    #[test]
    fn parts_add_up_and_small_ones_are_pooled() {
        let (flows, ranks) = worked_example();
        let personas = (1..=3).map(|segment| persona(segment, 100, 0.3, Minor::ZERO)).collect();
        let previous = PersonaSet { personas, ..PersonaSet::of_nobody() };
        let Ok(bridge) = of_value(&flows, &ranks) else { unreachable!("the worked example closes") };
        let found = drill(&bridge, &flows, &ranks, &previous, 10);
        for drill in &found {
            let bar = bridge.bars.iter().find(|bar| bar.cause == drill.cause).map(|bar| bar.amount);
            assert_eq!(Some(drill.parts.iter().map(|part| part.amount).sum()), bar, "{drill:?}");
        }
        // Four of persona 1 left, too few to be shown: they are pooled with the next smallest.
        let lost = found.iter().find(|drill| drill.cause == Cause::Lost);
        let labels: Vec<&str> = lost.into_iter().flat_map(|d| &d.parts).map(|part| part.label.as_str()).collect();
        assert_eq!(labels, ["Other (small groups)", "P3"]);
        assert!(found.iter().any(|drill| drill.cause == Cause::Within && drill.parts.len() == 3));
    }
}
