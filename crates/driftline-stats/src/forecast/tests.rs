//! Forecasts on logs whose future is planted: which method wins, what a factor may know, and how far it may go.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::purchase::PurchaseModel;
use crate::purchase_log::Day;
use crate::random::SplitMix64;

const HORIZON: i32 = 90;

const AS_OF: i32 = 10_000;

const KINDS: [Kind; 1] = [Kind::MbgNbd];

/// A log of customers' days with amounts; days of one customer may come in any order.
fn log_of(customers: impl IntoIterator<Item = Vec<(i32, f64)>>) -> PurchaseLog {
    let mut rows = Vec::new();
    for (customer, mut days) in customers.into_iter().enumerate() {
        days.sort_by_key(|(day, _)| *day);
        let day = |(day, net): (i32, f64)| Day { day, is_purchase: net > 0.0, spend: net.max(0.0), net };
        rows.extend(days.into_iter().map(|one| (customer as u32, day(one))));
    }
    PurchaseLog::new(rows, true)
}

/// A customer's own amount, the same in every period.
fn own_amount(customer: i32) -> f64 {
    5.0 + f64::from(customer * 37 % 101)
}

/// Every customer buys every 30 days for years, for always the same; `period` 0 is the last one before as-of, and amounts are
/// multiplied by `times` of the customer and
/// it.
fn steady(customers: i32, times: impl Fn(i32, i32) -> f64) -> PurchaseLog {
    log_of((0..customers).map(|customer| {
        let day = |n: i32| {
            let day = AS_OF + HORIZON - 1 - customer % 30 - 30 * n;
            (day, own_amount(customer) * times(customer, (AS_OF - 1 - day).div_euclid(HORIZON)))
        };
        (0..24).map(day).collect()
    }))
}

/// Four groups who come in one quarter of the year each.
fn seasonal() -> PurchaseLog {
    log_of((0..200).map(|customer| {
        let of_year = |year: i32| (AS_OF - 365 * year + 91 * (customer % 4) + 5 + customer % 60, own_amount(customer));
        (0..4).map(of_year).filter(|(day, _)| *day < AS_OF + HORIZON).collect()
    }))
}

/// Customers of the MBG/NBD and Gamma-Gamma models, who joined in the year and a half before as-of.
fn simulated(customers: usize, seed: u64) -> PurchaseLog {
    let model = PurchaseModel { kind: Kind::MbgNbd, parameters: [1.5, 8.0, 0.9, 2.6] };
    let mut random = SplitMix64::new(seed);
    log_of((0..customers).map(|_| {
        let age = 1 + random.below(540) as i32;
        let rate = random.next_gamma(3.74) / 15.44;
        let until = f64::from(age + HORIZON) / 7.0;
        let mut days = vec![AS_OF - age];
        days.extend(random.purchases(&model, until).iter().map(|week| AS_OF - age + (7.0 * week) as i32));
        days.dedup();
        days.into_iter().map(|day| (day, random.next_gamma(6.25) / rate)).collect()
    }))
}

fn forecast_of(log: &PurchaseLog) -> Forecast {
    forecast(log, Cut::as_of(AS_OF), HORIZON, &KINDS, None).unwrap()
}

fn coming(log: &PurchaseLog, cut: Cut) -> f64 {
    let known = (0..log.customers()).filter(|customer| log.past(*customer, cut).is_some());
    known.flat_map(|customer| log.coming(customer, cut, HORIZON)).map(|day| day.net).sum()
}

#[test]
fn the_method_that_the_data_were_made_by_wins() {
    let (year_before, last, models) = (
        [Method::YearBefore],
        [Method::LastPeriod],
        [Method::PurchaseModel, Method::RecentBlend, Method::LevelledBlend],
    );
    for (name, log, winners) in [
        (
            "at a new level for three periods",
            steady(120, |customer, period| if period < 3 { 1.0 } else { 0.4 + 1.2 * f64::from(customer % 2) }),
            &last[..],
        ),
        ("once a year", seasonal(), &year_before[..]),
        ("drawn from the models", simulated(4_000, 3), &models[..]),
    ] {
        let made = forecast_of(&log);
        let judged = made.judged.as_ref().unwrap();
        assert!(winners.contains(&made.method), "{name}: {} {judged:?}", made.reason);
        let held = held_out(&log, Cut::as_of(AS_OF), HORIZON, &KINDS, &made).unwrap();
        assert!((held.chosen.ratio - 1.0).abs() < 0.1, "{name}: {:?}", held.chosen);
        assert!((held.actual / coming(&log, Cut::as_of(AS_OF)) - 1.0).abs() < 1e-12, "{name}: {}", held.actual);
    }
}

