//! A publication is one market's result of one period, in one revision: a list of objects with their hashes.

use driftline_core::{Market, Period};
use serde::{Deserialize, Serialize};

use crate::slot::Slot;

/// One object of a publication; `name` is relative to the run's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// What is done with the mails of a publication without a person asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailPlan {
    #[default]
    Send,
    /// They wait for a person: a period that was caught up.
    Hold,
    /// There was no mail server: the stored mails are the result.
    File,
}

/// The record that makes a run's objects the published result. It is created once and never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    pub schema: String,
    pub job: String,
    pub market: Market,
    pub period: Period,
    pub revision: u32,
    pub reason: Option<String>,
    /// Why it was published though the exports had fewer rows than usual or last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// Folder of the run below the warehouse's root.
    pub run: String,
    pub content_id: String,
    pub program_version: String,
    /// RFC 3339, taken once from the clock (or `--now`).
    pub published_at: String,
    pub previous_period: Option<Period>,
    pub previous_revision: Option<u32>,
    pub objects: Vec<ObjectRecord>,
    /// The input manifest: what the run read.
    pub inputs: Vec<serde_json::Value>,
    /// Tells our own create from another's when the store's answer is lost.
    pub nonce: String,
    /// The token of the lease under which it was published; publications of older versions have none.
    #[serde(default)]
    pub fencing_token: Option<u64>,
    /// Decided before the commit, so that a kill after it cannot send what was to be held.
    #[serde(default)]
    pub mails: MailPlan,
}

pub const SCHEMA: &str = "driftline-publication/1";

impl Publication {
    /// The record of an object by its name.
    pub fn object(&self, name: &str) -> Option<&ObjectRecord> {
        self.objects.iter().find(|object| object.name == name)
    }

    /// Where it is published.
    pub fn slot(&self) -> Slot {
        Slot { job: self.job.clone(), market: self.market.clone(), period: self.period }
    }

    /// The names of its mails: those of the objects `mails/<name>.eml`, in the order of the objects.
    pub fn mails(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().filter_map(|object| object.name.strip_prefix("mails/")?.strip_suffix(".eml"))
    }
}
