//! How each model does on the last third of the calibration time.

use serde::Serialize;

use super::settings::Settings;
use crate::error::Error;
use crate::purchase::{History, Kind, Scorer, fit};
use crate::purchase_log::{Past, PurchaseLog};
use crate::random::mix;

/// Customers a backtest is run on at most, drawn by a hash of their number.
const BACKTESTED_AT_MOST: usize = 40_000;

/// A model's mean absolute error in the last third of the calibration time, fitted on the first two.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtested {
    pub model: Kind,
    pub customers: usize,
    pub days: i32,
    pub actual: f64,
    pub expected: f64,
    pub mae: f64,
}

pub(super) fn backtest(log: &PurchaseLog, settings: &Settings) -> Vec<Backtested> {
    let cut = settings.calibration;
    let first = (0..log.customers()).filter_map(|customer| Some(log.seen(customer, cut).first()?.day)).min();
    let days = first.map_or(0, |first| (cut.before - first) / 3);
    if days < 7 {
        return Vec::new();
    }
    let inner = cut.earlier(days);
    let all = log.customers();
    let taken = |customer: &usize| {
        all <= BACKTESTED_AT_MOST || mix(*customer as u64) % (all as u64) < BACKTESTED_AT_MOST as u64
    };
    let past: Vec<(usize, Past)> =
        (0..all).filter(taken).filter_map(|customer| Some((customer, log.past(customer, inner)?))).collect();
    let histories: Vec<History> = past.iter().map(|(_, past)| past.history(settings.unit_days)).collect();
    let tested = settings.kinds.iter().map(|&kind| {
        let model = fit(kind, &histories)?.model;
        let mut scorer = Scorer::new(model, f64::from(days) / settings.unit_days);
        let (mut actual, mut expected, mut missed) = (0.0, 0.0, 0.0);
        for ((customer, _), h) in past.iter().zip(&histories) {
            let happened = log.coming(*customer, inner, days).iter().filter(|day| day.is_purchase).count() as f64;
            let forecast = scorer.expected_purchases(h.repeat_purchases, h.recency, h.age);
            actual += happened;
            expected += forecast;
            missed += (happened - forecast).abs();
        }
        let mae = missed / past.len().max(1) as f64;
        Ok(Backtested { model: kind, customers: past.len(), days, actual, expected, mae })
    });
    // A first part that nobody bought twice in tells nothing.
    tested.collect::<Result<Vec<_>, Error>>().unwrap_or_default()
}
