//! The lines on their way from the sources to the staged order lines: what a step leaves out, or takes twice, without saying so.
//!
//! A filter says plainly what it leaves out; lines that are lost because a join finds nothing for them, because a condition is
//! unknown of a null, or because equal lines are taken for one, nobody has asked for.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::tree_node::TreeNode;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count as count_of, sum};
use datafusion::logical_expr::{Aggregate, Expr, Filter, LogicalPlan, Union, when};
use datafusion::prelude::lit;

use super::path::{Path, name_of, scans};
use super::{FEW, Finding, Place, count, file_of, rows};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::model::{Kind, Model};
use crate::read::Cells;
use crate::source::PinnedSource;

/// Part of the lines that are equal to others in all columns, from which on a `distinct` that takes them for one is told.
const EQUAL_LEAST: f64 = 0.001;
/// Part of the smaller branch of a union that may be in the other one without a word, and without ending the run.
const SHARED_LEAST: f64 = 0.01;
const SHARED_MOST: f64 = 0.5;
/// Rows of a union up to which every one is looked at.
const ROWS_MOST: u64 = 2_000_000;

impl Lake {
    /// Looks at every step between the order lines' sources, by name those that have a time, and the staged lines.
    pub(super) async fn inspect_steps(&self, sources: &[&str], pinned: &[PinnedSource]) -> Result<Vec<Finding>> {
        let mut wanted: BTreeMap<String, BTreeSet<String>> =
            BTreeMap::from([("stg_order_lines".to_owned(), BTreeSet::from(["amount".to_owned()]))]);
        let mut findings = Vec::new();
        for model in self.graph().ancestors(&["stg_order_lines"]).into_iter().rev() {
            let is_computed = model.front.kind() == Kind::Table || model.name == "stg_order_lines";
            if !is_computed || !model.is_staging() {
                continue;
            }
            let frame = self.plan(model).await?;
            let (state, as_written) = frame.into_parts();
            let plan = state.optimize(&as_written)?;
            let columns = wanted.get(&model.name).cloned().unwrap_or_default();
            let path = Path::of(self.graph(), &plan, &columns, sources, pinned);
            for (table, column) in path.reads.iter().filter(|(table, _)| !table.starts_with("source.")) {
                wanted.entry(table.clone()).or_default().insert(column.clone());
            }
            let mut found = self.inspect_joins(model, &plan, &path).await?;
            for node in &path.nodes {
                found.extend(self.inspect_step(model, node, &path).await?);
            }
            for node in &Path::of(self.graph(), &as_written, &columns, sources, pinned).nodes {
                match node {
                    LogicalPlan::Filter(filter) => found.extend(self.inspect_filter(model, filter, pinned).await?),
                    LogicalPlan::Limit(limit) => found.extend(self.inspect_limit(model, node, &limit.input).await?),
                    _ => {}
                }
            }
            findings.splice(0..0, found);
        }
        Ok(findings)
    }

    async fn inspect_step(&self, model: &Model, node: &LogicalPlan, path: &Path<'_>) -> Result<Option<Finding>> {
        match node {
            LogicalPlan::Aggregate(aggregate) if aggregate.aggr_expr.is_empty() => {
                self.inspect_equal(model, aggregate).await
            }
            LogicalPlan::Union(union) if !path.is_deduplicated(union) => self.inspect_union(model, union).await,
            _ => Ok(None),
        }
    }

    async fn inspect_limit(&self, model: &Model, node: &LogicalPlan, input: &LogicalPlan) -> Result<Option<Finding>> {
        let (before, after) = (self.rows_of(model, input).await?, self.rows_of(model, node).await?);
        Ok((after < before).then(|| Finding {
            text: format!("{}: a limit leaves {} of {} out", file_of(model), few(before - after), rows(before)),
            remedy: "take the limit away, or say in a condition which lines count".to_owned(),
            ..dropped()
        }))
    }