#[test]
fn every_known_customer_has_a_finite_forecast_and_judged_sums_are_the_logs() {
    for log in [steady(60, |_, _| 1.0), seasonal(), simulated(900, 4)] {
        let made = forecast_of(&log);
        for (customer, value) in made.values.iter().enumerate() {
            let known = log.past(customer, Cut::as_of(AS_OF)).is_some();
            assert_eq!(value.is_some(), known, "{customer}");
            assert!(value.is_none_or(|value| value.is_finite() && value >= 0.0), "{customer}: {value:?}");
        }
        let judged = made.judged.unwrap();
        let came = coming(&log, Cut::as_of(AS_OF).earlier(HORIZON));
        assert!((judged.actual / came - 1.0).abs() < 1e-12, "{} {came}", judged.actual);
        for candidate in &judged.candidates {
            let figures = [candidate.mae, candidate.ratio, candidate.top_decile_share];
            assert!(figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0), "{candidate:?}");
            assert!((FACTOR.0..=FACTOR.1).contains(&candidate.factor), "{candidate:?}");
            assert!(candidate.calibrated || candidate.factor == 1.0, "{candidate:?}");
        }
        let spread = made.spread.unwrap();
        for is_part in [false, true] {
            let (low, high) = spread.range_80(1000.0, is_part);
            assert!(low > 0.0 && low < 1000.0 && high > 1000.0 && high.is_finite(), "{low} {high}");
        }
        assert_eq!(spread.range_80(-3.0, true), (0.0, 0.0));
    }
}

/// One customer in ten gave back more than they bought: their forecast is nothing, and the total is what the log says.
#[test]
fn refunds_lower_the_total_and_nobody_is_forecast_below_nothing() {
    let log = steady(120, |customer, period| if customer % 10 == 0 && period == 0 { -1.5 } else { 1.0 });
    let part = Part { most: usize::MAX, method: None };
    let all = origin(&log, Cut::as_of(AS_OF), HORIZON, part, Models::Fit(&KINDS)).unwrap();
    let (_, last) = all.of(Method::LastPeriod).unwrap();
    let net = |customer: &usize| -> f64 {
        log.days(*customer).iter().filter(|day| (AS_OF - HORIZON..AS_OF).contains(&day.day)).map(|day| day.net).sum()
    };
    let total: f64 = all.customers.iter().map(net).sum();
    assert!(total > 0.0 && all.customers.iter().any(|customer| net(customer) < 0.0), "{total}");
    assert!((last.iter().sum::<f64>() / total - 1.0).abs() < 1e-12);
    for (customer, forecast) in all.customers.iter().zip(last) {
        assert!(*forecast >= 0.0 && (*forecast > 0.0) == (net(customer) > 0.0), "{customer}: {forecast}");
    }
}

