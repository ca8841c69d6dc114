//! The active customers as segments see them: what is known of their habits, and the coordinates that a model makes of it.

use std::collections::BTreeMap;

use driftline_core::basics::period::year_before;
use driftline_core::personas::segment_model::SegmentModel;
use driftline_lake::fitted::ItemShares;
use driftline_lake::model::{Habit, HabitKind};
use driftline_lake::{Lake, read};
use driftline_stats::cluster::Points;
use driftline_stats::habit::{self, Reliability, Scale, Sums};
use driftline_stats::random::mix;

use crate::setup::job::Segments;
use crate::setup::plan::RunPlan;

/// Active customers by key.
pub struct People {
    pub known: read::Habits,
    /// Shares of the items that segments are made of, one entry a habit and list of items.
    pub shares: Vec<Published>,
    pub columns: Vec<(String, Habit)>,
}

/// Shares that customers spend on items, as `customer_shares` publishes them, in millionths: `values[customer * items + item]`.
pub struct Published {
    pub habit: String,
    pub items: Vec<String>,
    pub values: Vec<u32>,
}

impl Published {
    pub fn share(&self, customer: usize, item: usize) -> f64 {
        f64::from(self.values.get(customer * self.items.len() + item).copied().unwrap_or(0)) / 1e6
    }

    /// Of everyone, those of one item.
    pub fn of_item(&self, item: &str) -> Option<ItemShares> {
        let place = self.items.iter().position(|known| known == item)?;
        let shares = self.values.chunks(self.items.len()).map(|own| own[place]).collect();
        Some(ItemShares { habit: self.habit.clone(), item: item.to_owned(), shares })
    }
}

/// Items by habit (`category`, `channel`).
pub type Items = BTreeMap<String, Vec<String>>;

impl People {
    /// Reads everyone active, without shares of items.
    pub async fn read(lake: &Lake, plan: &RunPlan, settings: &Segments) -> driftline_lake::Result<Self> {
        let columns = read::habit_columns(lake, &settings.habits);
        let window = (plan.as_of - year_before(plan.as_of)).num_days();
        let known = read::habits(lake, &columns, window, |keys| drawn(keys, settings.sample_max)).await?;
        Ok(Self { known, shares: Vec::new(), columns })
    }

    /// Reads shares of items that are not there yet.
    pub async fn add_items(&mut self, lake: &Lake, items: &Items) -> driftline_lake::Result<()> {
        for (habit, items) in items {
            if self.shares_of(habit, items).is_some() {
                continue;
            }
            let shares = read::shares(lake, habit, items, &self.known).await?;
            self.known.year.shares.push(shares.year);
            self.known.recent.shares.push(shares.recent);
            self.shares.push(Published { habit: habit.clone(), items: items.clone(), values: shares.published });
        }
        Ok(())
    }

    /// Published shares of exactly these items.
    pub fn shares_of(&self, habit: &str, items: &[String]) -> Option<&Published> {
        self.shares.iter().find(|shares| shares.habit == habit && shares.items == items)
    }

    pub fn count(&self) -> usize {
        self.known.keys.len()
    }

    /// Rows of the customers that the search for segments looks at, in the order of the keys.
    pub fn drawn(&self) -> Vec<usize> {
        self.known.drawn_rows.clone()
    }

    /// Scales of the habits of now, by those who were drawn; shares of these items.
    pub fn fit_scales(&self, settings: &Segments, items: &Items) -> Vec<Scale> {
        self.fit_of(&self.known.year.take(&self.known.drawn_rows), settings, items)
    }

    fn fit_of(&self, sums: &Sums, settings: &Segments, items: &Items) -> Vec<Scale> {
        let named = |kind: HabitKind| {
            let column = self.columns.iter().find(|(_, habit)| habit.kind == kind);
            column.map(|(name, _)| name.clone())
        };
        let settings = habit::Settings {
            reliability_min: settings.reliability_min,
            rate: named(HabitKind::Rate),
            ratio: named(HabitKind::Ratio),
            items: items.clone(),
        };
        habit::fit(sums, &settings)
    }

    /// Coordinates of everyone, and without the cut of extremes.
    pub fn coordinates(&self, scales: &[Scale]) -> Coordinates {
        Coordinates {
            clipped: habit::coordinates(&self.known.year, scales, true),
            raw: habit::coordinates(&self.known.year, scales, false),
            aside: habit::aside(&self.known.year, scales),
            rows: self.count(),
        }
    }

    /// Coordinates of some of the drawn rows by the habits that are reliable among them alone, of those that the scales have in use.
    pub fn own(&self, settings: &Segments, scales: &[Scale], rows: &[usize], places: &[usize]) -> Points {
        let taken: Vec<usize> = places.iter().map(|place| rows[*place]).collect();
        let sums = self.known.year.take(&taken);
        let mut found = self.fit_of(&sums, settings, &items_of(scales));
        for scale in &mut found {
            scale.is_in_use &= scales.iter().any(|known| known.name == scale.name && known.is_in_use);
        }
        habit::coordinates(&sums, &found, true)
    }

