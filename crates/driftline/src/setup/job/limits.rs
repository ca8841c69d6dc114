//! Numbers that can be read but mean nothing, like a window of no day, are refused before anything is computed with them.

use std::ops::RangeInclusive;
use std::time::Duration;

use driftline_core::basics::plain;
use driftline_core::personas::Priority;
use driftline_lake::inspect::NAMES;
use url::Url;

use super::written::{self, Exports, JobFile, Segments};

/// Ten years: more is no activity and no horizon.
const DAYS: RangeInclusive<usize> = 1..=3_650;
/// Clusters need more than a handful of customers; the search fits the sample dozens of times.
const SAMPLE: RangeInclusive<usize> = 100..=20_000;
const REPEATS: RangeInclusive<usize> = 1..=1_000;

/// More than any machine has; each has a stack of its own.
pub(crate) const THREADS: RangeInclusive<usize> = 1..=1_024;
/// A day: a process that was silent for longer is not waited for.
const LEASE_SECONDS: RangeInclusive<usize> = 1..=86_400;
/// Below it no query runs; above it is no machine.
pub(crate) const BYTES: RangeInclusive<u64> = (1 << 20)..=(1 << 50);
/// Periods due at once: a quarter-century of months.
const CATCH_UP: RangeInclusive<usize> = 1..=300;

/// What a run may take of the machine, how long others wait for it, and how far rows may fall.
#[derive(Clone, Debug)]
pub struct Limits {
    pub memory_bytes: u64,
    pub spill_bytes: u64,
    /// Exports of a market whose rows take up to this much, unfolded, are worked with in memory, larger ones on disk.
    pub in_memory_bytes: u64,
    pub threads: Option<usize>,
    /// Silence after which another process may take over what this one works on.
    pub lease: Duration,
    /// Part of the usual rows, or of those of the last run, that may be missing in a month or an object.
    pub rows_fall: f64,
}

impl Limits {
    pub(super) fn meant(written: &written::Limits) -> Result<Self, String> {
        Ok(Self {
            memory_bytes: bytes_of(&written.memory)?,
            spill_bytes: bytes_of(&written.spill)?,
            in_memory_bytes: bytes_of(&written.in_memory)?,
            threads: written.threads,
            lease: Duration::from_secs(written.lease_seconds.max(1)),
            rows_fall: written.rows_fall,
        })
    }
}

