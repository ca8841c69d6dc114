//! Words for habits: the text of a claim and of a rule, and the name that claims make.

mod habit;
mod label;
mod unit;

use self::habit::phrase;
pub(crate) use self::habit::plain_item;
pub(super) use self::habit::{ClaimPart, claim};
pub use self::habit::{HabitColumn, HabitWords, PURCHASE_DAYS};
pub(super) use self::label::{has_word, label, label_of_half};
pub use self::unit::HabitUnit;
use crate::basics::locale::Words;
use crate::naming::rule::Rule;

/// A rule in words: `buys at least every 9 days and spends under $25 an order`. Conditions on columns without words stay as
/// they are written.
pub fn describe_rule(rule: &Rule, columns: &[HabitColumn], words: &Words) -> String {
    let mut said = String::new();
    let mut last_verb = "";
    for condition in rule.conditions() {
        if !said.is_empty() {
            said.push_str(" and ");
        }
        match columns.iter().find(|column| column.operand == condition.operand) {
            Some(column) if column.words.verb == last_verb => said.push_str(&phrase(column, condition, words)),
            Some(column) => {
                said.push_str(&claim(column, condition, words));
                last_verb = &column.words.verb;
            }
            None => {
                said.push_str(&condition.to_string());
                last_verb = "";
            }
        }
    }
    said
}

/// What two names must differ in: the words without numbers and units of time.
pub(super) fn key(label: &str) -> String {
    let plain = label
        .to_lowercase()
        .replace("once a ", "every ")
        .replace(|c: char| c.is_numeric() || ".,\u{202f}".contains(c), "");
    let is_said = |word: &&str| !["day", "days", "month", "months"].contains(word);
    plain.split_whitespace().filter(is_said).collect::<Vec<_>>().join(" ")
}
