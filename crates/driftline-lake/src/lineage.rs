//! Where a column of a query comes from: the expressions that make it, the nodes that it passes, the tables that it is read from.

use std::collections::BTreeSet;

use datafusion::common::{DFSchema, JoinType};
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};

/// A column on its way up, at one node.
pub(crate) enum Step<'a> {
    /// The node that it is a column of, with its place there.
    At(&'a LogicalPlan, usize),
    /// What makes it of the columns of an input.
    Made(&'a Expr, &'a DFSchema),
    /// The table that it is read from, and its name there.
    Read(&'a TableScan, &'a str),
}

/// Follows a column, by its place in a plan, down to what it is read from.
pub(crate) fn trace<'a>(plan: &'a LogicalPlan, column: usize, visit: &mut impl FnMut(Step<'a>)) {
    let mut met = BTreeSet::new();
    let mut open = vec![(plan, column)];
    while let Some((node, column)) = open.pop() {
        if !met.insert((std::ptr::from_ref(node) as usize, column)) {
            continue;
        }
        visit(Step::At(node, column));
        below(node, column, visit, &mut open);
    }
}

/// The place of a column by its name.
pub(crate) fn place_of(plan: &LogicalPlan, name: &str) -> Option<usize> {
    plan.schema().fields().iter().position(|field| field.name() == name)
}

fn below<'a>(
    node: &'a LogicalPlan,
    column: usize,
    visit: &mut impl FnMut(Step<'a>),
    open: &mut Vec<(&'a LogicalPlan, usize)>,
) {
    match node {
        LogicalPlan::Projection(projection) => {
            made(projection.expr.get(column), &projection.input, visit, open);
        }
        LogicalPlan::Aggregate(aggregate) => {
            let expressions = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
            made(expressions.into_iter().nth(column), &aggregate.input, visit, open);
        }
        LogicalPlan::Window(window) => {
            let before = window.input.schema().fields().len();
            match column.checked_sub(before) {
                Some(own) => made(window.window_expr.get(own), &window.input, visit, open),
                None => open.push((&window.input, column)),
            }
        }
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            let is_right_alone = matches!(join.join_type, JoinType::RightSemi | JoinType::RightAnti);
            match column.checked_sub(left) {
                _ if is_right_alone => open.push((&join.right, column)),
                Some(right) => open.push((&join.right, right)),
                None => open.push((&join.left, column)),
            }
        }
        LogicalPlan::Union(union) => open.extend(union.inputs.iter().map(|input| (input.as_ref(), column))),
        LogicalPlan::TableScan(scan) => {
            if let Some(field) = scan.projected_schema.fields().get(column) {
                visit(Step::Read(scan, field.name()));
            }
        }
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Subquery(_) => open.extend(node.inputs().first().map(|input| (*input, column))),
        // Of other nodes nobody knows which column is which.
        _ => {}
    }
}

fn made<'a>(
    expression: Option<&'a Expr>,
    input: &'a LogicalPlan,
    visit: &mut impl FnMut(Step<'a>),
    open: &mut Vec<(&'a LogicalPlan, usize)>,
) {
    let Some(expression) = expression else { return };
    visit(Step::Made(expression, input.schema()));
    let places = expression.column_refs().into_iter().filter_map(|column| input.schema().maybe_index_of_column(column));
    // In one order, whatever the set's.
    let places: BTreeSet<usize> = places.collect();
    open.extend(places.into_iter().map(|place| (input, place)));
}
