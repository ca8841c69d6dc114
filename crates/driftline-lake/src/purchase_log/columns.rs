//! Columns of a log as days, amounts and text; what does not fit is told with its row.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use chrono_tz::Tz;

use super::cast::cast;
use crate::functions;

pub(super) fn amounts(column: &ArrayRef, name: &str, first_row: u64) -> std::result::Result<Float64Array, String> {
    let plain = cast(column, &DataType::Float64, name, "an amount of money", first_row)?;
    Ok(plain.as_primitive::<arrow::datatypes::Float64Type>().clone())
}

/// The calendar day of each row in `zone`; dates are taken as they are.
pub(super) fn local_days(
    column: &ArrayRef,
    name: &str,
    zone: Tz,
    first_row: u64,
) -> std::result::Result<Int32Array, String> {
    let by_seconds = |seconds: i64| functions::local_day(seconds, zone);
    Ok(match column.data_type() {
        DataType::Date32 => column.as_primitive::<Date32Type>().unary(|day| day),
        DataType::Date64 => column.as_primitive::<Date64Type>().unary(|millis| millis.div_euclid(86_400_000) as i32),
        DataType::Timestamp(TimeUnit::Second, _) => column.as_primitive::<TimestampSecondType>().unary(by_seconds),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            column.as_primitive::<TimestampMillisecondType>().unary(|time| by_seconds(time.div_euclid(1_000)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            column.as_primitive::<TimestampMicrosecondType>().unary(|time| by_seconds(time.div_euclid(1_000_000)))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            column.as_primitive::<TimestampNanosecondType>().unary(|time| by_seconds(time.div_euclid(1_000_000_000)))
        }
        DataType::Null => Int32Array::new_null(column.len()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            let times =
                cast(column, &DataType::Timestamp(TimeUnit::Second, None), name, "a date or a timestamp", first_row)?;
            times.as_primitive::<TimestampSecondType>().unary(by_seconds)
        }
        other => {
            let found = crate::types::name(other);
            return Err(format!("column `{name}` is {found}, expected a date or a timestamp"));
        }
    })
}
