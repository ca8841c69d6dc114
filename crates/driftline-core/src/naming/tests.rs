use driftline_stats::random::SplitMix64;

use super::own::{Named, OwnName};
use super::words::{key, label};
use super::*;
use crate::rule::{Operand, Rule};
use crate::sentence::Locale;

const COLUMNS: [&str; 5] = ["purchases_a_month", "mean_order", "lines_per_order", "return_rate", "discount_share"];

fn words(currency: &str) -> Words {
    Words { locale: Locale::En, currency: currency.parse().unwrap_or_else(|_| unreachable!()) }
}

fn column(operand: Operand) -> HabitColumn {
    let words = HabitWords::usual(&operand).unwrap_or_else(|| unreachable!("{operand}"));
    HabitColumn { operand, words, is_in_use: true }
}

fn columns(categories: &[&str], channels: &[&str]) -> Vec<HabitColumn> {
    let item = |habit: &str, item: &&str| Operand::Share { habit: habit.to_owned(), item: (*item).to_owned() };
    let plain = COLUMNS.iter().map(|name| Operand::Column((*name).to_owned()));
    let categories = categories.iter().map(|name| item("category", name));
    plain.chain(categories).chain(channels.iter().map(|name| item("channel", name))).map(column).collect()
}

/// How the customers of a segment buy: medians, and shares of categories and of the first of two channels.
struct Kind {
    segment: u32,
    customers: usize,
    /// Of [`COLUMNS`].
    medians: [f64; 5],
    categories: &'static [f64],
    first_channel: f64,
}

const fn kind(
    segment: u32,
    customers: usize,
    medians: [f64; 5],
    categories: &'static [f64],
    first_channel: f64,
) -> Kind {
    Kind { segment, customers, medians, categories, first_channel }
}

/// Customers around the medians of their kind: counts and amounts vary by a factor, shares by a draw of their weights.
fn simulate(kinds: &[Kind], seed: u64) -> (Points, Vec<u32>) {
    let mut random = SplitMix64::new(seed);
    let (mut values, mut segments, mut dimensions) = (Vec::new(), Vec::new(), 0);
    for kind in kinds {
        for _ in 0..kind.customers {
            let before = values.len();
            for (index, median) in kind.medians.iter().enumerate() {
                let factor = (0.35 * random.next_normal()).exp();
                let value = median * factor;
                values.push(if index < 3 { value } else { value.min(1.0) });
            }
            let draws: Vec<f64> =
                kind.categories.iter().map(|weight| random.next_gamma(12.0 * weight + 0.05)).collect();
            let sum: f64 = draws.iter().sum();
            values.extend(draws.iter().map(|draw| draw / sum));
            let (one, two) = (
                random.next_gamma(6.0 * kind.first_channel + 0.05),
                random.next_gamma(6.05 - 6.0 * kind.first_channel),
            );
            values.extend([one / (one + two), two / (one + two)]);
            segments.push(kind.segment);
            dimensions = values.len() - before;
        }
    }
    (Points { dimensions, values }, segments)
}

const GROCER: [Kind; 7] = [
    kind(1, 900, [6.5, 18.0, 4.0, 0.004, 0.06], &[0.62, 0.1, 0.08, 0.1, 0.1], 0.9),
    kind(2, 1200, [3.2, 62.0, 15.0, 0.01, 0.1], &[0.12, 0.3, 0.24, 0.18, 0.16], 0.8),
    kind(3, 700, [1.5, 38.0, 9.0, 0.012, 0.27], &[0.1, 0.2, 0.2, 0.25, 0.25], 0.7),
    kind(4, 800, [1.1, 110.0, 24.0, 0.02, 0.12], &[0.08, 0.2, 0.2, 0.2, 0.32], 0.1),
    kind(5, 1100, [0.45, 24.0, 5.0, 0.015, 0.08], &[0.2, 0.2, 0.2, 0.2, 0.2], 0.8),
    kind(6, 600, [0.4, 26.0, 3.0, 0.015, 0.08], &[0.06, 0.06, 0.06, 0.76, 0.06], 0.85),
    kind(99, 40, [0.3, 900.0, 90.0, 0.1, 0.1], &[0.2, 0.2, 0.2, 0.2, 0.2], 0.5),
];
const AISLES: [&str; 5] = ["BAKERY", "PRODUCE", "MEAT", "DRUG GM", "GROCERY"];

