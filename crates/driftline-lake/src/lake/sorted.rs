//! The rows of a published table in the order of its grain.
//!
//! The engine's sort is made for rows that do not fit into memory: it sorts what it gets in pieces, and copies every row once a
//! merge. Customers mostly fit. Then the rows stay where they are until all are there, only their keys are sorted, and each row
//! is copied once, into the batch that is written. Where memory does not suffice, the engine sorts, and spills.

use std::sync::Arc;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::compute::{SortColumn, SortOptions, concat, interleave_record_batch, lexsort_to_indices};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream, execute_stream_partitioned};
use datafusion::prelude::ident;
use futures::{StreamExt, TryStreamExt};

use super::physical::physical;
use crate::error::{Error, Result};
use crate::files::plain_batch;
use crate::model::Model;

/// Batches that wait to be written at most: the next ones are made while one is encoded.
const AHEAD: usize = 4;

/// Rows of a batch that is written.
const BATCH_ROWS: usize = 8192;

/// Order by every column of a grain; what is missing comes first.
const ASCENDING: SortOptions = SortOptions { descending: false, nulls_first: true };

/// The rows of a model's query, with text as Utf8, and the plan that makes them.
pub(super) async fn by_grain(
    model: &Model,
    frame: DataFrame,
    schema: &SchemaRef,
) -> Result<(SendableRecordBatchStream, Arc<dyn ExecutionPlan>)> {
    let grain = &model.front.grain;
    let (context, plan) = physical(model, frame.clone()).await?;
    if grain.is_empty() {
        let stream = execute_stream(plan.clone(), context).map_err(|error| Error::execute(&model.name, error))?;
        return Ok((plain(spawn_buffered(stream, AHEAD), schema), plan));
    }
    if let Some(rows) = Rows::collect(model, plan.clone(), context, schema).await? {
        return Ok((rows.in_order(grain)?, plan));
    }
    tracing::debug!(model = model.name, "too little memory to hold the rows; sorting in pieces");
    let order = grain.iter().map(|name| ident(name).sort(!ASCENDING.descending, ASCENDING.nulls_first)).collect();
    let (context, plan) = physical(model, frame.sort(order)?).await?;
    let stream = execute_stream(plan.clone(), context).map_err(|error| Error::execute(&model.name, error))?;
    Ok((plain(spawn_buffered(stream, AHEAD), schema), plan))
}

