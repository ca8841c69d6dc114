//! What can go wrong between the exports and the tables: the outer text says where, the source says what.

use std::path::PathBuf;

use datafusion::error::DataFusionError;

/// Errors of `driftline-lake`. `driftline::exit` maps each variant to a documented exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}", path.display())]
    ProjectFile { path: PathBuf, source: std::io::Error },

    #[error("{}: {problem}", path.display())]
    ModelFile { path: PathBuf, problem: String },

    #[error("{}: model does not plan{}", path.display(), crate::advice::plan_advice(source))]
    Plan { path: PathBuf, source: Box<DataFusionError> },

    #[error("model `{model}` failed while it ran{}", crate::advice::arithmetic(source).unwrap_or_default())]
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
