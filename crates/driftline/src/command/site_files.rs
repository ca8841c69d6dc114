//! The files that a site consists of, and those of an earlier site that are stale.
//!
//! `files.json` beside the index lists every file that was written, with the SHA-256 of its bytes. A later site removes what it no
//! longer has: only a listed file, and only if it still holds what was written. Nothing else is ever removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use driftline_core::Market;
use driftline_ledger::Ledger;
use driftline_ledger::ledger::sha256;

use crate::error::{Error, InPlace, Result};

/// Name of the list, beside the index.
const LIST: &str = "files.json";

/// Where a site is written.
pub(super) enum Place<'a> {
    Folder(&'a Path),
    Warehouse { ledger: &'a Ledger, job: &'a str },
}

/// What became of a site's files.
pub(super) struct Written {
    /// Where each file lies, the list as the last.
    pub(super) locations: Vec<String>,
    /// How many files of an earlier site were removed.
    pub(super) removed: usize,
}

/// Path from the root of the site to the SHA-256 of the file.
type List = BTreeMap<String, String>;

impl Place<'_> {
    /// Where a reader finds a file.
    pub(super) fn location(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::Warehouse { ledger, job } => ledger.site_location(job, name),
        }
    }

    /// Writes the pages over what is there and removes what an earlier site wrote and this one lacks. With `only`, files of
    /// other markets are left as they are.
    ///
    /// The list is written before the pages and after them, so a site that was interrupted still knows all of its files.
    ///
    /// # Errors
    /// `Error::Output` or `Error::Ledger` if a file cannot be written, read or removed.
    pub(super) async fn write(&self, pages: Vec<(String, Vec<u8>)>, only: &[Market]) -> Result<Written> {
        let before = self.list().await?;
        let now: List = pages.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
        let is_stale = |name: &String| !now.contains_key(name) && is_of(name, only);
        let (stale, kept): (List, List) = before
            .into_iter()
            .filter(|(name, _)| is_plain(name) && !now.contains_key(name))
            .partition(|(name, _)| is_stale(name));
        let with =
            |more: &List| now.iter().chain(&kept).chain(more).map(|(a, b)| (a.clone(), b.clone())).collect::<List>();
        if !stale.is_empty() {
            self.put_list(&with(&stale)).await?;
        }
        let mut locations = Vec::with_capacity(pages.len() + 1);
        for (name, bytes) in pages {
            self.put(&name, bytes.into()).await?;
            locations.push(self.location(&name));
        }
        let mut removed = 0;
        for (name, hash) in &stale {
            match self.get(name).await? {
                Some(bytes) if sha256(&bytes) == *hash => {
                    self.remove(name).await?;
                    removed += 1;
                }
                Some(_) => {
                    tracing::warn!("{} is no page any more, but was changed by hand: it stays", self.location(name))
                }
                None => {}
            }
        }
        self.put_list(&with(&List::new())).await?;
        locations.push(self.location(LIST));
        Ok(Written { locations, removed })
    }

    /// What an earlier site wrote; nothing if there is no list, or none that can be read.
    async fn list(&self) -> Result<List> {
        let Some(bytes) = self.get(LIST).await? else { return Ok(List::new()) };
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!("{}: {error}; stale pages are not removed", self.location(LIST));
            List::new()
        }))
    }

    async fn put_list(&self, list: &List) -> Result<()> {
        self.put(LIST, serde_json::to_vec_pretty(list)?.into()).await
    }

    async fn put(&self, name: &str, bytes: Bytes) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
                made.and_then(|()| std::fs::write(&path, &bytes)).map_err(|error| output(path, error))
            }
            Self::Warehouse { ledger, job } => ledger.put_page(job, name, bytes).await.in_place(name),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        match self {
            Self::Folder(folder) => match std::fs::read(folder.join(name)) {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(output(folder.join(name), error)),
            },
            Self::Warehouse { ledger, job } => ledger.read_page(job, name).await.in_place(name),
        }
    }

    async fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                std::fs::remove_file(folder.join(name)).map_err(|error| output(folder.join(name), error))
            }
            Self::Warehouse { ledger, job } => ledger.remove_page(job, name).await.in_place(name),
        }
    }
}

fn output(path: PathBuf, source: std::io::Error) -> Error {
    Error::Output { path, source }
}

/// Whether a listed name stays below the root of the site: a list may have been edited.
fn is_plain(name: &str) -> bool {
    !name.contains(['\\', ':'])
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
        && name != LIST
}

/// Whether a file is of the markets that the site was made of; all files are if it was made of all markets.
fn is_of(name: &str, only: &[Market]) -> bool {
    only.is_empty() || name.split_once('/').is_some_and(|(first, _)| only.iter().any(|market| market.as_str() == first))
}
