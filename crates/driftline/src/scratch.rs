//! A folder for one run's temporary files, locked while its process lives: what a killed run left can be told from what is in use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, Result};

/// What folders of runs are called, before the process and a number.
const PREFIX: &str = "driftline-run-";
const LOCK: &str = "lock";
/// A folder that no run wanted for so long goes.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder for one run's temporary files, removed when the run ends.
pub struct Scratch {
    pub path: PathBuf,
    /// Held until the process ends, however it ends.
    _lock: File,
}

impl Scratch {
    /// # Errors
    /// `Error::Output` if the folder cannot be made.
    pub fn new(parent: &Path) -> Result<Self> {
        // A process of this number may have been killed here before.
        for number in 0u64.. {
            let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
            let wrong = |source| Error::Output { path: path.clone(), source };
            match fs::create_dir_all(parent).and_then(|()| fs::create_dir(&path)) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                made => made.map_err(wrong)?,
            }
            let lock = File::create(path.join(LOCK)).map_err(wrong)?;
            // Somebody who clears up saw the folder before it was locked.
            if lock.try_lock().is_ok() && path.join(LOCK).exists() {
                return Ok(Self { path, _lock: lock });
            }
        }
        Err(Error::Output { path: parent.to_owned(), source: std::io::ErrorKind::AlreadyExists.into() })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A folder of a run whose process is gone; nobody else touches it meanwhile.
pub struct Leftover {
    pub path: PathBuf,
    is_old: bool,
    _lock: File,
}

impl Leftover {
    /// Removes what nobody took over: at once if `is_used`, since it is what is left of that run, else when it is old.
    pub fn clear(self, is_used: bool) {
        if is_used || self.is_old {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// What runs have left in a folder whose processes are gone, in the order of their names.
pub fn leftovers(parent: &Path) -> Vec<Leftover> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<Leftover> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter_map(|entry| {
            let lock = File::open(entry.path().join(LOCK)).ok()?;
            lock.try_lock().ok()?;
            let age = lock.metadata().and_then(|metadata| metadata.modified()).ok()?.elapsed().unwrap_or_default();
            Some(Leftover { path: entry.path(), is_old: age > KEPT, _lock: lock })
        })
        .collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// # Errors
/// `Error::Output` if the file cannot be read.
pub fn read_file(path: &Path) -> Result<Bytes> {
    fs::read(path).map(Bytes::from).map_err(|source| Error::Output { path: path.to_owned(), source })
}
