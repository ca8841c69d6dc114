//! What customers will spend in a horizon to come, with its distribution: one customer's exactly, a sum's by its moments.
//!
//! A customer's purchases N follow the purchase model given their past. Given N = n, their spends are n draws of
//! Gamma(p, ν), where ν, given their past spend, is Gamma(q + px, γ + x m̄) (Fader & Hardie, note 025 at
//! brucehardie.com). The sum of the spends is then Gamma(pn, ν), and, over ν, a beta prime scaled by γ' = γ + x m̄:
//!
//! `P(V ≤ v) = P(N = 0) + Σₙ P(N = n) · I(v / (v + γ'); pn, q + px)`
//!
//! with the regularised incomplete beta function I. Value is spend times a share that is left after returns.

mod customer;
mod model;
mod points;
mod range;
mod total;

pub use customer::Customer;
use model::crossing;
pub use model::{Distribution, ValueModel};
pub use range::{Mixture, Uncertain};
pub use total::{Total, total};

use crate::chunks;

/// Probability of more purchases than are looked at.
const LEFT_OUT: f64 = 1e-7;

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
            let probabilities = self.purchase.purchase_probabilities((x, recency, age), horizon, most);
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

#[cfg(test)]
mod tests;