const GIFT_SHOP: [Kind; 5] = [
    kind(1, 300, [1.3, 620.0, 38.0, 0.03, 0.0], &[0.3, 0.3, 0.2, 0.2], 0.5),
    kind(2, 900, [0.28, 310.0, 17.0, 0.02, 0.0], &[0.25, 0.25, 0.25, 0.25], 0.5),
    kind(3, 700, [0.3, 290.0, 26.0, 0.02, 0.0], &[0.05, 0.75, 0.1, 0.1], 0.5),
    kind(4, 500, [0.25, 95.0, 5.0, 0.02, 0.0], &[0.25, 0.25, 0.25, 0.25], 0.5),
    kind(5, 200, [0.45, 330.0, 18.0, 0.34, 0.0], &[0.25, 0.25, 0.25, 0.25], 0.5),
];
const GIFTS: [&str; 4] = ["Bags", "Christmas", "Kitchen", "Cards & wrap"];

fn names_of(
    columns: &[HabitColumn],
    rows: &Points,
    segments: &[u32],
    kept: &BTreeMap<u32, Name>,
    words: &Words,
) -> BTreeMap<u32, Name> {
    let taken = BTreeSet::new();
    names(&Naming { columns, rows, segments, kept, taken: &taken, words, min_cell: 10 })
}

/// What names must be whatever the customers: true of three in five members, more often than of everyone, and unlike each other.
fn check(found: &BTreeMap<u32, Name>, columns: &[HabitColumn], rows: &Points, segments: &[u32], what: &str) {
    let mut keys = BTreeSet::new();
    for (segment, name) in found {
        assert!(!name.label.is_empty() && keys.insert(key(&name.label)), "{what}: {} is not unlike others", name.label);
        assert!(name.claims.len() <= 3, "{what}: {}", name.label);
        let mut used = BTreeSet::new();
        for claim in &name.claims {
            assert!(used.insert(&claim.condition.operand), "{what}: {} says two things of a column", name.label);
            let column = columns.iter().position(|column| column.operand == claim.condition.operand);
            let value = |row: usize| rows.row(row)[column.unwrap_or_else(|| unreachable!("{}", claim.condition))];
            let share = |of: &dyn Fn(u32) -> bool| {
                let all: Vec<usize> = (0..segments.len()).filter(|row| of(segments[*row])).collect();
                let matching = all.iter().filter(|row| claim.condition.is_true_of(value(**row))).count();
                matching as f64 / all.len() as f64
            };
            let (members, everyone) = (share(&|of| of == *segment), share(&|_| true));
            assert!(members >= 0.6 && members > everyone, "{what}: {} of {members}, {everyone}", claim.text);
            assert!(claim.members.is_none_or(|shown| shown == members), "{what}: {}", claim.text);
            assert!(claim.everyone.is_none_or(|shown| shown == everyone), "{what}: {}", claim.text);
        }
    }
}

fn labels(names: &BTreeMap<u32, Name>) -> Vec<&str> {
    names.values().map(|name| name.label.as_str()).collect()
}

#[test]
fn a_grocer_and_a_gift_shop_have_names_that_are_true() {
    let grocer = [
        "Buyers spending 35 % or more on bakery",
        "Fortnightly buyers of 8 or more lines an order",
        "Buyers with 15 % or more off",
        "Mostly online buyers",
        "Buyers less often than once a month, spending under $50 an order",
        "Mostly drug gm buyers",
    ];
    let gift_shop = [
        "Monthly buyers",
        "Buyers of fewer than 25 lines an order, spending £150 or more",
        "Mostly Christmas buyers",
        "Buyers of fewer than 10 lines an order",
        "Buyers returning 10 % or more by value",
    ];
    for (kinds, items, currency, expected) in
        [(&GROCER[..], &AISLES[..], "USD", &grocer[..]), (&GIFT_SHOP, &GIFTS, "GBP", &gift_shop)]
    {
        let (rows, segments) = simulate(kinds, 3);
        let columns = columns(items, &["store", "online"]);
        let found = names_of(&columns, &rows, &segments, &BTreeMap::new(), &words(currency));
        check(&found, &columns, &rows, &segments, currency);
        assert_eq!(labels(&found), expected);
        // The order of rows says nothing.
        let backwards: Vec<usize> = (0..segments.len()).rev().collect();
        let turned: Vec<u32> = segments.iter().rev().copied().collect();
        assert_eq!(names_of(&columns, &rows.take(&backwards), &turned, &BTreeMap::new(), &words(currency)), found);
        // Names that are kept are the same, with the same shares.
        assert_eq!(names_of(&columns, &rows, &segments, &found, &words(currency)), found);
    }
}

