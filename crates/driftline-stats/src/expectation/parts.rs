//! The parts that 12 months are cut into, the first of which is the next horizon.

/// Days of the longer horizon.
pub const YEAR_DAYS: f64 = 365.0;

/// Parts that 12 months are cut into at most.
pub const PARTS: usize = 4;

/// Ends of the parts in days: the horizon, and what is left of 365 days in parts of about a horizon.
pub(super) fn edges(horizon_days: i32) -> Vec<f64> {
    let horizon = f64::from(horizon_days.max(1));
    if horizon >= YEAR_DAYS {
        return vec![horizon];
    }
    let later = (steps_a_year(horizon_days) - 1).max(1);
    let length = (YEAR_DAYS - horizon) / f64::from(later);
    (0..=later).map(|part| horizon + f64::from(part) * length).collect()
}

/// How many origins of a horizon lie in a year: at most four, so that a season is seen again.
pub(crate) fn steps_a_year(horizon_days: i32) -> i32 {
    (365.25 / f64::from(horizon_days.max(1))).round().clamp(1.0, PARTS as f64) as i32
}
