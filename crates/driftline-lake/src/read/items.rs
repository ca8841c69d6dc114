//! What customers spend on single items, such as categories: shares of their money, and of the drawn ones the shares of single days.

use std::collections::BTreeMap;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use driftline_stats::habit::{REST, ShareSums};

use super::Cells;
use super::habits::{Habits, typed};
use crate::error::{Error, Result};
use crate::lake::Lake;

/// Shares of some items, for the same customers.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    pub year: ShareSums,
    pub recent: ShareSums,
    /// Of the money of the last 12 months, where the export tells the item, in millionths: `published[customer * items + item]`.
    pub published: Vec<u32>,
}

/// The items on which most money is spent, by habit (`category`, `channel`): so many at most
/// of those that were sold in the last 91 days, the largest first, and then all others as one.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn top_items(lake: &Lake, most: usize) -> Result<BTreeMap<String, Vec<String>>> {
    let sql = "select habit, item, sum(year_amount) as sold from int_customer_items where item is not null group by habit, item \
               having sum(recent_amount) > 0 order by habit, sold desc, item";
    let mut items: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "int_customer_items", batch: &batch };
        for row in 0..batch.num_rows() {
            if let (Some(habit), Some(item)) = (cells.text("habit", row)?, cells.text("item", row)?) {
                items.entry(habit).or_default().push(item);
            }
        }
    }
    for items in items.values_mut() {
        items.truncate(most);
        items.push(REST.to_owned());
    }
    Ok(items)
}

/// Shares that customers spend on some items of a habit. Of whom was not drawn, every day counts as if it had the shares of all their
/// money: single days are read of those only that scales and the search for segments are made from.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn shares(lake: &Lake, habit: &str, items: &[String], known: &Habits) -> Result<Shares> {
    let places = Places::of(items);
    let published = money_shares(lake, habit, &places, &known.keys).await?;
    let empty = || ShareSums { name: habit.to_owned(), items: items.to_vec(), ..ShareSums::default() };
    let mut found = Shares { year: empty(), recent: empty(), published };
    let days = known.year.days.iter();
    found.year.sums =
        found.published.chunks(items.len().max(1)).zip(days).flat_map(|(own, days)| times(own, *days)).collect();
    found.year.squares = vec![0.0; known.keys.len()];
    found.year.odd_sums = vec![0.0; found.year.sums.len()];
    let drawn = day_shares(lake, habit, &places, known).await?;
    for (place, row) in known.drawn_rows.iter().enumerate() {
        let (from, to) = (place * items.len(), row * items.len());
        found.year.sums[to..to + items.len()].copy_from_slice(&drawn.year.sums[from..from + items.len()]);
        found.year.odd_sums[to..to + items.len()].copy_from_slice(&drawn.year.odd_sums[from..from + items.len()]);
        found.year.squares[*row] = drawn.year.squares[place];
    }
    // Of the drawn, those who bought lately.
    let places: Vec<usize> =
        known.recent_rows.iter().filter_map(|row| known.drawn_rows.binary_search(row).ok()).collect();
    found.recent.sums = places
        .iter()
        .flat_map(|place| drawn.recent.sums[place * items.len()..][..items.len()].iter().copied())
        .collect();
    found.recent.squares = places.iter().map(|place| drawn.recent.squares[*place]).collect();
    Ok(found)
}

fn times(own: &[u32], days: f64) -> impl Iterator<Item = f32> {
    own.iter().map(move |share| (f64::from(*share) / 1e6 * days) as f32)
}

/// Shares of all money, in millionths.
async fn money_shares(lake: &Lake, habit: &str, places: &Places<'_>, keys: &[i64]) -> Result<Vec<u32>> {
    // Ten-thousandths of the currency, which no order of rows changes.
    let mut amounts = vec![0i64; keys.len() * places.count];
    let mut totals = vec![0i64; keys.len()];
    let sql = format!(
        "select customer_key, item, year_amount from int_customer_items \
         where habit = '{habit}' and item is not null and year_amount > 0"
    );
    each_item(lake, &sql, (places, keys), ["year_amount"], |customer, place, [amount]| {
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        totals[customer] += amount;
        if let Some((place, _)) = place {
            amounts[customer * places.count + place] += amount;
        }
    })
    .await?;
    let share = |(amount, total): (&i64, &i64)| (1e6 * *amount as f64 / *total as f64).round() as u32;
    let of = amounts.chunks(places.count.max(1)).zip(&totals);
    Ok(of
        .flat_map(|(own, total)| own.iter().map(move |amount| if *total > 0 { share((amount, total)) } else { 0 }))
        .collect())
}

