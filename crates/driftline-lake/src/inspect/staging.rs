//! The small staging models, row by row: their grain, and what the canonical columns promise.

use datafusion::arrow::array::{Array, RecordBatch};
use driftline_stats::repeats::repeated;
use futures::TryStreamExt;

use super::repeats::hashes;
use super::{Finding, Place, count, file_of, rows};
use crate::contract::Checker;
use crate::error::{Error, Result};
use crate::example::shown;
use crate::lake::Lake;
use crate::model::Model;

impl Lake {
    /// Reads every staging model that has a grain once, but for the order lines.
    pub(super) async fn inspect_staging(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for name in &self.graph().order {
            let Some(model) = self.graph().models.get(name) else { continue };
            let is_inspected = model.is_staging()
                && !self.graph().absent.contains(name)
                && name != "stg_order_lines"
                && (!model.front.grain.is_empty() || !model.front.columns.is_empty());
            if is_inspected {
                findings.extend(self.inspect_grain(model).await?);
            }
        }
        Ok(findings)
    }

    async fn inspect_grain(&self, model: &Model) -> Result<Option<Finding>> {
        self.build(&[&model.name]).await?;
        let frame = self.context.table(&model.name).await?;
        let mut checker = Checker::new(model, frame.schema().as_arrow(), false)?;
        let (mut grains, mut met) = (Vec::new(), Vec::new());
        let mut stream = frame.execute_stream().await.map_err(|error| Error::execute(&model.name, error))?;
        while let Some(batch) = stream.try_next().await.map_err(|error| Error::execute(&model.name, error))? {
            checker.check(&batch).map_err(|error| staged(model, error))?;
            let batch = grain_of(model, &batch)?;
            if batch.num_columns() > 0 {
                met.extend(hashes(&batch)?);
                grains.push(batch);
            }
        }
        let again = repeated(met.clone());
        let Some(first) = again.first() else { return Ok(None) };
        let all = met.iter().filter(|hash| again.binary_search(hash).is_ok()).count() as u64;
        Ok(Some(Finding {
            name: "grain",
            place: Place::Staging,
            is_error: true,
            text: format!(
                "{}: {} of {} repeat others of the same {}, of which there may be one each",
                file_of(model),
                rows(all - again.len() as u64),
                count(checker.rows),
                model.front.grain.join(", ")
            ),
            example: example(&grains, &met, *first),
            remedy: "take one row of each there, or export each once".to_owned(),
        }))
    }
}

/// The columns of the grain, of the rows that have a customer if it names one: those of nobody join with nothing.
fn grain_of(model: &Model, batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    let columns: Vec<usize> = model.front.grain.iter().filter_map(|name| schema.index_of(name).ok()).collect();
    let engine = |error: datafusion::arrow::error::ArrowError| Error::Engine(Box::new(error.into()));
    let grain = batch.project(&columns).map_err(engine)?;
    match grain.column_by_name("customer_id") {
        Some(ids) if ids.null_count() > 0 => {
            let known = datafusion::arrow::compute::is_not_null(ids.as_ref()).map_err(engine)?;
            datafusion::arrow::compute::filter_record_batch(&grain, &known).map_err(engine)
        }
        _ => Ok(grain),
    }
}

/// The first row of a hash, as `like customer_id 17`.
fn example(grains: &[RecordBatch], met: &[u64], hash: u64) -> String {
    let mut row = met.iter().position(|found| *found == hash).unwrap_or(0);
    for batch in grains {
        if row < batch.num_rows() {
            let schema = batch.schema();
            let cells = schema.fields().iter().zip(batch.columns());
            let cells: Vec<String> =
                cells.map(|(field, column)| format!("{} {}", field.name(), shown(column.as_ref(), row))).collect();
            return format!("like {}", cells.join(", "));
        }
        row -= batch.num_rows();
    }
    String::new()
}

/// A broken contract by the company's own file.
fn staged(model: &Model, error: Error) -> Error {
    match error {
        Error::Contract { problem, .. } => Error::Staged { problem: format!("{}: {problem}", file_of(model)) },
        error => error,
    }
}
