//! What a market sold that it did not sell before, what it stopped selling, which lines moved its sales, and what came back: by name,
//! as the trade calls it.
//!
//! An item is named only where it is a line of its own, with a share of the sales that anybody would notice, and where at least
//! `min_cell` customers are behind each figure. Nothing is told of items that were given other names: where nearly all that is sold is
//! new and nearly all that was sold is gone, the names changed, not the goods.

mod found;
mod items;
mod returns;
#[cfg(test)]
mod tests;
mod words;

use chrono::NaiveDate;

pub use self::found::{Assortment, Level, Line, ReturnedItem, ReturnsChange};
pub use self::items::{BothPeriods, ItemSales, MarketSales};
use self::items::{leaves_a_crowd, shown};
use crate::Minor;
use crate::naming::words::plain_item;

/// An item with less than this share of what the market sells is no line of its own.
const LINE_SHARE_MIN: f64 = 0.02;

/// Where new and dropped items have more than this share of the sales, names changed.
const RENAMED_SHARE: f64 = 0.8;

/// Sales that moved by less than this part of themselves need no item to explain them.
const SALES_CHANGE_MIN: f64 = 0.02;

/// An item with less than this part of the move of the sales does not explain it, nor does one with about as much of it as it had of the
/// sales.
const MOVE_PART_MIN: f64 = 0.2;
const MOVE_TIMES_SHARE_MIN: f64 = 1.5;

/// Items that moved sales by more than this part of the move, together, are told without their parts.
const MORE_THAN_ALL: f64 = 1.05;

/// Compares the items of two neighbouring whole periods; the first day of this period tells what is new.
pub fn compare(items: &[ItemSales], market: MarketSales, period_start: NaiveDate, min_cell: u64) -> Assortment {
    let mut found = Assortment {
        sales_change: market.sold[1] - market.sold[0],
        returns: returns::compare(items, market, min_cell),
        ..Assortment::default()
    };
    let [categories, products] = [Level::Category, Level::Product].map(|level| {
        let of_level: Vec<&ItemSales> = items.iter().filter(|item| item.level == level).collect();
        Lines::of(&of_level, market, period_start, min_cell)
    });
    found.is_renamed = categories.is_renamed || products.is_renamed;
    // What a category says is not said again by its products.
    let choose = |of: fn(&Lines) -> &Vec<Line>| {
        let levels = [&categories, &products].into_iter().filter(|lines| !lines.is_renamed);
        levels.map(of).find(|lines| !lines.is_empty()).cloned().unwrap_or_default()
    };
    found.new = choose(|lines| &lines.new);
    found.dropped = choose(|lines| &lines.dropped);
    found.movers = choose(|lines| &lines.movers);
    let is_level = |line: &&Line| found.movers.first().is_some_and(|mover| mover.level == line.level);
    let against = [&categories, &products].into_iter().flat_map(|lines| &lines.against);
    found.against = against.filter(is_level).cloned().collect();
    found
}

/// The lines of one level.
#[derive(Debug, Default)]
struct Lines {
    new: Vec<Line>,
    dropped: Vec<Line>,
    movers: Vec<Line>,
    against: Vec<Line>,
    is_renamed: bool,
}

impl Lines {
    fn of(items: &[&ItemSales], market: MarketSales, period_start: NaiveDate, min_cell: u64) -> Self {
        let share = |amount: Minor, period: usize| amount.ratio(market.sold[period]).unwrap_or(0.0);
        let is_new = |item: &ItemSales| item.first_sold_on.is_some_and(|day| day >= period_start);
        let is_dropped = |item: &ItemSales| item.sold.amount[0] > Minor::ZERO && item.sold.amount[1] == Minor::ZERO;
        let sum = |period: usize, of: &dyn Fn(&ItemSales) -> bool| {
            let amounts = items.iter().filter(|item| of(item)).map(|item| item.sold.amount[period]);
            share(amounts.sum(), period)
        };
        if sum(1, &is_new) > RENAMED_SHARE && sum(0, &is_dropped) > RENAMED_SHARE {
            return Self { is_renamed: true, ..Self::default() };
        }
        let change = market.sold[1] - market.sold[0];
        let has_moved = change.ratio(market.sold[0]).is_some_and(|part| part.abs() >= SALES_CHANGE_MIN);
        let part = |item: &ItemSales| item.sold.change().ratio(change).filter(|_| has_moved);
        let named = |period: usize, of: &dyn Fn(&ItemSales) -> bool| {
            let is_line = |item: &&ItemSales| of(item) && share(item.sold.amount[period], period) >= LINE_SHARE_MIN;
            shown(items, |item| &item.sold, is_line, min_cell)
        };
        let explains = |item: &ItemSales| {
            let least = (MOVE_TIMES_SHARE_MIN * share(item.sold.amount[0], 0)).max(MOVE_PART_MIN);
            !is_new(item) && !is_dropped(item) && part(item).is_some_and(|part| part >= least)
        };
        // The only item of a market explains nothing.
        let movers = if items.len() > 1 { named(1, &explains) } else { Vec::new() };
        let stands_against = |item: &ItemSales| part(item).is_some_and(|part| part <= -MOVE_PART_MIN);
        let is_more = movers.iter().filter_map(|item| part(item)).sum::<f64>() > MORE_THAN_ALL;
        let against = if is_more { named(1, &stands_against) } else { Vec::new() };
        let lists = in_company([named(1, &is_new), named(0, &is_dropped), movers, against], items, min_cell);
        let line = |item: &&ItemSales, period: usize| Line {
            level: item.level,
            label: plain_item(&item.item),
            customers: item.sold.customers[period],
            before: item.sold.amount[0],
            now: item.sold.amount[1],
            share_of_sales: share(item.sold.amount[period], period),
            share_of_change: part(item),
        };
        let told = |list: usize, period: usize| lists[list].iter().map(|item| line(item, period)).collect();
        Self { new: told(0, 1), dropped: told(1, 0), movers: told(2, 1), against: told(3, 1), is_renamed: false }
    }
}

/// The lists without those of their last items that, named together, would leave a handful of customers over.
fn in_company<'a>(
    mut lists: [Vec<&'a ItemSales>; 4],
    items: &[&'a ItemSales],
    min_cell: u64,
) -> [Vec<&'a ItemSales>; 4] {
    let is_named =
        |lists: &[Vec<&ItemSales>; 4], item: &ItemSales| lists.iter().flatten().any(|named| std::ptr::eq(*named, item));
    while !leaves_a_crowd(items, |item| &item.sold, |item| is_named(&lists, item), min_cell) {
        // What is new is the last to go.
        if lists.iter_mut().rev().find_map(Vec::pop).is_none() {
            break;
        }
    }
    lists
}
