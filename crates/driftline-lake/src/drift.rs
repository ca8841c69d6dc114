//! Two Parquet files compared column by column, each column read alone: memory is that of a few columns, not of a file.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, TimeUnit, TimestampMicrosecondType};
use driftline_stats::drift::{self, CATEGORIES_MOST, Finding, Sample};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, Result};
use crate::types;

const ROWS_AT_A_TIME: usize = 32_768;
const DAY_MICROSECONDS: f64 = 86_400e6;

/// Compares every column of the two files, in the order of the reference; columns that only the current file has come last.
/// Only the named columns, if any are named.
///
/// # Errors
/// `Error::SourceUnreadable` if a file is none, `Error::SourceContract` for a named column that neither file has.
pub fn compare_files(reference: &Path, current: &Path, only: &[String], threads: usize) -> Result<Vec<Finding>> {
    let names = columns_of_both(reference, current, only)?;
    let next = AtomicUsize::new(0);
    let found: Mutex<BTreeMap<usize, Result<Finding>>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = names.get(index) else { break };
            let finding = sample(reference, name).and_then(|before| {
                let now = sample(current, name)?;
                Ok(drift::compare(name, before, now))
            });
            if let Ok(mut found) = found.lock() {
                found.insert(index, finding);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(names.len()) {
            scope.spawn(work);
        }
        work();
    });
    let found = found.into_inner().unwrap_or_default();
    let mut findings = found.into_values().collect::<Result<Vec<Finding>>>()?;
    drift::judge(&mut findings);
    Ok(findings)
}

fn columns_of_both(reference: &Path, current: &Path, only: &[String]) -> Result<Vec<String>> {
    let mut names = columns(reference)?;
    for name in columns(current)? {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if only.is_empty() {
        return Ok(names);
    }
    if let Some(unknown) = only.iter().find(|name| !names.contains(name)) {
        return Err(Error::SourceContract {
            name: "drift".to_owned(),
            object: current.display().to_string(),
            problem: format!("no column `{unknown}`; found {}", names.join(", ")),
        });
    }
    names.retain(|name| only.contains(name));
    Ok(names)
}

fn columns(path: &Path) -> Result<Vec<String>> {
    let schema = open(path)?.schema().clone();
    let mut names: Vec<String> = Vec::new();
    for field in schema.fields() {
        if !names.contains(field.name()) {
            names.push(field.name().clone());
        }
    }
    Ok(names)
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(path).map_err(|error| unreadable(path, error.into()))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unreadable(path, error.into()))
}

fn unreadable(path: &Path, source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Error::SourceUnreadable { name: "drift".to_owned(), object: path.display().to_string(), size, source }
}

/// How a type is compared.
enum Compared {
    Numbers,
    /// Dates and timestamps, in days.
    Days,
    Names,
    Nothing,
    Not,
}

fn compared(data_type: &DataType) -> Compared {
    match data_type {
        DataType::Null => Compared::Nothing,
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Compared::Names,
        DataType::Dictionary(_, value) => compared(value),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Compared::Days,
        other if other.is_numeric() => Compared::Numbers,
        _ => Compared::Not,
    }
}

fn sample(path: &Path, name: &str) -> Result<Sample> {
    let builder = open(path)?;
    let rows = builder.metadata().file_metadata().num_rows().max(0) as u64;
    let schema = builder.schema().clone();
    let Some((index, field)) = schema.column_with_name(name) else {
        return Ok(Sample::Unknown { what: "no such column".to_owned(), rows: 0 });
    };
    let compared = compared(field.data_type());
    match compared {
        Compared::Not => return Ok(not_compared(field, rows)),
        Compared::Nothing => return Ok(Sample::Empty { nulls: rows }),
        Compared::Names | Compared::Numbers | Compared::Days => {}
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(ROWS_AT_A_TIME)
        .build()
        .map_err(|error| unreadable(path, error.into()))?;
    let mut columns = reader.map(|batch| batch.map(|batch| batch.column(0).clone()));
    match compared {
        Compared::Names => {
            let mut counting = Counting::default();
            for column in &mut columns {
                counting
                    .add(&column.map_err(|error| unreadable(path, error.into()))?)
                    .map_err(|e| unreadable(path, e))?;
            }
            Ok(counting.finish())
        }
        _ => {
            let (mut values, mut nulls) = (Vec::with_capacity(usize::try_from(rows).unwrap_or(0)), 0);
            for column in &mut columns {
                let column = column.map_err(|error| unreadable(path, error.into()))?;
                let to = |column: &ArrayRef, to: &DataType| cast(column, to).map_err(|e| unreadable(path, e.into()));
                let days = DataType::Timestamp(TimeUnit::Microsecond, None);
                nulls += column.logical_null_count() as u64;
                if matches!(compared, Compared::Days) {
                    let times = to(&column, &days)?;
                    let times = times.as_primitive::<TimestampMicrosecondType>();
                    values.extend(times.iter().flatten().map(|time| time as f64 / DAY_MICROSECONDS));
                } else {
                    let numbers = to(&column, &DataType::Float64)?;
                    let numbers = numbers.as_primitive::<Float64Type>();
                    match numbers.null_count() {
                        0 => values.extend_from_slice(numbers.values()),
                        _ => values.extend(numbers.iter().flatten()),
                    }
                }
            }
            Ok(Sample::Numbers { values, nulls })
        }
    }
}

fn not_compared(field: &Field, rows: u64) -> Sample {
    Sample::Unknown { what: format!("{} is not compared", types::name(field.data_type())), rows }
}

/// Categories and how often they come, until there are too many.
#[derive(Default)]
struct Counting {
    counts: HashMap<Box<str>, u64>,
    values: u64,
    nulls: u64,
    is_given_up: bool,
}

impl Counting {
    fn add(&mut self, column: &ArrayRef) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let nulls = column.logical_null_count();
        self.nulls += nulls as u64;
        self.values += (column.len() - nulls) as u64;
        if self.is_given_up {
            return Ok(());
        }
        let text = cast(column, &DataType::Utf8)?;
        for name in text.as_string::<i32>().iter().flatten() {
            match self.counts.get_mut(name) {
                Some(count) => *count += 1,
                None => {
                    self.counts.insert(name.into(), 1);
                }
            }
        }
        self.is_given_up = self.counts.len() > CATEGORIES_MOST;
        Ok(())
    }

    fn finish(self) -> Sample {
        Sample::Categories {
            counts: self.counts.into_iter().map(|(name, count)| (name.into(), count)).collect(),
            values: self.values,
            nulls: self.nulls,
            is_complete: !self.is_given_up,
        }
    }
}
