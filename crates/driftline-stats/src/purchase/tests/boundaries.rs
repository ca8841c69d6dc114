//! Data at which other packages raise, return NaN or run away: each gets a finite, named answer or a named refusal.

use super::*;
use crate::error::Error;
use crate::purchase::{Fit, fit};
use crate::random::SplitMix64;

fn history(x: f64, t_x: f64, age: f64, customers: f64) -> History {
    History { repeat_purchases: x, recency: t_x, age, customers }
}

/// Fits, and asserts that all that comes out is finite and that the fit has converged.
fn finite_fit(kind: Kind, histories: &[History]) -> Fit {
    let fit = fit(kind, histories).unwrap();
    assert!(fit.converged, "{fit:?}");
    assert!(
        fit.log_likelihood.is_finite() && fit.model.parameters.iter().all(|p| p.is_finite() && *p > 0.0),
        "{fit:?}"
    );
    assert_eq!(fit.standard_errors.is_none(), fit.boundary.is_some(), "{fit:?}");
    for history in histories.iter().take(200) {
        let History { repeat_purchases: x, recency, age, .. } = *history;
        let purchases = fit.model.expected_purchases(x, recency, age, 52.0);
        assert!(purchases.is_finite() && purchases >= 0.0, "{fit:?} {history:?}: {purchases}");
        let risk = fit.model.p_no_purchase(x, recency, age, 13.0);
        assert!((0.0..=1.0).contains(&risk), "{fit:?} {history:?}: {risk}");
    }
    fit
}

/// The histories of a case of `reference/odd_logs.csv`, in weeks.
fn odd_log(case: &str) -> Vec<History> {
    let lines = include_str!("../../../reference/odd_logs.csv").lines();
    let of = |line: &str| {
        let cells: Vec<f64> = line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
        history(cells[0], cells[1] / 7.0, cells[2] / 7.0, cells[3])
    };
    lines.filter(|line| line.split(',').next() == Some(case)).map(of).collect()
}

#[test]
fn finds_the_maximum_of_odd_logs() {
    // The best that Nelder-Mead of scipy 1.17 found from several starts, by the likelihoods of the module's text in numpy.
    // The maximum of `two_classes` is at β = 0, which doubles cannot near; it is the value at ln β = −600.
    let cases = [
        ("regular", Kind::BgNbd, -211685.7808),
        ("regular", Kind::MbgNbd, -211686.0324),
        ("regular", Kind::ParetoNbd, -211686.0680),
        ("thousands", Kind::BgNbd, 53643.0829),
        ("thousands", Kind::MbgNbd, 53643.0744),
        ("thousands", Kind::ParetoNbd, 53645.4676),
        ("two_classes", Kind::BgNbd, -4758.7818),
        ("two_classes", Kind::ParetoNbd, -4588.4654),
        ("rare", Kind::BgNbd, -931.6206),
        ("rare", Kind::MbgNbd, -931.6206),
        ("rare", Kind::ParetoNbd, -931.6102),
    ];
    for (case, kind, best) in cases {
        let fit = finite_fit(kind, &odd_log(case));
        assert!(fit.log_likelihood >= best - 0.02, "{case} {kind}: {} instead of {best}", fit.log_likelihood);
    }
}

/// The same customers many times over, each time a hair older, have too many histories to search them all afresh.
#[test]
fn finds_the_maximum_of_odd_logs_that_are_large() {
    for (case, kind) in [
        ("thousands", Kind::ParetoNbd),
        ("two_classes", Kind::BgNbd),
        ("two_classes", Kind::ParetoNbd),
        ("rare", Kind::BgNbd),
        ("rare", Kind::MbgNbd),
        ("rare", Kind::ParetoNbd),
    ] {
        let few = odd_log(case);
        let older = |h: &History, by: f64| History { recency: h.recency * by, age: h.age * by, ..*h };
        let many: Vec<History> = (0..20_000_usize.div_ceil(few.len()))
            .flat_map(|copy| few.iter().map(move |h| older(h, 1.0 + 1e-7 * copy as f64)))
            .collect();
        let known = finite_fit(kind, &few).model;
        let likelihood = |h: &History| h.customers * known.log_likelihood(h.repeat_purchases, h.recency, h.age);
        let best: f64 = many.iter().map(likelihood).sum();
        let fit = finite_fit(kind, &many);
        assert!(fit.log_likelihood >= best - 0.02, "{case} {kind}: {} instead of {best}", fit.log_likelihood);
    }
}

/// Purchases of customers who never drop out: a gamma mixture of Poisson processes (NBD), or one process for all.
fn without_dropout(r: Option<f64>, customers: usize) -> Vec<History> {
    let mut random = SplitMix64::new(3);
    let one = |_| {
        let age = 20.0 + 60.0 * random.next_f64();
        let rate = 0.15 * r.map_or(1.0, |r| random.next_gamma(r) / r);
        let (mut x, mut last, mut time) = (0.0, 0.0, random.next_exponential() / rate);
        while time <= age {
            (x, last) = (x + 1.0, time);
            time += random.next_exponential() / rate;
        }
        history(x, last, age, 1.0)
    };
    (0..customers).map(one).collect()
}

#[test]
fn refuses_what_has_no_maximum() {
    for kind in Kind::ALL {
        assert_eq!(fit(kind, &[]), Err(Error::NoCustomers));
        let once = [history(0.0, 0.0, 30.0, 500.0), history(0.0, 0.0, 12.0, 80.0)];
        assert_eq!(fit(kind, &once), Err(Error::NoRepeatPurchases { customers: 580.0 }));
    }
}

