//! No figure about fewer than `min_cell` customers leaves the warehouse, not even as the difference of two others.
//!
//! Small bars are pooled with the next smallest until the pool is large enough, so every table still adds up.

pub mod attack;

use crate::Minor;
use crate::bridge::{Bar, Bridge, Cause};

/// Nobody, or enough people that a figure about them may be shown.
pub(crate) fn is_safe(count: u64, min_cell: u64) -> bool {
    count == 0 || count >= min_cell
}

/// Pools bars of too few customers; bars without customers (guests' sales) are left alone.
///
/// A pool may hold causes of both signs; its label says that it is a pool. If all bars together are of too few customers they
/// become one pool, and the caller must not publish the bridge (see [`is_publishable`]).
pub fn pool_bridge(bridge: &Bridge, min_cell: u64) -> Bridge {
    let (mut counted, free): (Vec<Bar>, Vec<Bar>) =
        bridge.bars.iter().cloned().partition(|bar| bar.customers.is_some());
    counted.sort_by_key(|bar| (bar.customers, bar.cause));
    let mut pooled: Vec<Bar> = Vec::new();
    let mut kept: Vec<Bar> = Vec::new();
    let mut pool_size = 0;
    for bar in counted {
        let size = bar.customers.unwrap_or(0);
        // A bar of nobody and of no money says nothing about anyone.
        let is_empty = size == 0 && bar.amount == Minor::ZERO;
        let pool_is_open = !pooled.is_empty() && pool_size < min_cell;
        if !is_empty && (size < min_cell || pool_is_open) {
            pool_size += size;
            pooled.push(bar);
        } else {
            kept.push(bar);
        }
    }
    if pooled.is_empty() {
        return bridge.clone();
    }
    kept.push(Bar {
        cause: Cause::SmallGroups,
        label: Cause::SmallGroups.label().to_owned(),
        customers: Some(pool_size),
        amount: pooled.iter().map(|bar| bar.amount).sum(),
    });
    kept.extend(free);
    kept.sort_by_key(|bar| bar.cause);
    Bridge { bars: kept, ..bridge.clone() }
}

/// Whether every bar with customers is of at least `min_cell` of them, or of nobody.
pub fn is_publishable(bridge: &Bridge, min_cell: u64) -> bool {
    bridge
        .bars
        .iter()
        .all(|bar| bar.customers.is_none_or(|size| size >= min_cell || (size == 0 && bar.amount == Minor::ZERO)))
}

/// Counts that a table may show: `None` stands for "fewer than `min_cell`". If exactly one count of a closed table is hidden,
/// the next smallest is hidden with it, or the total would give it away.
pub fn hide_small(counts: &[u64], min_cell: u64) -> Vec<Option<u64>> {
    let small = |count: u64| count > 0 && count < min_cell;
    let mut shown: Vec<Option<u64>> = counts.iter().map(|count| (!small(*count)).then_some(*count)).collect();
    let hidden: u64 = counts.iter().filter(|count| small(**count)).sum();
    if hidden > 0 && hidden < min_cell {
        let next = (0..counts.len()).filter(|i| shown[*i].is_some_and(|count| count > 0)).min_by_key(|i| counts[*i]);
        if let Some(next) = next {
            shown[next] = None;
        }
    }
    shown
}

/// Hides small cells and, until nothing changes, enough others that no row or column has a single hidden cell.
pub fn hide_table(counts: &[Vec<u64>], min_cell: u64) -> Vec<Vec<Option<u64>>> {
    let (rows, columns) = (counts.len(), counts.first().map_or(0, Vec::len));
    let mut hidden = vec![vec![false; columns]; rows];
    loop {
        let before = hidden.clone();
        for row in 0..rows {
            let line: Vec<u64> = (0..columns).map(|column| counts[row][column]).collect();
            let marked: Vec<bool> = (0..columns).map(|column| hidden[row][column]).collect();
            for (column, hide) in hide_line(&line, &marked, min_cell).into_iter().enumerate() {
                hidden[row][column] |= hide;
            }
        }
        for column in 0..columns {
            let line: Vec<u64> = (0..rows).map(|row| counts[row][column]).collect();
            let marked: Vec<bool> = (0..rows).map(|row| hidden[row][column]).collect();
            for (row, hide) in hide_line(&line, &marked, min_cell).into_iter().enumerate() {
                hidden[row][column] |= hide;
            }
        }
        if hidden == before {
            break;
        }
    }
    counts
        .iter()
        .zip(&hidden)
        .map(|(line, marks)| line.iter().zip(marks).map(|(count, hide)| (!hide).then_some(*count)).collect())
        .collect()
}

fn hide_line(counts: &[u64], marked: &[bool], min_cell: u64) -> Vec<bool> {
    let mut hide: Vec<bool> =
        hide_small(counts, min_cell).iter().zip(marked).map(|(shown, marked)| shown.is_none() || *marked).collect();
    let hidden: Vec<usize> = (0..counts.len()).filter(|i| hide[*i]).collect();
    if hidden.len() == 1
        && let Some(next) = (0..counts.len()).filter(|i| !hide[*i] && counts[*i] > 0).min_by_key(|i| counts[*i])
    {
        hide[next] = true;
    }
    hide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::Measure;

    fn bridge(bars: &[(Cause, u64, i64)]) -> Bridge {
        let bars: Vec<Bar> = bars
            .iter()
            .map(|(cause, customers, amount)| Bar {
                cause: *cause,
                label: cause.label().to_owned(),
                customers: Some(*customers),
                amount: Minor(*amount),
            })
            .collect();
        let change: Minor = bars.iter().map(|bar| bar.amount).sum();
        Bridge {
            measure: Measure::NetRevenue,
            label: String::new(),
            start: Minor(1000),
            end: Minor(1000) + change,
            change,
            bars,
            drill: Vec::new(),
        }
    }

    #[test]
    fn small_bars_are_pooled_with_the_next_smallest_and_the_sum_stays() {
        let open = bridge(&[
            (Cause::New, 3, 50),
            (Cause::Returning, 40, 70),
            (Cause::Within, 900, -20),
            (Cause::Lost, 12, -90),
        ]);
        let safe = pool_bridge(&open, 10);
        assert!(is_publishable(&safe, 10) && !is_publishable(&open, 10));
        assert_eq!(safe.bars.iter().map(|bar| bar.amount).sum::<Minor>(), open.change);
        let pool = safe.bars.iter().find(|bar| bar.cause == Cause::SmallGroups).map(|bar| (bar.customers, bar.amount));
        assert_eq!(pool, Some((Some(15), Minor(-40))));
    }

    #[test]
    fn a_bridge_of_a_handful_is_not_publishable() {
        let safe = pool_bridge(&bridge(&[(Cause::New, 3, 50), (Cause::Within, 4, 10)]), 10);
        assert!(!is_publishable(&safe, 10));
    }

    #[test]
    fn one_hidden_count_never_stands_alone() {
        assert_eq!(hide_small(&[100, 4, 20], 10), [Some(100), None, None]);
        assert_eq!(hide_small(&[100, 4, 8, 20], 10), [Some(100), None, None, Some(20)]);
        assert_eq!(hide_small(&[100, 20, 0], 10), [Some(100), Some(20), Some(0)]);
    }
}
