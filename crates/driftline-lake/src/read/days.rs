//! Rows by calendar day: of sales as staging tells them, of a source as its time column does.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::Cells;
use crate::error::Result;
use crate::lake::Lake;
use crate::source::{PinnedSource, Source};

/// Sales by day, and the day of the last line of any kind. Lines without a day are in none.
///
/// # Errors
/// As [`Lake::rows`].
pub async fn sale_days(lake: &Lake) -> Result<(BTreeMap<NaiveDate, u64>, Option<NaiveDate>)> {
    let sql = "select order_date as day, count(*) filter (where kind = 'sale') as lines from stg_order_lines \
        where order_date is not null group by order_date";
    let mut days = by_day(lake, sql).await?;
    let last = days.keys().next_back().copied();
    days.retain(|_, sales| *sales > 0);
    Ok((days, last))
}

/// Rows of a source by the day of its time column.
///
/// # Errors
/// As [`Lake::rows`].
pub async fn source_days(lake: &Lake, name: &str, source: &Source, zone: Tz) -> Result<BTreeMap<NaiveDate, u64>> {
    let Some(day) = day_of(source, zone) else { return Ok(BTreeMap::new()) };
    let sql = format!(
        "select day, count(*) as lines from (select {day} as day from source.\"{name}\") as times \
            where day is not null group by day"
    );
    by_day(lake, &sql).await
}

/// The calendar day of a source's time column, as SQL.
fn day_of(source: &Source, zone: Tz) -> Option<String> {
    let column = format!("\"{}\"", source.time_column.as_ref()?.replace('"', "\"\""));
    let type_name = source.columns.get(source.time_column.as_ref()?)?.trim_end_matches('?');
    let is_instant = type_name == "timestamp" && source.time_zone.is_some();
    Some(if is_instant { format!("local_date({column}, '{zone}')") } else { format!("cast({column} as date)") })
}

async fn by_day(lake: &Lake, sql: &str) -> Result<BTreeMap<NaiveDate, u64>> {
    let mut days = BTreeMap::new();
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "days", batch: &batch };
        for row in 0..batch.num_rows() {
            let day = NaiveDate::from_epoch_days(i32::try_from(cells.integer("day", row)?).unwrap_or(i32::MAX));
            // A day beyond the calendar is the last one that there is.
            *days.entry(day.unwrap_or(NaiveDate::MAX)).or_default() += cells.count("lines", row)?;
        }
    }
    Ok(days)
}

/// Rows of one object on some days.
#[derive(Clone, Debug)]
pub struct OnDays {
    pub object: String,
    pub rows: u64,
    pub first: NaiveDate,
    pub last: NaiveDate,
}

/// Which objects of a source have rows on given days.
///
/// # Errors
/// As [`Lake::rows`].
pub async fn rows_on(
    lake: &Lake,
    pinned: &PinnedSource,
    source: &Source,
    zone: Tz,
    days: &[NaiveDate],
) -> Result<Vec<OnDays>> {
    let mut found = Vec::new();
    for file in &pinned.files {
        let one = PinnedSource { name: "one_file".to_owned(), files: vec![Arc::clone(file)], ..pinned.clone() };
        lake.register_source(&one)?;
        let of_file = source_days(lake, &one.name, source, zone).await?;
        let of_file: BTreeMap<&NaiveDate, &u64> = of_file.iter().filter(|(day, _)| days.contains(day)).collect();
        if let (Some((first, _)), Some((last, _))) = (of_file.first_key_value(), of_file.last_key_value()) {
            let rows = of_file.values().copied().sum();
            found.push(OnDays { object: file.meta.location.to_string(), rows, first: **first, last: **last });
        }
    }
    Ok(found)
}
