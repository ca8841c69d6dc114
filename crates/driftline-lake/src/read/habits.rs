//! What segments are made of: sums over the purchase days of every active customer, and what of it is published.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Field, Float64Type, Int64Type, Schema};
use driftline_stats::cluster::Points;
use driftline_stats::habit::{MeanSums, Sums};

use super::Cells;
use crate::error::{Error, Result};
use crate::fitted;
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
    /// The last 12 months; squares of those only who were drawn.
    pub year: Sums,
    /// The customers that scales and the search for segments are made from, in the order of the keys.
    pub drawn_rows: Vec<usize>,
    /// The last 91 days, of those who were drawn and bought in them.
    pub recent: Sums,
    pub recent_rows: Vec<usize>,
    /// Columns of `customers` as published, in the order of the habits; NaN where null, and for the rate, which follows from a model.
    pub published: Points,
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

/// A habit that is a mean: its column of `customers`, its column of `int_habit_days`, and its scale.
type Mean<'a> = (&'a str, &'a str, Scale);

/// Habits of the active customers, by key. `draw` gives the rows that scales and the search for segments are made from; they are given to
/// SQL as `fitted.drawn_customers`, and what they bought on single days is computed.
///
/// # Errors
/// `Error::Shape` if a habit is no number; any error of computing `int_item_shares`.
pub async fn habits(
    lake: &Lake,
    columns: &[(String, Habit)],
    window_days: i64,
    draw: impl FnOnce(&[i64]) -> Vec<usize>,
) -> Result<Habits> {
    let means: Vec<Mean<'_>> = columns
        .iter()
        .filter(|(_, habit)| habit.kind == HabitKind::Mean)
        .filter_map(|(name, habit)| Some((name.as_str(), habit.of_days.as_deref()?, habit.scale)))
        .collect();
    let mut found = Habits::default();
    found.published.dimensions = columns.len();
    found.year.means = named(&means);
    for batch in lake.query(&query(columns, &means)).await? {
        let cells = Cells { table: "int_habit_days", batch: &batch };
        found.keys.extend(typed::<Int64Type>(&cells, "customer_key")?.values());
        let age = floats(&cells, "age_days")?;
        read_sums(&cells, "year", &mut found.year, &age, window_days as f64)?;
        let published = columns.iter().map(|(name, habit)| match habit.kind {
            HabitKind::Rate => Ok(vec![f64::NAN; batch.num_rows()]),
            _ => floats(&cells, name),
        });
        let published = published.collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            found.published.values.extend(published.iter().map(|column| column[row]));
        }
        found.age_days.extend(age);
        found.recency_days.extend(floats(&cells, "recency_days")?);
        found.purchase_days.extend(floats(&cells, "purchase_days")?);
    }
    found.drawn_rows = draw(&found.keys);
    let drawn: Vec<i64> = found.drawn_rows.iter().map(|row| found.keys[*row]).collect();
    fitted::register_drawn(lake, &drawn)?;
    lake.build_beside(&["int_item_shares"]).await?;
    read_drawn(lake, &means, &mut found).await?;
    Ok(found)
}

