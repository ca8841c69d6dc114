//! The whole job on simulated logs: sums that must agree, what a fit may know, and when the backtest overrules likelihood.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::purchase::PurchaseModel;
use crate::purchase_log::{Cut, Day};
use crate::random::SplitMix64;

const CALIBRATION: i32 = 5_000;

const OBSERVED_BEFORE: i32 = 5_180;

/// Customers of the MBG/NBD and Gamma-Gamma models who joined in the year before the calibration's end; from `changed_from` on
/// every amount is ten times as high and every day one later.
fn simulated(customers: u32, changed_from: i32) -> PurchaseLog {
    let model = PurchaseModel { kind: Kind::MbgNbd, parameters: [1.2, 6.0, 0.9, 2.6] };
    let mut random = SplitMix64::new(21);
    let mut rows = Vec::new();
    for customer in 0..customers {
        let first = CALIBRATION - 1 - random.below(360) as i32;
        let rate = random.next_gamma(3.74) / 15.44;
        let until = f64::from(OBSERVED_BEFORE - 2 - first) / 7.0;
        let mut days = vec![first];
        days.extend(random.purchases(&model, until).iter().map(|week| first + (7.0 * week) as i32));
        days.dedup();
        for day in days {
            let amount = random.next_gamma(6.25) / rate;
            let (day, amount) = if day >= changed_from { (day + 1, 10.0 * amount) } else { (day, amount) };
            rows.push((customer, Day { day, is_purchase: true, spend: amount, net: 0.9 * amount }));
        }
    }
    PurchaseLog::new(rows, true)
}

fn settings(horizon: Horizon) -> Settings {
    Settings {
        kinds: vec![Kind::BgNbd, Kind::MbgNbd],
        unit_days: 7.0,
        calibration: Cut::as_of(CALIBRATION),
        observed_before: OBSERVED_BEFORE,
        horizon,
    }
}

const YEAR: Horizon = Horizon::Days(365.0);

#[test]
fn sums_of_customers_are_the_totals() {
    let log = simulated(1_500, i32::MAX);
    for horizon in [YEAR, Horizon::Discounted { periods: 12, period_days: 365.0 / 12.0, discount: 0.01 }] {
        let settings = settings(horizon);
        let result = lifetime(&log, &settings).unwrap();
        let scores = scores(&log, &settings, &result);
        let (value, low, high) = result.value.unwrap();
        let sum: f64 = scores.iter().map(|score| score.value.unwrap()).sum();
        assert!((sum / value - 1.0).abs() < 1e-9, "{horizon:?}: {sum} {value}");
        assert!(low < value && value < high && low > 0.0 && high.is_finite(), "{low} {value} {high}");
        let undiscounted = result.total.unwrap().expected;
        match horizon {
            Horizon::Days(_) => assert_eq!(value, undiscounted),
            // Twelve months at a hundredth each are worth between 88 and 100 hundredths.
            Horizon::Discounted { .. } => assert!((0.88..1.0).contains(&(value / undiscounted)), "{value}"),
        }
        assert!((result.net_share - 0.9).abs() < 1e-12, "{}", result.net_share);
        assert_eq!((result.customers, scores.len()), (1_500, 1_500));
        let repeats: f64 = scores.iter().map(|score| score.past.repeat_purchases).sum();
        assert_eq!(result.repeat_purchases, repeats);
        for score in &scores {
            let finite = score.expected_purchases.is_finite() && score.expected_purchases >= 0.0;
            assert!(finite && (0.0..=1.0).contains(&score.p_alive), "{score:?}");
        }
    }
}

