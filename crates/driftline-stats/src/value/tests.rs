//! Distribution and range of values against simulation: customers drawn by the models' own definition.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::purchase::PurchaseModel;
use crate::purchase::{History, Kind, fit};
use crate::random::SplitMix64;
use crate::returns::Returns;
use crate::spend::SpendModel;
use crate::spend::{SpendHistory, fit_spend};

const SPEND: SpendModel = SpendModel { p: 6.25, q: 3.74, gamma: 15.44, own_above: None };

/// A customer's past until `age` and what they then spend within `horizon`.
fn drawn(random: &mut SplitMix64, model: &ValueModel, age: f64, horizon: f64) -> (Customer, f64) {
    let times = random.purchases(&model.purchase, age + horizon);
    let nu = random.next_gamma(model.spend.q) / model.spend.gamma;
    let mut spend = || random.next_gamma(model.spend.p) / nu;
    let seen = times.iter().filter(|time| **time <= age).count();
    let past: f64 = (0..seen).map(|_| spend()).sum();
    let coming: f64 = (seen..times.len()).map(|_| spend()).sum();
    let customer = Customer {
        repeat_purchases: seen as f64,
        recency: if seen > 0 { times[seen - 1] } else { 0.0 },
        age,
        mean_spend: if seen > 0 { past / seen as f64 } else { 0.0 },
        own_net_share: None,
        customers: 1.0,
    };
    (customer, coming)
}

fn models() -> [ValueModel; 3] {
    let of = |kind, parameters| ValueModel {
        purchase: PurchaseModel { kind, parameters },
        spend: SPEND,
        returns: Returns::of_everyone(1.0),
    };
    [
        of(Kind::BgNbd, [0.243, 4.414, 0.793, 2.426]),
        of(Kind::MbgNbd, [0.525, 6.183, 0.891, 1.614]),
        of(Kind::ParetoNbd, [0.553, 10.578, 0.606, 11.669]),
    ]
}

/// Many customers at once are expected to bring what each of them is, to the last bit.
#[test]
fn many_at_once_are_each_of_them() {
    for model in models() {
        let mut random = SplitMix64::new(5);
        let mut one = |n: i32| drawn(&mut random, &model, f64::from(n % 40), 52.0).0;
        let customers: Vec<Customer> = (0..2_000).map(&mut one).collect();
        let expected: Vec<f64> = customers.iter().map(|customer| model.expected(customer, 13.0)).collect();
        assert_eq!(model.expected_of_each(&customers, 13.0), expected);
    }
}

/// The probability integral transform, randomised where there is an atom, is uniform if the distribution is right.
#[test]
fn one_customers_distribution_is_the_simulated_one() {
    for model in models() {
        let count = 20_000;
        let mut random = SplitMix64::new(11);
        let mut covered = [0.0; 2];
        let transforms: Vec<f64> = (0..count)
            .map(|_| {
                let age = 10.0 + 80.0 * random.next_f64();
                let (customer, value) = drawn(&mut random, &model, age, 52.0);
                let distribution = model.distribution(&customer, 52.0);
                for (covered, level) in covered.iter_mut().zip([0.8, 0.95]) {
                    let (low, high) = distribution.range(level);
                    *covered += f64::from(u8::from((low..=high).contains(&value)));
                }
                if value > 0.0 { distribution.cumulative(value) } else { random.next_f64() * distribution.p_zero() }
            })
            .collect();
        let n = f64::from(count);
        let distance = distance_from_uniform(transforms);
        assert!(distance <= 0.02, "{:?}: {distance}", model.purchase.kind);
        for (covered, level) in covered.into_iter().zip([0.8, 0.95]) {
            assert!(covered / n >= level - 0.03, "{:?}: {} of {level}", model.purchase.kind, covered / n);
        }
    }
}

/// Customers of all markets whose own distributions are looked at, at least.
const SINGLES: usize = 20_000;

/// Customers of a market whose own ranges are looked at, which take longer.
const RANGED: usize = 3;

/// The Kolmogorov-Smirnov distance from the uniform distribution on 0 to 1.
fn distance_from_uniform(mut transforms: Vec<f64>) -> f64 {
    transforms.sort_by(f64::total_cmp);
    let n = transforms.len() as f64;
    transforms
        .iter()
        .enumerate()
        .fold(0.0f64, |most, (rank, u)| most.max((u - rank as f64 / n).abs()).max((u - (rank + 1) as f64 / n).abs()))
}

/// What became of a market's ranges.
#[derive(Clone)]
struct Outcome {
    /// Whether the ranges at 80 % and 95 % of the market and of a persona of 60 of its members held what they then spent, and
    /// which share of the single customers' did.
    held: [[f64; 2]; 3],
    /// Probability integral transforms of single customers, randomised where there is an atom.
    transforms: Vec<f64>,
    at_boundary: bool,
}