    /// Equal lines that a `select distinct`, a `group by` without sums or a `union` takes for one.
    async fn inspect_equal(&self, model: &Model, aggregate: &Aggregate) -> Result<Option<Finding>> {
        // What is in two branches of a union is meant to be taken once; what is twice in one branch may be two lines.
        let branches: Vec<&LogicalPlan> = match aggregate.input.as_ref() {
            LogicalPlan::Union(union) => union.inputs.iter().map(AsRef::as_ref).collect(),
            input => vec![input],
        };
        let (mut before, mut after) = (0, 0);
        for branch in branches {
            before += self.rows_of(model, branch).await?;
            let all = branch.schema().columns().into_iter().map(Expr::Column).collect();
            let frame = DataFrame::new(self.context.state(), branch.clone()).aggregate(all, Vec::new())?;
            after += frame.count().await.map_err(|error| Error::execute(&model.name, error))? as u64;
        }
        let equal = before.saturating_sub(after);
        let is_odd = equal > 0 && equal as f64 >= EQUAL_LEAST * before as f64;
        Ok(is_odd.then(|| Finding {
            text: format!(
                "{}: distinct leaves {} of {} out, equal to others in all columns that it reads: two equal lines of one order are one then",
                file_of(model),
                few(equal),
                rows(before)
            ),
            remedy: "read a column that tells lines of one order apart, or use union all".to_owned(),
            ..dropped()
        }))
    }

    /// Lines that are in two branches of a `union all`.
    async fn inspect_union(&self, model: &Model, union: &Union) -> Result<Option<Finding>> {
        let mut all = 0;
        for input in &union.inputs {
            all += self.rows_of(model, input).await?;
        }
        let step = all.div_ceil(ROWS_MOST).max(1);
        let mut branches = Vec::new();
        for input in &union.inputs {
            branches.push((self.hashes_of(model, input, step).await?, read_by(input)));
        }
        let mut most: Option<(u64, u64, usize, usize)> = None;
        for (second, (here, _)) in branches.iter().enumerate() {
            for (first, (there, _)) in branches[..second].iter().enumerate() {
                let (shared, smaller) = (in_both(there, here), here.len().min(there.len()) as u64);
                if most.is_none_or(|(shared_most, ..)| shared > shared_most) {
                    most = Some((shared, smaller, first, second));
                }
            }
        }
        let Some((shared, smaller, first, second)) = most else { return Ok(None) };
        if shared == 0 || (shared as f64) < SHARED_LEAST * smaller as f64 {
            return Ok(None);
        }
        let (one, other) = (&branches[first].1, &branches[second].1);
        let of = if one == other { format!("{one}, which it reads twice,") } else { format!("{one} and of {other}") };
        Ok(Some(Finding {
            name: "multiplied_lines",
            is_error: shared as f64 >= SHARED_MOST * smaller as f64,
            text: format!(
                "{}: a union makes two lines of one: {}{} of {} of {of} are equal in all columns that it reads",
                file_of(model),
                if step > 1 { "about " } else { "" },
                few(shared * step),
                rows(smaller * step)
            ),
            remedy: "take each line from one of them".to_owned(),
            ..dropped()
        }))
    }

    async fn hashes_of(&self, model: &Model, plan: &LogicalPlan, step: u64) -> Result<Vec<u64>> {
        use futures::TryStreamExt;
        let execute = |error| Error::execute(&model.name, error);
        let frame = DataFrame::new(self.context.state(), plan.clone());
        let mut stream = frame.execute_stream().await.map_err(execute)?;
        let mut met = Vec::new();
        while let Some(batch) = stream.try_next().await.map_err(execute)? {
            met.extend(super::repeats::hashes(&batch)?.into_iter().filter(|hash| hash % step == 0));
        }
        met.sort_unstable();
        Ok(met)
    }