    /// Coordinates of the last 91 days, with the places among `rows` of those who have any.
    pub fn recent(&self, scales: &[Scale], rows: &[usize]) -> (Points, Vec<usize>) {
        let all = habit::coordinates(&self.known.recent, scales, true);
        let found: Vec<(usize, usize)> = (self.known.recent_rows.iter().enumerate())
            .filter_map(|(place, row)| Some((place, rows.binary_search(row).ok()?)))
            .collect();
        let places: Vec<usize> = found.iter().map(|(place, _)| *place).collect();
        (all.take(&places), found.into_iter().map(|(_, row)| row).collect())
    }

    /// Coordinates as they were 91 days ago, by the days of the year before them, with the places among `rows` of those who had any.
    pub fn earlier(&self, scales: &[Scale], rows: &[usize]) -> (Points, Vec<usize>) {
        let sums = self
            .known
            .year
            .take(rows)
            .less(&self.known.recent, |place| self.known.recent_rows.binary_search(rows.get(place)?).ok());
        let had: Vec<usize> = (0..rows.len()).filter(|place| sums.days[*place] > 0.5).collect();
        (habit::coordinates(&sums.take(&had), scales, true), had)
    }

    pub fn sums(&self) -> &Sums {
        &self.known.year
    }

    /// Purchases a month to expect of each, to the four places that are published; none if the rate tells nothing.
    pub fn rates(&self, scales: &[Scale]) -> Vec<Option<f64>> {
        let scale = scales.iter().find(|scale| scale.kind == habit::Kind::Rate && scale.is_in_use);
        let sums = self.sums();
        let rate = |scale: &Scale, row: usize| (1e4 * scale.rate(sums.repeats[row], sums.months[row])).round() / 1e4;
        (0..self.count()).map(|row| scale.map(|scale| rate(scale, row))).collect()
    }

    /// How reliable each habit is in this period, and whether a model has it take part.
    pub fn reliabilities(&self, now: &[Scale], model: &[Scale]) -> Vec<Reliability> {
        let of = |scale: &Scale| {
            let takes_part = model.iter().any(|known| known.name == scale.name && known.is_in_use);
            Reliability {
                name: scale.name.clone(),
                reliability: scale.reliability,
                takes_part,
                note: scale.note.clone().filter(|_| !takes_part),
                items: scale.items.iter().filter(|item| *item != habit::REST).count(),
            }
        };
        now.iter().map(of).collect()
    }

    /// Whether a model speaks of the habits that the project has now.
    pub fn can_use(&self, model: &SegmentModel) -> bool {
        let of_columns = model.habits.iter().filter(|scale| scale.kind != habit::Kind::Shares);
        let mut then: Vec<&str> = of_columns.map(|scale| scale.name.as_str()).collect();
        let mut now: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        then.sort_unstable();
        now.sort_unstable();
        !model.habits.is_empty() && then == now
    }

    /// Whether what a model tells customers apart by is still in the exports: items that were renamed, or a column that is gone, are not.
    pub fn are_told_apart_by(&self, model: &SegmentModel) -> bool {
        !model.habits.iter().any(|scale| habit::is_outdated(&self.known.year, &self.known.recent, scale))
    }
}

/// Coordinates of everyone: the nearest centre is found among those that are cut at the ends, as centres were; how far it is, without the
/// cut, or the farthest customers would look like all others at the end.
pub struct Coordinates {
    pub clipped: Points,
    pub raw: Points,
    /// Squared distance of each from everyone in what takes no part in segments.
    pub aside: Vec<f64>,
    pub rows: usize,
}

/// Items that a model tells apart, by habit.
pub fn items_of(scales: &[Scale]) -> Items {
    let shares = scales.iter().filter(|scale| scale.kind == habit::Kind::Shares);
    shares.map(|scale| (scale.name.clone(), scale.items.clone())).collect()
}

/// Names of the coordinates of the habits in use.
pub(super) fn names_of(scales: &[Scale]) -> Vec<String> {
    let used = scales.iter().filter(|scale| scale.is_in_use);
    used.flat_map(|scale| match scale.kind {
        habit::Kind::Shares => scale.items.iter().map(|item| format!("{}: {item}", scale.name)).collect(),
        _ => vec![scale.name.clone()],
    })
    .collect()
}

/// Rows of the customers with the smallest hashes, in the order of the keys: the same people whatever the order or the run.
fn drawn(keys: &[i64], size: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..keys.len()).collect();
    if rows.len() > size {
        rows.sort_by_key(|row| mix(keys[*row] as u64));
        rows.truncate(size);
        rows.sort_unstable();
    }
    rows
}
