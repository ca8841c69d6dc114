//! What segments are made of: sums over the purchase days of every active customer, and what of it is published.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Field, Float64Type, Int64Type, Schema,
};
use driftline_stats::cluster::Points;
use driftline_stats::habit::{MeanSums, REST, ShareSums, Sums};

use super::Cells;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::model::{Habit, HabitKind, Scale};

/// Days of a month, as rates count them.
const MONTH_DAYS: f64 = 30.4375;

/// The last days that mergers are told from.
const RECENT_DAYS: f64 = 91.0;

/// The active customers by key, with what is known of their habits.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    pub keys: Vec<i64>,
    /// Days since the first and the last purchase day.
    pub age_days: Vec<f64>,
    pub recency_days: Vec<f64>,
    /// Purchase days ever.
    pub purchase_days: Vec<f64>,
    /// The last 12 months.
    pub year: Sums,
    /// The last 91 days, of those rows only that were drawn.
    pub recent: Sums,
    pub recent_rows: Vec<usize>,
    /// Columns of `customers` as published, in the order of the habits; NaN where null, and for the rate, which follows from a model.
    pub published: Points,
}

/// Shares of some items, for the same customers.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    pub year: ShareSums,
    pub recent: ShareSums,
    /// As `customer_shares` publishes them: `published[customer * items + item]`.
    pub published: Vec<f32>,
}

/// The habit columns of `customers`, by its front matter; all, or those that a job names.
pub fn habit_columns(lake: &Lake, chosen: &[String]) -> Vec<(String, Habit)> {
    let Some(model) = lake.graph().models.get("customers") else { return Vec::new() };
    let all = model.front.columns.iter().filter_map(|(name, column)| Some((name.clone(), column.habit.clone()?)));
    if chosen.is_empty() {
        return all.collect();
    }
    let all: BTreeMap<_, _> = all.collect();
    chosen.iter().filter_map(|name| Some((name.clone(), all.get(name)?.clone()))).collect()
}

/// Habits of the active customers, by key. `draw` gives the rows whose last 91 days are kept.
///
/// # Errors
/// `Error::Shape` if a habit is no number.
pub async fn habits(
    lake: &Lake,
    columns: &[(String, Habit)],
    window_days: i64,
    draw: impl FnOnce(&[i64]) -> Vec<usize>,
) -> Result<Habits> {
    let means: Vec<(&str, &str, Scale)> = columns
        .iter()
        .filter(|(_, habit)| habit.kind == HabitKind::Mean)
        .filter_map(|(name, habit)| Some((name.as_str(), habit.of_days.as_deref()?, habit.scale)))
        .collect();
    let batches = lake.query(&query(columns, &means)).await?;
    let mut found = Habits::default();
    found.published.dimensions = columns.len();
    let mut recent = Sums::default();
    for sums in [&mut found.year, &mut recent] {
        sums.means =
            means.iter().map(|(name, ..)| MeanSums { name: (*name).to_owned(), ..MeanSums::default() }).collect();
    }
    for batch in batches {
        let cells = Cells { table: "int_habit_days", batch: &batch };
        found.keys.extend(typed::<Int64Type>(&cells, "customer_key")?.values());
        let (age, recency) = (floats(&cells, "age_days")?, floats(&cells, "recency_days")?);
        read_sums(&cells, "year", &mut found.year, age.iter().map(|age| age.min(window_days as f64)))?;
        read_sums(&cells, "recent", &mut recent, age.iter().map(|age| age.min(RECENT_DAYS)))?;
        for (row, age) in age.iter().enumerate() {
            let first = found.year.days.len() - batch.num_rows();
            // The first purchase day of a lifetime is no repeat.
            for (sums, window) in [(&mut found.year, window_days as f64), (&mut recent, RECENT_DAYS)] {
                let is_first_inside = *age <= window;
                let repeats = sums.days[first + row] - f64::from(u8::from(is_first_inside));
                sums.repeats.push(repeats.max(0.0));
            }
        }
        let published = columns.iter().map(|(name, habit)| match habit.kind {
            HabitKind::Rate => Ok(vec![f64::NAN; batch.num_rows()]),
            _ => floats(&cells, name),
        });
        let published = published.collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            found.published.values.extend(published.iter().map(|column| column[row]));
        }
        found.age_days.extend(age);
        found.recency_days.extend(recency);
        found.purchase_days.extend(floats(&cells, "purchase_days")?);
    }
    found.recent_rows = draw(&found.keys);
    found.recent_rows.retain(|row| recent.days[*row] > 0.0);
    found.recent = recent.take(&found.recent_rows);
    Ok(found)
}

