//! What customers will spend in a horizon to come, with its distribution: one customer's exactly, a sum's by its moments.
//!
//! A customer's purchases N follow the purchase model given their past. Given N = n, their spends are n draws of
//! Gamma(p, ν), where ν, given their past spend, is Gamma(q + px, γ + x m̄) (Fader & Hardie, note 025 at
//! brucehardie.com). The sum of the spends is then Gamma(pn, ν), and, over ν, a beta prime scaled by γ' = γ + x m̄:
//!
//! `P(V ≤ v) = P(N = 0) + Σₙ P(N = n) · I(v / (v + γ'); pn, q + px)`
//!
//! with the regularised incomplete beta function I. Value is spend times a share that is left after returns.

mod range;
mod total;

pub use range::{Mixture, Uncertain};
pub use total::{Total, total};

use crate::chunks;
use crate::purchase::PurchaseModel;
use crate::returns::Returns;
use crate::spend::SpendModel;
use statrs::function::beta::checked_beta_reg;

/// Probability of more purchases than are looked at.
const LEFT_OUT: f64 = 1e-7;

/// A purchase and a spend model, and what is left of spend after returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueModel {
    /// How often customers buy; its unit of time is the unit of ages and horizons here.
    pub purchase: PurchaseModel,
    /// How much they spend a purchase.
    pub spend: SpendModel,
    /// What is left of spend.
    pub returns: Returns,
}

/// A customer's past, and how many customers share it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Customer {
    /// `x`.
    pub repeat_purchases: f64,
    /// `t_x`.
    pub recency: f64,
    /// `T`.
    pub age: f64,
    /// m̄: mean spend of the repeat purchases; 0 without any.
    pub mean_spend: f64,
    /// Their own net amount over spend, 0 to 1; `None` if nothing was spent.
    pub own_net_share: Option<f64>,
    /// How many customers have this past.
    pub customers: f64,
}

impl ValueModel {
    /// Returns the expected value of the next `horizon`.
    pub fn expected(&self, customer: &Customer, horizon: f64) -> f64 {
        let &Customer { repeat_purchases: x, recency, age, mean_spend, .. } = customer;
        let purchases = self.purchase.expected_purchases(x, recency, age, horizon);
        purchases * self.spend.expected_spend(x, mean_spend) * self.returns.of(customer)
    }

    /// Returns the expected value of the next `horizon` of each customer, in their order, as [`expected`](Self::expected) does.
    ///
    /// The costly part depends on purchases and age only. Many customers share them, and it is computed once for each pair.
    pub fn expected_of_each(&self, customers: &[Customer], horizon: f64) -> Vec<f64> {
        // The bits of numbers that are not negative sort as the numbers do.
        let key = |customer: &Customer| [customer.repeat_purchases, customer.age].map(f64::to_bits);
        let mut pairs: Vec<[u64; 2]> = customers.iter().map(key).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let if_alive = chunks::map(pairs.len(), 256, |range| {
            let of = |pair: &[u64; 2]| {
                let [x, age] = pair.map(f64::from_bits);
                self.purchase.expected_purchases_if_alive(x, age, horizon)
            };
            pairs[range].iter().map(of).collect::<Vec<f64>>()
        })
        .concat();
        chunks::each(customers, |customer| {
            let &Customer { repeat_purchases: x, recency, age, mean_spend, .. } = customer;
            let if_alive = pairs.binary_search(&key(customer)).map_or(0.0, |place| if_alive[place]);
            let purchases = self.purchase.p_alive(x, recency, age) * if_alive;
            purchases * self.spend.expected_spend(x, mean_spend) * self.returns.of(customer)
        })
    }

    /// Returns the distribution of one customer's value in the next `horizon`.
    pub fn distribution(&self, customer: &Customer, horizon: f64) -> Distribution {
        let &Customer { repeat_purchases: x, recency, age, .. } = customer;
        let expected = self.purchase.expected_purchases(x, recency, age, horizon);
        let mut most = 16 + libm::ceil(2.0 * expected).clamp(0.0, 4000.0) as usize;
        let mut probabilities = loop {
            let probabilities = self.purchase.purchase_probabilities(x, recency, age, horizon, most);
            if most >= 8192 || 1.0 - probabilities.iter().sum::<f64>() < LEFT_OUT {
                break probabilities;
            }
            most *= 2;
        };
        let left_out = (1.0 - probabilities.iter().sum::<f64>()).max(0.0);
        if let Some(last) = probabilities.last_mut() {
            *last += left_out;
        }
        Distribution { probabilities, ..self.of_spend(customer) }
    }

