//! Checks what a model gives against what its front matter promises, batch by batch, on the way to the file.

use datafusion::arrow::array::{Array, AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::{cast, max, min};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, Schema};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};

use crate::error::{Error, Result};
use crate::example;
use crate::model::{Column, Model};
use crate::types;

/// Compares the planned columns with the declared ones: same names, same order not required, same types.
///
/// # Errors
/// `Error::Contract` naming the first column that is missing, undeclared or of another type. Models without `[columns]` pass.
pub fn check_schema(model: &Model, planned: &Schema) -> Result<()> {
    let wrong = |problem: String| {
        Err(Error::Contract { model: model.name.clone(), problem: format!("{problem} ({})", model.path.display()) })
    };
    if let Some(name) = model.front.grain.iter().find(|name| planned.column_with_name(name).is_none()) {
        return wrong(format!("has `{name}` in its grain, which the select does not give"));
    }
    if model.front.columns.is_empty() {
        return Ok(());
    }
    for (name, column) in &model.front.columns {
        let Some((_, field)) = planned.column_with_name(name) else {
            return wrong(format!("declares column `{name}`, which the select does not give"));
        };
        let declared = types::parse(&column.type_name).unwrap_or(DataType::Null);
        if !types::same(&declared, field.data_type()) {
            return wrong(format!(
                "declares `{name}` as {}, the select gives {}; write cast(… as {}) as {name}",
                column.type_name,
                types::name(field.data_type()),
                types::in_sql(&declared)
            ));
        }
    }
    match planned.fields().iter().find(|field| !model.front.columns.contains_key(field.name())) {
        Some(field) => wrong(format!("gives column `{}`, which [columns] does not declare", field.name())),
        None => Ok(()),
    }
}

/// Checks batches of one table as they pass; they must come sorted by the grain if `sorted`.
pub struct Checker<'a> {
    model: &'a Model,
    /// Whether rows come in an order of their own, which is one only if something tells them apart.
    sorted: bool,
    grain: Option<(RowConverter, Vec<usize>)>,
    last: Option<OwnedRow>,
    pub rows: u64,
}

impl<'a> Checker<'a> {
    /// # Errors
    /// `Error::Contract` if the grain's columns cannot be compared.
    pub fn new(model: &'a Model, schema: &Schema, sorted: bool) -> Result<Self> {
        let grain = if sorted && !model.front.grain.is_empty() {
            let indices: Vec<usize> = model.front.grain.iter().filter_map(|name| schema.index_of(name).ok()).collect();
            let fields = indices.iter().map(|index| SortField::new(schema.field(*index).data_type().clone())).collect();
            let converter = RowConverter::new(fields)
                .map_err(|error| Error::Contract { model: model.name.clone(), problem: error.to_string() })?;
            Some((converter, indices))
        } else {
            None
        };
        Ok(Self { model, sorted, grain, last: None, rows: 0 })
    }

    fn wrong(&self, problem: String) -> Error {
        Error::Contract { model: self.model.name.clone(), problem }
    }

    /// # Errors
    /// `Error::Contract` with the column, how many rows break it and the first value that does.
    pub fn check(&mut self, batch: &RecordBatch) -> Result<()> {
        for (name, column) in &self.model.front.columns {
            if let Some(values) = batch.column_by_name(name) {
                self.check_column(name, column, values.as_ref(), batch)?;
            }
        }
        if let Some((converter, indices)) = &mut self.grain {
            let columns: Vec<_> = indices.iter().map(|index| batch.column(*index).clone()).collect();
            let rows = converter
                .convert_columns(&columns)
                .map_err(|error| Error::Contract { model: self.model.name.clone(), problem: error.to_string() })?;
            for number in 0..rows.num_rows() {
                let again = match (number, &self.last) {
                    (0, Some(last)) => last.row() == rows.row(0),
                    (0, None) => false,
                    (number, _) => rows.row(number - 1) == rows.row(number),
                };
                if again {
                    let names = self.model.front.grain.iter();
                    let cells: Vec<String> = names
                        .zip(&columns)
                        .map(|(name, column)| example::cell(name, column.as_ref(), number))
                        .collect();
                    return Err(self.wrong(format!(
                        "grain ({}) is not unique: ({}) comes more than once, first in row {} of the sorted table",
                        self.model.front.grain.join(", "),
                        cells.join(", "),
                        self.rows + number as u64 + 1
                    )));
                }
            }
            if rows.num_rows() > 0 {
                self.last = Some(rows.row(rows.num_rows() - 1).owned());
            }
        }
        self.rows += batch.num_rows() as u64;
        if self.sorted && self.model.front.grain.is_empty() && self.rows > 1 {
            return Err(self.wrong(
                "has several rows and no grain; name the columns that tell its rows apart: grain = [\"…\"]".to_owned(),
            ));
        }
        Ok(())
    }

