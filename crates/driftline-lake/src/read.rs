//! Reads computed tables into the plain rows that `driftline-core` and `driftline-stats` work on.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type};
use driftline_core::Minor;
use driftline_core::persona::voice::Quote;
use driftline_core::profile::{
    AttributeCount, CategoryCount, ContactCount, Flow, FlowKind, Habit, MarketTotals, SegmentProfile, TopicCount,
};
use driftline_core::scorecard::year::ScoredYear;
use driftline_core::scorecard::{RiskTenth, Scored};
use driftline_stats::cluster::Points;
use driftline_stats::purchase::History;
use driftline_stats::purchase_log::{Day, PurchaseLog};
use driftline_stats::spend::SpendHistory;

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::model::Scale;

/// One cell as a Rust value, whatever layout the column has.
struct Cells<'a> {
    table: &'a str,
    batch: &'a RecordBatch,
}

impl Cells<'_> {
    fn column(&self, name: &str) -> Result<&dyn Array> {
        self.batch
            .column_by_name(name)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::Shape { table: self.table.to_owned(), column: name.to_owned() })
    }

    fn integer(&self, name: &str, row: usize) -> Result<i64> {
        let column = self.column(name)?;
        if column.is_null(row) {
            return Ok(0);
        }
        Ok(match column.data_type() {
            DataType::Int64 => column.as_primitive::<Int64Type>().value(row),
            DataType::Int32 => i64::from(column.as_primitive::<Int32Type>().value(row)),
            DataType::Date32 => i64::from(column.as_primitive::<Date32Type>().value(row)),
            _ => return Err(Error::Shape { table: self.table.to_owned(), column: name.to_owned() }),
        })
    }

    fn count(&self, name: &str, row: usize) -> Result<u64> {
        Ok(u64::try_from(self.integer(name, row)?).unwrap_or(0))
    }

    /// A decimal as an integer at its scale, with the scale; `None` for null.
    fn decimal(&self, name: &str, row: usize) -> Result<Option<(i128, i8)>> {
        let column = self.column(name)?;
        let DataType::Decimal128(_, scale) = column.data_type() else {
            return Err(Error::Shape { table: self.table.to_owned(), column: name.to_owned() });
        };
        Ok((!column.is_null(row)).then(|| (column.as_primitive::<Decimal128Type>().value(row), *scale)))
    }

    /// A decimal rounded half away from zero to minor units.
    fn minor(&self, name: &str, row: usize) -> Result<Option<Minor>> {
        Ok(self.decimal(name, row)?.map(|(value, scale)| to_minor(value, scale)))
    }

    fn ten_thousandths(&self, name: &str, row: usize) -> Result<i128> {
        Ok(self.decimal(name, row)?.map_or(0, |(value, scale)| value * 10i128.pow(4u32.saturating_sub(scale as u32))))
    }

    fn float(&self, name: &str, row: usize) -> Result<Option<f64>> {
        let column = self.column(name)?;
        if column.is_null(row) {
            return Ok(None);
        }
        Ok(Some(match column.data_type() {
            DataType::Float64 => column.as_primitive::<Float64Type>().value(row),
            DataType::Int64 => column.as_primitive::<Int64Type>().value(row) as f64,
            DataType::Decimal128(_, scale) => {
                column.as_primitive::<Decimal128Type>().value(row) as f64 / 10f64.powi(i32::from(*scale))
            }
            _ => return Err(Error::Shape { table: self.table.to_owned(), column: name.to_owned() }),
        }))
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<String>> {
        let column = self.column(name)?;
        if column.is_null(row) {
            return Ok(None);
        }
        Ok(Some(crate::contract::shown(column, row)))
    }
}

/// Rounds half away from zero from `scale` decimals to two.
pub fn to_minor(value: i128, scale: i8) -> Minor {
    let scale = u32::try_from(scale).unwrap_or(0);
    let rounded = if scale <= 2 {
        value * 10i128.pow(2 - scale)
    } else {
        let unit = 10i128.pow(scale - 2);
        (2 * value.abs() + unit) / (2 * unit) * value.signum()
    };
    Minor(i64::try_from(rounded).unwrap_or(i64::MAX))
}

