//! A bridge accounts for a change of a total customer by customer: who came, who left, who moved, who stayed and changed.
//!
//! Every customer is in exactly one bar, so the bars add up to the change under any roll-up; there is no interaction term.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;

/// What a bridge is of. The two kinds of money are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Forecast: expected net amount of the next 365 days of active customers.
    #[serde(rename = "value_12_months")]
    Value12Months,
    /// Realised: net revenue of the period, guests included.
    NetRevenue,
    /// Realised: net revenue of the 12 months before as-of, of active customers.
    #[serde(rename = "trailing_12_months")]
    Trailing12Months,
}

impl Measure {
    pub fn label(self) -> &'static str {
        match self {
            Self::Value12Months => "12-month value (forecast)",
            Self::NetRevenue => "net revenue of the period (realised)",
            Self::Trailing12Months => "net revenue of the last 12 months (realised)",
        }
    }
}

/// Why a part of the total changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    New,
    Returning,
    MovedUp,
    Within,
    MovedDown,
    /// Customers unlike any persona, before or now: neither end of their way has a rank.
    Other,
    Lost,
    /// Refunds and sales of people outside both bases.
    Outside,
    /// Sales and refunds without a customer id, or of customers who objected to profiling.
    Unidentified,
    /// Last period's models against this period's, on this period's customers.
    DefinitionChanged,
    /// Last period recomputed from today's data with last period's models, less as published: late orders, corrections,
    /// erasures.
    Restatement,
    /// Several causes of too few customers each, shown as one.
    SmallGroups,
}

impl Cause {
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "New customers",
            Self::Returning => "Returning customers",
            Self::MovedUp => "Moved to a higher-value persona",
            Self::Within => "Change within personas",
            Self::MovedDown => "Moved to a lower-value persona",
            Self::Other => "Customers unlike any persona",
            Self::Lost => "Lost customers",
            Self::Outside => "Outside the active base",
            Self::Unidentified => "Sales without a customer id",
            Self::DefinitionChanged => "Models refitted",
            Self::Restatement => "Last period restated",
            Self::SmallGroups => "Other (small groups)",
        }
    }
}

/// One bar: signed amount, and how many customers it is of (`None` where the rows have no customer).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    pub cause: Cause,
    pub label: String,
    pub customers: Option<u64>,
    pub amount: Minor,
}

/// `start` plus all bars is `end`, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bridge {
    pub measure: Measure,
    pub label: String,
    pub start: Minor,
    pub end: Minor,
    pub change: Minor,
    pub bars: Vec<Bar>,
    /// The bars by persona, where that can be shown.
    #[serde(default)]
    pub drill: Vec<Drill>,
}

impl Cause {
    /// Whether it is no doing of customers: another definition, or other data of the past.
    pub fn is_bookkeeping(self) -> bool {
        matches!(self, Self::DefinitionChanged | Self::Restatement)
    }
}

impl Bridge {
    /// The sum of the bars of one cause.
    pub fn amount(&self, cause: Cause) -> Minor {
        self.bars.iter().filter(|bar| bar.cause == cause).map(|bar| bar.amount).sum()
    }

    /// Last period from today's data, by its own models.
    pub fn restated(&self) -> Minor {
        self.start + self.amount(Cause::Restatement)
    }

    /// What customers moved.
    pub fn moved(&self) -> Minor {
        self.bars.iter().filter(|bar| !bar.cause.is_bookkeeping()).map(|bar| bar.amount).sum()
    }

    /// What customers moved as a part of last period restated; `None` if that is not above zero.
    pub fn like_for_like(&self) -> Option<f64> {
        let restated = self.restated();
        if restated.0 > 0 { self.moved().ratio(restated) } else { None }
    }
}

/// One bar by persona, the largest part first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drill {
    pub cause: Cause,
    pub label: String,
    pub parts: Vec<DrillPart>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrillPart {
    pub label: String,
    pub amount: Minor,
}
