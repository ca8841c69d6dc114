//! When a job is due: `[schedule]` of a job, the firings of its pattern and the periods that they make due.
//!
//! A firing at an instant means: the newest period that is over on that day, in the schedule's time zone, is due. What
//! is due is identified by job, market and period, never by the clock, so several firings for one period are one. Every
//! function takes the present instant; nothing here reads a clock.

mod due;
mod firings;
mod pattern;
mod wrong;

#[cfg(test)]
mod calendar_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};

pub use due::{Due, Subject, due_intervals, firing_delay};
pub use firings::{firings_between, newest_firing, next_firings};
pub use pattern::Pattern;
use wrong::wrong;

use crate::{Error, Period};

/// `[schedule]` of a job, as written in its TOML.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it fires, on the clocks of `time_zone`.
    pub cron: Pattern,
    /// IANA name of the time zone in which the pattern is read and a period is over.
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: Tz,
    /// What becomes of periods whose firing nobody saw.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// The most periods that are due at once with `catch_up = "all"`; at least 1.
    #[serde(default = "eight", deserialize_with = "catch_up_limit")]
    pub catch_up_limit: usize,
    /// The first period that is ever due. Without it: the first one published, or, with nothing published, the newest.
    #[serde(default, deserialize_with = "start")]
    pub start: Option<Period>,
    /// Minutes over which the starts of jobs and markets are spread; at most a day.
    #[serde(default, deserialize_with = "jitter_minutes")]
    pub jitter_minutes: u32,
    /// Whether a period that is caught up after a newer one fell due is mailed.
    #[serde(default)]
    pub mail_caught_up: bool,
}

/// What becomes of periods whose firing nobody saw, because the machine was off or the run failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum CatchUp {
    /// Nothing: only a firing that was seen makes a period due.
    None,
    /// The newest period is run, however late; older ones are not.
    #[default]
    Latest,
    /// Every period from `start` on is run, oldest first.
    All,
}

impl FromStr for CatchUp {
    type Err = Error;

    /// Parses `none`, `latest` or `all`.
    ///
    /// # Errors
    /// `Error::Schedule` for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "none" => Ok(Self::None),
            "latest" => Ok(Self::Latest),
            "all" => Ok(Self::All),
            other => Err(wrong("catch_up", other, "`none`, `latest` or `all`", "another word")),
        }
    }
}

impl TryFrom<String> for CatchUp {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// The longest spread: after a day the next daily firing is there.
const JITTER_MINUTES_MAX: u32 = 24 * 60;

fn eight() -> usize {
    8
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    let expected = "an IANA name like Europe/Berlin or UTC";
    name.parse().map_err(|error| serde::de::Error::custom(wrong("time_zone", &name, expected, error)))
}

fn catch_up_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match i64::deserialize(deserializer)? {
        limit @ 1.. => usize::try_from(limit).map_err(serde::de::Error::custom),
        less => {
            let error =
                wrong("catch_up_limit", less, "1 or more periods", "less (`catch_up = \"none\"` catches up nothing)");
            Err(serde::de::Error::custom(error))
        }
    }
}

fn start<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Period>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bad = |error| serde::de::Error::custom(wrong("start", &text, "the first period, like 2025Q1", error));
    text.parse().map(Some).map_err(bad)
}

fn jitter_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let minutes = i64::deserialize(deserializer)?;
    match u32::try_from(minutes) {
        Ok(minutes) if minutes <= JITTER_MINUTES_MAX => Ok(minutes),
        _ => {
            let error = wrong("jitter_minutes", minutes, "0 to 1440 minutes", "a number outside");
            Err(serde::de::Error::custom(error))
        }
    }
}
