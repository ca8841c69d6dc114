//! What a model may not do although the engine would let it.

use std::ops::ControlFlow;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, visit_expressions};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::functions;
use crate::lineage::{Step, trace};

/// Functions whose answer depends on the day, the machine or chance.
const NOT_DETERMINISTIC: [&str; 8] =
    ["now", "current_date", "current_time", "current_timestamp", "today", "random", "uuid", "arrow_typeof"];
/// Aggregates whose answer depends on the order of rows, whatever they say of it.
const APPROXIMATE: [&str; 3] = ["approx_percentile_cont", "approx_percentile_cont_with_weight", "approx_median"];
/// Aggregates whose answer depends on the order of rows unless they say by which.
const ORDER_DEPENDENT: [&str; 6] = ["first_value", "last_value", "nth_value", "any_value", "array_agg", "string_agg"];
/// Aggregates that add up their argument as it is. Names are the engine's, not their aliases: a plan has only those.
const SUMS: [&str; 2] = ["sum", "avg"];
/// Aggregates that add up floats whatever their arguments are, in an order that differs from run to run.
const FLOAT_SUMS: [&str; 15] = [
    "var",
    "var_pop",
    "stddev",
    "stddev_pop",
    "covar_samp",
    "covar_pop",
    "corr",
    "regr_slope",
    "regr_intercept",
    "regr_r2",
    "regr_avgx",
    "regr_avgy",
    "regr_sxx",
    "regr_syy",
    "regr_sxy",
];

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
            let is_ordered = function.over.is_some() || function.to_string().to_lowercase().contains(" order by ");
            let is_open = ORDER_DEPENDENT.contains(&name.as_str()) && !is_ordered;
            if is_open || APPROXIMATE.contains(&name.as_str()) {
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

/// Refuses the key of the pseudonyms anywhere but as the first argument of `pseudonym()`: it is no value that a table may hold.
pub fn key(sql: &str) -> Result<(), String> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(|error| error.to_string())?;
    let tokens: Vec<Token> = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let is_key = |token: &Token| matches!(token, Token::Placeholder(name) if name == functions::KEY);
    let is_call = |token: &Token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case("pseudonym"));
    let is_allowed = |place: usize| {
        place >= 2
            && is_call(&tokens[place - 2])
            && tokens[place - 1] == Token::LParen
            && tokens.get(place + 1) == Some(&Token::Comma)
    };
    if (0..tokens.len()).filter(|place| is_key(&tokens[*place])).all(is_allowed) {
        return Ok(());
    }
    Err(format!(
        "uses `{0}` elsewhere than as the first argument of `pseudonym({0}, id)`; the key must not get into a table or a condition",
        functions::KEY
    ))
}

/// Refuses float sums in the plan, of groups and of windows: their last digits depend on threads, and money must never be a float.
pub fn plan(plan: &LogicalPlan) -> Result<(), String> {
    let mut problem = None;
    let walked = plan.apply_with_subqueries(|node| {
        let (expressions, input) = match node {
            LogicalPlan::Aggregate(aggregate) => (&aggregate.aggr_expr, &aggregate.input),
            LogicalPlan::Window(window) => (&window.window_expr, &window.input),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        problem = expressions.iter().find_map(|expression| float_sum(expression, input.schema()));
        Ok(if problem.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    match (walked, problem) {
        (_, Some(problem)) => Err(problem),
        (Err(error), None) => Err(error.to_string()),
        (Ok(_), None) => Ok(()),
    }
}

/// Refuses a column of money that is made by dividing whole numbers: cents would be lost.
pub fn money(plan: &LogicalPlan) -> Result<(), String> {
    for (place, field) in plan.schema().fields().iter().enumerate() {
        let mut found = None;
        if matches!(field.data_type(), DataType::Decimal128(..)) {
            trace(plan, place, &mut |step| {
                if let Step::Made(expression, schema) = step {
                    found = found.take().or_else(|| whole_division(expression, schema));
                }
            });
        }
        if let Some((division, divided)) = found {
            return Err(format!(
                "column `{}` is made by dividing whole numbers, `{division}`, and what is behind the point is lost; write cast({divided} as decimal(18, 4)) / …",
                field.name()
            ));
        }
    }
    Ok(())
}

/// A division of whole numbers that gives the value of an expression, not one that a condition asks for; and what it divides.
fn whole_division(expression: &Expr, schema: &DFSchema) -> Option<(String, String)> {
    let is_whole = |part: &Expr| part.get_type(schema).is_ok_and(|kind| kind.is_integer());
    match expression {
        Expr::BinaryExpr(parts) if parts.op == Operator::Divide && is_whole(&parts.left) && is_whole(&parts.right) => {
            Some((plain(expression), plain(&parts.left)))
        }
        Expr::Case(case) => {
            let values = case.when_then_expr.iter().map(|(_, value)| value).chain(&case.else_expr);
            values.into_iter().find_map(|value| whole_division(value, schema))
        }
        _ => {
            let mut found = None;
            let _ = expression.apply_children(|part| {
                found = whole_division(part, schema);
                Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            });
            found
        }
    }
}

/// An expression as its author wrote it, without the engine's names of tables and types of numbers.
fn plain(expression: &Expr) -> String {
    let bare = |part: Expr| {
        Ok(match part {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(column.name))),
            part => Transformed::no(part),
        })
    };
    let unnamed = expression.clone().transform(bare).map_or_else(|_| expression.clone(), |done| done.data);
    unnamed.human_display().to_string()
}

/// What is wrong with an expression that adds up floats.
fn float_sum(expression: &Expr, schema: &DFSchema) -> Option<String> {
    let mut found = None;
    let _ = expression.apply(|part| {
        let (name, arguments) = match part {
            Expr::AggregateFunction(call) => (call.func.name(), &call.params.args),
            Expr::WindowFunction(call) => (call.fun.name(), &call.params.args),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        let is_float = |argument: &Expr| {
            matches!(argument.get_type(schema), Ok(DataType::Float64 | DataType::Float32 | DataType::Float16))
        };
        if SUMS.contains(&name) && arguments.iter().any(is_float) {
            found = Some(format!(
                "`{name}` over a float: the last digits would depend on threads; cast the argument to decimal(18,4) first"
            ));
        } else if FLOAT_SUMS.contains(&name) {
            found = Some(format!(
                "`{name}` is computed in floats: the last digits would depend on threads; use sums of decimals"
            ));
        }
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_first_argument_of_pseudonym_and_nothing_else() {
        for sql in [
            "select pseudonym($pseudonym_key, id) as k from t",
            "select PSEUDONYM ( /* ours */ $pseudonym_key , id) as k from t group by pseudonym($pseudonym_key, id)",
            "select $as_of as day, '$pseudonym_key' as words -- $pseudonym_key\nfrom t",
        ] {
            assert_eq!(key(sql), Ok(()), "{sql}");
        }
        for sql in [
            "select $pseudonym_key as k from t",
            "select pseudonym($pseudonym_key || '', id) as k from t",
            "select pseudonym(id, $pseudonym_key) as k from t",
            "select pseudonym($pseudonym_key, $pseudonym_key) as k from t",
            "select id from t where $pseudonym_key > 'm'",
            "select pseudonym(concat($pseudonym_key, id), id) as k from t",
            "select text_key($pseudonym_key) as k from t",
            "select id from t order by $pseudonym_key",
            "select id from t limit length($pseudonym_key)",
            "select pseudonym(cast($pseudonym_key as varchar), id) as k from t",
        ] {
            assert!(key(sql).is_err_and(|problem| problem.contains("$pseudonym_key")), "{sql}");
        }
    }
}
