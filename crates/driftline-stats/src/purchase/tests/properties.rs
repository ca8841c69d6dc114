//! What must hold of every model and history, swept over grids that reach far beyond what data give.

use super::*;
use crate::purchase::{Fit, counted::Counted, counted::merge};

/// Parameters from tiny to huge, with those at which published forms fail: a = 1 and next to it, s = 1, a + b < 1,
/// α = β.
fn models() -> Vec<PurchaseModel> {
    let mut models = Vec::new();
    for kind in Kind::ALL {
        for (r, alpha) in [(1e-6, 1e-3), (0.25, 4.4), (0.5, 7.0), (3.0, 0.01), (1e4, 1e5)] {
            for (first, second) in [
                (1e-9, 1.0),
                (1e-6, 1e-6),
                (0.2, 0.3),
                (1.0, 2.0),
                (1.0 + 1e-12, 2.0),
                (1.0 - 1e-9, 7.0),
                (0.8, 2.4),
                (5.0, 1e-4),
                (1e4, 3e5),
                (2.0, 1.0),
            ] {
                models.push(PurchaseModel::new(kind, [r, alpha, first, second]).unwrap());
            }
        }
    }
    models
}

const PASTS: [(f64, f64, f64); 9] = [
    (0.0, 0.0, 0.0),
    (0.0, 0.0, 39.0),
    (0.0, 0.0, 1e4),
    (1.0, 0.142857, 0.142857),
    (1.0, 1.71, 38.86),
    (29.0, 37.714, 38.0),
    (12.0, 2.0, 500.0),
    (2000.0, 700.0, 728.0),
    (2000.0, 3.0, 728.0),
];

#[test]
fn everything_is_finite_and_in_range() {
    for model in models() {
        for (x, t_x, age) in PASTS {
            let name = format!("{model:?} x {x} t_x {t_x} T {age}");
            assert!(model.log_likelihood(x, t_x, age).is_finite(), "{name}");
            let alive = model.p_alive(x, t_x, age);
            assert!((0.0..=1.0).contains(&alive), "{name}: alive {alive}");
            let (mut last_risk, mut last_purchases) = (1.0, 0.0);
            for horizon in [0.0, 1e-6, 1.0, 13.0, 52.0, 520.0] {
                let risk = model.p_no_purchase(x, t_x, age, horizon);
                assert!((0.0..=1.0).contains(&risk) && risk <= last_risk + 1e-14, "{name} h {horizon}: {risk}");
                let purchases = model.expected_purchases(x, t_x, age, horizon);
                let enough = purchases.is_finite() && purchases >= last_purchases * (1.0 - 1e-12);
                assert!(enough, "{name} h {horizon}: {purchases} after {last_purchases}");
                // One purchase at least needs an expectation at least as large.
                assert!(1.0 - risk <= purchases + 1e-12, "{name} h {horizon}: {risk} {purchases}");
                (last_risk, last_purchases) = (risk, purchases);
            }
        }
    }
}

#[test]
fn risk_is_the_ratio_of_likelihoods() {
    for model in models() {
        for (x, t_x, age) in PASTS {
            for horizon in [1.0, 13.0, 52.0] {
                let later = model.log_likelihood(x, t_x, age + horizon) - model.log_likelihood(x, t_x, age);
                let risk = model.p_no_purchase(x, t_x, age, horizon);
                let rounding = 1e-12 * (1.0 + model.log_likelihood(x, t_x, age).abs());
                check(&format!("{model:?} {x} {t_x} {age} {horizon}"), risk, libm::exp(later), 1e-11 + rounding);
            }
        }
    }
}

#[test]
fn more_recent_is_never_riskier() {
    for model in models() {
        for x in [1.0, 2.0, 7.0, 50.0, 2000.0] {
            for age in [1.0, 38.86, 500.0] {
                let (mut last_alive, mut last_risk) = (0.0, 1.0);
                for step in 1..=40 {
                    let t_x = age * f64::from(step) / 40.0;
                    let (alive, risk) = (model.p_alive(x, t_x, age), model.p_no_purchase(x, t_x, age, 13.0));
                    let name = format!("{model:?} x {x} t_x {t_x} T {age}");
                    assert!(alive >= last_alive - 1e-13, "{name}: {alive} after {last_alive}");
                    assert!(risk <= last_risk + 1e-13, "{name}: {risk} after {last_risk}");
                    (last_alive, last_risk) = (alive, risk);
                }
            }
        }
    }
}

