//! What customers will bring in a horizon to come: candidates judged on an earlier origin of the same log, the winner used.
//!
//! With the as-of day A and the horizon H, calibration factors are learnt on the origin A − 2H (what happened in the H days
//! after it), candidates with those factors are judged on the origin A − H, and the winner forecasts at A with a factor
//! learnt on A − H. Every candidate forecasts each customer's net amount:
//!
//! * `purchase_model`: expected purchases times expected spend, less what is given back.
//! * `last_period`: what the customer brought in the H days before.
//! * `own_rate`: net amount a day since the first purchase (over at least H days), for H days.
//! * `overall_rate`: net amount a day of the log, for H days.
//! * `year_before`: what the customer brought in the same days a year before, if the log reaches back that far.
//! * `recent_blend`: .4 `last_period`, .1 `overall_rate`, .5 `purchase_model`, which ranks customers better.
//! * `levelled_blend`: `recent_blend` times one factor, so that its total is a quarter its own and three quarters that of
//!   `last_period`. The models know who brings more than whom; what a market brings in all they only see through an average
//!   of its whole past.
//! * `blend`: the mean of all of the above but `recent_blend` and `levelled_blend`.
//!
//! Who gave back more than they bought is forecast nothing, and the others so much less that a method's total stays.
//!
//! The winner has the least mean absolute error among those whose total is within 5 % of what happened, or no further off
//! than that of the best of the plain ones (all but the purchase model and the blends); of those within 2 % of that error
//! the one whose top tenth holds most.

mod method;
mod origin;

use crate::purchase::Kind;
use crate::purchase_log::{Cut, PurchaseLog};
use crate::value::ValueModel;
pub use method::{FACTOR, Method, Spread, level_deviation};
pub(crate) use origin::top_tenth;
use origin::{Models, Origin, Part, origin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Predicted over actual total outside this range makes a level uncertain.
pub const CERTAIN: (f64, f64) = (0.9, 1.1);

/// How far a total may be off, as a part of what happened, before it counts against a candidate.
const TOTAL_OFF: f64 = 0.05;

/// Errors this close to the least, as a part of it, are level; the better ranking then decides.
const LEVEL: f64 = 0.02;

/// Customers at an origin below which nothing is judged.
const CUSTOMERS_LEAST: usize = 50;

/// A candidate on the judged origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    pub method: Method,
    /// Whether the forecast was multiplied by a factor learnt on the origin before.
    pub calibrated: bool,
    pub factor: f64,
    /// Mean absolute error a customer, in the log's currency.
    pub mae: f64,
    /// Predicted over actual total.
    pub ratio: f64,
    /// Share of what happened that the tenth of customers with the highest forecasts brought.
    pub top_decile_share: f64,
}

/// Candidates judged on one origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judged {
    pub customers: usize,
    pub actual: f64,
    pub candidates: Vec<Candidate>,
}

/// The forecast of a horizon to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    pub method: Method,
    pub calibrated: bool,
    /// What the method's forecasts are multiplied by at the as-of day.
    pub factor: f64,
    pub reason: String,
    pub judged: Option<Judged>,
    /// Of each customer of the log; `None` before the first purchase.
    pub values: Vec<Option<f64>>,
    /// How far sums were off on the judged origin; `None` if nothing was judged.
    pub spread: Option<Spread>,
}

impl Forecast {
    /// Whether the judged total was further off than [`CERTAIN`] allows.
    pub fn is_level_uncertain(&self) -> bool {
        let chosen = self.judged.as_ref().and_then(|judged| {
            judged.candidates.iter().find(|c| c.method == self.method && c.calibrated == self.calibrated)
        });
        chosen.is_none_or(|chosen| !(CERTAIN.0..=CERTAIN.1).contains(&chosen.ratio))
    }
}

/// Customers that earlier origins are judged on at most, drawn by a hash of their number.
const SAMPLED_AT_MOST: usize = 100_000;

/// Forecasts the `horizon_days` after `as_of`. `kinds` are the purchase models to consider, `known` is what was fitted at
/// `as_of` already, if anything was. `None` without customers or amounts.
pub fn forecast(
    log: &PurchaseLog,
    as_of: Cut,
    horizon_days: i32,
    kinds: &[Kind],
    known: Option<&ValueModel>,
) -> Option<Forecast> {
    if !log.has_amounts {
        return None;
    }
    let usable = |origin: &Origin| origin.customers.len() >= CUSTOMERS_LEAST && origin.total() > 0.0;
    let past = Part { most: SAMPLED_AT_MOST, method: None };
    let last = origin(log, as_of.earlier(horizon_days), horizon_days, past, Models::Fit(kinds)).filter(usable);
    let before = origin(log, as_of.earlier(2 * horizon_days), horizon_days, past, Models::Fit(kinds)).filter(usable);
    let judged = last.as_ref().map(|last| judge(last, before.as_ref()));
    let (method, calibrated, reason) = match &judged {
        Some(judged) => choice(judged),
        None => (Method::PurchaseModel, false, "nothing earlier could be judged".to_owned()),
    };
    let everyone = Part { most: usize::MAX, method: Some(method) };
    let now = origin(log, as_of, horizon_days, everyone, known.map_or(Models::Fit(kinds), Models::Known))?;
    let (method, values) = match now.of(method).or_else(|| now.of(Method::LastPeriod)) {
        Some((method, values)) => (method, values),
        None => return None,
    };
    let factor = last.as_ref().filter(|_| calibrated).and_then(|last| last.factor(method)).unwrap_or(1.0);
    let spread = last.as_ref().and_then(|last| last.spread(method, before.as_ref().filter(|_| calibrated)));
    let mut all = vec![None; log.customers()];
    for (customer, value) in now.customers.iter().zip(values) {
        all[*customer] = Some(value * factor);
    }
    Some(Forecast { method, calibrated, factor, reason, judged, values: all, spread })
}

