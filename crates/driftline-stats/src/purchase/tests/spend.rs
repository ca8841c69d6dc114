//! The spend model on CDNOW and at its edges, and value as purchases times spend.

use super::*;
use crate::error::Error;
use crate::purchase::Scorer;
use crate::random::SplitMix64;
use crate::spend::{LEAST_EXCESS, SpendHistory, SpendModel, fit_spend, fit_spend_winsorised};

fn spend(x: f64, mean_spend: f64) -> SpendHistory {
    SpendHistory { repeat_purchases: x, mean_spend, customers: 1.0 }
}

fn cdnow_spend() -> SpendModel {
    SpendModel::new(6.249572, 3.744225, 15.443521).unwrap()
}

#[test]
fn cdnow_has_the_published_maximum() {
    let histories: Vec<SpendHistory> = cdnow().iter().map(|c| spend(c.x, c.mean_spend)).collect();
    let fit = fit_spend(&histories).unwrap();
    assert!(fit.converged && fit.boundary.is_none(), "{fit:?}");
    assert_eq!(fit.customers, 946.0);
    check("mean", fit.observed_mean, 35.077848, 1e-6);
    check("LL", fit.log_likelihood, -4055.917695, 2e-5);
    check("p", fit.model.p, 6.249572, 1e-4 * 6.25);
    check("q", fit.model.q, 3.744225, 1e-4 * 3.75);
    check("gamma", fit.model.gamma, 15.443521, 1e-4 * 15.4);
    check("population", fit.model.population_mean(), 35.170371, 1e-3);
    let one_by_one: f64 = histories.iter().map(|h| fit.model.log_likelihood(h.repeat_purchases, h.mean_spend)).sum();
    check("sum", one_by_one, fit.log_likelihood, 1e-9);
    let mut shuffled = histories;
    shuffled.reverse();
    assert_eq!(fit_spend(&shuffled).unwrap(), fit);
    // Nobody is far out there: what jobs fit is the same.
    assert_eq!(fit_spend_winsorised(&shuffled).unwrap(), fit);
}

#[test]
fn expectations_are_the_published_ones() {
    // Hardie's spreadsheet for note 025: customers 0001 to 0010 with p, q, γ = 6.25, 3.74, 15.44.
    let model = SpendModel::new(6.25, 3.74, 15.44).unwrap();
    let published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17];
    for (customer, expected) in cdnow().iter().zip(published) {
        check("published", model.expected_spend(customer.x, customer.mean_spend), expected, 0.1);
    }
    for (x, mean, expected) in [
        (2.0, 22.345, 24.653919),
        (1.0, 11.77, 18.910018),
        (29.0, 26.261379, 26.394264),
        (26.0, 39.97, 39.890287),
        (25.0, 37.214, 37.178725),
        (21.0, 299.63381, 294.21719),
        (19.0, 29.485789, 29.614197),
    ] {
        check("recomputed", cdnow_spend().expected_spend(x, mean), expected, 1e-5);
    }
}

#[test]
fn twelve_month_value_follows_the_convention_of_lifetimes() {
    let customers = cdnow();
    let (model, spend) = (cdnow_model(Kind::BgNbd), cdnow_spend());
    let mut scorer = Scorer::discounted(model, 12, 4.345, 0.01);
    let value = |c: &Customer| {
        let purchases = Scorer::discounted(model, 12, 4.345, 0.01).expected_purchases(c.x, c.t_x, c.age);
        purchases * spend.expected_spend(c.x, c.mean_spend)
    };
    let mut values: Vec<f64> = customers.iter().map(value).collect();
    for (customer, value) in customers.iter().zip(&values) {
        let purchases = scorer.expected_purchases(customer.x, customer.t_x, customer.age);
        assert_eq!(purchases * spend.expected_spend(customer.x, customer.mean_spend), *value);
    }
    // Customers 0001, 0002, 0003, 0157, 1516, 0325 and 0841.
    let single = [(1, 36.273979), (2, 4.640936), (3, 8.34448), (157, 625.429255), (1516, 972.045401), (325, 32.861917)];
    for (number, expected) in single {
        check("single", values[number - 1], expected, 2e-5 * expected);
    }
    check("0841", values[840], 495.201091, 0.01);
    let total: f64 = values.iter().sum();
    check("total", total, 71507.953632, 0.5);
    check("mean", total / 2357.0, 30.338546, 3e-4);
    values.sort_by(f64::total_cmp);
    check("median", values[1178], 10.188036, 1e-3);
    check("max", values[2356], 1175.049011, 0.02);
}

#[test]
fn holdout_spend_matches() {
    let (model, spend) = (cdnow_model(Kind::BgNbd), cdnow_spend());
    let forecast =
        |c: &Customer| model.expected_purchases(c.x, c.t_x, c.age, 39.0) * spend.expected_spend(c.x, c.mean_spend);
    let customers = cdnow();
    let total: f64 = customers.iter().map(forecast).sum();
    check("total", total, 59931.627543, 0.5);
    let miss: f64 = customers.iter().map(|c| (forecast(c) - c.holdout_spend).abs()).sum();
    check("MAE", miss / 2357.0, 30.407878, 1e-3);
}