#[test]
fn whatever_the_customers_names_are_true_and_unlike_each_other() {
    let columns = columns(&AISLES, &["store", "online"]);
    for seed in 0..60 {
        let mut random = SplitMix64::new(seed);
        let count = 1 + random.below(12);
        let kinds: Vec<Kind> = (1..=count)
            .map(|segment| {
                // Some are alike in all but one habit, some in everything.
                let mut medians = [1.0, 40.0, 8.0, 0.05, 0.1];
                let habit = random.below(7);
                if habit < 5 {
                    medians[habit] *= [0.25, 0.4, 0.6, 1.0, 1.6, 2.5, 4.0][random.below(7)];
                }
                let categories: &[f64] = if habit == 5 { &[0.6, 0.1, 0.1, 0.1, 0.1] } else { &[0.2; 5] };
                kind(segment as u32, 5 + random.below(150), medians, categories, 0.5)
            })
            .collect();
        let (rows, segments) = simulate(&kinds, seed);
        let found = names_of(&columns, &rows, &segments, &BTreeMap::new(), &words("EUR"));
        assert_eq!(found.len(), count);
        check(&found, &columns, &rows, &segments, &format!("seed {seed}"));
    }
}

#[test]
fn who_has_nothing_of_their_own_is_mixed_once() {
    let alike = |segment| kind(segment, 300, [1.0, 40.0, 8.0, 0.01, 0.1], &[0.25; 4], 0.5);
    let columns = columns(&GIFTS, &["store", "online"]);
    for (kinds, expected_mixed, expected) in [
        (vec![alike(1)], 0, Some(ALL)),
        (vec![alike(1), alike(99)], 0, Some(MOST)),
        (vec![alike(1), alike(2)], 1, None),
        (vec![alike(1), alike(2), alike(3), alike(4)], 1, None),
        // Nobody active has no name.
        (vec![alike(0), alike(99)], 0, None),
    ] {
        let (rows, segments) = simulate(&kinds, 9);
        let found = names_of(&columns, &rows, &segments, &BTreeMap::new(), &words("GBP"));
        check(&found, &columns, &rows, &segments, "alike");
        assert_eq!(labels(&found).iter().filter(|label| **label == MIXED).count(), expected_mixed, "{found:?}");
        if let Some(expected) = expected {
            assert_eq!(labels(&found), [expected]);
        }
        assert_eq!(found.is_empty(), segments.iter().all(|segment| [0, 99].contains(segment)));
    }
    // Exactly alike: no claim is more often true of one than of everyone.
    let rows = Points { dimensions: 1, values: vec![40.0; 80] };
    let segments: Vec<u32> = (0..80).map(|row| 1 + row % 4).collect();
    let found = names_of(&columns[1..2], &rows, &segments, &BTreeMap::new(), &words("GBP"));
    assert_eq!(labels(&found), [MIXED, OTHER_MIXED, "Mixed buyers II", "Mixed buyers III"]);
}

/// Members of segment 1 of whom, of ten, `own` spend 50 an order, and of segment 2 `others`; the rest spend 10.
fn spenders(own: usize, others: usize) -> (Points, Vec<u32>) {
    let spend = |high: usize| (0..100).map(move |row| if row % 10 < high { 50.0 } else { 10.0 });
    (Points { dimensions: 1, values: spend(own).chain(spend(others)).collect() }, [vec![1; 100], vec![2; 100]].concat())
}

fn last_name(label: &str, conditions: &[&str]) -> Name {
    let claim = |condition: &&str| Claim {
        condition: condition.parse().unwrap_or_else(|error| unreachable!("{error}")),
        text: "as it was said".to_owned(),
        members: Some(0.9),
        everyone: Some(0.1),
    };
    Name { label: label.to_owned(), claims: conditions.iter().map(claim).collect() }
}

