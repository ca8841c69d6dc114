//! How sure sums of forecasts are: of everyone and of each segment, for the next period and for 12 months.

use std::collections::BTreeMap;

use driftline_core::Minor;
use driftline_core::tables::profile::EVERYONE_SEGMENT;
use driftline_core::value::forecast::{NextPeriod, ValueRange};
use driftline_stats::expectation::{RangeModel, Score, Spread};

use crate::run::segment::Segmented;

/// Ranges as parts of the sums that they are of.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    everyone_known: Option<Relative>,
    /// By segment; segment 0 is everyone active.
    by_segment: BTreeMap<u32, Relative>,
}

/// Of one sum of customers.
#[derive(Clone, Copy, Debug)]
struct Relative {
    next_80: (f64, f64),
    /// Whether the error to expect of the next period is larger than the forecast.
    is_next_beyond: bool,
    year_80: (f64, f64),
    year_95: (f64, f64),
}

/// Sums of forecasts and of their variances by chance.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    next: f64,
    next_variance: f64,
    year: f64,
    year_variance: f64,
}

impl Sums {
    fn add(&mut self, score: &Score) {
        self.next += score.next;
        self.next_variance += score.next_variance;
        self.year += score.year;
        self.year_variance += score.year_variance;
    }

    fn relative(&self, model: &RangeModel, is_part: bool) -> Relative {
        let part = |spread: &Spread, value: f64, variance: f64, level: f64| {
            let (low, high) = spread.range(value, variance, is_part, level);
            if value > 0.0 { (low / value, high / value) } else { (0.0, 0.0) }
        };
        let year = |level: f64| part(&model.year, self.year, self.year_variance, level);
        Relative {
            next_80: part(&model.next, self.next, self.next_variance, 0.8),
            is_next_beyond: model.next.is_beyond(self.next, self.next_variance, is_part),
            year_80: year(0.8),
            year_95: year(0.95),
        }
    }
}

impl Ranges {
    /// Adds up the scores of `keys`, which are in ascending order, by segment.
    pub(super) fn new(
        model: &RangeModel,
        keys: &[i64],
        scores: &[Option<Score>],
        segmented: Option<&Segmented>,
    ) -> Self {
        let mut everyone = Sums::default();
        scores.iter().flatten().for_each(|score| everyone.add(score));
        let mut sums: BTreeMap<u32, Sums> = BTreeMap::new();
        for (key, segment) in segmented.iter().flat_map(|of| of.keys.iter().zip(&of.assigned)) {
            let score = keys.binary_search(key).ok().and_then(|place| scores.get(place)?.as_ref());
            // Who has no segment is everyone's alone, and once.
            let own = u32::try_from(*segment).ok().filter(|segment| *segment != EVERYONE_SEGMENT);
            for of in own.into_iter().chain([EVERYONE_SEGMENT]) {
                score.into_iter().for_each(|score| sums.entry(of).or_default().add(score));
            }
        }
        let by_segment =
            sums.iter().map(|(segment, sums)| (*segment, sums.relative(model, *segment != EVERYONE_SEGMENT))).collect();
        Self { everyone_known: Some(everyone.relative(model, false)), by_segment }
    }

    /// The range of a segment's 12-month value; segment 0 is everyone active.
    pub fn year(&self, segment: u32, value: Minor) -> Option<ValueRange> {
        let of = self.by_segment.get(&segment)?;
        Some(ValueRange {
            low_80: times(value, of.year_80.0),
            high_80: times(value, of.year_80.1),
            low_95: times(value, of.year_95.0),
            high_95: times(value, of.year_95.1),
        })
    }

    /// The forecast of a segment's next period with its range; none if the error to expect is larger than it.
    pub fn next(&self, segment: u32, value: Minor) -> Option<NextPeriod> {
        next(self.by_segment.get(&segment), value)
    }

    /// The same of everyone known.
    pub fn next_of_everyone(&self, value: Minor) -> Option<NextPeriod> {
        next(self.everyone_known.as_ref(), value)
    }
}

fn next(of: Option<&Relative>, value: Minor) -> Option<NextPeriod> {
    let Some(of) = of else { return Some(NextPeriod { value, low_80: None, high_80: None }) };
    let range = of.next_80;
    let shown = NextPeriod { value, low_80: Some(times(value, range.0)), high_80: Some(times(value, range.1)) };
    (!of.is_next_beyond).then_some(shown)
}

fn times(value: Minor, part: f64) -> Minor {
    Minor((value.0 as f64 * part).round() as i64)
}
