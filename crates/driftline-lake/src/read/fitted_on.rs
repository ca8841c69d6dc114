//! What models are fitted on: purchase and spend histories, the purchase log.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use driftline_stats::purchase::History;
use driftline_stats::purchase_log::{Cancellation, Day, KeyedDays, PurchaseLog};
use driftline_stats::returns::{Group, Returns};
use driftline_stats::spend::SpendHistory;

use super::{Cells, each_row};
use crate::error::{Error, Result};
use crate::lake::Lake;

/// The purchase log of the market, and the key of each of its customers.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn purchase_log(lake: &Lake) -> Result<(Vec<i64>, PurchaseLog)> {
    let sql = "select customer_key, order_date, cast(spend as double) as spend, cast(net_amount as double) as net_amount \
               from int_purchase_log";
    let mut days_of_customers = KeyedDays::default();
    let read = |batch: RecordBatch| {
        let wrong = |column: &str| Error::Shape { table: "int_purchase_log".to_owned(), column: column.to_owned() };
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| wrong(name));
        let customers = column("customer_key")?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("customer_key"))?;
        let days = column("order_date")?.as_primitive_opt::<Date32Type>().ok_or_else(|| wrong("order_date"))?;
        let spends = column("spend")?.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong("spend"))?;
        let nets = column("net_amount")?.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong("net_amount"))?;
        for row in 0..batch.num_rows() {
            let is_purchase = !spends.is_null(row);
            let spend = if is_purchase { spends.value(row) } else { 0.0 };
            let day = Day { day: days.value(row), is_purchase, spend, net: nets.value(row) };
            days_of_customers.push(customers.value(row), day);
        }
        Ok(())
    };
    lake.each_batch(sql, read).await?;
    let (keys, log) = days_of_customers.finish(true);
    let log = log.with_cancellations(cancellations(lake, &keys).await?);
    Ok((keys, log))
}

/// What became of purchases later; nothing in a dialect without matched cancellations.
async fn cancellations(lake: &Lake, keys: &[i64]) -> Result<Vec<Cancellation>> {
    let sql = "select customer_key, order_date, cancelled_on, cast(sold_amount as double) as sold_amount, \
               cast(cancelled_amount as double) as cancelled_amount \
               from int_cancelled_days order by customer_key, order_date, cancelled_on";
    let mut found: Vec<Cancellation> = Vec::new();
    // What was left of a customer's day: what it sold less all cancellations that were known earlier.
    let (mut of, mut left) = (None, 0.0);
    for batch in lake.query(sql).await? {
        let wrong = |column: &str| Error::Shape { table: "int_cancelled_days".to_owned(), column: column.to_owned() };
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| wrong(name));
        let customers = column("customer_key")?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("customer_key"))?;
        let day = |name: &str| column(name)?.as_primitive_opt::<Date32Type>().ok_or_else(|| wrong(name));
        let amount = |name: &str| column(name)?.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong(name));
        let (days, cancelled_on) = (day("order_date")?, day("cancelled_on")?);
        let (sold, cancelled) = (amount("sold_amount")?, amount("cancelled_amount")?);
        for row in 0..batch.num_rows() {
            let Ok(customer) = keys.binary_search(&customers.value(row)) else { continue };
            let this = Some((customer, days.value(row)));
            let is_first = of != this;
            if is_first {
                (of, left) = (this, sold.value(row));
            }
            found.push(Cancellation {
                customer: customer as u32,
                day: days.value(row),
                cancelled_on: cancelled_on.value(row),
                // Amounts have four places.
                was_purchase: is_first || left > 0.5e-4,
                spend_before: f64::max(left, 0.0),
            });
            left -= cancelled.value(row);
        }
    }
    Ok(found)
}

/// Distinct purchase histories in weeks.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn purchase_histories(lake: &Lake) -> Result<Vec<History>> {
    let mut histories = Vec::new();
    each_row(lake, "int_purchase_histories", "repeat_purchases, recency_days, age_days", |cells, row| {
        histories.push(History {
            repeat_purchases: cells.integer("repeat_purchases", row)? as f64,
            recency: cells.integer("recency_days", row)? as f64 / 7.0,
            age: cells.integer("age_days", row)? as f64 / 7.0,
            customers: cells.integer("customers", row)? as f64,
        });
        Ok(())
    })
    .await?;
    Ok(histories)
}

/// Distinct spend histories of all purchase days.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn spend_histories(lake: &Lake) -> Result<Vec<SpendHistory>> {
    let mut histories = Vec::new();
    each_row(lake, "int_spend_histories", "purchase_days, mean_spend", |cells, row| {
        histories.push(SpendHistory {
            repeat_purchases: cells.integer("purchase_days", row)? as f64,
            mean_spend: cells.float("mean_spend", row)?.unwrap_or(0.0),
            customers: cells.integer("customers", row)? as f64,
        });
        Ok(())
    })
    .await?;
    Ok(histories)
}

/// What returns leave of the identified customers' spend, everybody's and how much one's own counts.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn returns(lake: &Lake) -> Result<Returns> {
    let sql = "select sum(net_lifetime) as net, sum(spend_lifetime) as spend from int_customers_summarised";
    let mut share = 1.0;
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "int_customers_summarised", batch: &batch };
        if batch.num_rows() > 0
            && let (Some((net, _)), Some((spend, _))) = (cells.decimal("net", 0)?, cells.decimal("spend", 0)?)
            && spend > 0
        {
            share = (net as f64 / spend as f64).clamp(0.0, 1.0);
        }
    }
    // Summed as decimals: the same bits in any order of rows.
    let sql = "select purchase_days, count(*) as customers, cast(sum(own_net_share) as double) as shares, \
                 cast(sum(own_net_share * own_net_share) as double) as squares \
                 from int_customers_summarised where own_net_share is not null group by purchase_days";
    let mut groups = Vec::new();
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "int_customers_summarised", batch: &batch };
        for row in 0..batch.num_rows() {
            groups.push(Group {
                purchase_days: cells.integer("purchase_days", row)? as f64,
                customers: cells.integer("customers", row)? as f64,
                sum: cells.float("shares", row)?.unwrap_or(0.0),
                squares: cells.float("squares", row)?.unwrap_or(0.0),
            });
        }
    }
    groups.sort_by(|a, b| a.purchase_days.total_cmp(&b.purchase_days));
    Ok(Returns::fit(share, &groups))
}
