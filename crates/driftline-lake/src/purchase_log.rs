//! Any purchase log as Parquet, read into days: for the workbench, before there is a job.
//!
//! Rows are folded while they are read: what stays is a number for each customer id and 16 bytes a row. A query engine
//! would hold the strings of every group; here a log of a million customers fits into 200 MiB.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use chrono::{Datelike, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use driftline_stats::purchase_log::{Day, PurchaseLog};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::file::properties::WriterProperties;

use crate::error::{Error, Result};
use crate::functions;

/// Where a log lies and what its columns are called.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// A Parquet file, or a folder of them and of folders.
    pub path: PathBuf,
    pub customer_column: String,
    pub time_column: String,
    pub amount_column: String,
    /// Zone of the calendar days; timestamps are UTC.
    pub zone: Tz,
}

/// A log with what was noticed while it was read.
#[derive(Debug)]
pub struct ReadLog {
    /// Customers are numbered in the order of their ids.
    pub log: PurchaseLog,
    pub customer_ids: Ids,
    pub rows: u64,
    pub rows_without_customer: u64,
    pub rows_without_amount: u64,
    pub rows_given_back: u64,
    /// First and last day of any row, as days since 1970-01-01.
    pub days: (i32, i32),
    /// The zone that the column of times is marked with, if it is.
    pub marked_zone: Option<String>,
}

/// One row of a log: customer, day, amount; the amount is NaN if it is not known.
type Row = (u32, i32, f64);

/// Reads a log. Rows without a customer (null or empty) are counted and left out; a negative amount is a refund: it lowers money and is
/// no purchase, a day of refunds alone neither.
///
/// # Errors
/// `Error::EmptySource`, `Error::SourceUnreadable`, `Error::SourceContract` with the column and the row count.
pub fn read(file: &LogFile) -> Result<ReadLog> {
    let mut reading = Reading::default();
    for path in files(&file.path)? {
        reading.file(file, &path)?;
    }
    let broken = |problem: String| Error::SourceContract {
        name: "purchase log".to_owned(),
        object: file.path.display().to_string(),
        problem,
    };
    let Some(days) = reading.days else {
        return Err(broken(format!("no row has a customer, of {} rows", reading.rows)));
    };
    let (rows, given_back) = (reading.rows - reading.without_customer, reading.given_back);
    if given_back == rows {
        return Err(broken(format!(
            "none of the {rows} rows with a customer is a purchase: all have a negative amount in `{}`",
            file.amount_column
        )));
    }
    Ok(reading.finish(days))
}

/// Days that a log may have, 1900-01-01 to 2199-12-31: a row beyond them is a placeholder like 9999-12-31.
pub const DAYS: std::ops::Range<i32> = -25_567..84_006;

fn year_of(day: i32) -> i32 {
    NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(day))).map_or(i32::MAX, |day| day.year())
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let missing = |source: std::io::Error| Error::SourceUnreadable {
        name: "purchase log".to_owned(),
        object: path.display().to_string(),
        size: 0,
        source: source.into(),
    };
    if !std::fs::metadata(path).map_err(missing)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).map_err(missing)? {
            let path = entry.map_err(missing)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Error::EmptySource {
            name: "purchase log".to_owned(),
            location: path.display().to_string(),
            hint: "give a Parquet file or a folder of them".to_owned(),
        });
    }
    Ok(found)
}

/// Customer ids with their numbers. Ids that come in ascending order, as in most files, need no hash table.
#[derive(Debug, Default)]
pub struct Ids {
    text: String,
    ends: Vec<usize>,
    /// How many of the first ones are in ascending order.
    ascending: usize,
    others: HashMap<Box<str>, u32>,
}

impl Ids {
    /// The id of a number.
    pub fn get(&self, number: usize) -> &str {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }

    fn number(&mut self, id: &str) -> u32 {
        let count = self.ends.len();
        let is_next = self.others.is_empty() && (count == 0 || self.get(count - 1) < id);
        if !is_next {
            let (mut low, mut high) = (0, self.ascending);
            while low < high {
                let middle = low.midpoint(high);
                if self.get(middle) < id { low = middle + 1 } else { high = middle }
            }
            if low < self.ascending && self.get(low) == id {
                return low as u32;
            }
            if let Some(number) = self.others.get(id) {
                return *number;
            }
            self.others.insert(id.into(), count as u32);
        } else {
            self.ascending = count + 1;
        }
        self.text.push_str(id);
        self.ends.push(self.text.len());
        count as u32
    }

