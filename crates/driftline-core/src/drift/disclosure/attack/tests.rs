//! Tables of random small markets are attacked as a reader with a computer would: nothing hidden may follow from what is told.

#![expect(clippy::unwrap_used, reason = "tests")]

use driftline_stats::random::SplitMix64;

use super::*;
use crate::Minor;
use crate::drift::accounts::of_value;
use crate::drift::disclosure::{is_publishable, pool_bridge};
use crate::drift::gate::tests::persona;
use crate::drift::migration::migration;
use crate::personas::other::tests::other;

const PERSONAS: u32 = 4;
const MIN_CELL: u64 = 10;

/// A market whose ways between personas are taken by nobody, by a handful or by many.
fn flows(random: &mut SplitMix64, count: u32) -> Vec<Flow> {
    let mut flows = Vec::new();
    for from in 0..=count {
        for to in 0..=count {
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

fn personas(flows: &[Flow], count: u32, segment_of: fn(&Flow) -> u32) -> PersonaSet {
    let of = |segment: u32| {
        let customers = flows.iter().filter(|flow| segment_of(flow) == segment).map(|flow| flow.customers).sum();
        persona(segment, customers, 0.25, Minor(100))
    };
    PersonaSet { personas: (1..=count).map(of).collect(), ..PersonaSet::of_nobody() }
}

/// The same flows and personas with the last persona's people unlike any.
fn with_others(mut flows: Vec<Flow>, last: u32) -> Vec<Flow> {
    for flow in &mut flows {
        let ends = [&mut flow.from_segment, &mut flow.to_segment, &mut flow.published_segment, &mut flow.now_segment];
        for segment in ends.into_iter().filter(|segment| **segment == last) {
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

/// Hidden cells of fewer than `MIN_CELL` people that published sums and counts above zero leave too narrow a range.
fn narrow(beside: &Beside<'_>, table: &Migration) -> usize {
    let places = Places::new(beside.previous, beside.current, beside.flows);
    let mut feasible = beside.feasible(table, &places).unwrap();
    cells(table)
        .filter(|(row, column)| {
            let group = beside.cell(&places, *row, *column);
            let count = beside.sum(&group);
            let (low, high) = feasible.range(&group).unwrap();
            assert!((low..=high).contains(&count), "{count} is not in {low} to {high}");
            let is_hidden = table.customers[*row][*column].is_none();
            is_hidden && (1..MIN_CELL).contains(&count) && !is_wide(low, high, MIN_CELL)
        })
        .count()
}

/// What the attacks found in the markets of some seeds, before and after.
#[derive(Debug, Default)]
struct Found {
    /// Cells that subtraction gives away where small ones are only hidden along rows and columns.
    subtracted: usize,
    /// Cells with too narrow a range once those are closed.
    narrow: usize,
    tables: usize,
    shown_cells: usize,
}

fn attacked(seeds: std::ops::Range<u64>, count: u32) -> Found {
    let mut found = Found::default();
    for seed in seeds {
        let flows = flows(&mut SplitMix64::new(seed), count);
        let flows = if seed % 3 == 0 { with_others(flows, count) } else { flows };
        let set = |segment_of: fn(&Flow) -> u32| with_other(personas(&flows, count, segment_of), &flows, segment_of);
        let (previous, current) = (set(|flow| flow.published_segment), set(|flow| flow.now_segment));
        let ranks = Ranks((1..=count).map(|segment| (segment, segment as usize)).collect());
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
        found.subtracted += leaks(&beside, &table);
        if let Some(table) = beside.unsubtractable(table.clone(), &current) {
            found.narrow += narrow(&beside, &table);
        }
        if let Some(table) = beside.secured(table, &current) {
            assert_eq!((leaks(&beside, &table), narrow(&beside, &table)), (0, 0), "seed {seed}");
            found.shown_cells += table.customers.iter().flatten().flatten().filter(|count| **count > 0).count();
            found.tables += 1;
        }
    }
    found
}

#[test]
fn nothing_hidden_follows_from_what_is_told() {
    let found = attacked(0..300, PERSONAS);
    // The attacks are some: tables that only hide along rows and columns do leak, and those that only resist subtraction leave
    // narrow ranges. And what is left is worth showing.
    assert!(found.subtracted > 0 && found.narrow > 0, "an attack found nothing to close: {found:?}");
    assert!(found.tables > 200 && found.shown_cells > 3 * found.tables, "{found:?}");
}

#[test]
fn a_table_of_twelve_personas_is_secured() {
    let found = attacked(0..2, 12);
    assert!(found.tables == 2 && found.shown_cells > 20, "{found:?}");
}

#[test]
fn sums_are_subtracted() {
    let mut known = PublishedSums::nothing(4);
    known.tell([0, 1, 2, 3]);
    known.tell([0, 1]);
    assert!(known.gives_away([2, 3]) && !known.gives_away([2]));
    known.tell([1, 2]);
    assert!(!known.gives_away([1]));
    known.tell([0, 2]);
    // Three sums of pairs give each of the three, and the total the fourth.
    assert!((0..4).all(|atom| known.gives_away([atom])));
}
