//! RFM groups as a reader sees them: today's customers by last period's cut points beside today's, so that a customer's move is not
//! caused by others' moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Customers of one RFM group, or of several small ones together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RfmGroup {
    pub label: String,
    /// As the last report showed it; `None` if it showed no such group.
    pub customers_last: Option<u64>,
    /// Today's customers by the cut points of last period: less `customers_last` it is what customers did. `None` if nothing is compared.
    pub customers_by_last_cuts: Option<u64>,
    /// Today's customers by today's cut points: less `customers_by_last_cuts` it is only that the lines were drawn anew.
    pub customers: u64,
}

/// One row of the table `rfm_groups`; the count by last cuts means nothing in a first report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RfmRow {
    pub group: String,
    pub customers_by_last_cuts: u64,
    pub customers: u64,
}

/// The groups from best to worst, with the words for them.
const LABELS: [(&str, &str); 10] = [
    ("champions", "Champions"),
    ("loyal", "Loyal"),
    ("active", "Active"),
    ("new", "New"),
    ("promising", "Promising"),
    ("needs_attention", "Needs attention"),
    ("at_risk", "At risk"),
    ("previously_loyal", "Previously loyal"),
    ("almost_lost", "Almost lost"),
    ("dormant", "Dormant"),
];

const POOLED: &str = "Other (small groups)";

/// The groups in the order of [`LABELS`]; those with fewer than `min_cell` customers by either count are pooled with the next smallest
/// until both counts are large enough. Empty if that leaves nothing but the pool. `last` is what the last report showed; without it
/// only today's counts are given.
pub fn groups(rows: &[RfmRow], last: Option<&[RfmGroup]>, min_cell: u64) -> Vec<RfmGroup> {
    let smaller = |row: &RfmRow| match last {
        Some(_) => row.customers.min(row.customers_by_last_cuts),
        None => row.customers,
    };
    let mut sorted: Vec<&RfmRow> = rows.iter().collect();
    sorted.sort_by_key(|row| (smaller(row), row.group.clone()));
    let (mut pooled, mut pool) = (0, [0, 0]);
    while let Some(row) = sorted.get(pooled) {
        let is_pool_small = pooled > 0 && (pool[1] < min_cell || last.is_some() && pool[0] < min_cell);
        if smaller(row) >= min_cell && !is_pool_small {
            break;
        }
        pool[0] += row.customers_by_last_cuts;
        pool[1] += row.customers;
        pooled += 1;
    }
    let shown = &sorted[pooled..];
    let mut groups: Vec<RfmGroup> = LABELS
        .iter()
        .filter_map(|(group, label)| {
            let row = shown.iter().find(|row| row.group == *group)?;
            Some(RfmGroup {
                label: (*label).to_owned(),
                customers_last: last
                    .and_then(|last| last.iter().find(|last| last.label == *label))
                    .map(|last| last.customers),
                customers_by_last_cuts: last.map(|_| row.customers_by_last_cuts),
                customers: row.customers,
            })
        })
        .collect();
    if groups.is_empty() || pooled == 0 {
        return groups;
    }
    let (customers_by_last_cuts, customers) = (last.map(|_| pool[0]), pool[1]);
    groups.push(RfmGroup { label: POOLED.to_owned(), customers_last: None, customers_by_last_cuts, customers });
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Group, customers by last cuts and by today's.
    type Case<'a> = (&'a [(&'a str, u64, u64)], Vec<(String, u64, u64)>);

    fn shown(rows: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
        let rows: Vec<RfmRow> = rows
            .iter()
            .map(|(group, customers_by_last_cuts, customers)| RfmRow {
                group: (*group).to_owned(),
                customers_by_last_cuts: *customers_by_last_cuts,
                customers: *customers,
            })
            .collect();
        let groups = groups(&rows, Some(&[]), 10);
        let by_last = |group: &RfmGroup| group.customers_by_last_cuts.unwrap_or_default();
        groups.into_iter().map(|group| (group.label.clone(), by_last(&group), group.customers)).collect()
    }

    /// Rows of the table, and what is shown of them.
    #[test]
    fn small_groups_are_pooled_until_nobody_can_be_told() {
        let pool = |a, b| (POOLED.to_owned(), a, b);
        let kept = |label: &str, a, b| (label.to_owned(), a, b);
        let cases: [Case<'_>; 4] = [
            (&[("loyal", 20, 30), ("champions", 12, 10)], vec![kept("Champions", 12, 10), kept("Loyal", 20, 30)]),
            (
                &[("loyal", 20, 30), ("new", 40, 9), ("champions", 50, 50)],
                vec![kept("Champions", 50, 50), pool(60, 39)],
            ),
            (
                &[("loyal", 70, 90), ("new", 6, 7), ("active", 5, 4), ("champions", 50, 50)],
                vec![kept("Champions", 50, 50), kept("Loyal", 70, 90), pool(11, 11)],
            ),
            (&[("loyal", 20, 30), ("new", 2, 3)], Vec::new()),
        ];
        for (rows, expected) in cases {
            assert_eq!(shown(rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn last_is_what_the_last_report_showed() {
        let row = |group: &str| RfmRow { group: group.to_owned(), customers_by_last_cuts: 30, customers: 40 };
        let last = groups(&[row("loyal")], None, 10);
        assert_eq!(last.iter().map(|group| group.customers_by_last_cuts).collect::<Vec<_>>(), [None]);
        let now = groups(&[row("loyal"), row("new")], Some(&last), 10);
        assert_eq!(now.iter().map(|group| group.customers_last).collect::<Vec<_>>(), [Some(40), None]);
    }
}