    /// Puts all ids in ascending order; gives the new number of each old one, if any changed.
    fn sort(&mut self) -> Option<Vec<u32>> {
        if self.others.is_empty() {
            return None;
        }
        let count = self.ends.len();
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.sort_unstable_by(|a, b| self.get(*a as usize).cmp(self.get(*b as usize)));
        let mut sorted = Self { ascending: count, ..Self::default() };
        let mut places = vec![0; count];
        for (place, number) in order.iter().enumerate() {
            places[*number as usize] = place as u32;
            sorted.text.push_str(self.get(*number as usize));
            sorted.ends.push(sorted.text.len());
        }
        *self = sorted;
        Some(places)
    }
}

#[derive(Default)]
struct Reading {
    ids: Ids,
    entries: Vec<Row>,
    rows: u64,
    without_customer: u64,
    without_amount: u64,
    given_back: u64,
    days: Option<(i32, i32)>,
    marked_zone: Option<String>,
}

impl Reading {
    fn file(&mut self, file: &LogFile, path: &Path) -> Result<()> {
        let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| Error::SourceUnreadable {
            name: "purchase log".to_owned(),
            object: path.display().to_string(),
            size,
            source,
        };
        let broken = |problem: String| Error::SourceContract {
            name: "purchase log".to_owned(),
            object: path.display().to_string(),
            problem,
        };
        let opened = File::open(path).map_err(|error| unreadable(error.into()))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|error| unreadable(error.into()))?;
        let schema = builder.schema().clone();
        let names = [&file.customer_column, &file.time_column, &file.amount_column];
        let options = ["--customer-column", "--time-column", "--amount-column"];
        for (name, option) in names.iter().zip(options) {
            if schema.column_with_name(name).is_none() {
                let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                let found = found.join(", ");
                return Err(broken(format!("no column `{name}`; found {found}; name the right one with {option}")));
            }
        }
        let rows = builder.metadata().file_metadata().num_rows();
        self.entries.reserve_exact(usize::try_from(rows).unwrap_or(0));
        let mask = ProjectionMask::columns(builder.parquet_schema(), names.map(String::as_str));
        let reader =
            builder.with_projection(mask).with_batch_size(32_768).build().map_err(|error| unreadable(error.into()))?;
        for batch in reader {
            let batch = batch.map_err(|error| unreadable(error.into()))?;
            self.batch(file, &batch).map_err(broken)?;
        }
        Ok(())
    }

    fn batch(&mut self, file: &LogFile, batch: &RecordBatch) -> std::result::Result<(), String> {
        let column = |name: &str| batch.column_by_name(name).cloned().ok_or_else(|| format!("no column `{name}`"));
        let customers = texts(&column(&file.customer_column)?, &file.customer_column)?;
        let times = column(&file.time_column)?;
        if let DataType::Timestamp(_, Some(zone)) = times.data_type() {
            self.marked_zone.get_or_insert_with(|| zone.to_string());
        }
        let days = local_days(&times, &file.time_column, file.zone)?;
        let amounts = amounts(&column(&file.amount_column)?, &file.amount_column)?;
        let first_row = self.rows;
        self.rows += batch.num_rows() as u64;
        let mut last: Option<(usize, u32)> = None;
        for row in 0..batch.num_rows() {
            if customers.is_null(row) || customers.value(row).is_empty() {
                self.without_customer += 1;
                continue;
            }
            if days.is_null(row) {
                let place = first_row + row as u64 + 1;
                return Err(format!("column `{}` is null in row {place}; every row needs a time", file.time_column));
            }
            let amount = if amounts.is_null(row) { f64::NAN } else { amounts.value(row) };
            if !amounts.is_null(row) && !amount.is_finite() {
                let place = first_row + row as u64 + 1;
                return Err(format!("column `{}` is {amount} in row {place}; expected a number", file.amount_column));
            }
            self.without_amount += u64::from(amount.is_nan());
            self.given_back += u64::from(amount < 0.0);
            // Logs are often sorted by customer: the same id again needs no look-up.
            let number = match last {
                Some((before, number)) if customers.value(before) == customers.value(row) => number,
                _ => self.ids.number(customers.value(row)),
            };
            last = Some((row, number));
            let day = days.value(row);
            if !DAYS.contains(&day) {
                let place = first_row + row as u64 + 1;
                return Err(format!(
                    "column `{}` is in the year {} in row {place}; expected one from 1900 to 2199: a placeholder is no purchase, leave such rows out",
                    file.time_column,
                    year_of(day)
                ));
            }
            let (from, to) = self.days.unwrap_or((day, day));
            self.days = Some((from.min(day), to.max(day)));
            self.entries.push((number, day, amount));
        }
        Ok(())
    }

    fn finish(self, days: (i32, i32)) -> ReadLog {
        let Self { mut ids, mut entries, rows, without_customer, without_amount, given_back, marked_zone, .. } = self;
        // By id, so that the order of the file changes nothing.
        if let Some(places) = ids.sort() {
            entries.iter_mut().for_each(|(number, ..)| *number = places[*number as usize]);
        }
        // Amounts of a day in one order too, for the bits of their sum.
        let order = |a: &Row, b: &Row| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2));
        if !entries.is_sorted_by(|a, b| order(a, b).is_le()) {
            entries.sort_unstable_by(order);
        }
        let has_amounts = without_amount == 0;
        let folded = entries.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).map(|rows| {
            let net = if has_amounts { rows.iter().map(|(.., amount)| amount).sum() } else { 0.0 };
            let is_purchase = rows.iter().any(|(.., amount)| amount.is_nan() || *amount >= 0.0);
            let spend = if is_purchase { f64::max(net, 0.0) } else { 0.0 };
            (rows[0].0, Day { day: rows[0].1, is_purchase, spend, net })
        });
        ReadLog {
            log: PurchaseLog::new(folded, has_amounts),
            customer_ids: ids,
            rows,
            rows_without_customer: without_customer,
            rows_without_amount: without_amount,
            rows_given_back: given_back,
            days,
            marked_zone,
        }
    }
}

