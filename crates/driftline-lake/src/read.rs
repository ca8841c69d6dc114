//! Reads computed tables into the plain rows that `driftline-core` and `driftline-stats` work on.

mod acquisition;
mod cells;
mod days;
mod fitted_on;
mod habits;
mod items;
mod products;
mod profiles;

pub use acquisition::{acquisition_costs, category_margins, category_sales};
pub(crate) use cells::Cells;
use cells::each_row;
pub use cells::to_minor;
pub use days::{OnDays, rows_on, sale_days, source_days};
pub use fitted_on::{purchase_histories, purchase_log, returns, spend_histories};
pub use habits::{Habits, PublishedCustomer, habit_columns, habits, published_customers};
pub use items::{Shares, shares, top_items};
pub use products::{item_moves, product_moves};
pub use profiles::{flows, newcomers, paired_orders, segment_profiles};

use std::collections::BTreeMap;

use driftline_core::Minor;
use driftline_core::drift::rfm::RfmRow;
use driftline_core::report::scorecard::year::ScoredYear;
use driftline_core::report::scorecard::{RiskTenth, Scored};
use driftline_core::tables::moved::Moved;
use driftline_core::tables::profile::MarketTotals;

use crate::error::Result;
use crate::lake::Lake;

/// Totals of each period of the market by its name, as published in `market_periods`.
///
/// # Errors
/// `Error::Shape` if the mart lacks a column of `sql/marts/market_periods.sql`.
pub async fn market_periods(lake: &Lake) -> Result<BTreeMap<String, MarketTotals>> {
    let mut periods = BTreeMap::new();
    each_row(lake, "market_periods", "period", |cells, row| {
        let money = |name: &str| cells.minor(name, row).map(Option::unwrap_or_default);
        let totals = MarketTotals {
            customers: cells.count("customers", row)?,
            orders: cells.count("orders", row)?,
            lines: cells.count("lines", row)?,
            gross: money("gross_amount")?,
            returned: money("returned_amount")?,
            net: money("net_amount")?,
            unidentified_gross: money("unidentified_gross_amount")?,
            unidentified_net: Some(money("unidentified_net_amount")?),
            objectors: cells.count("objectors", row)?,
        };
        periods.insert(cells.text("period", row)?.unwrap_or_default(), totals);
        Ok(())
    })
    .await?;
    Ok(periods)
}

/// Sum of the forecasts for the next period over everyone known, active or not.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn next_period_of_everyone(lake: &Lake) -> Result<Minor> {
    let sql = "select cast(coalesce(sum(next_period_value), 0) as decimal(18, 2)) as total from customers";
    let batches = lake.query(sql).await?;
    let cells = batches.first().map(|batch| Cells { table: "customers", batch });
    Ok(cells.map_or(Ok(None), |cells| cells.minor("total", 0))?.unwrap_or_default())
}

/// Last period's forecasts with what happened, by segment, and its risks by tenths.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn scorecard(lake: &Lake) -> Result<(Vec<Scored>, Vec<RiskTenth>)> {
    let (mut scored, mut tenths) = (Vec::new(), Vec::new());
    each_row(lake, "scorecard", "segment", |cells, row| {
        scored.push(Scored {
            segment: cells.integer("segment", row)? as u32,
            customers: cells.count("customers", row)?,
            forecast: cells.minor("forecast_value", row)?.unwrap_or_default(),
            actual: cells.minor("actual_value", row)?.unwrap_or_default(),
            risk_said: cells.float("risk_said", row)?.unwrap_or_default(),
            did_not_buy: cells.count("did_not_buy", row)?,
            expected_to_buy: cells.count("expected_to_buy", row)?,
            expected_who_bought: cells.count("expected_who_bought", row)?,
        });
        Ok(())
    })
    .await?;
    each_row(lake, "scorecard_risks", "tenth", |cells, row| {
        let customers = cells.count("customers", row)?;
        tenths.push(RiskTenth {
            customers,
            said: cells.float("risk_said", row)?.unwrap_or_default(),
            happened: cells.count("did_not_buy", row)? as f64 / customers.max(1) as f64,
        });
        Ok(())
    })
    .await?;
    Ok((scored, tenths))
}

/// Customers by RFM group, by last period's cut points and by today's.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn rfm_groups(lake: &Lake) -> Result<Vec<RfmRow>> {
    let mut rows = Vec::new();
    each_row(lake, "rfm_groups", "rfm_group", |cells, row| {
        rows.push(RfmRow {
            group: cells.text("rfm_group", row)?.unwrap_or_default(),
            customers_by_last_cuts: cells.count("customers_by_last_cuts", row)?,
            customers: cells.count("customers", row)?,
        });
        Ok(())
    })
    .await?;
    Ok(rows)
}

/// What was expected of the last 12 months a year ago, and what came, by segment; segment 0 is everyone.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn scorecard_year(lake: &Lake) -> Result<Vec<ScoredYear>> {
    let mut scored = Vec::new();
    each_row(lake, "scorecard_year", "segment", |cells, row| {
        scored.push(ScoredYear {
            segment: cells.integer("segment", row)? as u32,
            customers: cells.count("customers", row)?,
            forecast: cells.minor("forecast_value", row)?.unwrap_or_default(),
            actual: cells.minor("actual_value", row)?.unwrap_or_default(),
        });
        Ok(())
    })
    .await?;
    Ok(scored)
}

/// Customers of a revision and of the one before it, by the segments of both.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn revision_changes(lake: &Lake) -> Result<Vec<Moved>> {
    let mut moved = Vec::new();
    each_row(lake, "revision_changes", "old_segment, new_segment", |cells, row| {
        moved.push(Moved {
            old_segment: cells.integer("old_segment", row)? as u32,
            new_segment: cells.integer("new_segment", row)? as u32,
            customers: cells.count("customers", row)?,
            changed_customers: cells.count("changed_customers", row)?,
        });
        Ok(())
    })
    .await?;
    Ok(moved)
}

/// Hash of every customer's days before a day: equal if, and only if, the exports say the same of that past.
///
/// # Errors
/// `Error::Execute` if the query fails.
pub async fn past_id(lake: &Lake, before: chrono::NaiveDate) -> Result<String> {
    let sql = format!(
        "select customer_key, order_date, sold_lines, returned_lines, sold_amount, returned_amount, discount_amount \
         from int_customer_days where order_date < date '{before}'"
    );
    lake.content_of_query("int_customer_days", &sql).await
}

/// Customers with at least one purchase day, how many are active, and what their history reaches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Base {
    pub customers: u64,
    pub active: u64,
    pub repeat_customers: u64,
    pub three_purchases: u64,
    /// Longest age of a customer in days: how far the history of the market reaches back from as-of.
    pub history_days: i64,
}

/// # Errors
/// `Error::Execute` if the query fails.
pub async fn base(lake: &Lake) -> Result<Base> {
    let sql = "select count(*) as customers, sum(case when is_active then 1 else 0 end) as active, \
        sum(case when purchase_days > 1 then 1 else 0 end) as repeats, \
        sum(case when purchase_days > 2 then 1 else 0 end) as threes, \
        max(age_days) as history_days from int_customers_summarised";
    let mut base = Base::default();
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "int_customers_summarised", batch: &batch };
        if batch.num_rows() > 0 {
            base = Base {
                customers: cells.count("customers", 0)?,
                active: cells.count("active", 0)?,
                repeat_customers: cells.count("repeats", 0)?,
                three_purchases: cells.count("threes", 0)?,
                history_days: cells.integer("history_days", 0)?,
            };
        }
    }
    Ok(base)
}
