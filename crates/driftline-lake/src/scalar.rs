//! Bound values of a run, made without the callers knowing the query engine.

use chrono::NaiveDate;
use datafusion::common::ScalarValue;

use crate::functions::date32;

pub fn text(value: &str) -> ScalarValue {
    ScalarValue::Utf8(Some(value.to_owned()))
}

pub fn integer(value: i64) -> ScalarValue {
    ScalarValue::Int64(Some(value))
}

pub fn date(value: NaiveDate) -> ScalarValue {
    ScalarValue::Date32(Some(date32(value)))
}
