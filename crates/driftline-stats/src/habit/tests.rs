#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::random::SplitMix64;

/// Customers of one market: each has an own level of a figure, an own rate and an own share of one of two items.
struct Market {
    customers: usize,
    /// Deviation between customers of a figure, and of one day's from the own level.
    between: f64,
    within: f64,
    /// Shape of the rates' gamma, and mean purchases a month; 0 for nobody who buys twice.
    shape: f64,
    rate: f64,
    /// How far an item's share of a customer is from one half.
    taste: f64,
}

impl Market {
    const USUAL: Self = Self { customers: 2000, between: 0.5, within: 0.5, shape: 2.0, rate: 1.0, taste: 0.4 };

    fn sums(&self, seed: u64) -> Sums {
        let mut random = SplitMix64::new(seed);
        let mut sums = Sums::default();
        let (mut figure, mut shares) = (
            MeanSums { name: "figure".to_owned(), ..MeanSums::default() },
            ShareSums {
                name: "category".to_owned(),
                items: vec!["a".to_owned(), "b".to_owned(), REST.to_owned()],
                ..ShareSums::default()
            },
        );
        for _ in 0..self.customers {
            let months = 12.0 * random.next_f64();
            let own = if self.rate > 0.0 { self.rate / self.shape * random.next_gamma(self.shape) } else { 0.0 };
            let mut repeats = 0.0;
            let mut clock = random.next_exponential();
            while clock < own * months {
                repeats += 1.0;
                clock += random.next_exponential();
            }
            let days = repeats + 1.0;
            let level = self.between * random.next_normal();
            let likes_first = random.next_f64() < 0.5;
            let first_share = 0.5 + if likes_first { self.taste } else { -self.taste };
            let (mut sum, mut square, mut first, mut both) = (0.0, 0.0, 0.0f64, 0.0);
            for _ in 0..days as usize {
                let value = 3.0 + level + self.within * random.next_normal();
                (sum, square) = (sum + value, square + value * value);
                let share = f64::from(u8::from(random.next_f64() < first_share));
                first += share;
                both += share * share + (1.0 - share) * (1.0 - share);
            }
            sums.days.push(days);
            sums.repeats.push(repeats);
            sums.months.push(months);
            sums.sold.push(100.0 * days);
            sums.returned.push(0.0);
            figure.days.push(days);
            figure.sums.push(sum);
            figure.squares.push(square);
            shares.sums.extend([first as f32, (days - first) as f32, 0.0]);
            shares.squares.push(both);
        }
        sums.means.push(figure);
        sums.shares.push(shares);
        sums
    }
}

fn settings(sums: &Sums) -> Settings {
    Settings {
        reliability_min: 0.5,
        rate: Some("rate".to_owned()),
        ratio: Some("returns".to_owned()),
        items: sums.shares.iter().map(|shares| (shares.name.clone(), shares.items.clone())).collect(),
    }
}

fn fitted(sums: &Sums, name: &str) -> Scale {
    fit(sums, &settings(sums)).into_iter().find(|scale| scale.name == name).unwrap()
}

#[test]
fn what_was_planted_is_found() {
    let sums = Market::USUAL.sums(1);
    let rate = fitted(&sums, "rate");
    assert!((rate.mean - 1.0).abs() < 0.06, "{rate:?}");
    assert!((rate.prior / 2.0 - 1.0).abs() < 0.15, "{rate:?}");
    // One day's variance is half noise, so one day of one's own counts as much as everyone's mean.
    let figure = fitted(&sums, "figure");
    assert!((figure.mean - 3.0).abs() < 0.05, "{figure:?}");
    assert!((figure.prior - 1.0).abs() < 0.15, "{figure:?}");
    assert!((figure.spread - 0.5).abs() < 0.05, "{figure:?}");
    assert!(rate.is_in_use && figure.is_in_use && fitted(&sums, "category").is_in_use);
    let points = coordinates(&sums, &fit(&sums, &settings(&sums)), true);
    assert_eq!((points.dimensions, points.rows()), (1 + 1 + 3, 2000));
}

/// Whether a habit takes part, in markets where it should not: noise alone, hardly anybody twice, everybody alike.
#[test]
fn what_tells_nothing_takes_no_part() {
    type Case = (&'static str, Market, &'static str, bool);
    let cases: [Case; 7] = [
        ("usual", Market::USUAL, "figure", true),
        ("levels are chance", Market { between: 0.0, ..Market::USUAL }, "figure", false),
        ("tastes are chance", Market { taste: 0.0, ..Market::USUAL }, "category", false),
        ("nobody buys twice", Market { rate: 0.0, ..Market::USUAL }, "rate", false),
        ("nobody buys twice", Market { rate: 0.0, ..Market::USUAL }, "figure", false),
        ("one in fifty buys twice", Market { rate: 0.004, ..Market::USUAL }, "category", false),
        ("nothing is returned", Market::USUAL, "returns", false),
    ];
    for (what, market, habit, expected) in cases {
        let found = fitted(&market.sums(2), habit);
        assert_eq!(found.is_in_use, expected, "{what}: {found:?}");
        assert!((0.0..=1.0).contains(&found.reliability), "{what}: {found:?}");
    }
}

