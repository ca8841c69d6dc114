//! A source whose export repeats rows: equal rows, in all declared columns, are read once.
//!
//! `select distinct` would keep every row of the export in a hash table, twice. Here a row's 128-bit hash stays, in one
//! table for all files, and the row streams on: 22 to 43 bytes a row instead of some hundreds. `row_hash.rs` says how rarely two
//! different rows share such a hash.
//!
//! Rows that a query does not ask for leave here, in the same copy as repeated ones, and columns before that copy.

mod seen;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{and, filter_record_batch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ToDFSchema};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;

use self::seen::Seen;

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
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
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
        let predicate = conjunction(filters.iter().cloned())
            .map(|filter| state.create_physical_expr(filter, &input.schema().to_dfschema()?))
            .transpose()?;
        let columns = projection.cloned().unwrap_or_else(|| (0..input.schema().fields().len()).collect());
        Ok(Arc::new(DistinctExec::new(input, predicate, columns)?))
    }
}

/// Lets each distinct row that meets a predicate through once, the first time that any partition meets it.
#[derive(Debug)]
struct DistinctExec {
    input: Arc<dyn ExecutionPlan>,
    asked: Asked,
    properties: Arc<PlanProperties>,
    seen: Arc<Seen>,
    metrics: ExecutionPlanMetricsSet,
}

/// What a query asks for of the rows.
#[derive(Clone, Debug)]
struct Asked {
    predicate: Option<Arc<dyn PhysicalExpr>>,
    columns: Vec<usize>,
}

impl DistinctExec {
    fn new(
        input: Arc<dyn ExecutionPlan>,
        predicate: Option<Arc<dyn PhysicalExpr>>,
        columns: Vec<usize>,
    ) -> Result<Self> {
        let schema = Arc::new(input.schema().project(&columns)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let statistics = StatisticsContext::new().compute(input.as_ref(), &StatisticsArgs::new());
        let rows = statistics.ok().and_then(|statistics| statistics.num_rows.get_value().copied());
        Ok(Self {
            input,
            asked: Asked { predicate, columns },
            properties: Arc::new(properties),
            seen: Arc::new(Seen::of(rows.unwrap_or(0))),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for DistinctExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DistinctExec")?;
        self.asked.predicate.iter().try_for_each(|predicate| write!(out, ": predicate={predicate}"))
    }
}

impl ExecutionPlan for DistinctExec {
    fn name(&self) -> &str {
        "DistinctExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.asked.predicate.as_ref().map_or(Ok(TreeNodeRecursion::Continue), visit)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // A new node has seen nothing yet.
        let Asked { predicate, columns } = self.asked.clone();
        Ok(Arc::new(Self::new(children.swap_remove(0), predicate, columns)?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (seen, asked) = (self.seen.clone(), self.asked.clone());
        let consumer = MemoryConsumer::new(format!("DistinctExec[{partition}]"));
        let mut reservation = consumer.register(context.memory_pool());
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let input = self.input.execute(partition, context)?;
        let output = input.map(move |batch| {
            let batch = batch?;
            let _timer = metrics.elapsed_compute().timer();
            let is_new = seen.are_new(&batch, &mut reservation)?;
            Ok(asked.of(&batch, is_new)?.record_output(&metrics))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), output)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

impl Asked {
    /// What is asked for of the new rows of a batch; no mask means that all are new.
    fn of(&self, batch: &RecordBatch, is_new: Option<BooleanArray>) -> Result<RecordBatch> {
        let columns = batch.project(&self.columns)?;
        let meets = match &self.predicate {
            Some(predicate) => Some(predicate.evaluate(batch)?.into_array(batch.num_rows())?),
            None => None,
        };
        let meets =
            meets.as_deref().map(as_boolean_array).transpose()?.filter(|meets| meets.true_count() < meets.len());
        let kept = match (meets, is_new) {
            (None, None) => return Ok(columns),
            (None, Some(is_new)) => is_new,
            (Some(meets), None) => meets.clone(),
            (Some(meets), Some(is_new)) => and(meets, &is_new)?,
        };
        // A row of which the predicate knows nothing is left out.
        Ok(filter_record_batch(&columns, &kept)?)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::datasource::MemTable;
    use datafusion::prelude::SessionContext;

    use super::*;

    /// Two parts with rows in common and missing values; what is asked for, against the engine's own `select distinct`.
    #[tokio::test(flavor = "multi_thread")]
    async fn queries_find_each_row_once() {
        let part = |rows: std::ops::Range<i64>| {
            let number: ArrayRef =
                Arc::new(Int64Array::from_iter(rows.clone().map(|row| (row % 7 > 0).then_some(row % 50))));
            let text: ArrayRef = Arc::new(StringArray::from_iter(
                rows.clone().map(|row| (row % 5 > 0).then(|| format!("t{}", row % 20))),
            ));
            let whole: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.map(|row| row % 35)));
            let columns = [("number", number, true), ("text", text, true), ("whole", whole, false)];
            vec![RecordBatch::try_from_iter_with_nullable(columns).unwrap()]
        };
        let parts = vec![part(0..300), part(100..900)];
        let table = Arc::new(MemTable::try_new(parts[0][0].schema(), parts).unwrap());
        let context = SessionContext::new();
        context.register_table("plain", table.clone()).unwrap();
        context.register_table("once", Arc::new(DistinctTable(table))).unwrap();
        for asked in [
            "select number, text from RELATION",
            "select text from RELATION where number < 20",
            "select number from RELATION where text in ('t3', 't4') or number is null",
            "select text, count(*) from RELATION where number < 30 and text > 't1' group by text",
            "select whole, number from RELATION where whole > 20",
            "select whole from RELATION where whole > 20 and number < 30",
            "select count(*) from RELATION where number < 0",
            "select count(*) from RELATION",
        ] {
            let mut found = Vec::new();
            for relation in ["once", "(select distinct * from plain)"] {
                let frame = context.sql(&asked.replace("RELATION", relation)).await.unwrap();
                let shown = pretty_format_batches(&frame.collect().await.unwrap()).unwrap().to_string();
                let mut lines: Vec<String> = shown.lines().map(str::to_owned).collect();
                lines.sort();
                found.push(lines);
            }
            assert_eq!(found[0], found[1], "{asked}");
        }
    }
}
