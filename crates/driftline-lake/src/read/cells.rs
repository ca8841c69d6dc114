//! Cells of a computed table as Rust values.

use chrono::NaiveDate;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type};
use driftline_core::Minor;

use crate::error::{Error, Result};
use crate::lake::Lake;

/// One cell as a Rust value, whatever layout the column has.
pub(crate) struct Cells<'a> {
    pub(crate) table: &'a str,
    pub(crate) batch: &'a RecordBatch,
}

impl Cells<'_> {
    pub(crate) fn column(&self, name: &str) -> Result<&dyn Array> {
        self.batch
            .column_by_name(name)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::Shape { table: self.table.to_owned(), column: name.to_owned() })
    }

    pub(crate) fn integer(&self, name: &str, row: usize) -> Result<i64> {
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

    pub(crate) fn count(&self, name: &str, row: usize) -> Result<u64> {
        Ok(u64::try_from(self.integer(name, row)?).unwrap_or(0))
    }

    /// A decimal as an integer at its scale, with the scale; `None` for null.
    pub(crate) fn decimal(&self, name: &str, row: usize) -> Result<Option<(i128, i8)>> {
        let column = self.column(name)?;
        let DataType::Decimal128(_, scale) = column.data_type() else {
            return Err(Error::Shape { table: self.table.to_owned(), column: name.to_owned() });
        };
        Ok((!column.is_null(row)).then(|| (column.as_primitive::<Decimal128Type>().value(row), *scale)))
    }

    /// A decimal rounded half away from zero to minor units.
    pub(crate) fn minor(&self, name: &str, row: usize) -> Result<Option<Minor>> {
        Ok(self.decimal(name, row)?.map(|(value, scale)| to_minor(value, scale)))
    }

    pub(crate) fn ten_thousandths(&self, name: &str, row: usize) -> Result<i128> {
        Ok(self.decimal(name, row)?.map_or(0, |(value, scale)| value * 10i128.pow(4u32.saturating_sub(scale as u32))))
    }

    pub(crate) fn float(&self, name: &str, row: usize) -> Result<Option<f64>> {
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

    pub(crate) fn text(&self, name: &str, row: usize) -> Result<Option<String>> {
        let column = self.column(name)?;
        if column.is_null(row) {
            return Ok(None);
        }
        Ok(Some(crate::example::shown(column, row)))
    }

    /// A calendar day; `None` for null.
    pub(crate) fn day(&self, name: &str, row: usize) -> Result<Option<NaiveDate>> {
        Ok(self.text(name, row)?.and_then(|day| day.parse().ok()))
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

pub(super) async fn each_row(
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
