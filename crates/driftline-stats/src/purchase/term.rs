//! The parts of a log-likelihood `C(x) + ln(exp W(x, T) + exp U(x, t_x))`, each with its exact gradient.

use crate::special::ln_add_exp;

/// A part of the log-likelihood and its derivatives by the *logarithms* of the four parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) value: f64,
    pub(super) gradient: [f64; 4],
}

/// A model of purchases and dropout with its parameters.
pub(super) trait Process: Copy + Sync {
    /// C(x).
    fn common(&self, x: f64) -> Term;
    /// W(x, T): active up to age `T`.
    fn at_age(&self, x: f64, age: f64) -> Term;
    /// U(x, t_x): dropped out after the purchase at `t_x`. Its value is negative infinity where that cannot be.
    fn at_recency(&self, x: f64, t_x: f64) -> Term;
    /// The probability of not having dropped out by `age`.
    fn p_alive(&self, x: f64, t_x: f64, age: f64) -> f64;
    /// The purchases to expect in `(age, age + horizon]` of a customer who is alive at `age`.
    fn expected_if_alive(&self, x: f64, age: f64, horizon: f64) -> f64;
    /// The probability of at least one purchase in `(age, age + horizon]` of a customer who is alive at `age`.
    fn p_purchase_if_alive(&self, x: f64, age: f64, horizon: f64) -> f64;
    /// The horizon at which that probability is reached; `None` if it never is.
    fn time_of_purchase(&self, x: f64, age: f64, probability: f64) -> Option<f64>;
}

/// The log-likelihood of one customer.
pub(super) fn log_likelihood(process: &impl Process, x: f64, t_x: f64, age: f64) -> f64 {
    process.common(x).value + ln_add_exp(process.at_age(x, age).value, process.at_recency(x, t_x).value)
}
