//! The names of column types in front matter and source declarations, and what they are in Arrow.

use datafusion::arrow::datatypes::{DataType, TimeUnit};

/// Parses `int32`, `int64`, `float64`, `utf8`, `boolean`, `date`, `timestamp` or `decimal(P,S)`.
pub fn parse(name: &str) -> Option<DataType> {
    Some(match name {
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "float64" => DataType::Float64,
        "utf8" => DataType::Utf8,
        "boolean" => DataType::Boolean,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        other => {
            let (precision, scale) = other.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
            let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
            if precision == 0 || precision > 38 || scale < 0 || scale > precision as i8 {
                return None;
            }
            DataType::Decimal128(precision, scale)
        }
    })
}

pub const EXPECTED: &str = "int32, int64, float64, utf8, boolean, date, timestamp or decimal(P,S)";

/// The name of an Arrow type as these files write it, or Arrow's own.
pub fn name(data_type: &DataType) -> String {
    match data_type {
        DataType::Int32 => "int32".to_owned(),
        DataType::Int64 => "int64".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "utf8".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(zone)) => format!("timestamp with zone {zone}"),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => other.to_string().to_lowercase(),
    }
}

/// The name of a type as a `cast` writes it.
pub fn in_sql(data_type: &DataType) -> String {
    match data_type {
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 => "varchar".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        other => name(other),
    }
}

/// Whether a column that a model gives is of the declared type; the three string layouts are one type.
pub fn same(declared: &DataType, found: &DataType) -> bool {
    name(declared) == name(found)
}

/// Whether a file's column can be read as the declared type without losing anything: wider integers and floats, any unit or
/// zone of a timestamp, any layout of a string, decimals of at most the declared digits.
pub fn readable_as(declared: &DataType, found: &DataType) -> bool {
    use DataType::*;
    let found = match found {
        Dictionary(_, value) => value,
        other => other,
    };
    match (declared, found) {
        (Int64, Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32) => true,
        (Int32, Int8 | Int16 | Int32 | UInt8 | UInt16) => true,
        (Float64, Float32 | Float64) => true,
        (Utf8, Utf8 | LargeUtf8 | Utf8View) => true,
        (Date32, Date32) => true,
        (Timestamp(_, _), Timestamp(_, _)) => true,
        (Decimal128(precision, scale), Decimal128(p, s)) => {
            s <= scale && (*p as i16 - *s as i16) <= (*precision as i16 - *scale as i16)
        }
        (declared, found) => declared == found,
    }
}
