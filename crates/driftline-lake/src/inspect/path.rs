//! Which tables of a staging model are its lines, and which of its nodes they pass.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{LogicalPlan, TableScan, Union};

use crate::graph::Graph;
use crate::lineage::{Step, place_of, trace};
use crate::source::PinnedSource;

/// The way of the lines through one model.
pub(super) struct Path<'a> {
    /// Tables that have the lines, by name: `source.order_lines`, or a computed model.
    lines: BTreeSet<String>,
    /// Tables and columns that the money is read from.
    pub(super) reads: BTreeSet<(String, String)>,
    /// Nodes that the money passes, from the last one down.
    pub(super) nodes: Vec<&'a LogicalPlan>,
    /// Columns of each node that the money is made of, by the node's place in memory.
    columns: BTreeMap<usize, BTreeSet<usize>>,
}

/// A table as its author writes it.
pub(super) fn name_of(scan: &TableScan) -> String {
    match scan.table_name.schema() {
        Some("source") => format!("source.{}", scan.table_name.table()),
        _ => scan.table_name.table().to_owned(),
    }
}

/// Every table that a plan reads.
pub(super) fn scans<'a>(plan: &'a LogicalPlan, visit: &mut impl FnMut(&'a TableScan)) {
    if let LogicalPlan::TableScan(scan) = plan {
        visit(scan);
    }
    plan.inputs().into_iter().for_each(|input| scans(input, visit));
}

fn address(plan: &LogicalPlan) -> usize {
    std::ptr::from_ref(plan) as usize
}

impl<'a> Path<'a> {
    /// Follows the columns that money is made of; where there are none, `sources` are the lines: those that have a time.
    pub(super) fn of(
        graph: &Graph,
        plan: &'a LogicalPlan,
        money: &BTreeSet<String>,
        sources: &[&str],
        pinned: &[PinnedSource],
    ) -> Self {
        let mut path =
            Self { lines: BTreeSet::new(), reads: BTreeSet::new(), nodes: Vec::new(), columns: BTreeMap::new() };
        for place in money.iter().filter_map(|column| place_of(plan, column)) {
            trace(plan, place, &mut |step| match step {
                Step::At(node, column) => {
                    if !path.columns.contains_key(&address(node)) {
                        path.nodes.push(node);
                    }
                    path.columns.entry(address(node)).or_default().insert(column);
                }
                Step::Read(scan, column) => {
                    path.reads.insert((name_of(scan), column.to_owned()));
                }
                Step::Made(..) => {}
            });
        }
        path.lines = path.line_tables(graph, plan, sources, pinned);
        path
    }

    fn line_tables(
        &self,
        graph: &Graph,
        plan: &LogicalPlan,
        sources: &[&str],
        pinned: &[PinnedSource],
    ) -> BTreeSet<String> {
        let is_timed = |table: &String| {
            let made_of = made_of(graph, table);
            sources.iter().any(|source| made_of.contains(&format!("source.{source}")))
        };
        let mut read: BTreeSet<String> = self.reads.iter().map(|(table, _)| table.clone()).collect();
        if read.iter().any(is_timed) {
            read.retain(is_timed);
            return read;
        }
        if read.is_empty() {
            scans(plan, &mut |scan| {
                read.insert(name_of(scan));
            });
            read.retain(is_timed);
            return read;
        }
        // Lines and the orders that they are of, or lines and the prices of what they sell: lines are the most.
        for place in ["order_id", "order_date"].into_iter().filter_map(|column| place_of(plan, column)) {
            trace(plan, place, &mut |step| {
                if let Step::Read(scan, _) = step {
                    read.insert(name_of(scan));
                }
            });
        }
        let rows = |table: &String| {
            let made_of = made_of(graph, table);
            let sources = pinned.iter().filter(|source| made_of.contains(&format!("source.{}", source.name)));
            sources.map(PinnedSource::rows).max().unwrap_or(0)
        };
        read.into_iter().max_by_key(rows).into_iter().collect()
    }

    /// Whether a plan reads a table of the lines.
    pub(super) fn has_lines(&self, plan: &LogicalPlan) -> bool {
        let mut found = false;
        scans(plan, &mut |scan| found |= self.lines.contains(&name_of(scan)));
        found
    }

    pub(super) fn passes(&self, plan: &LogicalPlan) -> bool {
        self.columns.contains_key(&address(plan))
    }

    /// The column of a node that is its money: the only one with decimals that the money is made of.
    pub(super) fn money_of(&self, plan: &LogicalPlan) -> Option<usize> {
        let columns = self.columns.get(&address(plan))?;
        let fields = plan.schema().fields();
        let is_money =
            |column: &&usize| matches!(fields[**column].data_type(), DataType::Decimal128(..) | DataType::Float64);
        let mut found = columns.iter().filter(is_money);
        found.next().copied().filter(|_| found.next().is_none())
    }

    /// Whether a union is one of different rows: what is in two branches is taken once.
    pub(super) fn is_deduplicated(&self, union: &Union) -> bool {
        self.nodes.iter().any(|node| match node {
            LogicalPlan::Aggregate(aggregate) => match aggregate.input.as_ref() {
                LogicalPlan::Union(below) => aggregate.aggr_expr.is_empty() && std::ptr::eq(below, union),
                _ => false,
            },
            _ => false,
        })
    }
}

/// A table and what it is made of.
fn made_of(graph: &Graph, table: &str) -> BTreeSet<String> {
    let references = graph.ancestors(&[table]).into_iter().flat_map(|model| model.references.iter().cloned());
    references.chain([table.to_owned()]).collect()
}
