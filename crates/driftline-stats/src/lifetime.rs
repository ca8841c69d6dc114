//! The whole lifetime-value job on a purchase log: histories, model choice, fits, holdout, value and tracking.
//!
//! Spend is fitted by plain maximum likelihood, as in the literature; jobs winsorise it where a few customers spend far more than
//! all others (`spend/winsorised.rs`).
//!
//! Only what lies before the calibration cut is used for fitting and choosing. The holdout, if there is one, judges.

use crate::error::Error;
use crate::purchase::{Fit, History, Kind, PurchaseModel, Scorer, choose};
use crate::purchase_log::{Cut, Past, PurchaseLog};
use crate::random::mix;
use crate::returns::Returns;
use crate::spend::{SpendFit, SpendHistory, SpendModel, fit_spend};
use crate::value::{Customer, Total, Uncertain, total};
use serde::Serialize;

/// Customers a backtest is run on at most, drawn by a hash of their number.
const BACKTESTED_AT_MOST: usize = 40_000;

/// By how much a model's mean error in the backtest may exceed the best one's before its likelihood no longer counts.
const WORSE: f64 = 1.05;

/// What to compute.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Models to consider; with several, likelihood and a backtest choose.
    pub kinds: Vec<Kind>,
    /// Days in the unit of time: 7 or 1.
    pub unit_days: f64,
    /// Where fitting ends.
    pub calibration: Cut,
    /// Where the holdout ends: the first day after it.
    pub observed_before: i32,
    pub horizon: Horizon,
}

/// Which purchases to come count for a value, and how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Horizon {
    /// All within so many days.
    Days(f64),
    /// Those of periods of so many days, the n-th worth (1 + discount)⁻ⁿ.
    Discounted { periods: u32, period_days: f64, discount: f64 },
}

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

/// One customer's scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Number of the customer in the log.
    pub customer: usize,
    pub past: Past,
    pub p_alive: f64,
    /// Purchase days to expect in the horizon, undiscounted.
    pub expected_purchases: f64,
    pub expected_spend: Option<f64>,
    pub value: Option<f64>,
}

/// The results.
#[derive(Clone, Debug)]
pub struct Lifetime {
    pub customers: usize,
    pub repeat_customers: usize,
    pub repeat_purchases: f64,
    pub fit: Fit,
    /// All models that were considered, best log-likelihood first.
    pub considered: Vec<Fit>,
    pub backtest: Vec<Backtested>,
    pub reason: String,
    pub spend: Option<SpendFit>,
    /// Why there is no spend model.
    pub spend_reason: Option<String>,
    /// What values are computed with: the fitted spend model, or the limit of one where all spend the same.
    pub spend_model: Option<SpendModel>,
    pub net_share: f64,
    pub holdout: Option<Holdout>,
    /// The undiscounted value's moments.
    pub total: Option<Total>,
    /// Value of all customers, by the horizon's convention, and its 95 % range.
    pub value: Option<(f64, f64, f64)>,
    pub tracking: Vec<Week>,
}

