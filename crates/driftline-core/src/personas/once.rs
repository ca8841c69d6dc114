//! *Bought once, this period*: a flag on people of whom too little is known, with its counts on every card and in every sum.

use super::{Other, Persona};
use crate::tables::profile::{OTHER_SEGMENT, SegmentProfile};
use crate::tables::small_cells::hide_table;

/// Puts the counts on the cards and on those in no persona, and gives everyone's; a count is left out where it, or the rest of the
/// group, could be worked out to be of too few people.
pub(super) fn count(
    personas: &mut [Persona],
    segments: &[&SegmentProfile],
    other: &mut Option<Other>,
    (profiles, everyone): (&[SegmentProfile], &SegmentProfile),
    min_cell: u64,
) -> Option<u64> {
    let line =
        |profile: &SegmentProfile| vec![profile.bought_once, profile.customers.saturating_sub(profile.bought_once)];
    let mut counts: Vec<Vec<u64>> = segments.iter().map(|profile| line(profile)).collect();
    let others = profiles.iter().find(|profile| profile.segment == OTHER_SEGMENT);
    counts.extend(others.map(line));
    // Who is in neither (segments too small for a persona): the total would give them away.
    let sum = |place: usize| counts.iter().map(|line| line[place]).sum::<u64>();
    let all = line(everyone);
    let rest = vec![all[0].saturating_sub(sum(0)), all[1].saturating_sub(sum(1))];
    counts.push(rest);
    let shown = hide_table(&counts, min_cell);
    for (persona, line) in personas.iter_mut().zip(&shown) {
        persona.bought_once = line[0].filter(|_| line[1].is_some());
    }
    if let (Some(other), Some(line)) = (other.as_mut(), shown.get(segments.len())) {
        other.bought_once = line[0].filter(|_| line[1].is_some());
    }
    let is_safe = |count: u64| crate::tables::small_cells::is_safe(count, min_cell);
    (is_safe(all[0]) && is_safe(all[1])).then_some(all[0])
}