/// One row an active customer: what is published of it, and sums over its days, of which the figures are logarithms where a habit says so.
/// Everything is added up as decimals or whole millionths, so the order of days changes no bit.
fn query(columns: &[(String, Habit)], means: &[(&str, &str, Scale)]) -> String {
    let published: Vec<String> = columns
        .iter()
        .filter(|(_, habit)| habit.kind != HabitKind::Rate)
        .map(|(name, _)| format!("cast(customers.{name} as double) as {name}"))
        .collect();
    // Nothing on a day that is no purchase: `greatest` of nothing and a number is the number.
    let figures: Vec<String> = means
        .iter()
        .enumerate()
        .map(|(place, (_, column, scale))| {
            let figure = match scale {
                Scale::Log => format!("natural_log(cast(greatest({column}, 0.01) as double))"),
                Scale::Linear => (*column).to_owned(),
            };
            format!("case when is_purchase then cast(1000000 * {figure} as bigint) end as figure_{place}")
        })
        .collect();
    // Each window by itself: most days are not recent.
    let sums = |window: &str| {
        let mut sums = vec![
            format!("cast(count(*) filter (where is_purchase) as double) as {window}_days"),
            format!("cast(sum(sold_amount) as double) as {window}_sold"),
            format!("cast(sum(returned_amount) as double) as {window}_returned"),
        ];
        for place in 0..means.len() {
            sums.push(format!("cast(count(figure_{place}) as double) as {window}_days_{place}"));
            sums.push(format!("cast(sum(figure_{place}) as double) / 1e6 as {window}_sum_{place}"));
            sums.push(format!(
                "cast(sum(figure_{place} * figure_{place}) as double) / 1e12 as {window}_squares_{place}"
            ));
        }
        sums.join(", ")
    };
    let figures = figures.into_iter().map(|figure| format!(", {figure}")).collect::<String>();
    let published = published.into_iter().map(|column| format!(", {column}")).collect::<String>();
    format!(
        "with days as (select customer_key, is_purchase, is_recent, sold_amount, returned_amount{figures} from int_habit_days), \
         year as (select customer_key, {} from days group by customer_key), \
         recent as (select customer_key, {} from days where is_recent group by customer_key) \
         select customers.customer_key, cast(customers.age_days as double) as age_days, \
         cast(customers.recency_days as double) as recency_days, \
         cast(customers.purchase_days as double) as purchase_days{published}, year.* exclude (customer_key), \
         recent.* exclude (customer_key) \
         from int_customers_described as customers left join year on customers.customer_key = year.customer_key \
         left join recent on customers.customer_key = recent.customer_key \
         where customers.is_active order by customers.customer_key",
        sums("year"),
        sums("recent")
    )
}

/// Appends one window's sums of a batch; `exposure` are the days in which a repeat could have been.
fn read_sums(cells: &Cells<'_>, window: &str, to: &mut Sums, exposure: impl Iterator<Item = f64>) -> Result<()> {
    let column = |name: &str| zeroed(cells, &format!("{window}_{name}"));
    to.days.extend(column("days")?);
    to.sold.extend(column("sold")?);
    to.returned.extend(column("returned")?);
    to.months.extend(exposure.map(|days| days / MONTH_DAYS));
    for (place, mean) in to.means.iter_mut().enumerate() {
        mean.days.extend(column(&format!("days_{place}"))?);
        mean.sums.extend(column(&format!("sum_{place}"))?);
        mean.squares.extend(column(&format!("squares_{place}"))?);
    }
    Ok(())
}

/// The items on which most money is spent, by habit (`category`, `channel`): so many at most
/// of those that were sold in the last 91 days, the largest first, and then all others as one.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn top_items(lake: &Lake, most: usize) -> Result<BTreeMap<String, Vec<String>>> {
    let sql = "select habit, item, sum(sold_amount) as sold from int_customer_shares group by habit, item \
               having sum(recent_day_shares) > 0 order by habit, sold desc, item";
    let mut items: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "int_customer_shares", batch: &batch };
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

