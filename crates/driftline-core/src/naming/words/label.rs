//! The name that claims make.

use super::habit::{ClaimPart, HabitColumn, phrase, plain_item};
use super::unit::{HabitUnit, MONTH_DAYS};
use crate::basics::locale::Words;
use crate::naming::rule::Operand;

/// One word for buying at least every so many days: from, to, word. `Monthly` is not every 45 days.
const LEADS: [(f64, f64, &str); 4] = [
    (6.5, 8.5, "Weekly buyers"),
    (13.5, 15.5, "Fortnightly buyers"),
    (29.5, 31.5, "Monthly buyers"),
    (89.5, 92.5, "Quarterly buyers"),
];

/// What a name says of one column: a claim, or a lower and an upper bound.
struct Said<'a> {
    column: &'a HabitColumn,
    bounds: Vec<&'a ClaimPart<'a>>,
}

impl<'a> Said<'a> {
    /// In the order of the parts.
    fn of(parts: &'a [ClaimPart<'a>]) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for part in parts {
            match found.iter_mut().find(|said| said.column.operand == part.column.operand) {
                Some(said) => said.bounds.push(part),
                None => found.push(Self { column: part.column, bounds: vec![part] }),
            }
        }
        found
    }

    fn is_rate(&self) -> bool {
        self.column.words.unit == HabitUnit::RateAMonth
    }

    /// The only bound.
    fn alone(&self) -> Option<&'a ClaimPart<'a>> {
        if let [one] = self.bounds[..] { Some(one) } else { None }
    }

    /// `under $40 an order`, `$20 or more and under $40 an order`.
    fn phrase(&self, words: &Words) -> String {
        let mut bounds = self.bounds.clone();
        bounds.sort_by_key(|bound| !bound.condition.at_least);
        let told: Vec<String> = bounds.iter().map(|bound| phrase(self.column, &bound.condition, words)).collect();
        match &told[..] {
            [lower, upper] if self.is_rate() => format!("{lower} but {upper}"),
            [lower, upper] => format!("{} and {upper}", without_end_of(lower, upper)),
            _ => told.join(" and "),
        }
    }

    /// The item that makes up half of what they buy, or more.
    fn mostly(&self) -> Option<String> {
        let part = self.alone()?;
        match &part.column.operand {
            Operand::Share { item, .. } if part.condition.at_least && part.condition.threshold >= 0.5 => {
                Some(plain_item(item))
            }
            _ => None,
        }
    }

    /// What stands nearest to the buyers comes first.
    fn place(&self) -> u8 {
        match self.column.words.unit {
            _ if self.mostly().is_some() => 0,
            _ if self.column.words.link == "of" => 1,
            HabitUnit::Once => 2,
            _ => 3,
        }
    }
}

/// A text without the last words that another ends with as well: what is said of both bounds is said once.
fn without_end_of<'t>(text: &'t str, other: &str) -> &'t str {
    let (mut short, mut rest) = (text, other);
    while let (Some(end), Some(other_end)) = (short.rfind(' '), rest.rfind(' ')) {
        if short[end..] != rest[other_end..] {
            break;
        }
        (short, rest) = (&short[..end], &rest[..other_end]);
    }
    short
}

/// The name that claims make: `Weekly buyers, mostly bakery`, `Buyers of 6 or more lines an order, spending under $40`.
pub(in crate::naming) fn label(parts: &[ClaimPart<'_>], words: &Words) -> String {
    let mut rest = Said::of(parts);
    let rate = rest.iter().position(Said::is_rate).map(|place| rest.remove(place));
    rest.sort_by_key(Said::place);
    let (mut text, mut is_open) = match (rate, rest.first().and_then(Said::mostly)) {
        (Some(rate), _) => how_often(&rate, words),
        (None, Some(item)) => {
            rest.remove(0);
            (format!("Mostly {item} buyers"), true)
        }
        (None, None) => ("Buyers".to_owned(), true),
    };
    let mut before: Option<(&str, String)> = None;
    for said in &rest {
        let link = said.column.words.link.as_str();
        let phrase = said.phrase(words);
        // What the last one ended with is not said again: `… an order, spending under $40`.
        let phrase = match before.as_ref().and_then(|(_, before)| last_two(before)) {
            Some(unit) => phrase.strip_suffix(unit).map(str::to_owned).unwrap_or(phrase),
            None => phrase,
        };
        if let Some(item) = said.mostly() {
            text.push_str(&format!(", mostly {item}"));
        } else if before.as_ref().is_some_and(|(before, _)| *before == link) {
            text.push_str(&format!(" and {phrase}"));
        } else {
            let mark = if is_open { "" } else { "," };
            let link = if !is_open && link == "of" { String::new() } else { format!("{link} ") };
            text.push_str(&format!("{mark} {link}{phrase}"));
        }
        before = Some((link, phrase));
        is_open = false;
    }
    short(text, parts)
}

/// `20 %+` for `20 % or more`: a name is read many times in one mail. Items keep their words.
fn short(text: String, parts: &[ClaimPart<'_>]) -> String {
    const OR_MORE: &str = " or more";
    let has = |operand: &Operand| matches!(operand, Operand::Share { item, .. } if item.contains(OR_MORE));
    if parts.iter().any(|part| has(&part.column.operand)) { text } else { text.replace(OR_MORE, "+") }
}

/// The name of a band that lies in one half of everyone, for where another band of the same column has the plain one:
/// `Buyers in the upper half, spending $40 or more and under $75 an order`.
pub(in crate::naming) fn label_of_half(parts: &[ClaimPart<'_>], is_upper: bool, words: &Words) -> String {
    let half = if is_upper { "upper" } else { "lower" };
    let plain = label(parts, words);
    format!("Buyers in the {half} half,{}", plain.strip_prefix("Buyers").unwrap_or(&plain))
}

/// The last two words with the space before them.
fn last_two(text: &str) -> Option<&str> {
    let last = text.rfind(' ')?;
    let first = text[..last].rfind(' ')?;
    Some(&text[first..])
}

/// Whether there is one word for buying at least at a rate.
pub(in crate::naming) fn has_word(rate: f64) -> bool {
    lead(rate).is_some()
}

fn lead(rate: f64) -> Option<&'static str> {
    let days = MONTH_DAYS / rate;
    LEADS.iter().find(|(from, to, _)| (*from..=*to).contains(&days)).map(|(_, _, lead)| *lead)
}

/// Buyers by how often they buy, and whether more may follow without a comma.
fn how_often(said: &Said<'_>, words: &Words) -> (String, bool) {
    let is_word = |part: &&ClaimPart<'_>| part.condition.at_least && part.says_how_often;
    match said.alone().filter(is_word).and_then(|part| lead(part.condition.threshold)) {
        Some(lead) => (lead.to_owned(), true),
        None => (format!("Buyers {}", said.phrase(words)), false),
    }
}
