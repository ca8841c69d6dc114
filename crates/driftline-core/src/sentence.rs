//! Words for numbers: one place makes the sentences of the mail, the page and `report.json`, so they cannot differ.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bridge::{Bridge, Cause};
use crate::change::{Causes, Change, Metric};
use crate::history::Usual;
use crate::{Currency, Minor};

pub(crate) const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// How a reader writes numbers, and which folder of a report's templates is looked into first. Sentences of the report itself are
/// English everywhere; templates may use its figures instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    #[default]
    En,
    De,
    Fr,
}

impl Locale {
    pub const ALL: [Self; 3] = [Self::En, Self::De, Self::Fr];

    /// As jobs and folders of templates name it: `en`, `de`, `fr`.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
        }
    }

    /// Thousands separator and decimal mark.
    fn marks(self) -> (char, char) {
        match self {
            Self::En => (',', '.'),
            Self::De => ('.', ','),
            Self::Fr => ('\u{202f}', ','),
        }
    }

    /// `-1234567.891` with two decimals as `−1,234,567.89`.
    pub fn number(self, value: f64, decimals: usize) -> String {
        let (thousands, mark) = self.marks();
        let text = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(thousands);
            }
            grouped.push(digit);
        }
        if !fraction.is_empty() {
            grouped.push(mark);
            grouped.push_str(fraction);
        }
        let is_zero = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
        if value < 0.0 && !is_zero { format!("−{grouped}") } else { grouped }
    }

    /// Whole major units from 100 on, else two decimals: `£1,235`, `€12.30`.
    pub fn money(self, amount: Minor, currency: &Currency) -> String {
        let decimals = if amount.0.abs() >= 10_000 { 0 } else { 2 };
        let number = self.number(amount.as_major().abs(), decimals);
        let sign = if amount.0 < 0 { "−" } else { "" };
        format!("{sign}{}{number}", currency.sign())
    }

    /// As [`Locale::money`] with a plus or a minus always.
    pub fn signed_money(self, amount: Minor, currency: &Currency) -> String {
        plus(amount.0 > 0, self.money(amount, currency))
    }

    /// 0.1234 as `12.3 %`.
    pub fn percent(self, share: f64, decimals: usize) -> String {
        format!("{} %", self.number(100.0 * share, decimals))
    }

    pub fn signed_percent(self, share: f64, decimals: usize) -> String {
        plus(share > 0.0, self.percent(share, decimals))
    }

    /// A difference of shares: 0.0123 as `+1.2 pts`.
    pub fn points(self, difference: f64) -> String {
        plus(difference > 0.0, format!("{} pts", self.number(100.0 * difference, 1)))
    }

    /// A day as readers write it: `1 January 2018`, `1. Januar 2018`, `1er janvier 2018`.
    pub fn day(self, day: NaiveDate) -> String {
        let month = day.month0() as usize;
        let (number, year) = (day.day(), day.year());
        match self {
            Self::En => format!("{number} {} {year}", MONTHS_EN[month]),
            Self::De => format!("{number}. {} {year}", MONTHS_DE[month]),
            Self::Fr if number == 1 => format!("1er {} {year}", MONTHS_FR[month]),
            Self::Fr => format!("{number} {} {year}", MONTHS_FR[month]),
        }
    }

    pub fn count(self, count: u64) -> String {
        self.number(count as f64, 0)
    }
}

/// A plus in front of what is above zero as it is written: never `+0.0`.
fn plus(is_positive: bool, text: String) -> String {
    if is_positive && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { format!("+{text}") } else { text }
}

/// What a sentence is written with.
#[derive(Clone, Debug)]
pub struct Words {
    pub locale: Locale,
    pub currency: Currency,
}

impl Words {
    /// `12-month value rose 1.0 % to £20,365: new customers (+£1,900) … outweighed lost customers (−£1,530) …`.
    pub fn headline(&self, bridge: &Bridge, noun: &str) -> String {
        let money = |amount| self.locale.money(amount, &self.currency);
        let relative = bridge.change.ratio(bridge.start);
        let moved = match (bridge.change.0.signum(), relative) {
            (0, _) => format!("{noun} is unchanged at {}", money(bridge.end)),
            (sign, Some(relative)) if bridge.start.0 > 0 => format!(
                "{noun} {} {} to {}",
                if sign > 0 { "rose" } else { "fell" },
                self.locale.percent(relative.abs(), 1),
                money(bridge.end)
            ),
            (sign, _) => format!("{noun} {} to {}", if sign > 0 { "rose" } else { "fell" }, money(bridge.end)),
        };
        let mut gains: Vec<_> = bridge.bars.iter().filter(|bar| bar.amount.0 > 0).collect();
        let mut losses: Vec<_> = bridge.bars.iter().filter(|bar| bar.amount.0 < 0).collect();
        gains.sort_by_key(|bar| -bar.amount.0);
        losses.sort_by_key(|bar| bar.amount.0);
        let list = |bars: &[&crate::bridge::Bar]| -> String {
            let parts: Vec<String> = bars
                .iter()
                .take(2)
                .map(|bar| format!("{} ({})", noun_of(bar.cause), self.locale.signed_money(bar.amount, &self.currency)))
                .collect();
            parts.join(" and ")
        };
        match (gains.is_empty(), losses.is_empty()) {
            (true, true) => format!("{moved}."),
            (false, true) => format!("{moved}, from {}.", list(&gains)),
            (true, false) => format!("{moved}, from {}.", list(&losses)),
            (false, false) if bridge.change.0 >= 0 => {
                format!("{moved}: {} outweighed {}.", list(&gains), list(&losses))
            }
            (false, false) => format!("{moved}: {} outweighed {}.", list(&losses), list(&gains)),
        }
    }

