//! Churn risk: the probability that a customer does not buy in the `horizon_days` days after a cut, and how good the
//! scores of several candidates are, chosen honestly in time.
//!
//! With the as-of day A and the horizon H, [`assess`] fits on the cut A − 2H (label: the H days after it), judges and
//! chooses on the cut A − H (label: the H days up to A), then fits the winner again on A − H and scores at A. Nothing
//! from a cut on is seen by what is fitted at it, and no customer is scored before their first purchase.
//!
//! # Candidates
//!
//! * `recency`: the days since the last purchase; as a probability, a logistic regression on its logarithm alone.
//! * `purchase_model`: P(no purchase in H) of the purchase model fitted at the cut, without any label.
//! * `purchase_model_calibrated`: the same with an intercept and a slope of at least 0 on its logit, fitted on the labels.
//! * `logistic`: a ridge-regularised logistic regression on the features of [`features`], the purchase model's
//!   probability among them; the strength of the penalty is chosen by cross-validation inside its own cut.
//! * `logistic_levelled`: the same, shifted by one number on the logit scale to the purchase model's mean risk.
//! * `blend`: the mean of the logits of `logistic` and `purchase_model`, shifted likewise.
//! * `levelled_blend`: the same blend at the mean risk of the purchase model after a shift of its logits. From five earlier
//!   origins on it is forecast from those that would have been right there ([`crate::level`]): seasons and growth move everyone's
//!   risk. With at most two the shift goes half-way to the regression's mean risk: in so young a log neither of the two is known
//!   to be nearer. Between, a regression takes the last season for the level, and there is no shift.
//!
//! The levelled blend is taken while it ranks well, is calibrated and its log loss is within 5 % of the winner's: how a level did in
//! one horizon says little of the next one. Else the method in use is, if its is within 2 %. The winner has the lowest log loss among those whose AUC is within 0.005 of the best and whose calibration error is at most 0.03,
//! or at most 0.005 above the least. Nobody's protected attribute is a feature: all are of purchases.

mod features;
mod fitted;
mod levelled;
mod logistic;
mod method;
mod metrics;
mod snapshot;

pub use features::{FAMILIES, FEATURES, Feature, features};
pub use fitted::FittedRisk;
pub(crate) use levelled::right_shift;
pub use logistic::{Logistic, fit_logistic};
pub use method::Method;
pub use metrics::{Quality, ReliabilityBin, quality};

use crate::level::Shift;
use crate::purchase::Kind;
use crate::purchase::bands::Bands;
use crate::purchase_log::{Cut, PurchaseLog};
use levelled::{at_level, half_way, known_shift, levelled};
use method::BLENDED;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use snapshot::{Kinds, Snapshot, calibrated, fit_rows, fitted, snapshot};

/// How far below the best AUC a candidate may be and still be chosen for its log loss.
const LEVEL_AUC: f64 = 0.005;

/// What counts as calibrated: an expected calibration error of at most this, or this much above the least.
const CALIBRATED: f64 = 0.03;
const LEVEL_CALIBRATION: f64 = 0.005;

/// How much worse the log loss of the method in use may be before another takes its place.
const KEPT: f64 = 1.02;

/// The same of the levelled blend.
const PREFERRED: f64 = 1.05;

/// What a market needs for a judged choice: customers at the earliest cut, and of either label.
const CUSTOMERS_LEAST: usize = 100;
const EITHER_LABEL_LEAST: usize = 10;

/// A candidate with its quality on the judged cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    pub method: Method,
    pub quality: Quality,
}

/// The judged choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Backtest {
    /// Customers at the cut that was judged.
    pub customers: usize,
    /// Share of them that did not buy.
    pub churn_rate: f64,
    pub candidates: Vec<Candidate>,
}

/// A choice and the risks that it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    pub chosen: Method,
    /// Why, in a sentence.
    pub reason: String,
    /// `None` with too little history, or a label that (nearly) everyone shares.
    pub backtest: Option<Backtest>,
    /// Risk of each customer of the log at the as-of cut; `None` before the first purchase.
    pub risks: Vec<Option<f64>>,
    /// Days until each has bought again with a probability of one half, by the purchase model at the level of the risk; `None`
    /// if that is more than ten years.
    pub days_to_purchase: Vec<Option<f64>>,
    /// What gave the risks: enough to give them again, at this cut or another.
    pub fitted: FittedRisk,
    /// What each of [`FAMILIES`] adds to the logit of each customer's risk, against a customer at the mean of all features;
    /// empty without a regression, zeros before the first purchase.
    pub by_family: Vec<[f32; FAMILIES.len()]>,
}