#[test]
fn a_name_is_kept_while_it_is_true() {
    let columns = columns(&[], &[]);
    let spending = &columns[1..2];
    let fresh = "Buyers spending £50 or more an order";
    for (own, others, last, expected) in [
        (9, 1, last_name("Big spenders", &["mean_order >= 45"]), "Big spenders"),
        (6, 1, last_name("Big spenders", &["mean_order >= 45"]), "Big spenders"),
        // Of fewer than three in five; not more often than of everyone; two claims of which one is not true.
        (5, 1, last_name("Big spenders", &["mean_order >= 45"]), MIXED),
        (7, 7, last_name("Big spenders", &["mean_order >= 45"]), MIXED),
        (9, 1, last_name("Big spenders", &["mean_order >= 45", "mean_order >= 60"]), fresh),
        // A column that is not there any more.
        (9, 1, last_name("Weekly buyers", &["purchases_a_month >= 4.3482"]), fresh),
        // A company's own name stays, a stopgap does not.
        (7, 7, last_name("Gold members", &[]), "Gold members"),
        (9, 1, last_name(MIXED, &[]), fresh),
        (9, 1, last_name(ALL, &[]), fresh),
    ] {
        let (rows, segments) = spenders(own, others);
        let kept = BTreeMap::from([(1, last.clone())]);
        let found = names_of(spending, &rows, &segments, &kept, &words("GBP"));
        assert_eq!(found[&1].label, expected, "{own} {others} {last:?}");
        if found[&1].label == "Big spenders" {
            let of = |share: usize| share as f64 / 10.0;
            let claim = &found[&1].claims[0];
            assert_eq!(claim.text, "as it was said");
            assert_eq!((claim.members, claim.everyone), (Some(of(own)), Some(of(own + others) / 2.0)));
        }
    }
}

#[test]
fn two_of_one_name_and_names_of_the_dead_are_made_anew() {
    let columns = columns(&[], &[]);
    let (rows, segments) = spenders(9, 1);
    let last = last_name("Spenders", &["mean_order >= 45"]);
    let kept = BTreeMap::from([(1, last), (2, last_name("spenders", &["mean_order < 45"]))]);
    let found = names_of(&columns[1..2], &rows, &segments, &kept, &words("GBP"));
    assert_eq!(labels(&found), ["Spenders", "Buyers spending under £15 an order"]);
    let taken = BTreeSet::from(["Buyers spending £90 or more an order".to_owned(), MIXED.to_owned()]);
    let words = words("GBP");
    let naming = Naming {
        columns: &columns[1..2],
        rows: &rows,
        segments: &segments,
        kept: &BTreeMap::new(),
        taken: &taken,
        words: &words,
        min_cell: 10,
    };
    assert_eq!(labels(&names(&naming)), [MIXED, "Buyers spending under £15 an order"]);
}

#[test]
fn shares_of_a_handful_are_not_shown() {
    let columns = columns(&[], &[]);
    let (rows, segments) = spenders(9, 1);
    for (min_cell, is_shown) in [(10, true), (11, false)] {
        let (kept, taken, words) = (BTreeMap::new(), BTreeSet::new(), words("GBP"));
        let (columns, rows, segments) = (&columns[1..2], &rows, &segments[..]);
        let found = names(&Naming { columns, rows, segments, kept: &kept, taken: &taken, words: &words, min_cell });
        let claim = &found[&1].claims[0];
        assert_eq!((claim.members, claim.everyone), (is_shown.then_some(0.9), is_shown.then_some(0.5)), "{min_cell}");
    }
}

/// The name that rules' conditions would make, in the order of the columns.
fn label_of(rule: &str, says_how_often: bool) -> String {
    let rule: Rule = rule.parse().unwrap_or_else(|error| unreachable!("{error}"));
    let columns: Vec<HabitColumn> = rule.conditions().iter().map(|found| column(found.operand.clone())).collect();
    let conditions = columns.iter().zip(rule.conditions());
    let parts: Vec<words::Part<'_>> = conditions
        .map(|(column, condition)| words::Part { column, condition: condition.clone(), says_how_often })
        .collect();
    label(&parts, &words("USD"))
}

