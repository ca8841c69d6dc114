//! A spend model and the history that it is asked about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::special::ln_beta_rest;

/// The smallest `px + q − 1` that an expectation divides by. Below it the mean is that of a tail nobody has seen.
pub const LEAST_EXCESS: f64 = 0.1;

/// What a customer spent, and the number of customers who share it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub struct SpendHistory {
    /// `x`: purchase days after the first one; of a model of all purchase days, all of them.
    pub repeat_purchases: f64,
    /// `m`: mean spend of these days, in the currency of the input.
    pub mean_spend: f64,
    /// How many customers have this history; above 0.
    pub customers: f64,
}

/// The Gamma-Gamma model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpendModel {
    /// Shape of a customer's purchases.
    pub p: f64,
    /// Shape of the variation between customers.
    pub q: f64,
    /// Its rate, in the currency of the input.
    pub gamma: f64,
    /// The mean spend above which a customer keeps their own mean; none if nobody in the fit was above such a bound (see
    /// `spend/winsorised.rs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_above: Option<f64>,
}

/// A fitted spend model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpendFit {
    /// The model at the maximum of the likelihood.
    pub model: SpendModel,
    /// The log-likelihood of all customers used.
    pub log_likelihood: f64,
    /// Whether the gradient norm is at most 1e-5, or 1e-11 per customer for more than a million.
    pub converged: bool,
    /// The largest derivative of the log-likelihood by ln p, ln q or ln(γp/q), in absolute value.
    pub gradient_norm: f64,
    /// Standard errors of p, q and γ, from the Hessian; `None` at a boundary.
    pub standard_errors: Option<[f64; 3]>,
    /// Covariance of ln p, ln q and ln γ. At a boundary it is as if they had been known beforehand with a deviation of 1.
    pub covariance_log: Option<[[f64; 3]; 3]>,
    /// The customers fitted on: those with a repeat purchase and a positive mean spend.
    pub customers: f64,
    /// The mean of their mean spends.
    pub observed_mean: f64,
    /// Which limit the parameters ran to, or that spend has no mean.
    pub boundary: Option<String>,
}

impl SpendModel {
    /// Makes a model of parameters from outside.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if one of them is not a positive finite number.
    pub fn new(p: f64, q: f64, gamma: f64) -> Result<Self, Error> {
        for (name, value) in [("p", p), ("q", q), ("gamma", gamma)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::InvalidParameter { name, value });
            }
        }
        Ok(Self { p, q, gamma, own_above: None })
    }

    /// Returns the expected mean spend of a customer's purchases to come: a weighted mean of what they spent and
    /// of the population's mean, `p(γ + xm)/(px + q − 1)`.
    ///
    /// It rises with `mean_spend`, and is the population's mean for `repeat_purchases` 0. A negative spend counts as 0. Above
    /// [`SpendModel::own_above`] it is at least `mean_spend` itself.
    pub fn expected_spend(&self, repeat_purchases: f64, mean_spend: f64) -> f64 {
        let (x, spend) = (positive(repeat_purchases, 1e9), positive(mean_spend, 1e15));
        let shrunk = self.p * (self.gamma + x * spend) / (self.p * x + self.q - 1.0).max(LEAST_EXCESS);
        if self.is_outside(x, spend) { shrunk.max(spend) } else { shrunk }
    }

    /// Returns the rate of a customer's own gamma distribution, `γ + xm`; outside the model the one that has the same expectation
    /// as [`SpendModel::expected_spend`].
    pub(crate) fn posterior_rate(&self, repeat_purchases: f64, mean_spend: f64) -> f64 {
        let (x, spend) = (repeat_purchases.max(0.0), mean_spend.max(0.0));
        let rate = self.gamma + x * spend;
        let own = spend * (self.p * x + self.q - 1.0).max(LEAST_EXCESS) / self.p;
        if self.is_outside(x, spend) { rate.max(own) } else { rate }
    }

    fn is_outside(&self, repeat_purchases: f64, mean_spend: f64) -> bool {
        repeat_purchases > 0.0 && self.own_above.is_some_and(|bound| mean_spend > bound)
    }

    /// Returns the mean spend over all customers, `pγ/(q − 1)`.
    pub fn population_mean(&self) -> f64 {
        self.expected_spend(0.0, 0.0)
    }

    /// Returns the log-likelihood of one customer with `repeat_purchases ≥ 1` and `mean_spend > 0`; 0 for others, who
    /// tell nothing.
    pub fn log_likelihood(&self, repeat_purchases: f64, mean_spend: f64) -> f64 {
        if !(repeat_purchases > 0.0 && mean_spend > 0.0) {
            return 0.0;
        }
        let (own, total) = (self.p * repeat_purchases, repeat_purchases * mean_spend);
        let excess = (self.q * total - own * self.gamma) / (total + self.gamma);
        own * libm::log1p(excess / own) + self.q * libm::log1p(-excess / self.q)
            - ln_beta_rest(own, self.q)
            - libm::log(mean_spend)
    }
}

/// A number from 0 to `most`.
fn positive(value: f64, most: f64) -> f64 {
    if value > 0.0 { value.min(most) } else { 0.0 }
}
