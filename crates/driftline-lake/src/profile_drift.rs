//! How the columns that describe customers drifted: an earlier period's active customers against this one's, for the whole
//! market and inside each persona.

use std::collections::BTreeMap;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use driftline_core::tables::profile::EVERYONE_SEGMENT;
use driftline_stats::drift::{self, Finding, Sample};

use crate::error::{Error, Result};
use crate::lake::Lake;

/// What describes a customer by their own doing; no model's output, for that would be its refit's drift.
pub const COLUMNS: [(&str, &str); 11] = [
    ("purchases_a_month", "purchases a month"),
    ("mean_order", "spend a purchase day"),
    ("lines_per_order", "lines a purchase day"),
    ("return_rate", "share of sales returned"),
    ("discount_share", "share of price taken off by discounts"),
    ("net_period", "net revenue of the period"),
    ("net_12_months", "net revenue of the last 12 months"),
    ("recency_days", "days since the last purchase"),
    ("age_days", "days since the first purchase"),
    ("rfm_group", "RFM group"),
    ("lifecycle_stage", "lifecycle stage"),
];

/// Columns that are sums over the 12 months before as-of: while a window fills they grow by themselves, so they are compared only
/// between full ones. The others are rates, means and counts of days, which mean the same in a window that fills.
const SUMS_OF_12_MONTHS: [&str; 1] = ["net_12_months"];

const NUMERIC: usize = 9;

/// Customers of either period that are compared at most, drawn by their keys, which are hashes.
const SAMPLED_AT_MOST: u64 = 100_000;

/// Members that a group needs in both periods.
const MEMBERS_LEAST: usize = 100;

/// A group of customers, by its segment then and now; segment 0 of both is everyone.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub subject: String,
    pub then: u32,
    pub now: u32,
}

/// Customers of a period, column by column.
struct Side {
    segments: Vec<u32>,
    /// NaN for a missing value.
    numbers: Vec<Vec<f64>>,
    names: Vec<Vec<Option<String>>>,
}

/// Compares each group's columns between a table of earlier customers and `customers`; groups with fewer than 100 members on a
/// side are left out, and sums over 12 months unless the exports hold all days of both periods' windows. False discoveries are
/// controlled over all of them together.
///
/// # Errors
/// `Error::Shape` if a column is missing, `Error::Execute` if a query fails.
pub async fn profile_drift(
    lake: &Lake,
    earlier: &str,
    groups: &[Group],
    windows_are_full: bool,
) -> Result<Vec<(String, Vec<Finding>)>> {
    let compared = compared(windows_are_full);
    let (then, now) = (side(lake, earlier).await?, side(lake, "customers").await?);
    let mut subjects = Vec::new();
    let mut findings = Vec::new();
    for group in groups {
        let (before, after) = (then.members(group.then), now.members(group.now));
        if before.len() < MEMBERS_LEAST || after.len() < MEMBERS_LEAST {
            continue;
        }
        subjects.push(group.subject.clone());
        for place in &compared {
            let (column, _) = COLUMNS[*place];
            findings.push(drift::compare(column, then.sample(*place, &before), now.sample(*place, &after)));
        }
    }
    drift::judge(&mut findings);
    let mut rest = findings.into_iter();
    Ok(subjects.into_iter().map(|subject| (subject, rest.by_ref().take(compared.len()).collect())).collect())
}

/// Places of the columns that are compared.
fn compared(windows_are_full: bool) -> Vec<usize> {
    let is_compared = |place: &usize| windows_are_full || !SUMS_OF_12_MONTHS.contains(&COLUMNS[*place].0);
    (0..COLUMNS.len()).filter(is_compared).collect()
}

async fn side(lake: &Lake, table: &str) -> Result<Side> {
    let shape = |column: &str| Error::Shape { table: table.to_owned(), column: column.to_owned() };
    let count = lake.query(&format!("select count(*) as n from {table} where is_active")).await?;
    let active = count
        .first()
        .and_then(|batch| batch.column(0).as_primitive_opt::<Int64Type>().map(|column| column.value(0)))
        .ok_or_else(|| shape("n"))?;
    let step = (active.max(0) as u64).div_ceil(SAMPLED_AT_MOST).max(1);
    let select: Vec<String> = COLUMNS
        .iter()
        .enumerate()
        .map(|(place, (name, _))| {
            let to = if place < NUMERIC { "double" } else { "varchar" };
            format!(
                "arrow_cast(cast({name} as {to}), '{}') as {name}",
                if place < NUMERIC { "Float64" } else { "Utf8" }
            )
        })
        .collect();
    let sql = format!(
        "select segment, {} from {table} where is_active and customer_key % {step} = 0 order by customer_key",
        select.join(", ")
    );
    let mut found = Side {
        segments: Vec::new(),
        numbers: vec![Vec::new(); NUMERIC],
        names: vec![Vec::new(); COLUMNS.len() - NUMERIC],
    };
    for batch in lake.query(&sql).await? {
        let segments = batch.column(0).as_primitive_opt::<Int64Type>().ok_or_else(|| shape("segment"))?;
        found.segments.extend(segments.iter().map(|segment| segment.unwrap_or(0) as u32));
        for (place, (name, _)) in COLUMNS.iter().enumerate() {
            let column = batch.column(place + 1);
            if place < NUMERIC {
                let values = column.as_primitive_opt::<Float64Type>().ok_or_else(|| shape(name))?;
                found.numbers[place].extend(values.iter().map(|value| value.unwrap_or(f64::NAN)));
            } else {
                let values = column.as_string_opt::<i32>().ok_or_else(|| shape(name))?;
                found.names[place - NUMERIC].extend(values.iter().map(|value| value.map(str::to_owned)));
            }
        }
    }
    Ok(found)
}

impl Side {
    /// Rows of a segment's members, or everyone's.
    fn members(&self, segment: u32) -> Vec<usize> {
        (0..self.segments.len()).filter(|row| segment == EVERYONE_SEGMENT || self.segments[*row] == segment).collect()
    }

    fn sample(&self, place: usize, rows: &[usize]) -> Sample {
        if place < NUMERIC {
            return Sample::Numbers { values: rows.iter().map(|row| self.numbers[place][*row]).collect(), nulls: 0 };
        }
        let names = &self.names[place - NUMERIC];
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for name in rows.iter().filter_map(|row| names[*row].as_ref()) {
            *counts.entry(name.clone()).or_default() += 1;
        }
        let values: u64 = counts.values().sum();
        Sample::Categories { counts, values, nulls: rows.len() as u64 - values, is_complete: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_over_a_window_that_fills_is_not_compared() {
        let names = |windows_are_full: bool| {
            compared(windows_are_full).into_iter().map(|place| COLUMNS[place].0).collect::<Vec<&str>>()
        };
        let all: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let others: Vec<&str> = all.iter().copied().filter(|name| *name != "net_12_months").collect();
        assert_eq!(names(true), all);
        assert_eq!(names(false), others);
        assert_eq!(others.len() + 1, all.len());
    }
}
