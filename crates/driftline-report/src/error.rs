//! What can go wrong between a report and a mailbox.

use std::path::PathBuf;

/// Errors of `driftline-report`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read template {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },

    #[error("template {name} of {}: {problem}", folder.display())]
    Template { folder: PathBuf, name: String, problem: String },

    #[error("sample {}: {problem}", path.display())]
    Sample { path: PathBuf, problem: String },

    #[error("site: {problem}")]
    Site { problem: String },

    #[error("mail to {recipient}: {problem}")]
    Message { recipient: String, problem: String },

    #[error("mail server {server}: {problem}")]
    Server { server: String, problem: String, is_permanent: bool },
}

pub type Result<T> = std::result::Result<T, Error>;
