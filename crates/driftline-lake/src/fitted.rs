//! The tables that fitted models give to SQL: parameters as rows, and the segment of each customer.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use driftline_core::facets::Answer;
use driftline_stats::purchase::PurchaseModel;
use driftline_stats::returns::Returns;
use driftline_stats::spend::SpendModel;

use crate::error::{Error, Result};
use crate::lake::Lake;

const PURCHASE: [&str; 4] = ["first_parameter", "second_parameter", "third_parameter", "fourth_parameter"];

/// Gives `fitted.purchase_model` and `fitted.spend_model`, those of all customers together: for a company's own queries. Without
/// models the tables are empty.
///
/// # Errors
/// `Error::Engine` if a table cannot be registered.
pub fn register_models(lake: &Lake, models: Option<(&PurchaseModel, &SpendModel, Returns)>) -> Result<()> {
    let number = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
    let mut fields = vec![Field::new("model", DataType::Utf8, true)];
    fields.extend(PURCHASE.iter().map(|name| Field::new(*name, DataType::Float64, true)));
    let purchase_schema: SchemaRef = Arc::new(Schema::new(fields));
    let spend_schema: SchemaRef = Arc::new(Schema::new(
        ["p", "q", "gamma", "own_above", "net_share", "net_share_prior_days"]
            .iter()
            .map(|name| Field::new(*name, DataType::Float64, true))
            .collect::<Vec<_>>(),
    ));
    let (purchase_rows, spend_rows) = match models {
        None => (vec![], vec![]),
        Some((purchase, spend, returns)) => {
            let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(vec![purchase.kind.to_string()]))];
            columns.extend(purchase.parameters.iter().map(|value| number(*value)));
            let maybe = |value: Option<f64>| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
            let spend = vec![
                number(spend.p),
                number(spend.q),
                number(spend.gamma),
                maybe(spend.own_above),
                number(returns.share),
                maybe(returns.prior_days),
            ];
            (vec![batch(&purchase_schema, columns)?], vec![batch(&spend_schema, spend)?])
        }
    };
    lake.register("fitted", "purchase_model", purchase_schema, purchase_rows)?;
    lake.register("fitted", "spend_model", spend_schema, spend_rows)
}

/// Gives `fitted.persona_facets`: what facets say of the persona of a key, and of everyone active without one.
///
/// # Errors
/// `Error::Engine` if the table cannot be registered.
pub fn register_persona_facets(lake: &Lake, rows: &[(Option<&str>, &Answer)]) -> Result<()> {
    let of = |get: &dyn Fn(&Answer) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, answer)| get(answer)).collect::<Float64Array>())
    };
    type Row<'a> = (Option<&'a str>, &'a Answer);
    let text = |get: &dyn Fn(&Row<'_>) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(get).collect::<StringArray>())
    };
    let count = |get: &dyn Fn(&Answer) -> Option<u64>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, answer)| get(answer).map(|count| count as i64)).collect::<Int64Array>())
    };
    let truth = |get: &dyn Fn(&Answer) -> Option<bool>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, answer)| get(answer)).collect::<BooleanArray>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("persona", text(&|(persona, _)| persona.map(str::to_owned))),
        ("facet", text(&|(_, answer)| Some(answer.facet.clone()))),
        ("question", text(&|(_, answer)| answer.group.clone())),
        ("item", text(&|(_, answer)| answer.item.clone())),
        ("of", count(&|answer| Some(answer.of))),
        ("customers", count(&|answer| answer.customers)),
        ("figure", of(&|answer| Some(answer.figure))),
        ("low_95", of(&|answer| Some(answer.low_95))),
        ("high_95", of(&|answer| Some(answer.high_95))),
        ("others", of(&|answer| answer.others)),
        ("stands_out", truth(&|answer| Some(answer.stands_out))),
        ("last_period", of(&|answer| answer.last.as_ref().map(|past| past.figure))),
        ("is_changed", truth(&|answer| answer.last.as_ref().map(|past| past.is_changed))),
        ("year_ago", of(&|answer| answer.year_ago.as_ref().map(|past| past.figure))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let rows = batch(&schema, columns.into_iter().map(|(_, column)| column).collect())?;
    lake.register("fitted", "persona_facets", schema, vec![rows])
}

/// Gives `fitted.segments`: one row per active customer, with the purchases a month to expect where they are known.
///
/// # Errors
/// `Error::Engine` if the table cannot be registered.
pub fn register_segments(lake: &Lake, keys: &[i64], segments: &[i64], rates: &[Option<f64>]) -> Result<()> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("customer_key", DataType::Int64, true),
        Field::new("segment", DataType::Int64, true),
        Field::new("purchases_a_month", DataType::Float64, true),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(keys.to_vec())),
        Arc::new(Int64Array::from(segments.to_vec())),
        Arc::new(Float64Array::from(rates.to_vec())),
    ];
    let rows = batch(&schema, columns)?;
    lake.register("fitted", "segments", schema, vec![rows])
}

/// Gives `fitted.last_segments`: this period's customers by last period's model.
///
/// # Errors
/// `Error::Engine` if the table cannot be registered.
pub fn register_last_segments(lake: &Lake, keys: &[i64], segments: &[i64]) -> Result<()> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("customer_key", DataType::Int64, true),
        Field::new("segment", DataType::Int64, true),
    ]));
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(keys.to_vec())), Arc::new(Int64Array::from(segments.to_vec()))];
    let rows = batch(&schema, columns)?;
    lake.register("fitted", "last_segments", schema, vec![rows])
}

