//! What came after the calibration, beside what the chosen model says of it.

use serde::Serialize;

use super::settings::Settings;
use crate::purchase::{PurchaseModel, Scorer};
use crate::purchase_log::{Past, PurchaseLog};

/// What was forecast for the holdout and what happened, in purchase days.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holdout {
    pub weeks: f64,
    pub actual: f64,
    pub expected: f64,
    pub mae: f64,
    pub rmse: f64,
    /// Of expected and actual purchases of a customer; `None` if either does not vary.
    pub correlation: Option<f64>,
}

/// Repeat purchases of one week, by the customers seen in calibration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Week {
    /// Weeks since the first purchase of the log, from 1.
    pub week: i32,
    pub actual: f64,
    pub expected: f64,
}

pub(super) fn holdout(
    log: &PurchaseLog,
    model: &PurchaseModel,
    past: &[(usize, Past)],
    settings: &Settings,
) -> Option<Holdout> {
    let days = settings.observed_before - settings.calibration.before;
    if days <= 0 || past.is_empty() {
        return None;
    }
    let mut scorer = Scorer::new(*model, f64::from(days) / settings.unit_days);
    let (mut actual, mut expected, mut missed, mut squared) = (0.0, 0.0, 0.0, 0.0);
    let (mut actual_squares, mut expected_squares, mut products) = (0.0, 0.0, 0.0);
    for (customer, past) in past {
        let h = past.history(settings.unit_days);
        let happened = log.coming(*customer, settings.calibration, days).iter().filter(|day| day.is_purchase).count();
        let happened = happened as f64;
        let forecast = scorer.expected_purchases(h.repeat_purchases, h.recency, h.age);
        actual += happened;
        expected += forecast;
        missed += (happened - forecast).abs();
        squared += (happened - forecast) * (happened - forecast);
        actual_squares += happened * happened;
        expected_squares += forecast * forecast;
        products += happened * forecast;
    }
    let n = past.len() as f64;
    let variance = |squares: f64, sum: f64| (squares / n - sum * sum / n / n).max(0.0);
    let spread = libm::sqrt(variance(actual_squares, actual) * variance(expected_squares, expected));
    let correlation = (spread > 1e-12).then(|| ((products / n - actual * expected / n / n) / spread).clamp(-1.0, 1.0));
    Some(Holdout {
        weeks: f64::from(days) / 7.0,
        actual,
        expected,
        mae: missed / n,
        rmse: libm::sqrt(squared / n),
        correlation,
    })
}

/// Repeat purchases a week: what happened, and what the model expects of customers when they join.
pub(super) fn tracking(
    log: &PurchaseLog,
    model: &PurchaseModel,
    past: &[(usize, Past)],
    settings: &Settings,
) -> Vec<Week> {
    let cut = settings.calibration;
    let first_days: Vec<(usize, i32)> =
        past.iter().map(|(customer, past)| (*customer, cut.age_to - past.age_days as i32)).collect();
    let Some(start) = first_days.iter().map(|(_, day)| *day).min() else { return Vec::new() };
    let last = settings.observed_before.max(cut.before);
    let weeks = (last - start + 6) / 7;
    let mut joined = vec![0.0; (cut.before - start).max(0) as usize];
    let mut actual = vec![0.0; weeks.max(0) as usize];
    for (customer, first) in &first_days {
        joined[(first - start) as usize] += 1.0;
        for day in log.days(*customer).iter().filter(|day| day.is_purchase && day.day > *first && day.day < last) {
            actual[((day.day - start) / 7) as usize] += 1.0;
        }
    }
    // Expected repeat purchases of one customer by their age in days, up to the longest seen.
    let ages = (last - start).max(0) as usize;
    let by_age: Vec<f64> =
        (0..=ages).map(|age| model.expected_purchases_new(age as f64 / settings.unit_days)).collect();
    let cumulative = |day: i32| -> f64 {
        let of = |(first, customers): (usize, &f64)| {
            let age = day - first as i32;
            if *customers > 0.0 && age > 0 { customers * by_age[age as usize] } else { 0.0 }
        };
        joined.iter().enumerate().map(of).sum()
    };
    let mut before = 0.0;
    let week = |(index, actual): (usize, f64)| {
        let until = cumulative(((index as i32 + 1) * 7).min(last - start));
        let expected = until - before;
        before = until;
        Week { week: index as i32 + 1, actual, expected }
    };
    actual.into_iter().enumerate().map(week).collect()
}
