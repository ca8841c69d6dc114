//! Rows of computed tables and of queries over them.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use futures::TryStreamExt;

use super::{Lake, quoted};
use crate::error::{Error, Result};
use crate::example;

impl Lake {
    /// All rows of a computed table or view.
    ///
    /// # Errors
    /// `Error::Execute` / `Error::Memory` / `Error::InputChanged`.
    pub async fn rows(&self, table: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.context.table(table).await?;
        self.collect(table, frame).await
    }

    /// The rows of a query of this crate (never of a user): for reading computed tables.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.context.sql(sql).await?;
        self.collect(sql, frame).await
    }

    /// The rows of a query of this crate that uses the run's bound values.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub(crate) async fn bound_query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.context.sql(sql).await?;
        let used = frame.logical_plan().get_parameter_names()?;
        let names = used.iter().map(|name| name.trim_start_matches('$').to_owned());
        let bound: Vec<(String, ScalarValue)> =
            names.filter_map(|name| Some((name.clone(), self.parameters.get(&name)?.clone()))).collect();
        self.collect(sql, frame.with_param_values(bound)?).await
    }

    /// Hands over the rows of a query of this crate as they come, in any order.
    ///
    /// # Errors
    /// As [`Lake::rows`], and what `visit` gives.
    pub async fn each_batch(&self, sql: &str, mut visit: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let frame = self.context.sql(sql).await?;
        let mut stream = frame.execute_stream().await.map_err(|error| Error::execute(sql, error))?;
        while let Some(batch) = stream.try_next().await.map_err(|error| Error::execute(sql, error))? {
            visit(batch)?;
        }
        Ok(())
    }

    pub(super) async fn collect(&self, name: &str, frame: DataFrame) -> Result<Vec<RecordBatch>> {
        frame.collect().await.map_err(|error| Error::execute(name, error))
    }

    /// The first rows of a computed table as text, for people.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn preview(&self, table: &str, rows: usize) -> Result<String> {
        let frame = self.context.table(table).await?.limit(0, Some(rows))?;
        let batches = self.collect(table, frame).await?;
        let text = datafusion::arrow::util::pretty::pretty_format_batches(&batches);
        text.map(|text| text.to_string()).map_err(|error| Error::Engine(Box::new(error.into())))
    }

    /// The first row of a source as `column value, …`, for people; `none` if it has none.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn first_row(&self, source: &str) -> Result<String> {
        let frame = self.context.table(format!("source.{}", quoted(source)).as_str()).await?.limit(0, Some(1))?;
        let batches = self.collect(source, frame).await?;
        let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok("none".to_owned()) };
        let schema = batch.schema();
        let cells = schema.fields().iter().zip(batch.columns());
        let cells: Vec<String> =
            cells.map(|(field, column)| format!("{} {}", field.name(), example::shown(column.as_ref(), 0))).collect();
        Ok(cells.join(", "))
    }
}
