//! A project is a folder with `sql/`, `jobs/` and `reports/`: plain text that this program interprets.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::setup::job::Job;

#[derive(Clone, Debug)]
pub struct Project {
    pub root: PathBuf,
}

impl Project {
    /// # Errors
    /// `Error::ProjectFile` if the folder does not exist.
    pub fn open(root: &Path) -> Result<Self> {
        let root = root.canonicalize().map_err(|source| Error::ProjectFile { path: root.to_owned(), source })?;
        Ok(Self { root })
    }

    pub fn sql(&self) -> PathBuf {
        self.root.join("sql")
    }

    pub fn reports(&self, folder: &str) -> PathBuf {
        self.root.join("reports").join(folder)
    }

    /// Every job file, by name.
    ///
    /// # Errors
    /// `Error::ProjectFile` if `jobs/` cannot be read.
    pub fn job_paths(&self) -> Result<Vec<PathBuf>> {
        let folder = self.root.join("jobs");
        let entries =
            std::fs::read_dir(&folder).map_err(|source| Error::ProjectFile { path: folder.clone(), source })?;
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort();
        Ok(paths)
    }

    /// The named job, or every job of the project.
    ///
    /// # Errors
    /// As [`Project::job`] and [`Job::read`].
    pub fn jobs(&self, name: Option<&str>, overrides: &[String]) -> Result<Vec<Job>> {
        match name {
            Some(name) => Ok(vec![self.job(Some(name), overrides)?]),
            None => self.job_paths()?.iter().map(|path| Job::read(path, overrides)).collect(),
        }
    }

    /// A job by path or by name; without either, the only one.
    ///
    /// # Errors
    /// `Error::NoSuchJob` if there is none of that name, or several and no name was given.
    pub fn job(&self, name: Option<&str>, overrides: &[String]) -> Result<Job> {
        let paths = self.job_paths()?;
        let known = || {
            let names: Vec<String> =
                paths.iter().filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
            names.join(", ")
        };
        let Some(name) = name else {
            return match paths.as_slice() {
                [only] => Job::read(only, overrides),
                _ => Err(Error::NoSuchJob { name: "(none named; use --job)".to_owned(), known: known() }),
            };
        };
        if let Some(path) = paths.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name)) {
            return Job::read(path, overrides);
        }
        let path = Path::new(name);
        // The project's own file first: `--project X run jobs/y.toml` means X's.
        let candidates = [self.root.join(path), path.to_owned()];
        match candidates.iter().find(|path| path.is_file()) {
            Some(path) => Job::read(path, overrides),
            None => Err(Error::NoSuchJob { name: name.to_owned(), known: known() }),
        }
    }
}
