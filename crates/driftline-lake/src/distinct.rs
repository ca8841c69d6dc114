//! A source whose export repeats rows: equal rows, in all declared columns, are read once.
//!
//! `select distinct` would keep every row of the export in a hash table, twice. Here a row's 128-bit hash stays, in one
//! table for all files, and the row streams on: 22 to 43 bytes a row instead of some hundreds. Two different rows of a hundred
//! million share such a hash with a probability of 10⁻²³.

use std::fmt;
use std::hint::black_box;
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
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;

/// Parts of the table of hashes, each with its own lock.
const SHARDS: usize = 16;

/// What a place without a hash holds. Not 0: a table of zeros is memory that nobody has written to yet, where the first look at a
/// place and the first hash put into it would each stop the processor, the second one all of them.
const FREE: u128 = u128::MAX;

/// Bytes that a hash takes, with the room that a growing table keeps, on average.
const BYTES_A_HASH: usize = 32;

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
        let statistics = StatisticsContext::new().compute(input.as_ref(), &StatisticsArgs::new());
        let rows = statistics.ok().and_then(|statistics| statistics.num_rows.get_value().copied());
        Self { input, seen: Arc::new(Seen { expected: rows.unwrap_or(0), ..Seen::default() }) }
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
struct Seen {
    /// Rows that the files say they have, or 0.
    expected: usize,
    shards: [Mutex<Hashes>; SHARDS],
}

impl Seen {
    fn only_new(&self, batch: &RecordBatch, reservation: &mut MemoryReservation) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let (mut low, mut high) = (vec![0; rows], vec![0; rows]);
        create_hashes(batch.columns(), &RandomState::with_seed(1), &mut low)?;
        create_hashes(batch.columns(), &RandomState::with_seed(2), &mut high)?;
        let mut of_shards: [Vec<(usize, u128)>; SHARDS] =
            std::array::from_fn(|_| Vec::with_capacity(2 * rows / SHARDS));
        for row in 0..rows {
            let hash = u128::from(high[row]) << 64 | u128::from(low[row]);
            of_shards[high[row] as usize % SHARDS].push((row, hash.min(FREE - 1)));
        }
        let mut is_new = vec![false; rows];
        let mut added = 0;
        for (seen, hashes) in self.shards.iter().zip(&of_shards) {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let more = if seen.places.is_empty() { self.expected / SHARDS } else { 0 };
            seen.make_room(more.max(hashes.len()));
            // All places are looked at before any is filled: the processor waits for many at a time instead of for each.
            black_box(hashes.iter().fold(0, |sum, (_, hash)| sum ^ seen.places[seen.place_of(*hash)]));
            for (row, hash) in hashes {
                is_new[*row] = seen.insert(*hash);
                added += usize::from(is_new[*row]);
            }
        }
        reservation.try_grow(added * BYTES_A_HASH)?;
        if added == rows {
            return Ok(batch.clone());
        }
        Ok(filter_record_batch(batch, &BooleanArray::from(is_new))?)
    }
}

/// A set of hashes other than [`FREE`]: open addressing, with the next place if one is taken.
#[derive(Debug, Default)]
struct Hashes {
    /// A power of two, at most three quarters of them taken.
    places: Vec<u128>,
    taken: usize,
}

impl Hashes {
    fn place_of(&self, hash: u128) -> usize {
        hash as usize & (self.places.len() - 1)
    }

    /// Whether it was not there yet.
    fn insert(&mut self, hash: u128) -> bool {
        let mut place = self.place_of(hash);
        while self.places[place] != FREE {
            if self.places[place] == hash {
                return false;
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = hash;
        self.taken += 1;
        true
    }

    fn make_room(&mut self, more: usize) {
        let needed = (self.taken + more) * 4 / 3 + 1;
        if needed > self.places.len() {
            let larger = vec![FREE; needed.next_power_of_two().max(1024)];
            let smaller = std::mem::replace(&mut self.places, larger);
            self.taken = 0;
            for hash in smaller.into_iter().filter(|hash| *hash != FREE) {
                self.insert(hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn hashes_are_new_once_while_the_table_grows() {
        let (mut hashes, mut expected) = (Hashes::default(), HashSet::new());
        for number in 0..200_000u128 {
            // Runs of neighbours, repeats and numbers that are equal in their lower half.
            let hash = (number * number % 70_001) << (number % 3 * 40) | 1;
            hashes.make_room(1);
            assert_eq!(hashes.insert(hash), expected.insert(hash), "{number}");
        }
        assert_eq!(hashes.taken, expected.len());
        assert!(hashes.places.len() >= expected.len() * 4 / 3);
    }
}