/// Shares that customers spend on some items of a habit; `recent_rows` are those whose last 91 days are kept.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn shares(lake: &Lake, habit: &str, items: &[String], keys: &[i64], recent_rows: &[usize]) -> Result<Shares> {
    let empty = || ShareSums { name: habit.to_owned(), items: items.to_vec(), ..ShareSums::default() };
    let mut found = Shares { year: empty(), recent: empty(), published: Vec::new() };
    // Added up as whole millionths: in any order of rows the same.
    let cells_of = |customers: usize| vec![0u32; customers * items.len()];
    let (mut published, mut year, mut last_months) =
        (cells_of(keys.len()), cells_of(keys.len()), cells_of(recent_rows.len()));
    let rest = items.iter().position(|item| item == REST);
    let mut squares = [vec![0i128; keys.len()], vec![0i128; recent_rows.len()]];
    let places: BTreeMap<&str, usize> = items.iter().enumerate().map(|(place, item)| (item.as_str(), place)).collect();
    let sql = format!(
        "select customer_key, item, share, day_shares, day_squares, recent_day_shares, recent_day_squares \
         from int_customer_shares where habit = '{habit}'"
    );
    let read = |batch: RecordBatch| {
        let cells = Cells { table: "int_customer_shares", batch: &batch };
        let customers = typed::<Int64Type>(&cells, "customer_key")?;
        let decimal = |name: &str| typed::<Decimal128Type>(&cells, name);
        let (share, recent) = (decimal("share")?, decimal("recent_day_shares")?);
        let (sums, own_squares, recent_squares) =
            (decimal("day_shares")?, decimal("day_squares")?, decimal("recent_day_squares")?);
        let names =
            cast(cells.column("item")?, &DataType::Utf8).map_err(|error| Error::execute("items", error.into()))?;
        for (row, name) in names.as_string::<i32>().iter().enumerate() {
            let item = name.and_then(|name| places.get(name).copied()).filter(|place| Some(*place) != rest);
            let Some(place) = item.or(rest) else { continue };
            let Ok(customer) = keys.binary_search(&customers.value(row)) else { continue };
            let at = customer * items.len() + place;
            published[at] += share.value(row) as u32;
            year[at] += sums.value(row) as u32;
            let drawn = recent_rows.binary_search(&customer).ok();
            if let Some(drawn) = drawn {
                last_months[drawn * items.len() + place] += recent.value(row) as u32;
            }
            if item.is_some() {
                squares[0][customer] += own_squares.value(row);
                if let Some(drawn) = drawn {
                    squares[1][drawn] += recent_squares.value(row);
                }
            }
        }
        Ok(())
    };
    lake.each_batch(&sql, read).await?;
    found.published = published.into_iter().map(millionths).collect();
    found.year.sums = year.into_iter().map(millionths).collect();
    found.recent.sums = last_months.into_iter().map(millionths).collect();
    found.year.squares = squares[0].iter().map(|sum| *sum as f64 / 1e6).collect();
    found.recent.squares = squares[1].iter().map(|sum| *sum as f64 / 1e6).collect();
    Ok(found)
}

/// Somebody who was active in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedCustomer {
    pub key: i64,
    pub segment: i64,
    /// Whether it had bought on more than one day by then.
    pub had_repeated: bool,
}

/// The customers who were active in a period, by key, from its published file of customers.
///
/// # Errors
/// `Error::Shape` if the file lacks a column.
pub async fn published_customers(lake: &Lake, path: &Path) -> Result<Vec<PublishedCustomer>> {
    let schema = Schema::new(vec![
        Field::new("customer_key", DataType::Int64, true),
        Field::new("segment", DataType::Int64, true),
        Field::new("is_active", DataType::Boolean, true),
        Field::new("purchase_days", DataType::Int64, true),
    ]);
    lake.give_file("previous", "published", Arc::new(schema), path)?;
    let mut found = Vec::new();
    let sql =
        "select customer_key, segment, purchase_days from previous.published where is_active order by customer_key";
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "customers", batch: &batch };
        let (keys, segments) = (typed::<Int64Type>(&cells, "customer_key")?, typed::<Int64Type>(&cells, "segment")?);
        let days = typed::<Int64Type>(&cells, "purchase_days")?;
        found.extend((0..batch.num_rows()).map(|row| PublishedCustomer {
            key: keys.value(row),
            segment: segments.value(row),
            had_repeated: days.value(row) > 1,
        }));
    }
    Ok(found)
}

fn millionths(value: u32) -> f32 {
    (f64::from(value) / 1e6) as f32
}

fn typed<'a, T: ArrowPrimitiveType>(cells: &'a Cells<'_>, name: &str) -> Result<&'a PrimitiveArray<T>> {
    let wrong = || Error::Shape { table: cells.table.to_owned(), column: name.to_owned() };
    cells.column(name)?.as_primitive_opt::<T>().ok_or_else(wrong)
}

/// A column of doubles; NaN for null.
fn floats(cells: &Cells<'_>, name: &str) -> Result<Vec<f64>> {
    let column = typed::<Float64Type>(cells, name)?;
    Ok((0..column.len()).map(|row| if column.is_null(row) { f64::NAN } else { column.value(row) }).collect())
}

/// The same with zero for null.
fn zeroed(cells: &Cells<'_>, name: &str) -> Result<Vec<f64>> {
    let column = typed::<Float64Type>(cells, name)?;
    Ok((0..column.len()).map(|row| if column.is_null(row) { 0.0 } else { column.value(row) }).collect())
}
