//! Two Parquet files, or folders of them, compared column by column, each column read alone: memory is that of a few columns,
//! not of a file.

mod apart;
mod class;
mod shown;
mod side;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use driftline_stats::drift::{self, Finding};

use crate::error::{Error, Result};
use crate::parquet_files;
pub(crate) use apart::is_key;
use class::Class;
pub(crate) use shown::{is_personal, words};
use side::{Column, Side};

/// What was found, and what a user should know besides.
#[derive(Debug)]
pub struct Comparison {
    /// One for each column, in the order of the reference; columns that only the current side has come last.
    pub findings: Vec<Finding>,
    /// Columns that cannot be read in one of the files.
    pub unreadable: Vec<String>,
    /// Rows and files of the reference and of the current side.
    pub sides: [(u64, usize); 2],
    /// One sentence each.
    pub notes: Vec<String>,
}

/// A column's finding before all are judged, with what is said of it afterwards.
struct Found {
    finding: Finding,
    /// Rows by category, if their names may be shown.
    shown: Option<BTreeMap<String, u64>>,
    /// How the type changed, if that stops no comparison.
    retyped: Option<String>,
    is_unreadable: bool,
}

/// Compares every column of two files or folders; only the named columns, if any are named.
///
/// # Errors
/// `Error::SourceUnreadable` if a file is no Parquet or none of its columns can be read, `Error::SourceContract` for a named
/// column that neither side has, `Error::EmptySource` for a folder without Parquet.
pub fn compare_files(reference: &Path, current: &Path, only: &[String], threads: usize) -> Result<Comparison> {
    let sides = [Side::open(reference)?, Side::open(current)?];
    let names = names_of_both(&sides, current, only)?;
    let next = AtomicUsize::new(0);
    let found: Mutex<BTreeMap<usize, Found>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = names.get(index) else { break };
            let of_column = compare(name, sides[0].column(name), sides[1].column(name));
            if let Ok(mut found) = found.lock() {
                found.insert(index, of_column);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(names.len()) {
            scope.spawn(work);
        }
        work();
    });
    let found: Vec<Found> = found.into_inner().unwrap_or_default().into_values().collect();
    if !found.is_empty() && found.iter().all(|found| found.is_unreadable) {
        let reason = found.first().map(|found| found.finding.reason.clone()).unwrap_or_default();
        return Err(parquet_files::unreadable("drift", current, reason.into()));
    }
    let notes = sides.iter().flat_map(|side| side.notes()).collect();
    let counts = [0, 1].map(|side: usize| (sides[side].rows(), sides[side].files()));
    Ok(judged(found, counts, notes))
}

fn judged(found: Vec<Found>, sides: [(u64, usize); 2], notes: Vec<String>) -> Comparison {
    let is_unreadable = |found: &&Found| found.is_unreadable;
    let unreadable = found.iter().filter(is_unreadable).map(|found| found.finding.column.clone()).collect();
    let (mut findings, rest): (Vec<Finding>, Vec<_>) =
        found.into_iter().map(|found| (found.finding, (found.shown, found.retyped))).unzip();
    drift::judge(&mut findings);
    for (finding, (shown, retyped)) in findings.iter_mut().zip(rest) {
        shown::withhold(finding, shown.as_ref());
        if let Some(retyped) = retyped {
            finding.reason.push_str(&format!("; {retyped}"));
        }
    }
    Comparison { findings, unreadable, sides, notes }
}

/// Compares a column that both sides were read for.
fn compare(name: &str, mut before: Column, mut now: Column) -> Found {
    let is_unreadable = before.is_unreadable || now.is_unreadable;
    let plain = |finding: Finding| Found { finding, shown: None, retyped: None, is_unreadable };
    let changed = (before.type_name != now.type_name).then(|| format!("{} became {}", before.type_name, now.type_name));
    let (Some(then), Some(class)) = (before.class, now.class) else {
        return plain(drift::compare(name, before.sample, now.sample));
    };
    let is_empty = then == Class::Nothing || class == Class::Nothing;
    if let (Some(changed), false) = (&changed, is_empty || (then == class && class != Class::Not)) {
        return plain(drift::schema_change(name, &before.sample, &now.sample, changed.clone()));
    }
    if let Some(reason) = apart::reason(name, class, &mut before.sample, &mut now.sample) {
        let finding = drift::set_apart(name, &before.sample, &now.sample, reason);
        return Found { finding, shown: None, retyped: changed, is_unreadable };
    }
    let shown = shown::may_be_shown(name, &before.sample, &now.sample);
    Found { finding: drift::compare(name, before.sample, now.sample), shown, retyped: changed, is_unreadable }
}

fn names_of_both(sides: &[Side; 2], current: &Path, only: &[String]) -> Result<Vec<String>> {
    let mut names = sides[0].names();
    for name in sides[1].names() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if only.is_empty() {
        return Ok(names);
    }
    let schema = parquet_files::schema_of(&names);
    let place = |name: &String| {
        parquet_files::place(&schema, name, "--columns").map_err(|problem| Error::SourceContract {
            name: "drift".to_owned(),
            object: current.display().to_string(),
            problem,
        })
    };
    let mut places = only.iter().map(place).collect::<Result<Vec<usize>>>()?;
    places.sort_unstable();
    places.dedup();
    Ok(places.into_iter().map(|place| names[place].clone()).collect())
}