fn plain(stream: SendableRecordBatchStream, schema: &SchemaRef) -> SendableRecordBatchStream {
    let plain_schema = schema.clone();
    let batches = stream.map(move |batch| {
        plain_batch(&batch?, &plain_schema).map_err(|error| DataFusionError::External(Box::new(error)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema.clone(), batches))
}

/// All rows of a query, in the order in which they came, and the memory that they take.
struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    held: Vec<MemoryReservation>,
}

impl Rows {
    /// None if there is not enough memory for them.
    async fn collect(
        model: &Model,
        plan: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
        schema: &SchemaRef,
    ) -> Result<Option<Self>> {
        let streams =
            execute_stream_partitioned(plan, context.clone()).map_err(|error| Error::execute(&model.name, error))?;
        let parts = streams.into_iter().map(|stream| {
            let held = MemoryConsumer::new(format!("Rows[{}]", model.name)).register(context.memory_pool());
            let mut stream = plain(stream, schema);
            tokio::spawn(async move {
                let mut batches = Vec::new();
                while let Some(batch) = stream.try_next().await? {
                    held.try_grow(batch.get_array_memory_size())?;
                    batches.push(batch);
                }
                Ok::<_, DataFusionError>((batches, held))
            })
        });
        let mut rows = Self { schema: schema.clone(), batches: Vec::new(), held: Vec::new() };
        for part in futures::future::join_all(parts).await {
            let part = part.map_err(|error| Error::execute(&model.name, crate::failure::ended_early(error)))?;
            let (batches, held) = match part.map_err(|error| Error::execute(&model.name, error)) {
                Ok(part) => part,
                // The query itself had too little beside the rows that are held.
                Err(Error::Memory { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            rows.batches.extend(batches);
            rows.held.push(held);
        }
        Ok(Some(rows))
    }

    fn in_order(self, grain: &[String]) -> Result<SendableRecordBatchStream> {
        let Self { schema, batches, held } = self;
        let order = if batches.is_empty() { Vec::new() } else { order(&batches, grain)? };
        let starts = (0..order.len()).step_by(BATCH_ROWS);
        let ordered = starts.map(move |start| {
            // What the rows take is given back with the last of them.
            let _ = &held;
            let rows = &order[start..(start + BATCH_ROWS).min(order.len())];
            Ok(interleave_record_batch(&batches.iter().collect::<Vec<_>>(), rows)?)
        });
        let stream = RecordBatchStreamAdapter::new(schema, futures::stream::iter(ordered));
        Ok(spawn_buffered(Box::pin(stream), AHEAD))
    }
}

/// Batch and row of every row, by the grain.
fn order(batches: &[RecordBatch], grain: &[String]) -> Result<Vec<(usize, usize)>> {
    let mut columns = Vec::new();
    for name in grain {
        let parts = batches.iter().map(|batch| batch.column_by_name(name).map(AsRef::as_ref));
        let parts: Option<Vec<&dyn Array>> = parts.collect();
        let parts = parts.ok_or_else(|| super::table_file::shape("grain", name))?;
        columns.push(SortColumn { values: concat(&parts).map_err(engine)?, options: Some(ASCENDING) });
    }
    let places: Vec<(usize, usize)> = batches
        .iter()
        .enumerate()
        .flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row)))
        .collect();
    let sorted = lexsort_to_indices(&columns, None).map_err(engine)?;
    Ok(sorted.values().iter().map(|&index| places[index as usize]).collect())
}

fn engine(error: ArrowError) -> Error {
    Error::Engine(Box::new(error.into()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::path::Path;

    use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::arrow::compute::{concat_batches, lexsort};
    use datafusion::datasource::MemTable;

    use super::*;
    use crate::resume::Resume;
    use crate::session::{self, Limits};

    /// Rows of two columns in batches of all sizes, against all of them sorted at once.
    #[tokio::test]
    async fn rows_come_in_the_order_of_their_grain() {
        let key = |row: i64| (row * 7919 % 30_011 != 5).then_some(row * 7919 % 30_011 / 3);
        let text = |row: i64| format!("{}", row * 7919 % 30_011 % 3);
        let mut batches = Vec::new();
        let mut start = 0;
        for size in [1, 0, 8192, 20_000, 1818] {
            let rows = start..start + size;
            start += size;
            let keys: ArrayRef = Arc::new(Int64Array::from_iter(rows.clone().map(key)));
            let texts: ArrayRef = Arc::new(StringArray::from_iter_values(rows.clone().map(text)));
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(rows));
            let columns = [("number", numbers, true), ("key", keys, true), ("text", texts, true)];
            batches.push(RecordBatch::try_from_iter_with_nullable(columns).unwrap());
        }
        let schema = batches[0].schema();
        let all = concat_batches(&schema, &batches).unwrap();
        let columns: Vec<SortColumn> = [1, 2, 0]
            .map(|column| SortColumn { values: all.column(column).clone(), options: Some(ASCENDING) })
            .to_vec();
        let expected = lexsort(&columns, None).unwrap();
        let rows = Rows { schema: schema.clone(), batches, held: Vec::new() };
        let sorted: Vec<RecordBatch> =
            rows.in_order(&["key".to_owned(), "text".to_owned()]).unwrap().try_collect().await.unwrap();
        assert!(sorted.iter().all(|batch| batch.num_rows() <= BATCH_ROWS) && sorted.len() > 1);
        let sorted = concat_batches(&schema, &sorted).unwrap();
        let by_name: Vec<ArrayRef> =
            ["key", "text", "number"].map(|name| sorted.column_by_name(name).unwrap().clone()).to_vec();
        assert_eq!(by_name, expected);
        let none = Rows { schema, batches: Vec::new(), held: Vec::new() };
        assert_eq!(none.in_order(&["key".to_owned()]).unwrap().count().await, 0);
    }

    /// The same rows, held at once and sorted by the engine in pieces.
    #[tokio::test(flavor = "multi_thread")]
    async fn too_little_memory_changes_no_row() {
        let part = |part: i64| {
            let keys = (part * 1000..part * 1000 + 1000).map(|row| row * 7919 % 120_011);
            let texts: ArrayRef =
                Arc::new(StringArray::from_iter_values(keys.clone().map(|key| format!("{key}").repeat(50))));
            let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(keys));
            RecordBatch::try_from_iter([("key", keys), ("text", texts)]).unwrap()
        };
        let parts: Vec<RecordBatch> = (0..120).map(part).collect();
        let schema = parts[0].schema();
        let model = "/*---\nabout = \"a test\"\ngrain = [\"key\"]\nkind = \"table\"\n---*/\nselect key, text from rows";
        let model = Model::parse(Path::new("sorted.sql"), model).unwrap();
        let folder = std::env::temp_dir().join(format!("driftline-sorted-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (mut found, mut held) = (Vec::new(), Vec::new());
        for memory_bytes in [1 << 30, 26 << 20] {
            let limits = Limits {
                threads: 1,
                memory_bytes,
                spill_bytes: 1 << 30,
                in_memory_bytes: 1 << 20,
                scratch: folder.clone(),
                is_frugal: false,
                resume: Resume::default(),
            };
            let context = session::open(&limits, "").unwrap();
            let table = MemTable::try_new(schema.clone(), vec![parts.clone()]).unwrap();
            context.register_table("rows", Arc::new(table)).unwrap();
            let frame = context.sql("select key, text from rows").await.unwrap();
            let plan = frame.clone().create_physical_plan().await.unwrap();
            held.push(Rows::collect(&model, plan, context.task_ctx(), &schema).await.unwrap().is_some());
            let (stream, _) = by_grain(&model, frame, &schema).await.unwrap();
            let rows: Vec<RecordBatch> = stream.try_collect().await.unwrap();
            found.push(concat_batches(&schema, &rows).unwrap());
        }
        let _ = std::fs::remove_dir_all(&folder);
        assert_eq!(held, [true, false], "one of the two was to be short of memory");
        assert_eq!(found[0].num_rows(), 120_000);
        assert!(found[0] == found[1]);
    }
}
