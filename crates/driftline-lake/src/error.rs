//! What can go wrong between the exports and the tables: the outer text says where, the source says what.

use std::path::PathBuf;

use datafusion::error::DataFusionError;

use crate::scan::ReadFailure;

/// Errors of `driftline-lake`. `driftline::exit` maps each variant to a documented exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", path.display())]
    ProjectFile { path: PathBuf, source: std::io::Error },

    #[error("{}: {problem}", path.display())]
    ModelFile { path: PathBuf, problem: String },

    #[error("{}: model does not plan{}", path.display(), plan_advice(source))]
    Plan { path: PathBuf, source: Box<DataFusionError> },

    #[error("model `{model}` failed while it ran{}", arithmetic(source).unwrap_or_default())]
    Execute { model: String, source: Box<DataFusionError> },

    #[error(
        "model `{model}` ran out of memory: raise --memory or [limits] memory in the job, or give it fewer --threads"
    )]
    Memory { model: String, source: Box<DataFusionError> },

    #[error(
        "no room on the disk for temporary files while model `{model}` ran: free some, or set TMPDIR to a folder on a larger disk; nothing was published"
    )]
    DiskFull { model: String, source: Box<DataFusionError> },

    #[error("query engine: {0}")]
    Engine(#[source] Box<DataFusionError>),

    #[error("source `{name}`: no object under {location}; expected at least one .parquet file; {hint}")]
    EmptySource { name: String, location: String, hint: String },

    #[error("source `{name}`, {object}: {problem}")]
    SourceContract { name: String, object: String, problem: String },

    #[error("source `{name}`, {object}: not a readable Parquet file of {size} bytes; export it again")]
    SourceUnreadable { name: String, object: String, size: u64, source: Box<dyn std::error::Error + Send + Sync> },

    #[error(
        "exports of market `{market}` start on {first}, after the last day of the period ({as_of} is as-of); check the period or the exports URL"
    )]
    SourceTooLate { market: String, first: String, as_of: String },

    #[error("{object} was replaced while the run read it (pinned {pinned}); nothing was published, run again")]
    InputChanged { object: String, pinned: String },

    #[error("cannot list or read {location}")]
    Store { location: String, source: object_store::Error },

    #[error("model `{model}` breaks its contract: {problem}")]
    Contract { model: String, problem: String },

    #[error("{problem}")]
    Exported { problem: String },

    #[error("{problem}")]
    Staged { problem: String },

    #[error("audit `{audit}` found {rows} rows that must not exist ({about}); first: {sample}")]
    Audit { audit: String, about: String, rows: usize, sample: String },

    #[error("unit test {}: {problem}", path.display())]
    UnitTest { path: PathBuf, problem: String },

    #[error("cannot use the folder for temporary files {}: check that it can be written and has room, or set TMPDIR to another", path.display())]
    Scratch { path: PathBuf, source: std::io::Error },

    #[error("cannot write {}", path.display())]
    Output { path: PathBuf, source: std::io::Error },

    #[error("table `{table}` has no column `{column}` of the type that the report needs")]
    Shape { table: String, column: String },
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An engine error while `model` ran: memory, disk and replaced inputs are told apart, for they have their own advice.
    pub fn execute(model: &str, error: DataFusionError) -> Self {
        if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            return Self::Memory { model: model.to_owned(), source: Box::new(error) };
        }
        if let Some(failure) = ReadFailure::found_in(&error) {
            return failure;
        }
        if let Some((object, pinned)) = crate::pinned::changed_input(&error) {
            return Self::InputChanged { object, pinned };
        }
        if is_disk_full(&error) {
            return Self::DiskFull { model: model.to_owned(), source: Box::new(error) };
        }
        Self::Execute { model: model.to_owned(), source: Box::new(withheld(error)) }
    }
}

/// What to write where types do not fit.
fn plan_advice(error: &DataFusionError) -> &'static str {
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

/// The same failure without the value of a row that the engine stumbled over.
fn withheld(error: DataFusionError) -> DataFusionError {
    match error.find_root() {
        DataFusionError::ArrowError(inner, _) => {
            DataFusionError::Execution(crate::example::without_values(&inner.to_string()))
        }
        DataFusionError::Execution(text) => DataFusionError::Execution(crate::example::without_values(text)),
        _ => error,
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        ReadFailure::found_in(&error).unwrap_or_else(|| Self::Engine(Box::new(error)))
    }
}

/// True if a write somewhere below found no room.
fn is_disk_full(error: &DataFusionError) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(StorageFull | QuotaExceeded | FileTooLarge)) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let failed = |kind: std::io::ErrorKind| {
            let parquet = parquet::errors::ParquetError::External(Box::new(std::io::Error::from(kind)));
            Error::execute("customers", DataFusionError::from(parquet))
        };
        assert!(matches!(failed(std::io::ErrorKind::StorageFull), Error::DiskFull { .. }));
        assert!(matches!(failed(std::io::ErrorKind::PermissionDenied), Error::Execute { .. }));
    }
}
