//! Who wants no mail: `jobs/suppressed.txt` of the project, for all its jobs.

use std::path::Path;

pub use driftline_report::suppression::Suppressed;

use crate::error::{Error, Result};

/// Reads the project's file; none is an empty one.
///
/// # Errors
/// `Error::Job` with the line that is neither an address nor a comment.
pub fn read(project: &Path) -> Result<Suppressed> {
    let path = project.join("jobs").join("suppressed.txt");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Suppressed::default()),
        Err(source) => return Err(Error::ProjectFile { path, source }),
    };
    Suppressed::parse(&text).map_err(|problem| Error::Job { path, problem })
}