/// What a choice considers beside the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Considered<'a> {
    /// Purchase models to choose from.
    pub kinds: &'a [Kind],
    /// Those that are fitted at the as-of cut already, by bands of the first purchase; without them all customers have one model, as
    /// in the literature.
    pub bands: Option<&'a Bands>,
    /// Logit shifts that would have been right at earlier origins.
    pub shifts: &'a [Shift],
    /// The method in use, which stays while its log loss is within 2 % of the best.
    pub kept: Option<Method>,
}

/// Chooses a candidate by the log's own past and scores everyone at `as_of`. `None` if no purchase model can be fitted there.
pub fn assess(log: &PurchaseLog, as_of: Cut, horizon_days: i32, considered: &Considered<'_>) -> Option<Assessment> {
    let Considered { kinds, bands: known, shifts, kept } = *considered;
    let now = log.pasts(as_of, usize::MAX);
    let kinds = Kinds { of: kinds, is_banded: known.is_some() };
    let bands = match known {
        Some(known) => known.clone(),
        None => fitted(&now, kinds)?,
    };
    let (chosen, reason, backtest, last) = match judged(log, as_of, horizon_days, kinds, shifts) {
        Ok((backtest, last)) => {
            let (chosen, reason) = choice(&backtest.candidates, kept);
            (chosen, reason, Some(backtest), Some(last))
        }
        Err(reason) => (Method::PurchaseModel, format!("no backtest: {reason}"), None, None),
    };
    let regression = last.as_ref().and_then(|last| match chosen {
        Method::Recency => Some(fit_rows(last, &[features::LOG_RECENCY])),
        Method::Logistic | Method::LogisticLevelled | Method::Blend | Method::LevelledBlend => {
            Some(fit_rows(last, &features::usable(log.has_amounts)))
        }
        Method::PurchaseModelCalibrated => Some(calibrated(last)),
        Method::PurchaseModel => None,
    });
    let mut fitted =
        FittedRisk { method: chosen, horizon_days, bands: Some(bands), purchase: None, shift: 0.0, regression };
    if chosen == Method::LevelledBlend {
        fitted.shift = match known_shift(shifts, 0, horizon_days) {
            Some(shift) => shift,
            None => fitted.half_way(log, &now, as_of),
        };
    }
    let (scored, effects) = fitted.score(log, &now, as_of);
    let mut by_family = Vec::new();
    if !effects.is_empty() {
        by_family.resize(log.customers(), [0.0; FAMILIES.len()]);
        for ((customer, _), effects) in now.iter().zip(effects) {
            by_family[*customer] = effects;
        }
    }
    let mut risks = vec![None; log.customers()];
    let mut days_to_purchase = vec![None; log.customers()];
    let days = fitted.days_to_purchase(&now, &scored);
    for (((customer, _), risk), days) in now.iter().zip(scored).zip(days) {
        risks[*customer] = Some(risk);
        days_to_purchase[*customer] = days;
    }
    Some(Assessment { chosen, reason, backtest, risks, days_to_purchase, fitted, by_family })
}