/// A forecast and its candidates, uncalibrated, judged by what came after the as-of day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldOut {
    pub days: i32,
    pub actual: f64,
    pub chosen: Candidate,
    pub candidates: Vec<Candidate>,
}

/// Judges a forecast by what the log holds after `as_of`. `None` if nothing came.
pub fn held_out(
    log: &PurchaseLog,
    as_of: Cut,
    horizon_days: i32,
    kinds: &[Kind],
    forecast: &Forecast,
) -> Option<HeldOut> {
    let everyone = Part { most: usize::MAX, method: None };
    let origin = origin(log, as_of, horizon_days, everyone, Models::Fit(kinds)).filter(|o| o.total() > 0.0)?;
    let values: Vec<f64> =
        origin.customers.iter().map(|customer| forecast.values[*customer].unwrap_or_default()).collect();
    let chosen = Candidate {
        calibrated: forecast.calibrated,
        factor: forecast.factor,
        ..score(&origin, forecast.method, &values, None)
    };
    let Judged { actual, candidates, .. } = judge(&origin, None);
    Some(HeldOut { days: horizon_days, actual, chosen, candidates })
}

fn judge(last: &Origin, before: Option<&Origin>) -> Judged {
    let mut candidates = Vec::new();
    for (method, forecasts) in &last.forecasts {
        candidates.push(score(last, *method, forecasts, None));
        if let Some(factor) = before.and_then(|before| before.factor(*method)) {
            candidates.push(score(last, *method, forecasts, Some(factor)));
        }
    }
    Judged { customers: last.customers.len(), actual: last.total(), candidates }
}

fn score(origin: &Origin, method: Method, forecasts: &[f64], calibration: Option<f64>) -> Candidate {
    let factor = calibration.unwrap_or(1.0);
    let count = forecasts.len().max(1) as f64;
    let missed: f64 = forecasts.iter().zip(&origin.actual).map(|(f, actual)| (factor * f - actual).abs()).sum();
    let predicted: f64 = forecasts.iter().sum::<f64>() * factor;
    let total = origin.total();
    Candidate {
        method,
        calibrated: calibration.is_some(),
        factor,
        mae: missed / count,
        ratio: predicted / total,
        top_decile_share: origin.of_top_tenth(forecasts) / total,
    }
}

fn choice(judged: &Judged) -> (Method, bool, String) {
    let is_plain = |c: &&Candidate| {
        !c.calibrated
            && !matches!(c.method, Method::PurchaseModel | Method::RecentBlend | Method::LevelledBlend | Method::Blend)
    };
    let by_error = |a: &&Candidate, b: &&Candidate| a.mae.total_cmp(&b.mae);
    let off = |c: &Candidate| (c.ratio - 1.0).abs();
    let allowed = judged.candidates.iter().filter(is_plain).min_by(by_error).map_or(TOTAL_OFF, off).max(TOTAL_OFF);
    let fitting = || judged.candidates.iter().filter(|c| off(c) <= allowed);
    let least = fitting().map(|c| c.mae).fold(f64::INFINITY, f64::min);
    let chosen = fitting()
        .filter(|c| c.mae <= (1.0 + LEVEL) * least)
        .max_by(|a, b| a.top_decile_share.total_cmp(&b.top_decile_share).then(b.mae.total_cmp(&a.mae)))
        .or_else(|| judged.candidates.iter().min_by(|a, b| off(a).total_cmp(&off(b))));
    match chosen {
        Some(c) => {
            let how = if c.calibrated { "calibrated " } else { "" };
            let reason = format!(
                "{how}{} had the least error a customer ({:.2}, or within 2 % of it) of those whose total was not off by more than {:.0} %",
                c.method,
                c.mae,
                100.0 * allowed
            );
            (c.method, c.calibrated, reason)
        }
        None => (Method::PurchaseModel, false, "nothing could be judged".to_owned()),
    }
}

#[cfg(test)]
mod tests;
