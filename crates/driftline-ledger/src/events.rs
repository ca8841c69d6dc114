//! What a run did, as objects that are appended: `runs/<run>/events/00001-started.json`.
//!
//! One process writes a run, and it reads the numbers that are there before it appends. If two processes append at the
//! same moment (a person notes something on a run that still works) two events may have one number; both are kept.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::ObjectMeta;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::create::leading_number;
use crate::error::{Error, Result};
use crate::ledger::Ledger;

/// How many numbers are tried when others append to the same run.
const APPEND_ROUNDS: u32 = 20;

/// One thing that happened to a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// It is known what will be computed.
    Planned {
        revision: u32,
    },
    Started {
        /// For people: the machine and process that work.
        holder: String,
        fencing_token: Option<u64>,
    },
    StepDone {
        step: String,
        rows: Option<u64>,
    },
    Published {
        revision: u32,
    },
    /// Mails were worked on.
    Mailed {
        sent: u64,
        unsent: u64,
    },
    /// Another run published the revision first.
    Superseded {
        revision: u32,
    },
    /// Another machine took over.
    Fenced {
        token: u64,
    },
    Failed {
        problem: String,
    },
    /// What had failed works again.
    Recovered,
    /// From a newer version.
    #[serde(other)]
    Unread,
}

impl Event {
    fn kind(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::Started { .. } => "started",
            Self::StepDone { .. } => "step_done",
            Self::Published { .. } => "published",
            Self::Mailed { .. } => "mailed",
            Self::Superseded { .. } => "superseded",
            Self::Fenced { .. } => "fenced",
            Self::Failed { .. } => "failed",
            Self::Recovered => "recovered",
            Self::Unread => "unread",
        }
    }
}

/// An event as it is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    pub number: u32,
    /// Last-modified by the store's clock.
    pub at: DateTime<Utc>,
    pub event: Event,
}

#[derive(Serialize)]
struct SignedEvent<'a> {
    nonce: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

impl Ledger {
    /// Appends an event to a run, by the folder that [`Ledger::run_folder`] gives, and returns its number. `nonce`
    /// must be fresh for every call.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Contended`; the event may be there all the same.
    pub async fn record(&self, run_folder: &str, nonce: &str, event: &Event) -> Result<u32> {
        let folder = self.below_root(&format!("{run_folder}/events"));
        let listed = self.listed(&folder).await?;
        let start = listed.iter().filter_map(number_of).max().unwrap_or(0) + 1;
        let kind = event.kind();
        let mut location = folder.clone();
        for number in start..start + APPEND_ROUNDS {
            location = folder.clone().join(format!("{number:05}-{kind}.json"));
            let text: Bytes = self.json(&location, &SignedEvent { nonce, event })?;
            if self.create_signed(&location, &text, nonce).await? == crate::create::Created::Mine {
                return Ok(number);
            }
        }
        Err(Error::Contended { warehouse: self.shown.clone(), location: location.to_string() })
    }

    /// The events of a run, in order.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn events(&self, run_folder: &str) -> Result<Vec<RecordedEvent>> {
        let mut listed = self.listed(&self.below_root(&format!("{run_folder}/events"))).await?;
        listed.sort_by(|one, other| one.location.cmp(&other.location));
        let mut events = Vec::new();
        for meta in &listed {
            events.extend(self.event(meta).await?);
        }
        Ok(events)
    }

    /// Reads an event from its place; `None` if it is not one by its name.
    pub(crate) async fn event(&self, meta: &ObjectMeta) -> Result<Option<RecordedEvent>> {
        let Some(number) = number_of(meta) else { return Ok(None) };
        let bytes = self.get(&meta.location).await?;
        let event = serde_json::from_slice(&bytes)
            .map_err(|source| Error::Unreadable { location: meta.location.to_string(), source })?;
        Ok(Some(RecordedEvent { number, at: meta.last_modified, event }))
    }
}

fn number_of(meta: &ObjectMeta) -> Option<u32> {
    leading_number(Path::filename(&meta.location)?)
}
