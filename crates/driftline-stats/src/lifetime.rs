//! The whole lifetime-value job on a purchase log: histories, model choice, fits, holdout, value and tracking.
//!
//! Spend is fitted by plain maximum likelihood, as in the literature; jobs winsorise it where a few customers spend far more than
//! all others (`spend/winsorised.rs`).
//!
//! Only what lies before the calibration cut is used for fitting and choosing. The holdout, if there is one, judges.

mod backtest;
mod holdout;
mod scored;
mod settings;
mod spend;

pub use self::backtest::Backtested;
pub use self::holdout::{Holdout, Week};
pub use self::scored::{Score, ranges, scores};
pub use self::settings::{Horizon, Settings, customer};
use self::spend::{limit_fit, spend_of};
use crate::error::Error;
use crate::purchase::{Fit, History, Kind, Scorer, choose};
use crate::purchase_log::{Past, PurchaseLog};
use crate::returns::Returns;
use crate::spend::{SpendFit, SpendModel};
use crate::value::{Customer, Total, total};

/// By how much a model's mean error in the backtest may exceed the best one's before its likelihood no longer counts.
const WORSE: f64 = 1.05;

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
    let backtest = if settings.kinds.len() > 1 { backtest::backtest(log, settings) } else { Vec::new() };
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
        holdout: holdout::holdout(log, &fit.model, &past, settings),
        tracking: holdout::tracking(log, &fit.model, &past, settings),
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

#[cfg(test)]
mod tests;
