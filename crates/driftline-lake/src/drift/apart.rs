//! Columns that say nothing by their distribution.
//!
//! An id counts up, a time of loading is later in the later file: they differ by construction, and drift of them is no news.

use std::collections::BTreeMap;

use chrono::DateTime;
use driftline_stats::drift::{Sample, numeric};

use super::class::Class;
use super::shown::words;

/// Values from which on a column can be told as an id by what it holds.
const VALUES_LEAST: usize = 100;

/// Different values that a column of codes has at most; with more, and more than one in fifty rows, it names things.
const CODES_MOST: usize = 50;

const ID_WORDS: [&str; 9] = ["id", "ids", "uuid", "guid", "key", "hash", "pk", "sk", "rowid"];
const NUMBER_WORDS: [&str; 10] = ["nr", "no", "num", "number", "code", "zip", "plz", "postcode", "sku", "ean"];
const KEY_NUMBERS: [&str; 4] = ["nr", "no", "num", "number"];
const LOAD_WORDS: [&str; 17] = [
    "loaded",
    "load",
    "ingested",
    "ingestion",
    "inserted",
    "extracted",
    "exported",
    "export",
    "imported",
    "synced",
    "replicated",
    "emitted",
    "etl",
    "dwh",
    "airbyte",
    "fivetran",
    "snapshot",
];
const TIME_WORDS: [&str; 8] = ["at", "on", "ts", "time", "timestamp", "date", "day", "datetime"];
/// Why a column is set apart, if it is. Numbers are sorted on the way; codes in numbers become categories.
pub(super) fn reason(name: &str, class: Class, before: &mut Sample, now: &mut Sample) -> Option<String> {
    let words = words(name);
    for sample in [&mut *before, &mut *now] {
        if let Sample::Numbers { values, nulls } = sample {
            let all = values.len();
            values.retain(|value| value.is_finite());
            *nulls += (all - values.len()) as u64;
            numeric::sort(values);
        }
    }
    if is_time_of_loading(&words) {
        return Some("by its name a time of loading, which every export has another one of".to_owned());
    }
    if class == Class::Days {
        return own_times(before, now);
    }
    if before.distinct() == 0 || now.distinct() == 0 {
        return None;
    }
    let last = words.last().map_or("", String::as_str);
    let (is_id, is_number) = (ID_WORDS.contains(&last), NUMBER_WORDS.contains(&last));
    if (is_id || is_number) && is_whole(before) && is_whole(now) {
        if [&*before, &*now].iter().any(|sample| names_things(sample)) {
            return Some("by its name and its many values an id, which has no distribution to compare".to_owned());
        }
        if is_id {
            [before, now].into_iter().for_each(coded);
        }
        return None;
    }
    by_values(before, now)
}

/// Why a column is an id, or text about single things, by its values.
fn by_values(before: &Sample, now: &Sample) -> Option<String> {
    match (before, now) {
        (Sample::Numbers { values: before, .. }, Sample::Numbers { values: now, .. }) => {
            let (b, n) = (Whole::of(before)?, Whole::of(now)?);
            let goes_on = |earlier: &Whole, later: &Whole| {
                let gap = later.first - earlier.last;
                gap > 0.0 && gap <= (earlier.last - earlier.first) + (later.last - later.first)
            };
            let is_id = (b.is_large && n.is_large)
                || (b.is_unique && n.is_unique) && ((b.counts_up && n.counts_up) || goes_on(&b, &n) || goes_on(&n, &b));
            is_id.then(|| "every value is another whole number: an id, which has no distribution to compare".to_owned())
        }
        (Sample::Categories { .. }, Sample::Categories { .. }) => {
            // If counting was given up, of the rows until then.
            let is_single = |sample: &Sample| match sample {
                Sample::Categories { counts, .. } => {
                    let rows: u64 = counts.values().sum();
                    counts.len() >= CODES_MOST && counts.len() as f64 >= 0.9 * rows as f64
                }
                _ => false,
            };
            (is_single(before) && is_single(now))
                .then(|| "nearly every value is another one: ids, names or free text".to_owned())
        }
        _ => None,
    }
}

