//! Tests of the purchase models: against published values, against simulations, and at the edges.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod boundaries;
mod cdnow;
mod properties;
mod published;
mod recovery;
mod spend;

use super::{History, Kind, PurchaseModel};

/// Fails unless `got` is within `tolerance` of `expected`.
fn check(name: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{name}: {got} instead of {expected} ± {tolerance}");
}

/// CDNOW's maximum likelihood parameters.
fn cdnow_model(kind: Kind) -> PurchaseModel {
    let parameters = match kind {
        Kind::BgNbd => [0.242595, 4.413602, 0.792922, 2.425906],
        Kind::MbgNbd => [0.524843, 6.183086, 0.891359, 1.614002],
        Kind::ParetoNbd => [0.553277, 10.577683, 0.60624, 11.668737],
    };
    PurchaseModel::new(kind, parameters).unwrap()
}

/// A customer of `reference/cdnow_histories.csv`, in weeks and US dollars.
#[derive(Clone, Copy, Debug)]
struct Customer {
    x: f64,
    t_x: f64,
    age: f64,
    /// Mean spend of the repeat purchases; 0 without any.
    mean_spend: f64,
    holdout_purchases: f64,
    holdout_spend: f64,
}

fn cdnow() -> Vec<Customer> {
    let lines = include_str!("../../reference/cdnow_histories.csv").lines().filter(|line| !line.starts_with('#'));
    let customers: Vec<Customer> = lines
        .map(|line| {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            let [x, recency_days, age_days, cents, holdout_purchases, holdout_cents] = cells.try_into().unwrap();
            Customer {
                x,
                t_x: recency_days / 7.0,
                age: age_days / 7.0,
                mean_spend: if x > 0.0 { cents / 100.0 / x } else { 0.0 },
                holdout_purchases,
                holdout_spend: holdout_cents / 100.0,
            }
        })
        .collect();
    assert_eq!(customers.len(), 2357);
    customers
}

fn histories(customers: &[Customer]) -> Vec<History> {
    let history = |c: &Customer| History { repeat_purchases: c.x, recency: c.t_x, age: c.age, customers: 1.0 };
    customers.iter().map(history).collect()
}
