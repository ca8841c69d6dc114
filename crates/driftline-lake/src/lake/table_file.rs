//! A table that the run computed.

use std::path::PathBuf;

use crate::error::Error;

/// A table that the run computed and may publish.
#[derive(Clone, Debug)]
pub struct TableFile {
    pub name: String,
    pub path: PathBuf,
    pub rows: u64,
    /// Hash of the rows, whatever their order; only of a table that is published.
    pub content: Option<String>,
    /// Whether a run that ended early had computed it.
    pub is_taken_over: bool,
}

/// The error of a table without a column that is needed.
pub(super) fn shape(table: &str, column: &str) -> Error {
    Error::Shape { table: table.to_owned(), column: column.to_owned() }
}
