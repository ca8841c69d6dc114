//! Customer ids: one person is one id, whether a file holds it as a whole number, as a number with a point, or as text.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};

/// Numbers with a point from which on neighbours are one: ids in them are no longer told apart.
const FLOAT64_EXACT: f64 = 9_007_199_254_740_992.0;
const FLOAT32_EXACT: f64 = 16_777_216.0;

/// What tools write for "no value" when they write text.
const PLACEHOLDERS: [&str; 12] =
    ["nan", "NaN", "None", "none", "null", "NULL", "NA", "N/A", "n/a", "<NA>", "unknown", "(null)"];

/// An id as it counts: without blanks around it; `None` if nothing is left; a whole number without its point.
pub(crate) fn canonical(id: &str) -> Option<&str> {
    let id = id.trim();
    if let Some((whole, part)) = id.split_once('.') {
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits(digits) && is_digits(part) && part.bytes().all(|byte| byte == b'0') {
            return Some(whole);
        }
    }
    (!id.is_empty()).then_some(id)
}

/// In which ways the files of a log hold their ids.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    has_numbers: bool,
    /// One text that begins with zeros.
    padded: Option<String>,
}

impl Kinds {
    /// A note if an id may be in the log twice.
    pub(super) fn note(&self) -> Option<String> {
        let _ = self.padded.as_ref().filter(|_| self.has_numbers)?;
        Some(
            "customer ids are numbers in one file and texts that begin with zeros in another: 42 and 0042 count as two customers"
                .to_owned(),
        )
    }
}

/// A column of ids as text. Text is as in the file, see [`canonical`]; numbers are written plainly.
///
/// # Errors
/// A sentence if the column is of another type, or holds numbers that are too large for their type to be told apart.
pub(crate) fn texts(
    column: &ArrayRef,
    name: &str,
    first_row: u64,
    kinds: &mut Kinds,
) -> std::result::Result<StringArray, String> {
    let column = match column.data_type() {
        DataType::Dictionary(_, value) => super::cast::cast(column, value, name, "a customer id", first_row)?,
        _ => column.clone(),
    };
    match column.data_type() {
        DataType::Float64 => {
            kinds.has_numbers = true;
            let values = column.as_primitive::<Float64Type>().iter();
            whole(values, FLOAT64_EXACT, "float64", name, first_row)
        }
        DataType::Float32 => {
            kinds.has_numbers = true;
            let values = column.as_primitive::<Float32Type>().iter().map(|value| value.map(f64::from));
            whole(values, FLOAT32_EXACT, "float32", name, first_row)
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Boolean => {
            Err(format!("column `{name}` is {}, expected a customer id", crate::types::name(column.data_type())))
        }
        other => {
            kinds.has_numbers |= other.is_numeric();
            let plain = super::cast::cast(&column, &DataType::Utf8, name, "a customer id", first_row)?
                .as_string::<i32>()
                .clone();
            if kinds.padded.is_none() && !other.is_numeric() {
                let is_padded =
                    |id: &&str| id.len() > 1 && id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit());
                kinds.padded = plain.iter().flatten().find(is_padded).map(str::to_owned);
            }
            Ok(plain)
        }
    }
}

/// Numbers with a point as ids. One that is no number is a missing id.
fn whole(
    values: impl Iterator<Item = Option<f64>>,
    exact: f64,
    type_name: &str,
    name: &str,
    first_row: u64,
) -> std::result::Result<StringArray, String> {
    let mut ids = Vec::new();
    for (row, value) in values.enumerate() {
        ids.push(match value.filter(|value| !value.is_nan()) {
            None => None,
            Some(value) if value.abs() >= exact => {
                let row = first_row + row as u64 + 1;
                return Err(format!(
                    "column `{name}` is {type_name}, which cannot tell ids from {exact} on apart, and row {row} has one; export ids as text or int64"
                ));
            }
            Some(value) => Some(if value == 0.0 { "0".to_owned() } else { value.to_string() }),
        });
    }
    Ok(ids.into_iter().collect())
}