#[test]
fn counts_add_up() {
    for model in [cdnow_model(Kind::BgNbd), cdnow_model(Kind::MbgNbd), cdnow_model(Kind::ParetoNbd)] {
        for (x, t_x, age) in [(0.0, 0.0, 39.0), (2.0, 30.43, 38.86), (26.0, 30.86, 31.0), (0.0, 0.0, 0.0)] {
            let name = format!("{} x {x}", model.kind);
            let probabilities = model.purchase_probabilities((x, t_x, age), 39.0, 400);
            check(&name, probabilities.iter().sum(), 1.0, 1e-9);
            let mean: f64 = probabilities.iter().zip(0_u32..).map(|(p, n)| p * f64::from(n)).sum();
            let expected = model.expected_purchases(x, t_x, age, 39.0);
            check(&name, mean, expected, 1e-7 * expected);
        }
    }
    // One dropout rate for all, dropout at once or never, one purchase rate for all, more purchases than are asked for.
    for (parameters, x, t_x, age) in [
        ([11.2, 954.6, 1e6, 2.2e8], 3.0, 40.0, 41.0),
        ([0.8, 1.65, 0.003, 1e-112], 2.0, 10.0, 30.0),
        ([1e6, 1.1e8, 1e-8, 5e-10], 1.0, 2.0, 60.0),
        ([0.6, 10.0, 0.7, 9.0], 2000.0, 700.0, 700.0),
        ([3.0, 0.01, 2.0, 40.0], 50.0, 700.0, 700.0),
    ] {
        let model = PurchaseModel::new(Kind::ParetoNbd, parameters).unwrap();
        let probabilities = model.purchase_probabilities((x, t_x, age), 52.0, 600);
        check(&format!("{parameters:?}"), probabilities.iter().sum(), 1.0, 1e-9);
        let mean: f64 = probabilities.iter().zip(0_u32..).map(|(p, n)| p * f64::from(n)).sum();
        let expected = model.expected_purchases(x, t_x, age, 52.0);
        check(&format!("{parameters:?}"), mean, expected, 1e-7 * expected);
    }
    let heavy = PurchaseModel::new(Kind::MbgNbd, [0.7, 10.0, 0.01, 5.0]).unwrap();
    let probabilities = heavy.purchase_probabilities((2000.0, 700.0, 700.0), 100.0, 800);
    check("x = 2000", probabilities.iter().sum(), 1.0, 1e-9);
}

#[test]
fn quantiles_invert_the_risk() {
    for kind in Kind::ALL {
        let model = cdnow_model(kind);
        for (x, t_x, age) in [(2.0, 30.43, 38.86), (26.0, 30.86, 31.0), (1.0, 38.0, 38.86)] {
            for probability in [0.01, 0.1, 0.5, 0.9] {
                let Some(time) = model.time_to_next_purchase_quantile(x, t_x, age, probability) else {
                    assert!(model.p_no_purchase(x, t_x, age, 1e9) > 1.0 - probability);
                    continue;
                };
                check("risk", 1.0 - model.p_no_purchase(x, t_x, age, time), probability, 1e-10);
            }
            assert_eq!(model.time_to_next_purchase_quantile(x, t_x, age, 0.0), Some(0.0));
            assert_eq!(model.time_to_next_purchase_quantile(x, t_x, age, 1.0), None);
        }
        assert!(model.time_to_next_purchase_quantile(26.0, 30.86, 31.0, 0.5).is_some());
        assert_eq!(model.time_to_next_purchase_quantile(21.0, 4.7, 29.3, 0.5), None);
    }
}

#[test]
fn gradients_match_differences() {
    let counted = Counted::new(&merge(&histories(&cdnow()[..400])).unwrap());
    let value = |kind: Kind, point: [f64; 4]| {
        let model = PurchaseModel { kind, parameters: point.map(libm::exp) };
        counted.log_likelihood(&model)
    };
    for model in models().into_iter().chain(Kind::ALL.map(cdnow_model)) {
        let point = model.parameters.map(libm::log);
        let (total, gradient) = value(model.kind, point);
        if !total.is_finite() || total < -1e6 {
            continue;
        }
        for n in 0..4 {
            let at = |by: f64| {
                let mut moved = point;
                moved[n] += by;
                value(model.kind, moved).0
            };
            let step = 1e-3;
            let slope = (8.0 * (at(step) - at(-step)) - at(2.0 * step) + at(-2.0 * step)) / (12.0 * step);
            let scale = 1.0 + gradient[n].abs() + 1e-3 * total.abs();
            assert!((slope - gradient[n]).abs() < 1e-6 * scale, "{model:?} {n}: {slope} {}", gradient[n]);
        }
    }
}

#[test]
fn input_outside_the_rules_is_moved_inside() {
    let model = cdnow_model(Kind::MbgNbd);
    assert_eq!(model.p_alive(-1.0, 5.0, 39.0), model.p_alive(0.0, 0.0, 39.0));
    assert_eq!(model.p_alive(2.0, 50.0, 39.0), model.p_alive(2.0, 39.0, 39.0));
    assert_eq!(model.expected_purchases(f64::NAN, 0.0, 39.0, 52.0), model.expected_purchases(0.0, 0.0, 39.0, 52.0));
    for kind in Kind::ALL {
        let model = cdnow_model(kind);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -3.0, 0.4, 1e300] {
            for (x, t_x, age, horizon) in
                [(odd, 3.0, 39.0, 52.0), (2.0, odd, 39.0, 52.0), (2.0, 3.0, odd, 52.0), (2.0, 3.0, 39.0, odd)]
            {
                assert!(model.log_likelihood(x, t_x, age).is_finite(), "{kind} {x} {t_x} {age}");
                assert!(model.expected_purchases(x, t_x, age, horizon).is_finite(), "{kind} {x} {t_x} {age} {horizon}");
                assert!((0.0..=1.0).contains(&model.p_no_purchase(x, t_x, age, horizon)));
            }
        }
    }
}

#[test]
fn fits_travel_as_text() {
    // The derives are used by others; a fit keeps its shape.
    fn assert_serde<T: serde::Serialize + for<'de> serde::Deserialize<'de>>() {}
    assert_serde::<Fit>();
    assert_eq!("paretonbd".parse::<Kind>().unwrap(), Kind::ParetoNbd);
    assert_eq!(Kind::MbgNbd.to_string(), "mbgnbd");
    assert!("pareto".parse::<Kind>().is_err());
    assert!(PurchaseModel::new(Kind::BgNbd, [1.0, 0.0, 1.0, 1.0]).is_err());
    assert!(PurchaseModel::new(Kind::BgNbd, [1.0, f64::NAN, 1.0, 1.0]).is_err());
}
