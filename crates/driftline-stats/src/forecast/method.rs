//! How the next period is forecast, and how far a forecast may be off.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits of a calibration factor: beyond them the past origin says more about itself than about the next.
pub const FACTOR: (f64, f64) = (0.67, 1.5);

/// The least standard deviation of a level: one good quarter is no proof.
const LEVEL_LEAST: f64 = 0.02;

/// One observed error is on average 0.8 standard deviations.
const OF_ONE: f64 = 1.25;

/// How a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    PurchaseModel,
    LastPeriod,
    OwnRate,
    OverallRate,
    YearBefore,
    RecentBlend,
    LevelledBlend,
    Blend,
    /// That of [`crate::expectation`], which jobs use.
    LevelledModel,
}

impl core::fmt::Display for Method {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(match self {
            Self::PurchaseModel => "purchase_model",
            Self::LastPeriod => "last_period",
            Self::OwnRate => "own_rate",
            Self::OverallRate => "overall_rate",
            Self::YearBefore => "year_before",
            Self::RecentBlend => "recent_blend",
            Self::LevelledBlend => "levelled_blend",
            Self::Blend => "blend",
            Self::LevelledModel => "levelled_model",
        })
    }
}

/// How far forecasts of sums were off, as parts of what happened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Of the market's level: forecast total over what happened, less 1.
    pub level: f64,
    /// Root mean square of the same for ten groups of customers of similar forecasts, beyond the level's error: groups come
    /// back towards the mean, and a persona is such a group.
    pub groups: f64,
}

/// Standard deviation of a level, as a part of it, from one judged error.
pub fn level_deviation(error: f64) -> f64 {
    OF_ONE * error.abs().max(LEVEL_LEAST)
}

impl Spread {
    /// Returns the 80 % range of a sum of forecasts: of the whole market, or of a part of it.
    pub fn range_80(&self, sum: f64, is_part: bool) -> (f64, f64) {
        let level = level_deviation(self.level);
        let groups = if is_part { self.groups } else { 0.0 };
        let deviation = libm::sqrt(libm::log1p(level * level + groups * groups));
        let z = crate::significance::normal_quantile(0.9);
        let sum = sum.max(0.0);
        (sum * libm::exp(-z * deviation), sum * libm::exp(z * deviation))
    }
}
