//! Joins of the staging that make several lines of one: lines in against lines out.

use datafusion::common::JoinType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::count as count_of;
use datafusion::logical_expr::{Expr, Join, LogicalPlan};
use datafusion::prelude::lit;

use super::{Finding, Place, count, file_of, is_staging, rows};
use crate::error::{Error, Result};
use crate::example::shown;
use crate::lake::Lake;
use crate::model::{Kind, Model};

/// One side of a join that lines are looked up in.
struct LookUp {
    side: LogicalPlan,
    keys: Vec<Expr>,
    /// The join in which each line is there once at most.
    once: JoinType,
    is_left: bool,
}

impl Lake {
    /// Looks at every join between the order lines' sources, by name, and the staged lines.
    pub(super) async fn inspect_joins(&self, sources: &[&str]) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for model in self.graph().ancestors(&["stg_order_lines"]) {
            let is_computed = model.front.kind() == Kind::Table || model.name == "stg_order_lines";
            if !is_computed || !is_staging(&model.path) {
                continue;
            }
            let frame = self.plan(model).await?;
            let (state, plan) = frame.into_parts();
            let plan = state.optimize(&plan)?;
            let mut joins = Vec::new();
            plan.apply(|node| {
                if let LogicalPlan::Join(join) = node {
                    joins.push(join.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
            for join in joins {
                findings.extend(self.inspect_join(model, sources, &join).await?);
            }
        }
        Ok(findings)
    }

    async fn inspect_join(&self, model: &Model, sources: &[&str], join: &Join) -> Result<Option<Finding>> {
        let Some(look_up) = self.look_up(sources, join) else { return Ok(None) };
        let Some((keys, example)) = self.repeated_keys(model, &look_up).await? else { return Ok(None) };
        let out = self.rows_of(model, LogicalPlan::Join(join.clone())).await?;
        let lines = if look_up.is_left { &join.right } else { &join.left };
        let once = match look_up.once {
            JoinType::Left | JoinType::Right => lines.as_ref().clone(),
            once => LogicalPlan::Join(Join::try_new(
                join.left.clone(),
                join.right.clone(),
                join.on.clone(),
                join.filter.clone(),
                once,
                join.join_constraint,
                join.null_equality,
                false,
            )?),
        };
        let lines = self.rows_of(model, once).await?;
        Ok((out > lines).then(|| Finding {
            name: "multiplied_lines",
            place: Place::Staging,
            is_error: true,
            text: format!(
                "{}: a join makes {} of {}: {} of what is joined by {} are there more than once",
                file_of(model),
                rows(out),
                count(lines),
                count(keys),
                on_of(join)
            ),
            example,
            remedy: "take one row of each there before the join".to_owned(),
        }))
    }

    /// The side of a join that has no order lines, if exactly one side has.
    fn look_up(&self, sources: &[&str], join: &Join) -> Option<LookUp> {
        if join.on.is_empty() || !matches!(join.join_type, JoinType::Inner | JoinType::Left | JoinType::Right) {
            return None;
        }
        let (left, right) = (self.has_lines(sources, &join.left), self.has_lines(sources, &join.right));
        let is_left = match (left, right) {
            (true, false) => false,
            (false, true) => true,
            _ => return None,
        };
        // Lines that a join drops are not there to be made several of.
        let once = match (join.join_type, is_left) {
            (JoinType::Left, false) | (JoinType::Right, true) => join.join_type,
            (_, false) => JoinType::LeftSemi,
            (_, true) => JoinType::RightSemi,
        };
        let side = if is_left { join.left.as_ref().clone() } else { join.right.as_ref().clone() };
        let keys = join.on.iter().map(|(left, right)| if is_left { left.clone() } else { right.clone() }).collect();
        Some(LookUp { side, keys, once, is_left })
    }

    /// Whether a plan reads a source of order lines, or a table that was made of one.
    fn has_lines(&self, sources: &[&str], plan: &LogicalPlan) -> bool {
        let mut found = false;
        let _ = plan.apply(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let table = scan.table_name.table();
                found |= match scan.table_name.schema() {
                    Some("source") => sources.contains(&table),
                    _ => self.graph().ancestors(&[table]).iter().any(|model| {
                        sources.iter().any(|source| model.references.contains(&format!("source.{source}")))
                    }),
                };
            }
            Ok(TreeNodeRecursion::Continue)
        });
        found
    }

    /// How many keys are more than once in what is looked up, and one of them.
    async fn repeated_keys(&self, model: &Model, look_up: &LookUp) -> Result<Option<(u64, String)>> {
        let known = look_up.keys.iter().cloned().map(Expr::is_not_null).reduce(Expr::and);
        let mut frame = DataFrame::new(self.context.state(), look_up.side.clone());
        if let Some(known) = known {
            frame = frame.filter(known)?;
        }
        let keys: Vec<Expr> =
            look_up.keys.iter().cloned().enumerate().map(|(at, key)| key.alias(format!("key_{at}"))).collect();
        let names: Vec<Expr> = (0..keys.len()).map(|at| datafusion::prelude::col(format!("key_{at}"))).collect();
        let frame = frame
            .select(keys)?
            .aggregate(names, vec![count_of(lit(1)).alias("times")])?
            .filter(datafusion::prelude::col("times").gt(lit(1)))?;
        let batches = frame.collect().await.map_err(|error| Error::execute(&model.name, error))?;
        let repeated: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let mut examples: Vec<String> = Vec::new();
        for batch in &batches {
            let cells = |row: usize| {
                let keys = batch.columns().iter().take(batch.num_columns() - 1);
                keys.map(|column| shown(column.as_ref(), row)).collect::<Vec<_>>().join(", ")
            };
            examples.extend((0..batch.num_rows()).map(cells));
        }
        let first = examples.into_iter().min().unwrap_or_default();
        Ok((repeated > 0).then(|| (repeated, format!("like {first}"))))
    }

    async fn rows_of(&self, model: &Model, plan: LogicalPlan) -> Result<u64> {
        let frame = DataFrame::new(self.context.state(), plan);
        let rows = frame.count().await.map_err(|error| Error::execute(&model.name, error))?;
        Ok(rows as u64)
    }
}

/// The columns that a join is by.
fn on_of(join: &Join) -> String {
    let names: Vec<String> = join
        .on
        .iter()
        .map(|(_, right)| right.column_refs().iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(", "))
        .collect();
    names.join(", ")
}