/// Shares of single days of the drawn, in their order.
async fn day_shares(lake: &Lake, habit: &str, places: &Places<'_>, known: &Habits) -> Result<Shares> {
    let keys: Vec<i64> = known.drawn_rows.iter().map(|row| known.keys[*row]).collect();
    // Added up as whole millionths: in any order of rows the same.
    let mut sums: [Vec<u32>; 3] = std::array::from_fn(|_| vec![0; keys.len() * places.count]);
    let mut squares = [vec![0i128; keys.len()], vec![0i128; keys.len()]];
    let sql = format!(
        "select customer_key, item, day_shares, day_squares, recent_day_shares, recent_day_squares, odd_day_shares \
         from int_item_shares where habit = '{habit}'"
    );
    let columns = ["day_shares", "recent_day_shares", "odd_day_shares", "day_squares", "recent_day_squares"];
    each_item(lake, &sql, (places, &keys), columns, |customer, place, [year, recent, odd, of_year, of_recent]| {
        let Some((place, is_rest)) = place else { return };
        for (window, share) in [year, recent, odd].into_iter().enumerate() {
            sums[window][customer * places.count + place] += share as u32;
        }
        for (window, square) in [of_year, of_recent].into_iter().enumerate() {
            squares[window][customer] += if is_rest { 0 } else { square };
        }
    })
    .await?;
    let [year, recent, odd] = sums.map(|sums| sums.into_iter().map(millionths).collect());
    let [of_year, of_recent] = squares.map(|squares| squares.iter().map(|sum| *sum as f64 / 1e6).collect());
    Ok(Shares {
        year: ShareSums { sums: year, squares: of_year, odd_sums: odd, ..ShareSums::default() },
        recent: ShareSums { sums: recent, squares: of_recent, ..ShareSums::default() },
        published: Vec::new(),
    })
}

/// Where each item is in a list, and all others where the rest is.
struct Places<'a> {
    known: BTreeMap<&'a str, usize>,
    rest: Option<usize>,
    count: usize,
}

impl<'a> Places<'a> {
    fn of(items: &'a [String]) -> Self {
        let known = items.iter().enumerate().map(|(place, item)| (item.as_str(), place)).collect();
        Self { known, rest: items.iter().position(|item| item == REST), count: items.len() }
    }

    /// The place of an item, and whether it is that of the rest.
    fn of_item(&self, item: &str) -> Option<(usize, bool)> {
        let own = self.known.get(item).copied().filter(|place| Some(*place) != self.rest);
        own.map(|place| (place, false)).or(self.rest.map(|place| (place, true)))
    }
}

/// Visits the rows of a query on customers that are known: the customer's place among the keys, the item's if it has one, and some decimals.
async fn each_item<const COUNT: usize>(
    lake: &Lake,
    sql: &str,
    (places, keys): (&Places<'_>, &[i64]),
    columns: [&str; COUNT],
    mut visit: impl FnMut(usize, Option<(usize, bool)>, [i128; COUNT]),
) -> Result<()> {
    let read = |batch: RecordBatch| {
        let cells = Cells { table: "shares of items", batch: &batch };
        let customers = typed::<Int64Type>(&cells, "customer_key")?;
        let mut values = Vec::with_capacity(COUNT);
        for column in columns {
            values.push(typed::<Decimal128Type>(&cells, column)?);
        }
        let names = cast(cells.column("item")?, &DataType::Utf8);
        let names = names.map_err(|error| Error::execute("shares of items", error.into()))?;
        for (row, name) in names.as_string::<i32>().iter().enumerate() {
            let place = name.and_then(|name| places.of_item(name));
            let Ok(customer) = keys.binary_search(&customers.value(row)) else { continue };
            visit(customer, place, std::array::from_fn(|column| values[column].value(row)));
        }
        Ok(())
    };
    lake.each_batch(sql, read).await
}

fn millionths(value: u32) -> f32 {
    (f64::from(value) / 1e6) as f32
}