/// A note if rows have a customer who is called as tools call a missing one.
pub(super) fn placeholder_note(ids: &Ids, entries: &[super::row::Row]) -> Option<String> {
    let numbers: HashMap<u32, &str> = PLACEHOLDERS.iter().filter_map(|name| Some((ids.find(name)?, *name))).collect();
    let rows = entries.iter().filter(|(number, ..)| numbers.contains_key(number)).count();
    let mut names: Vec<&str> = numbers.into_values().collect();
    names.sort_unstable();
    (rows > 0).then(|| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!(
            "{rows} rows have the customer {}: if that means none, leave it empty, for it counts as one person",
            names.join(" or ")
        )
    })
}

/// Customer ids with their numbers. Ids that come in ascending order, as in most files, need no hash table.
#[derive(Debug, Default)]
pub struct Ids {
    text: String,
    ends: Vec<usize>,
    /// How many of the first ones are in ascending order.
    ascending: usize,
    others: HashMap<Box<str>, u32>,
}

impl Ids {
    /// The id of a number.
    pub fn get(&self, number: usize) -> &str {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }

    pub(super) fn number(&mut self, id: &str) -> u32 {
        let count = self.ends.len();
        let is_next = self.others.is_empty() && (count == 0 || self.get(count - 1) < id);
        if !is_next {
            let (mut low, mut high) = (0, self.ascending);
            while low < high {
                let middle = low.midpoint(high);
                if self.get(middle) < id { low = middle + 1 } else { high = middle }
            }
            if low < self.ascending && self.get(low) == id {
                return low as u32;
            }
            if let Some(number) = self.others.get(id) {
                return *number;
            }
            self.others.insert(id.into(), count as u32);
        } else {
            self.ascending = count + 1;
        }
        self.text.push_str(id);
        self.ends.push(self.text.len());
        count as u32
    }

    /// Puts all ids in ascending order; gives the new number of each old one, if any changed.
    pub(super) fn sort(&mut self) -> Option<Vec<u32>> {
        if self.others.is_empty() {
            return None;
        }
        let count = self.ends.len();
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.sort_unstable_by(|a, b| self.get(*a as usize).cmp(self.get(*b as usize)));
        let mut sorted = Self { ascending: count, ..Self::default() };
        let mut places = vec![0; count];
        for (place, number) in order.iter().enumerate() {
            places[*number as usize] = place as u32;
            sorted.text.push_str(self.get(*number as usize));
            sorted.ends.push(sorted.text.len());
        }
        *self = sorted;
        Some(places)
    }

    /// The number of an id, once all are sorted.
    fn find(&self, id: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle) < id { low = middle + 1 } else { high = middle }
        }
        (low < self.ends.len() && self.get(low) == id).then_some(low as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Float32Array, Float64Array, Int64Array, NullArray};
    use std::sync::Arc;

    #[test]
    fn one_person_is_one_id_in_every_type() {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![Some(1234), None])),
            Arc::new(Float64Array::from(vec![Some(1234.0), Some(f64::NAN)])),
            Arc::new(Float32Array::from(vec![Some(1234.0), None])),
            Arc::new(StringArray::from(vec!["1234", ""])),
            Arc::new(StringArray::from(vec!["1234.0", " \t"])),
            Arc::new(StringArray::from(vec![" 1234 ", "\u{a0}"])),
            Arc::new(Decimal128Array::from(vec![Some(1234 * 10_i128.pow(10)), None])),
        ];
        for column in columns {
            let texts = texts(&column, "id", 0, &mut Kinds::default());
            let ids: Option<Vec<Option<&str>>> =
                texts.as_ref().ok().map(|texts| texts.iter().map(|id| canonical(id?)).collect());
            assert_eq!(ids, Some(vec![Some("1234"), None]), "{:?}", column.data_type());
        }
        for other in ["1234.5", "0042", "a.0", "1.0.0", "-", "."] {
            assert_eq!(canonical(other), Some(other));
        }
        let nothing: ArrayRef = Arc::new(NullArray::new(2));
        assert_eq!(texts(&nothing, "id", 0, &mut Kinds::default()).map(|t| t.null_count()), Ok(2));
        let large: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 1e16]));
        assert!(texts(&large, "id", 10, &mut Kinds::default()).is_err_and(|error| error.contains("row 12")));
    }
}
