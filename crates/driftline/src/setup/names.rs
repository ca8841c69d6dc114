//! A company's own names for personas: `jobs/names/<job>.toml`, one `[[persona]]` each.

use std::path::Path;

use driftline_core::naming::own::{OwnName, check};
use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameFile {
    #[serde(default)]
    persona: Vec<OwnName>,
}

/// Reads a job's own names and their text; none if the file does not exist.
///
/// # Errors
/// `Error::ProjectFile` if the file cannot be read, `Error::Job` with what is misspelt, missing or there twice.
pub(crate) fn read(project: &Path, job: &str) -> Result<(Vec<OwnName>, String)> {
    let path = project.join("jobs").join("names").join(format!("{job}.toml"));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), String::new())),
        Err(source) => return Err(Error::ProjectFile { path, source }),
    };
    let wrong = |problem: String| Error::Job { path: path.clone(), problem };
    let file: NameFile = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
    check(&file.persona).map_err(|error| wrong(error.to_string()))?;
    Ok((file.persona, text))
}
