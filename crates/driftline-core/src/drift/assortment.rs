//! What a market sold that it did not sell before, what it stopped selling, which lines moved its sales, and what came back: by name,
//! as the trade calls it.
//!
//! An item is named only where it is a line of its own, with a share of the sales that anybody would notice, and where at least
//! `min_cell` customers are behind each figure. Nothing is told of items that were given other names: where nearly all that is sold is
//! new and nearly all that was sold is gone, the names changed, not the goods.

mod returns;
#[cfg(test)]
mod tests;
mod words;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Most items of one kind that are named.
const NAMED_MOST: usize = 3;

/// A sum of which one customer has more than this share would tell what that customer did.
const MOST_OF_ONE_PERCENT: i128 = 85;

/// How fine items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Category,
    Product,
}

/// What was sold and returned of one item, last period and this one, from today's data.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSales {
    pub level: Level,
    pub item: String,
    /// First day on which it was ever sold.
    pub first_sold_on: Option<NaiveDate>,
    pub sold: Side,
    pub returned: Side,
}

/// Amounts of two periods, before and now, positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Distinct customers.
    pub customers: [u64; 2],
    pub amount: [Minor; 2],
    /// Of the amount, the largest part of one customer.
    pub largest: [Minor; 2],
}

impl Side {
    /// At least `min_cell` customers in each period that has any amount, and none of them with most of it.
    fn is_shown(&self, min_cell: u64) -> bool {
        (0..2).all(|period| {
            let (amount, largest) = (self.amount[period], self.largest[period]);
            let is_of_one = 100 * i128::from(largest.0) > MOST_OF_ONE_PERCENT * i128::from(amount.0);
            amount == Minor::ZERO || self.customers[period] >= min_cell && !is_of_one
        })
    }

    fn change(&self) -> Minor {
        self.amount[1] - self.amount[0]
    }
}

/// Sales and returns of the market, before and now, positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketSales {
    pub sold: [Minor; 2],
    pub returned: [Minor; 2],
}

/// What changed in what is sold and what comes back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assortment {
    /// Never sold before this period.
    pub new: Vec<Line>,
    /// Sold last period and not in this one.
    pub dropped: Vec<Line>,
    /// Lines of both periods that moved the sales, those with most of the move first.
    pub movers: Vec<Line>,
    /// Lines that moved the other way as far, where movers moved more than the sales did.
    #[serde(default)]
    pub against: Vec<Line>,
    /// Gross sales now less those of last period, from today's data.
    pub sales_change: Minor,
    /// Whether items have other names than last period.
    pub is_renamed: bool,
    /// Returns, if their part of the sales changed by more than chance.
    pub returns: Option<ReturnsChange>,
    /// What is new, dropped, or sent back more or less: a line of the mail each.
    pub news: Vec<String>,
    /// Why sales moved, where they did.
    pub why: Vec<String>,
}

/// One item with what it stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    pub level: Level,
    pub label: String,
    /// Distinct customers: of the period in which it was sold, of this one for a mover.
    pub customers: u64,
    pub before: Minor,
    pub now: Minor,
    /// Of all that the market sold: in this period, of what was dropped in the last one.
    pub share_of_sales: f64,
    /// Of the move of the market's sales: 1 if it is all of it; absent if sales did not move.
    pub share_of_change: Option<f64>,
}

/// Returns by what was sold, last period and this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnsChange {
    pub before: Minor,
    pub now: Minor,
    /// Returned by sold amount.
    pub rate_before: f64,
    pub rate_now: f64,
    /// Items with most of the change of the returned amount.
    pub items: Vec<ReturnedItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnedItem {
    pub level: Level,
    pub label: String,
    pub before: Minor,
    pub now: Minor,
    /// Of the change of what the market's customers returned.
    pub share_of_change: f64,
}

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

/// Whether nothing but what is named is left of a total, or somebody of enough customers among the rest.
fn leaves_a_crowd(
    items: &[&ItemSales],
    side: impl Fn(&ItemSales) -> &Side,
    is_named: impl Fn(&ItemSales) -> bool,
    min_cell: u64,
) -> bool {
    let mut others = items.iter().filter(|item| !is_named(item)).map(|item| side(item)).peekable();
    let is_crowd = |of: &Side| of.is_shown(min_cell) && of.customers.iter().all(|customers| *customers > 0);
    others.peek().is_none() || others.any(is_crowd)
}

/// The items to name, those with the largest move first: each of enough customers, and the others too, so that what is left of a total
/// tells of nobody.
fn shown<'a>(
    items: &[&'a ItemSales],
    side: impl Fn(&ItemSales) -> &Side,
    is_named: impl Fn(&&ItemSales) -> bool,
    min_cell: u64,
) -> Vec<&'a ItemSales> {
    let is_open = |item: &&ItemSales| side(item).is_shown(min_cell);
    let mut named: Vec<&ItemSales> = items.iter().copied().filter(|item| is_named(item) && is_open(item)).collect();
    named.sort_by(|a, b| {
        let moved = |item: &ItemSales| side(item).change().0.abs();
        moved(b).cmp(&moved(a)).then_with(|| a.item.cmp(&b.item))
    });
    named.truncate(NAMED_MOST);
    let is_left = |named: &[&ItemSales]| {
        let is_one = |item: &ItemSales| named.iter().any(|other| other.item == item.item);
        leaves_a_crowd(items, &side, is_one, min_cell)
    };
    while !named.is_empty() && !is_left(&named) {
        named.pop();
    }
    named
}
