//! A rule says in a few conditions who belongs to a group: `purchases_a_month >= 3.4 and share(category, 'coffee') >= 0.3`.
//!
//! It is text in `report.json` and in a company's files, so that other systems can use it, and is parsed once, here. A rule is
//! true of a customer if all its conditions are; a condition on what is not known of a customer is not true of them.
//!
//! ```text
//! rule      = condition { "and" condition }         one to eight of them
//! condition = operand ( ">=" | "<" ) number
//! operand   = column | "share" "(" habit "," "'" item "'" ")"
//! ```
//!
//! Columns and habits are words of letters, digits and `_`; a quote inside an item is doubled. A share is of what a customer
//! bought over the last 12 months, 0 to 1.

mod condition;
mod parse;

use std::fmt;
use std::str::FromStr;

use driftline_stats::rule::Bound;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::condition::{CONDITIONS_MAX, Condition, Operand};
use crate::Error;
use crate::tables::small_cells::is_safe;

impl FromStr for Condition {
    type Err = Error;

    /// # Errors
    /// `Error::Rule` as for rules, also if there is more than one condition.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse::condition(text)
    }
}

impl TryFrom<String> for Condition {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// Conditions that must all hold: one to [`CONDITIONS_MAX`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Rule(Vec<Condition>);

impl Rule {
    /// A rule of these conditions.
    ///
    /// # Errors
    /// `Error::Rule` if it could not be read again: no or too many conditions, a threshold that is not finite, a column that is
    /// not a plain word.
    pub fn new(conditions: Vec<Condition>) -> Result<Self, Error> {
        Self(conditions).to_string().parse()
    }

    /// What a search found, as a rule on the columns' operands; `None` if it found nothing.
    ///
    /// # Errors
    /// As [`Rule::new`].
    pub fn of_bounds(bounds: &[Bound], operands: &[Operand]) -> Result<Option<Self>, Error> {
        let condition = |bound: &Bound| Condition {
            operand: operands[bound.column].clone(),
            at_least: bound.at_least,
            threshold: bound.threshold,
        };
        if bounds.is_empty() { Ok(None) } else { Self::new(bounds.iter().map(condition).collect()).map(Some) }
    }

    pub fn conditions(&self) -> &[Condition] {
        &self.0
    }

    /// Whether all conditions hold of a customer; one on an operand without a value does not.
    pub fn holds(&self, value: impl Fn(&Operand) -> Option<f64>) -> bool {
        self.0.iter().all(|condition| value(&condition.operand).is_some_and(|value| condition.is_true_of(value)))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.0.iter().enumerate() {
            write!(f, "{}{condition}", if index == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}

impl FromStr for Rule {
    type Err = Error;

    /// # Errors
    /// `Error::Rule` with the place, what was expected there and what was found.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse::rule(text).map(Self)
    }
}

impl TryFrom<String> for Rule {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

/// How many customers a rule was measured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    pub everyone: u64,
    /// Members of the group that the rule is for.
    pub members: u64,
    /// Customers of whom the rule is true.
    pub matching: u64,
    pub matching_members: u64,
}

/// A rule with how well it tells a group from everyone else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredRule {
    pub rule: Rule,
    /// The rule in words.
    pub text: String,
    /// Customers of whom it is true.
    pub matches: Option<u64>,
    /// Share of those of whom it is true who are members.
    pub precision: Option<f64>,
    /// Share of members of whom it is true.
    pub coverage: Option<f64>,
}

/// A rule with its figures, all of them or none: with the size of the group, any two give away the four counts behind them,
/// so each count must be zero or at least `min_cell`.
pub fn measured(rule: Rule, text: String, counts: RuleCounts, min_cell: u64) -> MeasuredRule {
    let shown = cells(counts).filter(|cells| cells.iter().all(|cell| is_safe(*cell, min_cell))).map(|_| counts);
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    MeasuredRule {
        rule,
        text,
        matches: shown.map(|counts| counts.matching),
        precision: shown.and_then(|counts| share(counts.matching_members, counts.matching)),
        coverage: shown.and_then(|counts| share(counts.matching_members, counts.members)),
    }
}

/// Members who match and who do not, others who match and who do not; `None` if the counts contradict each other.
fn cells(counts: RuleCounts) -> Option<[u64; 4]> {
    let RuleCounts { everyone, members, matching, matching_members } = counts;
    let others_matching = matching.checked_sub(matching_members)?;
    Some([
        matching_members,
        members.checked_sub(matching_members)?,
        others_matching,
        everyone.checked_sub(members)?.checked_sub(others_matching)?,
    ])
}

#[cfg(test)]
mod tests;
