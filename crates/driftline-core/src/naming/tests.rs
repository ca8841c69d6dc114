use driftline_stats::random::SplitMix64;

use super::own::{Named, OwnName};
use super::words::{key, label};
use super::*;
use crate::basics::locale::Locale;
use crate::naming::rule::{Operand, Rule};

mod companies;
mod sentences;
mod whole;

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

fn last_name(label: &str, conditions: &[&str]) -> Name {
    let claim = |condition: &&str| Claim {
        condition: condition.parse().unwrap_or_else(|error| unreachable!("{error}")),
        text: "as it was said".to_owned(),
        members: Some(0.9),
        everyone: Some(0.1),
    };
    Name { label: label.to_owned(), claims: conditions.iter().map(claim).collect() }
}
