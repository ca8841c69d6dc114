//! One customer's range, with the uncertainty of the parameters.
//!
//! The distribution of a customer's value is taken at symmetric points around the fitted parameters (Julier & Uhlmann 1997, as
//! for totals) and averaged: P(V ≤ v) moves by the mean of what it moves to at the points of the purchase model, and by the same
//! of the spend model's, whose errors are independent.

use super::points::symmetric_points;
use super::{Customer, Distribution, ValueModel, crossing};
use crate::chunks;
use crate::purchase::{Fit, PurchaseModel};
use crate::returns::Returns;
use crate::spend::{SpendFit, SpendModel};

/// Below this largest standard deviation of a parameter's logarithm the points are left out. They move a probability by the
/// square of it only.
const LEAST_DEVIATION: f64 = 0.02;

/// A value model whose parameters are not known exactly.
#[derive(Clone, Debug)]
pub struct Uncertain {
    model: ValueModel,
    by_purchase: Vec<ValueModel>,
    by_spend: Vec<ValueModel>,
}

impl Uncertain {
    /// Takes two fits and their covariances.
    pub fn new(purchase: &Fit, spend: &SpendFit, returns: Returns) -> Self {
        let model = ValueModel { purchase: purchase.model, spend: spend.model, returns };
        let [by_purchase, by_spend] = around(purchase, spend, model).map(Side::if_known_badly);
        Self { model, by_purchase, by_spend }
    }

    /// Returns the distribution of one customer's value in the next `horizon`.
    pub fn distribution(&self, customer: &Customer, horizon: f64) -> Mixture {
        let middle = self.model.distribution(customer, horizon);
        let by_purchase = self.by_purchase.iter().map(|model| model.distribution(customer, horizon));
        let by_spend = self
            .by_spend
            .iter()
            .map(|model| Distribution { probabilities: middle.probabilities.clone(), ..model.of_spend(customer) });
        Mixture { by_purchase: by_purchase.collect(), by_spend: by_spend.collect(), middle }
    }

    /// Returns the range of each customer's value at `level`, in their order.
    ///
    /// Customers of the same purchases share the work: the range of the one with the median spend, in parts of γ', is taken for
    /// all of them. It is exact where the parameters are, and else but for how their errors depend on the spend.
    pub fn ranges(&self, customers: &[Customer], horizon: f64, level: f64) -> Vec<(f64, f64)> {
        let key = |customer: &Customer| {
            [customer.repeat_purchases, customer.recency, customer.age].map(|value| (value + 0.0).to_bits())
        };
        let mut order: Vec<usize> = (0..customers.len()).collect();
        order.sort_unstable_by_key(|index| {
            (key(&customers[*index]), customers[*index].mean_spend.max(0.0).to_bits(), *index)
        });
        let groups: Vec<&[usize]> = order.chunk_by(|a, b| key(&customers[*a]) == key(&customers[*b])).collect();
        let found = chunks::map(groups.len(), 64, |range| {
            let of = |group: &&[usize]| {
                let median = &customers[group[group.len() / 2]];
                let scale = self.model.scale(median);
                let (low, high) = self.distribution(median, horizon).range(level);
                if scale > 0.0 { (low / scale, high / scale) } else { (0.0, 0.0) }
            };
            groups[range].iter().map(of).collect::<Vec<(f64, f64)>>()
        });
        let mut ranges = vec![(0.0, 0.0); customers.len()];
        for (group, (low, high)) in groups.iter().zip(found.into_iter().flatten()) {
            for index in *group {
                let scale = self.model.scale(&customers[*index]);
                ranges[*index] = (low * scale, high * scale);
            }
        }
        ranges
    }
}

/// The models that one fit's errors lead to, at symmetric points; none without a covariance.
pub(super) struct Side {
    pub(super) models: Vec<ValueModel>,
    is_known_well: bool,
}

impl Side {
    /// Returns the models, none if the parameters are known so well that they would change next to nothing.
    pub(super) fn if_known_badly(self) -> Vec<ValueModel> {
        if self.is_known_well { Vec::new() } else { self.models }
    }
}