/// Gives `fitted.drawn_customers`: whom scales of habits and the search for segments are made from.
///
/// # Errors
/// `Error::Engine` if the table cannot be registered.
pub fn register_drawn(lake: &Lake, keys: &[i64]) -> Result<()> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("customer_key", DataType::Int64, true)]));
    let rows = batch(&schema, vec![Arc::new(Int64Array::from(keys.to_vec()))])?;
    lake.register("fitted", "drawn_customers", schema, vec![rows])
}

/// What customers spend on one item, as a part of what they spend where the export tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemShares {
    /// `category` or `channel`.
    pub habit: String,
    pub item: String,
    /// Of each customer, in millionths.
    pub shares: Vec<u32>,
}

/// Gives `fitted.item_shares`: the shares of the items that names and rules of personas speak of, of the customers with these keys who have any.
///
/// # Errors
/// `Error::Engine` if the table cannot be registered.
pub fn register_item_shares(lake: &Lake, keys: &[i64], items: &[ItemShares]) -> Result<()> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("customer_key", DataType::Int64, true),
        Field::new("habit", DataType::Utf8, true),
        Field::new("item", DataType::Utf8, true),
        Field::new("share", DataType::Decimal128(9, 6), true),
    ]));
    let of = |of: &ItemShares| {
        let (keys, shares): (Vec<i64>, Vec<i128>) = keys
            .iter()
            .zip(&of.shares)
            .filter(|(_, share)| **share > 0)
            .map(|(key, share)| (*key, i128::from(*share)))
            .unzip();
        let text = |text: &str| Arc::new(StringArray::from_iter_values(keys.iter().map(|_| text))) as ArrayRef;
        let share = Decimal128Array::from(shares).with_data_type(DataType::Decimal128(9, 6));
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from(keys.clone())), text(&of.habit), text(&of.item), Arc::new(share)];
        batch(&schema, columns)
    };
    let rows = items.iter().map(of).collect::<Result<Vec<_>>>()?;
    lake.register("fitted", "item_shares", Arc::clone(&schema), rows)
}

/// Gives every fitted table without rows: what models are planned and tested against before anything is fitted.
///
/// # Errors
/// `Error::Engine` if a table cannot be registered.
pub fn register_none(lake: &Lake) -> Result<()> {
    register_models(lake, None)?;
    register_segments(lake, &[], &[], &[])?;
    register_drawn(lake, &[])?;
    register_item_shares(lake, &[], &[])?;
    register_persona_facets(lake, &[])?;
    register_last_segments(lake, &[], &[])?;
    register_last_outlooks(lake, &Outlooks::default())?;
    register_outlooks(lake, &Outlooks::default())
}

/// What the fitted models say of each customer who has bought. All columns are as long as `keys`, or empty where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Outlooks {
    pub keys: Vec<i64>,
    pub p_alive: Vec<Option<f64>>,
    /// P(no purchase in the horizon).
    pub churn_risk: Vec<Option<f64>>,
    /// Until the customer has bought again with a probability of one half.
    pub days_to_purchase: Vec<Option<f64>>,
    /// In 365 days.
    pub expected_purchases: Vec<Option<f64>>,
    /// A purchase day.
    pub expected_spend: Vec<Option<f64>>,
    /// Net amounts.
    pub value_12_months: Vec<Option<f64>>,
    pub next_period_value: Vec<Option<f64>>,
}

/// Gives `fitted.outlooks`: what this period's models say of its customers.
///
/// # Errors
/// `Error::Engine` if the table cannot be registered.
pub fn register_outlooks(lake: &Lake, of: &Outlooks) -> Result<()> {
    let columns = [
        ("p_alive", &of.p_alive),
        ("churn_risk", &of.churn_risk),
        ("days_to_purchase", &of.days_to_purchase),
        ("expected_purchases", &of.expected_purchases),
        ("expected_spend", &of.expected_spend),
        ("value_12_months", &of.value_12_months),
        ("next_period_value", &of.next_period_value),
    ];
    register_scores(lake, "outlooks", &of.keys, &columns)
}

/// Gives `fitted.last_outlooks`: what last period's models say of this period's customers.
///
/// # Errors
/// `Error::Engine` if the table cannot be registered.
pub fn register_last_outlooks(lake: &Lake, of: &Outlooks) -> Result<()> {
    let columns = [("churn_risk", &of.churn_risk), ("value_12_months", &of.value_12_months)];
    register_scores(lake, "last_outlooks", &of.keys, &columns)
}

fn register_scores(lake: &Lake, name: &str, keys: &[i64], columns: &[(&str, &Vec<Option<f64>>)]) -> Result<()> {
    let mut fields = vec![Field::new("customer_key", DataType::Int64, true)];
    fields.extend(columns.iter().map(|(name, _)| Field::new(*name, DataType::Float64, true)));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let number = |values: &Vec<Option<f64>>| -> ArrayRef {
        if values.is_empty() {
            return Arc::new(Float64Array::new_null(keys.len()));
        }
        Arc::new(Float64Array::from(values.clone()))
    };
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(keys.to_vec()))];
    arrays.extend(columns.iter().map(|(_, values)| number(values)));
    let rows = batch(&schema, arrays)?;
    lake.register("fitted", name, schema, vec![rows])
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(schema.clone(), columns).map_err(|error| Error::Engine(Box::new(error.into())))
}
