//! Names of all segments of a market.

use super::*;

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
#[expect(clippy::too_many_lines, reason = "a table of cases")]
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
