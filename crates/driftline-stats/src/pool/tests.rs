//! Small markets drawn from a known population: the pooled fit is nearer the truth than the market's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::purchase::{PurchaseModel, choose, fit};
use crate::random::SplitMix64;
use crate::returns::Returns;
use crate::spend::{SpendModel, fit_spend};
use crate::value::{Customer, ValueModel, total};

/// The population: middles of r, r/α, a+b, a/b and of p, q, typical spend; and the spread between markets in logarithms.
const PURCHASE: [f64; 4] = [0.7, 0.1, 3.0, 0.4];
const SPEND: [f64; 3] = [5.0, 4.0, 25.0];
const SPREAD: f64 = 0.35;

fn market(random: &mut SplitMix64) -> ValueModel {
    let mut moved = |middle: f64| middle * libm::exp(SPREAD * random.next_normal());
    let [r, rate, sum, odds] = PURCHASE.map(&mut moved);
    let [p, q, typical] = SPEND.map(&mut moved);
    let a = sum * odds / (1.0 + odds);
    let purchase = PurchaseModel { kind: Kind::MbgNbd, parameters: [r, r / rate, a, sum - a] };
    ValueModel {
        purchase,
        spend: SpendModel { p, q: q.max(1.5), gamma: typical * q.max(1.5) / p, own_above: None },
        returns: Returns::of_everyone(1.0),
    }
}

fn logs(random: &mut SplitMix64, model: &ValueModel, customers: usize) -> (Vec<History>, Vec<SpendHistory>) {
    let of = |_| {
        let age = 10.0 + 42.0 * random.next_f64();
        let times = random.purchases(&model.purchase, age);
        let x = times.len() as f64;
        let rate = random.next_gamma(model.spend.q) / model.spend.gamma;
        let spend: f64 = times.iter().map(|_| random.next_gamma(model.spend.p) / rate).sum();
        let recency = times.last().copied().unwrap_or_default();
        let history = History { repeat_purchases: x, recency, age, customers: 1.0 };
        (
            history,
            SpendHistory { repeat_purchases: x, mean_spend: if x > 0.0 { spend / x } else { 0.0 }, customers: 1.0 },
        )
    };
    (0..customers).map(of).unzip()
}

/// Root mean square error of the logarithm of a year's value, over kinds of customers that every market has.
fn error(found: &ValueModel, truth: &ValueModel) -> f64 {
    let customers = [(0.0, 0.0, 20.0), (1.0, 10.0, 30.0), (3.0, 25.0, 40.0), (8.0, 38.0, 45.0)];
    let squares = customers.map(|(repeat_purchases, recency, age)| {
        let mean_spend = if repeat_purchases > 0.0 { 30.0 } else { 0.0 };
        let customer = Customer { repeat_purchases, recency, age, mean_spend, own_net_share: None, customers: 1.0 };
        let off = libm::log(found.expected(&customer, 52.0).max(1e-9) / truth.expected(&customer, 52.0));
        off * off
    });
    libm::sqrt(squares.iter().sum::<f64>() / squares.len() as f64)
}

/// How often of `draws` the pooled fit of a small market is the nearer one, with so many large markets beside it.
fn nearer(draws: u64, markets: usize) -> f64 {
    let mut wins = 0.0;
    for draw in 0..draws {
        let mut random = SplitMix64::new(1_000 + draw);
        let large: Vec<(Fit, SpendFit)> = (0..markets)
            .map(|_| {
                let truth = market(&mut random);
                let (histories, spends) = logs(&mut random, &truth, 1_500);
                (fit(Kind::MbgNbd, &histories).unwrap(), fit_spend(&spends).unwrap())
            })
            .collect();
        let pairs: Vec<(&Fit, &SpendFit)> = large.iter().map(|(purchase, spend)| (purchase, spend)).collect();
        let pool = pool(&pairs).unwrap();
        assert_eq!(pool.is_spread_estimated, pool.markets >= ESTIMATED_FROM);
        let truth = market(&mut random);
        let (histories, spends) = logs(&mut random, &truth, 70);
        let own = ValueModel {
            purchase: choose(&[Kind::MbgNbd], &histories).unwrap().fit.model,
            spend: fit_spend(&spends).unwrap().model,
            returns: Returns::of_everyone(1.0),
        };
        let purchase = purchase_in(&pool, &histories).unwrap();
        let spend = spend_in(&pool, &spends).unwrap();
        assert!(purchase.converged && spend.converged && purchase.covariance_log.is_some(), "{purchase:?} {spend:?}");
        let pooled = ValueModel { purchase: purchase.model, spend: spend.model, returns: Returns::of_everyone(1.0) };
        wins += f64::from(u8::from(error(&pooled, &truth) < error(&own, &truth)));
    }
    wins / draws as f64
}

#[test]
fn the_pooled_fit_is_nearer_the_truth() {
    let estimated = nearer(60, 8);
    assert!(estimated >= 0.8, "{estimated}");
    let stated = nearer(60, 2);
    assert!(stated >= 0.8, "{stated}");
}

#[test]
fn much_data_speaks_for_itself_and_none_says_the_middle() {
    let mut random = SplitMix64::new(5);
    let truth = market(&mut random);
    let (histories, spends) = logs(&mut random, &truth, 20_000);
    let own = (fit(Kind::MbgNbd, &histories).unwrap(), fit_spend(&spends).unwrap());
    let middle = pool(&[(&own.0, &own.1)]).unwrap();
    assert_eq!((middle.markets, middle.is_spread_estimated), (1, false));
    let far = Pool { purchase: Expected { mean: middle.purchase.mean.map(|m| m + 1.0), ..middle.purchase }, ..middle };
    let found = purchase_in(&far, &histories).unwrap().model.parameters;
    for (found, own) in found.iter().zip(own.0.model.parameters) {
        assert!((found / own - 1.0).abs() < 0.1, "{found} {own}");
    }
    let one = [History { repeat_purchases: 1.0, recency: 3.0, age: 20.0, customers: 1.0 }];
    let found = point_of(&purchase_in(&middle, &one).unwrap()).unwrap().0;
    for (found, mean) in found.iter().zip(middle.purchase.mean) {
        assert!((found - mean).abs() < 0.4, "{found} {mean}");
    }
    assert_eq!(pool(&[]), None);
}

/// The same customers' value is less sure by a small market's pooled fits than by a large market's own.
#[test]
fn pooled_fits_have_wider_ranges() {
    let mut random = SplitMix64::new(6);
    let truth = market(&mut random);
    let (histories, spends) = logs(&mut random, &truth, 1_500);
    let own = (fit(Kind::MbgNbd, &histories).unwrap(), fit_spend(&spends).unwrap());
    let pool = pool(&[(&own.0, &own.1)]).unwrap();
    let other = market(&mut random);
    let (few, few_spends) = logs(&mut random, &other, 70);
    let pooled = (purchase_in(&pool, &few).unwrap(), spend_in(&pool, &few_spends).unwrap());
    let customers: Vec<Customer> = histories
        .iter()
        .zip(&spends)
        .map(|(history, spend)| Customer {
            repeat_purchases: history.repeat_purchases,
            recency: history.recency,
            age: history.age,
            mean_spend: spend.mean_spend,
            own_net_share: None,
            customers: 1.0,
        })
        .collect();
    let width = |(purchase, spend): &(Fit, SpendFit)| {
        let total = total(purchase, spend, Returns::of_everyone(1.0), &customers, 52.0);
        let (low, high) = total.range(0.95, 0.0);
        (high - low) / total.expected
    };
    assert!(width(&pooled) > 2.0 * width(&own), "{} {}", width(&pooled), width(&own));
}
