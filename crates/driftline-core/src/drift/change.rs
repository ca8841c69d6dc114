//! A change: one line of drift, a persona's or the market's figure, last period against this one, split into its three causes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;

/// Subject of the lines that are of no persona.
pub const MARKET: &str = "market";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of active customers, 0 to 1.
    CustomerShare,
    /// Purchase days a member, of those with one in both periods.
    OrdersPerMember,
    /// Typical (geometric mean) spend a purchase day of the same people, in minor units.
    OrderValue,
    /// Customers with their first purchase day in the period.
    NewCustomers,
    /// Typical (geometric mean) spend in the period of a customer who came in it, in minor units.
    NewCustomerSpend,
    /// 12-month value in minor units.
    Value,
    /// 12-month value a customer in minor units: only in reports from before orders were compared.
    ValuePerCustomer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Passed: enough data, material, sure, and unusual where there is a history to tell.
    Changed,
    /// Enough data, material and sure, but inside the range of this market's past changes.
    Usual,
    /// Not material, or not sure.
    NotMaterial,
    TooSmallToSay,
}

/// The three causes of a difference; they add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Causes {
    /// This period by last period's models, less last period restated.
    pub customers_moved: f64,
    /// This period as published, less the same by last period's models.
    pub definition_changed: f64,
    /// Last period recomputed from today's data by its own models, less as published.
    pub restatement: f64,
}

/// One line. `from`, `to`, `change`, its causes and the range are shares, orders, customers, or minor units for money.
/// Figures of the same people (orders, spend an order) and new customers are both from today's data, so nothing but customers moved them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Persona key, or `market`.
    pub subject: String,
    pub label: String,
    pub metric: Metric,
    pub from: f64,
    pub to: f64,
    /// To less from.
    pub change: f64,
    #[serde(default)]
    pub causes: Causes,
    /// Of the customers' moves.
    pub low_95: f64,
    pub high_95: f64,
    pub q: f64,
    pub verdict: Verdict,
    /// How the move compares with past ones of the same figure.
    #[serde(default)]
    pub usual: Usual,
    /// What lines are ranked by: the part of its last net revenue that the figure moved by; of value, how far it moved.
    pub money: Minor,
}

impl Change {
    /// What the figure is like for like before: as published, restated.
    pub fn restated(&self) -> f64 {
        self.from + self.causes.restatement
    }

    /// What customers moved as it is compared with the past: points of a share, else a part of the figure before.
    pub fn moved(&self) -> f64 {
        match self.metric {
            Metric::CustomerShare => self.causes.customers_moved,
            _ if self.restated() == 0.0 => 0.0,
            _ => self.causes.customers_moved / self.restated(),
        }
    }

    /// Units of the figure in one unit of [`Change::moved`].
    pub(super) fn unit(&self) -> f64 {
        if self.metric == Metric::CustomerShare { 1.0 } else { self.restated() }
    }
}

/// How a move compares with past ones of the same figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Usual {
    /// Too few past changes to say: the condition does not apply.
    NoHistory { past: usize },
    /// Inside the range of past changes.
    Inside { past: usize, low: f64, high: f64 },
    /// Outside of it.
    Outside { past: usize, low: f64, high: f64 },
    /// The same period of last year had it too.
    Season { last_year: f64 },
}

impl Default for Usual {
    fn default() -> Self {
        Self::NoHistory { past: 0 }
    }
}

impl Usual {
    pub fn is_inside(self) -> bool {
        matches!(self, Self::Inside { .. } | Self::Season { .. })
    }

    /// In another unit, so many of which are one of this.
    #[must_use]
    pub fn scaled(self, unit: f64) -> Self {
        match self {
            Self::NoHistory { past } => Self::NoHistory { past },
            Self::Inside { past, low, high } => Self::Inside { past, low: unit * low, high: unit * high },
            Self::Outside { past, low, high } => Self::Outside { past, low: unit * low, high: unit * high },
            Self::Season { last_year } => Self::Season { last_year: unit * last_year },
        }
    }
}
