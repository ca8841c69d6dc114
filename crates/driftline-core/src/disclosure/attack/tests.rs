//! Tables of random small markets are attacked as a reader with a computer would: nothing hidden may follow from what is told.

use driftline_stats::random::SplitMix64;

use super::*;
use crate::Minor;
use crate::bridge::of_value;
use crate::change::tests::persona;
use crate::disclosure::{is_publishable, pool_bridge};
use crate::persona::other::tests::other;
use crate::report::migration;

const PERSONAS: u32 = 4;
const MIN_CELL: u64 = 10;

/// A market whose ways between personas are taken by nobody, by a handful or by many.
fn flows(random: &mut SplitMix64) -> Vec<Flow> {
    let mut flows = Vec::new();
    for from in 0..=PERSONAS {
        for to in 0..=PERSONAS {
            let kinds: &[FlowKind] = match (from, to) {
                (0, 0) => &[],
                (0, _) => &[FlowKind::New, FlowKind::Returning],
                (_, 0) => &[FlowKind::Lost],
                _ => &[FlowKind::Stayed],
            };
            for kind in kinds {
                let customers = match random.below(4) {
                    0 => 0,
                    1 => 1 + random.below(9) as u64,
                    2 => 10 + random.below(20) as u64,
                    _ => 100 + random.below(400) as u64,
                };
                if customers > 0 {
                    flows.push(Flow {
                        kind: *kind,
                        from_segment: from,
                        to_segment: to,
                        published_segment: from,
                        now_segment: to,
                        customers,
                        value_from: Minor(if from > 0 { 100 * customers as i64 } else { 0 }),
                        value_published: Minor(if from > 0 { 100 * customers as i64 } else { 0 }),
                        value_to: Minor(if to > 0 { 120 * customers as i64 } else { 0 }),
                        value_now: Minor(if to > 0 { 120 * customers as i64 } else { 0 }),
                        ..Flow::default()
                    });
                }
            }
        }
    }
    flows
}

fn personas(flows: &[Flow], segment_of: fn(&Flow) -> u32) -> PersonaSet {
    let of = |segment: u32| {
        let customers = flows.iter().filter(|flow| segment_of(flow) == segment).map(|flow| flow.customers).sum();
        persona(segment, customers, 0.25, Minor(100))
    };
    PersonaSet { personas: (1..=PERSONAS).map(of).collect(), ..PersonaSet::of_nobody() }
}

/// The same flows and personas with the last persona's people unlike any.
fn with_others(mut flows: Vec<Flow>) -> Vec<Flow> {
    for flow in &mut flows {
        let ends = [&mut flow.from_segment, &mut flow.to_segment, &mut flow.published_segment, &mut flow.now_segment];
        for segment in ends.into_iter().filter(|segment| **segment == PERSONAS) {
            *segment = OTHER_SEGMENT;
        }
    }
    flows
}

fn with_other(mut set: PersonaSet, flows: &[Flow], segment_of: fn(&Flow) -> u32) -> PersonaSet {
    set.personas.retain(|persona| persona.customers > 0);
    let customers = flows.iter().filter(|flow| segment_of(flow) == OTHER_SEGMENT).map(|flow| flow.customers).sum();
    set.other = (customers >= MIN_CELL).then(|| other(customers));
    set
}

/// Hidden cells of fewer than `MIN_CELL` people that a reader can work out.
fn leaks(beside: &Beside<'_>, table: &Migration) -> usize {
    let places = Places::new(beside.previous, beside.current, beside.flows);
    let mut known = beside.known();
    let cells =
        || (0..table.customers.len()).flat_map(|row| (0..table.customers[row].len()).map(move |column| (row, column)));
    for (row, column) in cells().filter(|(row, column)| table.customers[*row][*column].is_some()) {
        known.tell(beside.cell(&places, row, column));
    }
    cells()
        .filter(|(row, column)| {
            let group = beside.cell(&places, *row, *column);
            let count: u64 = group.iter().map(|atom| beside.flows[*atom].customers).sum();
            table.customers[*row][*column].is_none() && (1..MIN_CELL).contains(&count) && known.gives_away(group)
        })
        .count()
}

#[test]
fn nothing_hidden_follows_from_what_is_told() {
    let (mut open, mut shown_cells, mut tables) = (0, 0, 0);
    for seed in 0..300 {
        let mut random = SplitMix64::new(seed);
        let flows = flows(&mut random);
        let flows = if seed % 3 == 0 { with_others(flows) } else { flows };
        let set = |segment_of: fn(&Flow) -> u32| with_other(personas(&flows, segment_of), &flows, segment_of);
        let (previous, current) = (set(|flow| flow.published_segment), set(|flow| flow.now_segment));
        let ranks = Ranks((1..=PERSONAS).map(|segment| (segment, segment as usize)).collect());
        let bridges: Vec<Bridge> = of_value(&flows, &ranks)
            .map(|bridge| pool_bridge(&bridge, MIN_CELL))
            .into_iter()
            .filter(|bridge| is_publishable(bridge, MIN_CELL))
            .collect();
        let beside = Beside {
            flows: &flows,
            ranks: &ranks,
            bridges: &bridges,
            previous: &previous,
            current: &current,
            min_cell: MIN_CELL,
        };
        let table = migration(&previous, &current, &flows, MIN_CELL);
        open += leaks(&beside, &table);
        if let Some(table) = beside.secured(table, &current) {
            assert_eq!(leaks(&beside, &table), 0, "seed {seed}");
            shown_cells += table.customers.iter().flatten().flatten().filter(|count| **count > 0).count();
            tables += 1;
        }
    }
    // The attack is one: tables that only hide along rows and columns do leak. And what is left is worth showing.
    assert!(open > 0, "the attack found nothing to close");
    assert!(tables > 200 && shown_cells > 3 * tables, "{shown_cells} cells in {tables} tables");
}

#[test]
fn sums_are_subtracted() {
    let mut known = Known::nothing(4);
    known.tell([0, 1, 2, 3]);
    known.tell([0, 1]);
    assert!(known.gives_away([2, 3]) && !known.gives_away([2]));
    known.tell([1, 2]);
    assert!(!known.gives_away([1]));
    known.tell([0, 2]);
    // Three sums of pairs give each of the three, and the total the fourth.
    assert!((0..4).all(|atom| known.gives_away([atom])));
}
