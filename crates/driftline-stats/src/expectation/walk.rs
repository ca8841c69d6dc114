//! From the oldest origin to the present: at each, levels and ranges from what was known before it, and then what came.

use super::Expectation;
use super::origin::{History, Origin, Sums};
use super::ranges::{
    BETWEEN, CAUTION, Held, MISS_MOST, PRIOR, PastPart, RangeModel, Spread, between_and_chance, inflation, quantile_80,
    typical,
};
use crate::forecast::Judged;
use crate::level::{self, Level, Seen};

/// A level seen at one origin is not believed beyond a factor of two.
const SEEN_MOST: f64 = core::f64::consts::LN_2;

/// The last so many misses count.
const MISSES: usize = 8;

/// Origins below which a range is widened.
const ORIGINS_FEW: usize = 3;

/// Deviation of a 12-month total's logarithm before any was seen.
const YEAR_PRIOR: f64 = 0.12;

/// What the past says of the present.
#[derive(Clone, Debug)]
pub struct Present {
    /// As in [`super::Expectation`].
    pub factors: Vec<f64>,
    pub recent_weight: f64,
    pub ranges: RangeModel,
    /// How the forecast and plain guesses did on the latest origin; `None` without one.
    pub judged: Option<Judged>,
    /// Origins that it is known from.
    pub origins: usize,
}

/// What published reports tell beside the log.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// How far published forecasts of the market were off, in their own deviations ([`Spread::market_miss`]).
    pub market_misses: Vec<f64>,
    /// The same of parts of it ([`Spread::miss`]).
    pub next_misses: Vec<f64>,
    pub year_misses: Vec<f64>,
    /// Ranges of the next horizon and of 12 months of the markets that a small one leans on.
    pub neighbours: Option<(Spread, Spread)>,
}

/// What was seen up to an origin.
#[derive(Default)]
struct Known<'a> {
    origins: Vec<&'a Origin>,
    /// Misses of the next horizon in their own deviations, of the market and of groups.
    misses: Vec<f64>,
    group_misses: Vec<f64>,
    /// Misses of 12 months: the step they were forecast at, and the logarithm or the miss of a group in its own deviation.
    year_misses: Vec<(i32, f64)>,
    year_group_misses: Vec<(i32, f64)>,
    /// How far the forecast at the latest origin was off, a logarithm, and the variance of what is by chance in it.
    latest: Option<(f64, f64)>,
    held: [Held; 4],
}

impl History {
    /// Walks to the present; `told` is what is known besides.
    pub fn present(&self, told: &Told) -> Present {
        let mut known = Known::default();
        let mut judged = None;
        for origin in &self.origins {
            let (first, later) = self.levels(&known.origins, origin.step);
            judged = origin.by_customer.as_ref().and_then(|of| of.judged(libm::exp(first.mean), self.recent_weight));
            self.judge(&mut known, origin, &first, &later);
            known.origins.push(origin);
        }
        let (first, later) = self.levels(&known.origins, 0);
        let [next_held, next_groups_held, year_held, year_groups_held] = known.held;
        let mut next = self.next_spread(&known, &first);
        let mut year = self.year_spread(&known, 0, &next);
        known.group_misses.extend(&told.next_misses);
        next.quantile_80 = quantile_80(&known.group_misses);
        known.year_group_misses.retain(|(step, _)| step + self.steps_a_year <= 0);
        let year_misses: Vec<f64> = known.year_group_misses.iter().map(|(_, miss)| *miss).collect();
        year.quantile_80 = quantile_80(&[year_misses, told.year_misses.clone()].concat());
        if let Some((of_next, of_year)) = told.neighbours.filter(|_| known.origins.len() < ORIGINS_FEW) {
            // The scorecard of the latest horizon is not published yet; what it will say is known.
            let latest = known.latest.map(|(off, variance)| off / libm::sqrt(of_next.level + variance));
            let misses: Vec<f64> = told.market_misses.iter().copied().chain(latest).collect();
            next = next.leaning_on(&of_next, &misses);
            year = year.leaning_on(&of_year, &[]);
        }
        Present {
            factors: factors(&first, &later),
            recent_weight: self.recent_weight,
            ranges: RangeModel { next, year, next_held, next_groups_held, year_held, year_groups_held },
            judged,
            origins: known.origins.len(),
        }
    }

