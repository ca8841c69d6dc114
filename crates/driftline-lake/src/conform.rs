//! Columns of files as they are declared: whatever lossless form a file has them in, one value is one value.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringViewArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::drift::is_key;
use crate::purchase_log::ids;
use crate::types;

/// Numbers with a point from which on neighbours are one.
const FLOAT64_EXACT: f64 = 9_007_199_254_740_992.0;
const FLOAT32_EXACT: f64 = 16_777_216.0;

const DAY_MICROS: i64 = 86_400_000_000;

/// How the clock of a file's times becomes the source's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// As the source declares.
    Same,
    /// Local times of a zone among instants: they become instants.
    LocalToInstant(Tz),
    /// Instants among local times: they become local.
    InstantToLocal(Tz),
}

/// Whether a file's column can be read as a declared one without losing anything, given that its values allow it.
pub(crate) fn readable(name: &str, declared: &DataType, found: &DataType) -> bool {
    use DataType::*;
    let found = plain(found);
    let is_number = found.is_integer() || matches!(found, Float32 | Float64 | Decimal128(_, 0));
    match declared {
        _ if *found == Null => true,
        Utf8 | Utf8View => is_number || is_text(found),
        Int32 | Int64 => is_number || (is_key(name) && is_text(found)),
        Float64 if found.is_integer() => true,
        Float64 if is_key(name) && is_text(found) => true,
        declared => types::readable_as(declared, found),
    }
}

fn plain(found: &DataType) -> &DataType {
    match found {
        DataType::Dictionary(_, value) => value,
        other => other,
    }
}

fn is_text(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView)
}

/// A column of a file as declared; `first_row` is how many rows of the file come before it.
///
/// # Errors
/// A sentence with the row and the value that has no place in the declared type.
pub(crate) fn column(
    name: &str,
    declared: &DataType,
    found: &ArrayRef,
    clock: Clock,
    first_row: u64,
) -> Result<ArrayRef, String> {
    let found_type = plain(found.data_type()).clone();
    if found_type == DataType::Null {
        return Ok(new_null_array(declared, found.len()));
    }
    let found = cast(name, &found_type, found, first_row)?;
    match declared {
        DataType::Utf8View | DataType::Utf8 => text(name, declared, &found, first_row),
        DataType::Int32 | DataType::Int64 => {
            let whole = whole(name, &found, first_row)?;
            cast(name, declared, &whole, first_row)
        }
        DataType::Float64 if is_text(&found_type) || found_type.is_integer() => {
            let whole = whole(name, &found, first_row)?;
            let numbers = cast(name, declared, &whole, first_row)?;
            exact(name, numbers.as_primitive::<Float64Type>().iter(), FLOAT64_EXACT, first_row)?;
            Ok(numbers)
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let unmarked = DataType::Timestamp(unit_of(&found_type), None);
            let times = cast(name, declared, &cast(name, &unmarked, &found, first_row)?, first_row)?;
            Ok(shifted(times, clock))
        }
        declared => cast(name, declared, &found, first_row),
    }
}

fn unit_of(data_type: &DataType) -> TimeUnit {
    match data_type {
        DataType::Timestamp(unit, _) => *unit,
        _ => TimeUnit::Microsecond,
    }
}

/// Text as it is; numbers as ids are written; an id without blanks around it, and none if nothing is left.
fn text(name: &str, declared: &DataType, found: &ArrayRef, first_row: u64) -> Result<ArrayRef, String> {
    let texts: ArrayRef = if is_text(found.data_type()) {
        cast(name, declared, found, first_row)?
    } else {
        std::sync::Arc::new(ids::texts(found, name, first_row, &mut ids::Kinds::default())?)
    };
    let texts = cast(name, &DataType::Utf8View, &texts, first_row)?;
    let texts = if is_key(name) { canonical(texts) } else { texts };
    cast(name, declared, &texts, first_row)
}

