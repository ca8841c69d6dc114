//! The migration table, shaded.

use driftline_core::drift::migration::Migration;
use serde::Serialize;

/// The migration table with a shade for each cell.
#[derive(Clone, Debug, Serialize)]
pub struct Heat<'a> {
    pub to: &'a [String],
    pub rows: Vec<HeatRow<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct HeatRow<'a> {
    pub from: &'a str,
    pub cells: Vec<HeatCell>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeatCell {
    pub customers: Option<u64>,
    /// 0 (nobody, or hidden) to 5 (most of the row's shown customers).
    pub shade: u8,
    /// The same persona in both periods.
    pub is_stay: bool,
}

pub(super) fn heat(migration: &Migration) -> Heat<'_> {
    let row = |(from, customers): (&'_ String, &Vec<Option<u64>>)| {
        let shown: u64 = customers.iter().flatten().sum();
        customers
            .iter()
            .zip(&migration.to)
            .map(|(customers, to)| HeatCell {
                customers: *customers,
                shade: shade(customers.unwrap_or(0), shown),
                is_stay: from == to,
            })
            .collect()
    };
    let rows = migration.from.iter().zip(&migration.customers);
    Heat { to: &migration.to, rows: rows.map(|(from, line)| HeatRow { from, cells: row((from, line)) }).collect() }
}

fn shade(customers: u64, of: u64) -> u8 {
    (0..5u8).filter(|step| customers > 0 && 5 * customers > u64::from(*step) * of).count() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shade_is_the_part_of_the_row_that_is_shown() {
        assert_eq!([0, 1, 20, 21, 99, 100].map(|customers| shade(customers, 100)), [0, 1, 1, 2, 5, 5]);
        assert_eq!(shade(0, 0), 0);
    }
}
