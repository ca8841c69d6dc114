//! Why the money that a market took moved: more or fewer units, other prices of the same products, another assortment.
//!
//! The price part is Bennet's indicator (1920, JRSS 83, p. 457): each product's change of unit price, times the mean of its units
//! in both periods. What is left of a product is units at its mean price; of that, the market's units at the market's mean
//! price are volume and the rest is assortment. Everything is the mean of both periods, not last period's prices before this
//! period's units: so the order of the two drivers plays no part, and with the periods turned round only signs flip.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;

/// Products of the table that have a row of their own; with the pooled row it has ten.
const MOST_ROWS: usize = 9;

/// A sum of which one customer has more than this share would tell what that customer did, however many others there are.
const MOST_OF_ONE_PERCENT: i128 = 85;

/// What was sold of one product, or of one category where lines name no product; neither: lines that cannot be told apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductSales {
    pub product: Option<String>,
    pub category: Option<String>,
    /// Distinct customers last period, and this one.
    pub customers: [u64; 2],
    pub units: [u64; 2],
    pub amount: [Minor; 2],
    /// Of the amount, what one customer paid at most.
    pub largest: [Minor; 2],
}

/// What the parts are worked out by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    Product,
    /// The prices of a category also move with what is bought inside it.
    Category,
}

/// The move of the gross amount between last period, from today's data, and this one; the parts add up to `change`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SalesChange {
    pub grain: Grain,
    /// Gross amount of last period's sales, from today's data, and of this period's.
    pub before: Minor,
    pub now: Minor,
    pub change: Minor,
    /// More or fewer units, at the market's mean price of a unit.
    pub volume: Minor,
    /// Other prices of products that both periods sold.
    pub price: Minor,
    /// Dearer or cheaper products, new ones and those no longer sold.
    pub assortment: Minor,
    /// Lines without a product or a usable quantity; `None` if there are none or of too few customers, and then in `assortment`.
    pub unmeasured: Option<Minor>,
    pub units_before: u64,
    pub units_now: u64,
    /// How far prices of products of both periods moved, 0.06 for 6 % up, each weighed with the mean of its units (the index of
    /// Marshall and Edgeworth); `None` if nothing was sold in both.
    pub price_change: Option<f64>,
    /// Products that both periods sold, only this one, only last one.
    pub kept_products: u64,
    pub new_products: u64,
    pub gone_products: u64,
    /// The largest moves of price, of products that at least `min_cell` customers bought in each of both periods, none of them more than
    /// 85 % of it.
    pub moves: Vec<PriceMove>,
    /// Prices and assortment of all other products, new and gone ones among them.
    pub others: Option<OtherMoves>,
}

/// One product's prices, and what they brought or took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceMove {
    pub label: String,
    pub units_before: u64,
    pub units_now: u64,
    pub unit_price_before: Minor,
    pub unit_price_now: Minor,
    pub price: Minor,
    /// What its units add beyond units of the market's mean price.
    pub assortment: Minor,
}

/// The products without a row, together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OtherMoves {
    pub products: u64,
    pub price: Minor,
    pub assortment: Minor,
}

impl ProductSales {
    fn is_named(&self) -> bool {
        self.product.is_some() || self.category.is_some()
    }

    /// At least `min_cell` customers on each side that has any sale, and none with most of it.
    fn is_shown(&self, min_cell: u64) -> bool {
        (0..2).all(|side| {
            let (amount, largest) = (self.amount[side], self.largest[side]);
            let is_empty = self.units[side] == 0 && amount == Minor::ZERO;
            let is_of_one = 100 * i128::from(largest.0) > MOST_OF_ONE_PERCENT * i128::from(amount.0);
            is_empty || self.customers[side] >= min_cell && !is_of_one
        })
    }

    /// Units at the mean of both periods times the change of price; nothing if a period sold none.
    fn price(&self) -> Minor {
        let ([q0, q1], [v0, v1]) = (self.units.map(i128::from), self.amount.map(|amount| i128::from(amount.0)));
        rounded((q0 + q1) * (v1 * q0 - v0 * q1), 2 * q0 * q1)
    }
}

