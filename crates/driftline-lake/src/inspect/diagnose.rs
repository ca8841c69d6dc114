//! A run that failed while it read exports: which staging file, which object, which rows. What comes of a value of an export is no
//! bug of the program.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use futures::TryStreamExt;

use super::{count, file_of, rows};
use crate::contract::Checker;
use crate::error::{Error, Result};
use crate::lake::{Lake, in_parts};
use crate::model::Model;
use crate::scan::SourceTable;
use crate::source::PinnedSource;

/// Columns of order lines that every line must have, and what it means there.
const NEEDED: [(&str, &str); 6] = [
    ("order_id", "every line needs the number of its order"),
    ("order_date", "every line needs its day"),
    ("kind", "every line is a sale, return, cancellation, adjustment or correction"),
    ("line_count", "write 1 for one source line"),
    ("amount", "every line needs its money, 0 if it has none"),
    ("is_profiled", "write true where nobody objected"),
];

/// Whether an error of the engine comes of the values that it met, and not of the query or the machine.
fn is_of_values(error: &DataFusionError) -> bool {
    let root = error.find_root();
    let of_arrow = |error: &ArrowError| {
        matches!(
            error,
            ArrowError::CastError(_)
                | ArrowError::ParseError(_)
                | ArrowError::ComputeError(_)
                | ArrowError::DivideByZero
                | ArrowError::ArithmeticOverflow(_)
                | ArrowError::InvalidArgumentError(_)
        )
    };
    match root {
        DataFusionError::ArrowError(error, _) => of_arrow(error),
        DataFusionError::External(error) => error.downcast_ref::<ArrowError>().is_some_and(of_arrow),
        DataFusionError::Execution(_) => true,
        _ => false,
    }
}

/// What to write in the place of what failed.
fn advice(problem: &str) -> &'static str {
    let problem = problem.to_lowercase();
    if problem.contains("divide by zero") {
        "write nullif(…, 0) around what it divides by, and say there what becomes of such rows"
    } else if problem.contains("overflow") {
        "write cast(… as decimal(38, 4)) or cast(… as bigint) around each number before it multiplies or adds them"
    } else {
        "export it again, or say there what becomes of such values"
    }
}

impl Lake {
    /// The error of a build by the company's own files, if it comes of the values of the exports; else as it is.
    pub async fn diagnose(&self, error: Error, pinned: &[PinnedSource]) -> Error {
        let model = match &error {
            Error::Execute { model, source } if is_of_values(source) => model.clone(),
            Error::Contract { model, .. } => model.clone(),
            _ => return error,
        };
        // A query of this crate is one over the staged lines.
        let model = if self.graph().models.contains_key(&model) { model } else { "stg_order_lines".to_owned() };
        let ancestors: Vec<Model> = self.graph().ancestors(&[&model]).into_iter().cloned().collect();
        for staging in ancestors.iter().filter(|model| model.is_staging()) {
            match self.problem_of(staging, pinned).await {
                Ok(Some(found)) => return found,
                Ok(None) => {}
                // What keeps the rows from being read again is told as it was.
                Err(_) => return error,
            }
        }
        match &error {
            Error::Execute { source, .. } => Error::Staged {
                problem: format!(
                    "{}: model `{model}` cannot compute with its values: {}; {}, or look in {} for amounts, quantities or dates that are wrong, or larger than 14 digits before the point",
                    self.graph().models.get(&model).map_or_else(|| self.staged_file(), file_of),
                    source.find_root(),
                    advice(&source.find_root().to_string()),
                    self.staged_file(),
                ),
            },
            _ => error,
        }
    }

    /// What is wrong with the rows of one staging model.
    async fn problem_of(&self, model: &Model, pinned: &[PinnedSource]) -> Result<Option<Error>> {
        let frame = match self.plan(model).await {
            Ok(frame) => frame,
            // What it reads failed itself, and was looked at before.
            Err(_) => return Ok(None),
        };
        let schema = frame.schema().as_arrow().clone();
        let mut checker = Checker::new(model, &schema, false)?;
        let mut missing = [0u64; NEEDED.len()];
        let mut stream = frame.execute_stream().await?;
        loop {
            let batch = match stream.try_next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(error) if is_of_values(&error) => return Ok(Some(self.of_sources(model, &error, pinned).await?)),
                Err(error) => return Err(error.into()),
            };
            if let Err(Error::Contract { problem, .. }) = checker.check(&batch) {
                return Ok(Some(Error::Staged { problem: format!("{}: {problem}", file_of(model)) }));
            }
            if model.name == "stg_order_lines" {
                for (number, (column, _)) in missing.iter_mut().zip(NEEDED) {
                    *number += batch.column_by_name(column).map_or(0, |column| column.null_count() as u64);
                }
            }
        }
        for (number, (column, why)) in missing.into_iter().zip(NEEDED) {
            if number > 0 {
                let example = self.example_of(&format!("{column} is null")).await;
                let problem = format!(
                    "{}: {column} is null in {} of {}{example}; {why}; export it again, or say there what becomes of such rows",
                    file_of(model),
                    count(number),
                    rows(checker.rows)
                );
                return Ok(Some(Error::Staged { problem }));
            }
        }
        Ok(None)
    }

    async fn example_of(&self, condition: &str) -> String {
        self.example(condition).await.map_or_else(|_| String::new(), |example| format!(" ({example})"))
    }

    /// The object, column and row that an error of the engine in a staging model comes of.
    async fn of_sources(&self, model: &Model, error: &DataFusionError, pinned: &[PinnedSource]) -> Result<Error> {
        for source in pinned.iter().filter(|source| model.references.contains(&format!("source.{}", source.name))) {
            if let Some(found) = self.not_finite(source).await? {
                return Ok(found);
            }
        }
        let problem = format!(
            "{}: a value of the export cannot be used: {}; {}",
            file_of(model),
            error.find_root(),
            advice(&error.find_root().to_string())
        );
        Ok(Error::Staged { problem })
    }

    /// The first object of a source with a number that is none.
    async fn not_finite(&self, source: &PinnedSource) -> Result<Option<Error>> {
        let has_floats = source.schema.fields().iter().any(|field| field.data_type() == &DataType::Float64);
        for (place, meta) in source.metas.iter().enumerate().filter(|_| has_floats) {
            let table = SourceTable::of_object(source, place, self.store.clone());
            let mut stream = in_parts(self.context.read_table(Arc::new(table))?, 1).execute_stream().await?;
            // By column: the first row, what is there, how many.
            let mut found: Vec<(String, u64, f64, u64)> = Vec::new();
            let mut before = 0u64;
            while let Some(batch) = stream.try_next().await? {
                for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                    if field.data_type() != &DataType::Float64 {
                        continue;
                    }
                    for (row, value) in column.as_primitive::<Float64Type>().iter().enumerate() {
                        let Some(value) = value.filter(|value| !value.is_finite()) else { continue };
                        match found.iter_mut().find(|(name, ..)| name == field.name()) {
                            Some((.., number)) => *number += 1,
                            None => found.push((field.name().clone(), before + row as u64 + 1, value, 1)),
                        }
                    }
                }
                before += batch.num_rows() as u64;
            }
            if let Some((column, row, value, number)) = found.into_iter().next() {
                return Ok(Some(Error::SourceContract {
                    name: source.name.clone(),
                    object: meta.location.to_string(),
                    problem: format!(
                        "column `{column}` is {value} in {}, first in row {}; expected a number or nothing; export it again, or say in the staging what becomes of such rows",
                        rows(number),
                        count(row)
                    ),
                }));
            }
        }
        Ok(None)
    }
}
