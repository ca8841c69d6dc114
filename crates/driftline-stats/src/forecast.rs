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
//! * `recent_blend`: .45 `last_period`, .55 `purchase_model`.
//! * `blend`: the mean of all of the above but `recent_blend`.
//!
//! The winner has the least mean absolute error among those whose total is within 5 % of what happened, or no further off
//! than that of the best of the plain ones (all but the purchase model and the blends); of those within 2 % of that error
//! the one whose top tenth holds most.

use crate::chunks;
use crate::purchase::{History, Kind, choose};
use crate::purchase_log::{Cut, Past, PurchaseLog};
use crate::returns::{self, Returns};
use crate::spend::{SpendHistory, fit_spend_winsorised};
use crate::value::ValueModel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits of a calibration factor: beyond them the past origin says more about itself than about the next.
pub const FACTOR: (f64, f64) = (0.67, 1.5);

/// Predicted over actual total outside this range makes a level uncertain.
pub const CERTAIN: (f64, f64) = (0.9, 1.1);

/// How far a total may be off, as a part of what happened, before it counts against a candidate.
const TOTAL_OFF: f64 = 0.05;

/// Weight of the last period in `recent_blend`: a little less than the model's, which ranks customers better.
const RECENT: f64 = 0.45;

/// Errors this close to the least, as a part of it, are level; the better ranking then decides.
const LEVEL: f64 = 0.02;

/// Customers at an origin below which nothing is judged.
const CUSTOMERS_LEAST: usize = 50;

const UNIT_DAYS: f64 = 7.0;

/// How a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    PurchaseModel,
    LastPeriod,
    OwnRate,
    OverallRate,
    YearBefore,
    RecentBlend,
    Blend,
}

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

/// How far forecasts of sums were off, as parts of what happened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Of the market's level: forecast total over what happened, less 1.
    pub level: f64,
    /// Root mean square of the same for ten groups of customers of similar forecasts, beyond the level's error: groups come
    /// back towards the mean, and a persona is such a group.
    pub groups: f64,
}

/// The least standard deviation of a level: one good quarter is no proof.
const LEVEL_LEAST: f64 = 0.02;

/// One observed error is on average 0.8 standard deviations.
const OF_ONE: f64 = 1.25;

/// Standard deviation of a level, as a part of it, from one judged error.
pub fn level_deviation(error: f64) -> f64 {
    OF_ONE * error.abs().max(LEVEL_LEAST)
}

impl Spread {
    /// Returns the 80 % range of a sum of forecasts: of the whole market, or of a part of it.
    pub fn range_80(&self, sum: f64, is_part: bool) -> (f64, f64) {
        let level = level_deviation(self.level);
        let groups = if is_part { self.groups } else { 0.0 };
        let deviation = libm::sqrt(libm::log1p(level * level + groups * groups));
        let z = crate::significance::normal_quantile(0.9);
        let sum = sum.max(0.0);
        (sum * libm::exp(-z * deviation), sum * libm::exp(z * deviation))
    }
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

/// Everyone known at an origin, with each method's forecasts and what happened.
struct Origin {
    customers: Vec<usize>,
    forecasts: Vec<(Method, Vec<f64>)>,
    actual: Vec<f64>,
}

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

impl Origin {
    fn total(&self) -> f64 {
        self.actual.iter().sum()
    }

    fn of(&self, method: Method) -> Option<(Method, &Vec<f64>)> {
        self.forecasts.iter().find(|(other, _)| *other == method).map(|(method, values)| (*method, values))
    }

    /// Actual over predicted, inside the limits.
    fn factor(&self, method: Method) -> Option<f64> {
        let predicted: f64 = self.of(method)?.1.iter().sum();
        (predicted > 0.0).then(|| (self.total() / predicted).clamp(FACTOR.0, FACTOR.1))
    }

