//! A calendar is how a job cuts time: quarters or half-years, of a year that starts in a month of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::Error;
use crate::basics::locale::MONTHS_EN;

/// How a year is cut into periods. The shorter kind is the smaller one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    #[default]
    Quarter,
    HalfYear,
}

impl Kind {
    /// Months in a period.
    pub fn months(self) -> u32 {
        match self {
            Self::Quarter => 3,
            Self::HalfYear => 6,
        }
    }

    pub(super) fn letter(self) -> char {
        match self {
            Self::Quarter => 'Q',
            Self::HalfYear => 'H',
        }
    }
}

impl fmt::Display for Kind {
    /// What a reader calls a period of this kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quarter => "quarter",
            Self::HalfYear => "half-year",
        })
    }
}

impl FromStr for Kind {
    type Err = Error;

    /// Parses `quarter` or `half-year`.
    ///
    /// # Errors
    /// `Error::Every` for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let known = [Self::Quarter, Self::HalfYear];
        known.into_iter().find(|kind| kind.to_string() == text).ok_or_else(|| Error::Every(text.to_owned()))
    }
}

/// The length of a job's periods and the month that their year starts in: `[period]` of a job. By default calendar quarters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    #[serde(rename = "every", deserialize_with = "every")]
    kind: Kind,
    /// From 1 to 12.
    #[serde(rename = "fiscal_year_starts", deserialize_with = "month")]
    starts: u32,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { kind: Kind::Quarter, starts: 1 }
    }
}

impl Calendar {
    /// Periods of a kind, of years that start with a month from 1 to 12.
    ///
    /// # Errors
    /// `Error::FiscalYearStarts` for another month.
    pub fn new(kind: Kind, starts: u32) -> Result<Self, Error> {
        if (1..=12).contains(&starts) {
            Ok(Self { kind, starts })
        } else {
            Err(Error::FiscalYearStarts(starts.to_string()))
        }
    }

    pub fn kind(self) -> Kind {
        self.kind
    }

    /// The month that the year starts in, from 1 to 12.
    pub fn starts(self) -> u32 {
        self.starts
    }

    /// Whether its year is not that of the wall calendar.
    pub fn is_fiscal(self) -> bool {
        self.starts != 1
    }
}

impl fmt::Display for Calendar {
    /// `quarters`, `half-years of a fiscal year that starts in April`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MONTHS_EN.get(self.starts as usize - 1).filter(|_| self.is_fiscal()) {
            Some(month) => write!(f, "{}s of a fiscal year that starts in {month}", self.kind),
            None => write!(f, "{}s of the calendar year", self.kind),
        }
    }
}

fn every<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// A month as text, `"04"`, or as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Month {
    Number(i64),
    Text(String),
}

fn month<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let (text, number) = match Month::deserialize(deserializer)? {
        Month::Number(number) => (number.to_string(), u32::try_from(number).ok()),
        Month::Text(text) => {
            let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| is_plain);
            (text, number)
        }
    };
    let month = number.filter(|month| (1..=12).contains(month));
    month.ok_or_else(|| serde::de::Error::custom(Error::FiscalYearStarts(text)))
}