fn cast(column: &ArrayRef, to: &DataType, name: &str, expected: &str) -> std::result::Result<ArrayRef, String> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, to, &strict).map_err(|error| {
        format!("column `{name}` is {}, expected {expected} ({error})", crate::types::name(column.data_type()))
    })
}

fn texts(column: &ArrayRef, name: &str) -> std::result::Result<StringArray, String> {
    let plain = cast(column, &DataType::Utf8, name, "a customer id")?;
    Ok(plain.as_string::<i32>().clone())
}

fn amounts(column: &ArrayRef, name: &str) -> std::result::Result<Float64Array, String> {
    let plain = cast(column, &DataType::Float64, name, "an amount of money")?;
    Ok(plain.as_primitive::<arrow::datatypes::Float64Type>().clone())
}

/// The calendar day of each row in `zone`; dates are taken as they are.
fn local_days(column: &ArrayRef, name: &str, zone: Tz) -> std::result::Result<Int32Array, String> {
    let by_seconds = |seconds: i64| functions::local_day(seconds, zone);
    Ok(match column.data_type() {
        DataType::Date32 => column.as_primitive::<Date32Type>().unary(|day| day),
        DataType::Date64 => column.as_primitive::<Date64Type>().unary(|millis| millis.div_euclid(86_400_000) as i32),
        DataType::Timestamp(TimeUnit::Second, _) => column.as_primitive::<TimestampSecondType>().unary(by_seconds),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            column.as_primitive::<TimestampMillisecondType>().unary(|time| by_seconds(time.div_euclid(1_000)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            column.as_primitive::<TimestampMicrosecondType>().unary(|time| by_seconds(time.div_euclid(1_000_000)))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            column.as_primitive::<TimestampNanosecondType>().unary(|time| by_seconds(time.div_euclid(1_000_000_000)))
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            let times = cast(column, &DataType::Timestamp(TimeUnit::Second, None), name, "a date or a timestamp")?;
            times.as_primitive::<TimestampSecondType>().unary(by_seconds)
        }
        other => {
            let found = crate::types::name(other);
            return Err(format!("column `{name}` is {found}, expected a date or a timestamp"));
        }
    })
}

/// Writes one row a customer: the id and named numbers.
///
/// # Errors
/// `Error::Output` with the path if the file cannot be written.
pub fn write_scores(path: &Path, ids: Vec<&str>, columns: Vec<(&str, Vec<Option<f64>>)>) -> Result<()> {
    let failed = |source: std::io::Error| Error::Output { path: path.to_owned(), source };
    let mut arrays: Vec<(&str, ArrayRef)> = vec![("customer_id", Arc::new(StringArray::from(ids)))];
    arrays.extend(
        columns.into_iter().map(|(name, values)| -> (&str, ArrayRef) { (name, Arc::new(Float64Array::from(values))) }),
    );
    let batch = RecordBatch::try_from_iter(arrays).map_err(|error| failed(std::io::Error::other(error)))?;
    let file = File::create(path).map_err(failed)?;
    let other = |error: parquet::errors::ParquetError| failed(std::io::Error::other(error));
    let properties = WriterProperties::builder().set_created_by("driftline".to_owned()).build();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(other)?;
    writer.write(&batch).map_err(other)?;
    writer.close().map_err(other)?;
    Ok(())
}