    /// What past changes were, with a space before it; nothing where there is no history.
    fn usual(&self, change: &Change) -> String {
        let written = |amount: f64| match change.metric {
            Metric::CustomerShare => self.locale.points(amount),
            Metric::Value | Metric::ValuePerCustomer => self.locale.signed_money(Minor(amount as i64), &self.currency),
        };
        match change.usual {
            Usual::NoHistory { .. } => String::new(),
            Usual::Inside { past, low, high } => {
                format!(
                    " Normal for this market: {past} past changes range from {} to {}.",
                    written(low),
                    written(high)
                )
            }
            Usual::Outside { past, low, high } => {
                format!(" Unusual: {past} past changes range from {} to {}.", written(low), written(high))
            }
        }
    }

    /// A sentence for each change. That there is no history yet is said once, behind the last of them.
    pub fn changes(&self, changes: &[&Change]) -> Vec<String> {
        let mut sentences: Vec<String> = changes.iter().map(|change| self.change(change)).collect();
        let without = changes.iter().filter(|change| matches!(change.usual, Usual::NoHistory { .. })).count();
        let words = match (without, changes.len()) {
            (0, _) => "",
            (1, 1) => " No history of such changes yet.",
            (without, all) if without == all => " No history of changes like these yet.",
            _ => " No history yet of those changes that are not called normal or unusual.",
        };
        if let Some(last) = sentences.last_mut() {
            last.push_str(words);
        }
        sentences
    }

    /// The fixed form of a change: who, verb, from → to, difference with its range, and what is normal.
    fn change(&self, change: &Change) -> String {
        let verb = if change.change > 0.0 { "grew" } else { "shrank" };
        let usual = self.usual(change);
        match change.metric {
            Metric::CustomerShare => format!(
                "{} {verb} from {} to {} of active customers ({}).{usual}",
                change.label,
                self.locale.percent(change.from, 1),
                self.locale.percent(change.to, 1),
                causes(change, &|points| self.locale.points(points)),
            ),
            Metric::Value | Metric::ValuePerCustomer => {
                let of = if change.metric == Metric::Value { "of" } else { "a customer of" };
                let money = |minor: f64| self.locale.money(Minor(minor as i64), &self.currency);
                let signed = |minor: f64| self.locale.signed_money(Minor(minor as i64), &self.currency);
                format!(
                    "The 12-month value {of} {} {verb} from {} to {} ({}).{usual}",
                    change.label,
                    money(change.from),
                    money(change.to),
                    causes(change, &signed),
                )
            }
        }
    }
}

/// The difference, and what of it customers moved, with the range of that; the other causes where they can be seen.
fn causes(change: &Change, write: &dyn Fn(f64) -> String) -> String {
    let range = format!("95 % range {} to {}", write(change.low_95), write(change.high_95));
    let Causes { customers_moved, definition_changed, restatement } = change.causes;
    let nothing = write(0.0);
    let is_seen = |amount: f64| write(amount) != nothing;
    if !is_seen(definition_changed) && !is_seen(restatement) {
        return format!("{}, {range}", write(change.change));
    }
    let mut parts = vec![format!("customers who moved {} ({range})", write(customers_moved))];
    if is_seen(definition_changed) {
        parts.push(format!("refitted models {}", write(definition_changed)));
    }
    if is_seen(restatement) {
        parts.push(format!("restated data {}", write(restatement)));
    }
    format!("{}: {}", write(change.change), parts.join(", "))
}

fn noun_of(cause: Cause) -> &'static str {
    match cause {
        Cause::New => "new customers",
        Cause::Returning => "returning customers",
        Cause::MovedUp => "moves to higher-value personas",
        Cause::Within => "change within personas",
        Cause::MovedDown => "moves to lower-value personas",
        Cause::Other => "customers unlike any persona",
        Cause::Lost => "lost customers",
        Cause::Outside => "refunds and sales outside the active base",
        Cause::Unidentified => "sales without a customer id",
        Cause::DefinitionChanged => "refitted models",
        Cause::Restatement => "restated data of last period",
        Cause::SmallGroups => "small groups together",
    }
}

#[cfg(test)]
mod tests;
