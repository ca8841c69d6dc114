//! One forecast of a customer for all horizons: what they bring in the next horizon and in 12 months, from one set of models.
//!
//! * *How often*: a purchase model by band of the first purchase ([`Bands`]).
//! * *How much a purchase day*: Gamma-Gamma on all purchase days, the first one among them:
//!   `E[m] = p(γ + n m̄)/(pn + q − 1)` with n purchase days of mean m̄; what a one-time buyer spends is informed by that purchase.
//! * *What returns leave of it*: [`Returns`].
//!
//! The 365 days are cut into parts, the first of which is the horizon. With ΔE the expected purchases times spend of a part, R
//! the net amount of the customer's own *repeat* purchases in the horizon before (first ones do not return), and `w` the recent
//! weight times the part of that horizon in which the customer was known:
//!
//! ```text
//! next horizon = k₁ f₁,  f₁ = (1 − w) ΔE₁ + w R
//! 12 months    = k₁ f₁ + Σ √k_h ΔE_h over the later parts
//! ```
//!
//! with the market's level k of each part ([`crate::level`], learnt on earlier origins): so 12 months are never worth less than the
//! next horizon, parts add up to the market, and who has a value is never forecast nothing. Further ahead the level is known less,
//! so its root counts.

mod judged;
mod origin;
mod parts;
mod ranges;
mod walk;

pub use crate::level::Shift;
pub use origin::{History, Market};
pub(crate) use parts::steps_a_year;
pub use parts::{PARTS, YEAR_DAYS};
pub use ranges::{Held, RangeModel, Spread};
pub use walk::{Present, Told};

use crate::chunks;
use crate::purchase::bands::Bands;
use crate::purchase_log::{Cut, Past, PurchaseLog};
use crate::returns::Returns;
use crate::spend::SpendModel;
use crate::value::Customer;
use parts::edges;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Weights of what a customer brought in the horizon before, if they were known through all of it, of which a market's own
/// earlier origins choose.
pub const RECENT_WEIGHTS: [f64; 5] = [0.3, 0.15, 0.45, 0.6, 0.0];

const UNIT_DAYS: f64 = 7.0;

/// Purchases vary more than those of a Poisson process of a known rate, of which they are counted as a multiple.
const OVERDISPERSION: f64 = 1.15;

/// What a purchase day's spend is taken to vary by around the customer's mean: squares of the coefficient of variation.
const SPEND_VARIATION: (f64, f64) = (0.02, 2.0);

/// The models of all customers of a market: enough to score anyone again, at this cut or a later one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// How often customers buy, by band of the first purchase.
    pub bands: Bands,
    /// What a purchase day brings, of all purchase days.
    pub spend: SpendModel,
    /// What of spend stays after returns, 0 to 1.
    pub net_share: f64,
    /// How many purchase days of a customer's own weigh as much as that share; absent if all have the same.
    pub net_share_prior_days: Option<f64>,
    /// Days of the next horizon.
    pub horizon_days: i32,
    /// Weight of the horizon before.
    pub recent_weight: f64,
    /// What forecasts are multiplied by: the level of the next horizon, then of each later part of the 12 months.
    pub factors: Vec<f64>,
}

/// What is expected of a customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Probability that the customer still buys at all.
    pub p_alive: f64,
    /// Purchase days in 365 days at the market's level.
    pub expected_purchases: f64,
    /// Spend a purchase day, before returns.
    pub expected_spend: f64,
    /// Net amount of the next horizon, with the variance of what is by chance.
    pub next: f64,
    pub next_variance: f64,
    /// Net amount of 365 days, likewise.
    pub year: f64,
    pub year_variance: f64,
}

/// A customer by the models alone, in money, before the market's level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub(crate) p_alive: f64,
    pub(crate) spend: f64,
    /// Net amount a purchase day.
    pub(crate) net: f64,
    /// ΔE of each part; 0 beyond the last.
    pub(crate) parts: [f64; PARTS],
    /// What f₁ has beside ΔE₁, by the recent weight: the part of the horizon before that the customer was known in, times R − ΔE₁.
    pub(crate) recent: f64,
}

impl Raw {
    /// f₁.
    pub(crate) fn blend(&self, recent_weight: f64) -> f64 {
        self.parts[0] + recent_weight * self.recent
    }
}

impl Expectation {
    /// Models at a level of 1.
    pub fn new(bands: Bands, spend: SpendModel, returns: Returns, horizon_days: i32) -> Self {
        let edges = edges(horizon_days).len();
        Self {
            bands,
            spend,
            net_share: returns.share,
            net_share_prior_days: returns.prior_days,
            horizon_days,
            recent_weight: RECENT_WEIGHTS[0],
            factors: vec![1.0; edges],
        }
    }

