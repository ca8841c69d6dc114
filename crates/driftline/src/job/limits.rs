//! Numbers that can be read but mean nothing, like a window of no day, are refused before anything is computed with them.

use std::ops::RangeInclusive;

use driftline_core::persona::Priority;

use super::{Exports, JobFile, Segments};

/// Ten years: more is no activity and no horizon.
const DAYS: RangeInclusive<usize> = 1..=3_650;
/// Clusters need more than a handful of customers; the search fits the sample dozens of times.
const SAMPLE: RangeInclusive<usize> = 100..=20_000;
const REPEATS: RangeInclusive<usize> = 1..=1_000;

/// Says which number of a job is out of its bounds, if one is.
pub(super) fn check_limits(file: &JobFile) -> Result<(), String> {
    within("active_days", file.active_days as usize, DAYS)?;
    if let Some(days) = file.horizon_days {
        within("horizon_days", days as usize, DAYS)?;
    }
    check_cells(file)?;
    check_coverage(&file.exports)?;
    check_segments(&file.segments)?;
    check_weights(&file.priority)
}

fn within(key: &str, value: usize, bounds: RangeInclusive<usize>) -> Result<(), String> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(format!("{key} = {value}; expected {} to {}", bounds.start(), bounds.end()))
}

/// No group that is shown may be smaller than what may be shown at all.
fn check_cells(file: &JobFile) -> Result<(), String> {
    const CELL_LEAST: u64 = 5;
    let least = file.personas.min_cell;
    if least < CELL_LEAST {
        return Err(format!("personas.min_cell = {least}; expected at least {CELL_LEAST} (default 10)"));
    }
    let groups = [
        ("personas.members_min", file.personas.members_min),
        ("materiality.members_min", file.materiality.members_min),
        ("segments.others_min", file.segments.others_min),
    ];
    match groups.iter().find(|(_, members)| *members < least) {
        Some((key, members)) => Err(format!("{key} = {members}; expected at least personas.min_cell, {least}")),
        None => Ok(()),
    }
}

fn check_coverage(exports: &Exports) -> Result<(), String> {
    match (exports.complete_from, exports.complete_until) {
        (Some(from), Some(until)) if from > until => {
            Err(format!("exports.complete_from = \"{from}\" is after exports.complete_until = \"{until}\""))
        }
        _ => Ok(()),
    }
}

fn check_segments(segments: &Segments) -> Result<(), String> {
    if segments.min < 1 || segments.max < segments.min || segments.max > 20 {
        return Err("segments.min and segments.max: expected 1 <= min <= max <= 20".to_owned());
    }
    within("segments.sample_max", segments.sample_max, SAMPLE)?;
    within("segments.restarts", segments.restarts, REPEATS)?;
    within("segments.bootstraps", segments.bootstraps, REPEATS)
}

/// Weights need not add up to one, but to something.
fn check_weights(priority: &Priority) -> Result<(), String> {
    let weights = [
        ("value", priority.value),
        ("margin", priority.margin),
        ("growth", priority.growth),
        ("brand", priority.brand),
    ];
    if let Some((key, weight)) = weights.iter().find(|(_, weight)| !weight.is_finite() || *weight < 0.0) {
        return Err(format!("priority.{key} = {weight}; expected a weight of 0 or more"));
    }
    if weights.iter().all(|(_, weight)| *weight == 0.0) {
        return Err("priority: all weights are 0; expected one above".to_owned());
    }
    match priority.brand_fit.iter().find(|(_, fit)| !(0.0..=1.0).contains(*fit)) {
        Some((persona, fit)) => Err(format!("priority.brand_fit.\"{persona}\" = {fit}; expected 0 to 1")),
        None => Ok(()),
    }
}