/// Computes everything.
///
/// # Errors
///
/// [`Error::NoCustomers`] and [`Error::NoRepeatPurchases`] if there is no purchase model; without a spend model the
/// result says why.
pub fn lifetime(log: &PurchaseLog, settings: &Settings) -> Result<Lifetime, Error> {
    let cut = settings.calibration;
    let past: Vec<(usize, Past)> =
        (0..log.customers()).filter_map(|customer| Some((customer, log.past(customer, cut)?))).collect();
    let backtest = if settings.kinds.len() > 1 { backtest(log, settings) } else { Vec::new() };
    let (fit, considered, reason) = {
        let histories: Vec<History> = past.iter().map(|(_, past)| past.history(settings.unit_days)).collect();
        chosen(&settings.kinds, &histories, &backtest)?
    };
    let (spend, spend_model, spend_reason) = spend_of(log.has_amounts, &past);
    let net_share = if log.has_amounts { log.net_share(cut) } else { 1.0 };
    let total = spend_model.map(|model| {
        let limit = limit_fit(&model);
        let customers: Vec<Customer> = past.iter().map(|(_, past)| customer(past, settings.unit_days)).collect();
        total(
            &fit,
            spend.as_ref().unwrap_or(&limit),
            Returns::of_everyone(net_share),
            &customers,
            settings.horizon.units(settings.unit_days),
        )
    });
    let value = total.map(|total| {
        let sum = match settings.horizon {
            Horizon::Days(_) => total.expected,
            Horizon::Discounted { periods, period_days, discount } => {
                let unit = settings.unit_days;
                let mut scorer = Scorer::discounted(fit.model, periods, period_days / unit, discount);
                let worth = |(_, past): &(usize, Past)| {
                    let h = past.history(unit);
                    let spend = spend_model
                        .map_or(0.0, |spend| spend.expected_spend(h.repeat_purchases, past.mean_repeat_spend));
                    scorer.expected_purchases(h.repeat_purchases, h.recency, h.age) * spend * net_share
                };
                past.iter().map(worth).sum()
            }
        };
        let share = if total.expected > 0.0 { sum / total.expected } else { 1.0 };
        let (low, high) = total.range(0.95, 0.0);
        (sum, low * share, high * share)
    });
    Ok(Lifetime {
        customers: past.len(),
        repeat_customers: past.iter().filter(|(_, past)| past.repeat_purchases > 0.0).count(),
        repeat_purchases: past.iter().map(|(_, past)| past.repeat_purchases).sum(),
        holdout: holdout(log, &fit.model, &past, settings),
        tracking: tracking(log, &fit.model, &past, settings),
        fit,
        considered,
        backtest,
        reason,
        spend,
        spend_reason,
        spend_model,
        net_share,
        total,
        value,
    })
}

impl Horizon {
    /// Its length in units of time.
    fn units(self, unit_days: f64) -> f64 {
        match self {
            Self::Days(days) => days / unit_days,
            Self::Discounted { periods, period_days, .. } => f64::from(periods) * period_days / unit_days,
        }
    }
}

/// The past of a customer in units of time, as values are computed from it.
pub fn customer(past: &Past, unit_days: f64) -> Customer {
    Customer {
        repeat_purchases: past.repeat_purchases,
        recency: past.recency_days / unit_days,
        age: past.age_days / unit_days,
        mean_spend: past.mean_repeat_spend,
        own_net_share: past.own_net_share,
        customers: 1.0,
    }
}

/// The best likelihood, unless the backtest speaks against it.
fn chosen(kinds: &[Kind], histories: &[History], backtest: &[Backtested]) -> Result<(Fit, Vec<Fit>, String), Error> {
    let choice = choose(kinds, histories)?;
    let error_of = |fit: &Fit| backtest.iter().find(|tested| tested.model == fit.model.kind).map(|tested| tested.mae);
    let best = backtest.iter().map(|tested| tested.mae).fold(f64::INFINITY, f64::min);
    let holds = |fit: &Fit| error_of(fit).is_none_or(|mae| mae <= WORSE * best);
    let (fit, mut reason) = if holds(&choice.fit) {
        (choice.fit, choice.reason)
    } else {
        let other = choice.considered.iter().find(|fit| holds(fit)).unwrap_or(&choice.fit).clone();
        let reason = format!(
            "{} has the best log-likelihood of those whose error in the backtest is within 5 % of the least; {} is not",
            other.model.kind, choice.fit.model.kind
        );
        (other, reason)
    };
    if !backtest.is_empty() {
        let list: Vec<String> = backtest.iter().map(|tested| format!("{} {:.4}", tested.model, tested.mae)).collect();
        reason.push_str(&format!(
            "; mean error a customer in the last {} days of calibration: {}",
            backtest[0].days,
            list.join(", ")
        ));
    }
    Ok((fit, choice.considered, reason))
}

