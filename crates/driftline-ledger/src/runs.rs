//! All runs of a slot, published or not, and the removal of those that led nowhere.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use driftline_core::{Market, Period};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::{Path, PathPart};

use crate::error::{Error, Result};
use crate::events::RecordedEvent;
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::slot::Slot;

/// A run as its objects show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    pub slot: Slot,
    /// Its name; [`Ledger::run_folder`] gives its folder.
    pub run: String,
    /// The revision it is published as.
    pub revision: Option<u32>,
    pub last_event: Option<RecordedEvent>,
    pub objects: usize,
    pub bytes: u64,
    /// Last-modified of its first and its last object, by the store's clock.
    pub first_write_at: DateTime<Utc>,
    pub last_write_at: DateTime<Utc>,
}

impl Ledger {
    /// All runs of a slot, published or not, oldest first.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn runs(&self, job: &str, market: &Market, period: Period) -> Result<Vec<RunSummary>> {
        let slot = Slot { job: job.to_owned(), market: market.clone(), period };
        let folder = slot.path(self).join("runs");
        let mut runs: BTreeMap<String, Vec<ObjectMeta>> = BTreeMap::new();
        for meta in self.listed(&folder).await? {
            let run = meta.location.prefix_match(&folder).and_then(|mut parts| parts.next());
            if let Some(run) = run.map(|part: PathPart<'_>| part.as_ref().to_owned()) {
                runs.entry(run).or_default().push(meta);
            }
        }
        let publications = self.publications(&slot).await?;
        let mut summaries = Vec::new();
        for (run, metas) in runs {
            let name = self.run_folder(&slot, &run);
            let events = folder.clone().join(run.as_str()).join("events");
            let last = metas.iter().filter(|meta| meta.location.prefix_matches(&events)).max_by_key(|m| &m.location);
            let last_event = match last {
                Some(meta) => self.event(meta).await?,
                None => None,
            };
            let writes = || metas.iter().map(|meta| meta.last_modified);
            summaries.push(RunSummary {
                revision: publications.iter().find(|found| found.run == name).map(|found| found.revision),
                slot: slot.clone(),
                run,
                last_event,
                objects: metas.len(),
                bytes: metas.iter().map(|meta| meta.size).sum(),
                first_write_at: writes().min().unwrap_or_default(),
                last_write_at: writes().max().unwrap_or_default(),
            });
        }
        summaries.sort_by_key(|summary| (summary.first_write_at, summary.run.clone()));
        Ok(summaries)
    }

    /// The runs of a job that led nowhere and may go, oldest first: not published, nothing written for longer than
    /// `older_than` by the store's clock, and not among the `keep` newest unpublished ones of the job. `nonce` must be
    /// fresh.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn unpublished_runs(
        &self,
        job: &str,
        keep: usize,
        older_than: Duration,
        nonce: &str,
    ) -> Result<Vec<RunSummary>> {
        let now = self.store_time(nonce).await?;
        let mut unpublished = Vec::new();
        for market in self.markets(job).await? {
            let folder = self.root.clone().join(job).join(market.as_str());
            let listed =
                self.store.list_with_delimiter(Some(&folder)).await.map_err(|e| self.failed("list", &folder, e))?;
            for period in listed.common_prefixes.iter().filter_map(|path| path.filename()?.parse().ok()) {
                let runs = self.runs(job, &market, period).await?;
                unpublished.extend(runs.into_iter().filter(|run| run.revision.is_none()));
            }
        }
        unpublished.sort_by_key(|run| (run.last_write_at, run.run.clone()));
        unpublished.truncate(unpublished.len().saturating_sub(keep));
        let age = TimeDelta::from_std(older_than).unwrap_or(TimeDelta::MAX);
        unpublished.retain(|run| now - run.last_write_at > age);
        Ok(unpublished)
    }

    /// Removes every object of a run of the leased slot and returns how many there were. The lease keeps others from
    /// publishing meanwhile; a run that a publication names is refused.
    ///
    /// Someone who looked at their lease before this one was taken and commits afterwards could still publish a run
    /// that is gone; so remove only runs that have been silent for days.
    ///
    /// # Errors
    /// `Error::RunIsPublished`, `Error::Fenced`, `Error::Store` / `Error::Unreadable`; after an error some objects may
    /// be gone.
    pub async fn remove_run(&self, lease: &Lease, run: &str) -> Result<usize> {
        let name = self.run_folder(lease.slot(), run);
        self.check_current(lease).await?;
        let publications = self.publications(lease.slot()).await?;
        if let Some(publication) = publications.iter().find(|publication| publication.run == name) {
            return Err(Error::RunIsPublished { run: name, revision: publication.revision });
        }
        let folder: Path = lease.slot().path(self).join("runs").join(run);
        let locations: Vec<_> = self.listed(&folder).await?.into_iter().map(|meta| Ok(meta.location)).collect();
        let removed = self.store.delete_stream(futures::stream::iter(locations).boxed());
        removed
            .try_fold(0, |count, _| futures::future::ready(Ok(count + 1)))
            .await
            .map_err(|error| self.failed("delete from", &folder, error))
    }
}
