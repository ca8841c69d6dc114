//! Facets from counts to what is told, on made-up customers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use driftline_stats::random::SplitMix64;

use super::compare::{Earlier, Given, Told, tell};
use super::count::{Counted, Sums};
use super::*;
use crate::basics::audience::Audience;

pub(super) fn definition(shape: Shape) -> Definition {
    Definition {
        title: "Support topics".to_owned(),
        block: Block::Service,
        shape,
        item: Some("topic".to_owned()),
        group: None,
        base: None,
        window: Window::Year,
        roles: vec![Audience::Service],
        source: "stg_tickets".to_owned(),
        protected: false,
        drives: false,
        compared: true,
        direction: None,
        unit: None,
        decimals: None,
        says: None,
    }
}

pub(super) fn facet(name: &str, shape: Shape) -> Facet {
    Facet {
        name: name.to_owned(),
        about: "What customers raised.".to_owned(),
        definition: definition(shape),
        source_about: "Tickets.".to_owned(),
        fingerprint: "1".to_owned(),
        not_available: None,
        not_compared: None,
        items_left_out: 0,
        everyone: Vec::new(),
    }
}

/// Segments 1 to 4 of 500 each, of whom so many of each say yes to each item.
fn counted(items: &[[u64; 4]]) -> Counted {
    let mut counted = Counted::default();
    for (place, yes) in items.iter().enumerate() {
        let mut sums: BTreeMap<u32, Sums> =
            (1..).zip(yes).map(|(segment, yes)| (segment, Sums::of_people(*yes, 500))).collect();
        sums.insert(0, Sums::of_people(yes.iter().sum(), 2000));
        counted.sums.insert((None, Some(format!("{place:02}"))), sums);
    }
    counted
}

fn told(counted: Counted, last: Option<Earlier<'_>>) -> Told {
    let sizes = BTreeMap::from([(0, 2000), (1, 500), (2, 500), (3, 500), (4, 500)]);
    let keys: BTreeMap<u32, String> = (1..=4).map(|segment| (segment, format!("p{segment}"))).collect();
    let counted = vec![(facet("support_topics", Shape::Has), counted)];
    tell(Given { counted, sizes: &sizes, keys: &keys, min_cell: 10, last, year_ago: None, replaced: None })
}

#[test]
fn what_stands_out_is_told_and_noise_is_not() {
    let mut random = SplitMix64::new(7);
    let (mut traits, mut answers) = (0, 0);
    for _ in 0..200 {
        let draw = |random: &mut SplitMix64, share: f64| (0..500).filter(|_| random.next_f64() < share).count() as u64;
        let mut items: Vec<[u64; 4]> = (0..8).map(|_| std::array::from_fn(|_| draw(&mut random, 0.2))).collect();
        items.push([draw(&mut random, 0.4), draw(&mut random, 0.2), draw(&mut random, 0.2), draw(&mut random, 0.2)]);
        let found = told(counted(&items), None);
        let of = |segment: u32, item: &str| {
            found.personas[&segment].iter().find(|one| one.item.as_deref() == Some(item)).unwrap().clone()
        };
        let planted = of(1, "08");
        assert!(planted.stands_out && planted.low_95 > planted.others.unwrap(), "{planted:?}");
        let noise = (1..=4).flat_map(|segment| (0..8).map(move |item| (segment, format!("{item:02}"))));
        for (segment, item) in noise {
            answers += 1;
            traits += u32::from(of(segment, &item).stands_out);
        }
    }
    assert!(f64::from(traits) <= 0.01 * f64::from(answers), "{traits} of {answers}");
}

#[test]
fn a_change_is_told_by_the_same_definition_only() {
    let then = told(counted(&[[100, 100, 100, 100], [60, 60, 60, 60]]), None);
    let now = || counted(&[[160, 100, 100, 100], [60, 60, 60, 60]]);
    let personas: BTreeMap<String, Vec<Answer>> =
        then.personas.iter().map(|(segment, answers)| (format!("p{segment}"), answers.clone())).collect();
    let personas: BTreeMap<&str, &[Answer]> =
        personas.iter().map(|(key, answers)| (key.as_str(), answers.as_slice())).collect();
    let earlier = |facets| Earlier {
        period: "2017Q3".parse().unwrap(),
        facets,
        personas: &personas,
        is_year_full: true,
        is_period_full: true,
        is_same_personas: true,
    };
    let changed = |found: &Told| -> Vec<(u32, String)> {
        let all =
            found.personas.iter().flat_map(|(segment, answers)| answers.iter().map(move |answer| (*segment, answer)));
        let changed = all.filter(|(_, answer)| answer.last.as_ref().is_some_and(|last| last.is_changed));
        changed.map(|(segment, answer)| (segment, answer.item.clone().unwrap())).collect()
    };
    let found = told(now(), Some(earlier(&then.facets)));
    assert_eq!(changed(&found), [(1, "00".to_owned())]);
    assert!(found.personas[&2].iter().all(|answer| answer.last.is_some()));

    let other = vec![Facet { fingerprint: "2".to_owned(), ..then.facets[0].clone() }];
    let found = told(now(), Some(earlier(&other)));
    assert_eq!((changed(&found), found.facets[0].not_compared.as_deref()), (vec![], Some("its definition changed")));

    let found = told(now(), Some(Earlier { is_year_full: false, ..earlier(&then.facets) }));
    assert_eq!(changed(&found), []);
    let redrawn = told(now(), Some(Earlier { is_same_personas: false, ..earlier(&then.facets) }));
    assert!(redrawn.personas.values().flatten().all(|answer| answer.last.is_none()));
    assert!(redrawn.facets[0].everyone.iter().all(|answer| answer.last.is_some()));
}

#[test]
fn a_revision_that_differs_by_a_few_answers_does_not_tell_them() {
    let first = told(counted(&[[100, 100, 100, 100]]), None);
    let revised = |yes: [u64; 4], is_protected: bool| {
        let sizes = BTreeMap::from([(0, 2000), (1, 500), (2, 500), (3, 500), (4, 500)]);
        let keys: BTreeMap<u32, String> = (1..=4).map(|segment| (segment, format!("p{segment}"))).collect();
        let mut before = first.facets.clone();
        let mut now = facet("support_topics", Shape::Has);
        for one in before.iter_mut().chain([&mut now]) {
            one.definition.protected = is_protected;
        }
        if is_protected {
            before[0].everyone[0].customers = None;
        }
        let counted = vec![(now, counted(&[yes]))];
        let replaced = Some(before.as_slice());
        let found =
            tell(Given { counted, sizes: &sizes, keys: &keys, min_cell: 10, last: None, year_ago: None, replaced });
        found.facets[0].not_available
    };
    let cases = [
        ("nobody", [100, 100, 100, 100], false, None),
        ("one", [101, 100, 100, 100], false, Some(NotAvailable::FewDiffer)),
        ("twelve", [106, 106, 100, 100], false, None),
        ("one of a trait in whole percents", [101, 100, 100, 100], true, None),
    ];
    for (who, yes, is_protected, expected) in cases {
        assert_eq!(revised(yes, is_protected), expected, "{who}");
    }
}