fn backtest(log: &PurchaseLog, settings: &Settings) -> Vec<Backtested> {
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
        let model = crate::purchase::fit(kind, &histories)?.model;
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

fn spend_of(has_amounts: bool, past: &[(usize, Past)]) -> (Option<SpendFit>, Option<SpendModel>, Option<String>) {
    if !has_amounts {
        return (None, None, Some("amounts are missing".to_owned()));
    }
    let histories: Vec<SpendHistory> = past.iter().map(|(_, past)| past.spend_history()).collect();
    match fit_spend(&histories) {
        Ok(fit) => {
            let model = fit.model;
            (Some(fit), Some(model), None)
        }
        Err(error @ Error::ConstantSpend { mean_spend }) => {
            // The limit of a model where neither a customer's purchases nor customers differ.
            let (p, q) = (1e9, 1e9);
            (
                None,
                Some(SpendModel { p, q, gamma: mean_spend * (q - 1.0) / p, own_above: None }),
                Some(error.to_string()),
            )
        }
        Err(error) => (None, None, Some(error.to_string())),
    }
}

/// A fit without uncertainty, for the limit of constant spend.
fn limit_fit(model: &SpendModel) -> SpendFit {
    SpendFit {
        model: *model,
        log_likelihood: 0.0,
        converged: true,
        gradient_norm: 0.0,
        standard_errors: None,
        covariance_log: Some([[0.0; 3]; 3]),
        customers: 0.0,
        observed_mean: model.population_mean(),
        boundary: None,
    }
}

/// Scores every customer of the calibration time with the models of a result.
pub fn scores(log: &PurchaseLog, settings: &Settings, result: &Lifetime) -> Vec<Score> {
    let past: Vec<(usize, Past)> = (0..log.customers())
        .filter_map(|customer| Some((customer, log.past(customer, settings.calibration)?)))
        .collect();
    scores_of(&result.fit, result.spend_model.as_ref(), result.net_share, &past, settings).collect()
}

/// Returns the range of each scored customer's value at `level`, in the order of the scores and by the horizon's convention:
/// a range of discounted value is that of the plain value times what the customer's expectation is discounted by. `None` for
/// all without a spend model.
pub fn ranges(settings: &Settings, result: &Lifetime, scores: &[Score], level: f64) -> Vec<Option<(f64, f64)>> {
    let Some(spend_model) = result.spend_model else { return vec![None; scores.len()] };
    let unit = settings.unit_days;
    let limit = limit_fit(&spend_model);
    let returns = Returns::of_everyone(result.net_share);
    let uncertain = Uncertain::new(&result.fit, result.spend.as_ref().unwrap_or(&limit), returns);
    let customers: Vec<Customer> = scores.iter().map(|score| customer(&score.past, unit)).collect();
    let ranges = uncertain.ranges(&customers, settings.horizon.units(unit), level);
    let by_convention = |(score, (low, high)): (&Score, (f64, f64))| {
        let value = score.value?;
        let plain = score.expected_purchases * score.expected_spend? * result.net_share;
        let share = if plain > 0.0 { value / plain } else { 1.0 };
        // A very skewed value has its expectation beyond all usual quantiles.
        Some((low * share, (high * share).max(value)))
    };
    scores.iter().zip(ranges).map(by_convention).collect()
}

fn scores_of<'a>(
    fit: &Fit,
    spend: Option<&'a SpendModel>,
    net_share: f64,
    past: &'a [(usize, Past)],
    settings: &Settings,
) -> impl Iterator<Item = Score> + 'a {
    let unit = settings.unit_days;
    let mut plain = Scorer::new(fit.model, settings.horizon.units(unit));
    let mut discounted = match settings.horizon {
        Horizon::Days(_) => None,
        Horizon::Discounted { periods, period_days, discount } => {
            Some(Scorer::discounted(fit.model, periods, period_days / unit, discount))
        }
    };
    past.iter().map(move |(customer, past)| {
        let h = past.history(unit);
        let expected_purchases = plain.expected_purchases(h.repeat_purchases, h.recency, h.age);
        let worth = discounted
            .as_mut()
            .map_or(expected_purchases, |scorer| scorer.expected_purchases(h.repeat_purchases, h.recency, h.age));
        let expected_spend = spend.map(|spend| spend.expected_spend(h.repeat_purchases, past.mean_repeat_spend));
        Score {
            customer: *customer,
            past: *past,
            p_alive: plain.p_alive(h.repeat_purchases, h.recency, h.age),
            expected_purchases,
            expected_spend,
            value: expected_spend.map(|spend| spend * worth * net_share),
        }
    })
}

fn holdout(log: &PurchaseLog, model: &PurchaseModel, past: &[(usize, Past)], settings: &Settings) -> Option<Holdout> {
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
fn tracking(log: &PurchaseLog, model: &PurchaseModel, past: &[(usize, Past)], settings: &Settings) -> Vec<Week> {
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

#[cfg(test)]
mod tests;
