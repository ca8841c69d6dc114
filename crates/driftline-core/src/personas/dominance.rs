//! What a few of many members spent: a sum of forty people is that of four if these four hold nearly all of it.
//!
//! A sum counts as that of as many people as would give the same concentration with equal parts: (Σx)² / Σx², the effective number
//! (Hill 1973, *Ecology* 54, p. 427, order 2; the inverse of Herfindahl's index). Four who hold 95 % are 4.4.

use super::{Other, Persona};
use crate::Minor;
use crate::tables::profile::{OTHER_SEGMENT, SegmentProfile};

/// By how many members the net revenue of a segment is held, in effect.
fn effective_number(profile: &SegmentProfile) -> f64 {
    let net = profile.net_period.0 as f64 / 100.0;
    if profile.net_period_squares > 0.0 { net * net / profile.net_period_squares } else { profile.customers as f64 }
}

/// Takes the net revenue off cards where it is that of fewer than half of `min_cell` people in effect; if that is one card, off another, the
/// one with the least, too: the market's total is known, and its money without a customer. Where that money `is_of_few` who objected to
/// profiling, it is hidden itself, and takes one card with it.
pub(super) fn hide(
    personas: &mut [Persona],
    other: &mut Option<Other>,
    segments: &[&SegmentProfile],
    profiles: &[SegmentProfile],
    (min_cell, is_of_few): (u64, bool),
) {
    let others = profiles.iter().find(|profile| profile.segment == OTHER_SEGMENT);
    let shown: Vec<&SegmentProfile> = segments.iter().copied().chain(others.filter(|_| other.is_some())).collect();
    let is_held_by_few = |profile: &&SegmentProfile| 2.0 * effective_number(profile) < min_cell as f64;
    let mut hidden: Vec<u32> = shown.iter().copied().filter(is_held_by_few).map(|profile| profile.segment).collect();
    if hidden.len() + usize::from(is_of_few) == 1 {
        let rest = shown.iter().filter(|profile| !hidden.contains(&profile.segment));
        hidden.extend(rest.min_by_key(|profile| (profile.net_period, profile.segment)).map(|least| least.segment));
    }
    let keeps = |segment: u32, net: Option<Minor>| net.filter(|_| !hidden.contains(&segment));
    for persona in personas {
        persona.net_revenue = keeps(persona.segment, persona.net_revenue);
    }
    if let Some(other) = other {
        other.net_revenue = keeps(OTHER_SEGMENT, other.net_revenue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::gate::tests::persona;

    /// A segment of members who spent so much each, in the currency's unit.
    fn segment(number: u32, spends: &[i64]) -> SegmentProfile {
        SegmentProfile {
            segment: number,
            customers: spends.len() as u64,
            net_period: Minor(spends.iter().sum::<i64>() * 100),
            net_period_squares: spends.iter().map(|spend| (spend * spend) as f64).sum(),
            ..SegmentProfile::default()
        }
    }

    #[test]
    fn the_money_of_four_is_not_shown_nor_can_it_be_worked_out() {
        let alike = |spend: i64| vec![spend; 40];
        let of_four = [vec![1_000; 4], vec![6; 36]].concat();
        type Case = (&'static str, [Vec<i64>; 3], bool, [bool; 3]);
        let cases: [Case; 6] = [
            ("all alike", [alike(20), alike(30), alike(40)], false, [true, true, true]),
            ("all alike, and one objector", [alike(20), alike(30), alike(40)], true, [false, true, true]),
            ("four hold 95 %, and one objector", [of_four.clone(), alike(30), alike(40)], true, [false, true, true]),
            (
                "four hold 95 %, and the least goes with them",
                [of_four.clone(), alike(30), alike(40)],
                false,
                [false, false, true],
            ),
            ("two such", [of_four.clone(), of_four, alike(40)], false, [false, false, true]),
            (
                "one spends ten times as much",
                [[vec![200], alike(20)].concat(), alike(30), alike(40)],
                false,
                [true, true, true],
            ),
        ];
        for (what, spends, is_of_few, expected) in cases {
            let profiles: Vec<SegmentProfile> = (1..).zip(&spends).map(|(number, own)| segment(number, own)).collect();
            let mut personas: Vec<Persona> =
                profiles.iter().map(|own| persona(own.segment, own.customers, 0.1, Minor(1))).collect();
            hide(&mut personas, &mut None, &profiles.iter().collect::<Vec<_>>(), &profiles, (10, is_of_few));
            let shown: Vec<bool> = personas.iter().map(|persona| persona.net_revenue.is_some()).collect();
            assert_eq!(shown, expected, "{what}");
        }
    }
}
