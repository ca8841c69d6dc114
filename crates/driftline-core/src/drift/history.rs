//! Past changes of a market: what the fourth condition of the gate, unusual, is judged by.

use std::collections::BTreeMap;

use crate::Period;
use crate::drift::change::{Change, Metric, Usual};

/// Comparable past changes from which a range of normal changes is taken from their spread; of the same season, fewer.
pub const CHANGES_LEAST: usize = 8;
pub const SAME_SEASON_LEAST: usize = 4;

/// Past changes that say what is usual though their spread is not known yet: the noise of a single one stands for it.
pub const MIDDLE_LEAST: usize = 4;

/// Median absolute deviations from the median that are still normal, for a normal distribution three standard deviations.
const NORMAL: f64 = 3.0 * 1.4826;

/// What customers moved in past periods, by figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastChanges {
    /// The period whose changes are compared with the past.
    period: Option<Period>,
    moves: BTreeMap<(String, Metric), Vec<(Period, f64)>>,
    /// What net revenue of the period moved like for like, as a part of itself.
    net: Vec<(Period, f64)>,
}

impl PastChanges {
    /// Nothing known yet of the past of a report of `period`.
    pub fn of(period: Period) -> Self {
        Self { period: Some(period), ..Self::default() }
    }

    /// Adds one change of a past period.
    pub fn add(&mut self, period: Period, change: &Change) {
        let moves = self.moves.entry((change.subject.clone(), change.metric)).or_default();
        moves.push((period, change.moved()));
    }

    /// Adds what net revenue of a past period moved like for like, as a part of itself.
    pub fn add_net(&mut self, period: Period, moved: f64) {
        self.net.push((period, moved));
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
