//! Notes on personas: `jobs/notes/<job>/<persona key>.toml`, one `[[note]]` each.

use std::path::Path;

use driftline_core::personas::note::{Notes, WrittenNote};
use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteFile {
    #[serde(default)]
    note: Vec<WrittenNote>,
}

/// Reads a job's notes and their text; none if the folder does not exist.
///
/// # Errors
/// `Error::ProjectFile` if a file cannot be read, `Error::Job` with the line of what is misspelt.
pub(crate) fn read(project: &Path, job: &str) -> Result<(Notes, String)> {
    let folder = project.join("jobs").join("notes").join(job);
    let mut paths: Vec<_> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => return Ok((Notes::new(), String::new())),
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let (mut notes, mut all) = (Notes::new(), String::new());
    for path in paths {
        let text =
            std::fs::read_to_string(&path).map_err(|source| Error::ProjectFile { path: path.clone(), source })?;
        let file: NoteFile = toml::from_str(&text)
            .map_err(|error| Error::Job { path: path.clone(), problem: error.to_string().trim_end().to_owned() })?;
        let key = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        all.push_str(&key);
        all.push_str(&text);
        notes.insert(key, file.note);
    }
    Ok((notes, all))
}
