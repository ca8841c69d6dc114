//! The notes on one mail, and what they say together.
//!
//! | note `outbox/<revision>/<mail>.….json` | written | means |
//! |---|---|---|
//! | `attempt-0001` | before the mail is handed over | from here on it may have been taken |
//! | `transient-0001` | after the server said "try later" | that attempt was not taken |
//! | `sent` | after the server took it | final |
//! | `failed` | after the server refused it for good, with its words | final |
//! | `asked` | when a person asks for a mail that is not of the publication | it is listed, and waits like the others |
//! | `held` | when an attempt's fate is unknown and the policy is to wait for a person | final, unless `sent` comes |
//!
//! Older warehouses have one `attempt` without a number; it counts as attempt 0. An attempt without any later note is
//! *unknown*: the sender was killed, or the line broke after the last dot. SMTP has no way to ask.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailState {
    /// No attempt was made, or the server did not take those that were made.
    Waiting,
    /// So many attempts may have been taken.
    Unknown {
        attempts: u32,
    },
    Sent,
    /// The server refused it for good.
    Refused {
        problem: String,
    },
    /// A person decides.
    Held,
}

/// The notes of one mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailNotes {
    attempts: BTreeSet<u32>,
    transient: BTreeSet<u32>,
    is_sent: bool,
    is_held: bool,
    problem: Option<String>,
    /// Last-modified of the newest note.
    pub newest: Option<DateTime<Utc>>,
}

impl MailNotes {
    /// What the notes say together.
    pub fn state(&self) -> MailState {
        let unknown = self.attempts.difference(&self.transient).count();
        match &self.problem {
            _ if self.is_sent => MailState::Sent,
            Some(problem) => MailState::Refused { problem: problem.clone() },
            None if self.is_held => MailState::Held,
            None if unknown > 0 => MailState::Unknown { attempts: u32::try_from(unknown).unwrap_or(u32::MAX) },
            None => MailState::Waiting,
        }
    }

    /// How many attempts were begun.
    pub fn attempts(&self) -> usize {
        self.attempts.len()
    }

    /// The number of the attempt that would come next.
    pub fn next_attempt(&self) -> u32 {
        self.attempts.last().map_or(1, |last| last + 1)
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.is_sent
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.problem.is_some()
    }

    pub(crate) fn refused_with(&mut self, problem: String) {
        self.problem = Some(problem);
    }

    /// The newest note with the words of a server that did not take the mail.
    pub(crate) fn last_answer(&self) -> Option<String> {
        match self.transient.last() {
            _ if self.is_refused() => Some("failed".to_owned()),
            number => number.map(|number| transient_kind(*number)),
        }
    }

    /// Whether an attempt or what came of it is among the notes.
    pub(crate) fn has(&self, kind: &str) -> bool {
        match Kind::of(kind) {
            Some(Kind::Attempt(number)) => self.attempts.contains(&number),
            Some(Kind::Transient(number)) => self.transient.contains(&number),
            None => false,
        }
    }

    pub(crate) fn add(&mut self, kind: &str, meta: &ObjectMeta) {
        match (kind, Kind::of(kind)) {
            ("sent", _) => self.is_sent = true,
            ("held", _) => self.is_held = true,
            ("failed", _) => _ = self.problem.get_or_insert_default(),
            (_, Some(Kind::Attempt(number))) => _ = self.attempts.insert(number),
            (_, Some(Kind::Transient(number))) => _ = self.transient.insert(number),
            (_, None) => return,
        }
        self.newest = self.newest.max(Some(meta.last_modified));
    }
}

/// A numbered note.
enum Kind {
    Attempt(u32),
    Transient(u32),
}

impl Kind {
    fn of(kind: &str) -> Option<Self> {
        if kind == "attempt" {
            return Some(Self::Attempt(0));
        }
        let (name, number) = kind.split_once('-')?;
        let number = number.parse().ok()?;
        match name {
            "attempt" => Some(Self::Attempt(number)),
            "transient" => Some(Self::Transient(number)),
            _ => None,
        }
    }
}

pub(crate) fn attempt_kind(number: u32) -> String {
    if number == 0 { "attempt".to_owned() } else { format!("attempt-{number:04}") }
}

pub(crate) fn transient_kind(number: u32) -> String {
    format!("transient-{number:04}")
}
