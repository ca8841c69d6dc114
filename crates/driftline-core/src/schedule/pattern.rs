//! The cron pattern of a schedule: five or six fields, read as wall clock times without a time zone.
//!
//! `croner` parses the text and steps from one wall clock time to the next. What a wall clock time is in a time zone is
//! decided in `firings.rs`: croner fires an hourly pattern twice in a repeated hour, not at all in a skipped one, and ends
//! at a gap of more than two hours.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::Deserialize;

use super::wrong::wrong;
use crate::Error;

/// A pattern of five fields (minute, hour, day of month, month, weekday) or six (seconds first; five mean second 0).
///
/// Lists `1,4`, ranges `1-5`, steps `*/15`, names `JAN`, `MON`; `L` is the last day of the month, `5L` its last Friday,
/// `MON#1` its first Monday, `15W` the working day nearest to the 15th. With both a day of month and a weekday a day
/// matches if *either* does, as POSIX has it for crontab; a `+` before the weekday, as in `1-7 * +MON`, asks for
/// both.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    cron: Cron,
}

impl Pattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first matching wall clock time after `wall`, or at it if `or_equal`.
    pub(super) fn next(&self, wall: NaiveDateTime, or_equal: bool) -> Option<NaiveDateTime> {
        self.cron.find_next_occurrence(&wall, or_equal).ok()
    }

    /// The last matching wall clock time before `wall`, or at it if `or_equal`.
    pub(super) fn previous(&self, wall: NaiveDateTime, or_equal: bool) -> Option<NaiveDateTime> {
        self.cron.find_previous_occurrence(&wall, or_equal).ok()
    }
}

impl FromStr for Pattern {
    type Err = Error;

    /// Parses a pattern.
    ///
    /// # Errors
    /// `Error::Schedule` if there are not five or six fields, a field is wrong (with the parser's message), or the
    /// pattern never matches, like 30 February.
    fn from_str(text: &str) -> Result<Self, Error> {
        let expected = "five or six cron fields like `0 6 1 1,4,7,10 *`";
        let fields = text.split_whitespace().count();
        if !(5..=6).contains(&fields) {
            return Err(wrong("cron", text, expected, format!("{fields}")));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| wrong("cron", text, expected, error))?;
        let pattern = Self { text: text.to_owned(), cron };
        if pattern.next(DateTime::UNIX_EPOCH.naive_utc(), true).is_none() {
            return Err(wrong("cron", text, "a pattern that some day matches", "none, ever"));
        }
        Ok(pattern)
    }
}

impl TryFrom<String> for Pattern {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}