fn canonical(texts: ArrayRef) -> ArrayRef {
    let view = texts.as_string_view();
    if view.iter().flatten().all(|id| ids::canonical(id) == Some(id)) {
        return texts;
    }
    let ids: StringViewArray = view.iter().map(|id| id.and_then(ids::canonical)).collect();
    std::sync::Arc::new(ids)
}

/// Whole numbers, from whatever holds them. A number with a point that is no number at all is a missing one.
fn whole(name: &str, found: &ArrayRef, first_row: u64) -> Result<ArrayRef, String> {
    let floats: Vec<Option<f64>> = match found.data_type() {
        DataType::Float64 => found.as_primitive::<Float64Type>().iter().collect(),
        DataType::Float32 => found.as_primitive::<Float32Type>().iter().map(|value| value.map(f64::from)).collect(),
        other if is_text(other) => {
            let texts = cast(name, &DataType::Utf8, found, first_row)?;
            let texts: StringArray = texts.as_string::<i32>().iter().map(|id| id.and_then(ids::canonical)).collect();
            let texts: ArrayRef = std::sync::Arc::new(texts);
            return cast(name, &DataType::Int64, &texts, first_row);
        }
        _ => return cast(name, &DataType::Int64, found, first_row),
    };
    let floats = || floats.iter().map(|value| value.filter(|value| !value.is_nan()));
    let limit = if *found.data_type() == DataType::Float32 { FLOAT32_EXACT } else { FLOAT64_EXACT };
    exact(name, floats(), limit, first_row)?;
    let is_broken = |value: &Option<f64>| value.is_some_and(|value| value.fract() != 0.0);
    if let Some((row, value)) = floats().enumerate().find(|(_, value)| is_broken(value)) {
        let (row, value) = (first_row + row as u64 + 1, value.unwrap_or_default());
        return Err(format!("column `{name}` is {value} in row {row}; expected a whole number"));
    }
    let whole: Int64Array = floats().map(|value| value.map(|value| value as i64)).collect();
    Ok(std::sync::Arc::new(whole))
}

fn exact(name: &str, values: impl Iterator<Item = Option<f64>>, limit: f64, first_row: u64) -> Result<(), String> {
    let large = values.enumerate().find(|(_, value)| value.is_some_and(|value| value.abs() >= limit));
    let Some((row, value)) = large else { return Ok(()) };
    let (row, value) = (first_row + row as u64 + 1, value.unwrap_or_default());
    Err(format!(
        "column `{name}` is {value} in row {row}; numbers with a point cannot tell whole numbers of that size apart: export it as int64 or text"
    ))
}

fn shifted(times: ArrayRef, clock: Clock) -> ArrayRef {
    let micros = times.as_primitive::<TimestampMicrosecondType>();
    let utc = |micros: i64| DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc());
    let to_local = |zone: Tz, micros: i64| {
        let offset = utc(micros).map_or(0, |time| zone.offset_from_utc_datetime(&time).fix().local_minus_utc());
        micros.saturating_add(i64::from(offset) * 1_000_000)
    };
    match clock {
        Clock::Same => times,
        Clock::InstantToLocal(zone) => {
            std::sync::Arc::new(micros.unary::<_, TimestampMicrosecondType>(|time| to_local(zone, time)))
        }
        // In the hour that comes twice the first one is meant; in the one that is left out, what the clock would have shown.
        Clock::LocalToInstant(zone) => std::sync::Arc::new(micros.unary::<_, TimestampMicrosecondType>(|time| {
            let Some(local) = utc(time) else { return time };
            match zone.from_local_datetime(&local).earliest() {
                Some(instant) => instant.timestamp_micros(),
                None => {
                    let before = time - DAY_MICROS;
                    time - (to_local(zone, before) - before)
                }
            }
        })),
    }
}