    fn check_column(&self, name: &str, column: &Column, values: &dyn Array, batch: &RecordBatch) -> Result<()> {
        if column.not_null && values.null_count() > 0 {
            return Err(self.wrong(format!(
                "column `{name}` is null in {} of {} rows",
                values.null_count(),
                values.len()
            )));
        }
        if !column.values.is_empty() {
            let text = cast(values, &DataType::Utf8).map_err(|error| self.wrong(error.to_string()))?;
            let text = text.as_string::<i32>();
            let is_unknown = |value: &str| !column.values.iter().any(|known| known == value);
            if let Some(unknown) = text.iter().flatten().find(|value| is_unknown(value)) {
                return Err(self.wrong(unknown_value(name, column, unknown, text, batch)));
            }
        }
        if column.min.is_some() || column.max.is_some() {
            let outside =
                |value: f64| column.min.is_some_and(|min| value < min) || column.max.is_some_and(|max| value > max);
            if !extremes(values).is_some_and(|(low, high)| outside(low) || outside(high)) {
                return Ok(());
            }
            let numbers = as_numbers(values);
            let below = numbers.iter().flatten().filter(|value| column.min.is_some_and(|min| **value < min)).count();
            let broken = numbers.iter().flatten().filter(|value| outside(**value)).count();
            if broken > 0 {
                return Err(self.wrong(format!(
                    "column `{name}` is outside {} to {} in {broken} of {} rows, {below} of them below",
                    column.min.map_or("-∞".to_owned(), |min| min.to_string()),
                    column.max.map_or("∞".to_owned(), |max| max.to_string()),
                    values.len(),
                )));
            }
        }
        Ok(())
    }
}

/// What is wrong with a column that has a value which its contract does not list.
fn unknown_value(name: &str, column: &Column, unknown: &str, text: &StringArray, batch: &RecordBatch) -> String {
    let rows: Vec<usize> = (0..text.len()).filter(|row| !text.is_null(*row) && text.value(*row) == unknown).collect();
    let expected = column.values.join(", ");
    match example::common(unknown, &rows, batch) {
        Some(unknown) => format!("column `{name}` has `{unknown}`; expected one of {expected}"),
        None => format!(
            "column `{name}` has another value in {} of {} rows, which is not shown because few customers have it; \
             expected one of {expected}",
            rows.len(),
            text.len()
        ),
    }
}

/// The least and the greatest value as floats; `None` without values.
fn extremes(values: &dyn Array) -> Option<(f64, f64)> {
    Some(match values.data_type() {
        DataType::Int64 => {
            let values = values.as_primitive::<Int64Type>();
            (min(values)? as f64, max(values)? as f64)
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>();
            (min(values)?, max(values)?)
        }
        DataType::Decimal128(_, scale) => {
            let unit = 10f64.powi(i32::from(*scale));
            let values = values.as_primitive::<Decimal128Type>();
            (min(values)? as f64 / unit, max(values)? as f64 / unit)
        }
        _ => return None,
    })
}

/// Values as floats for range checks only; exact enough for a bound, never used for a figure.
fn as_numbers(values: &dyn Array) -> Vec<Option<f64>> {
    match values.data_type() {
        DataType::Int64 => values.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v as f64)).collect(),
        DataType::Float64 => values.as_primitive::<Float64Type>().iter().collect(),
        DataType::Decimal128(_, scale) => {
            let unit = 10f64.powi(i32::from(*scale));
            values.as_primitive::<Decimal128Type>().iter().map(|v| v.map(|v| v as f64 / unit)).collect()
        }
        _ => vec![None; values.len()],
    }
}