/// Draws a market, fits models to its past, and compares their ranges with what comes.
fn one_market(model: &ValueModel, size: usize, singles: usize, seed: u64) -> Outcome {
    let mut random = SplitMix64::new(1_000 + seed);
    let people: Vec<(Customer, f64)> = (0..size)
        .map(|_| {
            let age = 20.0 + 60.0 * random.next_f64();
            drawn(&mut random, model, age, 52.0)
        })
        .collect();
    let history = |(c, _): &(Customer, f64)| History {
        repeat_purchases: c.repeat_purchases,
        recency: c.recency,
        age: c.age,
        customers: 1.0,
    };
    let spend = |(c, _): &(Customer, f64)| SpendHistory {
        repeat_purchases: c.repeat_purchases,
        mean_spend: c.mean_spend,
        customers: 1.0,
    };
    let purchase = fit(model.purchase.kind, &people.iter().map(history).collect::<Vec<_>>()).unwrap();
    let spend = fit_spend(&people.iter().map(spend).collect::<Vec<_>>()).unwrap();
    let some: Vec<&(Customer, f64)> =
        people.iter().filter(|(customer, _)| customer.repeat_purchases > 0.0).take(60).collect();
    let mut held = [[0.0; 2]; 3];
    let returns = Returns::of_everyone(1.0);
    let uncertain = Uncertain::new(&purchase, &spend, returns);
    let taken: Vec<Customer> = people.iter().take(RANGED).map(|(customer, _)| *customer).collect();
    for (n, level) in [0.8, 0.95].into_iter().enumerate() {
        for ((low, high), (_, value)) in uncertain.ranges(&taken, 52.0, level).into_iter().zip(&people) {
            held[2][n] += f64::from(u8::from((low..=high).contains(value))) / RANGED as f64;
        }
    }
    let transforms = people
        .iter()
        .take(singles)
        .map(|(customer, value)| {
            let distribution = uncertain.distribution(customer, 52.0);
            if *value > 0.0 { distribution.cumulative(*value) } else { random.next_f64() * distribution.p_zero() }
        })
        .collect::<Vec<f64>>();
    for (held, group) in held.iter_mut().zip([people.iter().collect::<Vec<_>>(), some]) {
        let customers: Vec<Customer> = group.iter().map(|(customer, _)| *customer).collect();
        let happened: f64 = group.iter().map(|(_, value)| value).sum();
        let total = total(&purchase, &spend, Returns::of_everyone(1.0), &customers, 52.0);
        for (held, level) in held.iter_mut().zip([0.8, 0.95]) {
            let (low, high) = total.range(level, 0.0);
            *held = f64::from(u8::from((low..=high).contains(&happened)));
        }
    }
    Outcome { held, transforms, at_boundary: purchase.boundary.is_some() || spend.boundary.is_some() }
}

/// Markets, personas and single customers, with models that are fitted anew each time: how often the ranges hold.
#[test]
fn ranges_hold_what_they_say() {
    let [bg, mbg, pareto] = models().map(|model| model.purchase);
    let of = |kind, parameters| PurchaseModel { kind, parameters };
    // Nobody leaves, or all buy at the same rate: most or many fits are at a boundary then.
    let no_dropout = of(Kind::BgNbd, [0.8, 6.0, 1e-4, 2.4]);
    let alike = of(Kind::MbgNbd, [40.0, 400.0, 0.891, 1.614]);
    for (name, purchase, size, markets, least_at_boundary) in [
        ("bg", bg, 500, 800, 0.0),
        ("mbg", mbg, 500, 800, 0.0),
        ("pareto", pareto, 500, 1600, 0.0),
        ("no dropout", no_dropout, 300, 400, 0.7),
        ("alike", alike, 300, 400, 0.3),
    ] {
        let model = ValueModel { purchase, spend: SPEND, returns: Returns::of_everyone(1.0) };
        let draw = |range: core::ops::Range<usize>| -> Vec<Outcome> {
            range.map(|n| one_market(&model, size, SINGLES.div_ceil(markets), n as u64)).collect()
        };
        let outcomes = crate::chunks::map(markets, 8, draw).concat();
        let share = |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / markets as f64;
        for (group, what) in ["market", "persona", "customer"].into_iter().enumerate() {
            for (at, level) in [0.8, 0.95].into_iter().enumerate() {
                let held = share(&|outcome| outcome.held[group][at]);
                println!("{name}, {what}: {held:.4} of {level}");
                // Counts are discrete: a customer's range holds more than it must.
                let most = if what == "customer" { 1.0 } else { level + 0.03 };
                assert!((level - 0.03..=most).contains(&held), "{name}, {what}: {held} of {level}");
            }
        }
        let at_boundary = share(&|outcome| f64::from(u8::from(outcome.at_boundary)));
        assert!(at_boundary >= least_at_boundary, "{name}: {at_boundary} at a boundary");
        let distance = distance_from_uniform(outcomes.into_iter().flat_map(|outcome| outcome.transforms).collect());
        println!("{name}: {at_boundary} at a boundary, distance {distance:.4}");
        assert!(distance <= 0.02, "{name}: {distance}");
    }
}