    /// Lines of which a condition is neither true nor false, and which it leaves out like those of which it is false.
    async fn inspect_filter(&self, model: &Model, filter: &Filter, pinned: &[PinnedSource]) -> Result<Option<Finding>> {
        let is_plain = !filter.predicate.exists(|part| {
            Ok(matches!(
                part,
                Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_) | Expr::OuterReferenceColumn(..)
            ))
        })?;
        if !is_plain || has_no_nulls(filter, pinned) {
            return Ok(None);
        }
        let unknown = filter.predicate.clone().is_null();
        let frame = DataFrame::new(self.context.state(), filter.input.as_ref().clone());
        let counted = frame.aggregate(
            Vec::new(),
            vec![count_of(lit(1)).alias("lines"), sum(when(unknown, lit(1i64)).otherwise(lit(0i64))?).alias("unknown")],
        )?;
        let batches = counted.collect().await.map_err(|error| Error::execute(&model.name, error))?;
        let Some(batch) = batches.first() else { return Ok(None) };
        let cells = Cells { table: &model.name, batch };
        let (lines, unknown) = (cells.count("lines", 0)?, cells.count("unknown", 0)?);
        let columns: BTreeSet<&str> =
            filter.predicate.column_refs().into_iter().map(|column| column.name.as_str()).collect();
        let columns = columns.into_iter().collect::<Vec<_>>().join(", ");
        Ok((unknown > 0).then(|| Finding {
            text: format!(
                "{}: a condition on {columns} is neither true nor false in {} of {}, because of nulls, and leaves them out",
                file_of(model),
                few(unknown),
                rows(lines)
            ),
            remedy: "say there what becomes of nulls, like coalesce(column, '')".to_owned(),
            ..dropped()
        }))
    }

    pub(super) async fn rows_of(&self, model: &Model, plan: &LogicalPlan) -> Result<u64> {
        let frame = DataFrame::new(self.context.state(), plan.clone());
        let rows = frame.count().await.map_err(|error| Error::execute(&model.name, error))?;
        Ok(rows as u64)
    }
}

/// A finding of lines that are left out, without its words.
pub(super) fn dropped() -> Finding {
    Finding {
        name: "dropped_lines",
        place: Place::Staging,
        is_error: false,
        text: String::new(),
        example: String::new(),
        remedy: String::new(),
    }
}

/// A number that is not of a few people.
pub(super) fn few(number: u64) -> String {
    if number < FEW { format!("fewer than {FEW}") } else { count(number) }
}

/// How many of two sorted lists are in both, as often as both have them.
fn in_both(one: &[u64], other: &[u64]) -> u64 {
    let (mut at, mut shared) = (0, 0);
    for hash in other {
        while one.get(at).is_some_and(|first| first < hash) {
            at += 1;
        }
        if one.get(at) == Some(hash) {
            shared += 1;
            at += 1;
        }
    }
    shared
}

/// The tables that a plan reads, as its author wrote them.
fn read_by(plan: &LogicalPlan) -> String {
    let mut tables = BTreeSet::new();
    scans(plan, &mut |scan| {
        tables.insert(name_of(scan));
    });
    tables.into_iter().collect::<Vec<_>>().join(", ")
}

/// Whether the footers say that no column of a condition on a source has a null: then every row is known.
fn has_no_nulls(filter: &Filter, pinned: &[PinnedSource]) -> bool {
    let mut input = filter.input.as_ref();
    while let LogicalPlan::SubqueryAlias(alias) = input {
        input = alias.input.as_ref();
    }
    let LogicalPlan::TableScan(scan) = input else { return false };
    let name = scan.table_name.table();
    let source = pinned.iter().find(|source| source.name == name && scan.table_name.schema() == Some("source"));
    source.is_some_and(|source| filter.predicate.column_refs().iter().all(|column| source.has_no_null(&column.name)))
}

#[cfg(test)]
mod tests {
    use super::in_both;

    #[test]
    fn rows_in_both_are_counted_as_often_as_both_have_them() {
        assert_eq!(in_both(&[1, 1, 2, 5], &[1, 2, 2, 3, 5]), 3);
        assert_eq!(in_both(&[1, 1, 1], &[1, 1]), 2);
        assert_eq!(in_both(&[], &[1]), 0);
    }
}