/// Casts; a value that does not fit is an error that names its row and shows it.
fn cast(name: &str, to: &DataType, column: &ArrayRef, first_row: u64) -> Result<ArrayRef, String> {
    if column.data_type() == to {
        return Ok(column.clone());
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, to, &strict).map_err(|error| {
        let loose = cast_with_options(column, to, &CastOptions::default());
        let is_lost = |row: &usize| loose.as_ref().is_ok_and(|loose| loose.is_null(*row) && column.is_valid(*row));
        let (found, expected) = (types::name(column.data_type()), types::name(to));
        match (0..column.len()).find(is_lost) {
            Some(row) => {
                let place = first_row + row as u64 + 1;
                format!("column `{name}` ({found}) is {} in row {place}; expected {expected}", shown(column, row))
            }
            None => format!("column `{name}` is {found}; expected {expected} ({error})"),
        }
    })
}

fn shown(column: &ArrayRef, row: usize) -> String {
    match column.data_type() {
        DataType::Timestamp(..) => {
            let seconds = DataType::Timestamp(TimeUnit::Second, None);
            let years = cast_with_options(column, &seconds, &CastOptions::default());
            years.map_or_else(|_| "a far time".to_owned(), |years| crate::example::shown(years.as_ref(), row))
        }
        _ => format!("`{}`", crate::example::shown(column.as_ref(), row)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{Float64Array, TimestampMicrosecondArray, TimestampMillisecondArray};

    use super::*;

    fn micros(text: &str) -> i64 {
        let time: DateTime<chrono::Utc> = format!("{text}Z").parse().unwrap();
        time.timestamp_micros()
    }

    /// Also in the hour that comes twice, the one that is left out, and in years that a calendar hardly has.
    #[test]
    fn local_times_and_instants_become_each_other() {
        const TIMES: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
        let zone = chrono_tz::Europe::Berlin;
        let shifted = |clock: Clock, micros: i64| -> i64 {
            let column: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![micros]));
            let read = self::column("t", &TIMES, &column, clock, 0).unwrap();
            read.as_primitive::<TimestampMicrosecondType>().value(0)
        };
        for (local, instant) in [
            ("2025-07-01T00:30:00", "2025-06-30T22:30:00"),
            ("2025-12-31T23:30:00", "2025-12-31T22:30:00"),
            ("2025-10-26T02:30:00", "2025-10-26T00:30:00"),
            ("2025-03-30T02:30:00", "2025-03-30T01:30:00"),
            ("9999-12-31T12:00:00", "9999-12-31T11:00:00"),
        ] {
            assert_eq!(shifted(Clock::LocalToInstant(zone), micros(local)), micros(instant), "{local}");
            assert_eq!(shifted(Clock::Same, micros(local)), micros(local));
        }
        assert_eq!(shifted(Clock::InstantToLocal(zone), micros("2025-06-30T22:30:00")), micros("2025-07-01T00:30:00"));
        for far in [i64::MAX, i64::MIN] {
            assert_eq!(shifted(Clock::LocalToInstant(zone), far), far);
            shifted(Clock::InstantToLocal(zone), far);
        }
        let column: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![0, i64::MAX]));
        let refused = self::column("t", &TIMES, &column, Clock::Same, 10).unwrap_err();
        assert!(refused.contains("in row 12"), "{refused}");
    }

    #[test]
    fn values_that_do_not_fit_are_told_by_row() {
        let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN, 2.5, 1e17]));
        let read =
            |type_name: &DataType, rows: usize| self::column("id", type_name, &column.slice(0, rows), Clock::Same, 0);
        let whole = read(&DataType::Int64, 2).unwrap();
        assert_eq!((whole.null_count(), contract(&whole)), (1, "1".to_owned()));
        assert!(read(&DataType::Int64, 3).unwrap_err().contains("`id` is 2.5 in row 3"));
        assert!(read(&DataType::Int32, 4).unwrap_err().contains("in row 4"));
        assert_eq!(contract(&read(&DataType::Utf8View, 2).unwrap()), "1");
    }

    fn contract(column: &ArrayRef) -> String {
        crate::example::shown(column.as_ref(), 0)
    }
}
