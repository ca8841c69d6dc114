//! A 128-bit hash of each row of a batch: of its values alone, whatever the layout of text.
//!
//! Each column is mixed into the state of its row in turn, and each step turns different states into different ones, and different
//! numbers or texts of up to 15 bytes, too: rows that differ in one such column only never share a hash. Others do like random
//! numbers; two different rows of a hundred million share one with a probability of 10⁻²³. It is no defence against somebody
//! who looks for two such rows.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArrayType};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::row::{RowConverter, SortField};
use sha2::{Digest, Sha256};
use twox_hash::XxHash3_128;

use crate::error::{Error, Result as LakeResult};

/// Where every row begins, and what stands for a missing value: digits of π.
const START: u128 = 0x243f_6a88_85a3_08d3_1319_8a2e_0370_7344;
const MISSING: u128 = 0xa409_3822_299f_31d0_082e_fa98_ec4e_6c89;

/// Odd, so that a multiplication loses nothing: further digits of π, the last one raised by one, and the multiplier of PCG's 128-bit
/// generator (O'Neill, 2014).
const FIRST: u128 = 0x4528_21e6_38d0_1377_be54_66cf_34e9_0c6d;
const SECOND: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

/// The longest text that is mixed in as it is, with its length.
const SHORT: usize = 15;

fn mix(state: u128, value: u128) -> u128 {
    let once = (state ^ value).wrapping_mul(FIRST);
    let twice = (once ^ (once >> 64)).wrapping_mul(SECOND);
    twice ^ (twice >> 64)
}

/// The hash of each row over all columns, in their order.
///
/// # Errors
/// An error of the engine if a column's type cannot be compared.
pub(crate) fn row_hashes(columns: &[ArrayRef], rows: usize) -> Result<Vec<u128>, ArrowError> {
    let mut states = vec![START; rows];
    for column in columns {
        mix_in(column, &mut states)?;
    }
    // The last columns, too, reach every bit.
    states.iter_mut().for_each(|state| *state = mix(*state, 0));
    Ok(states)
}

fn mix_in(array: &ArrayRef, states: &mut [u128]) -> Result<(), ArrowError> {
    let column = array.as_ref();
    match column.data_type() {
        DataType::Int64 => {
            numbers(column, column.as_primitive::<Int64Type>().values(), states, |value| *value as u64 as u128)
        }
        DataType::Int32 => {
            numbers(column, column.as_primitive::<Int32Type>().values(), states, |value| *value as u32 as u128)
        }
        DataType::Date32 => {
            numbers(column, column.as_primitive::<Date32Type>().values(), states, |value| *value as u32 as u128)
        }
        DataType::Float64 => {
            numbers(column, column.as_primitive::<Float64Type>().values(), states, |value| value.to_bits() as u128)
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            numbers(column, values, states, |value| *value as u64 as u128);
        }
        DataType::Decimal128(_, _) => {
            numbers(column, column.as_primitive::<Decimal128Type>().values(), states, |value| *value as u128)
        }
        DataType::Boolean => {
            let values = column.as_boolean();
            each(column, states, |row| u128::from(values.value(row)));
        }
        DataType::Utf8 => texts(column, column.as_string::<i32>(), states),
        DataType::Utf8View => {
            let (texts, views) = (column.as_string_view(), column.as_string_view().views());
            each(column, states, |row| {
                // Up to twelve bytes stand in the view itself, behind the length.
                let view = views[row];
                if view as u32 <= 12 { view >> 32 << 8 | (view & 0xff) } else { of_text(texts.value(row).as_bytes()) }
            });
        }
        DataType::LargeUtf8 | DataType::Dictionary(_, _) => mix_in(&cast(column, &DataType::Utf8)?, states)?,
        other => {
            let rows = RowConverter::new(vec![SortField::new(other.clone())])?;
            let rows = rows.convert_columns(std::slice::from_ref(array))?;
            each(column, states, |row| XxHash3_128::oneshot(rows.row(row).as_ref()));
        }
    }
    Ok(())
}

fn numbers<T>(column: &dyn Array, values: &[T], states: &mut [u128], number: impl Fn(&T) -> u128) {
    if column.null_count() == 0 {
        states.iter_mut().zip(values).for_each(|(state, value)| *state = mix(*state, number(value)));
    } else {
        each(column, states, |row| number(&values[row]));
    }
}

fn texts<'a>(column: &dyn Array, texts: impl StringArrayType<'a>, states: &mut [u128]) {
    each(column, states, |row| of_text(texts.value(row).as_bytes()));
}

fn each(column: &dyn Array, states: &mut [u128], value: impl Fn(usize) -> u128) {
    for (row, state) in states.iter_mut().enumerate() {
        *state = mix(*state, if column.is_valid(row) { value(row) } else { MISSING });
    }
}

/// Short text as it is, with its length; a hash of a longer one.
fn of_text(text: &[u8]) -> u128 {
    if text.len() > SHORT {
        return XxHash3_128::oneshot(text);
    }
    let mut bytes = [0; 16];
    bytes[0] = text.len() as u8;
    bytes[1..=text.len()].copy_from_slice(text);
    u128::from_le_bytes(bytes)
}