/// Says which number of a job is out of its bounds, if one is.
pub(super) fn check_limits(file: &JobFile) -> Result<(), String> {
    within("active_days", file.active_days as usize, DAYS)?;
    if let Some(days) = file.horizon_days {
        within("horizon_days", days as usize, DAYS)?;
    }
    check_cells(file)?;
    check_machine(&file.limits)?;
    check_shares(file)?;
    check_public_url(file.warehouse.public_url.as_deref())?;
    check_coverage(&file.exports)?;
    check_accepted(&file.exports)?;
    if !(0.05..=1.0).contains(&file.limits.rows_fall) {
        return Err(format!("limits.rows_fall = {}; expected a part from 0.05 to 1, like 0.5", file.limits.rows_fall));
    }
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

/// What a run may take of the machine, and how long others wait for it.
fn check_machine(limits: &written::Limits) -> Result<(), String> {
    if let Some(threads) = limits.threads {
        within("limits.threads", threads, THREADS)?;
    }
    within("limits.lease_seconds", usize::try_from(limits.lease_seconds).unwrap_or(usize::MAX), LEASE_SECONDS)?;
    for (key, size) in [("memory", &limits.memory), ("spill", &limits.spill)] {
        check_size(size).map_err(|problem| format!("limits.{key} = \"{size}\"; {problem}"))?;
    }
    // Any size: exports above it are on disk.
    bytes_of(&limits.in_memory).map(|_| ()).map_err(|problem| format!("limits.in_memory: {problem}"))
}

/// The bytes of a size that a query can run in.
pub(crate) fn check_size(text: &str) -> Result<u64, String> {
    let bytes = bytes_of(text)?;
    if BYTES.contains(&bytes) { Ok(bytes) } else { Err("expected 1MB to 1048576GB".to_owned()) }
}

/// Shares, and what is a part of something: TOML can write `nan` and `inf`, with which nothing would ever be told.
fn check_shares(file: &JobFile) -> Result<(), String> {
    let (told, kept, floor) = (&file.materiality, &file.lineage, &file.personas);
    let shares = [
        ("materiality.share_points", told.share_points),
        ("materiality.share_relative", told.share_relative),
        ("materiality.effect_relative", told.effect_relative),
        ("materiality.value_of_total", told.value_of_total),
        ("materiality.newcomers_relative", told.newcomers_relative),
        ("materiality.large_relative", told.large_relative),
        ("materiality.false_discovery_rate", told.false_discovery_rate),
        ("lineage.left_share", kept.left_share),
        ("lineage.split_retained", kept.split_retained),
        ("lineage.split_total", kept.split_total),
        ("lineage.merge_retained", kept.merge_retained),
        ("lineage.merge_source", kept.merge_source),
        ("lineage.merge_total", kept.merge_total),
        ("lineage.survive", kept.survive),
        ("lineage.strong_jaccard", kept.strong_jaccard),
        ("personas.coverage", floor.coverage),
        ("personas.primary_margin", floor.primary_margin),
        ("personas.stability_min", floor.stability_min),
        ("segments.reliability_min", file.segments.reliability_min),
    ];
    if let Some((key, share)) = shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
        return Err(format!("{key} = {share}; expected 0 to 1"));
    }
    let days = file.value.own_history_days;
    if !(0..=36_500).contains(&days) {
        return Err(format!("value.own_history_days = {days}; expected 0 to 36500"));
    }
    match &file.schedule {
        Some(schedule) => within("schedule.catch_up_limit", schedule.catch_up_limit, CATCH_UP),
        None => Ok(()),
    }
}

/// Mails and pages show this address to everybody who reads them.
fn check_public_url(url: Option<&str>) -> Result<(), String> {
    let Some(text) = url else { return Ok(()) };
    let wrong = |problem: &str| {
        Err(format!(
            "warehouse.public_url = \"{}\" {problem}; expected one like https://reports.example.com/driftline",
            plain::address(text)
        ))
    };
    let Ok(parsed) = Url::parse(text) else { return wrong("is no address") };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return wrong("had a user or a password before its host, which every reader of a mail would see");
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return wrong("goes on after `?` or `#`, where the name of the report has to follow");
    }
    if !matches!(parsed.scheme(), "http" | "https" | "file") {
        return wrong("is not of a web server or a folder");
    }
    Ok(())
}

fn check_coverage(exports: &Exports) -> Result<(), String> {
    match (exports.complete_from, exports.complete_until) {
        (Some(from), Some(until)) if from > until => {
            Err(format!("exports.complete_from = \"{from}\" is after exports.complete_until = \"{until}\""))
        }
        _ => Ok(()),
    }
}

/// A name that means nothing would accept nothing and look as if it did.
fn check_accepted(exports: &Exports) -> Result<(), String> {
    let is_known = |name: &&String| NAMES.iter().any(|(known, _)| known == name);
    match exports.accept.iter().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            Err(format!("exports.accept names `{unknown}`; expected some of {}", known.join(", ")))
        }
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

/// `512MB`, `2GB` or plain bytes.
fn bytes_of(text: &str) -> std::result::Result<u64, String> {
    let upper = text.trim().to_uppercase();
    let (digits, unit) = match upper.strip_suffix("GB") {
        Some(digits) => (digits, 1 << 30),
        None => match upper.strip_suffix("MB") {
            Some(digits) => (digits, 1 << 20),
            None => (upper.as_str(), 1),
        },
    };
    digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("`{text}` is no size; expected a number with MB or GB, like 2GB"))
}