/// Fits every candidate at A − 2H and judges it at A − H.
fn judged(
    log: &PurchaseLog,
    as_of: Cut,
    horizon: i32,
    kinds: Kinds<'_>,
    shifts: &[Shift],
) -> Result<(Backtest, Snapshot), String> {
    let too_little = || {
        format!(
            "it takes two horizons of {horizon} days with at least {CUSTOMERS_LEAST} customers before them, {EITHER_LABEL_LEAST} of whom buy and {EITHER_LABEL_LEAST} of whom do not"
        )
    };
    let usable = |snapshot: &Snapshot| {
        let silent = snapshot.labels.iter().filter(|label| **label > 0.5).count();
        snapshot.labels.len() >= CUSTOMERS_LEAST
            && silent >= EITHER_LABEL_LEAST
            && snapshot.labels.len() - silent >= EITHER_LABEL_LEAST
    };
    let first = snapshot(log, as_of.earlier(2 * horizon), horizon, kinds).filter(usable).ok_or_else(too_little)?;
    let last = snapshot(log, as_of.earlier(horizon), horizon, kinds).filter(usable).ok_or_else(too_little)?;
    let regressions = [
        (Method::Recency, fit_rows(&first, &[features::LOG_RECENCY])),
        (Method::PurchaseModelCalibrated, calibrated(&first)),
        (Method::Logistic, fit_rows(&first, &features::usable(log.has_amounts))),
    ];
    let mut candidates: Vec<Candidate> = regressions
        .iter()
        .map(|(method, model)| {
            let scores: Vec<f64> = last.rows.iter().map(|row| model.probability(row)).collect();
            Candidate { method: *method, quality: quality(&scores, &last.labels) }
        })
        .collect();
    let of_regression: Vec<f64> = last.rows.iter().map(|row| regressions[2].1.probability(row)).collect();
    let shift = known_shift(shifts, -1, horizon).unwrap_or_else(|| half_way(&of_regression, &last.model_risks));
    let methods =
        [(Method::LogisticLevelled, 1.0, 0.0), (Method::Blend, BLENDED, 0.0), (Method::LevelledBlend, BLENDED, shift)];
    for (method, weight, shift) in methods {
        let scores = levelled(&of_regression, &last.model_risks, weight, at_level(&last.model_risks, shift));
        candidates.push(Candidate { method, quality: quality(&scores, &last.labels) });
    }
    candidates
        .insert(1, Candidate { method: Method::PurchaseModel, quality: quality(&last.model_risks, &last.labels) });
    let churn_rate = last.labels.iter().sum::<f64>() / last.labels.len() as f64;
    Ok((Backtest { customers: last.labels.len(), churn_rate, candidates }, last))
}

fn choice(candidates: &[Candidate], kept: Option<Method>) -> (Method, String) {
    let best = candidates.iter().map(|candidate| candidate.quality.auc).fold(0.0, f64::max);
    let least = candidates.iter().map(|candidate| candidate.quality.ece).fold(f64::INFINITY, f64::min);
    let ranks = |quality: &Quality| quality.auc >= best - LEVEL_AUC;
    let calibrated = |quality: &Quality| quality.ece <= CALIBRATED.max(least + LEVEL_CALIBRATION);
    let by_loss = |a: &&Candidate, b: &&Candidate| a.quality.log_loss.total_cmp(&b.quality.log_loss);
    let level = || candidates.iter().filter(|candidate| ranks(&candidate.quality));
    let (chosen, also) = match level().filter(|candidate| calibrated(&candidate.quality)).min_by(by_loss) {
        Some(chosen) => (Some(chosen), " and are calibrated"),
        None => (level().min_by(by_loss), ""),
    };
    let stays = |method: Method, at_most: f64| {
        let mut found = level().filter(|candidate| calibrated(&candidate.quality) && candidate.method == method);
        found.find(|candidate| chosen.is_some_and(|best| candidate.quality.log_loss <= at_most * best.quality.log_loss))
    };
    let preferred = stays(Method::LevelledBlend, PREFERRED).map(|preferred| (preferred, "5 %"));
    let in_use = preferred.or_else(|| Some((stays(kept?, KEPT)?, "2 %")));
    if let (Some((in_use, less)), Some(best)) = (in_use, chosen)
        && in_use.method != best.method
    {
        let reason = format!(
            "{} is preferred: {} would lower its log loss ({:.4}) by less than {less}",
            in_use.method, best.method, in_use.quality.log_loss
        );
        return (in_use.method, reason);
    }
    match chosen {
        Some(chosen) => (
            chosen.method,
            format!(
                "{} has the lowest log loss ({:.4}) of those that are within {LEVEL_AUC} of the best AUC ({best:.3}){also}",
                chosen.method, chosen.quality.log_loss
            ),
        ),
        None => (Method::PurchaseModel, "no candidate could be judged".to_owned()),
    }
}

#[cfg(test)]
mod tests;