/// Adds up the 128-bit hashes of rows; addition commutes, so equal multisets of rows give equal sums.
#[derive(Default)]
pub struct RowsHash {
    sum: u128,
    rows: u64,
}

impl RowsHash {
    /// # Errors
    /// `Error::Engine` if a column's type cannot be compared.
    pub fn add(&mut self, batch: &RecordBatch) -> LakeResult<()> {
        let hashes =
            row_hashes(batch.columns(), batch.num_rows()).map_err(|error| Error::Engine(Box::new(error.into())))?;
        self.sum = hashes.into_iter().fold(self.sum, u128::wrapping_add);
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    pub fn merge(&mut self, other: &Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.rows += other.rows;
    }

    /// 64 hexadecimal digits.
    pub fn finish(&self, table: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(table.as_bytes());
        hash.update(self.rows.to_le_bytes());
        hash.update(self.sum.to_le_bytes());
        hex(&hash.finalize())
    }
}

/// SHA-256 of bytes as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::HashSet;
    use std::sync::Arc;

    use datafusion::arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
        LargeStringArray, StringArray, StringViewArray, TimestampMicrosecondArray, UInt16Array,
    };
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    fn hashes(columns: Vec<ArrayRef>) -> Vec<u128> {
        row_hashes(&columns, columns[0].len()).unwrap()
    }

    #[test]
    fn text_counts_whatever_its_layout() {
        let texts: Vec<Option<String>> = (0..40)
            .map(|length| (length % 9 != 4).then(|| "aéü€xyz0123456789".repeat(3).chars().take(length).collect()))
            .collect();
        let plain = hashes(vec![Arc::new(StringArray::from(texts.clone()))]);
        assert_eq!(plain, hashes(vec![Arc::new(texts.iter().map(Option::as_deref).collect::<StringViewArray>())]));
        assert_eq!(plain, hashes(vec![Arc::new(LargeStringArray::from(texts.clone()))]));
        let dictionary: DictionaryArray<Int32Type> = texts.iter().map(Option::as_deref).collect();
        assert_eq!(plain, hashes(vec![Arc::new(dictionary)]));
        assert_eq!(plain.iter().collect::<HashSet<_>>().len(), 37, "36 texts, and the four that are missing");
    }

    /// A million rows of small numbers, signs, neighbours and texts that differ in one place: no two share a hash, nor half of it.
    #[test]
    fn rows_that_differ_a_little_do_not_meet() {
        let rows = 0..1_000_000i64;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(rows.clone().map(|row| row % 10))),
            Arc::new(
                Decimal128Array::from_iter_values(rows.clone().map(|row| i128::from(row / 10 % 10 - 5)))
                    .with_precision_and_scale(18, 4)
                    .unwrap(),
            ),
            Arc::new(StringArray::from_iter_values(
                rows.clone().map(|row| format!("gb-order-1234{:02}", row / 100 % 100)),
            )),
            Arc::new(StringArray::from_iter_values(
                rows.map(|row| format!("c{:02}-a-longer-customer-id", row / 10_000)),
            )),
        ];
        let found = hashes(columns);
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len());
        let halves = |half: fn(&u128) -> u64| found.iter().map(half).collect::<HashSet<_>>().len();
        assert_eq!((halves(|hash| *hash as u64), halves(|hash| (*hash >> 64) as u64)), (found.len(), found.len()));
        // Each bit is set in about half of them: off by less than six standard deviations of a coin's.
        for bit in 0..128 {
            let set = found.iter().filter(|hash| **hash >> bit & 1 == 1).count();
            assert!(set.abs_diff(500_000) < 3_000, "bit {bit}: {set}");
        }
    }

    #[test]
    fn every_type_counts_and_missing_is_no_value() {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![Some(0), Some(1), None])),
            Arc::new(Int32Array::from(vec![Some(0), Some(-1), None])),
            Arc::new(Date32Array::from(vec![Some(0), Some(-1), None])),
            Arc::new(Float64Array::from(vec![Some(0.0), Some(1.0), None])),
            Arc::new(TimestampMicrosecondArray::from(vec![Some(0), Some(1), None])),
            Arc::new(Decimal128Array::from(vec![Some(0), Some(-1), None])),
            Arc::new(BooleanArray::from(vec![Some(false), Some(true), None])),
            Arc::new(StringArray::from(vec![Some(""), Some("0"), None])),
            Arc::new(UInt16Array::from(vec![Some(0), Some(1), None])),
        ];
        for column in &columns {
            let found = hashes(vec![column.clone()]);
            assert_eq!(found.iter().collect::<HashSet<_>>().len(), 3, "{}", column.data_type());
        }
        let (forth, back) = (hashes(columns.clone()), hashes(columns.into_iter().rev().collect()));
        assert_ne!(forth[1], back[1], "the order of columns counts");
        assert_eq!(row_hashes(&[], 2).unwrap().len(), 2);
    }
}
