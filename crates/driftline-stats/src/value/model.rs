//! The model of a value, and the distribution of one customer's.

use crate::purchase::PurchaseModel;
use crate::returns::Returns;
use crate::spend::SpendModel;
use statrs::function::beta::checked_beta_reg;

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

/// The distribution of one customer's value: an atom at 0 and a continuous part.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// P(N = 0), P(N = 1), …; what is left out counts as the last.
    pub(super) probabilities: Vec<f64>,
    /// p of the spend model.
    pub(super) shape: f64,
    /// q + px.
    pub(super) posterior_shape: f64,
    /// γ' times the share that is left after returns.
    pub(super) scale: f64,
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
pub(super) fn crossing(gap: impl Fn(f64) -> f64, middle: f64, around: f64, tolerance: f64) -> f64 {
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
