//! What an author of SQL should write, by what the engine says.

use datafusion::error::DataFusionError;

/// What to write where types do not fit.
pub(crate) fn plan_advice(error: &DataFusionError) -> &'static str {
    let problem = error.find_root().to_string().to_lowercase();
    let is_of_types = ["cannot coerce", "cannot infer common", "coercion from", "type_coercion", "failed to coerce"]
        .iter()
        .any(|words| problem.contains(words));
    if is_of_types {
        ": its types do not fit; write cast(… as decimal(18, 4)), bigint, date or varchar around one side"
    } else {
        ""
    }
}

/// What to write where numbers cannot be computed with, if that is what failed: then it is the model's, and no bug of the program.
pub fn arithmetic(error: &DataFusionError) -> Option<&'static str> {
    let problem = error.find_root().to_string().to_lowercase();
    if problem.contains("divide by zero") {
        Some(
            ": it divides by zero; write nullif(…, 0) around what it divides by, and say there what becomes of such rows",
        )
    } else if problem.contains("overflow") {
        Some(
            ": a number is too large for its type; write cast(… as decimal(38, 4)) or cast(… as bigint) around each number before it multiplies or adds them",
        )
    } else {
        None
    }
}
