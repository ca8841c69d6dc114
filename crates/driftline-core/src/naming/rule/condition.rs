//! One condition of a rule: an operand and a bound of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Conditions that a rule may have.
pub const CONDITIONS_MAX: usize = 8;

/// What a condition is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operand {
    /// A column of `customers`, such as `mean_order`.
    Column(String),
    /// The share of an item in what a customer buys: of the category `coffee`, of the channel `online`.
    Share { habit: String, item: String },
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => f.write_str(column),
            Self::Share { habit, item } => write!(f, "share({habit}, '{}')", item.replace('\'', "''")),
        }
    }
}

/// One side of an operand: from the threshold on, or below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    pub operand: Operand,
    /// Whether values from the threshold on are in (`>=`), or those below it (`<`).
    pub at_least: bool,
    pub threshold: f64,
}

impl Condition {
    /// Whether a value is on the condition's side; what is not a number is on none.
    pub fn is_true_of(&self, value: f64) -> bool {
        if self.at_least { value >= self.threshold } else { value < self.threshold }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.operand, if self.at_least { ">=" } else { "<" }, self.threshold)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.to_string()
    }
}
