//! Which personas lead: a priority score from the job's weights, floors, and the rule for negative ones.

use std::collections::BTreeMap;

use super::{Context, Persona, Priority, PriorityScore, Role};
use crate::tables::profile::SegmentProfile;

fn weighted(parts: &PriorityScore, weights: &Priority) -> f64 {
    let pairs = [
        (Some(parts.value), weights.value),
        (parts.margin, weights.margin),
        (Some(parts.growth), weights.growth),
        (Some(parts.brand), weights.brand),
    ];
    let known = pairs.iter().filter_map(|(part, weight)| part.map(|part| (part, *weight)));
    let (sum, total) = known.fold((0.0, 0.0), |(sum, total), (part, weight)| (sum + part * weight, total + weight));
    if total > 0.0 { sum / total } else { 0.0 }
}

/// Place of each persona by a score, best first; ties go to the key.
fn ranks(personas: &[Persona], weights: &Priority) -> BTreeMap<String, usize> {
    let mut order: Vec<(&Persona, f64)> =
        personas.iter().map(|persona| (persona, weighted(&persona.priority, weights))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.key.cmp(&b.0.key)));
    order.iter().enumerate().map(|(place, (persona, _))| (persona.key.clone(), place + 1)).collect()
}

/// Scores and sorts personas, best first, and says why a rank is another one than last period.
fn rank(personas: &mut [Persona], context: &Context<'_>) {
    let now = ranks(personas, context.priority);
    let by_old_weights = context.previous.map(|set| ranks(personas, &set.priority));
    for persona in personas.iter_mut() {
        persona.priority.score = weighted(&persona.priority, context.priority);
        persona.priority.rank = now.get(&persona.key).copied().unwrap_or(0);
        let before = context
            .previous
            .and_then(|set| set.personas.iter().find(|old| old.key == persona.key))
            .map(|old| old.priority.rank);
        let old_weights = by_old_weights.as_ref().and_then(|ranks| ranks.get(&persona.key)).copied();
        persona.priority.rank_change = match (before, old_weights) {
            (Some(before), Some(old)) if before != persona.priority.rank => Some(
                match (old != before, old != persona.priority.rank) {
                    (true, true) => "data and weights",
                    (false, true) => "weights",
                    _ => "data",
                }
                .to_owned(),
            ),
            _ => None,
        };
    }
    personas.sort_by_key(|persona| persona.priority.rank);
}

pub(super) fn assign_roles(
    personas: &mut [Persona],
    segments: &[&SegmentProfile],
    everyone: &SegmentProfile,
    context: &Context<'_>,
) -> Option<String> {
    let largest = personas.iter().map(|persona| persona.priority.value).fold(0.0, f64::max);
    let highest = personas.iter().filter_map(|persona| persona.priority.margin).fold(0.0, f64::max);
    for persona in personas.iter_mut() {
        persona.priority.value = if largest > 0.0 { persona.priority.value / largest } else { 0.0 };
        persona.priority.margin =
            persona.priority.margin.map(|margin| if highest > 0.0 { margin / highest } else { 0.0 });
        let margin = context.margins.get(&persona.segment).copied();
        let own = segments.iter().find(|profile| profile.segment == persona.segment);
        let rates = [own.copied(), Some(everyone)]
            .map(|profile| profile.and_then(|profile| profile.return_rate).unwrap_or(0.0));
        if let Some(reason) = negative_reason(persona, (rates[0], rates[1]), margin) {
            persona.role = Role::Negative;
            persona.note = Some(format!(
                "{reason} Look for causes on both sides first: defects, descriptions, late delivery, prices."
            ));
        }
    }
    rank(personas, context);
    let mut primaries = 0;
    let mut covered = 0.0;
    // Who led keeps the lead unless another is clearly ahead: a report whose cast changes every quarter is not read.
    let led = |persona: &Persona| {
        let before = context.previous.and_then(|set| set.personas.iter().find(|old| old.key == persona.key));
        before.is_some_and(|old| old.role == Role::Primary)
    };
    let claim =
        |persona: &Persona| persona.priority.score + if led(persona) { context.floor.primary_margin } else { 0.0 };
    let mut order: Vec<usize> = (0..personas.len()).collect();
    order.sort_by(|a, b| claim(&personas[*b]).total_cmp(&claim(&personas[*a])).then(a.cmp(b)));
    for place in order {
        let persona = &mut personas[place];
        let stable = persona.stability.is_none_or(|jaccard| jaccard >= context.floor.stability_min);
        let wanted = primaries < context.floor.primary_min || covered < context.floor.coverage;
        if persona.role == Role::Secondary && stable && wanted && primaries < context.floor.primary_max {
            persona.role = Role::Primary;
            primaries += 1;
            covered += persona.value_share.unwrap_or(persona.share);
        }
    }
    (primaries < context.floor.primary_min).then(|| {
        format!(
            "{primaries} primary instead of {}: only so many segments have at least {} members, are stable and are not negative",
            context.floor.primary_min, context.floor.members_min
        )
    })
}

/// Why a persona costs more than others, if it does: by value, by margin where it is known, or by returns far above everyone's.
fn negative_reason(persona: &Persona, (own, base): (f64, f64), margin: Option<f64>) -> Option<&'static str> {
    if persona.value.is_some_and(|value| value.0 <= 0) {
        return Some("Expected to bring nothing or less.");
    }
    if margin.is_some_and(|share| share <= 0.0) {
        return Some("What it buys brings no margin.");
    }
    (own >= 0.3 && own >= 2.0 * base).then_some("Sends back a far larger share of what it buys than others.")
}