    /// Levels of the horizon at a step, from the misses of f₁, and of the later parts, from those of the models alone.
    fn levels(&self, past: &[&Origin], step: i32) -> (Level, Vec<Level>) {
        let seen = |forecast: &dyn Fn(&Sums) -> f64| -> Vec<Seen> {
            let of = |origin: &&Origin| {
                let (forecast, came) = (forecast(&origin.everyone), origin.everyone.came[0]?);
                let off = libm::log(came / forecast);
                let variance = (origin.everyone.variance / (forecast * forecast)).min(4.0);
                off.is_finite().then(|| Seen { step: origin.step, off: off.clamp(-SEEN_MOST, SEEN_MOST), variance })
            };
            past.iter().filter_map(of).collect()
        };
        let first = levels(&seen(&|sums| sums.blend), &[step], self.steps_a_year);
        let ahead: Vec<i32> = (1..self.parts as i32).map(|part| step + part).collect();
        (first[0], levels(&seen(&|sums| sums.parts[0]), &ahead, self.steps_a_year))
    }

    fn next_spread(&self, known: &Known<'_>, level: &Level) -> Spread {
        let misses = &known.misses[known.misses.len().saturating_sub(MISSES)..];
        let parts = |origin: &&Origin| {
            let came = origin.everyone.came[0].unwrap_or_default();
            parts_of(origin, came / origin.everyone.blend, &|sums| {
                Some(PastPart { forecast: sums.blend, variance: sums.variance, came: sums.came[0]? })
            })
        };
        let parts: Vec<PastPart> = known.origins.iter().flat_map(parts).collect();
        let (between, chance) = between_and_chance(&parts, BETWEEN);
        Spread {
            level: level.variance,
            inflation: few(known) * inflation(misses),
            typical: Some(few(known) * typical(misses)),
            seen: misses.len() as u32,
            between,
            chance,
            quantile_80: quantile_80(&known.group_misses),
        }
    }

    /// Ranges of 12 months at a step: only those that were over by then tell.
    fn year_spread(&self, known: &Known<'_>, step: i32, next: &Spread) -> Spread {
        let is_over = |of: i32| of + self.steps_a_year <= step;
        let misses: Vec<f64> = known.year_misses.iter().filter(|(of, _)| is_over(*of)).map(|(_, miss)| *miss).collect();
        let misses = &misses[misses.len().saturating_sub(MISSES)..];
        let squares: f64 = misses.iter().map(|miss| miss * miss).sum();
        let count = misses.len() as f64;
        let parts = |origin: &&Origin| {
            let all = |sums: &Sums| sums.blend + sums.parts[1..].iter().sum::<f64>();
            let came = origin.everyone.year(self.parts).unwrap_or_default();
            let of = |sums: &Sums| {
                Some(PastPart { forecast: all(sums), variance: sums.year_variance, came: sums.year(self.parts)? })
            };
            parts_of(origin, came / all(&origin.everyone), &of)
        };
        let over = known.origins.iter().filter(|origin| is_over(origin.step));
        // A part's own level lasts: what the next horizon shows of it is expected of 12 months.
        let (between, chance) =
            between_and_chance(&over.flat_map(parts).collect::<Vec<_>>(), next.between.max(BETWEEN));
        let group_misses: Vec<f64> =
            known.year_group_misses.iter().filter(|(of, _)| is_over(*of)).map(|(_, miss)| *miss).collect();
        Spread {
            level: (squares + PRIOR * YEAR_PRIOR * YEAR_PRIOR) / (count + PRIOR),
            inflation: few(known),
            typical: None,
            seen: misses.len() as u32,
            between,
            chance,
            quantile_80: quantile_80(&group_misses),
        }
    }

