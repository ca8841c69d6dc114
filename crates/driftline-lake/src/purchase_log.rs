//! Any purchase log as Parquet, read into days: for the workbench, before there is a job.
//!
//! Rows are folded while they are read: what stays is a number for each customer id and 16 bytes a row. A query engine
//! would hold the strings of every group; here a log of a million customers fits into 200 MiB.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{Datelike, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use driftline_stats::purchase_log::{Day, PurchaseLog};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::file::properties::WriterProperties;

use crate::boundary;
use crate::error::{Error, Result};
use crate::parquet_files;

mod cast;
mod columns;
pub(crate) mod ids;
mod row;

pub use ids::Ids;
use row::Row;

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
    /// What else a user should know, one sentence each.
    pub notes: Vec<String>,
}

/// What errors call a log.
const SOURCE: &str = "purchase log";

/// Part of the rows that are equal to another one, from which on a note says so.
const COPIES_LEAST: f64 = 0.02;

/// Rows of a file for which room is made before they are read.
const ROWS_RESERVED: usize = 1 << 24;

/// Reads a log. Rows without a customer (null or empty) are counted and left out; a negative amount is a refund: it lowers money and is
/// no purchase, a day of refunds alone neither.
///
/// # Errors
/// `Error::EmptySource`, `Error::SourceUnreadable`, `Error::SourceContract` with the column and the row count.
pub fn read(file: &LogFile) -> Result<ReadLog> {
    let mut reading = Reading::default();
    let found = parquet_files::found(SOURCE, &file.path)?;
    reading.notes.extend(parquet_files::left_out_note(&found.left_out));
    reading.notes.extend(parquet_files::hidden_note(&found.hidden));
    for path in found.files {
        reading.file(file, &path)?;
    }
    let broken = |problem: String| Error::SourceContract {
        name: SOURCE.to_owned(),
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
    kinds: ids::Kinds,
    notes: Vec<String>,
}

impl Reading {
    fn file(&mut self, file: &LogFile, path: &Path) -> Result<()> {
        let broken = |problem: String| Error::SourceContract {
            name: SOURCE.to_owned(),
            object: path.display().to_string(),
            problem,
        };
        let unreadable = |error| parquet_files::unreadable(SOURCE, path, error);
        // In seconds, old INT96 times of any year have room.
        let footer = parquet_files::footer(SOURCE, path, TimeUnit::Second)?;
        let place = |name: &str, option: &str| parquet_files::place(footer.schema(), name, option).map_err(broken);
        let places = [
            place(&file.customer_column, "--customer-column")?,
            place(&file.time_column, "--time-column")?,
            place(&file.amount_column, "--amount-column")?,
        ];
        let rows = footer.metadata().file_metadata().num_rows();
        // A damaged footer may say anything.
        self.entries.reserve_exact(usize::try_from(rows).unwrap_or(0).min(ROWS_RESERVED));
        let opened = File::open(path).map_err(|error| unreadable(error.into()))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(opened, footer.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), places);
        let build = || builder.with_projection(mask).with_batch_size(32_768).build();
        let mut reader = boundary::read(build).map_err(|error| unreadable(error.into()))?;
        // What is read has the columns in the order of the file.
        let mut read = places.to_vec();
        read.sort_unstable();
        read.dedup();
        let among = |place: usize| read.partition_point(|other| *other < place);
        let mut first_row = 0;
        let mut next = || boundary::read(|| reader.next().transpose());
        while let Some(batch) = next().map_err(|error| unreadable(error.into()))? {
            let columns = places.map(|place| batch.column(among(place)).clone());
            self.batch(file, columns, first_row).map_err(broken)?;
            first_row += batch.num_rows() as u64;
        }
        if i64::try_from(first_row) != Ok(rows) {
            return Err(unreadable(format!("{first_row} rows where its footer says {rows}").into()));
        }
        Ok(())
    }

    /// Adds rows; `first_row` is how many of the file came before them.
    fn batch(
        &mut self,
        file: &LogFile,
        [customers, times, amounts]: [ArrayRef; 3],
        first_row: u64,
    ) -> std::result::Result<(), String> {
        let customers = ids::texts(&customers, &file.customer_column, first_row, &mut self.kinds)?;
        if let DataType::Timestamp(_, Some(zone)) = times.data_type() {
            self.marked_zone.get_or_insert_with(|| zone.to_string());
        }
        let days = columns::local_days(&times, &file.time_column, file.zone, first_row)?;
        let amounts = columns::amounts(&amounts, &file.amount_column, first_row)?;
        self.rows += customers.len() as u64;
        let mut last: Option<(usize, u32)> = None;
        let id = |row: usize| if customers.is_null(row) { None } else { ids::canonical(customers.value(row)) };
        for row in 0..customers.len() {
            let Some(customer) = id(row) else {
                self.without_customer += 1;
                continue;
            };
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
                _ => self.ids.number(customer),
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
        let mut notes = self.notes;
        notes.extend(self.kinds.note());
        // By id, so that the order of the file changes nothing.
        if let Some(places) = ids.sort() {
            entries.iter_mut().for_each(|(number, ..)| *number = places[*number as usize]);
        }
        notes.extend(ids::placeholder_note(&ids, &entries));
        // Amounts of a day in one order too, for the bits of their sum.
        let order = |a: &Row, b: &Row| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2));
        if !entries.is_sorted_by(|a, b| order(a, b).is_le()) {
            entries.sort_unstable_by(order);
        }
        notes.extend(copies_note(&entries));
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
            notes,
        }
    }
}

/// A note if many rows are equal to another one, of sorted rows: a log of orders has each once, and copies count twice.
fn copies_note(entries: &[Row]) -> Option<String> {
    let is_equal = |pair: &&[Row]| pair[0] == pair[1];
    let equal = entries.windows(2).filter(is_equal).count();
    (equal > 0 && equal as f64 >= COPIES_LEAST * entries.len() as f64).then(|| {
        format!(
            "{equal} of {} rows are equal to another one in customer, day and amount: if the log is one of orders, they are copies, and their money counts twice",
            entries.len()
        )
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