    /// What is expected of each customer of the log at a cut; `None` before the first purchase.
    pub fn scores(&self, log: &PurchaseLog, cut: Cut) -> Vec<Option<Score>> {
        let pasts = log.pasts(cut, usize::MAX);
        let raws = self.raw(log, cut, &pasts);
        let mut scores = vec![None; log.customers()];
        for ((customer, _), raw) in pasts.iter().zip(raws) {
            scores[*customer] = Some(self.score(&raw));
        }
        scores
    }

    fn score(&self, raw: &Raw) -> Score {
        let factor = |part: usize| self.factors.get(part).copied().unwrap_or(1.0);
        let next = factor(0) * raw.blend(self.recent_weight);
        let horizon = f64::from(self.horizon_days);
        let year = if horizon <= YEAR_DAYS {
            next + (1..PARTS).map(|part| factor(part) * raw.parts[part]).sum::<f64>()
        } else {
            // A horizon beyond the 12 months holds them.
            next * YEAR_DAYS / horizon
        };
        let of_chance = raw.net * self.variation();
        Score {
            p_alive: raw.p_alive,
            expected_purchases: if raw.net > 0.0 { year / raw.net } else { 0.0 },
            expected_spend: raw.spend,
            next,
            next_variance: next * of_chance,
            year,
            year_variance: year * of_chance,
        }
    }

    /// Variance of a sum of purchases by their expected sum and the expected amount of one.
    pub(crate) fn variation(&self) -> f64 {
        (1.0 + (1.0 / self.spend.p).clamp(SPEND_VARIATION.0, SPEND_VARIATION.1)) * OVERDISPERSION
    }

    /// What the models say of customers, in their order. The costly part depends on band, purchases and age only; many share
    /// them, and it is computed once for each.
    pub(crate) fn raw(&self, log: &PurchaseLog, cut: Cut, pasts: &[(usize, Past)]) -> Vec<Raw> {
        let edges = edges(self.horizon_days);
        // The bits of numbers that are not negative sort as the numbers do.
        let key = |past: &Past| {
            let h = past.history(UNIT_DAYS);
            (self.bands.band(past.first_spend), h.repeat_purchases.to_bits(), h.age.to_bits())
        };
        let mut keys: Vec<_> = pasts.iter().map(|(_, past)| key(past)).collect();
        keys.sort_unstable();
        keys.dedup();
        let if_alive = chunks::map(keys.len(), 256, |range| {
            let of = |(band, x, age): &(usize, u64, u64)| -> [f64; PARTS] {
                let (model, x, age) = (&self.bands.models[*band], f64::from_bits(*x), f64::from_bits(*age));
                let up_to = |days: f64| model.expected_purchases_if_alive(x, age, days / UNIT_DAYS);
                let mut parts = [0.0; PARTS];
                let mut before = 0.0;
                for (part, edge) in parts.iter_mut().zip(&edges) {
                    let all = up_to(*edge).max(before);
                    *part = all - before;
                    before = all;
                }
                parts
            };
            keys[range].iter().map(of).collect::<Vec<_>>()
        })
        .concat();
        let returns = Returns { share: self.net_share, prior_days: self.net_share_prior_days };
        chunks::each(pasts, |(customer, past)| {
            let h = past.history(UNIT_DAYS);
            let p_alive = self.bands.of(past.first_spend).p_alive(h.repeat_purchases, h.recency, h.age);
            let days = past.whole_spend_history();
            let spend = self.spend.expected_spend(days.repeat_purchases, days.mean_spend);
            let net = spend * returns.of(&returning(past));
            let purchases = keys.binary_search(&key(past)).map_or([0.0; PARTS], |place| if_alive[place]);
            let parts = purchases.map(|purchases| p_alive * purchases * net);
            let horizon = f64::from(self.horizon_days);
            let known = (past.age_days / horizon).min(1.0);
            let recent = known * (repeat_net(log, *customer, cut, past, self.horizon_days) - parts[0]);
            Raw { p_alive, spend, net, parts, recent }
        })
    }
}

/// Net amount of a customer in the horizon before a cut, the first purchase day left out; at least 0.
fn repeat_net(log: &PurchaseLog, customer: usize, cut: Cut, past: &Past, horizon_days: i32) -> f64 {
    let first = cut.age_to - past.age_days as i32;
    let from = (cut.before - horizon_days).max(first + 1);
    let net: f64 = log.seen(customer, cut).iter().rev().take_while(|day| day.day >= from).map(|day| day.net).sum();
    net.max(0.0)
}

/// What a customer's own share of returns is read from.
fn returning(past: &Past) -> Customer {
    Customer {
        repeat_purchases: past.repeat_purchases,
        recency: past.recency_days,
        age: past.age_days,
        mean_spend: past.mean_repeat_spend,
        own_net_share: past.own_net_share,
        customers: 1.0,
    }
}

#[cfg(test)]
mod tests;