async fn each_row(
    lake: &Lake,
    table: &str,
    order: &str,
    mut visit: impl FnMut(&Cells<'_>, usize) -> Result<()>,
) -> Result<()> {
    for batch in lake.query(&format!("select * from {table} order by {order}")).await? {
        let cells = Cells { table, batch: &batch };
        for row in 0..batch.num_rows() {
            visit(&cells, row)?;
        }
    }
    Ok(())
}

/// Totals of each quarter of the market, as published in `market_periods`.
///
/// # Errors
/// `Error::Shape` if the mart lacks a column of `sql/marts/market_periods.sql`.
pub async fn market_periods(lake: &Lake) -> Result<BTreeMap<String, MarketTotals>> {
    let mut periods = BTreeMap::new();
    each_row(lake, "market_periods", "quarter", |cells, row| {
        let money = |name: &str| cells.minor(name, row).map(Option::unwrap_or_default);
        let totals = MarketTotals {
            customers: cells.count("customers", row)?,
            orders: cells.count("orders", row)?,
            lines: cells.count("lines", row)?,
            gross: money("gross_amount")?,
            returned: money("returned_amount")?,
            net: money("net_amount")?,
            unidentified_gross: money("unidentified_gross_amount")?,
            unidentified_net: money("unidentified_net_amount")?,
        };
        periods.insert(cells.text("quarter", row)?.unwrap_or_default(), totals);
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

/// The purchase log of the market, and the key of each of its customers.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn purchase_log(lake: &Lake) -> Result<(Vec<i64>, PurchaseLog)> {
    let sql = "select customer_key, order_date, cast(spend as double) as spend, cast(net_amount as double) as net_amount \
               from int_purchase_log order by customer_key, order_date";
    let mut keys: Vec<i64> = Vec::new();
    let mut rows = Vec::new();
    for batch in lake.query(sql).await? {
        let wrong = |column: &str| Error::Shape { table: "int_purchase_log".to_owned(), column: column.to_owned() };
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| wrong(name));
        let customers = column("customer_key")?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("customer_key"))?;
        let days = column("order_date")?.as_primitive_opt::<Date32Type>().ok_or_else(|| wrong("order_date"))?;
        let spends = column("spend")?.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong("spend"))?;
        let nets = column("net_amount")?.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong("net_amount"))?;
        for row in 0..batch.num_rows() {
            if keys.last() != Some(&customers.value(row)) {
                keys.push(customers.value(row));
            }
            let is_purchase = !spends.is_null(row);
            let spend = if is_purchase { spends.value(row) } else { 0.0 };
            let day = Day { day: days.value(row), is_purchase, spend, net: nets.value(row) };
            rows.push((keys.len() as u32 - 1, day));
        }
    }
    Ok((keys, PurchaseLog::new(rows, true)))
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

/// Distinct spend histories of customers with a repeat purchase.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn spend_histories(lake: &Lake) -> Result<Vec<SpendHistory>> {
    let mut histories = Vec::new();
    each_row(lake, "int_spend_histories", "repeat_purchases, mean_repeat_spend", |cells, row| {
        histories.push(SpendHistory {
            repeat_purchases: cells.integer("repeat_purchases", row)? as f64,
            mean_spend: cells.float("mean_repeat_spend", row)?.unwrap_or(0.0),
            customers: cells.integer("customers", row)? as f64,
        });
        Ok(())
    })
    .await?;
    Ok(histories)
}

/// What of the identified customers' sales stays after returns: net by sold, over their whole history; 1 if nothing was sold.
///
/// # Errors
/// `Error::Execute` if the query fails.
pub async fn net_share(lake: &Lake) -> Result<f64> {
    let sql = "select sum(net_lifetime) as net, sum(sold_lifetime) as sold from int_customers_summarised";
    for batch in lake.query(sql).await? {
        let cells = Cells { table: "int_customers_summarised", batch: &batch };
        if batch.num_rows() > 0
            && let (Some((net, _)), Some((sold, _))) = (cells.decimal("net", 0)?, cells.decimal("sold", 0)?)
            && sold > 0
        {
            return Ok((net as f64 / sold as f64).clamp(0.0, 1.0));
        }
    }
    Ok(1.0)
}

