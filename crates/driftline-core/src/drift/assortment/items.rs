//! What was sold and returned of each item, and which items may be named.

use chrono::NaiveDate;

use super::found::Level;
use crate::Minor;

/// Most items of one kind that are named.
pub(super) const NAMED_MOST: usize = 3;

/// A sum of which one customer has more than this share would tell what that customer did.
const MOST_OF_ONE_PERCENT: i128 = 85;

/// What was sold and returned of one item, last period and this one, from today's data.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSales {
    pub level: Level,
    pub item: String,
    /// First day on which it was ever sold.
    pub first_sold_on: Option<NaiveDate>,
    pub sold: BothPeriods,
    pub returned: BothPeriods,
}

/// Amounts of two periods, before and now, positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BothPeriods {
    /// Distinct customers.
    pub customers: [u64; 2],
    pub amount: [Minor; 2],
    /// Of the amount, the largest part of one customer.
    pub largest: [Minor; 2],
}

impl BothPeriods {
    /// At least `min_cell` customers in each period that has any amount, and none of them with most of it.
    pub(super) fn is_shown(&self, min_cell: u64) -> bool {
        (0..2).all(|period| {
            let (amount, largest) = (self.amount[period], self.largest[period]);
            let is_of_one = 100 * i128::from(largest.0) > MOST_OF_ONE_PERCENT * i128::from(amount.0);
            amount == Minor::ZERO || self.customers[period] >= min_cell && !is_of_one
        })
    }

    pub(super) fn change(&self) -> Minor {
        self.amount[1] - self.amount[0]
    }
}

/// Sales and returns of the market, before and now, positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketSales {
    pub sold: [Minor; 2],
    pub returned: [Minor; 2],
}

/// Whether nothing but what is named is left of a total, or somebody of enough customers among the rest.
pub(super) fn leaves_a_crowd(
    items: &[&ItemSales],
    side: impl Fn(&ItemSales) -> &BothPeriods,
    is_named: impl Fn(&ItemSales) -> bool,
    min_cell: u64,
) -> bool {
    let mut others = items.iter().filter(|item| !is_named(item)).map(|item| side(item)).peekable();
    let is_crowd = |of: &BothPeriods| of.is_shown(min_cell) && of.customers.iter().all(|customers| *customers > 0);
    others.peek().is_none() || others.any(is_crowd)
}

/// The items to name, those with the largest move first: each of enough customers, and the others too, so that what is left of a total
/// tells of nobody.
pub(super) fn shown<'a>(
    items: &[&'a ItemSales],
    side: impl Fn(&ItemSales) -> &BothPeriods,
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
