//! Purchase models by bands of the first purchase: where dear buyers come again and cheap ones do not, the models know.
//!
//! Customers are cut into four bands by what their first purchase day brought, at its quartiles. The first order is known before
//! any repeat, so a band cannot depend on how often somebody came; the mean spend or the main category would. Each band's model
//! maximises its own likelihood times a normal density around the fit of all customers, with a deviation of [`PULL`] in each
//! coordinate of the search (as in [`crate::pool`]): a band that says nothing of its own has everybody's model.

use super::{PurchaseModel, fit_part};
use crate::purchase_log::Past;
use crate::random::mix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Number of bands.
const BANDS: usize = 4;

/// How far a band's coordinates may be from everybody's, as a standard deviation in logarithms: a factor of 1.65 either way.
const PULL: f64 = 0.5;

/// Customers below which there is one band.
const CUSTOMERS_LEAST: usize = 200;

/// Customers that the models of all bands are fitted on at most, drawn by a hash of their number.
const FITTED_AT_MOST: usize = 100_000;

/// Time unit of the models: a week, in days.
const UNIT_DAYS: f64 = 7.0;

/// A purchase model for each band of first purchases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bands {
    /// The most that a first purchase day brings in each band but the last, in the log's currency and rounded up to two digits;
    /// ascending.
    pub at_most: Vec<f64>,
    /// The model of each band, lowest amounts first; times are in weeks.
    pub models: Vec<PurchaseModel>,
}

impl Bands {
    /// One model for everybody.
    pub fn one(model: PurchaseModel) -> Self {
        Self { at_most: Vec::new(), models: vec![model] }
    }

    /// Fits the bands of the customers of `pasts` around the model of them all; one band of few customers, or of first purchases
    /// that all bring the same.
    pub fn fit(of_all: &PurchaseModel, pasts: &[(usize, Past)]) -> Self {
        let mut at_most = quartiles(pasts);
        if pasts.len() < CUSTOMERS_LEAST {
            at_most.clear();
        }
        let empty = Self { at_most, models: Vec::new() };
        let is_taken = |customer: usize| {
            pasts.len() <= FITTED_AT_MOST || mix(customer as u64) % (pasts.len() as u64) < FITTED_AT_MOST as u64
        };
        let mut histories = vec![Vec::new(); empty.at_most.len() + 1];
        for (_, past) in pasts.iter().filter(|(customer, _)| is_taken(*customer)) {
            histories[empty.band(past.first_spend)].push(past.history(UNIT_DAYS));
        }
        if histories.len() == 1 {
            return Self::one(*of_all);
        }
        let models = histories.iter().map(|own| fit_part(of_all, own, PULL).unwrap_or(*of_all)).collect();
        Self { models, ..empty }
    }

    /// The model of a customer whose first purchase day brought so much.
    pub fn of(&self, first_spend: f64) -> &PurchaseModel {
        &self.models[self.band(first_spend)]
    }

    /// The number of the band, from 0.
    pub fn band(&self, first_spend: f64) -> usize {
        self.at_most.partition_point(|most| *most < first_spend)
    }

    /// P(no purchase in so many days) of a customer.
    pub fn p_no_purchase(&self, past: &Past, days: f64) -> f64 {
        let h = past.history(UNIT_DAYS);
        self.of(past.first_spend).p_no_purchase(h.repeat_purchases, h.recency, h.age, days / UNIT_DAYS)
    }

    /// Days until the next purchase has happened with a probability of one half, if the chance to buy within `horizon_days` is
    /// `1 - risk`: the model's distribution of that time, with its logit shifted so that it agrees with the risk. `None` if a
    /// half is not reached within ten years. It is within the horizon just where the risk is at most one half.
    pub fn days_to_purchase(&self, past: &Past, horizon_days: f64, risk: f64) -> Option<f64> {
        const DAYS_MOST: f64 = 3_650.0;
        let logit = |p: f64| {
            let p = p.clamp(1e-9, 1.0 - 1e-9);
            libm::log(p / (1.0 - p))
        };
        let shift = logit(1.0 - risk) - logit(1.0 - self.p_no_purchase(past, horizon_days));
        let h = past.history(UNIT_DAYS);
        let model = self.of(past.first_spend);
        let half = crate::special::logistic(-shift);
        let weeks = model.time_to_next_purchase_quantile(h.repeat_purchases, h.recency, h.age, half)?;
        Some(weeks * UNIT_DAYS).filter(|days| *days <= DAYS_MOST)
    }
}

/// What the first purchase days brought at the edges of four bands; fewer where many brought the same.
fn quartiles(pasts: &[(usize, Past)]) -> Vec<f64> {
    let mut spends: Vec<f64> = pasts.iter().map(|(_, past)| past.first_spend).collect();
    spends.sort_unstable_by(f64::total_cmp);
    let Some(most) = spends.last().copied() else { return Vec::new() };
    let mut edges: Vec<f64> = (1..BANDS).map(|n| rounded_up(spends[(spends.len() * n / BANDS).max(1) - 1])).collect();
    edges.dedup();
    edges.retain(|edge| *edge < most);
    edges
}

/// To two digits, so that no edge is what one customer spent.
fn rounded_up(amount: f64) -> f64 {
    if amount <= 0.0 {
        return amount;
    }
    let exponent = libm::floor(libm::log10(amount)) as i32 - 1;
    // A power of ten is exact, its inverse is not.
    let unit = libm::pow(10.0, f64::from(exponent.abs()));
    if exponent < 0 { (amount * unit).ceil() / unit } else { (amount / unit).ceil() * unit }
}

#[cfg(test)]
mod tests;
