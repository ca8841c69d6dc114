//! What turns a customer's sums into a coordinate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a habit is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Purchases a month: gamma-Poisson.
    Rate,
    /// Mean of a figure of purchase days: normal-normal.
    Mean,
    /// Returned by sold amount: its noise falls with purchase days.
    Ratio,
    /// Shares of items, by square roots.
    Shares,
}

/// One habit as it was found in a market, and what turns a customer's sums into a coordinate. A prior counts as so many purchase days
/// (a rate: as `prior` purchases in `prior_months`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scale {
    pub name: String,
    pub kind: Kind,
    /// Part of the estimates' spread that is between customers, 0 to 1.
    pub reliability: f64,
    /// Whether it takes part.
    pub is_in_use: bool,
    /// Why it does not, for readers.
    #[serde(default)]
    pub note: Option<String>,
    /// Of everyone; purchases a month for a rate.
    pub mean: f64,
    pub prior: f64,
    #[serde(default)]
    pub prior_months: f64,
    /// Deviation between customers: what one unit of the coordinate is.
    pub spread: f64,
    #[serde(default)]
    pub items: Vec<String>,
    /// Everyone's share of each item.
    #[serde(default)]
    pub base: Vec<f64>,
}

/// Variance that a group of shares has in all of its coordinates together.
pub(super) const SHARES_WEIGHT: f64 = 3.0;
