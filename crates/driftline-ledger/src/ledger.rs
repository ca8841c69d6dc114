//! The ledger keeps publications on an object store and trusts it with one thing only: conditional create.
//!
//! ```text
//! <root>/<job>/<market>/<period>/runs/<run>/…            tables, report, mails: written first, seen by nobody
//! <root>/<job>/<market>/<period>/published/000001.json   the commit point, one conditional create a revision
//! <root>/<job>/<market>/<period>/outbox/000001/…         what was tried and what was sent
//! ```
//! None of these is ever overwritten (the job's site beside them is, see `site.rs`), so a reader sees a revision whole or not
//! at all, and a kill anywhere leaves at most an unnamed folder below `runs/`.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use driftline_core::{Market, Period};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::publication::{ObjectRecord, Publication};

/// One warehouse.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) root: Path,
    /// The URL as a person wrote it, for messages.
    shown: String,
}

/// A market's slot: where one period of a job lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub job: String,
    pub market: Market,
    pub period: Period,
}

impl Slot {
    fn path(&self, ledger: &Ledger) -> Path {
        ledger.root.clone().join(self.job.as_str()).join(self.market.as_str()).join(self.period.to_string())
    }
}

impl Ledger {
    pub fn new(store: Arc<dyn ObjectStore>, root: Path, shown: String) -> Self {
        Self { store, root, shown }
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
    /// `Error::Store` if the warehouse cannot be written, `Error::NoConditionalCreate` if the store ignores the condition.
    pub async fn probe(&self, nonce: &str) -> Result<()> {
        let location = self.root.clone().join("probe").join(format!("{nonce}.json"));
        self.create(&location, Bytes::from_static(b"{}"))
            .await
            .map_err(|error| self.failed("write to", &location, error))?;
        let second = self.create(&location, Bytes::from_static(b"{}")).await;
        let removed = self.store.delete(&location).await;
        match second {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                removed.map_err(|error| self.failed("delete from", &location, error))
            }
            Ok(()) => Err(Error::NoConditionalCreate { warehouse: self.shown.clone(), location: location.to_string() }),
            Err(error) => Err(self.failed("write to", &location, error)),
        }
    }

    async fn create(&self, location: &Path, bytes: Bytes) -> std::result::Result<(), object_store::Error> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.store.put_opts(location, PutPayload::from_bytes(bytes), options).await.map(|_| ())
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

    /// Every published period of a market with its highest revision, oldest first.
    ///
    /// # Errors
    /// `Error::Store` if the warehouse cannot be listed.
    pub async fn periods(&self, job: &str, market: &Market) -> Result<Vec<(Period, u32)>> {
        let folder = self.root.clone().join(job).join(market.as_str());
        let listed =
            self.store.list_with_delimiter(Some(&folder)).await.map_err(|e| self.failed("list", &folder, e))?;
        let mut periods = Vec::new();
        for period in listed.common_prefixes.iter().filter_map(|path| path.filename()?.parse::<Period>().ok()) {
            let slot = Slot { job: job.to_owned(), market: market.clone(), period };
            if let Some(revision) = self.revisions(&slot).await?.last() {
                periods.push((period, *revision));
            }
        }
        periods.sort();
        Ok(periods)
    }

    /// The published revisions of a slot, lowest first.
    ///
    /// # Errors
    /// `Error::Store` if the warehouse cannot be listed.
    pub async fn revisions(&self, slot: &Slot) -> Result<Vec<u32>> {
        let folder = slot.path(self).join("published");
        let metas: Vec<_> =
            self.store.list(Some(&folder)).try_collect().await.map_err(|error| self.failed("list", &folder, error))?;
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

    /// The latest revision of the last period published before `slot`'s, if any.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn previous(&self, slot: &Slot) -> Result<Option<Publication>> {
        let periods = self.periods(&slot.job, &slot.market).await?;
        match periods.iter().rev().find(|(period, _)| *period < slot.period) {
            Some((period, revision)) => {
                let previous = Slot { period: *period, ..slot.clone() };
                self.publication(&previous, *revision).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Folder of a run below the root, from its name.
    pub fn run_folder(&self, slot: &Slot, run: &str) -> String {
        format!("{}/{}/{}/runs/{run}", slot.job, slot.market, slot.period)
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
        let location: Path = self.root.parts().chain(Path::from(format!("{run_folder}/{name}")).parts()).collect();
        let record = ObjectRecord { name: name.to_owned(), bytes: bytes.len() as u64, sha256: sha256(&bytes) };
        self.store
            .put(&location, PutPayload::from_bytes(bytes))
            .await
            .map_err(|error| self.failed("write", &location, error))?;
        Ok(record)
    }

    /// Publishes: one conditional create of the next revision. What was written before becomes visible as a whole.
    ///
    /// # Errors
    /// `Error::Superseded` if another run published this revision first, `Error::Store` if the create failed.
    pub async fn publish(&self, publication: &Publication) -> Result<()> {
        let slot =
            Slot { job: publication.job.clone(), market: publication.market.clone(), period: publication.period };
        let location = published_path(&slot, self, publication.revision);
        let text = serde_json::to_vec_pretty(publication)
            .map_err(|source| Error::Unreadable { location: location.to_string(), source })?;
        match self.create(&location, text.into()).await {
            Ok(()) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                // The create may be our own whose answer was lost: the nonce tells.
                let found = self.publication(&slot, publication.revision).await?;
                if found.nonce == publication.nonce {
                    return Ok(());
                }
                Err(Error::Superseded {
                    job: slot.job,
                    market: slot.market.to_string(),
                    period: slot.period.to_string(),
                    revision: publication.revision,
                })
            }
            Err(error) => Err(self.failed("publish", &location, error)),
        }
    }

    /// Reads an object of a publication and checks its hash.
    ///
    /// # Errors
    /// `Error::Store` if it cannot be read, `Error::Damaged` if it is not what was published.
    pub async fn read(&self, publication: &Publication, name: &str) -> Result<Bytes> {
        let location: Path =
            self.root.parts().chain(Path::from(format!("{}/{name}", publication.run)).parts()).collect();
        let bytes = self.get(&location).await?;
        let found = sha256(&bytes);
        match publication.object(name) {
            Some(record) if record.sha256 != found => {
                Err(Error::Damaged { location: location.to_string(), expected: record.sha256.clone(), found })
            }
            _ => Ok(bytes),
        }
    }

    async fn get(&self, location: &Path) -> Result<Bytes> {
        let read = async { self.store.get(location).await?.bytes().await };
        read.await.map_err(|error| self.failed("read", location, error))
    }

    /// Whether the outbox has a receipt for a mail of a publication.
    ///
    /// # Errors
    /// `Error::Store` if the store does not answer.
    pub async fn was_sent(&self, publication: &Publication, mail: &str) -> Result<bool> {
        let location = self.outbox_path(publication, mail, "sent");
        match self.store.head(&location).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("read", &location, error)),
        }
    }

