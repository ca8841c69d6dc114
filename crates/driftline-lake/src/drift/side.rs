//! One side of a comparison: a file or the files of a folder, read one column at a time.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Float64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use driftline_stats::drift::{CATEGORIES_MOST, Sample};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::apart;
use super::class::Class;
use crate::boundary;
use crate::error::Result;
use crate::parquet_files::{self, Found};
use crate::types;

const ROWS_AT_A_TIME: usize = 32_768;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A column of one side.
pub(super) struct Column {
    pub(super) sample: Sample,
    /// Its class and the name of its type; `None` if there is no such column, or none type over all files.
    pub(super) class: Option<Class>,
    pub(super) type_name: String,
    pub(super) is_unreadable: bool,
}

/// The files of one side with their footers.
pub(super) struct Side {
    files: Vec<(PathBuf, ArrowReaderMetadata)>,
    left_out: Vec<PathBuf>,
    hidden: Vec<String>,
}

impl Side {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let Found { files, left_out, hidden } = parquet_files::found("drift", path)?;
        let footer = |path: PathBuf| {
            let footer = parquet_files::footer("drift", &path, TimeUnit::Microsecond)?;
            Ok((path, footer))
        };
        Ok(Self { files: files.into_iter().map(footer).collect::<Result<_>>()?, left_out, hidden })
    }

    /// What of a folder is not read.
    pub(super) fn notes(&self) -> Vec<String> {
        let hidden = parquet_files::hidden_note(&self.hidden);
        parquet_files::left_out_note(&self.left_out).into_iter().chain(hidden).collect()
    }

    /// Names of columns in the order in which files have them.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for field in self.files.iter().flat_map(|(_, footer)| footer.schema().fields()) {
            if !names.contains(field.name()) {
                names.push(field.name().clone());
            }
        }
        names
    }

    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|(_, footer)| rows(footer)).sum()
    }

    pub(super) fn files(&self) -> usize {
        self.files.len()
    }

    /// Reads a column of all files. What cannot be read, or has several types, is an unknown sample that says so.
    pub(super) fn column(&self, name: &str) -> Column {
        let typed = |(path, footer): &'_ (PathBuf, ArrowReaderMetadata)| {
            let (_, field) = footer.schema().column_with_name(name)?;
            Some((path.clone(), inner(field.data_type()).clone()))
        };
        let types: Vec<(PathBuf, DataType)> = self.files.iter().filter_map(typed).collect();
        let Some((_, first)) = types.iter().find(|(_, t)| *t != DataType::Null).or(types.first()) else {
            return Column { sample: Sample::Absent, class: None, type_name: String::new(), is_unreadable: false };
        };
        let (class, type_name) = (class(first), types::name(first));
        let unknown = |what: String, class, is_unreadable| Column {
            sample: Sample::Unknown { what, rows: self.rows() },
            class,
            type_name: type_name.clone(),
            is_unreadable,
        };
        let is_other = |t: &DataType| *t != DataType::Null && self::class(t) != class;
        if let Some((path, other)) = types.iter().find(|(_, t)| is_other(t)) {
            let what = format!("{type_name} in one file and {} in {}", types::name(other), path.display());
            return unknown(what, None, false);
        }
        if class == Class::Not {
            return unknown(format!("{type_name} is not compared"), Some(class), false);
        }
        match self.read(name, class) {
            Ok(sample) => Column { sample, class: Some(class), type_name, is_unreadable: false },
            Err((path, error)) => unknown(format!("{} cannot be read: {error}", path.display()), None, true),
        }
    }

    fn read(&self, name: &str, class: Class) -> std::result::Result<Sample, (PathBuf, Failure)> {
        let mut reading = match class {
            Class::Names | Class::Truth => {
                Reading::Names(Counting { is_id: apart::is_id(name), ..Counting::default() })
            }
            _ => Reading::Numbers { values: Vec::new(), nulls: 0 },
        };
        for (path, footer) in &self.files {
            reading.file(path, footer, name).map_err(|error| (path.clone(), error))?;
        }
        Ok(match (class, reading) {
            (Class::Nothing, _) => Sample::Empty { nulls: self.rows() },
            (_, Reading::Names(counting)) => counting.finish(),
            (_, Reading::Numbers { values, nulls }) => Sample::Numbers { values, nulls },
        })
    }
}

fn rows(footer: &ArrowReaderMetadata) -> u64 {
    footer.metadata().file_metadata().num_rows().max(0) as u64
}

fn inner(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, value) => inner(value),
        other => other,
    }
}

