//! What a model may not do although the engine would let it.

use std::ops::ControlFlow;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, visit_expressions};

/// Functions whose answer depends on the day, the machine or chance.
const NOT_DETERMINISTIC: [&str; 8] =
    ["now", "current_date", "current_time", "current_timestamp", "today", "random", "uuid", "arrow_typeof"];
/// Aggregates whose answer depends on the order of rows; the first and last value do not if they say by which order.
const ORDER_DEPENDENT: [&str; 4] = ["approx_percentile_cont", "approx_median", "first_value", "last_value"];
/// Aggregates that add floats in an order that differs from run to run.
const SUMS: [&str; 8] = ["sum", "avg", "mean", "stddev", "stddev_pop", "var_samp", "var_pop", "corr"];

/// Refuses functions that make two runs differ.
pub fn text(statement: &Statement) -> Result<(), String> {
    let Statement::Statement(statement) = statement else { return Ok(()) };
    let found = visit_expressions(statement.as_ref(), |expression| {
        if let ast::Expr::Function(function) = expression {
            let name = function.name.to_string().to_lowercase();
            if NOT_DETERMINISTIC.contains(&name.as_str()) {
                return ControlFlow::Break(format!(
                    "`{name}()` gives another answer on another day; use $as_of and other bound values"
                ));
            }
            let is_ordered = name.ends_with("_value") && function.to_string().to_lowercase().contains(" order by ");
            if ORDER_DEPENDENT.contains(&name.as_str()) && function.over.is_none() && !is_ordered {
                return ControlFlow::Break(format!(
                    "`{name}()` depends on the order of rows; use an exact function (percentile_cont, min, max), or \
                     first_value(... order by ...) over an order without ties"
                ));
            }
        }
        ControlFlow::Continue(())
    });
    match found {
        ControlFlow::Break(problem) => Err(problem),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Refuses float sums in the plan: their last digits depend on threads, and money must never be a float.
pub fn plan(plan: &LogicalPlan) -> Result<(), String> {
    let mut problem = None;
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Aggregate(aggregate) = node {
            for expression in &aggregate.aggr_expr {
                if let Some(name) = float_sum(expression, aggregate.input.schema()) {
                    problem = Some(format!(
                        "`{name}` over a float: the last digits would depend on threads; cast the argument to decimal(18,4) first"
                    ));
                    return Ok(TreeNodeRecursion::Stop);
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    match (walked, problem) {
        (_, Some(problem)) => Err(problem),
        (Err(error), None) => Err(error.to_string()),
        (Ok(_), None) => Ok(()),
    }
}

fn float_sum(expression: &Expr, schema: &datafusion::common::DFSchema) -> Option<String> {
    let mut found = None;
    let _ = expression.apply(|part| {
        if let Expr::AggregateFunction(call) = part
            && SUMS.contains(&call.func.name())
            && call.params.args.iter().any(|argument| {
                matches!(argument.get_type(schema), Ok(DataType::Float64 | DataType::Float32 | DataType::Float16))
            })
        {
            found = Some(call.func.name().to_owned());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}
