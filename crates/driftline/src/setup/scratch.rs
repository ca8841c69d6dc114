//! A folder for one run's temporary files, locked while its process lives: what a killed run left can be told from what is in use.
//!
//! It holds customers' rows, and lies where everybody may write: so it is its owner's alone, and what is found is used only if it
//! is of the same owner and nobody else could have changed it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use driftline_lake::private;
use driftline_lake::resume::Resume;

use crate::error::{Error, Result};

/// What folders of runs are called, before the process and a number.
const PREFIX: &str = "driftline-run-";
const LOCK: &str = "lock";
/// A folder that no run wanted for so long goes.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// What of a file's mode says that others may do something with it.
const OTHERS: u32 = 0o077;

/// A folder for one run's temporary files, removed when the run ends.
pub struct Scratch {
    pub path: PathBuf,
    /// LeaseGuard until the process ends, however it ends.
    _lock: File,
}

impl Scratch {
    /// # Errors
    /// `Error::Output` if the folder cannot be made.
    pub fn new(parent: &Path) -> Result<Self> {
        // A process of this number may have been killed here before, or somebody put something in the way.
        for number in 0u64.. {
            let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
            let wrong = |source| Error::Output { path: path.clone(), source };
            match fs::create_dir_all(parent).and_then(|()| private::create_folder(&path)) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                made => made.map_err(wrong)?,
            }
            let lock = private::create(&path.join(LOCK)).map_err(wrong)?;
            // Somebody who clears up saw the folder before it was locked.
            if lock.try_lock().is_ok() && path.join(LOCK).exists() {
                return Ok(Self { path, _lock: lock });
            }
        }
        Err(Error::Output { path: parent.to_owned(), source: std::io::ErrorKind::AlreadyExists.into() })
    }

    /// What runs of the same user have left beside this folder and whose processes are gone, in the order of their names.
    pub fn leftovers(&self) -> Vec<Leftover> {
        let (Some(parent), Ok(own)) = (self.path.parent(), fs::symlink_metadata(&self.path)) else { return Vec::new() };
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let mut found: Vec<Leftover> = entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
            .filter_map(|entry| Leftover::at(entry.path(), &own))
            .collect();
        found.sort_by(|one, other| one.path.cmp(&other.path));
        found
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
    /// Whether only its owner, who is ours, could have put anything into it.
    is_private: bool,
    /// None of a process that was killed before it had one.
    _lock: Option<File>,
}

impl Leftover {
    fn at(path: PathBuf, own: &Metadata) -> Option<Self> {
        // Not what a link points to: the folder itself.
        let folder = fs::symlink_metadata(&path).ok()?;
        if !folder.is_dir() || folder.uid() != own.uid() {
            return None;
        }
        let lock = opened(&path.join(LOCK));
        if let Some(lock) = &lock {
            lock.try_lock().ok()?;
        }
        let touched = lock.as_ref().map_or(Ok(folder.clone()), File::metadata).ok()?.modified().ok()?;
        let is_old = touched.elapsed().unwrap_or_default() > KEPT;
        let is_private = folder.mode() & OTHERS == 0 && lock.is_some();
        Some(Self { path, is_old, is_private, _lock: lock })
    }

    /// The folder, if what is in it may be used.
    pub fn trusted(&self) -> Option<PathBuf> {
        self.is_private.then(|| self.path.clone())
    }

    /// Removes what nobody took over: at once if `is_used`, since it is what is left of that run, or if there is nothing in it to
    /// take over, else when it is old.
    pub fn clear(self, is_used: bool) {
        let is_empty = self.is_private && !Resume::has_finished(&self.path);
        if (is_used && self.is_private) || is_empty || self.is_old {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A plain file, opened without following a link and without waiting for whoever might write into a pipe.
fn opened(path: &Path) -> Option<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path).ok()?;
    file.metadata().is_ok_and(|metadata| metadata.is_file()).then_some(file)
}

/// # Errors
/// `Error::Output` if the file cannot be read.
pub fn read_file(path: &Path) -> Result<Bytes> {
    fs::read(path).map(Bytes::from).map_err(|source| Error::Output { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("driftline-scratch-test-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// A folder as a killed run leaves it: with a lock that nobody holds, and one finished table.
    fn killed(parent: &Path, name: &str, mode: u32) -> PathBuf {
        let path = parent.join(format!("{PREFIX}{name}"));
        fs::create_dir_all(path.join("tables/days")).unwrap();
        fs::write(path.join("tables/days/finished.json"), "{}").unwrap();
        fs::write(path.join(LOCK), "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_folder_is_its_owners_alone_and_taken_as_it_is_found_by_nobody() {
        let parent = folder("own");
        // What somebody put in the way of this process: a folder, a link to one, a file.
        let name = |number: u32| parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(name(0)).unwrap();
        symlink(name(0), name(1)).unwrap();
        fs::write(name(2), "").unwrap();
        let scratch = Scratch::new(&parent).unwrap();
        assert_eq!(scratch.path, name(3));
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&scratch.path), mode(&scratch.path.join(LOCK))), (0o700, 0o600));
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn only_private_folders_are_used_and_what_is_of_no_use_goes() {
        let parent = folder("left");
        let scratch = Scratch::new(&parent).unwrap();
        let ours = killed(&parent, "1-0", 0o700);
        let open_to_others = killed(&parent, "2-0", 0o777);
        let unfinished = killed(&parent, "3-0", 0o700);
        fs::remove_dir_all(unfinished.join("tables")).unwrap();
        let elsewhere = killed(&parent, "elsewhere", 0o700);
        let elsewhere_of = parent.join("elsewhere");
        fs::rename(elsewhere, &elsewhere_of).unwrap();
        symlink(&elsewhere_of, parent.join(format!("{PREFIX}4-0"))).unwrap();
        let with_link = killed(&parent, "5-0", 0o700);
        fs::remove_file(with_link.join(LOCK)).unwrap();
        symlink(elsewhere_of.join(LOCK), with_link.join(LOCK)).unwrap();
        let leftovers = scratch.leftovers();
        let trusted: Vec<PathBuf> = leftovers.iter().filter_map(Leftover::trusted).collect();
        assert_eq!(trusted, [ours.clone(), unfinished.clone()]);
        leftovers.into_iter().for_each(|leftover| leftover.clear(false));
        assert!(ours.exists(), "a table may still be taken over");
        assert!(!unfinished.exists(), "nothing to take over");
        assert!(open_to_others.exists() && with_link.exists() && elsewhere_of.join(LOCK).exists(), "left alone");
        scratch.leftovers().into_iter().for_each(|leftover| leftover.clear(true));
        assert!(!ours.exists() && open_to_others.exists());
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn a_pipe_in_the_place_of_a_lock_holds_nobody_up() {
        let parent = folder("pipe");
        let scratch = Scratch::new(&parent).unwrap();
        let path = killed(&parent, "1-0", 0o700);
        fs::remove_file(path.join(LOCK)).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path.join(LOCK)).status().unwrap();
        assert!(made.success());
        assert_eq!(scratch.leftovers().iter().filter_map(Leftover::trusted).count(), 0);
        fs::remove_dir_all(&parent).unwrap();
    }
}
