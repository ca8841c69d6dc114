//! Past changes of a market: what the fourth condition of the gate, unusual, is judged by.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;
use crate::bridge::{Bridge, Measure};
use crate::change::{Change, Metric};
use crate::report::Report;

/// Comparable past changes from which a range of normal changes is taken from their spread; of the same season, fewer.
pub const CHANGES_LEAST: usize = 8;
pub const SAME_SEASON_LEAST: usize = 4;

/// Past changes that say what is usual though their spread is not known yet: the noise of a single one stands for it.
pub const MIDDLE_LEAST: usize = 4;

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
    /// The same period of last year had it too.
    Season { last_year: f64 },
}

impl Default for Usual {
    fn default() -> Self {
        Self::NoHistory { past: 0 }
    }
}

impl Usual {
    pub fn is_inside(self) -> bool {
        matches!(self, Self::Inside { .. } | Self::Season { .. })
    }

    /// In another unit, so many of which are one of this.
    #[must_use]
    pub fn scaled(self, unit: f64) -> Self {
        match self {
            Self::NoHistory { past } => Self::NoHistory { past },
            Self::Inside { past, low, high } => Self::Inside { past, low: unit * low, high: unit * high },
            Self::Outside { past, low, high } => Self::Outside { past, low: unit * low, high: unit * high },
            Self::Season { last_year } => Self::Season { last_year: unit * last_year },
        }
    }
}

/// What customers moved in past periods, by figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The period whose changes are compared with the past.
    period: Option<Period>,
    moves: BTreeMap<(String, Metric), Vec<(Period, f64)>>,
    /// What net revenue of the period moved like for like, as a part of itself.
    net: Vec<(Period, f64)>,
}

impl History {
    /// The history of a report of `period` from the reports before it, of whole periods of its calendar only.
    pub fn new<'a>(period: Period, reports: impl IntoIterator<Item = &'a Report>) -> Self {
        let mut history = Self { period: Some(period), ..Self::default() };
        for report in reports
            .into_iter()
            .filter(|report| report.partial.is_none() && report.period.calendar() == period.calendar())
        {
            for change in report.changes.iter().chain(&report.market_change) {
                history.add(report.period, change);
            }
            let net = report.bridges.iter().find(|bridge| bridge.measure == Measure::NetRevenue);
            history.net.extend(net.and_then(Bridge::like_for_like).map(|moved| (report.period, moved)));
        }
        history
    }

    /// Adds one change of a past period.
    pub fn add(&mut self, period: Period, change: &Change) {
        let moves = self.moves.entry((change.subject.clone(), change.metric)).or_default();
        moves.push((period, change.moved()));
    }

    /// Compares a move with the past: with those of the same season where there are enough, for it comes every
    /// year, else with all. `alike` is what two moves may differ by and still be called the same: half of what is material, and the
    /// noise. It stands for the spread of the past where that is not known or smaller, and the same period of last year counts by
    /// itself if it moved the same way and at least half as far.
    pub fn usual(&self, subject: &str, metric: Metric, moved: f64, alike: f64) -> Usual {
        let Some(past) = self.moves.get(&(subject.to_owned(), metric)) else { return Usual::default() };
        let all: Vec<f64> = past.iter().map(|(_, moved)| *moved).collect();
        let is_of_season = |of: Period| self.period.is_some_and(|period| of.number() == period.number());
        let of_season: Vec<f64> = past.iter().filter(|(of, _)| is_of_season(*of)).map(|(_, moved)| *moved).collect();
        let last_year = self.period.map(Period::year_before);
        let season = past.iter().find(|(of, _)| Some(*of) == last_year).map(|(_, moved)| *moved).filter(|before| {
            before * moved > 0.0
                && before.abs() >= 0.5 * moved.abs()
                && (moved - before).abs() <= std::f64::consts::SQRT_2 * alike
        });
        let (compared, has_spread) = match (of_season.len() >= SAME_SEASON_LEAST, all.len()) {
            (true, _) => (of_season, true),
            (false, count) if count >= MIDDLE_LEAST => (all, count >= CHANGES_LEAST),
            (false, count) => {
                return season.map_or(Usual::NoHistory { past: count }, |last_year| Usual::Season { last_year });
            }
        };
        let middle = median(&compared);
        let off: Vec<f64> = compared.iter().map(|value| (value - middle).abs()).collect();
        let width = if has_spread { (NORMAL * median(&off)).max(alike) } else { alike };
        let (low, high, past) = (middle - width, middle + width, compared.len());
        match season {
            _ if (low..=high).contains(&moved) => Usual::Inside { past, low, high },
            Some(last_year) => Usual::Season { last_year },
            None => Usual::Outside { past, low, high },
        }
    }

    /// What net revenue moved beyond what it usually does: the middle of past moves, and the same period of last year where that
    /// is nearer. Without any past, the whole move.
    pub fn unusual_net(&self, moved: f64) -> f64 {
        let all: Vec<f64> = self.net.iter().map(|(_, moved)| *moved).collect();
        let usual = if all.len() >= MIDDLE_LEAST { median(&all) } else { 0.0 };
        let last_year = self.period.map(Period::year_before);
        let season = self.net.iter().find(|(of, _)| Some(*of) == last_year).map(|(_, moved)| *moved);
        let off = [Some(usual), season].into_iter().flatten().map(|usual| moved - usual);
        off.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(moved)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { 0.5 * (sorted[half - 1] + sorted[half]) }
}
