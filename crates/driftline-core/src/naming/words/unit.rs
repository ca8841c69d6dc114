//! What habits are measured in: readable thresholds, and thresholds in words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::basics::locale::Words;

/// Days of a month, on average.
pub(super) const MONTH_DAYS: f64 = 30.4375;

/// Intervals that are easy to picture: in days, and in months from one on.
const DAYS: [f64; 9] = [2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 14.0, 21.0, 45.0];
const MONTHS: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 6.0];

/// Numbers that are easy to picture, times powers of ten.
const STEPS: [f64; 10] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0];
const TENS: [f64; 8] = [0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

/// The only threshold of [`HabitUnit::Once`]: who is below it bought on one day.
pub(super) const ONCE: f64 = 2.0;

/// What a habit is measured in, and how readers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HabitUnit {
    /// Purchases a month, told as the days or months between two: `10 days`, `month`, `2 months`.
    RateAMonth,
    /// Major units of the job's currency.
    Money,
    Number,
    /// 0 to 1, told in whole percents.
    Share,
    /// Days with a purchase, of which only matters whether there was more than one: `once so far`, `more than once`.
    Once,
}

impl HabitUnit {
    /// The thresholds for names above `low` and up to `high`, ascending: few and easy to picture.
    pub fn grid(self, low: f64, high: f64) -> Vec<f64> {
        let mut found: Vec<f64> = match self {
            Self::RateAMonth => {
                let days = DAYS.iter().map(|days| four_decimals(MONTH_DAYS / days));
                days.chain(MONTHS.iter().map(|months| four_decimals(1.0 / months))).collect()
            }
            // Divided by ten, not times a tenth: 1.5 times .1 is not .15.
            Self::Money | Self::Number => TENS
                .iter()
                .flat_map(|ten| STEPS.map(|step| if *ten < 1.0 { step / 10.0 } else { step * ten }))
                .collect(),
            Self::Share => {
                (1..10).chain((2..=20).map(|five| 5 * five)).map(|points| f64::from(points) / 100.0).collect()
            }
            Self::Once => vec![ONCE],
        };
        // Half a thing is only easy to picture where there are few.
        found.retain(|threshold| self != Self::Number || *threshold < 3.0 || threshold.fract() == 0.0);
        found.retain(|threshold| *threshold > low && *threshold <= high);
        found.sort_by(f64::total_cmp);
        found
    }

    /// The nearest threshold that is told exactly, for rules: finer than [`HabitUnit::grid`]. Rates are of whole days or, from
    /// two months on, of whole months; money and numbers have two digits, shares are whole percents, and of purchases there are
    /// one or more.
    pub fn round(self, value: f64) -> f64 {
        if !value.is_finite() || value <= 0.0 {
            return 0.0;
        }
        match self {
            Self::RateAMonth if value <= 0.55 => four_decimals(1.0 / (1.0 / value).round()),
            Self::RateAMonth if (0.95..1.05).contains(&value) => 1.0,
            Self::RateAMonth => four_decimals(MONTH_DAYS / (MONTH_DAYS / value).round().max(1.0)),
            Self::Money | Self::Number => {
                let ten = TENS.iter().copied().rfind(|ten| value >= *ten).unwrap_or(0.1);
                // In tenths of that power: two digits.
                (value / ten * 10.0).round() * (ten * 10.0) / 100.0
            }
            Self::Share => (100.0 * value).round() / 100.0,
            Self::Once => ONCE,
        }
    }

    /// A threshold in words, without what it is of; `None` for one that has none, such as a rate of nothing.
    pub(super) fn told(self, threshold: f64, words: &Words) -> Option<String> {
        let number = |value: f64, most: usize| {
            let power = [1.0, 10.0, 100.0];
            let is_exact = |decimals: &usize| {
                let scaled = value * power[*decimals];
                (scaled - scaled.round()).abs() < 1e-6
            };
            words.locale.number(value, (0..most).find(is_exact).unwrap_or(most))
        };
        match self {
            Self::RateAMonth if threshold <= 0.0 => None,
            Self::RateAMonth => {
                let (days, months) = (MONTH_DAYS / threshold, 1.0 / threshold);
                let is_of_months = months > 0.9 && (months - months.round()).abs() < 0.001 * months;
                let (count, unit) = if is_of_months { (months.round(), "month") } else { (days, "day") };
                let text = number(if count >= 10.0 { count.round() } else { (10.0 * count).round() / 10.0 }, 1);
                Some(if text == "1" { unit.to_owned() } else { format!("{text} {unit}s") })
            }
            // Whole units without cents.
            Self::Money => {
                let amount = number(threshold.abs(), 2);
                let is_whole = amount == number(threshold.abs().round(), 0);
                let amount = if is_whole { amount } else { words.locale.number(threshold.abs(), 2) };
                let sign = if threshold < 0.0 { "−" } else { "" };
                Some(format!("{sign}{}{amount}", words.currency.sign()))
            }
            Self::Number | Self::Once => Some(number(threshold, 2)),
            Self::Share => Some(format!("{} %", number((1000.0 * threshold).round() / 10.0, 1))),
        }
    }
}

/// As a rate of purchases is published.
fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
