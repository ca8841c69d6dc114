//! Ranges of sums of forecasts, calibrated on the market's own earlier origins.
//!
//! * *The market*: `ln k ± t(.9; n + 4) · s · √((Σ z² + 4)/(n + 4))`, with s² the variance of the level and of chance, and z the
//!   misses of the last n forecasts in their own deviations (a normal prior of four observations); 1.25 times as wide below
//!   three earlier origins.
//! * *A part of it*, like a persona: variance `F² level + τ² F² + ψ v`, with τ² and ψ by least squares, neither negative, on groups
//!   of alike customers at earlier origins (six pseudo-observations of .15² and 1.2), v what is by chance. The half-width is the 80 %
//!   quantile of |z| of the groups, from 18 on; before, 1.25 times the normal one.
//! * *A market that leans on others* takes the level of theirs, times what their typical misses say, the medians of |z|: what
//!   surprised them at once is one event, and theirs. That counts as one miss beside its own, which tell whether it is surprised too.
//! * *12 months*: the logarithm has the variance of chance and of the misses of earlier 12 months, with a prior of four of .12².

use crate::significance::normal_quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// What a range is widened by while little could be judged.
pub(super) const CAUTION: f64 = 1.25;

/// τ² before any group was seen.
pub(super) const BETWEEN: f64 = 0.15 * 0.15;

/// Misses in their own deviations are not believed beyond.
pub(super) const MISS_MOST: f64 = 4.0;

/// Degrees of freedom of the prior.
pub(super) const PRIOR: f64 = 4.0;

/// How wide ranges are of the market and of parts of it, for one horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Variance of the logarithm of the market's level.
    pub level: f64,
    /// What the market's deviation is multiplied by, from how far past forecasts were off.
    pub inflation: f64,
    /// The same if a single surprise counts no more than any other miss: by the median of the misses. For those that lean on this
    /// market; absent of 12 months and in reports from before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typical: Option<f64>,
    /// Past forecasts that this is known from; Student's distribution has four degrees of freedom more.
    pub seen: u32,
    /// τ²: variance of a part's own level, as a part of it squared.
    pub between: f64,
    /// ψ: what the variance by chance is multiplied by.
    pub chance: f64,
    /// Half-width of a part's 80 % range in its deviations.
    pub quantile_80: f64,
}

/// How many past 80 % ranges, made the same way on what was known then, held what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    pub held: u32,
    pub of: u32,
}

/// What deviations are multiplied by, from misses in them: 1 if they are as large as they should be.
pub(super) fn inflation(misses: &[f64]) -> f64 {
    let squares: f64 = misses.iter().map(|miss| miss * miss).sum();
    libm::sqrt((squares + PRIOR) / (misses.len() as f64 + PRIOR))
}

/// The same as if all misses were as large as the median of them tells of normal ones.
pub(super) fn typical(misses: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = misses.iter().map(|miss| miss.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let Some(last) = sizes.len().checked_sub(1) else { return 1.0 };
    let median = 0.5 * (sizes[last / 2] + sizes[last.div_ceil(2)]) / normal_quantile(0.75);
    inflation(&vec![median; sizes.len()])
}

/// Ranges of the next horizon and of 12 months, with how they did on earlier origins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RangeModel {
    pub next: Spread,
    pub year: Spread,
    /// Of the market, and of groups of alike customers in it.
    pub next_held: Held,
    pub next_groups_held: Held,
    pub year_held: Held,
    pub year_groups_held: Held,
}

impl Held {
    pub(super) fn count(&mut self, range: (f64, f64), came: f64) {
        self.of += 1;
        self.held += u32::from((range.0..=range.1).contains(&came));
    }
}

impl Spread {
    /// Deviation of the logarithm of the market's total, `variance` of which is by chance.
    pub(super) fn market_deviation(&self, value: f64, variance: f64) -> f64 {
        libm::sqrt(self.level + (variance / (value * value).max(f64::MIN_POSITIVE)).min(4.0))
    }

    /// Deviation of a part of the market's total, in its unit.
    pub fn part_deviation(&self, value: f64, variance: f64) -> f64 {
        libm::sqrt(value * value * (libm::expm1(self.level) + self.between) + self.chance * variance)
    }

    /// How far a published forecast of a part was off, in its own deviations, from its 80 % range by this spread.
    pub fn miss(&self, forecast: f64, high_80: f64, came: f64) -> Option<f64> {
        let deviation = (high_80 - forecast) / self.quantile_80;
        (deviation > 0.0).then(|| (came - forecast).abs() / deviation)
    }

    /// How far a published forecast of the market was off, in its own deviations, from its 80 % range by this spread.
    pub fn market_miss(&self, forecast: f64, high_80: f64, came: f64) -> Option<f64> {
        let half = libm::log(high_80 / forecast);
        let deviation = half / (self.inflation * student(0.9, PRIOR + f64::from(self.seen)));
        let miss = libm::log(came / forecast) / deviation;
        (deviation > 0.0 && miss.is_finite()).then_some(miss.clamp(-MISS_MOST, MISS_MOST))
    }

