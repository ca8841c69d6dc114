//! A company's own names: `jobs/names/<job>.toml`, one `[[persona]]` each, for a key or for whoever a rule describes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PURCHASE_DAYS;
use crate::naming::rule::{Operand, Rule};
use crate::{Error, Market};

/// Longest name: it is in subjects of mails and heads of columns.
const NAME_MAX: usize = 80;

/// What a name is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// The persona with this key, as long as it lives.
    Key(String),
    /// The persona whose members this rule describes best.
    Rule(Rule),
}

/// One name and what it is for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "WrittenName")]
pub struct OwnName {
    pub name: String,
    pub of: Named,
    /// The only market that it is for; all if absent.
    pub market: Option<Market>,
}

/// A name as it is written in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenName {
    name: String,
    key: Option<String>,
    rule: Option<Rule>,
    market: Option<Market>,
}

impl TryFrom<WrittenName> for OwnName {
    type Error = Error;

    fn try_from(written: WrittenName) -> Result<Self, Error> {
        let name = written.name.trim().to_owned();
        let wrong = |problem: &str| Err(Error::OwnName { name: name.clone(), problem: problem.to_owned() });
        if name.is_empty() {
            return wrong("expected a name, found nothing");
        }
        if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return wrong("expected one line of at most 80 characters");
        }
        let of = match (written.key, written.rule) {
            (Some(key), None) if !key.trim().is_empty() => Named::Key(key.trim().to_owned()),
            (None, Some(rule)) => Named::Rule(rule),
            (Some(_), Some(_)) => return wrong("expected `key` or `rule`, found both"),
            (None, None) => return wrong("expected `key` or `rule`, found neither"),
            (Some(_), None) => return wrong("expected the key of a persona like us-2017q2-a, found nothing"),
        };
        Ok(Self { name, of, market: written.market })
    }
}

/// Says which name is there twice for the same market, whatever its capitals.
///
/// # Errors
/// `Error::OwnName` for the first that was there before.
pub fn check(names: &[OwnName]) -> Result<(), Error> {
    for (index, name) in names.iter().enumerate() {
        let is_same =
            |other: &OwnName| other.market == name.market && other.name.to_lowercase() == name.name.to_lowercase();
        if names[..index].iter().any(is_same) {
            let market = name.market.as_ref().map_or("all markets".to_owned(), |market| format!("market {market}"));
            return Err(Error::OwnName { name: name.name.clone(), problem: format!("is there twice for {market}") });
        }
    }
    Ok(())
}

/// Habits of which a rule may say the share of an item.
const SHARE_HABITS: [&str; 2] = ["category", "channel"];

/// What own rules speak of that is not known, a sentence each: columns other than the habits in `known_columns` and
/// `purchase_days`, and shares of habits other than category and channel. Such a rule is true of nobody.
pub fn unknown_operands(own: &[OwnName], known_columns: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for own in own {
        let Named::Rule(rule) = &own.of else { continue };
        for condition in rule.conditions() {
            let problem = match &condition.operand {
                Operand::Column(column) if column == PURCHASE_DAYS || known_columns.contains(&column.as_str()) => {
                    continue;
                }
                Operand::Column(column) => {
                    let known: Vec<String> =
                        known_columns.iter().chain([&PURCHASE_DAYS]).map(|column| format!("`{column}`")).collect();
                    format!("`{column}` is not a habit; a rule may speak of {} and shares", known.join(", "))
                }
                Operand::Share { habit, .. } if SHARE_HABITS.contains(&habit.as_str()) => continue,
                Operand::Share { habit, .. } => {
                    format!("there are no shares of `{habit}`; a rule may speak of shares of `category` and `channel`")
                }
            };
            let sentence = format!("the rule of the name \"{}\" is true of nobody: {problem}", own.name);
            if !found.contains(&sentence) {
                found.push(sentence);
            }
        }
    }
    found
}