#[test]
fn claims_make_names_that_can_be_the_subject_of_a_sentence() {
    for (rule, says_how_often, expected) in [
        ("purchases_a_month >= 4.3482", true, "Weekly buyers"),
        ("purchases_a_month >= 3.0438", true, "Weekly buyers"),
        ("purchases_a_month >= 2.1741", true, "Fortnightly buyers"),
        ("purchases_a_month >= 1", true, "Monthly buyers"),
        ("purchases_a_month >= 0.3333", true, "Quarterly buyers"),
        ("purchases_a_month >= 1", false, "Buyers every month or more often"),
        ("purchases_a_month >= 10.1458", true, "Buyers every 3 days or more often"),
        ("purchases_a_month >= 0.1667", true, "Buyers every 6 months or more often"),
        ("purchases_a_month < 0.5", true, "Buyers less often than every 2 months"),
        ("purchases_a_month >= 4.3482 and share(category, 'bakery') >= 0.5", true, "Weekly buyers, mostly bakery"),
        ("mean_order < 40 and lines_per_order >= 6", true, "Buyers of 6 or more lines an order, spending under $40"),
        ("purchases_a_month >= 1 and discount_share >= 0.2", true, "Monthly buyers with 20 % or more off"),
        ("purchases_a_month >= 4.3482 and lines_per_order >= 6", true, "Weekly buyers of 6 or more lines an order"),
        (
            "purchases_a_month < 0.5 and lines_per_order < 6",
            true,
            "Buyers less often than every 2 months, fewer than 6 lines an order",
        ),
        ("mean_order < 40 and share(category, 'tea') >= 0.5", true, "Mostly tea buyers spending under $40 an order"),
        (
            "mean_order >= 2500 and share(category, 'tea') >= 0.2",
            true,
            "Buyers spending $2,500 or more an order and 20 % or more on tea",
        ),
        ("share(category, 'tea') >= 0.5 and share(channel, 'web') >= 0.7", true, "Mostly tea buyers, mostly web"),
        (
            "mean_order < 7.5 and return_rate >= 0.1 and discount_share < 0.05",
            true,
            "Buyers spending under $7.50 an order, returning 10 % or more by value, with under 5 % off",
        ),
        ("share(category, 'DRUG GM') >= 0.5", true, "Mostly drug gm buyers"),
        ("share(category, 'DVD') >= 0.5", true, "Mostly DVD buyers"),
        ("share(category, 'a\nBcc: b') >= 0.5", true, "Mostly a Bcc: b buyers"),
        (
            "share(category, 'Something that is sold under a very long name') >= 0.5",
            true,
            "Mostly Something that is sold under a very lon… buyers",
        ),
        ("share(category, '{}') >= 0.3", true, "Buyers spending 30 % or more on {}"),
    ] {
        assert_eq!(label_of(rule, says_how_often), expected, "{rule}");
    }
}

#[test]
fn names_that_differ_by_a_number_are_one() {
    for (one, other, is_same) in [
        ("Buyers spending under $40 an order", "Buyers spending under $7.50 an order", true),
        ("Buyers every 3 days or more often", "Buyers every month or more often", true),
        ("Mixed buyers", "mixed  buyers 2", true),
        ("Weekly buyers", "Monthly buyers", false),
        ("Weekly buyers, mostly tea", "Weekly buyers", false),
        ("Buyers spending under €1.234 an order", "Buyers spending under €1\u{202f}234 an order", true),
    ] {
        assert_eq!(key(one) == key(other), is_same, "{one} | {other}");
    }
}

#[test]
fn rules_are_told_in_plain_words() {
    let columns = columns(&["coffee"], &["online"]);
    for (rule, locale, expected) in [
        (
            "purchases_a_month >= 3.3819 and mean_order < 25",
            Locale::En,
            "buys at least every 9 days and spends under $25 an order",
        ),
        (
            "mean_order >= 1234.5 and mean_order < 2000",
            Locale::De,
            "spends $1.234,50 or more an order and under $2.000 an order",
        ),
        ("share(category, 'coffee') >= 0.3", Locale::En, "spends 30 % or more on coffee"),
        ("share(channel, 'online') < 0.125", Locale::En, "spends under 12.5 % via online"),
        (
            "lines_per_order >= 2.5 and discount_share < 0.05",
            Locale::En,
            "buys 2.5 or more lines an order and gets under 5 % off",
        ),
        ("purchases_a_month >= 30.4375", Locale::En, "buys at least once a day"),
        ("purchases_a_month < 0.0833", Locale::En, "buys less often than every 12 months"),
        ("purchases_a_month >= 0.98", Locale::En, "buys at least every 31 days"),
        // What has no words stays as it is written.
        ("purchases_a_month >= 0 and age_days < 30", Locale::En, "buys purchases_a_month >= 0 and age_days < 30"),
    ] {
        let words = Words { locale, ..words("USD") };
        let rule: Rule = rule.parse().unwrap_or_else(|error| unreachable!("{error}"));
        assert_eq!(describe_rule(&rule, &columns, &words), expected);
    }
}

