//! What can be wrong with a plain value before any data is read.

/// Errors of `driftline-core`: each names the value, what was expected and what was found.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error(
        "market `{0}` is not a plain code: expected 1 to 32 of a-z, 0-9, `-` and `_`, starting with a letter or digit"
    )]
    Market(String),
    #[error(
        "period `{0}` is not a period: expected a quarter like 2011Q3, a half-year like 2011H1, or one of a fiscal year with the month that it starts in, like FY2011-04Q3"
    )]
    Period(String),
    #[error("period {period} is none of this job's, which counts {calendar}; the one with its last day is {instead}")]
    OtherCalendar { period: String, calendar: String, instead: String },
    #[error("period.every = `{0}`: expected `quarter` or `half-year`")]
    Every(String),
    #[error("period.fiscal_year_starts = `{0}`: expected a month from \"01\" to \"12\"")]
    FiscalYearStarts(String),
    #[error(
        "period range `{0}` is not a range: expected FIRST..LAST like 2017Q2..2017Q4, oldest first, at most 200 of one kind"
    )]
    PeriodRange(String),
    #[error("currency `{0}` is not a code: expected three capital letters like EUR")]
    Currency(String),
    #[error("bridge of {measure} does not close: start {start} plus bars {bars} is not end {end} (minor units)")]
    BridgeOpen { measure: String, start: i128, bars: i128, end: i128 },
    #[error("rule `{text}`, character {at}: expected {expected}, found {found}")]
    Rule { text: String, at: usize, expected: &'static str, found: String },
    #[error("name {name:?}: {problem}")]
    OwnName { name: String, problem: String },
    #[error("schedule.{key} = `{value}`: expected {expected}, found {found}")]
    Schedule { key: &'static str, value: String, expected: &'static str, found: String },
}