/// The feature columns of a model, by its front matter: name, scale and words.
pub fn feature_columns(lake: &Lake, chosen: &[String]) -> Vec<(String, crate::model::Feature)> {
    let Some(model) = lake.graph().models.get("customers") else { return Vec::new() };
    let all = model.front.columns.iter().filter_map(|(name, column)| Some((name.clone(), column.feature.clone()?)));
    if chosen.is_empty() {
        return all.collect();
    }
    let all: BTreeMap<_, _> = all.collect();
    chosen.iter().filter_map(|name| Some((name.clone(), all.get(name)?.clone()))).collect()
}

/// Keys and raw feature values of the active customers, by key.
///
/// # Errors
/// `Error::Shape` if a feature is no number.
pub async fn features(lake: &Lake, columns: &[(String, crate::model::Feature)]) -> Result<(Vec<i64>, Points)> {
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("cast({name} as double) as {name}")).collect();
    let sql = format!(
        "select customer_key, {} from int_customers_described where is_active order by customer_key",
        names.join(", ")
    );
    let mut keys = Vec::new();
    let mut values = Vec::new();
    for batch in lake.query(&sql).await? {
        let cells = Cells { table: "int_customers_described", batch: &batch };
        let arrays = columns
            .iter()
            .map(|(name, _)| cells.column(name).map(|column| column.as_primitive::<Float64Type>()))
            .collect::<Result<Vec<_>>>()?;
        let key_column = cells.column("customer_key")?.as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            keys.push(key_column.value(row));
            values.extend(arrays.iter().map(|array| if array.is_null(row) { 0.0 } else { array.value(row) }));
        }
    }
    Ok((keys, Points { dimensions: columns.len(), values }))
}

/// Whether a feature is taken on a log scale.
pub fn is_log(feature: &crate::model::Feature) -> bool {
    feature.scale == Scale::Log
}

/// All segment profiles, segment 0 (everyone active) first; empty if nobody is active.
///
/// # Errors
/// `Error::Shape` if a mart lacks a column that the report needs.
pub async fn segment_profiles(lake: &Lake) -> Result<Vec<SegmentProfile>> {
    let cards: Vec<(String, crate::model::Card)> = lake
        .graph()
        .models
        .get("segment_profiles")
        .map(|model| {
            model.front.columns.iter().filter_map(|(name, column)| Some((name.clone(), column.card.clone()?))).collect()
        })
        .unwrap_or_default();
    let mut profiles: BTreeMap<u32, SegmentProfile> = BTreeMap::new();
    each_row(lake, "segment_profiles", "segment", |cells, row| {
        let segment = cells.integer("segment", row)? as u32;
        let mut habits = Vec::new();
        for (column, card) in &cards {
            // A habit that the exports do not tell is left out, never shown as zero.
            let Some(mean) = cells.float(column, row)? else { continue };
            habits.push(Habit {
                column: column.clone(),
                label: card.label.clone(),
                unit: card.unit.clone(),
                decimals: card.decimals,
                mean,
                base_mean: mean,
            });
        }
        profiles.insert(
            segment,
            SegmentProfile {
                segment,
                customers: cells.count("customers", row)?,
                value: cells.minor("value_12_months", row)?,
                net_period: cells.minor("net_period", row)?.unwrap_or_default(),
                churn_risk: cells.float("churn_risk", row)?,
                next_period: cells.minor("next_period_value", row)?,
                habits,
                categories: Vec::new(),
                attributes: Vec::new(),
                contacts: Vec::new(),
                topics: Vec::new(),
                quotes: Vec::new(),
            },
        );
        Ok(())
    })
    .await?;
    if let Some(base) = profiles.get(&0).map(|everyone| everyone.habits.clone()) {
        for profile in profiles.values_mut() {
            for habit in &mut profile.habits {
                if let Some(base) = base.iter().find(|base| base.column == habit.column) {
                    habit.base_mean = base.mean;
                }
            }
        }
    }
    each_row(lake, "segment_categories", "segment, sold_amount desc, category", |cells, row| {
        if let (Some(profile), Some(category)) =
            (profiles.get_mut(&(cells.integer("segment", row)? as u32)), cells.text("category", row)?)
        {
            let (customers, sold) =
                (cells.count("customers", row)?, cells.minor("sold_amount", row)?.unwrap_or_default());
            profile.categories.push(CategoryCount { category, customers, sold });
        }
        Ok(())
    })
    .await?;
    each_row(lake, "segment_attributes", "segment, attribute, value", |cells, row| {
        if let Some(profile) = profiles.get_mut(&(cells.integer("segment", row)? as u32)) {
            profile.attributes.push(AttributeCount {
                attribute: cells.text("attribute", row)?.unwrap_or_default(),
                value: cells.text("value", row)?.unwrap_or_default(),
                customers: cells.count("customers", row)?,
            });
        }
        Ok(())
    })
    .await?;
    each_row(lake, "segment_contacts", "segment, campaign_type", |cells, row| {
        if let Some(profile) = profiles.get_mut(&(cells.integer("segment", row)? as u32)) {
            profile.contacts.push(ContactCount {
                campaign_type: cells.text("campaign_type", row)?.unwrap_or_default(),
                contacted: cells.count("contacted", row)?,
                responded: cells.count("responded", row)?,
            });
        }
        Ok(())
    })
    .await?;
    each_row(lake, "segment_topics", "segment, source, topic", |cells, row| {
        if let Some(profile) = profiles.get_mut(&(cells.integer("segment", row)? as u32)) {
            profile.topics.push(TopicCount {
                source: cells.text("source", row)?.unwrap_or_default(),
                topic: cells.text("topic", row)?.unwrap_or_default(),
                customers: cells.count("customers", row)?,
            });
        }
        Ok(())
    })
    .await?;
    each_row(lake, "segment_quotes", "segment, place", |cells, row| {
        if let Some(profile) = profiles.get_mut(&(cells.integer("segment", row)? as u32)) {
            profile.quotes.push(Quote {
                source: cells.text("source", row)?.unwrap_or_default(),
                given_on: cells.text("given_on", row)?.and_then(|day| day.parse().ok()).unwrap_or_default(),
                text: cells.text("text", row)?.unwrap_or_default(),
            });
        }
        Ok(())
    })
    .await?;
    Ok(profiles.into_values().collect())
}

