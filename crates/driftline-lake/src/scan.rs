//! A source as a table: the pinned objects, read in the versions and with the footers that were pinned.
//!
//! Objects are opened by their own names, never found again by a listing or a URL. Every row group must give as many rows as
//! its footer says; whatever is wrong is told with the object's name.

mod bounds;
mod failure;
mod object;
mod pieces;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array, new_null_array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::{ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;

use self::bounds::Bounds;
pub(crate) use self::failure::ReadFailure;
use self::object::ObjectReader;
use self::pieces::{Piece, parts};
use crate::boundary;
use crate::conform::{self, Clock};
use crate::files::with_views;
use crate::pinned::PinnedStore;
use crate::source::{Origin, PinnedFile, PinnedSource};

/// The files of a source as one table with the declared columns.
#[derive(Debug)]
pub(crate) struct SourceTable {
    name: String,
    schema: SchemaRef,
    files: Vec<Arc<PinnedFile>>,
    store: Arc<PinnedStore>,
}

impl SourceTable {
    pub(crate) fn new(source: &PinnedSource, store: Arc<PinnedStore>) -> Self {
        Self { name: source.name.clone(), schema: with_views(&source.schema), files: source.files.clone(), store }
    }

    /// One object alone, by its place among the pinned ones.
    pub(crate) fn of_object(source: &PinnedSource, place: usize, store: Arc<PinnedStore>) -> Self {
        let files = source.files.get(place).cloned().into_iter().collect();
        Self { files, ..Self::new(source, store) }
    }

    /// One column as text, declared or not; null in files that do not have it.
    pub(crate) fn of_text(source: &PinnedSource, column: &str, store: Arc<PinnedStore>) -> Self {
        Self::of_column(source, column, DataType::Utf8, store)
    }

    /// One column as a type that it can be read as, declared or not; null in files that do not have it.
    pub(crate) fn of_column(source: &PinnedSource, column: &str, kind: DataType, store: Arc<PinnedStore>) -> Self {
        let schema = Arc::new(Schema::new(vec![Field::new(column, kind, true)]));
        let alone = |file: &Arc<PinnedFile>| {
            let found = file.footer.schema().column_with_name(column);
            let origin = found.map_or(Origin::Absent, |(index, _)| Origin::Field { index, clock: Clock::Same });
            Arc::new(PinnedFile { meta: file.meta.clone(), footer: file.footer.clone(), origins: vec![origin] })
        };
        let files = source.files.iter().map(alone).collect();
        Self { name: source.name.clone(), schema: with_views(&schema), files, store }
    }
}

#[async_trait]
impl TableProvider for SourceTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&columns)?);
        let parts = parts(&self.files, state.config().target_partitions());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let asked = Arc::new(Asked { source: self.name.clone(), schema, columns, store: self.store.clone() });
        Ok(Arc::new(SourceExec {
            asked,
            parts,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

/// What a query asks for.
#[derive(Debug)]
struct Asked {
    source: String,
    schema: SchemaRef,
    /// Of the declared columns.
    columns: Vec<usize>,
    store: Arc<PinnedStore>,
}

/// Reads row groups.
#[derive(Debug)]
struct SourceExec {
    asked: Arc<Asked>,
    parts: Vec<Vec<Piece>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl DisplayAs for SourceExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: usize = self.parts.iter().map(Vec::len).sum();
        write!(out, "SourceExec: {}, {groups} row groups in {} parts", self.asked.source, self.parts.len())
    }
}

impl ExecutionPlan for SourceExec {
    fn name(&self) -> &str {
        "SourceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let batch_rows = context.session_config().batch_size();
        let reading =
            Reading { asked: self.asked.clone(), left: self.parts[partition].clone().into(), open: None, batch_rows };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = stream::try_unfold(reading, Reading::next).map_ok(move |batch| batch.record_output(&metrics));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.asked.schema.clone(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], arguments: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let asked = match arguments.partition() {
            Some(partition) => &self.parts[partition..=partition],
            None => &self.parts,
        };
        let pieces = || asked.iter().flatten();
        let rows: u64 = pieces().map(|piece| piece.rows).sum();
        let mut statistics = Statistics::new_unknown(&self.asked.schema);
        statistics.num_rows = Precision::Exact(usize::try_from(rows).unwrap_or(usize::MAX));
        statistics.total_byte_size = Precision::Inexact(pieces().map(|piece| piece.bytes).sum());
        Ok(Arc::new(statistics))
    }
}

/// One part while it is read.
struct Reading {
    asked: Arc<Asked>,
    left: VecDeque<Piece>,
    open: Option<Open>,
    batch_rows: usize,
}

/// A row group while it is read.
struct Open {
    piece: Piece,
    stream: ParquetRecordBatchStream<ObjectReader>,
    rows: u64,
    /// Of each asked column, where a batch of the stream has it.
    places: Vec<Option<usize>>,
    /// Of each column of the stream.
    bounds: Vec<Option<Bounds>>,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            let Some(open) = &mut self.open else {
                let Some(piece) = self.left.pop_front() else { return Ok(None) };
                self.open = Some(self.asked.open(piece, self.batch_rows)?);
                continue;
            };
            let next = boundary::awaited(open.stream.next().map(Option::transpose)).await;
            match next.map_err(|error| self.asked.unreadable(&open.piece, error))? {
                Some(batch) => {
                    let mut checked =
                        open.bounds.iter_mut().zip(batch.columns()).filter_map(|(b, c)| Some((b.as_mut()?, c)));
                    let outside = checked.try_for_each(|(bounds, column)| bounds.check(column));
                    outside.map_err(|error| self.asked.unreadable(&open.piece, error))?;
                    let batch = self.asked.conform(open, &batch)?;
                    open.rows += batch.num_rows() as u64;
                    return Ok(Some((batch, self)));
                }
                None if open.rows == open.piece.rows => {
                    let finished = open.bounds.iter().flatten().try_for_each(Bounds::finish);
                    finished.map_err(|error| self.asked.unreadable(&open.piece, error))?;
                    self.open = None;
                }
                None => {
                    let problem = format!("{} rows where its footer says {}", open.rows, open.piece.rows);
                    return Err(self.asked.unreadable(&open.piece, ParquetError::General(problem)));
                }
            }
        }
    }
}

