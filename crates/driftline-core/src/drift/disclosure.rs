//! No figure about fewer than `min_cell` customers leaves the warehouse, not even as the difference of two others.
//!
//! Small bars are pooled with the next smallest until the pool is large enough, so every table still adds up.

pub mod attack;

use crate::Minor;
use crate::drift::bridge::{Bar, Bridge, Cause};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::bridge::Measure;

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
}
