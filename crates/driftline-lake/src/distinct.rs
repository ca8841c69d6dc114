//! A source whose export repeats rows: equal rows, in all declared columns, are read once.
//!
//! `select distinct` would keep every row of the export in a hash table, twice. Here a row's 128-bit hash stays, in one
//! table for all files, and the row streams on: 34 bytes a row instead of some hundreds. Two different rows of a hundred
//! million share such a hash with a probability of 10⁻²³.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;

/// Parts of the table of hashes, each with its own lock.
const SHARDS: usize = 16;

/// Bytes that a hash takes, with the room that a growing table keeps.
const BYTES_A_HASH: usize = 34;

/// A table whose equal rows are read once.
#[derive(Debug)]
pub(crate) struct DistinctTable(pub(crate) Arc<dyn TableProvider>);

#[async_trait]
impl TableProvider for DistinctTable {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.0.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Rows are equal in all columns or not at all, so all are read, whatever is asked for.
        let input = self.0.scan(state, None, filters, None).await?;
        let distinct: Arc<dyn ExecutionPlan> = Arc::new(DistinctExec::new(input));
        let Some(projection) = projection else { return Ok(distinct) };
        let schema = distinct.schema();
        let columns = projection.iter().map(|&index| {
            let name = schema.field(index).name();
            (Arc::new(Column::new(name, index)) as Arc<dyn PhysicalExpr>, name.clone())
        });
        Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), distinct)?))
    }
}

/// Lets each distinct row through once, the first time that any partition meets it.
#[derive(Debug)]
struct DistinctExec {
    input: Arc<dyn ExecutionPlan>,
    seen: Arc<Seen>,
}

impl DistinctExec {
    fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        Self { input, seen: Arc::default() }
    }
}

impl DisplayAs for DistinctExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DistinctExec")
    }
}

impl ExecutionPlan for DistinctExec {
    fn name(&self) -> &str {
        "DistinctExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // A new node has seen nothing yet.
        Ok(Arc::new(Self::new(children.swap_remove(0))))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let seen = self.seen.clone();
        let consumer = MemoryConsumer::new(format!("DistinctExec[{partition}]"));
        let mut reservation = consumer.register(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let output = input.map(move |batch| seen.only_new(&batch?, &mut reservation));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), output)))
    }
}

/// The hashes met so far, by all partitions.
#[derive(Debug, Default)]
struct Seen([Mutex<HashSet<u128, BuildHasherDefault<Low>>>; SHARDS]);

impl Seen {
    fn only_new(&self, batch: &RecordBatch, reservation: &mut MemoryReservation) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let (mut low, mut high) = (vec![0; rows], vec![0; rows]);
        create_hashes(batch.columns(), &RandomState::with_seed(1), &mut low)?;
        create_hashes(batch.columns(), &RandomState::with_seed(2), &mut high)?;
        let mut is_new = vec![false; rows];
        let mut added = 0;
        for (shard, seen) in self.0.iter().enumerate() {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            for row in 0..rows {
                if high[row] as usize % SHARDS == shard {
                    is_new[row] = seen.insert(u128::from(high[row]) << 64 | u128::from(low[row]));
                    added += usize::from(is_new[row]);
                }
            }
        }
        reservation.try_grow(added * BYTES_A_HASH)?;
        if added == rows {
            return Ok(batch.clone());
        }
        Ok(filter_record_batch(batch, &BooleanArray::from(is_new))?)
    }
}

/// A hash's low half is hash enough.
#[derive(Default)]
struct Low(u64);

impl Hasher for Low {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut low = [0; 8];
        let taken = bytes.len().min(8);
        low[..taken].copy_from_slice(&bytes[..taken]);
        self.0 = u64::from_le_bytes(low);
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}