    /// The mean of several markets' spreads; `None` of none.
    pub fn mean(of: &[Self]) -> Option<Self> {
        let count = of.len() as f64;
        let mean = |part: fn(&Self) -> f64| of.iter().map(part).sum::<f64>() / count;
        Some(Self {
            level: mean(|spread| spread.level),
            inflation: mean(|spread| spread.inflation),
            typical: Some(mean(|spread| spread.typical.unwrap_or(spread.inflation))),
            seen: of.iter().map(|spread| spread.seen).min()?,
            between: mean(|spread| spread.between),
            chance: mean(|spread| spread.chance),
            quantile_80: mean(|spread| spread.quantile_80),
        })
    }

    /// Of a market with too little past of its own: its level is known no less than those of its neighbours are. `misses` are its
    /// own, in deviations.
    pub(super) fn leaning_on(self, others: &Self, misses: &[f64]) -> Self {
        if self.level <= others.level {
            return self;
        }
        let typical = others.typical.unwrap_or(others.inflation);
        let squares: f64 = misses.iter().map(|miss| miss * miss).sum();
        let inflation = libm::sqrt((typical * typical + squares) / (1.0 + misses.len() as f64));
        Self { between: self.between, chance: self.chance, inflation, ..*others }
    }

    /// Whether the error to expect is larger than the value itself: a forecast that says nothing.
    pub fn is_beyond(&self, value: f64, variance: f64, is_part: bool) -> bool {
        let deviation = if is_part {
            self.part_deviation(value, variance) / value.max(f64::MIN_POSITIVE)
        } else {
            libm::expm1(self.inflation * self.market_deviation(value, variance))
        };
        value > 0.0 && deviation > 1.0
    }

    /// The range that holds the market's value, or that of a part of it, with probability `level`.
    pub fn range(&self, value: f64, variance: f64, is_part: bool, level: f64) -> (f64, f64) {
        if value <= 0.0 {
            return (0.0, 0.0);
        }
        let upper = 0.5 * (1.0 + level);
        if is_part {
            let wider = normal_quantile(upper) / normal_quantile(0.9);
            let half = self.quantile_80 * wider * self.part_deviation(value, variance);
            return ((value - half).max(0.0), value + half);
        }
        let half =
            student(upper, PRIOR + f64::from(self.seen)) * self.inflation * self.market_deviation(value, variance);
        (value * libm::exp(-half), value * libm::exp(half))
    }
}

fn student(probability: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or_else(|_| normal_quantile(probability), |t| t.inverse_cdf(probability))
}

/// A part of the market at a past origin: forecast at the level that came, variance by chance, and what came.
#[derive(Clone, Copy, Debug)]
pub(super) struct PastPart {
    pub(super) forecast: f64,
    pub(super) variance: f64,
    pub(super) came: f64,
}

/// τ² and ψ: squared misses by least squares, weighted by what their variance is about; `prior` is τ² before any was seen.
pub(super) fn between_and_chance(parts: &[PastPart], prior: f64) -> (f64, f64) {
    const PSEUDO: f64 = 6.0;
    const CHANCE: f64 = 1.2;
    /// Pseudo-observations of τ² stand for parts of nine times the square of their deviation.
    const WEIGHT: f64 = 9.0;
    const MOST: f64 = 30.0;
    let (mut aa, mut bb) = (PSEUDO * WEIGHT, PSEUDO);
    let (mut ab, mut ay, mut by) = (0.0, PSEUDO * WEIGHT * prior, PSEUDO * CHANCE);
    for part in parts {
        let square = part.forecast * part.forecast;
        let scale = 0.02 * square + part.variance + 1e-9;
        let (a, b) = (square / scale, part.variance / scale);
        let miss = part.came - part.forecast;
        let y = (miss * miss / scale).min(MOST);
        (aa, ab, bb) = (aa + a * a, ab + a * b, bb + b * b);
        (ay, by) = (ay + a * y, by + b * y);
    }
    let determinant = aa * bb - ab * ab;
    let both = ((ay * bb - by * ab) / determinant, (by * aa - ay * ab) / determinant);
    match both {
        (between, chance) if between >= 0.0 && chance >= 0.0 => both,
        (between, _) if between < 0.0 => (0.0, by / bb),
        _ => (ay / aa, 0.0),
    }
}

/// The 80 % quantile of misses in their own deviations; the cautious normal one while there are few.
pub(super) fn quantile_80(misses: &[f64]) -> f64 {
    const LEAST: usize = 18;
    if misses.len() < LEAST {
        return CAUTION * normal_quantile(0.9);
    }
    let mut sorted = misses.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let place = 0.8 * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    sorted[below] + (place - place.floor()) * (sorted[(below + 1).min(sorted.len() - 1)] - sorted[below])
}
