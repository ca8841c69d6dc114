//! A folder for one run's intermediate files.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::error::{Error, Result};

/// A folder for one run's intermediate files, removed when the run ends.
pub struct Scratch {
    pub path: PathBuf,
}

impl Scratch {
    /// # Errors
    /// `Error::Output` if the folder cannot be made.
    pub fn new(parent: &Path) -> Result<Self> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = parent.join(format!("driftline-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|source| Error::Output { path: path.clone(), source })?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// # Errors
/// `Error::Output` if the file cannot be read.
pub fn read_file(path: &Path) -> Result<Bytes> {
    std::fs::read(path).map(Bytes::from).map_err(|source| Error::Output { path: path.to_owned(), source })
}