#[test]
fn quantiles_invert_the_distribution() {
    for model in models() {
        for (x, recency) in [(0.0, 0.0), (1.0, 20.0), (25.0, 27.0), (200.0, 30.0)] {
            let customer = Customer {
                repeat_purchases: x,
                recency,
                age: 31.0,
                mean_spend: 0.7 * x.min(40.0),
                own_net_share: None,
                customers: 1.0,
            };
            let distribution = model.distribution(&customer, 52.0);
            let mut before = 0.0;
            for probability in [0.01, 0.3, 0.5, 0.9, 0.975, 0.999] {
                let value = distribution.quantile(probability);
                assert!(value.is_finite() && value >= before, "{x} {probability}: {value}");
                before = value;
                if probability > distribution.p_zero() {
                    let back = distribution.cumulative(value);
                    assert!((back - probability).abs() < 1e-5, "{x} {probability}: {back}");
                }
            }
        }
    }
}

#[test]
fn moments_are_those_of_the_probabilities() {
    for model in models() {
        for (x, recency, age) in [(0.0, 0.0, 10.0), (3.0, 20.0, 31.0), (30.0, 28.0, 31.0)] {
            let (mean, square) = model.purchase.purchase_moments(x, recency, age, 52.0);
            let probabilities = model.purchase.purchase_probabilities((x, recency, age), 52.0, 400);
            let of =
                |power: i32| probabilities.iter().enumerate().map(|(n, p)| (n as f64).powi(power) * p).sum::<f64>();
            assert!((mean - of(1)).abs() < 1e-5 * (1.0 + mean), "{:?} {x}: {mean} {}", model.purchase.kind, of(1));
            assert!(
                (square - of(2)).abs() < 1e-4 * (1.0 + square),
                "{:?} {x}: {square} {}",
                model.purchase.kind,
                of(2)
            );
        }
    }
}

/// Many purchases in a short life: more to come than a hundred, with a tail far beyond.
#[test]
fn ranges_end_where_much_is_expected() {
    let purchase = PurchaseModel { kind: Kind::ParetoNbd, parameters: [0.0755, 0.535, 0.528, 2.208] };
    let model = ValueModel { purchase, spend: SPEND, returns: Returns::of_everyone(1.0) };
    let customer = Customer {
        repeat_purchases: 7.0,
        recency: 1.143,
        age: 1.143,
        mean_spend: 17.2,
        own_net_share: None,
        customers: 1.0,
    };
    let range = model.distribution(&customer, 52.14).range(0.95);
    let expected = model.expected(&customer, 52.14);
    assert!(range.0 == 0.0 && range.1 > expected && range.1 < 20.0 * expected, "{range:?} {expected}");
}

#[test]
fn a_range_holds_the_expectation() {
    for deviation in [0.0, 1e-6, 1.0, 1e3] {
        let total = Total {
            expected: 1e-6,
            individual_deviation: deviation,
            parameter_deviation: None,
            degrees_of_freedom: f64::INFINITY,
        };
        let (low, high) = total.range(0.95, 0.0);
        assert!(low <= total.expected * (1.0 + 1e-12) && total.expected <= high, "{deviation}: {low} {high}");
    }
}

/// Two-sided 95 % points of Student's t, from the tables of Abramowitz & Stegun 1964, 26.10. What is known exactly makes the
/// whole known better: with as much variance again, four times the degrees of freedom.
#[test]
fn badly_known_deviations_have_wider_ranges() {
    for (degrees_of_freedom, further, expected) in
        [(10.0, 0.0, 2.228), (30.0, 0.0, 2.042), (2.5, 0.1, 2.228), (1e9, 0.0, 1.960), (f64::INFINITY, 0.1, 1.960)]
    {
        let total =
            Total { expected: 7.0, individual_deviation: 0.1, parameter_deviation: Some(0.0), degrees_of_freedom };
        let (low, high) = total.range(0.95, further);
        let deviation = (((0.01 + further * further) / 49.0_f64).ln_1p()).sqrt();
        let got = (high / low).ln() / (2.0 * deviation);
        assert!((got - expected).abs() < 6e-4, "{degrees_of_freedom} {further}: {got} instead of {expected}");
    }
}