#[cfg(test)]
mod tests {
    use super::super::other::tests::profile;
    use super::super::{Floor, PersonaSet};
    use super::*;
    use crate::Minor;
    use crate::drift::gate::tests::persona;
    use std::collections::BTreeSet;

    use crate::personas::lineage::{Continuity, Thresholds};

    /// Assigns roles as a run does.
    fn assigned(
        personas: &mut [Persona],
        margins: &BTreeMap<u32, f64>,
        previous: Option<&PersonaSet>,
        weights: &Priority,
    ) {
        let (tilts, stability, typical) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (names, rules, own_named) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let context = Context {
            market: "gb",
            period: personas[0].since,
            revision: 1,
            previous,
            replaced: None,
            flows: &[],
            tilts: &tilts,
            stability: &stability,
            typical: &typical,
            names: &names,
            own_named: &own_named,
            rules: &rules,
            own_names: &[],
            continuity: Continuity::First,
            events: &[],
            thresholds: &Thresholds::default(),
            priority: weights,
            floor: Floor::default(),
            provisional: false,
            adopted: None,
            has_acquisition_costs: false,
            has_few_objectors: false,
            margins,
        };
        assign_roles(personas, &[], &profile(0, 300), &context);
    }

    /// Ranks of last period, the weights of then and of now, and why each persona's rank is another now.
    #[test]
    fn a_rank_changes_by_data_or_by_weights() {
        type Case<'a> = ([usize; 3], &'a Priority, &'a Priority, [Option<&'static str>; 3]);
        let weights = |value: f64, growth: f64| Priority { value, growth, margin: 0.0, ..Priority::default() };
        // By value the personas are in their order; by growth the second comes first.
        let parts = [(1.0, 0.5), (0.5, 1.0), (0.2, 0.2)];
        let (by_value, by_growth) = (weights(1.0, 0.0), weights(0.0, 1.0));
        let cases: [Case<'_>; 4] = [
            ([1, 2, 3], &by_value, &by_value, [None; 3]),
            ([1, 2, 3], &by_value, &by_growth, [Some("weights"), Some("weights"), None]),
            ([2, 1, 3], &by_value, &by_value, [Some("data"), Some("data"), None]),
            ([3, 1, 2], &by_value, &by_growth, [Some("data and weights"), None, Some("data")]),
        ];
        for (ranks, before, now, expected) in cases {
            let personas = |ranks: [usize; 3]| -> Vec<Persona> {
                let numbered = (1..).zip(parts).zip(ranks);
                numbered
                    .map(|((segment, (value, growth)), rank)| {
                        let mut persona = persona(segment, 100, 0.3, Minor(1000));
                        persona.priority = PriorityScore { value, growth, rank, ..persona.priority };
                        persona
                    })
                    .collect()
            };
            let previous =
                PersonaSet { personas: personas(ranks), priority: before.clone(), ..PersonaSet::of_nobody() };
            let mut found = personas([0; 3]);
            assigned(&mut found, &BTreeMap::new(), Some(&previous), now);
            found.sort_by_key(|persona| persona.segment);
            let reasons: Vec<Option<&str>> =
                found.iter().map(|persona| persona.priority.rank_change.as_deref()).collect();
            assert_eq!(reasons, expected, "ranks {ranks:?}, weights {before:?} and {now:?}");
        }
    }

    /// Margin shares of three personas of the same value; their part of the score, and who is negative.
    #[test]
    fn margins_are_part_of_the_score_where_they_are_known() {
        type Case = (&'static [(u32, f64)], [Option<f64>; 3], [Role; 3]);
        let (primary, negative) = (Role::Primary, Role::Negative);
        let cases: [Case; 4] = [
            (&[], [None; 3], [primary; 3]),
            (&[(1, 0.3), (2, 0.3), (3, 0.3)], [Some(1.0); 3], [primary; 3]),
            (&[(1, 0.1), (2, 0.4), (3, 0.2)], [Some(0.25), Some(1.0), Some(0.5)], [primary; 3]),
            (&[(1, 0.2), (2, -0.1), (3, 0.0)], [Some(1.0), Some(0.0), Some(0.0)], [primary, negative, negative]),
        ];
        for (shares, expected, roles) in cases {
            let margins: BTreeMap<u32, f64> = shares.iter().copied().collect();
            let mut personas: Vec<Persona> = (1..=3)
                .map(|segment| {
                    let mut persona = persona(segment, 100, 0.3, Minor(1000));
                    persona.role = Role::Secondary;
                    persona.priority.value = 0.3;
                    persona.priority.margin = margins.get(&segment).map(|share| share.max(0.0));
                    persona
                })
                .collect();
            assigned(&mut personas, &margins, None, &Priority::default());
            // Best first: the one with the highest margin leads.
            let highest = |persona: &&Persona| persona.priority.margin.is_none_or(|margin| margin == 1.0);
            assert!(personas.first().filter(highest).is_some(), "{shares:?}");
            personas.sort_by_key(|persona| persona.segment);
            assert_eq!(personas.iter().map(|persona| persona.priority.margin).collect::<Vec<_>>(), expected);
            assert_eq!(personas.iter().map(|persona| persona.role).collect::<Vec<_>>(), roles, "{shares:?}");
        }
    }
}
