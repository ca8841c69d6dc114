//! Whether more comes back than last period, and of what.

use super::found::{Level, ReturnedItem, ReturnsChange};
use super::items::{ItemSales, MarketSales, shown};
use crate::Minor;
use crate::naming::words::plain_item;

/// Returns are told from a change of their rate of this many points, and of this part of itself.
const RATE_POINTS_MIN: f64 = 0.005;
const RATE_PART_MIN: f64 = 0.25;

/// Standard deviations that a change must be beyond chance.
const DEVIATIONS_MIN: f64 = 3.0;

/// An item with less than this part of the change is not named.
const ITEM_PART_MIN: f64 = 0.1;

/// The change of the market's returns; none if it is small or may be chance.
pub(super) fn compare(items: &[ItemSales], market: MarketSales, min_cell: u64) -> Option<ReturnsChange> {
    let rate = |period: usize| market.returned[period].ratio(market.sold[period]);
    let (rate_before, rate_now) = (rate(0)?, rate(1)?);
    // A total of a handful tells what each of them did.
    if !(0..2).all(|period| is_of_enough(items, market, period, min_cell)) {
        return None;
    }
    let change = rate_now - rate_before;
    let is_large = change.abs() >= RATE_POINTS_MIN && change.abs() >= RATE_PART_MIN * rate_before;
    if !is_large || change.abs() < DEVIATIONS_MIN * deviation(items, market)? {
        return None;
    }
    let moved = market.returned[1] - market.returned[0];
    let explains = |item: &&ItemSales| item.returned.change().ratio(moved).is_some_and(|part| part >= ITEM_PART_MIN);
    let of_level = |level: Level| {
        let of_level: Vec<&ItemSales> = items.iter().filter(|item| item.level == level).collect();
        shown(&of_level, |item| &item.returned, explains, min_cell)
    };
    // What is finer says more, if it says anything.
    let named = [Level::Product, Level::Category].map(of_level).into_iter().find(|named| !named.is_empty());
    let items = named.unwrap_or_default().into_iter().map(|item| ReturnedItem {
        level: item.level,
        label: plain_item(&item.item),
        before: item.returned.amount[0],
        now: item.returned.amount[1],
        share_of_change: item.returned.change().ratio(moved).unwrap_or(0.0),
    });
    Some(ReturnsChange {
        before: market.returned[0],
        now: market.returned[1],
        rate_before,
        rate_now,
        items: items.collect(),
    })
}

/// Nothing came back in a period, or at least `min_cell` customers sent back something of one item.
fn is_of_enough(items: &[ItemSales], market: MarketSales, period: usize, min_cell: u64) -> bool {
    let most = items.iter().map(|item| item.returned.customers[period]).max().unwrap_or(0);
    market.returned[period] == Minor::ZERO || most >= min_cell
}

/// Standard deviation of the change of the rate if returns come by chance: a compound Poisson sum, whose amounts within an item spread as
/// much as their mean. The level with most customers who returned is counted; none if nobody did.
fn deviation(items: &[ItemSales], market: MarketSales) -> Option<f64> {
    let customers = |level: Level, period: usize| -> u64 {
        items.iter().filter(|item| item.level == level).map(|item| item.returned.customers[period]).sum()
    };
    let level = [Level::Category, Level::Product].into_iter().max_by_key(|level| customers(*level, 1))?;
    let variance = |period: usize| -> f64 {
        let of_item = |item: &ItemSales| {
            let share = item.returned.amount[period].ratio(market.sold[period]).unwrap_or(0.0);
            2.0 * share * share / item.returned.customers[period].max(1) as f64
        };
        items.iter().filter(|item| item.level == level).map(of_item).sum()
    };
    let has_any = market.returned.iter().any(|amount| *amount > Minor::ZERO) && customers(level, 1) > 0;
    has_any.then(|| (variance(0) + variance(1)).sqrt())
}