    /// The part of a distribution that comes from the spend model.
    fn of_spend(&self, customer: &Customer) -> Distribution {
        Distribution {
            probabilities: Vec::new(),
            shape: self.spend.p,
            posterior_shape: self.spend.q + self.spend.p * customer.repeat_purchases.max(0.0),
            scale: self.scale(customer),
        }
    }

    /// γ' of the customer, less returns.
    fn scale(&self, customer: &Customer) -> f64 {
        self.spend.posterior_rate(customer.repeat_purchases, customer.mean_spend) * self.returns.of(customer)
    }
}

/// The distribution of one customer's value: an atom at 0 and a continuous part.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// P(N = 0), P(N = 1), …; what is left out counts as the last.
    probabilities: Vec<f64>,
    /// p of the spend model.
    shape: f64,
    /// q + px.
    posterior_shape: f64,
    /// γ' times the share that is left after returns.
    scale: f64,
}

impl Distribution {
    /// Returns P(V = 0).
    pub fn p_zero(&self) -> f64 {
        self.probabilities.first().copied().unwrap_or(1.0)
    }

    /// Returns P(V ≤ `value`).
    pub fn cumulative(&self, value: f64) -> f64 {
        if value < 0.0 {
            return 0.0;
        }
        let part = value / (value + self.scale);
        if part.is_nan() || part <= 0.0 {
            return self.p_zero();
        }
        let (mut sum, mut counted) = (self.p_zero(), self.p_zero());
        for (count, &probability) in self.probabilities.iter().enumerate().skip(1) {
            let within = checked_beta_reg(self.shape * count as f64, self.posterior_shape, part.min(1.0));
            sum += probability * within.unwrap_or(1.0);
            counted += probability;
            // The sum of n spends is below v less and less often as n grows.
            if within.is_ok_and(|within| within * (1.0 - counted) < 1e-9) {
                break;
            }
        }
        sum.clamp(0.0, 1.0)
    }

    /// Returns the least v with P(V ≤ v) ≥ `probability`, to 1e-6 of it.
    pub fn quantile(&self, probability: f64) -> f64 {
        if probability <= self.p_zero() || self.scale <= 0.0 {
            return 0.0;
        }
        let gap = |log_value: f64| self.cumulative(libm::exp(log_value)) - probability;
        libm::exp(crossing(gap, libm::log(self.scale), 1.0, 1e-7))
    }

    /// Returns the range that holds the value with probability `level`, with equal tails.
    pub fn range(&self, level: f64) -> (f64, f64) {
        let tail = 0.5 * (1.0 - level);
        (self.quantile(tail), self.quantile(1.0 - tail))
    }
}

/// Where a rising function crosses 0, to within `tolerance`, sought from around `middle`; the far end of the search if nowhere.
fn crossing(gap: impl Fn(f64) -> f64, middle: f64, around: f64, tolerance: f64) -> f64 {
    let (mut low, mut high) = (middle - around, middle + around);
    let (mut at_low, mut at_high) = (gap(low), gap(high));
    let mut step = 2.0 * around;
    while at_low > 0.0 && step < 700.0 {
        (high, at_high) = (low, at_low);
        low -= step;
        at_low = gap(low);
        step *= 2.0;
    }
    step = 2.0 * around;
    while at_high < 0.0 && step < 700.0 {
        (low, at_low) = (high, at_high);
        high += step;
        at_high = gap(high);
        step *= 2.0;
    }
    // The Illinois method: regula falsi that halves the weight of an end which stays.
    for _ in 0..80 {
        if high - low < tolerance || at_low >= 0.0 || at_high <= 0.0 {
            break;
        }
        let mut next = (low * at_high - high * at_low) / (at_high - at_low);
        let margin = 0.01 * (high - low);
        next = next.clamp(low + margin, high - margin);
        let at_next = gap(next);
        if at_next < 0.0 {
            (low, at_low) = (next, at_next);
            at_high *= 0.5;
        } else {
            (high, at_high) = (next, at_next.max(f64::MIN_POSITIVE));
            at_low *= 0.5;
        }
    }
    high
}

#[cfg(test)]
mod tests;