/// What whole numbers look like.
struct Whole {
    /// None comes twice.
    is_unique: bool,
    /// They nearly fill their range.
    counts_up: bool,
    /// They go up to what no amount or count does, and hardly repeat: hashes, or ids with the time in them. So large numbers
    /// are read rounded, so some of them may look equal.
    is_large: bool,
    first: f64,
    last: f64,
}

impl Whole {
    /// `None` for few values, or if one has a fraction.
    fn of(sorted: &[f64]) -> Option<Self> {
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let count = sorted.len() as f64;
        let different = sorted.chunk_by(|a, b| a == b).count() as f64;
        let is_whole = sorted.len() >= VALUES_LEAST && sorted.iter().all(|value| value.fract() == 0.0);
        is_whole.then_some(Self {
            is_unique: different == count,
            counts_up: (last - first) / count <= 4.0,
            is_large: last.abs() >= 1e15 && different >= 0.5 * count,
            first,
            last,
        })
    }
}

/// Why times are set apart: each file has its own.
fn own_times(before: &Sample, now: &Sample) -> Option<String> {
    let (Sample::Numbers { values: before, .. }, Sample::Numbers { values: now, .. }) = (before, now) else {
        return None;
    };
    let (b, n) = ((before.first()?, before.last()?), (now.first()?, now.last()?));
    (b.1 < n.0 || n.1 < b.0).then(|| {
        format!(
            "each file has times of its own, {} to {} and {} to {}: that is no drift",
            day(*b.0),
            day(*b.1),
            day(*n.0),
            day(*n.1)
        )
    })
}

fn day(days: f64) -> String {
    let moment = DateTime::from_timestamp((days.floor() * 86_400.0) as i64, 0);
    moment.map_or_else(|| format!("day {days:.0}"), |moment| moment.date_naive().to_string())
}

fn is_whole(sample: &Sample) -> bool {
    match sample {
        Sample::Numbers { values, .. } => values.iter().all(|value| value.fract() == 0.0),
        _ => true,
    }
}

fn names_things(sample: &Sample) -> bool {
    let different = sample.distinct();
    different > CODES_MOST && different as f64 > 0.02 * sample.values() as f64
}

/// Codes in numbers as categories.
fn coded(sample: &mut Sample) {
    let Sample::Numbers { values, nulls } = sample else { return };
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for run in values.chunk_by(|a, b| a == b) {
        counts.insert(format!("{}", run[0]), run.len() as u64);
    }
    *sample = Sample::Categories { values: values.len() as u64, counts, nulls: *nulls, is_complete: true };
}

/// Whether a column is an id by its name.
pub(super) fn is_id(name: &str) -> bool {
    words(name).last().is_some_and(|last| ID_WORDS.contains(&last.as_str()) || NUMBER_WORDS.contains(&last.as_str()))
}

/// Whether a column holds ids of persons, orders and the like by its name, and no codes of things, which are taken as they are.
pub(crate) fn is_key(name: &str) -> bool {
    let is_key = |last: &String| ID_WORDS.contains(&last.as_str()) || KEY_NUMBERS.contains(&last.as_str());
    words(name).last().is_some_and(is_key)
}

fn is_time_of_loading(words: &[String]) -> bool {
    let is_one = |list: &[&str], word: &String| list.contains(&word.as_str());
    let is_time = words.last().is_some_and(|last| is_one(&TIME_WORDS, last) || last == "synced");
    is_time && words.iter().any(|word| is_one(&LOAD_WORDS, word))
}

/// What the two kinds of samples have in common.
trait Counted {
    /// Different values; of categories that were not counted to the end, as many as were.
    fn distinct(&self) -> usize;
    fn values(&self) -> u64;
}

impl Counted for Sample {
    fn distinct(&self) -> usize {
        match self {
            Self::Numbers { values, .. } => values.chunk_by(|a, b| a == b).count(),
            Self::Categories { counts, .. } => counts.len(),
            _ => 0,
        }
    }

    fn values(&self) -> u64 {
        match self {
            Self::Numbers { values, .. } => values.len() as u64,
            Self::Categories { values, .. } => *values,
            _ => 0,
        }
    }
}
