//! The SQL functions that DataFusion lacks: pseudonyms, local dates and the scores of the fitted models.
//!
//! All are stateless: parameters are arguments, so the same call means the same on every machine and in every query.

mod distinct_keys;
mod function;
mod scores;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use chrono::{Datelike, Months, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, StringArrayType};
use datafusion::arrow::datatypes::{DataType, Date32Type, Float64Type, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    AggregateUDF, ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use twox_hash::XxHash3_128;

use self::distinct_keys::CountDistinctKeys;
use self::function::Function;
use crate::purchase_log::ids;

/// How models write the key, and what stands in their plans in its place: plans are logged and quoted in errors.
pub(crate) const KEY: &str = "$pseudonym_key";
/// Its name among the bound values.
pub(crate) const KEY_NAME: &str = "pseudonym_key";

#[derive(Debug, PartialEq, Eq, Hash)]
struct Registered {
    function: Function,
    signature: Signature,
    key: Key,
}

/// The key of a session's pseudonyms, which no text shows.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(Arc<str>);

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(…)")
    }
}

/// Registers every function of this module; `key` is what `$pseudonym_key` means.
pub fn register(context: &SessionContext, key: &str) {
    use Function::*;
    let key = Key(Arc::from(key));
    for function in [
        Pseudonym,
        TextKey,
        LocalDate,
        DaysBetween,
        MonthNumber,
        NaturalLog,
        ProbabilityAlive,
        ProbabilityNoPurchase,
        ExpectedPurchases,
        DiscountedPurchases,
        TimeToPurchase,
        ExpectedSpend,
    ] {
        let signature = Signature::one_of(function.arguments(), Volatility::Immutable);
        context.register_udf(ScalarUDF::new_from_impl(Registered { function, signature, key: key.clone() }));
    }
    context.register_udaf(AggregateUDF::new_from_impl(CountDistinctKeys::new()));
}