/// The flows from last period's customers to this one's.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn flows(lake: &Lake) -> Result<Vec<Flow>> {
    let mut flows = Vec::new();
    let order = "flow, from_segment, to_segment, published_segment, now_segment";
    each_row(lake, "customer_flows", order, |cells, row| {
        let kind = match cells.text("flow", row)?.as_deref() {
            Some("new") => FlowKind::New,
            Some("returning") => FlowKind::Returning,
            Some("lost") => FlowKind::Lost,
            Some("stayed") => FlowKind::Stayed,
            _ => FlowKind::Outside,
        };
        flows.push(Flow {
            kind,
            from_segment: cells.integer("from_segment", row)? as u32,
            to_segment: cells.integer("to_segment", row)? as u32,
            published_segment: cells.integer("published_segment", row)? as u32,
            now_segment: cells.integer("now_segment", row)? as u32,
            customers: cells.count("customers", row)?,
            customers_restated: cells.count("customers_restated", row)?,
            customers_redefined: cells.count("customers_redefined", row)?,
            value_published: cells.minor("value_published", row)?.unwrap_or_default(),
            value_now: cells.minor("value_now", row)?.unwrap_or_default(),
            net_published_e4: cells.ten_thousandths("net_published", row)?,
            trailing_published_e4: cells.ten_thousandths("trailing_published", row)?,
            value_from: cells.minor("value_from", row)?.unwrap_or_default(),
            value_to: cells.minor("value_to", row)?.unwrap_or_default(),
            net_from_e4: cells.ten_thousandths("net_from", row)?,
            net_to_e4: cells.ten_thousandths("net_to", row)?,
            trailing_from_e4: cells.ten_thousandths("trailing_from", row)?,
            trailing_to_e4: cells.ten_thousandths("trailing_to", row)?,
            value_from_squares: cells.float("value_from_squares", row)?.unwrap_or(0.0),
            value_to_squares: cells.float("value_to_squares", row)?.unwrap_or(0.0),
            value_change_squares: cells.float("value_change_squares", row)?.unwrap_or(0.0),
        });
        Ok(())
    })
    .await?;
    Ok(flows)
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