#[test]
fn who_bought_once_is_near_everyone_and_who_bought_often_is_not() {
    let sums = Market::USUAL.sums(3);
    let rate = fitted(&sums, "rate");
    // Once, last week: no high rate. Twenty times in ten months: nearly the own rate.
    assert!((rate.rate(0.0, 0.2) / rate.mean - 1.0).abs() < 0.15, "{rate:?}");
    assert!((rate.rate(20.0, 10.0) - 2.0).abs() < 0.3, "{rate:?}");
    assert!(rate.returns_within(20.0, 10.0, 3.0) > 0.98 && rate.returns_within(0.0, 12.0, 3.0) < 0.5);
}

/// One extreme customer neither makes a dimension nor spoils one.
#[test]
fn one_extreme_customer_changes_little() {
    let mut sums = Market::USUAL.sums(4);
    let before = fitted(&sums, "rate");
    sums.repeats[0] = 5000.0;
    sums.days[0] = 5001.0;
    sums.returned[1] = sums.sold[1];
    let after = fitted(&sums, "rate");
    assert!((after.prior / before.prior - 1.0).abs() < 0.1, "{before:?} {after:?}");
    assert!(!fitted(&sums, "returns").is_in_use);
    let points = coordinates(&sums, &fit(&sums, &settings(&sums)), true);
    assert!(points.values.iter().all(|value| value.is_finite() && value.abs() < 20.0));
}

/// A new category is seen though the model has no item of its own for it.
#[test]
fn what_is_new_has_a_coordinate() {
    let mut sums = Market::USUAL.sums(5);
    let scales = fit(&sums, &settings(&sums));
    let rest = |sums: &Sums| coordinates(sums, &scales, true).row(0)[4];
    assert!(rest(&sums).abs() < 1e-9);
    let days = sums.days[0] as f32;
    sums.shares[0].sums[..3].copy_from_slice(&[0.0, 0.0, days.max(6.0)]);
    assert!(rest(&sums) > 1.0, "{}", rest(&sums));
}

/// What is bought of three items and the rest in the year and in the last months, and whether the items are outdated.
#[test]
fn renamed_items_are_noticed() {
    let cases: [(&str, [f32; 4], [f32; 4], bool); 6] = [
        ("as it was", [40.0, 40.0, 20.0, 0.0], [40.0, 40.0, 20.0, 0.0], false),
        ("a new one", [36.0, 36.0, 18.0, 10.0], [25.0, 25.0, 10.0, 40.0], false),
        ("much is new", [25.0, 25.0, 20.0, 30.0], [25.0, 25.0, 20.0, 30.0], true),
        ("one is renamed", [40.0, 40.0, 15.0, 5.0], [40.0, 40.0, 0.0, 20.0], true),
        ("out of season", [40.0, 40.0, 15.0, 5.0], [50.0, 50.0, 0.0, 0.0], false),
        ("nothing is told", [0.0; 4], [0.0; 4], true),
    ];
    let of = |shares: [f32; 4]| Sums {
        days: vec![1.0; 9],
        shares: vec![ShareSums {
            name: "category".to_owned(),
            items: ["a", "b", "c", REST].map(str::to_owned).to_vec(),
            sums: shares.repeat(9),
            squares: vec![0.0; 9],
            odd_sums: Vec::new(),
        }],
        ..Sums::default()
    };
    let scale = Scale {
        items: of([0.0; 4]).shares[0].items.clone(),
        base: vec![0.4, 0.4, 0.2, 0.0],
        is_in_use: true,
        ..fitted(&Market::USUAL.sums(7), "category")
    };
    for (what, year, recent, expected) in cases {
        assert_eq!(is_outdated(&of(year), &of(recent), &scale), expected, "{what}");
    }
}

#[test]
fn degenerate_markets_have_finite_scales() {
    for customers in [0, 1, 29] {
        let sums = Market { customers, ..Market::USUAL }.sums(6);
        let scales = fit(&sums, &settings(&sums));
        assert!(scales.iter().all(|scale| !scale.is_in_use || scale.spread > 0.0), "{customers}: {scales:?}");
        let points = coordinates(&sums, &scales, false);
        assert!(points.values.iter().all(|value| value.is_finite()), "{customers}");
    }
}
