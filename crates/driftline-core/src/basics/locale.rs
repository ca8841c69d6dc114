//! How a reader writes numbers, money and days.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