#[test]
fn blends_are_the_stated_means() {
    let log = simulated(400, 5);
    let everything = Part { most: usize::MAX, method: None };
    let all = origin(&log, Cut::as_of(AS_OF), HORIZON, everything, Models::Fit(&KINDS)).unwrap();
    let of = |method: Method| all.of(method).unwrap().1;
    let sum = |method: Method| of(method).iter().sum::<f64>();
    let plain =
        [Method::LastPeriod, Method::OwnRate, Method::OverallRate, Method::YearBefore, Method::PurchaseModel].map(of);
    for customer in 0..all.customers.len() {
        let mean = plain.iter().map(|values| values[customer]).sum::<f64>() / 5.0;
        assert!((of(Method::Blend)[customer] - mean).abs() <= 1e-12 * (1.0 + mean), "{customer}");
        let recent = 0.4 * of(Method::LastPeriod)[customer]
            + 0.1 * of(Method::OverallRate)[customer]
            + 0.5 * of(Method::PurchaseModel)[customer];
        assert!((of(Method::RecentBlend)[customer] - recent).abs() <= 1e-12 * (1.0 + recent), "{customer}");
        let share = of(Method::LevelledBlend)[customer] / sum(Method::LevelledBlend);
        assert!((share - recent / sum(Method::RecentBlend)).abs() <= 1e-12, "{customer}");
    }
    let total = 0.75 * sum(Method::LastPeriod) + 0.25 * sum(Method::RecentBlend);
    assert!((sum(Method::LevelledBlend) / total - 1.0).abs() < 1e-12);
    // What only one method needs is the same as among all.
    for method in [Method::OwnRate, Method::PurchaseModel, Method::RecentBlend, Method::LevelledBlend, Method::Blend] {
        let part = Part { most: usize::MAX, method: Some(method) };
        let only = origin(&log, Cut::as_of(AS_OF), HORIZON, part, Models::Fit(&KINDS)).unwrap();
        assert_eq!(only.of(method), all.of(method), "{method}");
    }
}

fn factors(judged: &Judged) -> Vec<(Method, f64)> {
    judged.candidates.iter().filter(|c| c.calibrated).map(|c| (c.method, c.factor)).collect()
}

#[test]
fn a_factor_knows_only_what_was_over_at_its_origin() {
    let made = forecast_of(&steady(120, |_, _| 1.0));
    let judged = made.judged.as_ref().unwrap();
    // The last period turns out differently: the candidates' factors were learnt before it, their grades were not.
    let other = forecast_of(&steady(120, |_, period| if period == 0 { 1.3 } else { 1.0 }));
    let otherwise = other.judged.as_ref().unwrap();
    assert_eq!(factors(otherwise), factors(judged));
    assert!(!factors(judged).is_empty());
    let ratio = |judged: &Judged| judged.candidates.iter().find(|c| c.method == Method::LastPeriod).unwrap().ratio;
    assert!((ratio(judged) / ratio(otherwise) - 1.3).abs() < 1e-9, "{} {}", ratio(judged), ratio(otherwise));
    // The period before it is what they were learnt on.
    let earlier = forecast_of(&steady(120, |_, period| if period == 1 { 1.3 } else { 1.0 }));
    assert_ne!(factors(&earlier.judged.unwrap()), factors(judged));
    // What comes after as-of is not looked at.
    let later = forecast_of(&steady(120, |_, period| if period < 0 { 50.0 } else { 1.0 }));
    assert_eq!(later, made);
}

#[test]
fn factors_end_at_their_limits() {
    for (times, expected) in [(1.0, 1.0), (1.2, 1.2), (4.0, 1.5), (0.8, 0.8), (0.1, 0.67)] {
        let made = forecast_of(&steady(120, |_, period| f64::powi(times, -period)));
        let judged = made.judged.unwrap();
        let of_last = factors(&judged).into_iter().find(|(method, _)| *method == Method::LastPeriod).unwrap().1;
        assert!((of_last - expected).abs() < 1e-9, "{times}: {of_last}, not {expected}");
        assert!((FACTOR.0..=FACTOR.1).contains(&made.factor), "{times}: {}", made.factor);
    }
}

#[test]
fn too_little_to_judge_by_is_said_and_nothing_known_is_nothing() {
    let few = forecast_of(&steady(CUSTOMERS_LEAST as i32 - 1, |_, _| 1.0));
    assert_eq!((few.judged, few.spread, few.factor), (None, None, 1.0));
    assert!(few.reason.contains("nothing earlier could be judged"), "{}", few.reason);
    let mut log = steady(60, |_, _| 1.0);
    assert_eq!(forecast(&log, Cut::as_of(AS_OF - 5_000), HORIZON, &KINDS, None), None);
    log.has_amounts = false;
    assert_eq!(forecast(&log, Cut::as_of(AS_OF), HORIZON, &KINDS, None), None);
}