/// What is known of the drawn only: squares of the year, and the last 91 days.
async fn read_drawn(lake: &Lake, means: &[Mean<'_>], found: &mut Habits) -> Result<()> {
    let age: Vec<f64> = found.drawn_rows.iter().map(|row| found.age_days[*row]).collect();
    let mut recent = Sums { means: named(means), ..Sums::default() };
    for mean in &mut found.year.means {
        mean.squares = vec![0.0; found.keys.len()];
    }
    let mut place = 0;
    for batch in lake.query(&drawn_query(means)).await? {
        let cells = Cells { table: "int_habit_days", batch: &batch };
        let rows = place..place + batch.num_rows();
        read_sums(&cells, "recent", &mut recent, &age[rows.clone()], RECENT_DAYS)?;
        for (number, mean) in recent.means.iter_mut().enumerate() {
            mean.squares.extend(zeroed(&cells, &format!("recent_squares_{number}"))?);
        }
        for (number, mean) in found.year.means.iter_mut().enumerate() {
            let squares = zeroed(&cells, &format!("year_squares_{number}"))?;
            for (row, squares) in found.drawn_rows[rows.clone()].iter().zip(squares) {
                mean.squares[*row] = squares;
            }
        }
        place = rows.end;
    }
    let bought: Vec<usize> = (0..place).filter(|place| recent.days[*place] > 0.0).collect();
    found.recent_rows = bought.iter().map(|place| found.drawn_rows[*place]).collect();
    found.recent = recent.take(&bought);
    Ok(())
}

fn named(means: &[Mean<'_>]) -> Vec<MeanSums> {
    means.iter().map(|(name, ..)| MeanSums { name: (*name).to_owned(), ..MeanSums::default() }).collect()
}

/// The figures of each day, of which habits are the means. Everything is added up as decimals or whole millionths, so the order of days
/// changes no bit.
fn figures(means: &[Mean<'_>]) -> String {
    // Nothing on a day that is no purchase: `greatest` of nothing and a number is the number.
    let figure = |(place, (_, column, scale)): (usize, &Mean<'_>)| {
        let figure = match scale {
            Scale::Log => format!("natural_log(cast(greatest({column}, 0.01) as double))"),
            Scale::Linear => (*column).to_owned(),
        };
        format!(", case when is_purchase then cast(1000000 * {figure} as bigint) end as figure_{place}")
    };
    means.iter().enumerate().map(figure).collect()
}

/// Sums of a window over days and their figures.
fn sums(window: &str, means: usize) -> String {
    let mut sums = vec![
        format!("cast(count(*) filter (where is_purchase) as double) as {window}_days"),
        format!("cast(sum(sold_amount) as double) as {window}_sold"),
        format!("cast(sum(returned_amount) as double) as {window}_returned"),
    ];
    for place in 0..means {
        sums.push(format!("cast(count(figure_{place}) as double) as {window}_days_{place}"));
        sums.push(format!("cast(sum(figure_{place}) as double) / 1e6 as {window}_sum_{place}"));
    }
    sums.join(", ")
}

fn squares(window: &str, means: usize) -> String {
    let of = |place: usize| {
        format!(", cast(sum(figure_{place} * figure_{place}) as double) / 1e12 as {window}_squares_{place}")
    };
    (0..means).map(of).collect()
}

/// One row an active customer: what is published of it, and sums over its days, of which the figures are logarithms where a habit says so.
fn query(columns: &[(String, Habit)], means: &[Mean<'_>]) -> String {
    let published: String = columns
        .iter()
        .filter(|(_, habit)| habit.kind != HabitKind::Rate)
        .map(|(name, _)| format!(", cast(customers.{name} as double) as {name}"))
        .collect();
    format!(
        "with days as (select customer_key, is_purchase, sold_amount, returned_amount{} from int_habit_days), \
         year as (select customer_key, {} from days group by customer_key) \
         select customers.customer_key, cast(customers.age_days as double) as age_days, \
         cast(customers.recency_days as double) as recency_days, \
         cast(customers.purchase_days as double) as purchase_days{published}, year.* exclude (customer_key) \
         from int_customers_described as customers left join year on customers.customer_key = year.customer_key \
         where customers.is_active order by customers.customer_key",
        figures(means),
        sums("year", means.len()),
    )
}

/// One row a drawn customer.
fn drawn_query(means: &[Mean<'_>]) -> String {
    format!(
        "with days as (select days.customer_key, is_purchase, is_recent, sold_amount, returned_amount{} \
         from fitted.drawn_customers as drawn inner join int_habit_days as days on drawn.customer_key = days.customer_key), \
         year as (select customer_key{} from days group by customer_key), \
         recent as (select customer_key, {}{} from days where is_recent group by customer_key) \
         select year.* exclude (customer_key), recent.* exclude (customer_key) from fitted.drawn_customers as drawn \
         left join year on drawn.customer_key = year.customer_key \
         left join recent on drawn.customer_key = recent.customer_key order by drawn.customer_key",
        figures(means),
        squares("year", means.len()),
        sums("recent", means.len()),
        squares("recent", means.len()),
    )
}

/// Appends one window's sums of a batch; `age` are days since the first purchase of a lifetime, which is no repeat.
fn read_sums(cells: &Cells<'_>, window: &str, to: &mut Sums, age: &[f64], window_days: f64) -> Result<()> {
    let column = |name: &str| zeroed(cells, &format!("{window}_{name}"));
    let days = column("days")?;
    let repeats = |(days, age): (&f64, &f64)| (days - f64::from(u8::from(*age <= window_days))).max(0.0);
    to.repeats.extend(days.iter().zip(age).map(repeats));
    to.months.extend(age.iter().map(|age| age.min(window_days) / MONTH_DAYS));
    to.days.extend(days);
    to.sold.extend(column("sold")?);
    to.returned.extend(column("returned")?);
    for (place, mean) in to.means.iter_mut().enumerate() {
        mean.days.extend(column(&format!("days_{place}"))?);
        mean.sums.extend(column(&format!("sum_{place}"))?);
    }
    Ok(())
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
    lake.register_file("previous", "published", Arc::new(schema), path)?;
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

pub(super) fn typed<'a, T: ArrowPrimitiveType>(cells: &'a Cells<'_>, name: &str) -> Result<&'a PrimitiveArray<T>> {
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
