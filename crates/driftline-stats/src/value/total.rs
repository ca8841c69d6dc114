//! The value of many customers together: its expectation exactly, its range from two variances that add up.
//!
//! * *Individual variation*: customers are independent given the parameters, so variances add. With M the customer's
//!   mean spend and N their purchases, `E[V] = E[N] E[M]` and `E[V²] = E[M²] (E[N²] + E[N]/p)`. This is averaged over the
//!   parameters' uncertainty, as the law of total variance has it.
//! * *Parameter uncertainty*: the covariance of the logarithms of the parameters from the two Hessians, carried over to
//!   the expected total by symmetric points around the estimate.
//!
//! The sum is taken as log-normal: it is positive and skewed, and close to normal for many customers. Where the individual
//! variance is itself known badly, the logarithm has Student's distribution.

use super::range::{Side, around};
use super::{Customer, ValueModel};
use crate::purchase::counted::sample;
use crate::purchase::{Fit, Scorer};
use crate::returns::Returns;
use crate::significance::normal_quantile;
use crate::spend::SpendFit;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Customers whose variances stand for all, if there are more. Drawn by rank, not by chance.
const SAMPLE: usize = 4096;

/// Customers of them by which the variances move with the parameters.
const FEWER: usize = 256;

/// From so many degrees of freedom on the quantiles are the normal ones.
const MANY_DEGREES: f64 = 1e4;

/// The degrees of freedom never count as fewer.
const LEAST_DEGREES: f64 = 3.0;

/// The least q + px − 2 in the variance of spend, which does not exist at or below 0.
const LEAST_EXCESS: f64 = 0.5;

/// The expected value of many customers and its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Total {
    /// Sum of the expected values.
    pub expected: f64,
    /// Standard deviation of the sum given the parameters.
    pub individual_deviation: f64,
    /// Standard deviation of the expected sum from the parameters' uncertainty; `None` if a fit has no covariance.
    pub parameter_deviation: Option<f64>,
    /// How well the deviations themselves are known: as if estimated from so many independent values. Infinite if exactly.
    pub degrees_of_freedom: f64,
}

impl Total {
    /// Returns the range that holds the sum with probability `level`, by a log-normal distribution of the same moments, or Student's
    /// t of the logarithm where the deviations are known badly.
    /// `further` is the standard deviation of any other, independent source of error. It holds the expectation too, which a
    /// very skewed distribution, like that of one purchase in a million, has beyond all usual quantiles.
    pub fn range(&self, level: f64, further: f64) -> (f64, f64) {
        if self.expected <= 0.0 {
            return (0.0, 0.0);
        }
        let parameters = self.parameter_deviation.unwrap_or(0.0);
        let own = self.individual_deviation * self.individual_deviation + parameters * parameters;
        let variance = own + further * further;
        // What is known exactly, as `further` is taken to be, makes the whole known better.
        let degrees = self.degrees_of_freedom * (variance / own) * (variance / own);
        let log_variance = libm::log1p(variance / (self.expected * self.expected));
        let deviation = libm::sqrt(log_variance);
        let middle = libm::log(self.expected) - 0.5 * log_variance;
        let z = quantile(0.5 + 0.5 * level, degrees);
        (libm::exp(middle - z * deviation), libm::exp(middle + z * deviation).max(self.expected))
    }
}

/// Returns the total of `customers` in the next `horizon`, in the fits' unit of time.
pub fn total(purchase: &Fit, spend: &SpendFit, returns: Returns, customers: &[Customer], horizon: f64) -> Total {
    let model = ValueModel { purchase: purchase.model, spend: spend.model, returns };
    let expected = expected_sum(&model, customers, horizon);
    let taken = thinned(customers, SAMPLE);
    let individual = |model: &ValueModel, taken: &[Customer]| -> f64 {
        taken.iter().map(|customer| customer.customers * variance_of(model, customer, horizon)).sum()
    };
    let fewer = thinned(&taken, FEWER);
    let of_fewer = |model: &ValueModel| {
        (individual(model, &fewer).max(f64::MIN_POSITIVE), expected_sum(model, &fewer, horizon).max(f64::MIN_POSITIVE))
    };
    let sides = around(purchase, spend, model);
    let parameter_variance: f64 = sides
        .iter()
        .map(|side| variance(side.models.iter().map(|model| expected_sum(model, &taken, horizon)).collect()))
        .sum();
    let is_known = purchase.covariance_log.is_some() && spend.covariance_log.is_some();
    let (factor, degrees_of_freedom) = spread_of_deviation(of_fewer, &model, sides.map(Side::if_known_badly));
    Total {
        expected,
        individual_deviation: libm::sqrt((individual(&model, &taken) * factor).max(0.0)),
        parameter_deviation: is_known.then(|| libm::sqrt(parameter_variance)),
        degrees_of_freedom,
    }
}

