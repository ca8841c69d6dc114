//! A warehouse: what is published in it, and the objects of runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use driftline_core::{Market, Period};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::publication::{ObjectRecord, Publication};
use crate::record::Signed;
use crate::slot::Slot;

/// One warehouse.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) root: Path,
    /// The URL as a person wrote it, for messages.
    pub(crate) shown: String,
    #[cfg(test)]
    pub(crate) without: Option<crate::guard::Guard>,
    #[cfg(test)]
    pub(crate) local_clock: Option<crate::simulator::LocalClock>,
}

impl Slot {
    pub(crate) fn path(&self, ledger: &Ledger) -> Path {
        ledger.root.clone().join(self.job.as_str()).join(self.market.as_str()).join(self.period.to_string())
    }
}

impl Ledger {
    pub fn new(store: Arc<dyn ObjectStore>, root: Path, shown: String) -> Self {
        Self {
            store,
            root,
            shown,
            #[cfg(test)]
            without: None,
            #[cfg(test)]
            local_clock: None,
        }
    }

    /// The warehouse's URL as a person wrote it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn failed(&self, action: &'static str, location: &Path, source: object_store::Error) -> Error {
        Error::Store { action, location: location.to_string(), warehouse: self.shown.clone(), source }
    }

    /// Creates a scratch object twice and deletes it: the second create must be refused.
    ///
    /// # Errors
    /// `Error::Store` if the warehouse cannot be written, `Error::NoConditionalCreate` if the store ignores the
    /// condition.
    pub async fn probe(&self, nonce: &str) -> Result<()> {
        let location = self.root.clone().join("probe").join(format!("{nonce}.json"));
        // A line that breaks after the create landed makes the client try again and meet its own object.
        let text = self.json(&location, &Signed { nonce: nonce.to_owned() })?;
        self.create_signed(&location, &text, nonce).await?;
        let second = self.create(&location, Bytes::from_static(b"{}")).await;
        let removed = match self.store.delete(&location).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            removed => removed,
        };
        match second {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                removed.map_err(|error| self.failed("delete from", &location, error))
            }
            Ok(()) => Err(Error::NoConditionalCreate { warehouse: self.shown.clone(), location: location.to_string() }),
            Err(error) => Err(self.failed("write to", &location, error)),
        }
    }

    /// The names of the markets that have anything under a job.
    ///
    /// # Errors
    /// `Error::Store` if the warehouse cannot be listed.
    pub async fn markets(&self, job: &str) -> Result<Vec<Market>> {
        let folder = self.root.clone().join(job);
        let listed =
            self.store.list_with_delimiter(Some(&folder)).await.map_err(|e| self.failed("list", &folder, e))?;
        let names = listed.common_prefixes.iter().filter_map(|path| path.filename()?.parse().ok());
        Ok(names.collect::<BTreeSet<Market>>().into_iter().collect())
    }

    /// Every period of a market that something was tried for, oldest first.
    ///
    /// # Errors
    /// `Error::Store` if the warehouse cannot be listed.
    pub async fn slots(&self, job: &str, market: &Market) -> Result<Vec<Period>> {
        let folder = self.root.clone().join(job).join(market.as_str());
        let listed =
            self.store.list_with_delimiter(Some(&folder)).await.map_err(|e| self.failed("list", &folder, e))?;
        let names = listed.common_prefixes.iter();
        Ok(names.filter_map(|path| path.filename()?.parse().ok()).collect::<BTreeSet<Period>>().into_iter().collect())
    }

    /// Every published period of a market with its highest revision, oldest first.
    ///
    /// # Errors
    /// `Error::Store` if the warehouse cannot be listed.
    pub async fn periods(&self, job: &str, market: &Market) -> Result<Vec<(Period, u32)>> {
        let mut periods = Vec::new();
        for period in self.slots(job, market).await? {
            let slot = Slot { job: job.to_owned(), market: market.clone(), period };
            if let Some(revision) = self.revisions(&slot).await?.last() {
                periods.push((period, *revision));
            }
        }
        Ok(periods)
    }

    /// The published revisions of a slot, lowest first.
    ///
    /// # Errors
    /// `Error::Store` if the warehouse cannot be listed.
    pub async fn revisions(&self, slot: &Slot) -> Result<Vec<u32>> {
        let folder = slot.path(self).join("published");
        let metas = self.listed(&folder).await?;
        let number = |path: &Path| path.filename()?.strip_suffix(".json")?.parse::<u32>().ok();
        let mut revisions: Vec<u32> = metas.iter().filter_map(|meta| number(&meta.location)).collect();
        revisions.sort_unstable();
        Ok(revisions)
    }

    /// The publication of a slot in its highest revision.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn latest(&self, slot: &Slot) -> Result<Option<Publication>> {
        match self.revisions(slot).await?.last() {
            Some(revision) => self.publication(slot, *revision).await.map(Some),
            None => Ok(None),
        }
    }

    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn publication(&self, slot: &Slot, revision: u32) -> Result<Publication> {
        let location = published_path(slot, self, revision);
        let bytes = self.get(&location).await?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Unreadable { location: location.to_string(), source })
    }

    /// The latest revision of the last period of the same calendar published before `slot`'s, if any. A job that once counted
    /// quarters and now half-years begins anew; what it published stays.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn previous(&self, slot: &Slot) -> Result<Option<Publication>> {
        let periods = self.periods(&slot.job, &slot.market).await?;
        let is_before = |period: Period| period < slot.period && period.calendar() == slot.period.calendar();
        match periods.iter().rev().find(|(period, _)| is_before(*period)) {
            Some((period, revision)) => {
                let previous = Slot { period: *period, ..slot.clone() };
                self.publication(&previous, *revision).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Every publication of a slot, in order of revisions. Revisions after the highest one listed are looked for by
    /// name.
    pub(crate) async fn publications(&self, slot: &Slot) -> Result<Vec<Publication>> {
        let listed = self.revisions(slot).await?.last().copied().unwrap_or(0);
        let mut publications = Vec::new();
        for revision in 1.. {
            let location = published_path(slot, self, revision);
            match self.get_if_any(&location).await? {
                Some(bytes) => publications.push(
                    serde_json::from_slice(&bytes)
                        .map_err(|source| Error::Unreadable { location: location.to_string(), source })?,
                ),
                None if revision > listed => break,
                None => {}
            }
        }
        Ok(publications)
    }

    /// Folder of a run below the root, from its name.
    pub fn run_folder(&self, slot: &Slot, run: &str) -> String {
        format!("{}/{}/{}/runs/{run}", slot.job, slot.market, slot.period)
    }

    pub(crate) fn below_root(&self, path: &str) -> Path {
        self.root.parts().chain(Path::from(path).parts()).collect()
    }

    /// Where a person finds an object of a run.
    pub fn location(&self, run_folder: &str, name: &str) -> String {
        format!("{}/{run_folder}/{name}", self.shown.trim_end_matches('/'))
    }

    /// Writes one object of a run that is not published yet.
    ///
    /// # Errors
    /// `Error::Store` if it cannot be written.
    pub async fn put(&self, run_folder: &str, name: &str, bytes: Bytes) -> Result<ObjectRecord> {
        let location = self.below_root(&format!("{run_folder}/{name}"));
        let record = ObjectRecord { name: name.to_owned(), bytes: bytes.len() as u64, sha256: sha256(&bytes) };
        self.store
            .put(&location, PutPayload::from_bytes(bytes))
            .await
            .map_err(|error| self.failed("write", &location, error))?;
        Ok(record)
    }

    /// Reads an object of a publication and checks its hash.
    ///
    /// # Errors
    /// `Error::Store` if it cannot be read, `Error::Damaged` if it is not what was published.
    pub async fn read(&self, publication: &Publication, name: &str) -> Result<Bytes> {
        let location = self.below_root(&format!("{}/{name}", publication.run));
        let bytes = self.get(&location).await?;
        let found = sha256(&bytes);
        match publication.object(name) {
            Some(record) if record.sha256 != found => {
                Err(Error::Damaged { location: location.to_string(), expected: record.sha256.clone(), found })
            }
            _ => Ok(bytes),
        }
    }
}

pub(crate) fn published_path(slot: &Slot, ledger: &Ledger, revision: u32) -> Path {
    slot.path(ledger).join("published").join(format!("{revision:06}.json"))
}

/// SHA-256 as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
