//! How a model becomes a table: one file that is published, or parts that are only worked with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream_partitioned};
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use super::physical::physical;
use super::sorted::by_grain;
use super::table_file::TableFile;
use crate::content::RowsHash;
use crate::contract::Checker;
use crate::error::{Error, Result};
use crate::failure::ended_early;
use crate::files::{
    listing_table, local_url, plain_batch, plain_schema, published_properties, scratch_properties, with_views, writer,
};
use crate::model::Model;
use crate::private;
use crate::resume::{self, Resume};

/// What a table is read by, and its file.
pub(super) type Computed = (Arc<dyn TableProvider>, TableFile);

/// Where tables are made.
pub(super) struct TableWriter {
    pub(super) tables: PathBuf,
    /// Set if tables are kept in memory.
    pub(super) kept: Option<Kept>,
    pub(super) resume: Resume,
    /// Of the models that follow from the exports alone, what they follow from.
    pub(super) fingerprints: BTreeMap<String, String>,
}

/// Part of the pool that is taken by tables which are kept in memory, until the lake is gone: without it they would be beside
/// `limits.memory`, not in it.
pub(super) struct Kept(Mutex<MemoryReservation>);

impl Kept {
    pub(super) fn new(context: &SessionContext) -> Self {
        let consumer = MemoryConsumer::new("tables kept in memory");
        Self(Mutex::new(consumer.register(&context.runtime_env().memory_pool)))
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size()
    }

    fn take(&self, model: &str, batch: &RecordBatch) -> Result<()> {
        let reservation = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reservation.try_grow(batch.get_array_memory_size()).map_err(|error| Error::execute(model, error))
    }
}

impl TableWriter {
    pub(super) async fn compute(self: &Arc<Self>, model: &Model, frame: DataFrame) -> Result<Computed> {
        if model.front.publish {
            self.compute_published(model, frame).await
        } else {
            self.compute_intermediate(model, frame).await
        }
    }

    /// Sorted by its grain into one file whose bytes depend on the rows alone.
    async fn compute_published(&self, model: &Model, frame: DataFrame) -> Result<Computed> {
        let schema = plain_schema(frame.schema().as_arrow());
        let path = self.tables.join(format!("{}.parquet", model.name));
        let mut writer = writer(&path, schema.clone(), published_properties(&schema, &model.front.grain)?)?;
        let mut checker = Checker::new(model, &schema, true)?;
        let mut kept = Vec::new();
        let mut content = RowsHash::default();
        let (mut stream, plan) = by_grain(model, frame, &schema).await?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| Error::execute(&model.name, error))?;
            checker.check(&batch)?;
            content.add(&batch)?;
            writer.write(&batch).map_err(|error| Error::execute(&model.name, error.into()))?;
            if let Some(held) = &self.kept {
                held.take(&model.name, &batch)?;
                kept.push(batch);
            }
        }
        writer.close().map_err(|error| Error::execute(&model.name, error.into()))?;
        trace_metrics(model, plan.as_ref());
        let provider: Arc<dyn TableProvider> = if self.kept.is_some() {
            Arc::new(MemTable::try_new(schema, vec![kept])?)
        } else {
            listing_table(vec![local_url(&path)?], schema)?
        };
        let content = Some(content.finish(&model.name));
        Ok((provider, TableFile { name: model.name.clone(), path, rows: checker.rows, content, is_taken_over: false }))
    }

    /// In any order, in memory or as one file a partition.
    async fn compute_intermediate(self: &Arc<Self>, model: &Model, frame: DataFrame) -> Result<Computed> {
        let schema = plain_schema(frame.schema().as_arrow());
        let folder = self.tables.join(&model.name);
        let fingerprint = self.fingerprints.get(&model.name).filter(|_| self.kept.is_none());
        if let Some(finished) =
            fingerprint.and_then(|fingerprint| self.resume.take_over(&model.name, fingerprint, &folder))
        {
            tracing::info!(model = model.name, rows = finished.rows, "taken over from a run that ended early");
            let urls = finished.paths.iter().map(|path| local_url(path)).collect::<Result<Vec<_>>>()?;
            let (name, rows) = (model.name.clone(), finished.rows);
            let file = TableFile { name, path: folder, rows, content: None, is_taken_over: true };
            return Ok((listing_table(urls, with_views(&schema))?, file));
        }
        let (context, plan) = physical(model, frame).await?;
        let streams =
            execute_stream_partitioned(plan.clone(), context).map_err(|error| Error::execute(&model.name, error))?;
        if self.kept.is_none() {
            private::create_folders(&folder).map_err(|source| Error::Scratch { path: folder.clone(), source })?;
        }
        let parts = streams.into_iter().enumerate().map(|(number, stream)| {
            let (model, schema, table_writer) = (model.clone(), schema.clone(), self.clone());
            let path = self.kept.is_none().then(|| folder.join(format!("part-{number:05}.parquet")));
            tokio::spawn(async move { table_writer.part(&model, &schema, stream, path).await })
        });
        let mut kept = Vec::new();
        let mut paths = Vec::new();
        let mut rows = 0;
        for part in futures::future::join_all(parts).await {
            let (batches, path, count) = part.map_err(|error| Error::execute(&model.name, ended_early(error)))??;
            kept.push(batches);
            paths.extend(path);
            rows += count;
        }
        trace_metrics(model, plan.as_ref());
        let provider: Arc<dyn TableProvider> = if self.kept.is_some() {
            Arc::new(MemTable::try_new(schema, kept)?)
        } else {
            if let Some(fingerprint) = fingerprint {
                resume::finish(&folder, fingerprint, rows, &paths)?;
            }
            let urls = paths.iter().map(|path| local_url(path)).collect::<Result<Vec<_>>>()?;
            listing_table(urls, with_views(&schema))?
        };
        let name = model.name.clone();
        Ok((provider, TableFile { name, path: folder, rows, content: None, is_taken_over: false }))
    }

    /// One partition: into a file, or to be kept in memory.
    async fn part(
        &self,
        model: &Model,
        schema: &SchemaRef,
        mut stream: SendableRecordBatchStream,
        path: Option<PathBuf>,
    ) -> Result<(Vec<RecordBatch>, Option<PathBuf>, u64)> {
        let mut checker = Checker::new(model, schema, false)?;
        let mut file = match &path {
            Some(path) => Some(writer(path, schema.clone(), scratch_properties(schema))?),
            None => None,
        };
        let mut kept = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = plain_batch(&batch.map_err(|error| Error::execute(&model.name, error))?, schema)?;
            checker.check(&batch)?;
            match &mut file {
                Some(file) => file.write(&batch).map_err(|error| Error::execute(&model.name, error.into()))?,
                None => {
                    if let Some(held) = &self.kept {
                        held.take(&model.name, &batch)?;
                    }
                    kept.push(batch);
                }
            }
        }
        if let Some(file) = file {
            file.close().map_err(|error| Error::execute(&model.name, error.into()))?;
        }
        Ok((kept, path, checker.rows))
    }
}

/// Logs what every operator of a plan took, once it has run: `RUST_LOG=driftline_lake=trace`.
fn trace_metrics(model: &Model, plan: &dyn ExecutionPlan) {
    let plan = DisplayableExecutionPlan::with_metrics(plan);
    tracing::trace!(model = model.name, plan = %plan.indent(false), "operators");
}