#[test]
fn refuses_invalid_histories() {
    let invalid = [
        history(1.5, 3.0, 9.0, 1.0),
        history(-1.0, 3.0, 9.0, 1.0),
        history(1.0, 10.0, 9.0, 1.0),
        history(1.0, 0.0, 9.0, 1.0),
        history(0.0, 3.0, 9.0, 1.0),
        history(1.0, 3.0, f64::INFINITY, 1.0),
        history(1.0, f64::NAN, 9.0, 1.0),
        history(1.0, 3.0, 9.0, 0.0),
        history(1.0, 3.0, 9.0, f64::NAN),
    ];
    for broken in invalid {
        let given = [history(2.0, 3.0, 9.0, 5.0), broken];
        assert!(matches!(fit(Kind::MbgNbd, &given), Err(Error::InvalidHistory { .. })), "{broken:?}");
    }
}

#[test]
fn no_dropout_is_the_nbd_limit() {
    let histories = without_dropout(Some(0.7), 1500);
    for kind in Kind::ALL {
        let fit = finite_fit(kind, &histories);
        // Either the limit, or so little dropout that chance explains it.
        let alive: f64 = histories.iter().map(|h| fit.model.p_alive(h.repeat_purchases, h.recency, h.age)).sum();
        assert!(alive > 0.95 * 1500.0, "{fit:?}: {alive}");
        let again = fit.model.expected_purchases(5.0, 39.0, 40.0, 10.0);
        let [r, alpha, ..] = fit.model.parameters;
        check("NBD mean", again, (r + 5.0) / (alpha + 40.0) * 10.0, 0.03 * again);
    }
}

#[test]
fn one_rate_for_all_is_the_poisson_limit() {
    let histories = without_dropout(None, 800);
    for kind in Kind::ALL {
        let fit = finite_fit(kind, &histories);
        let [r, alpha, ..] = fit.model.parameters;
        check("rate", r / alpha, 0.15, 0.01);
        assert!(r > 20.0, "{fit:?}");
    }
}

#[test]
fn one_customer_and_few_customers() {
    for kind in Kind::ALL {
        for single in [history(1.0, 3.0, 9.0, 1.0), history(5.0, 30.0, 30.0, 1.0), history(2000.0, 700.0, 728.0, 1.0)] {
            let fit = finite_fit(kind, &[single]);
            assert!(fit.boundary.is_some(), "{fit:?}");
        }
        finite_fit(kind, &[history(1.0, 3.0, 9.0, 40.0)]);
        finite_fit(kind, &[history(0.0, 0.0, 9.0, 40.0), history(1.0, 0.142857, 9.0, 1.0)]);
        finite_fit(kind, &[history(0.0, 0.0, 0.0, 10.0), history(1.0, 1.0, 1.0, 1.0), history(2.0, 1.0, 700.0, 1.0)]);
    }
}

#[test]
fn all_but_one_bought_once() {
    for kind in Kind::ALL {
        finite_fit(kind, &[history(0.0, 0.0, 52.0, 5000.0), history(3.0, 20.0, 52.0, 1.0)]);
    }
}

#[test]
fn huge_counts_among_usual_ones() {
    let mut histories = histories(&cdnow());
    histories.extend([history(2000.0, 38.0, 38.5, 1.0), history(1500.0, 12.0, 38.5, 1.0)]);
    for kind in Kind::ALL {
        finite_fit(kind, &histories);
    }
}

#[test]
fn units_of_time_change_nothing_but_the_scale() {
    let weeks = histories(&cdnow());
    let days: Vec<History> =
        weeks.iter().map(|h| History { recency: h.recency * 7.0, age: h.age * 7.0, ..*h }).collect();
    for kind in Kind::ALL {
        let (by_week, by_day) = (fit(kind, &weeks).unwrap(), fit(kind, &days).unwrap());
        check("r", by_day.model.parameters[0], by_week.model.parameters[0], 1e-6);
        check("alpha", by_day.model.parameters[1], 7.0 * by_week.model.parameters[1], 1e-4);
        // A density over times: each of the 2457 purchases has one over the unit.
        check("LL", by_day.log_likelihood, by_week.log_likelihood - 2457.0 * libm::log(7.0), 1e-6);
    }
}

#[test]
fn grouped_customers_count_as_many() {
    let single = histories(&cdnow());
    let tenfold: Vec<History> = single.iter().map(|h| History { customers: 10.0, ..*h }).collect();
    let (one, ten) = (fit(Kind::MbgNbd, &single).unwrap(), fit(Kind::MbgNbd, &tenfold).unwrap());
    check("LL", ten.log_likelihood, 10.0 * one.log_likelihood, 1e-6);
    let (of_one, of_ten) = (one.standard_errors.unwrap(), ten.standard_errors.unwrap());
    check("error", of_ten[0], of_one[0] / libm::sqrt(10.0), 1e-6);
}

#[test]
fn expectation_is_smooth_through_a_equal_to_one() {
    for kind in [Kind::BgNbd, Kind::MbgNbd] {
        let at = |a: f64| PurchaseModel::new(kind, [0.24, 4.4, a, 2.4]).unwrap().expected_purchases_new(52.0);
        let middle = at(1.0);
        for distance in [1e-15, 1e-12, 1e-9, 1e-6] {
            check("a = 1", at(1.0 + distance), middle, distance + 1e-13);
            check("a = 1", at(1.0 - distance), middle, distance + 1e-13);
        }
    }
    let at = |s: f64| PurchaseModel::new(Kind::ParetoNbd, [0.5, 10.0, s, 11.0]).unwrap().expected_purchases_new(52.0);
    check("s = 1", at(1.0 + 1e-12), at(1.0), 1e-11);
}
