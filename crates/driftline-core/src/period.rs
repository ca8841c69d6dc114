//! A period is what a run is about: a calendar quarter, written `2011Q3`.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

const MONTHS: u32 = 3;
const PER_YEAR: u32 = 12 / MONTHS;

/// One period of a calendar. Its as-of date is the first day after it: data counts if it is *before* that date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    year: i32,
    number: u32,
}

impl Period {
    /// The first day of the period.
    pub fn start(self) -> NaiveDate {
        first_of_month(self.year, (self.number - 1) * MONTHS + 1)
    }

    /// The first day after the period; exclusive end of all data that a run of this period may read.
    pub fn as_of(self) -> NaiveDate {
        self.next().start()
    }

    /// The last day that belongs to the period.
    pub fn last_day(self) -> NaiveDate {
        self.as_of().checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN)
    }

    /// Days in the period.
    pub fn days(self) -> i64 {
        (self.as_of() - self.start()).num_days()
    }

    pub fn next(self) -> Self {
        if self.number == PER_YEAR {
            Self { year: self.year + 1, number: 1 }
        } else {
            Self { number: self.number + 1, ..self }
        }
    }

    pub fn previous(self) -> Self {
        if self.number == 1 {
            Self { year: self.year - 1, number: PER_YEAR }
        } else {
            Self { number: self.number - 1, ..self }
        }
    }

    /// The same quarter of the year before.
    pub fn year_before(self) -> Self {
        Self { year: self.year - 1, ..self }
    }

    /// The quarter of the year, from 1.
    pub fn quarter(self) -> u32 {
        self.number
    }

    /// How a reader calls it: `Q3 2011`.
    pub fn title(self) -> String {
        format!("Q{} {}", self.number, self.year)
    }

    /// Parses `P` or `P..Q` into all periods of the range, oldest first.
    ///
    /// # Errors
    /// `Error::Period` for a part that is no period; `Error::PeriodRange` if the ends are in the wrong order or more than 200 periods apart.
    pub fn parse_range(text: &str) -> Result<Vec<Self>, Error> {
        let Some((first, last)) = text.split_once("..") else {
            return Ok(vec![text.parse()?]);
        };
        let (first, last): (Self, Self) = (first.parse()?, last.parse()?);
        if last < first {
            return Err(Error::PeriodRange(text.to_owned()));
        }
        let range: Vec<Self> =
            std::iter::successors(Some(first), |p| (*p < last).then(|| p.next())).take(201).collect();
        if range.len() > 200 { Err(Error::PeriodRange(text.to_owned())) } else { Ok(range) }
    }
}

/// The same day one year earlier; 29 February becomes 28 February.
pub fn year_before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_months(chrono::Months::new(12)).unwrap_or(NaiveDate::MIN)
}

/// The same day one year later; 29 February becomes 28 February.
pub fn year_after(day: NaiveDate) -> NaiveDate {
    day.checked_add_months(chrono::Months::new(12)).unwrap_or(NaiveDate::MAX)
}

fn first_of_month(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MIN)
}

impl FromStr for Period {
    type Err = Error;

    /// Parses `2011Q3`.
    ///
    /// # Errors
    /// `Error::Period` for anything else, years before 1900 and after 2999 included.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::Period(text.to_owned());
        let bytes = text.as_bytes();
        if bytes.len() != 6 || !bytes[..4].iter().all(u8::is_ascii_digit) || !bytes[5].is_ascii_digit() {
            return Err(bad());
        }
        if bytes[4] != b'Q' {
            return Err(bad());
        }
        let year = text[..4].parse().map_err(|_| bad())?;
        let number = u32::from(bytes[5] - b'0');
        if !(1..=PER_YEAR).contains(&number) || !(1900..3000).contains(&year) {
            return Err(bad());
        }
        Ok(Self { year, number })
    }
}

impl TryFrom<String> for Period {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}Q{}", self.year, self.number)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_period_knows_its_days() {
        let cases = [
            ("2011Q3", "2011-07-01", "2011-10-01", "2011Q2", "2011Q4"),
            ("2011Q4", "2011-10-01", "2012-01-01", "2011Q3", "2012Q1"),
        ];
        for (text, start, as_of, previous, next) in cases {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string(), text);
            assert_eq!(period.start().to_string(), start);
            assert_eq!(period.as_of().to_string(), as_of);
            assert_eq!(period.previous().to_string(), previous);
            assert_eq!(period.next().to_string(), next);
        }
    }

    #[test]
    fn ranges_run_oldest_first() {
        let range = Period::parse_range("2010Q4..2011Q2").unwrap();
        assert_eq!(range.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2010Q4", "2011Q1", "2011Q2"]);
        for bad in ["2011Q2..2010Q4", "1900Q1..2900Q1"] {
            assert_eq!(Period::parse_range(bad), Err(Error::PeriodRange(bad.to_owned())));
        }
        for bad in ["2011Q5", "2011q1", "11Q1", "2011Q1x", "2011H3", "2011-1", "０１１Q1"] {
            assert_eq!(Period::parse_range(bad), Err(Error::Period(bad.to_owned())));
        }
    }
}