fn class(data_type: &DataType) -> Class {
    match data_type {
        DataType::Null => Class::Nothing,
        DataType::Boolean => Class::Truth,
        // Text that an old writer did not mark as such is binary.
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Class::Names,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Class::Names,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Class::Days,
        other if other.is_numeric() => Class::Numbers,
        _ => Class::Not,
    }
}

enum Reading {
    Numbers { values: Vec<f64>, nulls: u64 },
    Names(Counting),
}

impl Reading {
    /// Adds a file's column; a file without it has nothing but missing values.
    fn file(&mut self, path: &Path, footer: &ArrowReaderMetadata, name: &str) -> std::result::Result<(), Failure> {
        let Some((index, _)) = footer.schema().column_with_name(name) else {
            self.missing(rows(footer));
            return Ok(());
        };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(File::open(path)?, footer.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
        if let Self::Numbers { values, .. } = self {
            // A damaged footer may say anything.
            values.reserve(usize::try_from(rows(footer)).unwrap_or(0).min(1 << 24));
        }
        let build = || builder.with_projection(mask).with_batch_size(ROWS_AT_A_TIME).build();
        let mut reader = boundary::read(build)?;
        while let Some(batch) = boundary::read(|| reader.next().transpose())? {
            self.add(batch.column(0))?;
        }
        Ok(())
    }

    fn missing(&mut self, rows: u64) {
        match self {
            Self::Numbers { nulls, .. } => *nulls += rows,
            Self::Names(counting) => counting.nulls += rows,
        }
    }

    fn add(&mut self, column: &ArrayRef) -> std::result::Result<(), Failure> {
        let (values, nulls) = match self {
            Self::Names(counting) => return counting.add(column),
            Self::Numbers { values, nulls } => (values, nulls),
        };
        *nulls += column.logical_null_count() as u64;
        let column = match column.data_type() {
            DataType::Dictionary(_, value) => cast(column, value)?,
            _ => column.clone(),
        };
        match column.data_type() {
            DataType::Null => {}
            DataType::Date32 => days(column.as_primitive::<Date32Type>().iter().map(|d| d.map(i64::from)), 1, values),
            DataType::Date64 => times::<Date64Type>(&column, 86_400_000, values),
            DataType::Timestamp(TimeUnit::Second, _) => times::<TimestampSecondType>(&column, 86_400, values),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                times::<TimestampMillisecondType>(&column, 86_400_000, values);
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                times::<TimestampMicrosecondType>(&column, 86_400_000_000, values);
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                times::<TimestampNanosecondType>(&column, 86_400_000_000_000, values);
            }
            _ => {
                let numbers = cast(&column, &DataType::Float64)?;
                let numbers = numbers.as_primitive::<Float64Type>();
                match numbers.null_count() {
                    0 => values.extend_from_slice(numbers.values()),
                    _ => values.extend(numbers.iter().flatten()),
                }
            }
        }
        Ok(())
    }
}

fn times<T: ArrowPrimitiveType<Native = i64>>(column: &ArrayRef, a_day: i64, values: &mut Vec<f64>) {
    days(column.as_primitive::<T>().iter(), a_day, values);
}

/// Times in days since 1970: the same number for the same moment in whatever unit, and no unit overflows.
fn days(times: impl Iterator<Item = Option<i64>>, a_day: i64, values: &mut Vec<f64>) {
    let in_days = |time: i64| time.div_euclid(a_day) as f64 + time.rem_euclid(a_day) as f64 / a_day as f64;
    values.extend(times.flatten().map(in_days));
}

/// Categories and how often they come, until there are too many.
#[derive(Default)]
struct Counting {
    counts: HashMap<Box<str>, u64>,
    values: u64,
    nulls: u64,
    is_given_up: bool,
    /// Blank ids are none.
    is_id: bool,
}

impl Counting {
    fn add(&mut self, column: &ArrayRef) -> std::result::Result<(), Failure> {
        let nulls = column.logical_null_count();
        self.nulls += nulls as u64;
        self.values += (column.len() - nulls) as u64;
        if self.is_given_up && !self.is_id {
            return Ok(());
        }
        let text = cast(column, &DataType::Utf8)?;
        if text.logical_null_count() > nulls {
            return Err("a value is no UTF-8 text".into());
        }
        for name in text.as_string::<i32>().iter().flatten() {
            if self.is_id && name.trim().is_empty() {
                self.nulls += 1;
                self.values -= 1;
                continue;
            }
            if self.is_given_up {
                continue;
            }
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