    /// What the forecast at an origin was, from what was known before it, against what came.
    fn judge(&self, known: &mut Known<'_>, origin: &Origin, first: &Level, later: &[Level]) {
        let has_past = !known.origins.is_empty();
        let factors = factors(first, later);
        let next = |sums: &Sums| factors[0] * sums.blend;
        let year =
            |sums: &Sums| next(sums) + (1..factors.len()).map(|part| factors[part] * sums.parts[part]).sum::<f64>();
        let spread = self.next_spread(known, first);
        if let Some(came) = origin.everyone.came[0].filter(|came| *came > 0.0) {
            let (value, variance) = (next(&origin.everyone), factors[0] * factors[0] * origin.everyone.variance);
            let off = libm::log(came / value);
            known.latest = (origin.step == -1).then_some((off, (variance / (value * value)).min(4.0)));
            let miss = off / spread.market_deviation(value, variance);
            if has_past {
                known.held[0].count(spread.range(value, variance, false, 0.8), came);
            }
            known.misses.push(miss.clamp(-MISS_MOST, MISS_MOST));
            for group in origin.groups.iter().filter(|group| has_past && group.blend > 0.0) {
                let (value, variance) = (next(group), factors[0] * factors[0] * group.variance);
                let came = group.came[0].unwrap_or_default().max(0.0);
                known.held[1].count(spread.range(value, variance, true, 0.8), came);
                known.group_misses.push((came - value).abs() / spread.part_deviation(value, variance));
            }
        }
        let spread = self.year_spread(known, origin.step, &spread);
        if let Some(came) = origin.everyone.year(self.parts).filter(|came| *came > 0.0) {
            let value = year(&origin.everyone);
            if has_past {
                known.held[2].count(spread.range(value, origin.everyone.year_variance, false, 0.8), came);
            }
            known.year_misses.push((origin.step, libm::log(came / value).clamp(-1.0, 1.0)));
            for group in origin.groups.iter().filter(|group| has_past && group.blend > 0.0) {
                let (value, came) = (year(group), group.year(self.parts).unwrap_or_default().max(0.0));
                known.held[3].count(spread.range(value, group.year_variance, true, 0.8), came);
                let miss = (came - value).abs() / spread.part_deviation(value, group.year_variance);
                known.year_group_misses.push((origin.step, miss));
            }
        }
    }
}

/// The groups of an origin at the level that came, if it is over.
fn parts_of(origin: &Origin, level: f64, of: &dyn Fn(&Sums) -> Option<PastPart>) -> Vec<PastPart> {
    let level = if level.is_finite() { level.clamp(0.5, 2.0) } else { 1.0 };
    let at_level =
        |part: PastPart| PastPart { forecast: level * part.forecast, variance: level * level * part.variance, ..part };
    origin.groups.iter().filter_map(|group| of(group).map(at_level)).collect()
}

/// While there are few origins ranges are wider.
fn few(known: &Known<'_>) -> f64 {
    if known.origins.len() < ORIGINS_FEW { CAUTION } else { 1.0 }
}

impl Expectation {
    /// The same at the market's levels, with the weight of the horizon before that its past chose.
    pub fn at_level(self, present: &Present) -> Self {
        Self { factors: present.factors.clone(), recent_weight: present.recent_weight, ..self }
    }
}

/// The factors of the parts from the levels ahead: that of the horizon, and the roots of the later ones.
fn factors(first: &Level, later: &[Level]) -> Vec<f64> {
    let roots = later.iter().map(|level| libm::exp(0.5 * level.mean));
    [libm::exp(first.mean)].into_iter().chain(roots).collect()
}

/// The scales of levels of amounts.
fn levels(seen: &[level::Seen], ahead: &[i32], steps_a_year: i32) -> Vec<Level> {
    level::levels(seen, ahead, steps_a_year, &level::OF_AMOUNTS)
}