    /// Notes in the outbox that a mail is about to be handed over (`attempt`), was taken (`sent`) or refused (`failed`).
    ///
    /// # Errors
    /// `Error::Store` if the note cannot be written; an existing note of the same kind is left as it is.
    pub async fn note_mail(&self, publication: &Publication, mail: &str, state: &str, text: &str) -> Result<()> {
        let location = self.outbox_path(publication, mail, state);
        match self.create(&location, Bytes::from(text.to_owned())).await {
            Ok(()) | Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(())
            }
            Err(error) => Err(self.failed("write", &location, error)),
        }
    }

    fn outbox_path(&self, publication: &Publication, mail: &str, state: &str) -> Path {
        let slot =
            Slot { job: publication.job.clone(), market: publication.market.clone(), period: publication.period };
        slot.path(self).join("outbox").join(format!("{:06}", publication.revision)).join(format!("{mail}.{state}.json"))
    }
}

fn published_path(slot: &Slot, ledger: &Ledger, revision: u32) -> Path {
    slot.path(ledger).join("published").join(format!("{revision:06}.json"))
}

/// SHA-256 as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::publication::SCHEMA;

    fn ledger() -> Ledger {
        Ledger::new(Arc::new(object_store::memory::InMemory::new()), Path::from("w"), "memory:///w".to_owned())
    }

    fn publication(period: &str, revision: u32, nonce: &str) -> Publication {
        Publication {
            schema: SCHEMA.to_owned(),
            job: "j".to_owned(),
            market: "de".parse().unwrap(),
            period: period.parse().unwrap(),
            revision,
            reason: None,
            run: format!("j/de/{period}/runs/x"),
            content_id: "c".to_owned(),
            program_version: "0".to_owned(),
            published_at: "2026-01-01T00:00:00Z".to_owned(),
            previous_period: None,
            previous_revision: None,
            objects: Vec::new(),
            inputs: Vec::new(),
            nonce: nonce.to_owned(),
        }
    }

    #[tokio::test]
    async fn one_of_two_runs_publishes_and_its_own_repeat_is_no_conflict() {
        let ledger = ledger();
        ledger.probe("n").await.unwrap();
        ledger.publish(&publication("2011Q3", 1, "mine")).await.unwrap();
        ledger.publish(&publication("2011Q3", 1, "mine")).await.unwrap();
        let other = ledger.publish(&publication("2011Q3", 1, "other")).await;
        assert!(matches!(other, Err(Error::Superseded { revision: 1, .. })), "{other:?}");
    }

    #[tokio::test]
    async fn previous_is_the_previous_published_period_in_its_latest_revision() {
        let ledger = ledger();
        for (period, revision) in [("2011Q1", 1), ("2011Q1", 2), ("2011Q4", 1)] {
            ledger.publish(&publication(period, revision, "n")).await.unwrap();
        }
        let slot = Slot { job: "j".to_owned(), market: "de".parse().unwrap(), period: "2011Q3".parse().unwrap() };
        let previous = ledger.previous(&slot).await.unwrap().unwrap();
        assert_eq!((previous.period.to_string().as_str(), previous.revision), ("2011Q1", 2));
        assert!(ledger.latest(&slot).await.unwrap().is_none());
        let first = Slot { period: "2010Q1".parse().unwrap(), ..slot };
        assert!(ledger.previous(&first).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_damaged_object_is_noticed() {
        let ledger = ledger();
        let mut publication = publication("2011Q3", 1, "n");
        let record = ledger.put(&publication.run, "report.json", Bytes::from_static(b"{}")).await.unwrap();
        publication.objects.push(ObjectRecord { sha256: "0".repeat(64), ..record });
        assert!(matches!(ledger.read(&publication, "report.json").await, Err(Error::Damaged { .. })));
    }
}
