//! What changed in what is sold and what comes back, as a report carries it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;

/// How fine items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Category,
    Product,
}

/// What changed in what is sold and what comes back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assortment {
    /// Never sold before this period.
    pub new: Vec<Line>,
    /// Sold last period and not in this one.
    pub dropped: Vec<Line>,
    /// Lines of both periods that moved the sales, those with most of the move first.
    pub movers: Vec<Line>,
    /// Lines that moved the other way as far, where movers moved more than the sales did.
    #[serde(default)]
    pub against: Vec<Line>,
    /// Gross sales now less those of last period, from today's data.
    pub sales_change: Minor,
    /// Whether items have other names than last period.
    pub is_renamed: bool,
    /// Returns, if their part of the sales changed by more than chance.
    pub returns: Option<ReturnsChange>,
    /// What is new, dropped, or sent back more or less: a line of the mail each.
    pub news: Vec<String>,
    /// Why sales moved, where they did.
    pub why: Vec<String>,
}

/// One item with what it stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    pub level: Level,
    pub label: String,
    /// Distinct customers: of the period in which it was sold, of this one for a mover.
    pub customers: u64,
    pub before: Minor,
    pub now: Minor,
    /// Of all that the market sold: in this period, of what was dropped in the last one.
    pub share_of_sales: f64,
    /// Of the move of the market's sales: 1 if it is all of it; absent if sales did not move.
    pub share_of_change: Option<f64>,
}

/// Returns by what was sold, last period and this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnsChange {
    pub before: Minor,
    pub now: Minor,
    /// Returned by sold amount.
    pub rate_before: f64,
    pub rate_now: f64,
    /// Items with most of the change of the returned amount.
    pub items: Vec<ReturnedItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnedItem {
    pub level: Level,
    pub label: String,
    pub before: Minor,
    pub now: Minor,
    /// Of the change of what the market's customers returned.
    pub share_of_change: f64,
}