    /// Errors of the level, with the factor that was known then, and of ten groups by forecast.
    fn spread(&self, method: Method, before: Option<&Origin>) -> Option<Spread> {
        const GROUPS: usize = 10;
        let forecasts = self.of(method)?.1;
        let (predicted, happened) = (forecasts.iter().sum::<f64>(), self.total());
        if predicted <= 0.0 || happened <= 0.0 {
            return None;
        }
        let level = happened / predicted;
        let mut order: Vec<usize> = (0..forecasts.len()).collect();
        order.sort_by(|a, b| forecasts[*a].total_cmp(&forecasts[*b]).then(a.cmp(b)));
        // Weighted by forecast: the error of a group that brings nothing says nothing about one that does.
        let mut squares = 0.0;
        for group in order.chunks(order.len().div_ceil(GROUPS)) {
            let expected = level * group.iter().map(|index| forecasts[*index]).sum::<f64>();
            let came: f64 = group.iter().map(|index| self.actual[*index]).sum();
            if expected > 0.0 {
                squares += (came - expected) * (came - expected) / expected;
            }
        }
        let factor = before.and_then(|before| before.factor(method)).unwrap_or(1.0);
        Some(Spread { level: factor * predicted / happened - 1.0, groups: libm::sqrt(squares / happened) })
    }
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
    let mut order: Vec<usize> = (0..forecasts.len()).collect();
    order.sort_by(|a, b| forecasts[*b].total_cmp(&forecasts[*a]).then(a.cmp(b)));
    let top: f64 = order.iter().take((0.1 * count).round() as usize).map(|index| origin.actual[*index]).sum();
    let total = origin.total();
    Candidate {
        method,
        calibrated: calibration.is_some(),
        factor,
        mae: missed / count,
        ratio: predicted / total,
        top_decile_share: top / total,
    }
}

fn choice(judged: &Judged) -> (Method, bool, String) {
    let is_plain = |c: &&Candidate| {
        !matches!(c.method, Method::PurchaseModel | Method::RecentBlend | Method::Blend) && !c.calibrated
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

/// Which part of an origin is computed.
#[derive(Clone, Copy)]
struct Part {
    /// Customers at most, drawn by a hash of their number.
    most: usize,
    /// Only what this method needs; all methods without one.
    method: Option<Method>,
}

impl Part {
    fn needs(&self, method: Method) -> bool {
        match self.method {
            None | Some(Method::Blend) => true,
            // Stands in for a method that cannot be computed.
            Some(_) if method == Method::LastPeriod => true,
            Some(Method::RecentBlend) => matches!(method, Method::PurchaseModel | Method::RecentBlend),
            Some(only) => method == only,
        }
    }
}

/// Where the purchase and spend model of an origin come from.
#[derive(Clone, Copy)]
enum Models<'a> {
    Fit(&'a [Kind]),
    Known(&'a ValueModel),
}

fn origin(log: &PurchaseLog, cut: Cut, horizon: i32, part: Part, models: Models<'_>) -> Option<Origin> {
    let known = log.known_at(cut);
    let past = known.pasts(cut, part.most);
    if past.is_empty() {
        return None;
    }
    let first_day = past.iter().map(|(_, past)| cut.age_to - past.age_days as i32).min()?;
    let days_of_log = f64::from((cut.before - first_day).max(1));
    let length = f64::from(horizon);
    let net = |customer: usize, from: i32, to: i32| -> f64 {
        log.seen(customer, cut).iter().filter(|day| day.day >= from && day.day < to).map(|day| day.net).sum()
    };
    let all = |customer: usize| net(customer, i32::MIN, cut.before).max(0.0);
    let mut forecasts = Vec::new();
    let mut add = |method: Method, of: &(dyn Fn(usize, &Past) -> f64 + Sync)| {
        if part.needs(method) {
            forecasts.push((method, chunks::each(&past, |(customer, past)| of(*customer, past))));
        }
    };
    add(Method::LastPeriod, &|customer, _| net(customer, cut.before - horizon, cut.before).max(0.0));
    add(Method::OwnRate, &|customer, past| all(customer) * length / past.age_days.max(length));
    add(Method::OverallRate, &|customer, _| all(customer) * length / days_of_log);
    let year_ago = cut.before - 365;
    if first_day <= year_ago {
        let until = (year_ago + horizon).min(cut.before);
        add(Method::YearBefore, &|customer, _| net(customer, year_ago, until).max(0.0));
    }
    let fitted = match models {
        Models::Known(model) => Some(*model),
        Models::Fit(kinds) if part.needs(Method::PurchaseModel) => value_model(&known, cut, &past, kinds),
        Models::Fit(_) => None,
    };
    if let Some(model) = fitted.filter(|_| part.needs(Method::PurchaseModel)) {
        let customers = chunks::each(&past, |(_, past)| crate::lifetime::customer(past, UNIT_DAYS));
        forecasts.push((Method::PurchaseModel, model.expected_of_each(&customers, length / UNIT_DAYS)));
    }
    let count = forecasts.len() as f64;
    let of = |method: Method| forecasts.iter().find(|(other, _)| *other == method).map(|(_, values)| values);
    let recent: Option<Vec<f64>> = of(Method::LastPeriod).zip(of(Method::PurchaseModel)).map(|(last, model)| {
        last.iter().zip(model).map(|(last, model)| RECENT * last + (1.0 - RECENT) * model).collect()
    });
    let blend = (0..past.len()).map(|index| forecasts.iter().map(|(_, values)| values[index]).sum::<f64>() / count);
    let blend: Vec<f64> = blend.collect();
    forecasts.extend(recent.filter(|_| part.needs(Method::RecentBlend)).map(|recent| (Method::RecentBlend, recent)));
    if part.needs(Method::Blend) {
        forecasts.push((Method::Blend, blend));
    }
    let actual =
        chunks::each(&past, |(customer, _)| log.coming(*customer, cut, horizon).iter().map(|day| day.net).sum());
    Some(Origin { customers: past.iter().map(|(customer, _)| *customer).collect(), forecasts, actual })
}

fn value_model(log: &PurchaseLog, cut: Cut, past: &[(usize, Past)], kinds: &[Kind]) -> Option<ValueModel> {
    let histories: Vec<History> = past.iter().map(|(_, past)| past.history(UNIT_DAYS)).collect();
    let spends: Vec<SpendHistory> = past.iter().map(|(_, past)| past.spend_history()).collect();
    let purchase = choose(kinds, &histories).ok()?.fit.model;
    let spend = fit_spend_winsorised(&spends).ok()?.model;
    let own = past.iter().filter_map(|(_, past)| Some((past.repeat_purchases + 1.0, past.own_net_share?)));
    let returns = Returns::fit(log.net_share(cut), &returns::grouped(own));
    Some(ValueModel { purchase, spend, returns })
}

impl core::fmt::Display for Method {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(match self {
            Self::PurchaseModel => "purchase_model",
            Self::LastPeriod => "last_period",
            Self::OwnRate => "own_rate",
            Self::OverallRate => "overall_rate",
            Self::YearBefore => "year_before",
            Self::RecentBlend => "recent_blend",
            Self::Blend => "blend",
        })
    }
}

#[cfg(test)]
mod tests;
