//! CDNOW, calibrated to 1997-09-30, held out to 1998-06-30: fits and scores against values computed with lifetimes 0.11.3
//! (optima polished by Nelder-Mead) and confirmed by CLVTools 0.12.1 to the printed digits.

use super::*;
use crate::purchase::{Fit, Scorer, choose, fit};

struct Expected {
    kind: Kind,
    parameters: [f64; 4],
    log_likelihood: f64,
    total_expected: f64,
    mae: f64,
    rmse: f64,
    correlation: f64,
    sum_p_alive: f64,
}

const EXPECTED: [Expected; 3] = [
    Expected {
        kind: Kind::BgNbd,
        parameters: [0.242595, 4.413602, 0.792922, 2.425906],
        log_likelihood: -9582.429207,
        total_expected: 1653.408734,
        mae: 0.785454,
        rmse: 1.607982,
        correlation: 0.625647,
        sum_p_alive: 1917.277672,
    },
    Expected {
        kind: Kind::MbgNbd,
        parameters: [0.524843, 6.183086, 0.891359, 1.614002],
        log_likelihood: -9582.135716,
        total_expected: 1576.728372,
        mae: 0.764779,
        rmse: 1.607183,
        correlation: 0.627253,
        sum_p_alive: 1057.636446,
    },
    Expected {
        kind: Kind::ParetoNbd,
        parameters: [0.553277, 10.577683, 0.60624, 11.668737],
        log_likelihood: -9594.976179,
        total_expected: 1665.513064,
        mae: 0.754523,
        rmse: 1.602848,
        correlation: 0.630223,
        sum_p_alive: 1051.875264,
    },
];

fn fitted(kind: Kind) -> Fit {
    fit(kind, &histories(&cdnow())).unwrap()
}

#[test]
fn summary_is_the_published_one() {
    let customers = cdnow();
    let sum = |of: fn(&Customer) -> f64| customers.iter().map(of).sum::<f64>();
    check("x", sum(|c| c.x), 2457.0, 0.0);
    check("t_x", sum(|c| c.t_x), 16135.571429, 1e-5);
    check("T", sum(|c| c.age), 77111.285714, 1e-5);
    check("m", sum(|c| c.mean_spend) / 946.0, 35.077848, 1e-6);
    check("holdout", sum(|c| c.holdout_purchases), 1882.0, 0.0);
    check("holdout spend", sum(|c| c.holdout_spend), 70976.39, 1e-6);
}

#[test]
fn fits_reach_the_maximum() {
    for expected in EXPECTED {
        let fit = fitted(expected.kind);
        assert!(fit.converged && fit.boundary.is_none(), "{fit:?}");
        check("LL", fit.log_likelihood, expected.log_likelihood, 2e-5);
        for (got, parameter) in fit.model.parameters.into_iter().zip(expected.parameters) {
            check(&expected.kind.to_string(), got, parameter, 1e-4 * parameter);
        }
        assert_eq!((fit.customers, fit.histories), (2357.0, 1016));
    }
}

#[test]
fn standard_errors_are_the_published_ones() {
    // lifetimes, docs/Quickstart.md.
    let [r, alpha, ..] = fitted(Kind::BgNbd).standard_errors.unwrap();
    check("r", r, 0.012557, 2e-6);
    check("alpha", alpha, 0.378221, 2e-5);
    // CLVTools, test_correctness_pnbd_nocovstaticcov.R.
    let published = [0.0476264, 0.8427222, 0.1872594, 6.2105448];
    for (got, expected) in fitted(Kind::ParetoNbd).standard_errors.unwrap().into_iter().zip(published) {
        check("paretonbd", got, expected, 2e-3 * expected);
    }
}

#[test]
fn holdout_forecasts_match() {
    let customers = cdnow();
    for expected in EXPECTED {
        let model = fitted(expected.kind).model;
        let count = customers.len() as f64;
        let forecast: Vec<f64> = customers.iter().map(|c| model.expected_purchases(c.x, c.t_x, c.age, 39.0)).collect();
        let mut scorer = Scorer::new(model, 39.0);
        for (customer, value) in customers.iter().zip(&forecast) {
            assert_eq!(scorer.expected_purchases(customer.x, customer.t_x, customer.age), *value);
        }
        let total: f64 = forecast.iter().sum();
        check("total", total, expected.total_expected, 1e-4 * total);
        let actual: Vec<f64> = customers.iter().map(|c| c.holdout_purchases).collect();
        let mean =
            |of: &dyn Fn(f64, f64) -> f64| forecast.iter().zip(&actual).map(|(&f, &a)| of(f, a)).sum::<f64>() / count;
        check("MAE", mean(&|f, a| (f - a).abs()), expected.mae, 2e-5);
        check("RMSE", mean(&|f, a| (f - a) * (f - a)).sqrt(), expected.rmse, 2e-5);
        let (mean_f, mean_a) = (total / count, 1882.0 / count);
        let covariance = mean(&|f, a| (f - mean_f) * (a - mean_a));
        let variances = mean(&|f, _| (f - mean_f).powi(2)) * mean(&|_, a| (a - mean_a).powi(2));
        check("correlation", covariance / variances.sqrt(), expected.correlation, 1e-5);
        let alive: f64 = customers.iter().map(|c| model.p_alive(c.x, c.t_x, c.age)).sum();
        check("sum of P(alive)", alive, expected.sum_p_alive, 0.05);
    }
}

