#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use super::*;
use crate::company::markets;
use chrono::NaiveDate;

use crate::habits::{Kind, MERGED, SPLIT_OFF};

fn settings(customers: u64) -> Settings {
    Settings { seed: 1, customers, first: "2024Q1".parse().unwrap(), quarters: 8 }
}

#[test]
fn a_customer_does_not_depend_on_the_others() {
    let (few, many) = (settings(1_000), settings(100_000));
    let of = |settings: &Settings| person(settings, &markets(settings).unwrap()[0], 77);
    assert_eq!(of(&few), of(&many));
    assert_ne!(of(&few), of(&Settings { seed: 2, ..few }));
}

/// Halves of a split have two names and merged kinds one, each from its quarter on; nobody has a group before they have joined.
#[test]
fn groups_are_whom_customers_act_like() {
    let settings = settings(4_000);
    let all = markets(&settings).unwrap();
    let people: Vec<Person> = (0..2_000).map(|number| person(&settings, &all[0], number)).collect();
    let mut kinds_of: BTreeMap<(u32, &str), std::collections::BTreeSet<(Kind, bool)>> = BTreeMap::new();
    for person in &people {
        for quarter in 0..8 {
            let Some(group) = person.group(&settings, quarter) else { continue };
            let is_second = person.kind == Kind::Gifters && person.is_second_half;
            kinds_of.entry((quarter, group)).or_default().insert((person.kind, is_second));
        }
        let there = (0..8).filter(|quarter| person.group(&settings, *quarter).is_some()).count();
        let quarters_left =
            (0..8).filter(|quarter| settings.quarter(*quarter).next().start() > person.joined_on).count();
        assert_eq!(there, quarters_left, "{}", person.id);
    }
    let is = |quarter: u32, group: &str, kinds: &[(Kind, bool)], is_there: bool| {
        let found: Vec<(Kind, bool)> = kinds_of.get(&(quarter, group)).into_iter().flatten().copied().collect();
        assert_eq!(found, if is_there { kinds } else { &[] }, "{group} in quarter {quarter}");
    };
    let halves = [(Kind::Gifters, false), (Kind::Gifters, true)];
    let kinds = [(Kind::Students, false), (Kind::Starters, false)];
    for quarter in 0..8 {
        let (is_split, is_merged) = (quarter >= PLANTED.split, quarter >= PLANTED.merge);
        is(quarter, "gifters", if is_split { &halves[..1] } else { &halves }, true);
        is(quarter, SPLIT_OFF, &halves[1..], is_split);
        is(quarter, MERGED, &kinds, is_merged);
        is(quarter, "students", &kinds[..1], !is_merged);
        is(quarter, "starters", &kinds[1..], !is_merged);
        is(quarter, "premium", &[(Kind::Premium, false)], quarter >= PLANTED.born);
        is(quarter, "regulars", &[(Kind::Regulars, false)], true);
    }
}

#[test]
fn what_is_planted_is_there() {
    let settings = settings(4_000);
    let all = markets(&settings).unwrap();
    assert_eq!(all.iter().map(|market| market.customers).collect::<Vec<_>>(), [2_000, 1_200, 800, 180]);
    let people: Vec<Person> = (0..2_000).map(|number| person(&settings, &all[0], number)).collect();
    let end = |quarter: u32| settings.quarter(quarter).start();
    // Orders a customer and quarter by kind.
    let mut orders: BTreeMap<(Kind, u32), f64> = BTreeMap::new();
    let mut spend: BTreeMap<(Kind, u32), (f64, f64)> = BTreeMap::new();
    for person in &people {
        for quarter in 0..8 {
            let within = |line: &&Line| !line.is_return && line.day >= end(quarter) && line.day < end(quarter + 1);
            let count: std::collections::BTreeSet<&str> =
                person.lines.iter().filter(within).map(|line| line.order.as_str()).collect();
            *orders.entry((person.kind, quarter)).or_default() += count.len() as f64;
            for line in person.lines.iter().filter(within) {
                let (sum, n) = spend.entry((person.kind, quarter)).or_default();
                *sum += line.price as f64;
                *n += 1.0;
            }
        }
    }
    let mean = |kind, quarter| spend.get(&(kind, quarter)).map_or(0.0, |(sum, n)| sum / n.max(1.0));
    assert_eq!(orders.get(&(Kind::Premium, PLANTED.born - 1)).copied().unwrap_or(0.0), 0.0);
    assert!(orders[&(Kind::Premium, 7)] > 200.0, "born");
    assert!(orders[&(Kind::Faders, 7)] < 0.1 * orders[&(Kind::Faders, 1)], "fading");
    let rate = mean(Kind::BargainHunters, 7) / mean(Kind::BargainHunters, 3);
    assert!((rate / (PLANTED.price_factor * PLANTED.rate_factor) - 1.0).abs() < 0.08, "rate and price: {rate}");
    let price = mean(Kind::Regulars, 7) / mean(Kind::Regulars, 2);
    assert!((price / PLANTED.price_factor - 1.0).abs() < 0.04, "price: {price}");
    let late = people.iter().flat_map(|person| &person.lines).filter(|line| line.is_late);
    assert!(late.clone().count() > 100 && late.clone().all(|line| line.day >= end(5) && line.day < end(6)));
    let families = |from: NaiveDate, to: NaiveDate| {
        let joined = || people.iter().filter(|person| person.joined_on >= from && person.joined_on < to);
        joined().filter(|person| person.kind == Kind::Families).count() as f64 / joined().count() as f64
    };
    assert!(families(end(4), end(8)) > families(end(0), end(1)) + 0.08, "mix shift");
    assert!(people.iter().any(|person| person.email != format!("{}@example.com", person.id.replace('-', ""))));
}