/// Splits the change between the gross amounts `before` and `now` of the market; `None` if no product has a quantity in one of
/// the periods. Amounts of `products` may be a rounding away from those of the market: the difference is in the assortment.
pub fn compare(products: &[ProductSales], before: Minor, now: Minor, min_cell: u64) -> Option<SalesChange> {
    let mut named: Vec<&ProductSales> = products.iter().filter(|sales| sales.is_named()).collect();
    let sum = |side: usize| {
        let units = named.iter().map(|sales| i128::from(sales.units[side])).sum::<i128>();
        (units, named.iter().map(|sales| i128::from(sales.amount[side].0)).sum::<i128>())
    };
    let ((q0, v0), (q1, v1)) = (sum(0), sum(1));
    if q0 == 0 || q1 == 0 {
        return None;
    }
    let at_mean_price = |units: i128| rounded(units * (v0 * q1 + v1 * q0), 2 * q0 * q1);
    let volume = at_mean_price(q1 - q0);
    let price: Minor = named.iter().map(|sales| sales.price()).sum();
    let unmeasured = products
        .iter()
        .find(|sales| !sales.is_named())
        .filter(|sales| sales.is_shown(min_cell))
        .map(|sales| sales.amount[1] - sales.amount[0]);
    let change = now - before;
    let assortment = change - volume - price - unmeasured.unwrap_or_default();

    named.sort_by_cached_key(|sales| (-sales.price().0.abs(), sales.product.clone(), sales.category.clone()));
    let rows = rows_of(&named, min_cell);
    let moves: Vec<PriceMove> = rows.iter().map(|sales| price_move(sales, &at_mean_price)).collect();
    let left = (named.len() - rows.len()) as u64;
    let others = (left > 0).then(|| OtherMoves {
        products: left,
        price: price - moves.iter().map(|line| line.price).sum(),
        assortment: assortment - moves.iter().map(|line| line.assortment).sum(),
    });
    // Units at the mean of both periods, at last period's prices.
    let base: f64 = named.iter().filter(|sales| sales.units[1] > 0).map(|sales| mean_units_at_first_price(sales)).sum();
    let count =
        |sold: [bool; 2]| named.iter().filter(|sales| sales.units.map(|units| units > 0) == sold).count() as u64;
    Some(SalesChange {
        grain: if named.iter().any(|sales| sales.product.is_some()) { Grain::Product } else { Grain::Category },
        before,
        now,
        change,
        volume,
        price,
        assortment,
        unmeasured,
        units_before: q0 as u64,
        units_now: q1 as u64,
        price_change: (base > 0.0).then(|| price.0 as f64 / base),
        kept_products: count([true, true]),
        new_products: count([false, true]),
        gone_products: count([true, false]),
        moves,
        others,
    })
}

/// The products that have a row of their own, of sorted ones.
fn rows_of<'a>(named: &[&'a ProductSales], min_cell: u64) -> Vec<&'a ProductSales> {
    let is_row = |sales: &&&ProductSales| sales.is_shown(min_cell) && sales.price() != Minor::ZERO;
    let mut rows: Vec<&ProductSales> = named.iter().filter(is_row).take(MOST_ROWS).copied().collect();
    // Others of too few customers could be worked out from the sums: another product goes to them.
    let is_pooled = |rows: &[&ProductSales]| {
        let mut others = named.iter().filter(|sales| !rows.contains(sales)).peekable();
        others.peek().is_none()
            || others.any(|sales| sales.is_shown(min_cell) && sales.customers.iter().all(|n| *n > 0))
    };
    while !rows.is_empty() && !is_pooled(&rows) {
        rows.pop();
    }
    rows
}

/// The row of a product; units more or less than before are worth what `at_mean_price` says.
fn price_move(sales: &ProductSales, at_mean_price: &dyn Fn(i128) -> Minor) -> PriceMove {
    let [units_before, units_now] = sales.units;
    let more = i128::from(units_now) - i128::from(units_before);
    PriceMove {
        label: sales.product.clone().or(sales.category.clone()).unwrap_or_default(),
        units_before,
        units_now,
        unit_price_before: sales.amount[0].mean_over(units_before),
        unit_price_now: sales.amount[1].mean_over(units_now),
        price: sales.price(),
        assortment: sales.amount[1] - sales.amount[0] - sales.price() - at_mean_price(more),
    }
}

/// In minor units; zero if last period sold none.
fn mean_units_at_first_price(sales: &ProductSales) -> f64 {
    let [q0, q1] = sales.units.map(|units| units as f64);
    if q0 > 0.0 { 0.5 * (q0 + q1) / q0 * sales.amount[0].0 as f64 } else { 0.0 }
}

/// `numerator / denominator`, half away from zero, so that a turned sign turns only the sign; zero over zero.
fn rounded(numerator: i128, denominator: i128) -> Minor {
    if denominator == 0 {
        return Minor::ZERO;
    }
    let whole = (2 * numerator.abs() + denominator) / (2 * denominator) * numerator.signum();
    Minor(i64::try_from(whole).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