/// The variance of values at symmetric points. Unlike a derivative they see the curvature, which counts where few customers
/// leave the parameters wide.
fn variance(values: Vec<f64>) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count
}

/// How the individual variance is spread over the parameters' uncertainty: its mean, as a part of the one at the fitted
/// parameters but no less, and the degrees of freedom that it is worth. `of` gives a model's variance and expectation.
///
/// An estimated variance of relative variance 2/ν is worth ν values (Satterthwaite 1946, "An Approximate Distribution of Estimates
/// of Variance Components"). Here it is relative to the square of the expectation, since ranges are those of the logarithm.
fn spread_of_deviation(
    of: impl Fn(&ValueModel) -> (f64, f64),
    model: &ValueModel,
    sides: [Vec<ValueModel>; 2],
) -> (f64, f64) {
    let (middle, expected) = of(model);
    let (mut factor, mut relative_variance) = (1.0, 0.0);
    for side in sides {
        for model in &side {
            let (variance, mean) = of(model);
            let moved = variance / middle;
            let moved_relative = moved * (expected / mean) * (expected / mean) - 1.0;
            factor += (moved - 1.0) / side.len() as f64;
            relative_variance += moved_relative * moved_relative / side.len() as f64;
        }
    }
    (factor.max(1.0), (2.0 / relative_variance).max(LEAST_DEGREES))
}

/// The quantile of Student's t, the normal one for very many degrees of freedom.
fn quantile(probability: f64, degrees: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, degrees) {
        Ok(students) if degrees < MANY_DEGREES => students.inverse_cdf(probability),
        _ => normal_quantile(probability),
    }
}

/// Customers at equal distances by rank, each standing for an equal number; all of them if there are few. Of very many,
/// every n-th is ranked.
fn thinned(customers: &[Customer], points: usize) -> Vec<Customer> {
    if customers.len() <= points {
        return customers.to_vec();
    }
    let mut sorted: Vec<Customer> = customers.iter().step_by(customers.len().div_ceil(16 * points)).copied().collect();
    let order = |c: &Customer| [c.repeat_purchases, c.recency, c.age, c.mean_spend, c.customers];
    sorted.sort_unstable_by(|a, b| {
        let pairs = order(a).into_iter().zip(order(b));
        pairs.map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne()).unwrap_or(core::cmp::Ordering::Equal)
    });
    let weight = |customers: &[Customer]| customers.iter().map(|customer| customer.customers).sum::<f64>();
    let share = weight(customers) / weight(&sorted);
    sample(&sorted, points, |customer| customer.customers)
        .into_iter()
        .map(|(customer, customers)| Customer { customers: customers * share, ..customer })
        .collect()
}

fn expected_sum(model: &ValueModel, customers: &[Customer], horizon: f64) -> f64 {
    let mut scorer = Scorer::new(model.purchase, horizon);
    let of = |customer: &Customer| {
        let &Customer { repeat_purchases: x, recency, age, mean_spend, customers, .. } = customer;
        let purchases = scorer.expected_purchases(x, recency, age);
        customers * purchases * model.spend.expected_spend(x, mean_spend) * model.returns.of(customer)
    };
    customers.iter().map(of).sum()
}

fn variance_of(model: &ValueModel, customer: &Customer, horizon: f64) -> f64 {
    let &Customer { repeat_purchases: x, recency, age, mean_spend, .. } = customer;
    let (mean, square) = model.purchase.purchase_moments(x, recency, age, horizon);
    let (p, shape, scale) = (model.spend.p, model.spend.q + model.spend.p * x, model.scale(customer));
    let spend = model.spend.expected_spend(x, mean_spend) * model.returns.of(customer);
    let spend_square =
        p * p * scale * scale / ((shape - 1.0).max(1.0 + LEAST_EXCESS) * (shape - 2.0).max(LEAST_EXCESS));
    (spend_square * (square + mean / p) - mean * mean * spend * spend).max(0.0)
}
