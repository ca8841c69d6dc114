//! How a habit is talked about, and what is said of one condition on it.

use serde::Deserialize;

use super::unit::{HabitUnit, ONCE};
use crate::basics::locale::Words;
use crate::naming::rule::{Condition, Operand};

/// Longest name of an item that is written out.
const ITEM_MAX: usize = 40;

/// How a habit is talked about. In the templates `{}` is the threshold with its unit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HabitWords {
    pub unit: HabitUnit,
    /// What one member does: `spends`, as in `spends under $40 an order`.
    pub verb: String,
    /// What follows `buyers` in a name: `spending`, `of`, `with`.
    pub link: String,
    /// From the threshold on: `{} or more an order`.
    pub at_least: String,
    /// Below it: `under {} an order`.
    pub below: String,
}

/// A column of the matrix that names are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HabitColumn {
    pub operand: Operand,
    pub words: HabitWords,
    /// Whether claims may be made of it.
    pub is_in_use: bool,
}

/// The column that tells who bought once from who came back. It is no habit of its own.
pub const PURCHASE_DAYS: &str = "purchase_days";

/// Column; unit; verb; link; from a threshold on; below it.
const DEFAULTS: [(&str, HabitUnit, [&str; 4]); 6] = [
    ("purchases_a_month", HabitUnit::RateAMonth, ["buys", "buying", "at least every {}", "less often than every {}"]),
    ("mean_order", HabitUnit::Money, ["spends", "spending", "{} or more an order", "under {} an order"]),
    ("lines_per_order", HabitUnit::Number, ["buys", "of", "{} or more lines an order", "fewer than {} lines an order"]),
    ("return_rate", HabitUnit::Share, ["returns", "returning", "{} or more by value", "under {} by value"]),
    ("discount_share", HabitUnit::Share, ["gets", "with", "{} or more off", "under {} off"]),
    (PURCHASE_DAYS, HabitUnit::Once, ["bought", "who bought", "more than once", "once so far"]),
];

impl HabitWords {
    /// The words of a column or an item unless something else says them; `None` of a column that is not known.
    pub fn usual(operand: &Operand) -> Option<Self> {
        let words = |unit, [verb, link, at_least, below]: [&str; 4]| Self {
            unit,
            verb: verb.to_owned(),
            link: link.to_owned(),
            at_least: at_least.to_owned(),
            below: below.to_owned(),
        };
        match operand {
            Operand::Column(column) => {
                DEFAULTS.iter().find(|(name, ..)| name == column).map(|(_, unit, texts)| words(*unit, *texts))
            }
            Operand::Share { habit, item } => {
                let preposition = if habit == "category" { "on" } else { "via" };
                let item = plain_item(item);
                let at_least = format!("{{}} or more {preposition} {item}");
                let below = format!("under {{}} {preposition} {item}");
                Some(words(HabitUnit::Share, ["spends", "spending", &at_least, &below]))
            }
        }
    }
}

/// An item as it may stand in a sentence or the subject of a mail: one short line, written as in the exports.
pub(crate) fn plain_item(item: &str) -> String {
    let line: Vec<&str> =
        item.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = line.join(" ");
    if line.chars().count() <= ITEM_MAX {
        return line;
    }
    let cut: String = line.chars().take(ITEM_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// A claim in a name.
pub(in crate::naming) struct ClaimPart<'a> {
    pub(in crate::naming) column: &'a HabitColumn,
    pub(in crate::naming) condition: Condition,
    /// Whether a rate is how often they buy, not only the least of it.
    pub(in crate::naming) says_how_often: bool,
}

/// `under $40 an order`; the condition itself where there are no words for its threshold.
pub(super) fn phrase(column: &HabitColumn, condition: &Condition, words: &Words) -> String {
    let template = if condition.at_least { &column.words.at_least } else { &column.words.below };
    let is_other_count =
        column.words.unit == HabitUnit::Once && !(1.0 < condition.threshold && condition.threshold <= ONCE);
    match column.words.unit.told(condition.threshold, words) {
        // Nobody says `at least every month`.
        Some(one) if one == "day" || one == "month" => template.replacen("every {}", &format!("once a {one}"), 1),
        // Only a company's own rule asks for another number of days.
        Some(days) if is_other_count && condition.at_least => format!("on {days} or more days"),
        Some(days) if is_other_count => format!("on fewer than {days} days"),
        Some(threshold) => template.replacen("{}", &threshold, 1),
        None => condition.to_string(),
    }
}

/// `spends under $40 an order`.
pub(in crate::naming) fn claim(column: &HabitColumn, condition: &Condition, words: &Words) -> String {
    format!("{} {}", column.words.verb, phrase(column, condition, words))
}