#[test]
fn refuses_what_has_no_maximum() {
    assert_eq!(fit_spend(&[]), Err(Error::NoSpend));
    assert_eq!(fit_spend(&[spend(0.0, 0.0), spend(3.0, 0.0), spend(2.0, -4.0)]), Err(Error::NoSpend));
    assert_eq!(fit_spend(&[spend(2.0, 10.0)]), Err(Error::ConstantSpend { mean_spend: 10.0 }));
    let constant: Vec<SpendHistory> = (1..50).map(|x| spend(f64::from(x % 7 + 1), 9.99)).collect();
    assert_eq!(fit_spend(&constant), Err(Error::ConstantSpend { mean_spend: 9.99 }));
    assert!(matches!(fit_spend(&[spend(1.0, f64::NAN)]), Err(Error::InvalidHistory { .. })));
    assert!(SpendModel::new(1.0, 0.0, 1.0).is_err());
}

#[test]
fn limits_are_finite_and_named() {
    let mut random = SplitMix64::new(3);
    // Customers alike: their means vary by the law of large numbers alone.
    let alike: Vec<SpendHistory> = (0..2000)
        .map(|n| {
            let x = f64::from(n % 5 + 1);
            spend(x, random.next_gamma(4.0 * x) / (4.0 * x) * 30.0)
        })
        .collect();
    // Purchases of a customer alike: the mean does not depend on how many there were.
    let steady: Vec<SpendHistory> =
        (0..2000).map(|n| spend(f64::from(n % 5 + 1), 60.0 / random.next_gamma(3.0))).collect();
    // No mean: q = 0.8.
    let heavy: Vec<SpendHistory> = (0..3000)
        .map(|n| {
            let x = f64::from(n % 5 + 1);
            let rate = random.next_gamma(0.8) / 20.0;
            spend(x, random.next_gamma(5.0 * x) / x / rate)
        })
        .collect();
    let nearly: Vec<SpendHistory> = (0..40).map(|n| spend(f64::from(n % 3 + 1), 10.0 + f64::from(n) * 1e-4)).collect();
    let once: Vec<SpendHistory> = (0..500).map(|_| spend(1.0, random.next_gamma(2.0) * 10.0)).collect();
    let pair = vec![spend(1.0, 10.0), spend(4.0, 1e6)];
    for (name, histories, limit) in [
        ("alike", alike, "customers spend alike"),
        ("steady", steady, "purchases are all alike"),
        ("heavy", heavy, "heavy tail"),
        ("nearly", nearly, ""),
        ("once", once, ""),
        ("pair", pair, ""),
    ] {
        let fit = fit_spend(&histories).unwrap();
        let boundary = fit.boundary.clone().unwrap_or_default();
        assert!(boundary.contains(limit), "{name}: {fit:?}");
        assert!(fit.converged, "{name}: {fit:?}");
        assert!(fit.log_likelihood.is_finite() && fit.model.p <= 1.1e7, "{name}: {fit:?}");
        for x in [0.0, 1.0, 2000.0] {
            for mean in [0.0, 0.01, 30.0, 1e9] {
                let value = fit.model.expected_spend(x, mean);
                assert!(value.is_finite() && value >= 0.0, "{name} {x} {mean}: {value}");
            }
        }
    }
}

#[test]
fn finds_the_parameters_of_a_simulation() {
    let mut random = SplitMix64::new(5);
    let histories: Vec<SpendHistory> = (0..60_000)
        .map(|n| {
            let x = f64::from(n % 6 + 1);
            let rate = random.next_gamma(3.7) / 15.0;
            spend(x, random.next_gamma(6.2 * x) / x / rate)
        })
        .collect();
    let fit = fit_spend(&histories).unwrap();
    let errors = fit.standard_errors.unwrap();
    for (got, (error, truth)) in
        [fit.model.p, fit.model.q, fit.model.gamma].into_iter().zip(errors.into_iter().zip([6.2, 3.7, 15.0]))
    {
        check("parameter", got, truth, 3.5 * error);
        assert!(error < 0.05 * truth, "{error}");
    }
}

#[test]
fn value_rises_with_spend() {
    for model in [cdnow_spend(), SpendModel::new(1e6, 0.5, 1e-5).unwrap(), SpendModel::new(0.01, 1e6, 1e6).unwrap()] {
        for x in [0.0, 1.0, 2.0, 29.0, 2000.0] {
            let mut last = 0.0;
            for mean in [f64::NAN, -5.0, 0.0, 0.01, 1.0, 35.0, 1e4, 1e12, f64::INFINITY] {
                let value = model.expected_spend(x, mean);
                assert!(value.is_finite() && value >= last, "{model:?} {x} {mean}: {value} after {last}");
                last = value;
            }
        }
        assert!(model.population_mean() <= model.p * model.gamma / LEAST_EXCESS);
    }
}
