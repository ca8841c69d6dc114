//! Past changes of a market: what the fourth condition of the gate, unusual, is judged by.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;
use crate::change::{Change, Metric};
use crate::report::Report;

/// Comparable past changes from which a range of normal changes is taken; of the same season, fewer.
pub const CHANGES_LEAST: usize = 8;
pub const SAME_SEASON_LEAST: usize = 4;

/// Median absolute deviations from the median that are still normal, for a normal distribution three standard deviations.
const NORMAL: f64 = 3.0 * 1.4826;

/// How a move compares with past ones of the same figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Usual {
    /// Too few past changes to say: the condition does not apply.
    NoHistory { past: usize },
    /// Inside the range of past changes.
    Inside { past: usize, low: f64, high: f64 },
    /// Outside of it.
    Outside { past: usize, low: f64, high: f64 },
}

impl Default for Usual {
    fn default() -> Self {
        Self::NoHistory { past: 0 }
    }
}

impl Usual {
    pub fn is_inside(self) -> bool {
        matches!(self, Self::Inside { .. })
    }
}

/// What customers moved in past periods, by figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The period's place in its year: the quarter, or the half.
    season: i32,
    moves: BTreeMap<(String, Metric), Vec<(Period, f64)>>,
}

impl History {
    /// The history of a report of `period` from the reports before it, of whole periods of its calendar only.
    pub fn new<'a>(period: Period, reports: impl IntoIterator<Item = &'a Report>) -> Self {
        let mut history = Self { season: period.number(), moves: BTreeMap::new() };
        for report in reports
            .into_iter()
            .filter(|report| report.partial.is_none() && report.period.calendar() == period.calendar())
        {
            for change in report.changes.iter().chain(&report.market_change) {
                history.add(report.period, change);
            }
        }
        history
    }

    /// Adds one change of a past period.
    pub fn add(&mut self, period: Period, change: &Change) {
        let moves = self.moves.entry((change.subject.clone(), change.metric)).or_default();
        moves.push((period, change.causes.customers_moved));
    }

    /// Compares a move with the past: with those of the same season where there are enough, for it comes every
    /// year, else with all.
    pub fn usual(&self, subject: &str, metric: Metric, moved: f64) -> Usual {
        let Some(past) = self.moves.get(&(subject.to_owned(), metric)) else { return Usual::default() };
        let all: Vec<f64> = past.iter().map(|(_, moved)| *moved).collect();
        let of_season: Vec<f64> =
            past.iter().filter(|(period, _)| period.number() == self.season).map(|(_, moved)| *moved).collect();
        let compared = match (of_season.len() >= SAME_SEASON_LEAST, all.len() >= CHANGES_LEAST) {
            (true, _) => of_season,
            (false, true) => all,
            (false, false) => return Usual::NoHistory { past: all.len() },
        };
        let middle = median(&compared);
        let off: Vec<f64> = compared.iter().map(|value| (value - middle).abs()).collect();
        let width = NORMAL * median(&off);
        let (low, high, past) = (middle - width, middle + width, compared.len());
        if (low..=high).contains(&moved) {
            Usual::Inside { past, low, high }
        } else {
            Usual::Outside { past, low, high }
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { 0.5 * (sorted[half - 1] + sorted[half]) }
}