#[test]
fn single_customers_match() {
    // x, t_x, T, t; then expected purchases and P(alive) of BG/NBD and of Pareto/NBD.
    let cases = [
        ([2.0, 30.43, 38.86, 39.0], (1.225907, 0.726609), (1.455099, 0.869116)),
        ([26.0, 30.86, 31.0, 52.0], (25.759042, 0.968919), (25.456318, 0.997918)),
        ([0.0, 0.0, 39.0, 39.0], (0.194216, 1.0), (0.106504, 0.294276)),
        ([1.0, 1.71, 38.86, 39.0], (0.203255, 0.212232), (0.170979, 0.167871)),
        ([7.0, 29.43, 38.86, 39.0], (3.337185, 0.641795), (3.711699, 0.749412)),
        ([4.0, 38.86, 38.86, 39.0], (2.710559, 0.872497), (2.985665, 1.0)),
    ];
    for ([x, t_x, age, horizon], bgnbd, paretonbd) in cases {
        for (kind, (purchases, alive)) in [(Kind::BgNbd, bgnbd), (Kind::ParetoNbd, paretonbd)] {
            let model = cdnow_model(kind);
            check("expected", model.expected_purchases(x, t_x, age, horizon), purchases, 5e-6);
            check("P(alive)", model.p_alive(x, t_x, age), alive, 2e-6);
        }
    }
    // Customers 0001, 0002, 0157, 1516, 0325, 1901 and 0841 with the BG/NBD at full precision.
    let cases = [
        (2.0, 30.428571, 38.857143, 1.225994, 0.72662),
        (1.0, 1.714286, 38.857143, 0.203419, 0.212391),
        (0.0, 0.0, 38.857143, 0.194794, 1.0),
        (29.0, 37.714286, 38.0, 20.05525, 0.969221),
        (26.0, 30.857143, 31.0, 20.748904, 0.968854),
        (25.0, 27.285714, 36.857143, 0.748549, 0.04093),
        (21.0, 4.714286, 29.285714, 0.0, 0.0),
        (19.0, 34.0, 34.142857, 14.183974, 0.959975),
    ];
    for (x, t_x, age, purchases, alive) in cases {
        let model = cdnow_model(Kind::BgNbd);
        check("expected", model.expected_purchases(x, t_x, age, 39.0), purchases, 2e-5);
        check("P(alive)", model.p_alive(x, t_x, age), alive, 2e-6);
    }
}

#[test]
fn tracking_follows_the_cohorts() {
    let customers = cdnow();
    for (kind, calibration, end) in
        [(Kind::BgNbd, 2493.956942, 4160.609338), (Kind::ParetoNbd, 2524.932608, 4270.040394)]
    {
        let model = cdnow_model(kind);
        let until = |more: f64| customers.iter().map(|c| model.expected_purchases_new(c.age + more)).sum::<f64>();
        check("calibration", until(0.0), calibration, 1e-5 * calibration);
        check("end", until(39.0), end, 1e-5 * end);
    }
}

#[test]
fn the_default_is_chosen_when_level() {
    let choice = choose(&Kind::ALL, &histories(&cdnow())).unwrap();
    assert_eq!(choice.fit.model.kind, Kind::MbgNbd);
    assert_eq!(choice.considered.len(), 3);
    assert_eq!(
        choice.reason,
        "mbgnbd has the best log-likelihood (mbgnbd -9582.14, bgnbd -9582.43, paretonbd -9594.98)"
    );
}

#[test]
fn order_and_grouping_change_no_bit() {
    let mut shuffled = histories(&cdnow());
    let expected = fit(Kind::MbgNbd, &shuffled).unwrap();
    shuffled.reverse();
    shuffled.swap(3, 1700);
    assert_eq!(fit(Kind::MbgNbd, &shuffled).unwrap(), expected);
}
