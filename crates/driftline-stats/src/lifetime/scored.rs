//! Scores of single customers by the models of a result, and their ranges.

use super::Lifetime;
use super::settings::{Horizon, Settings, customer};
use super::spend::limit_fit;
use crate::purchase::{Fit, Scorer};
use crate::purchase_log::{Past, PurchaseLog};
use crate::returns::Returns;
use crate::spend::SpendModel;
use crate::value::{Customer, Uncertain};

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
