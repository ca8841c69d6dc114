//! The latest origin customer by customer: what the forecast and plain guesses said there, for a reader to compare.

use super::Raw;
use super::parts::PARTS;
use crate::chunks;
use crate::forecast::{Candidate, Judged, Method, top_tenth};
use crate::purchase_log::{Cut, Past, PurchaseLog};

/// The customers of an origin: what they had bought there, what the models say of them, and what came in each part.
#[derive(Clone, Copy)]
pub(super) struct Customers<'a> {
    pub(super) pasts: &'a [(usize, Past)],
    pub(super) raws: &'a [Raw],
    pub(super) came: &'a [[Option<f64>; PARTS]],
}

/// What each method said of each customer, and what came.
#[derive(Clone, Debug)]
pub(super) struct ByCustomer {
    raws: Vec<Raw>,
    forecasts: Vec<(Method, Vec<f64>)>,
    came: Vec<f64>,
}

/// The forecast before the market's level, the models alone, and plain guesses: what the customer brought in the horizon before,
/// their own rate over their time, and the log's.
pub(super) fn by_customer(log: &PurchaseLog, cut: Cut, horizon_days: i32, customers: &Customers<'_>) -> ByCustomer {
    let Customers { pasts, raws, came } = *customers;
    let horizon = f64::from(horizon_days);
    let longest = pasts.iter().map(|(_, past)| past.age_days).fold(1.0, f64::max);
    let net = |customer: usize, from: i32| -> f64 {
        let sum: f64 = log.seen(customer, cut).iter().filter(|day| day.day >= from).map(|day| day.net).sum();
        sum.max(0.0)
    };
    let last = chunks::each(pasts, |(customer, _)| net(*customer, cut.before - horizon_days));
    let all = chunks::each(pasts, |(customer, _)| net(*customer, i32::MIN));
    let own = |(net, (_, past)): (&f64, &(usize, Past))| net * horizon / past.age_days.max(horizon);
    let forecasts = vec![
        (Method::PurchaseModel, raws.iter().map(|raw| raw.parts[0]).collect()),
        (Method::LastPeriod, last),
        (Method::OwnRate, all.iter().zip(pasts).map(own).collect()),
        (Method::OverallRate, all.iter().map(|net| net * horizon / longest).collect()),
    ];
    ByCustomer { raws: raws.to_vec(), forecasts, came: came.iter().map(|came| came[0].unwrap_or_default()).collect() }
}

impl ByCustomer {
    /// Judges all, with the level that was to be expected then and the weight of the horizon before; `None` if nothing came.
    pub(super) fn judged(&self, factor: f64, recent_weight: f64) -> Option<Judged> {
        let actual: f64 = self.came.iter().sum();
        let count = self.came.len().max(1) as f64;
        let candidate = |(method, forecasts): &(Method, Vec<f64>)| {
            let calibrated = *method == Method::LevelledModel;
            let factor = if calibrated { factor } else { 1.0 };
            let missed: f64 = forecasts.iter().zip(&self.came).map(|(said, came)| (factor * said - came).abs()).sum();
            Candidate {
                method: *method,
                calibrated,
                factor,
                mae: missed / count,
                ratio: factor * forecasts.iter().sum::<f64>() / actual,
                top_decile_share: top_tenth(forecasts, &self.came) / actual,
            }
        };
        let levelled = self.raws.iter().map(|raw| raw.blend(recent_weight)).collect();
        let all = [(Method::LevelledModel, levelled)];
        (actual > 0.0).then(|| Judged {
            customers: self.came.len(),
            actual,
            candidates: all.iter().chain(&self.forecasts).map(candidate).collect(),
        })
    }
}
