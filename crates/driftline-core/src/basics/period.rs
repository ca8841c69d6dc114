//! A period is what a run is about: a quarter, written `2011Q3`, or a half-year, `2011H1`, of the calendar year; or one of a
//! fiscal year, written with the month that this year starts in: `FY2011-04Q3` is the third quarter of the year from April 2011.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::calendar::{Calendar, Kind};
use crate::Error;

mod calendar;
#[cfg(test)]
mod tests;

/// One period of a calendar. Its as-of date is the first day after it: data counts if it is *before* that date.
///
/// Periods are ordered by their first day; of two that start on the same day the shorter comes first. Two of different calendars
/// are never equal, even if they have the same days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    /// The first month: months since January of the year 0.
    first_month: i32,
    calendar: Calendar,
}

impl Period {
    /// The period of a calendar that a day belongs to.
    pub fn containing(calendar: Calendar, day: NaiveDate) -> Self {
        let month = day.year() * 12 + day.month0() as i32;
        let period = Self { first_month: month, calendar };
        Self { first_month: month - period.month_of_year() % period.months(), calendar }
    }

    /// The newest period of a calendar that is over on a day: its as-of date is that day or before.
    pub fn last_over(calendar: Calendar, day: NaiveDate) -> Self {
        Self::containing(calendar, day).previous()
    }

    /// How time is cut into periods of its like.
    pub fn calendar(self) -> Calendar {
        self.calendar
    }

    /// How the year is cut.
    pub fn kind(self) -> Kind {
        self.calendar.kind()
    }

    /// What a reader calls a period like this one: `quarter` or `half-year`.
    pub fn noun(self) -> String {
        self.kind().to_string()
    }

    /// The first day of the period.
    pub fn start(self) -> NaiveDate {
        let month0 = self.first_month.rem_euclid(12) as u32;
        NaiveDate::from_ymd_opt(self.first_month.div_euclid(12), month0 + 1, 1).unwrap_or(NaiveDate::MIN)
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

    /// The period of the same calendar after this one.
    pub fn next(self) -> Self {
        Self { first_month: self.first_month + self.months(), ..self }
    }

    /// The period of the same calendar before this one.
    pub fn previous(self) -> Self {
        Self { first_month: self.first_month - self.months(), ..self }
    }

    /// The same quarter, or half, of the year before.
    pub fn year_before(self) -> Self {
        Self { first_month: self.first_month - 12, ..self }
    }

    /// The place of the period in its year, from 1: the quarter, or the half. Periods with the same one share a season.
    pub fn number(self) -> i32 {
        self.month_of_year() / self.months() + 1
    }

    /// How a reader calls it: `Q3 2011`, `H1 2011`, `Q3 FY2011/12`.
    pub fn title(self) -> String {
        let (letter, number, year) = (self.kind().letter(), self.number(), self.year());
        if self.calendar.is_fiscal() {
            format!("{letter}{number} FY{year}/{:02}", (year + 1).rem_euclid(100))
        } else {
            format!("{letter}{number} {year}")
        }
    }

    /// Parses `P` or `P..Q` into all periods of the range, oldest first.
    ///
    /// # Errors
    /// `Error::Period` for a part that is no period; `Error::PeriodRange` if the ends are in the wrong order, of two calendars
    /// or more than 200 periods apart.
    pub fn parse_range(text: &str) -> Result<Vec<Self>, Error> {
        let Some((first, last)) = text.split_once("..") else {
            return Ok(vec![text.parse()?]);
        };
        let (first, last): (Self, Self) = (first.parse()?, last.parse()?);
        if last < first || last.calendar != first.calendar {
            return Err(Error::PeriodRange(text.to_owned()));
        }
        let range: Vec<Self> =
            std::iter::successors(Some(first), |p| (*p < last).then(|| p.next())).take(201).collect();
        if range.len() > 200 { Err(Error::PeriodRange(text.to_owned())) } else { Ok(range) }
    }

    fn months(self) -> i32 {
        self.kind().months() as i32
    }

    /// Months since its year began, from 0.
    fn month_of_year(self) -> i32 {
        (self.first_month + 1 - self.calendar.starts() as i32).rem_euclid(12)
    }

    /// The calendar year in which its year begins.
    fn year(self) -> i32 {
        (self.first_month - self.month_of_year()).div_euclid(12)
    }
}

impl Calendar {
    /// The period if it is one of this calendar.
    ///
    /// # Errors
    /// `Error::OtherCalendar` with the period of this calendar that holds the other's last day.
    pub fn check(self, period: Period) -> Result<Period, Error> {
        if period.calendar() == self {
            return Ok(period);
        }
        Err(Error::OtherCalendar {
            period: period.to_string(),
            calendar: self.to_string(),
            instead: Period::containing(self, period.last_day()).to_string(),
        })
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

impl FromStr for Period {
    type Err = Error;

    /// Parses `2011Q3`, `2011H1`, `FY2011-04Q3` and `FY2011-04H1`. Each period has one name: a year that starts in January is
    /// written without `FY`.
    ///
    /// # Errors
    /// `Error::Period` for anything else, years before 1900 and after 2999 included.
    fn from_str(text: &str) -> Result<Self, Error> {
        read(text.as_bytes()).ok_or_else(|| Error::Period(text.to_owned()))
    }
}

fn read(text: &[u8]) -> Option<Period> {
    let (year, starts, letter, number) = match text {
        [b'F', b'Y', year @ .., b'-', tens, ones, letter, number] => {
            let starts = digits(&[*tens, *ones]).filter(|month| *month != 1)?;
            (year, starts, *letter, *number)
        }
        [year @ .., letter, number] => (year, 1, *letter, *number),
        _ => return None,
    };
    let kind = match letter {
        b'Q' => Kind::Quarter,
        b'H' => Kind::HalfYear,
        _ => return None,
    };
    let year = digits(year).filter(|value| year.len() == 4 && (1900..3000).contains(value))?;
    let number = digits(&[number]).filter(|number| (1..=12 / kind.months()).contains(number))?;
    let calendar = Calendar::new(kind, starts).ok()?;
    let month = year * 12 + starts - 1 + (number - 1) * kind.months();
    Some(Period { first_month: i32::try_from(month).ok()?, calendar })
}

/// At most four ASCII digits as a number.
fn digits(text: &[u8]) -> Option<u32> {
    let is_plain = (1..=4).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    is_plain.then(|| text.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
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
        let (year, letter, number) = (self.year(), self.kind().letter(), self.number());
        if self.calendar.is_fiscal() {
            write!(f, "FY{year:04}-{:02}{letter}{number}", self.calendar.starts())
        } else {
            write!(f, "{year:04}{letter}{number}")
        }
    }
}
