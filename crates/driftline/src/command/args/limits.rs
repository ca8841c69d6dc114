//! Which days and numbers options take: what no purchase log means is a typing error, and said as one.

use chrono::NaiveDate;
use driftline_lake::functions::date32;
use driftline_lake::purchase_log::DAYS;

use crate::setup::job::limits::THREADS;

/// A day like 2024-06-30, of the years that a purchase log may have.
pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    let day: NaiveDate = text.parse().map_err(|_| "expected a day like 2024-06-30".to_owned())?;
    if DAYS.contains(&date32(day)) { Ok(day) } else { Err("expected a day from 1900 to 2199".to_owned()) }
}

/// A discount a period: 0 or more, below 1.
pub(super) fn discount(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|rate| (0.0..1.0).contains(rate))
        .ok_or("expected a rate from 0 to below 1, like 0.01".to_owned())
}

/// The length of a period in weeks: above 0, up to ten years.
pub(super) fn weeks(text: &str) -> Result<f64, String> {
    let is_length = |weeks: &f64| *weeks > 0.0 && *weeks <= 522.0;
    number(text).filter(is_length).ok_or("expected weeks above 0, up to 522, like 4.345".to_owned())
}

/// A number of threads that a machine can have.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    let (least, most) = (THREADS.start(), THREADS.end());
    let found = text.parse::<usize>().ok().filter(|threads| THREADS.contains(threads));
    found.ok_or_else(|| format!("expected {least} to {most}"))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}
