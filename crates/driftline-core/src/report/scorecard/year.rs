//! The 12-month forecast: its range as published, and its grade once the 12 months are over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::basics::locale::Words;
use crate::personas::PersonaSet;
use crate::tables::profile::EVERYONE_SEGMENT;
use crate::value::forecast::ValueRange;
use crate::{Minor, Period};

/// A row of the `scorecard_year` table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredYear {
    pub segment: u32,
    pub customers: u64,
    pub forecast: Minor,
    pub actual: Minor,
}

/// One line: customers as they were grouped a year ago.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct YearGrade {
    pub label: String,
    pub customers: u64,
    pub forecast: Minor,
    pub range: Option<ValueRange>,
    pub actual: Minor,
    /// Forecast over actual, less 1; `None` if nothing came.
    pub error: Option<f64>,
    /// Whether the 80 % range held it.
    pub is_covered: Option<bool>,
}

/// How the 12-month forecasts of a year ago turned out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct YearScorecard {
    pub of: Period,
    pub of_title: String,
    pub everyone: YearGrade,
    pub personas: Vec<YearGrade>,
    /// Of the persona ranges, how many held what came, and how many there are.
    pub covered: u64,
    pub ranges: u64,
    pub sentence: String,
}

/// What was published a year ago.
#[derive(Clone, Copy, Debug)]
pub struct YearBefore<'a> {
    pub period: Period,
    pub period_title: &'a str,
    pub personas: &'a PersonaSet,
    /// Range of everyone's value.
    pub range: Option<ValueRange>,
}

/// Grades the forecasts that were published a year ago; `None` if everyone are fewer than `min_cell` customers.
pub fn grade_year(
    words: &Words,
    published: &YearBefore<'_>,
    scored: &[ScoredYear],
    min_cell: u64,
) -> Option<YearScorecard> {
    let all = scored.iter().find(|row| row.segment == EVERYONE_SEGMENT).filter(|row| row.customers >= min_cell)?;
    let everyone = grade(all, "Everyone active then", published.range);
    let of_persona = |row: &ScoredYear| {
        let persona = published.personas.personas.iter().find(|persona| persona.segment == row.segment)?;
        (row.customers >= min_cell).then(|| grade(row, &persona.label, persona.value_range))
    };
    let personas: Vec<YearGrade> =
        scored.iter().filter(|row| row.segment != EVERYONE_SEGMENT).filter_map(of_persona).collect();
    let money = |amount| words.locale.money(amount, &words.currency);
    let range = everyone
        .range
        .map_or_else(String::new, |range| format!(" (80 % range {} to {})", money(range.low_80), money(range.high_80)));
    let off = everyone.error.map_or_else(String::new, |error| {
        format!(": the forecast was off by {}", words.locale.signed_percent(error, 1))
    });
    let of_title = published.period_title;
    Some(YearScorecard {
        of: published.period,
        of_title: of_title.to_owned(),
        sentence: format!(
            "A year ago, {of_title} expected {}{range} in 12 months from the customers active then; they brought {}{off}.",
            money(everyone.forecast),
            money(everyone.actual)
        ),
        covered: personas.iter().filter(|grade| grade.is_covered == Some(true)).count() as u64,
        ranges: personas.iter().filter(|grade| grade.is_covered.is_some()).count() as u64,
        personas,
        everyone,
    })
}

fn grade(row: &ScoredYear, label: &str, range: Option<ValueRange>) -> YearGrade {
    YearGrade {
        label: label.to_owned(),
        customers: row.customers,
        forecast: row.forecast,
        range,
        actual: row.actual,
        error: row.forecast.ratio(row.actual).map(|ratio| ratio - 1.0),
        is_covered: range.map(|range| (range.low_80..=range.high_80).contains(&row.actual)),
    }
}
