//! Casts that name the row of what does not fit.

use arrow::array::{Array, ArrayRef};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;

/// Casts a column; a value that does not fit is an error that names its row.
pub(super) fn cast(
    column: &ArrayRef,
    to: &DataType,
    name: &str,
    expected: &str,
    first_row: u64,
) -> std::result::Result<ArrayRef, String> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, to, &strict).map_err(|error| {
        let loose = cast_with_options(column, to, &CastOptions::default());
        let is_lost = |row: &usize| loose.as_ref().is_ok_and(|loose| loose.is_null(*row) && column.is_valid(*row));
        let row = (0..column.len()).find(is_lost);
        let place = row.map_or(String::new(), |row| format!(" in row {}", first_row + row as u64 + 1));
        format!("column `{name}` is {}, expected {expected}{place} ({error})", crate::types::name(column.data_type()))
    })
}
