//! A period is what a run is about: a calendar quarter, written `2011Q3`, or half-year, written `2011H1`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// How a year is cut into periods. The shorter kind is the smaller one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    #[default]
    Quarter,
    HalfYear,
}

impl Kind {
    fn months(self) -> u32 {
        match self {
            Self::Quarter => 3,
            Self::HalfYear => 6,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Quarter => 'Q',
            Self::HalfYear => 'H',
        }
    }
}

/// One period of a calendar. Its as-of date is the first day after it: data counts if it is *before* that date.
///
/// Periods are ordered by their first day; of two that start on the same day the shorter comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    year: i32,
    /// The first month, from 1.
    month: u32,
    kind: Kind,
}

impl Period {
    /// The period of a kind that a day belongs to.
    pub fn containing(kind: Kind, day: NaiveDate) -> Self {
        Self { year: day.year(), month: day.month0() / kind.months() * kind.months() + 1, kind }
    }

    /// The newest period of a kind that is over on a day: its as-of date is that day or before.
    pub fn last_over(kind: Kind, day: NaiveDate) -> Self {
        Self::containing(kind, day).previous()
    }

    /// How the year is cut.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// The first day of the period.
    pub fn start(self) -> NaiveDate {
        first_of_month(self.year, self.month)
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

    /// The period of the same kind after this one.
    pub fn next(self) -> Self {
        let month = self.month + self.kind.months();
        if month > 12 { Self { year: self.year + 1, month: month - 12, ..self } } else { Self { month, ..self } }
    }

    /// The period of the same kind before this one.
    pub fn previous(self) -> Self {
        let month = self.month + 12 - self.kind.months();
        if month > 12 { Self { month: month - 12, ..self } } else { Self { year: self.year - 1, month, ..self } }
    }

    /// The same quarter, or half, of the year before.
    pub fn year_before(self) -> Self {
        Self { year: self.year - 1, ..self }
    }

    /// The place of the period in its year, from 1: the quarter, or the half.
    pub fn quarter(self) -> u32 {
        (self.month - 1) / self.kind.months() + 1
    }

    /// How a reader calls it: `Q3 2011`, `H1 2011`.
    pub fn title(self) -> String {
        format!("{}{} {}", self.kind.letter(), self.quarter(), self.year)
    }

    /// Parses `P` or `P..Q` into all periods of the range, oldest first.
    ///
    /// # Errors
    /// `Error::Period` for a part that is no period; `Error::PeriodRange` if the ends are in the wrong order, of two kinds
    /// or more than 200 periods apart.
    pub fn parse_range(text: &str) -> Result<Vec<Self>, Error> {
        let Some((first, last)) = text.split_once("..") else {
            return Ok(vec![text.parse()?]);
        };
        let (first, last): (Self, Self) = (first.parse()?, last.parse()?);
        if last < first || last.kind != first.kind {
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
        let kind = match bytes[4] {
            b'Q' => Kind::Quarter,
            _ => return Err(bad()),
        };
        let year = text[..4].parse().map_err(|_| bad())?;
        let number = u32::from(bytes[5] - b'0');
        if !(1..=12 / kind.months()).contains(&number) || !(1900..3000).contains(&year) {
            return Err(bad());
        }
        Ok(Self { year, month: (number - 1) * kind.months() + 1, kind })
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
        write!(f, "{:04}{}{}", self.year, self.kind.letter(), self.quarter())
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
    fn a_day_has_a_period_of_each_kind() {
        let cases = [
            ("2011-01-01", "2011Q1", "2010Q4", "2011H1", "2010H2"),
            ("2011-06-30", "2011Q2", "2011Q1", "2011H1", "2010H2"),
            ("2011-07-01", "2011Q3", "2011Q2", "2011H2", "2011H1"),
            ("2012-12-31", "2012Q4", "2012Q3", "2012H2", "2012H1"),
        ];
        for (day, quarter, quarter_over, half, half_over) in cases {
            let day = day.parse().unwrap();
            for (kind, containing, over) in [(Kind::Quarter, quarter, quarter_over), (Kind::HalfYear, half, half_over)]
            {
                assert_eq!(Period::containing(kind, day).to_string(), containing);
                assert_eq!(Period::last_over(kind, day).to_string(), over);
                assert!(Period::last_over(kind, day).as_of() <= day && Period::containing(kind, day).as_of() > day);
            }
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