/// Returns the models around `model` by the errors of the purchase fit, and by those of the spend fit, which are independent.
pub(super) fn around(purchase: &Fit, spend: &SpendFit, model: ValueModel) -> [Side; 2] {
    let by_purchase = side(purchase.covariance_log.as_ref(), |by| {
        let parameters = core::array::from_fn(|n| model.purchase.parameters[n] * by[n]);
        ValueModel { purchase: PurchaseModel { parameters, ..model.purchase }, ..model }
    });
    let by_spend = side(spend.covariance_log.as_ref(), |by| {
        let SpendModel { p, q, gamma, own_above } = model.spend;
        ValueModel { spend: SpendModel { p: p * by[0], q: q * by[1], gamma: gamma * by[2], own_above }, ..model }
    });
    [by_purchase, by_spend]
}

/// `of` makes a model of the factors of its parameters.
fn side<const N: usize>(covariance: Option<&[[f64; N]; N]>, of: impl Fn([f64; N]) -> ValueModel) -> Side {
    let Some(covariance) = covariance else { return Side { models: Vec::new(), is_known_well: true } };
    let points = symmetric_points(covariance).into_iter();
    let most = (0..N).map(|n| covariance[n][n]).fold(0.0, f64::max);
    Side {
        models: points.map(|point| of(point.map(libm::exp))).collect(),
        is_known_well: most < LEAST_DEVIATION * LEAST_DEVIATION,
    }
}

/// The distribution of one customer's value over the uncertainty of the parameters.
#[derive(Clone, Debug)]
pub struct Mixture {
    middle: Distribution,
    by_purchase: Vec<Distribution>,
    by_spend: Vec<Distribution>,
}

impl Mixture {
    /// Returns P(V = 0).
    pub fn p_zero(&self) -> f64 {
        self.average(Distribution::p_zero)
    }

    /// Returns P(V ≤ `value`).
    pub fn cumulative(&self, value: f64) -> f64 {
        self.average(|distribution| distribution.cumulative(value))
    }

    /// Returns the least v with P(V ≤ v) ≥ `probability`, to a ten-thousandth of probability.
    ///
    /// What the points add to the middle's distribution changes slowly with v: the middle's quantile is sought again for the
    /// probability less what they add there, until that stays.
    pub fn quantile(&self, probability: f64) -> f64 {
        if probability <= self.p_zero() || self.middle.scale <= 0.0 {
            return 0.0;
        }
        let mut value = self.middle.quantile(probability);
        if self.by_purchase.is_empty() && self.by_spend.is_empty() {
            return value;
        }
        let mut sought = probability;
        for _ in 0..6 {
            let added = self.cumulative(value) - self.middle.cumulative(value);
            let next = probability - added;
            if value <= 0.0 || next <= self.middle.p_zero() || next >= 1.0 - 1e-9 {
                break;
            }
            if (next - sought).abs() < 1e-4 {
                return value;
            }
            sought = next;
            let gap = |log_value: f64| self.middle.cumulative(libm::exp(log_value)) - sought;
            value = libm::exp(crossing(gap, libm::log(value), 0.1, 1e-5));
        }
        let gap = |log_value: f64| self.cumulative(libm::exp(log_value)) - probability;
        let near = if value > 0.0 { value } else { self.middle.scale };
        libm::exp(crossing(gap, libm::log(near), 0.1, 1e-4))
    }

    /// Returns the range that holds the value with probability `level`, with equal tails.
    pub fn range(&self, level: f64) -> (f64, f64) {
        let tail = 0.5 * (1.0 - level);
        (self.quantile(tail), self.quantile(1.0 - tail))
    }

    fn average(&self, of: impl Fn(&Distribution) -> f64) -> f64 {
        let middle = of(&self.middle);
        let moved = |at: &[Distribution]| {
            if at.is_empty() { 0.0 } else { at.iter().map(&of).sum::<f64>() / at.len() as f64 - middle }
        };
        (middle + moved(&self.by_purchase) + moved(&self.by_spend)).clamp(0.0, 1.0)
    }
}
