//! A purchase model and the history that it is asked about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::beta_geometric::BetaGeometric;
use super::hypergeometric::Rates;
use super::kind::Kind;

/// A purchase history, and the number of customers who share it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// `x`: purchase days after the first one; a whole number.
    pub repeat_purchases: f64,
    /// `t_x`: age at the last purchase, the time between the first and the last; 0 if `x` is 0, else above 0.
    pub recency: f64,
    /// `T`: age at the end of the observation, the time since the first purchase; at least `t_x`.
    pub age: f64,
    /// How many customers have this history; above 0.
    pub customers: f64,
}

/// A purchase model: a kind and its parameters.
///
/// The methods take `x`, `t_x` and `T` of one customer (see [`History`]) and answer with a finite number for any of
/// them. Values outside a history's rules are moved to the nearest that obey them: what is negative or not a number
/// counts as 0, `x` is rounded, and a recency is cut to the age.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PurchaseModel {
    /// Which process drops customers out.
    pub kind: Kind,
    /// r, α, a, b, or r, α, s, β for the Pareto/NBD; all positive. α and β are in units of time, the others have none.
    pub parameters: [f64; 4],
}

/// The two families of formulas.
#[derive(Clone, Copy, Debug)]
pub(super) enum AnyProcess {
    BetaGeometric(BetaGeometric),
    Pareto(Rates),
}

/// One customer's numbers, within the rules of a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub(super) x: f64,
    pub(super) t_x: f64,
    pub(super) age: f64,
}

impl Past {
    pub(super) fn new(x: f64, t_x: f64, age: f64) -> Self {
        let (x, age) = (whole(x), time(age));
        Self { x, age, t_x: if x > 0.0 { time(t_x).min(age) } else { 0.0 } }
    }
}

/// A count of purchases from outside.
pub(super) fn whole(value: f64) -> f64 {
    libm::round(time(value))
}

/// A time from outside. What is not a number counts as 0; the upper limit keeps sums finite.
pub(super) fn time(value: f64) -> f64 {
    if value > 0.0 { value.min(1e12) } else { 0.0 }
}
