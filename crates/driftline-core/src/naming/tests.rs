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
    names(&naming(columns, rows, segments, kept, words))
}

/// Without own names, and none taken.
fn naming<'a>(
    columns: &'a [HabitColumn],
    rows: &'a Points,
    segments: &'a [u32],
    kept: &'a BTreeMap<u32, Name>,
    words: &'a Words,
) -> Naming<'a> {
    static NO_LABELS: BTreeSet<String> = BTreeSet::new();
    static NO_SEGMENTS: BTreeSet<u32> = BTreeSet::new();
    let (own_named, own_labels, taken) = (&NO_SEGMENTS, &NO_LABELS, &NO_LABELS);
    Naming { columns, rows, segments, kept, own_named, own_labels, taken, words, min_cell: 10 }
}

/// What names must be whatever the customers: true of three in five members, more often than of everyone, and unlike each other.
fn check(found: &BTreeMap<u32, Name>, columns: &[HabitColumn], rows: &Points, segments: &[u32], what: &str) {
    let mut keys = BTreeSet::new();
    for (segment, name) in found {
        assert!(!name.label.is_empty() && keys.insert(key(&name.label)), "{what}: {} is not unlike others", name.label);
        assert!(name.claims.len() <= 3, "{what}: {}", name.label);
        let mut used: BTreeMap<&Operand, &Condition> = BTreeMap::new();
        for claim in &name.claims {
            // Two things of a column are its lower and its upper bound.
            let before = used.insert(&claim.condition.operand, &claim.condition);
            let is_band = |lower: &Condition| {
                lower.at_least && !claim.condition.at_least && lower.threshold < claim.condition.threshold
            };
            assert!(before.is_none_or(is_band), "{what}: {} says two things of a column", name.label);
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
        "Buyers spending 35 %+ on BAKERY",
        "Fortnightly buyers of 8+ lines an order",
        "Buyers with 15 %+ off",
        "Mostly online buyers",
        "Buyers less often than once a month, fewer than 10 lines an order",
        "Mostly DRUG GM buyers",
    ];
    let gift_shop = [
        "Buyers at least every 45 days",
        "Buyers of 8+ and fewer than 25 lines an order",
        "Mostly Christmas buyers",
        "Buyers of fewer than 10 lines an order",
        "Buyers returning 10 %+ by value",
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
    let mut columns = columns(&AISLES, &["store", "online"]);
    columns.push(column(Operand::Column(PURCHASE_DAYS.to_owned())));
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
        let (rows, mut segments) = simulate(&kinds, seed);
        // Every other time they are bands of one habit instead, and in some markets most came once.
        if seed % 2 == 1 {
            let habit = random.below(rows.dimensions);
            let mut sorted: Vec<f64> = (0..rows.rows()).map(|row| rows.row(row)[habit]).collect();
            sorted.sort_by(f64::total_cmp);
            for (row, segment) in segments.iter_mut().enumerate() {
                let below = sorted.partition_point(|value| value < &rows.row(row)[habit]);
                *segment = 1 + (below * count / sorted.len()) as u32;
            }
        }
        let came_once: Vec<usize> = (0..=count).map(|_| random.below(10)).collect();
        let days = |row: usize| if random.below(10) < came_once[segments[row] as usize] { 1.0 } else { 3.0 };
        let days: Vec<f64> = (0..rows.rows()).map(days).collect();
        let values = (0..rows.rows()).flat_map(|row| [rows.row(row), &days[row..=row]].concat()).collect();
        let rows = Points { dimensions: columns.len(), values };
        let found = names_of(&columns, &rows, &segments, &BTreeMap::new(), &words("EUR"));
        assert_eq!(found.len(), count);
        check(&found, &columns, &rows, &segments, &format!("seed {seed}"));
        check_worth(&found, &columns, &rows, &segments, &format!("seed {seed}"));
    }
}

/// That names are worth something: what is hardly more often true of members, or of little, only once there is one called mixed;
/// and nothing of how often they buy where half came once.
fn check_worth(found: &BTreeMap<u32, Name>, columns: &[HabitColumn], rows: &Points, segments: &[u32], what: &str) {
    let has_mixed = found.values().any(|name| name.label == MIXED);
    for (segment, name) in found {
        let members: Vec<usize> = (0..segments.len()).filter(|row| segments[*row] == *segment).collect();
        let came_once = members.iter().filter(|row| rows.row(**row)[rows.dimensions - 1] < 2.0).count();
        for Claim { condition, text, .. } in &name.claims {
            let column = columns.iter().position(|column| column.operand == condition.operand);
            let is_true = |row: usize| column.is_some_and(|column| condition.is_true_of(rows.row(row)[column]));
            let own = members.iter().filter(|row| is_true(**row)).count() as f64 / members.len() as f64;
            let all = (0..segments.len()).filter(|row| is_true(*row)).count() as f64 / segments.len() as f64;
            let is_item = matches!(condition.operand, Operand::Share { .. });
            let is_little = if condition.at_least { 0.05 } else { 0.15 };
            let is_hollow = is_item && condition.threshold < is_little;
            assert!(has_mixed || own - all >= 0.05 && !is_hollow, "{what}: {text}, true of {own} and of {all}");
            let is_rate = condition.operand == Operand::Column("purchases_a_month".to_owned());
            assert!(!is_rate || 2 * came_once < members.len(), "{what}: {text} of {came_once} of {}", members.len());
        }
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

/// Customers who are alike but for one habit, by which they are cut into segments; one in ten is in the next one.
fn bands(habit: usize, median: f64, spread: f64, cuts: &[f64], seed: u64) -> (Points, Vec<u32>) {
    let mut random = SplitMix64::new(seed);
    let medians = [1.0, 40.0, 8.0, 0.05, 0.1];
    let (mut points, mut segments) = simulate(&[kind(1, 3000, medians, &[0.25; 4], 0.5)], seed);
    for (row, segment) in segments.iter_mut().enumerate() {
        let value = &mut points.values[row * points.dimensions + habit];
        *value = (median * (spread * random.next_normal()).exp()).min(if habit < 3 { f64::INFINITY } else { 1.0 });
        let band = cuts.partition_point(|cut| cut <= value);
        let moved = if random.below(10) == 0 { (band + 1).min(cuts.len()) } else { band };
        *segment = moved as u32 + 1;
    }
    (points, segments)
}

#[test]
fn bands_on_one_habit_are_named_by_both_of_their_bounds() {
    let columns = columns(&GIFTS, &["store", "online"]);
    for (habit, median, cuts, expected) in [
        (
            0,
            1.0,
            &[0.68, 1.45][..],
            &[
                "Buyers less often than every 45 days",
                "Buyers at least every 45 days but less often than every 21 days",
                "Buyers at least every 21 days",
            ][..],
        ),
        // Two bands in the middle are told apart by more than their numbers.
        (
            1,
            41.0,
            &[22.0, 41.0, 76.0],
            &[
                "Buyers spending under €25 an order",
                "Buyers in the lower half, spending €20+ and under €40 an order",
                "Buyers spending €40+ and under €75 an order",
                "Buyers spending €75+ an order",
            ],
        ),
        (
            1,
            41.0,
            &[22.0, 76.0],
            &[
                "Buyers spending under €25 an order",
                "Buyers spending €20+ and under €75 an order",
                "Buyers spending €75+ an order",
            ],
        ),
        (
            2,
            8.0,
            &[5.0, 15.0],
            &[
                "Buyers of fewer than 5 lines an order",
                "Buyers of 5+ and fewer than 15 lines an order",
                "Buyers of 15+ lines an order",
            ],
        ),
        (
            4,
            0.2,
            &[0.1, 0.4],
            &["Buyers with under 10 % off", "Buyers with 10 %+ and under 40 % off", "Buyers with 40 %+ off"],
        ),
        (
            5,
            0.3,
            &[0.16, 0.5],
            &[
                "Buyers spending under 20 % on Bags",
                "Buyers spending 20 %+ and under 50 % on Bags",
                "Mostly Bags buyers",
            ],
        ),
    ] {
        let (rows, segments) = bands(habit, median, 0.8, cuts, 7);
        let found = names_of(&columns, &rows, &segments, &BTreeMap::new(), &words("EUR"));
        check(&found, &columns, &rows, &segments, "bands");
        assert_eq!(labels(&found), expected);
        assert_eq!(names_of(&columns, &rows, &segments, &found, &words("EUR")), found);
        let band = found.values().find(|name| name.claims.len() == 2).map(|name| &name.claims[..]).unwrap_or_default();
        let texts: Vec<&str> = band.iter().map(|claim| claim.text.as_str()).collect();
        if habit == 2 {
            assert_eq!(texts, ["buys 5 or more lines an order", "buys fewer than 15 lines an order"]);
        }
    }
}

#[test]
fn what_is_true_of_nearly_everyone_is_no_name() {
    let all = columns(&["C6"], &[]);
    let [item, discount, order] = [5, 4, 1].map(|place| &all[place..=place]);
    // The value of some of ten members and of some of ten others; of the rest it is nothing.
    for (column, value, own, others, expected) in [
        (item, 0.12, 1, 6, [MIXED, "Buyers spending 5 %+ on C6"]),
        (item, 0.3, 1, 9, ["Buyers spending under 15 % on C6", "Buyers spending 20 %+ on C6"]),
        // Only after one is called mixed.
        (item, 0.03, 9, 1, [MIXED, "Buyers spending under 2 % on C6"]),
        (discount, 0.04, 9, 1, [MIXED, "Buyers with under 2 % off"]),
        (order, 50.0, 8, 8, [MIXED, OTHER_MIXED]),
    ] {
        let spend = |high: usize| (0..100).map(move |row| if row % 10 < high { value } else { 0.0 });
        let rows = Points { dimensions: 1, values: spend(own).chain(spend(others)).collect() };
        let segments = [vec![1; 100], vec![2; 100]].concat();
        let found = names_of(column, &rows, &segments, &BTreeMap::new(), &words("EUR"));
        assert_eq!(labels(&found), expected);
    }
}

/// Customers by how often, how much and on how many days they bought: segment, customers, rate, order, of ten those who came once.
fn comers(kinds: &[(u32, usize, f64, f64, usize)]) -> (Vec<HabitColumn>, Points, Vec<u32>) {
    let mut random = SplitMix64::new(5);
    let names = ["purchases_a_month", "mean_order", PURCHASE_DAYS];
    let columns = names.map(|name| column(Operand::Column(name.to_owned()))).to_vec();
    let (mut values, mut segments) = (Vec::new(), Vec::new());
    for (segment, customers, rate, order, once) in kinds {
        for row in 0..*customers {
            let mut vary = |median: f64| median * (0.3 * random.next_normal()).exp();
            let days = if row % 10 < *once { 1.0 } else { 2.0 + (row % 7) as f64 };
            values.extend([vary(*rate), vary(*order), days]);
            segments.push(*segment);
        }
    }
    (columns, Points { dimensions: 3, values }, segments)
}

#[test]
fn who_bought_once_is_not_called_by_how_often_they_buy() {
    for (kinds, expected) in [
        // Most of one came once; the other is called by its rate, not by having come again.
        (
            &[(1, 400, 0.15, 40.0, 8), (2, 400, 2.5, 40.0, 1)][..],
            &["Buyers who bought once so far", "Buyers at least every 45 days"][..],
        ),
        // Half came once: nothing is said of the rate, on neither side.
        (&[(1, 400, 0.15, 40.0, 5), (2, 400, 2.5, 40.0, 5)], &[MIXED, "Buyers spending under £50 an order"]),
        // Of everyone: it sets nobody apart.
        (
            &[(1, 400, 0.15, 20.0, 8), (2, 400, 2.5, 80.0, 8)],
            &["Buyers spending under £40 an order", "Buyers spending £40+ an order"],
        ),
        // Fewer than half: the rate is said.
        (
            &[(1, 400, 0.15, 40.0, 4), (2, 400, 2.5, 40.0, 4)],
            &["Buyers less often than every 2 months", "Buyers at least every 45 days"],
        ),
    ] {
        let (columns, rows, segments) = comers(kinds);
        let found = names_of(&columns, &rows, &segments, &BTreeMap::new(), &words("GBP"));
        check(&found, &columns, &rows, &segments, "once");
        assert_eq!(labels(&found), expected);
        // A name that was given before is not kept either.
        let last = last_name("Occasional buyers", &["purchases_a_month < 0.5"]);
        let kept = names_of(&columns, &rows, &segments, &BTreeMap::from([(1, last)]), &words("GBP"));
        assert_eq!(kept[&1].label == "Occasional buyers", kinds[0].4 < 5);
    }
}

#[test]
fn no_name_is_like_one_of_the_companys() {
    let columns = columns(&[], &[]);
    let (rows, segments) = spenders(9, 1);
    let (words, spending) = (words("GBP"), &columns[1..2]);
    let labels_of = |own: &[&str], own_named: &[u32], kept: &[(u32, Name)]| {
        let own_labels: BTreeSet<String> = own.iter().map(|label| (*label).to_owned()).collect();
        let own_named: BTreeSet<u32> = own_named.iter().copied().collect();
        let kept: BTreeMap<u32, Name> = kept.iter().cloned().collect();
        let naming = naming(spending, &rows, &segments, &kept, &words);
        let found = names(&Naming { own_named: &own_named, own_labels: &own_labels, ..naming });
        found.into_values().map(|name| name.label).collect::<Vec<_>>()
    };
    let (high, low) = ("Buyers spending £30+ an order", "Buyers spending under £25 an order");
    assert_eq!(labels_of(&[], &[], &[]), [high, low]);
    // Given to the other one, or to nobody yet.
    assert_eq!(labels_of(&[high], &[2], &[(2, last_name(high, &[]))]), [MIXED, high]);
    assert_eq!(labels_of(&["buyers spending £99+ an order"], &[], &[]), [MIXED, low]);
    // One that looks like a stopgap is the company's own all the same; one that was generated before gives way.
    assert_eq!(labels_of(&[MIXED], &[2], &[(2, last_name(MIXED, &[]))]), [high, MIXED]);
    let spenders = last_name("Spenders", &["mean_order >= 45"]);
    assert_eq!(labels_of(&["SPENDERS"], &[], &[(1, spenders.clone())]), [high, low]);
    assert_eq!(labels_of(&[], &[], &[(1, spenders), (2, last_name("Most active customers", &[]))]), ["Spenders", low]);
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
    // Halfway between those who spend 50 and those who spend 10.
    let fresh = "Buyers spending £30+ an order";
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
    assert_eq!(labels(&found), ["Spenders", "Buyers spending under £25 an order"]);
    let taken = BTreeSet::from(["Buyers spending £90+ an order".to_owned(), MIXED.to_owned()]);
    let words = words("GBP");
    let none = BTreeMap::new();
    let naming = Naming { taken: &taken, ..naming(&columns[1..2], &rows, &segments, &none, &words) };
    assert_eq!(labels(&names(&naming)), [MIXED, "Buyers spending under £25 an order"]);
}

#[test]
fn shares_of_a_handful_are_not_shown() {
    let columns = columns(&[], &[]);
    let (rows, segments) = spenders(9, 1);
    for (min_cell, is_shown) in [(10, true), (11, false)] {
        let (kept, words) = (BTreeMap::new(), words("GBP"));
        let found = names(&Naming { min_cell, ..naming(&columns[1..2], &rows, &segments, &kept, &words) });
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
        ("purchases_a_month >= 3.8047", true, "Weekly buyers"),
        ("purchases_a_month >= 3.0438", true, "Buyers at least every 10 days"),
        ("purchases_a_month >= 1.4494", true, "Buyers at least every 21 days"),
        ("purchases_a_month >= 0.6764", true, "Buyers at least every 45 days"),
        ("purchases_a_month >= 0.5", true, "Buyers at least every 2 months"),
        ("purchases_a_month >= 0.25", true, "Buyers at least every 4 months"),
        ("purchases_a_month >= 2.1741", true, "Fortnightly buyers"),
        ("purchases_a_month >= 1", true, "Monthly buyers"),
        ("purchases_a_month >= 0.3333", true, "Quarterly buyers"),
        ("purchases_a_month >= 1", false, "Buyers at least once a month"),
        ("purchases_a_month >= 10.1458", true, "Buyers at least every 3 days"),
        ("purchases_a_month >= 0.1667", true, "Buyers at least every 6 months"),
        ("purchases_a_month < 0.5", true, "Buyers less often than every 2 months"),
        ("purchases_a_month >= 4.3482 and share(category, 'bakery') >= 0.5", true, "Weekly buyers, mostly bakery"),
        ("mean_order < 40 and lines_per_order >= 6", true, "Buyers of 6+ lines an order, spending under $40"),
        ("purchases_a_month >= 1 and discount_share >= 0.2", true, "Monthly buyers with 20 %+ off"),
        ("purchases_a_month >= 4.3482 and lines_per_order >= 6", true, "Weekly buyers of 6+ lines an order"),
        (
            "purchases_a_month < 0.5 and lines_per_order < 6",
            true,
            "Buyers less often than every 2 months, fewer than 6 lines an order",
        ),
        ("mean_order < 40 and share(category, 'tea') >= 0.5", true, "Mostly tea buyers spending under $40 an order"),
        (
            "mean_order >= 2500 and share(category, 'tea') >= 0.2",
            true,
            "Buyers spending $2,500+ an order and 20 %+ on tea",
        ),
        ("share(category, 'tea') >= 0.5 and share(channel, 'web') >= 0.7", true, "Mostly tea buyers, mostly web"),
        (
            "mean_order < 7.5 and return_rate >= 0.1 and discount_share < 0.05",
            true,
            "Buyers spending under $7.50 an order, returning 10 %+ by value, with under 5 % off",
        ),
        ("share(category, 'DRUG GM') >= 0.5", true, "Mostly DRUG GM buyers"),
        ("share(category, 'N-BOOKS') < 0.3", true, "Buyers spending under 30 % on N-BOOKS"),
        ("share(category, 'DVD') >= 0.5", true, "Mostly DVD buyers"),
        ("share(category, 'a\nBcc: b') >= 0.5", true, "Mostly a Bcc: b buyers"),
        (
            "share(category, 'Something that is sold under a very long name') >= 0.5",
            true,
            "Mostly Something that is sold under a very lon… buyers",
        ),
        ("purchase_days < 2", true, "Buyers who bought once so far"),
        ("purchases_a_month >= 1 and purchase_days >= 2", true, "Monthly buyers who bought more than once"),
        ("mean_order < 40 and purchase_days < 2", true, "Buyers who bought once so far, spending under $40 an order"),
        (
            "lines_per_order < 6 and purchase_days < 2",
            true,
            "Buyers of fewer than 6 lines an order, who bought once so far",
        ),
        (
            "purchases_a_month >= 0.6764 and purchases_a_month < 1.4494",
            true,
            "Buyers at least every 45 days but less often than every 21 days",
        ),
        (
            "purchases_a_month >= 1 and purchases_a_month < 2.1741 and share(category, 'tea') >= 0.5",
            true,
            "Buyers at least once a month but less often than every 14 days, mostly tea",
        ),
        (
            "mean_order >= 20 and mean_order < 75 and lines_per_order >= 6",
            true,
            "Buyers of 6+ lines an order, spending $20+ and under $75",
        ),
        (
            "share(category, 'tea') >= 0.5 and share(category, 'tea') < 0.8",
            true,
            "Buyers spending 50 %+ and under 80 % on tea",
        ),
        ("share(category, '{}') >= 0.3", true, "Buyers spending 30 %+ on {}"),
    ] {
        assert_eq!(label_of(rule, says_how_often), expected, "{rule}");
    }
}

#[test]
fn names_that_differ_by_a_number_are_one() {
    for (one, other, is_same) in [
        ("Buyers spending under $40 an order", "Buyers spending under $7.50 an order", true),
        ("Buyers at least every 3 days", "Buyers at least once a month", true),
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
    let mut columns = columns(&["coffee"], &["online"]);
    columns.push(column(Operand::Column(PURCHASE_DAYS.to_owned())));
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
        ("purchase_days < 2", Locale::En, "bought once so far"),
        ("purchase_days >= 2 and mean_order < 25", Locale::En, "bought more than once and spends under $25 an order"),
        ("purchase_days >= 5 and purchase_days < 12", Locale::En, "bought on 5 or more days and on fewer than 12 days"),
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
        (HabitUnit::Once, 1.0, 40.0, &[2.0]),
        (HabitUnit::Once, 2.0, 40.0, &[]),
        (HabitUnit::Once, 1.0, 1.0, &[]),
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
        (HabitUnit::Once, 1.0, 2.0),
        (HabitUnit::Once, 17.0, 2.0),
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

fn own(name: &str, rule: &str) -> OwnName {
    let of = Named::Rule(rule.parse().unwrap_or_else(|error| unreachable!("{error}")));
    OwnName { name: name.to_owned(), of, market: None }
}

#[test]
fn items_of_names_and_of_own_rules_are_known() {
    let name =
        last_name("Tea and web", &["share(category, 'tea') >= 0.5", "share(channel, 'web') >= 0.5", "mean_order < 5"]);
    let key = OwnName { name: "Gold".to_owned(), of: Named::Key("us-2017q2-a".to_owned()), market: None };
    let rule = own("Hot", "share(category, 'tea') >= 0.2 and share(category, 'coffee') >= 0.1 and mean_order < 9");
    let found = items_of(name.claims.iter(), &[key, rule]);
    let expected = [("category", &["coffee", "tea"][..]), ("channel", &["web"])];
    let expected =
        expected.map(|(habit, items)| (habit.to_owned(), items.iter().map(|item| (*item).to_owned()).collect()));
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(items_of([].iter(), &[]), BTreeMap::new());
}

#[test]
fn own_rules_on_what_is_not_known_are_told() {
    for (rule, expected) in [
        ("mean_order < 25 and purchase_days < 2 and share(channel, 'web') >= 0.5", &[][..]),
        (
            "age_days < 30 and age_days >= 2 and share(brand, 'x') >= 0.5",
            &[
                "the rule of the name \"Regulars\" is true of nobody: `age_days` is not a habit; a rule may speak of \
                 `mean_order`, `return_rate`, `purchase_days` and shares",
                "the rule of the name \"Regulars\" is true of nobody: there are no shares of `brand`; a rule may speak of shares \
                 of `category` and `channel`",
            ],
        ),
    ] {
        assert_eq!(own::unknown_operands(&[own("Regulars", rule)], &["mean_order", "return_rate"]), expected, "{rule}");
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