impl ScalarUDFImpl for Registered {
    fn name(&self) -> &str {
        match self.function {
            Function::Pseudonym => "pseudonym",
            Function::TextKey => "text_key",
            Function::LocalDate => "local_date",
            Function::DaysBetween => "days_between",
            Function::MonthNumber => "month_number",
            Function::NaturalLog => "natural_log",
            Function::ProbabilityAlive => "p_alive",
            Function::ProbabilityNoPurchase => "p_no_purchase",
            Function::ExpectedPurchases => "expected_purchases",
            Function::DiscountedPurchases => "discounted_purchases",
            Function::TimeToPurchase => "time_to_purchase",
            Function::ExpectedSpend => "expected_spend",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.function {
            Function::Pseudonym | Function::TextKey | Function::DaysBetween | Function::MonthNumber => DataType::Int64,
            Function::LocalDate => DataType::Date32,
            _ => DataType::Float64,
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        // All-scalar calls come with arrays of length one; repeat them to the batch.
        let rows = if columns.iter().all(|column| column.len() == 1) { 1 } else { rows };
        let result: ArrayRef = match self.function {
            Function::Pseudonym => Arc::new(match columns[1].as_string_view_opt() {
                Some(ids) => pseudonyms(&self.key, &columns[0], ids, rows)?,
                None => pseudonyms(&self.key, &columns[0], columns[1].as_string::<i32>(), rows)?,
            }),
            Function::TextKey => Arc::new(match columns[0].as_string_view_opt() {
                Some(texts) => text_keys(texts),
                None => text_keys(columns[0].as_string::<i32>()),
            }),
            Function::LocalDate => Arc::new(local_dates(&columns, rows)?),
            Function::DaysBetween => Arc::new(days_between(&columns)),
            Function::MonthNumber => Arc::new(month_numbers(&columns)),
            Function::NaturalLog => Arc::new(natural_logs(&columns[0])),
            Function::ExpectedSpend => Arc::new(scores::of_spend(&columns)),
            scored => Arc::new(scores::of_purchases(scored, &columns)?),
        };
        Ok(ColumnarValue::Array(result))
    }
}

fn pseudonyms<'a>(own: &Key, keys: &ArrayRef, ids: impl StringArrayType<'a>, rows: usize) -> Result<Int64Array> {
    let keys = keys.as_string::<i32>();
    if rows == 0 || keys.is_null(0) {
        return Ok(Int64Array::new_null(rows));
    }
    // The key is a bound value, the same for every row; its schedule is computed once a batch.
    let key = if keys.value(0) == KEY { own.0.as_ref() } else { keys.value(0) };
    let keyed = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    let Ok(keyed) = keyed else { return exec_err!("pseudonym: unusable key") };
    let pseudonym = |id: &str| {
        let mut mac = keyed.clone();
        mac.update(id.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut first = [0u8; 8];
        first.copy_from_slice(&digest[..8]);
        (u64::from_be_bytes(first) >> 1) as i64
    };
    // Lines of an order lie together in most exports, so the same id mostly comes again at once.
    let mut last: Option<(&str, i64)> = None;
    let mut known = |id| match last {
        Some((before, key)) if before == id => key,
        _ => {
            let key = pseudonym(id);
            last = Some((id, key));
            key
        }
    };
    let id = |row: usize| if ids.is_null(row) { None } else { ids::canonical(ids.value(row)) };
    Ok((0..rows).map(|row| id(row).map(&mut known)).collect())
}

fn text_keys<'a>(texts: impl StringArrayType<'a>) -> Int64Array {
    let key = |text: &str| (XxHash3_128::oneshot(text.as_bytes()) as u64 >> 1) as i64;
    texts.iter().map(|text| text.map(key)).collect()
}

fn local_dates(columns: &[ArrayRef], rows: usize) -> Result<Date32Array> {
    let (times, zones) = (columns[0].as_primitive::<TimestampMicrosecondType>(), columns[1].as_string::<i32>());
    if rows == 0 || zones.is_null(0) {
        return Ok(Date32Array::new_null(rows));
    }
    let Ok(zone) = zones.value(0).parse::<Tz>() else {
        return exec_err!("local_date: `{}` is not a time zone; expected a name like Europe/Berlin", zones.value(0));
    };
    let day = |micros: i64| local_day(micros.div_euclid(1_000_000), zone);
    Ok((0..rows).map(|row| (!times.is_null(row)).then(|| day(times.value(row)))).collect())
}

/// The calendar day, since 1970-01-01, of an instant in a time zone.
pub(crate) fn local_day(seconds: i64, zone: Tz) -> i32 {
    const DAY_SECONDS: i64 = 86_400;
    let offset = if zone == Tz::UTC {
        0
    } else {
        let utc = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc();
        i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
    };
    i32::try_from((seconds + offset).div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX)
}

fn days_between(columns: &[ArrayRef]) -> Int64Array {
    let (from, to) = (columns[0].as_primitive::<Date32Type>(), columns[1].as_primitive::<Date32Type>());
    from.iter().zip(to).map(|(from, to)| Some(i64::from(to?) - i64::from(from?))).collect()
}

fn month_numbers(columns: &[ArrayRef]) -> Int64Array {
    let days = columns[0].as_primitive::<Date32Type>();
    // Lines of a month lie together in most exports, so the next day is mostly in the same month.
    let mut last = (0..0, None);
    let mut known = |day| {
        if !last.0.contains(&day) {
            last = month_of(day).map_or((0..0, None), |(days, number)| (days, Some(number)));
        }
        last.1
    };
    days.iter().map(|day| day.and_then(&mut known)).collect()
}

fn natural_logs(numbers: &ArrayRef) -> Float64Array {
    let log = |number: f64| (number > 0.0).then(|| driftline_stats::habit::natural_log(number));
    numbers.as_primitive::<Float64Type>().iter().map(|number| number.and_then(log)).collect()
}

/// The days of a day's month, and its number.
fn month_of(day: i32) -> Option<(Range<i32>, i64)> {
    let first = NaiveDate::from_epoch_days(day)?.with_day(1)?;
    let next = first.checked_add_months(Months::new(1))?;
    Some((first.to_epoch_days()..next.to_epoch_days(), 12 * i64::from(first.year()) + i64::from(first.month0())))
}

/// Days since 1970-01-01, as Arrow stores dates.
pub fn date32(day: NaiveDate) -> i32 {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    i32::try_from((day - epoch).num_days()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_numbered_whatever_day_comes_next() {
        let dates = ["0000-01-31", "2024-02-29", "2024-02-01", "2024-03-01", "1969-12-31", "2023-12-31", "2024-02-28"];
        let days = dates.map(|text| text.parse().ok().map(date32)).into_iter().chain([None]);
        let column: ArrayRef = Arc::new(days.collect::<Date32Array>());
        let month = |year: i64, month: i64| Some(12 * year + month - 1);
        let expected = [
            month(0, 1),
            month(2024, 2),
            month(2024, 2),
            month(2024, 3),
            month(1969, 12),
            month(2023, 12),
            month(2024, 2),
        ];
        let expected: Int64Array = expected.into_iter().chain([None]).collect();
        assert_eq!(month_numbers(&[column]), expected);
    }
}