#[test]
fn holdout_and_tracking_count_what_happened() {
    let log = simulated(1_500, i32::MAX);
    let result = lifetime(&log, &settings(YEAR)).unwrap();
    let bought = |from: i32, customer: usize| log.days(customer).iter().filter(|day| day.day >= from).count() as f64;
    let holdout = result.holdout.unwrap();
    let came: f64 = (0..log.customers()).map(|customer| bought(CALIBRATION, customer)).sum();
    assert_eq!(holdout.actual, came);
    // The data are the model's own: about right in sum, and better than nobody coming.
    assert!((holdout.expected / came - 1.0).abs() < 0.1, "{holdout:?}");
    assert!(holdout.mae < came / 1_500.0 && holdout.rmse >= holdout.mae, "{holdout:?}");
    assert!(holdout.correlation.is_some_and(|r| r > 0.4), "{holdout:?}");
    let all: f64 = (0..log.customers()).map(|customer| log.days(customer).len() as f64 - 1.0).sum();
    let [actual, expected] =
        [|week: &Week| week.actual, |week: &Week| week.expected].map(|of| result.tracking.iter().map(of).sum::<f64>());
    assert_eq!(actual, all);
    assert!((expected / actual - 1.0).abs() < 0.1, "{expected} {actual}");
    assert!(result.tracking.iter().all(|week| week.expected.is_finite() && week.expected >= -1e-9));
}

#[test]
fn what_comes_after_calibration_judges_and_is_not_learnt_from() {
    let [plain, changed] =
        [i32::MAX, CALIBRATION].map(|from| lifetime(&simulated(1_500, from), &settings(YEAR)).unwrap());
    assert_eq!((&plain.fit, &plain.spend, &plain.reason), (&changed.fit, &changed.spend, &changed.reason));
    assert_eq!((plain.value, plain.net_share, &plain.backtest), (changed.value, changed.net_share, &changed.backtest));
    let cut = simulated(1_500, CALIBRATION - 100);
    assert_ne!(lifetime(&cut, &settings(YEAR)).unwrap().fit, plain.fit);
}

#[test]
fn the_backtest_overrules_likelihood_only_beyond_a_twentieth() {
    let log = simulated(1_500, i32::MAX);
    let cut = Cut::as_of(CALIBRATION);
    let histories: Vec<History> = log.pasts(cut, usize::MAX).iter().map(|(_, past)| past.history(7.0)).collect();
    let kinds = [Kind::BgNbd, Kind::MbgNbd];
    let likeliest = choose(&kinds, &histories).unwrap().fit.model.kind;
    let other = if likeliest == Kind::BgNbd { Kind::MbgNbd } else { Kind::BgNbd };
    let tested = |model: Kind, mae: f64| Backtested { model, customers: 9, days: 90, actual: 1.0, expected: 1.0, mae };
    for (mae, winner) in [(0.9, likeliest), (1.04, likeliest), (1.06, other), (3.0, other)] {
        let backtest = [tested(likeliest, mae), tested(other, 1.0)];
        let (fit, considered, reason) = chosen(&kinds, &histories, &backtest).unwrap();
        assert_eq!(fit.model.kind, winner, "{mae}: {reason}");
        assert_eq!(considered.len(), 2, "{mae}");
        assert!(reason.contains(&format!("{likeliest} {mae:.4}")), "{reason}");
    }
    let (fit, _, reason) = chosen(&kinds, &histories, &[]).unwrap();
    assert!(fit.model.kind == likeliest && !reason.contains("mean error"), "{reason}");
}

#[test]
fn without_a_spend_model_there_is_a_reason_or_a_limit() {
    let log = simulated(400, i32::MAX);
    let mut silent = log.clone();
    silent.has_amounts = false;
    let result = lifetime(&silent, &settings(YEAR)).unwrap();
    assert_eq!((result.value, result.spend_reason.as_deref()), (None, Some("amounts are missing")));
    let alike = (0..log.customers()).flat_map(|customer| {
        let day = move |day: &Day| (customer as u32, Day { spend: 12.5, net: 12.5, ..*day });
        log.days(customer).iter().map(day).collect::<Vec<_>>()
    });
    let alike = PurchaseLog::new(alike, true);
    let result = lifetime(&alike, &settings(YEAR)).unwrap();
    assert!(result.spend.is_none() && result.spend_reason.is_some(), "{:?}", result.spend_reason);
    for score in scores(&alike, &settings(YEAR), &result) {
        assert!((score.expected_spend.unwrap() - 12.5).abs() < 1e-6, "{score:?}");
    }
    assert_eq!(lifetime(&PurchaseLog::default(), &settings(YEAR)).unwrap_err(), Error::NoCustomers);
}
