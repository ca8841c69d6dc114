//! What `ltv` and `churn` share: a purchase log read from a file, and days as text.

use chrono::{Days, NaiveDate};
use driftline_lake::functions::date32;
use driftline_lake::purchase_log::{LogFile, ReadLog, read, write_scores};

use crate::command::args::{Churn, LogOptions};
use crate::error::{InPlace, Result};

/// Columns of the scores of `ltv` besides the customer's id.
pub(super) const LTV_SCORES: [&str; 12] = [
    "repeat_purchases",
    "recency",
    "age",
    "p_alive",
    "expected_purchases",
    "expected_spend",
    "value",
    "value_low_95",
    "value_high_95",
    "days_to_next_purchase_10",
    "days_to_next_purchase_median",
    "days_to_next_purchase_90",
];

/// A purchase log, and what a user should know of it.
pub(super) struct Opened {
    pub(super) read: ReadLog,
    pub(super) notes: Vec<String>,
}

/// What `churn` judges and scores.
pub(super) fn churn_event(args: &Churn) -> String {
    format!("no purchase in the {} days after a day", args.horizon_days)
}

pub(super) fn open(options: &LogOptions) -> Result<Opened> {
    let file = LogFile {
        path: options.file.clone(),
        customer_column: options.customer_column.clone(),
        time_column: options.time_column.clone(),
        amount_column: options.amount_column.clone(),
        zone: options.time_zone,
    };
    let read = read(&file).in_place("reading the purchase log")?;
    let notes = notes(options, &read);
    Ok(Opened { read, notes })
}

/// What the reader noticed that a user should know, one sentence each.
fn notes(options: &LogOptions, read: &ReadLog) -> Vec<String> {
    let mut notes = Vec::new();
    let counted = options.time_zone.name();
    if let Some(marked) = read.marked_zone.as_deref().filter(|marked| !is_same_zone(marked, counted)) {
        notes.push(format!(
            "the times in `{}` are marked as {marked}; days are counted in {counted}: set --time-zone if that is not meant",
            options.time_column
        ));
    }
    if read.rows_without_customer > 0 {
        notes.push(format!(
            "{} of {} rows have no customer (null or empty) and are left out",
            read.rows_without_customer, read.rows
        ));
    }
    if read.rows_without_amount > 0 {
        notes.push(format!("{} rows have no amount, so there is no spend model", read.rows_without_amount));
    }
    if read.rows_given_back > 0 {
        notes.push(format!(
            "{} rows have a negative amount: they lower money and are no purchases",
            read.rows_given_back
        ));
    }
    notes.extend(read.notes.iter().cloned());
    notes
}

/// Whether a Parquet file's name of a zone means the one in which days are counted.
fn is_same_zone(marked: &str, counted: &str) -> bool {
    let is_utc = |zone: &str| matches!(zone, "UTC" | "Etc/UTC" | "Z" | "+00:00" | "GMT");
    marked == counted || (is_utc(marked) && is_utc(counted))
}

impl Opened {
    /// Notes it if a date lies after the log: what did not happen yet looks like customers who left.
    pub(super) fn note_beyond(&mut self, option: &str, date: NaiveDate) {
        let last = self.read.days.1;
        if date32(date) > last {
            self.notes.push(format!(
                "{option} {date} is after the last row of the log ({}): the days between count as without purchases",
                day(last)
            ));
        }
    }
}

/// A day as a date.
pub(super) fn day(day: i32) -> NaiveDate {
    let epoch = NaiveDate::default();
    let shifted = match u64::try_from(day) {
        Ok(days) => epoch.checked_add_days(Days::new(days)),
        Err(_) => epoch.checked_sub_days(Days::new(u64::from(day.unsigned_abs()))),
    };
    shifted.unwrap_or(epoch)
}

/// Writes the scores of some customers, by their number in the log.
pub(super) fn save(
    options: &LogOptions,
    read: &ReadLog,
    customers: &[usize],
    columns: Vec<(&str, Vec<Option<f64>>)>,
) -> Result<()> {
    let Some(path) = &options.scores else { return Ok(()) };
    let ids = customers.iter().map(|customer| read.customer_ids.get(*customer)).collect();
    write_scores(path, ids, columns).in_place("writing scores")
}
