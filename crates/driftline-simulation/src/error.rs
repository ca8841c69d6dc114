//! Why a company was not written.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a market of the company")]
    Market { source: driftline_core::Error },

    #[error("cannot write {}", path.display())]
    Output { path: PathBuf, source: std::io::Error },
}

pub type Result<T> = std::result::Result<T, Error>;