impl Asked {
    fn open(&self, piece: Piece, batch_rows: usize) -> Result<Open> {
        let file = &piece.file;
        let index_of = |column: &usize| match &file.origins[*column] {
            Origin::Field { index, .. } => Some(*index),
            _ => None,
        };
        let mut read: Vec<usize> = self.columns.iter().filter_map(index_of).collect();
        read.sort_unstable();
        read.dedup();
        let places =
            self.columns.iter().map(|column| index_of(column).and_then(|index| read.binary_search(&index).ok()));
        let places = places.collect();
        let of_group = |index: &usize| Bounds::of(&file.footer, piece.group, *index);
        let bounds = boundary::read(|| Ok::<_, ParquetError>(read.iter().map(of_group).collect::<Vec<_>>()));
        let bounds = bounds.map_err(|error| self.unreadable(&piece, error))?;
        let reader = ObjectReader { store: self.store.clone(), file: file.clone() };
        let build = || {
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, file.footer.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), read);
            builder.with_row_groups(vec![piece.group]).with_projection(mask).with_batch_size(batch_rows).build()
        };
        let stream = boundary::read(build).map_err(|error| self.unreadable(&piece, error))?;
        Ok(Open { stream, rows: 0, places, bounds, piece })
    }

    /// The asked columns of a batch as declared.
    fn conform(&self, open: &Open, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let column = |(place, (asked, field)): (&Option<usize>, (&usize, &Arc<arrow::datatypes::Field>))| {
            let declared = field.data_type();
            Ok::<ArrayRef, String>(match (&open.piece.file.origins[*asked], place) {
                (Origin::Field { clock, .. }, Some(place)) => {
                    let before = open.piece.first_row + open.rows;
                    conform::column(field.name(), declared, batch.column(*place), *clock, before)?
                }
                (Origin::Path(value), _) => {
                    let repeated = take(value, &UInt64Array::from(vec![0; rows]), None);
                    let cast = repeated.and_then(|values| arrow::compute::cast(&values, declared));
                    cast.map_err(|error| error.to_string())?
                }
                _ => new_null_array(declared, rows),
            })
        };
        let asked = self.columns.iter().zip(self.schema.fields());
        let columns = open.places.iter().zip(asked).map(column).collect::<std::result::Result<Vec<_>, _>>();
        let columns = columns.map_err(|problem| {
            ReadFailure::contract(&self.source, &open.piece.file.meta, problem).into_engine_error()
        })?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }

    fn unreadable(&self, piece: &Piece, error: ParquetError) -> datafusion::error::DataFusionError {
        ReadFailure::of(&self.source, &piece.file.meta, error).into_engine_error()
    }
}