#[test]
fn thresholds_are_easy_to_picture() {
    for (unit, low, high, expected) in [
        (HabitUnit::Share, 0.0, 0.2, &[0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.15, 0.2][..]),
        (HabitUnit::Money, 7.5, 40.0, &[8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0]),
        (HabitUnit::Money, 0.1, 0.25, &[0.15, 0.2, 0.25]),
        (HabitUnit::Number, 1.0, 10.0, &[1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]),
        (HabitUnit::RateAMonth, 0.3, 1.5, &[0.3333, 0.5, 0.6764, 1.0, 1.4494]),
        (HabitUnit::Number, f64::INFINITY, f64::NEG_INFINITY, &[]),
    ] {
        assert_eq!(unit.grid(low, high), expected, "{unit:?} {low} to {high}");
    }
    for (unit, value, expected) in [
        (HabitUnit::Money, 34.27, 34.0),
        (HabitUnit::Money, 4321.0, 4300.0),
        (HabitUnit::Number, 3.17, 3.2),
        (HabitUnit::Number, 0.237, 0.24),
        (HabitUnit::Share, 0.128, 0.13),
        (HabitUnit::Share, -0.1, 0.0),
        (HabitUnit::RateAMonth, 3.4, 3.3819),
        (HabitUnit::RateAMonth, 1.03, 1.0),
        (HabitUnit::RateAMonth, 0.34, 0.3333),
        (HabitUnit::RateAMonth, f64::NAN, 0.0),
    ] {
        assert_eq!(unit.round(value), expected, "{unit:?} {value}");
    }
}

#[derive(serde::Deserialize)]
struct NameFile {
    persona: Vec<OwnName>,
}

#[test]
fn own_names_are_for_a_key_or_for_a_rule() {
    let read = |text: &str| {
        let file: NameFile = toml::from_str(text).map_err(|error| error.to_string())?;
        own::check(&file.persona).map_err(|error| error.to_string())?;
        Ok::<_, String>(file.persona)
    };
    let (head, key, rule) = ("[[persona]]\nname = 'Regulars'\n", "key = 'us-2017q2-a'\n", "rule = 'mean_order < 25'\n");
    let found = read(&format!("{head}{key}{head}{rule}market = 'us'\n"));
    let found: Vec<(Named, bool)> =
        found.unwrap_or_default().into_iter().map(|name| (name.of, name.market.is_some())).collect();
    let parsed = "mean_order < 25".parse().unwrap_or_else(|_| unreachable!());
    assert_eq!(found, [(Named::Key("us-2017q2-a".to_owned()), false), (Named::Rule(parsed), true)]);
    for (text, problem) in [
        (format!("{head}{key}{rule}"), "name \"Regulars\": expected `key` or `rule`, found both"),
        (head.to_owned(), "name \"Regulars\": expected `key` or `rule`, found neither"),
        (format!("[[persona]]\nname = ' '\n{key}"), "expected a name, found nothing"),
        (format!("[[persona]]\nname = \"a\\nb\"\n{key}"), "expected one line of at most 80 characters"),
        (format!("{head}key = ''"), "expected the key of a persona like us-2017q2-a, found nothing"),
        (format!("{head}rule = 'mean_order > 25'"), "character 12: expected `>=` or `<`, found `> 25`"),
        (format!("{head}{key}{head}{rule}"), "name \"Regulars\": is there twice for all markets"),
        (format!("{head}{key}market = 'us'\n{head}{key}market = 'us'"), "is there twice for market us"),
        (format!("{head}{key}nickname = 'R'"), "unknown field `nickname`"),
        (format!("{head}{key}market = 'U S'"), "market `U S` is not a plain code"),
    ] {
        let error = read(&text).err().unwrap_or_default();
        assert!(error.contains(problem), "{text}\n{error}");
    }
}

/// Two hundred thousand customers of ten personas with thirty habits.
#[test]
#[ignore = "a measurement: cargo test --release -p driftline-core naming -- --ignored --nocapture"]
fn naming_of_many_customers_is_quick() {
    const MANY: [&str; 23] = ["A"; 23];
    let items: Vec<String> = MANY.iter().enumerate().map(|(index, name)| format!("{name}{index}")).collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let kind = |segment: u32| kind(segment, 20_000, [f64::from(segment), 40.0, 8.0, 0.02, 0.1], &[1.0 / 23.0; 23], 0.5);
    let (rows, segments) = simulate(&(1..=10).map(kind).collect::<Vec<_>>(), 1);
    let columns = columns(&items, &["store", "online"]);
    let start = std::time::Instant::now();
    let found = names_of(&columns, &rows, &segments, &BTreeMap::new(), &words("USD"));
    println!("{:?} {:?}", start.elapsed(), labels(&found));
}
