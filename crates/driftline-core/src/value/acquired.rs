//! What customers cost to win, beside what they are worth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;

/// What the active customers of a group with a known cost cost, and what they are worth. Ratios are of amounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Acquired {
    /// With a known cost.
    pub customers: u64,
    /// Of the group's active customers, 0 to 1.
    pub share: f64,
    pub cost: Minor,
    /// 12-month value of the same customers.
    pub value: Option<Minor>,
    pub value_by_cost: Option<f64>,
    /// 12-month value times the margin share; `None` if no margin is known.
    pub margin: Option<Minor>,
    pub margin_by_cost: Option<f64>,
}
