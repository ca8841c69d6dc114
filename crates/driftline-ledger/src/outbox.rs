//! The outbox: what became of every mail of a publication, as notes that are created once and never changed.
//!
//! What each note says is in [`crate::mail_notes`]. What decides is read by name, so a list that lags behind cannot
//! make a mail go out twice.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use driftline_core::{Market, Period};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::create::{Created, is_conflict};
use crate::error::Result;
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::mail_notes::{MailNotes, MailState, attempt_kind, transient_kind};
use crate::publication::{MailPlan, Publication};

/// A mail that is not known to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub market: Market,
    pub period: Period,
    pub revision: u32,
    pub mail: String,
    /// A person asked for it after the publication: it is sent whatever is planned for those of the publication.
    pub is_asked: bool,
    pub state: MailState,
    /// Attempts begun.
    pub attempts: usize,
    /// The server's words when it last did not take the mail.
    pub words: Option<String>,
    /// When the newest note was written, by the store's clock.
    pub noted_at: Option<DateTime<Utc>>,
}

/// A mail of a publication by its name.
pub type MailOf<'a> = (&'a Publication, &'a str);

/// Leave to hand over a mail once, from [`Ledger::begin_attempt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub number: u32,
    nonce: String,
}

#[derive(Serialize, Deserialize)]
struct Note {
    nonce: String,
    fencing_token: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

impl Ledger {
    /// The notes of one mail, read by name.
    ///
    /// # Errors
    /// `Error::Store` if the store does not answer.
    pub async fn mail_notes(&self, publication: &Publication, mail: &str) -> Result<MailNotes> {
        let listed = self.notes_listed(publication).await?;
        let mut notes = listed.get(mail).cloned().unwrap_or_default();
        if notes.is_sent() {
            return Ok(notes);
        }
        // Attempts first: whoever writes a final note has written its attempt before.
        let listed_attempts = notes.next_attempt();
        for number in 0.. {
            let kind = attempt_kind(number);
            let is_there = notes.has(&kind) || self.look(publication, mail, &kind, &mut notes).await?;
            if !is_there && number >= listed_attempts {
                break;
            }
            let transient = transient_kind(number);
            if is_there && !notes.has(&transient) {
                self.look(publication, mail, &transient, &mut notes).await?;
            }
        }
        for kind in ["sent", "failed", "held"] {
            self.look(publication, mail, kind, &mut notes).await?;
        }
        if notes.is_refused() {
            notes.refused_with(self.words(publication, mail, "failed").await?);
        }
        Ok(notes)
    }

    /// What became of a mail.
    ///
    /// # Errors
    /// `Error::Store` if the store does not answer.
    pub async fn mail_state(&self, publication: &Publication, mail: &str) -> Result<MailState> {
        Ok(self.mail_notes(publication, mail).await?.state())
    }

    /// Notes the intent to hand over a mail. `seen` is what the decision to do so was made on: if another attempt
    /// began since, there is none to begin and the answer is `None`. `nonce` must be fresh for every call.
    ///
    /// # Errors
    /// `Error::Fenced` if a newer token exists, `Error::LeaseOfAnotherSlot`, `Error::Store` / `Error::Contended`;
    /// after the last two the note may exist, and the mail must not be handed over.
    pub async fn begin_attempt(
        &self,
        (publication, mail): MailOf<'_>,
        seen: &MailNotes,
        nonce: &str,
        lease: &Lease,
    ) -> Result<Option<Attempt>> {
        Self::check_slot(lease, &publication.slot())?;
        self.check_current(lease).await?;
        let number = seen.next_attempt();
        let note = Note { nonce: nonce.to_owned(), fencing_token: Some(lease.token()), note: String::new() };
        let location = self.outbox_path(publication, mail, &attempt_kind(number));
        let text = self.json(&location, &note)?;
        match self.create_signed(&location, &text, nonce).await? {
            Created::Mine => Ok(Some(Attempt { number, nonce: nonce.to_owned() })),
            Created::Theirs(_) => Ok(None),
        }
    }

    /// Notes that the server took the mail, with its words.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Contended`: the fate of the attempt stays unknown to everyone else.
    pub async fn receipt(&self, publication: &Publication, mail: &str, attempt: &Attempt, words: &str) -> Result<()> {
        self.conclude((publication, mail), "sent", attempt, words).await
    }

    /// Notes that the server refused the mail for good, with its words.
    ///
    /// # Errors
    /// As [`Ledger::receipt`].
    pub async fn refuse(&self, publication: &Publication, mail: &str, attempt: &Attempt, words: &str) -> Result<()> {
        self.conclude((publication, mail), "failed", attempt, words).await
    }

    /// Notes that the server did not take the mail this time.
    ///
    /// # Errors
    /// As [`Ledger::receipt`].
    pub async fn note_transient(
        &self,
        publication: &Publication,
        mail: &str,
        attempt: &Attempt,
        words: &str,
    ) -> Result<()> {
        self.conclude((publication, mail), &transient_kind(attempt.number), attempt, words).await
    }

    /// Adds a mail that a person asked for to those of a publication, and lists it until it is sent.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Contended`: it may be stored and not be listed, and is not sent then.
    pub async fn add_mail(&self, publication: &Publication, mail: &str, bytes: Bytes, lease: &Lease) -> Result<()> {
        self.put(&publication.run, &format!("mails/{mail}.eml"), bytes).await?;
        let attempt = Attempt { number: 0, nonce: lease.next_nonce() };
        self.conclude((publication, mail), "asked", &attempt, "a person asked for it").await
    }

    /// Leaves a mail to a person.
    ///
    /// # Errors
    /// `Error::Fenced`, `Error::LeaseOfAnotherSlot`, `Error::Store` / `Error::Contended`.
    pub async fn hold(&self, publication: &Publication, mail: &str, lease: &Lease) -> Result<()> {
        Self::check_slot(lease, &publication.slot())?;
        self.check_current(lease).await?;
        let attempt = Attempt { number: 0, nonce: lease.next_nonce() };
        self.conclude((publication, mail), "held", &attempt, "an earlier attempt may have been taken").await
    }

    async fn conclude(
        &self,
        (publication, mail): MailOf<'_>,
        kind: &str,
        attempt: &Attempt,
        words: &str,
    ) -> Result<()> {
        let location = self.outbox_path(publication, mail, kind);
        let note = Note { nonce: attempt.nonce.clone(), fencing_token: None, note: words.to_owned() };
        let text = self.json(&location, &note)?;
        // A note of the same kind by someone else says the same.
        self.create_signed(&location, &text, &attempt.nonce).await.map(|_| ())
    }

    /// Every mail of a job that is not known to be sent, market by market, oldest period first, all revisions.
    ///
    /// # Errors
    /// `Error::Store` / `Error::Unreadable`.
    pub async fn outbox(&self, job: &str) -> Result<Vec<OutboxEntry>> {
        let mut entries = Vec::new();
        for market in self.markets(job).await? {
            for (period, _) in self.periods(job, &market).await? {
                let slot = crate::Slot { job: job.to_owned(), market: market.clone(), period };
                for publication in self.publications(&slot).await? {
                    entries.extend(self.outbox_of(&publication).await?);
                }
            }
        }
        Ok(entries)
    }

    /// The mails of one publication that are not known to be sent, in its order, then those that a person asked for.
    ///
    /// # Errors
    /// `Error::Store` if the store does not answer.
    pub async fn outbox_of(&self, publication: &Publication) -> Result<Vec<OutboxEntry>> {
        let mut listed = self.notes_listed(publication).await?;
        let mut entries = Vec::new();
        let mut mails: Vec<(String, MailNotes, bool)> =
            publication.mails().map(|mail| (mail.to_owned(), listed.remove(mail).unwrap_or_default(), false)).collect();
        mails.extend(listed.into_iter().map(|(mail, notes)| (mail, notes, true)));
        for (mail, mut notes, is_asked) in mails {
            if notes.is_sent() {
                continue;
            }
            let words = match notes.last_answer() {
                Some(kind) => Some(self.words(publication, &mail, &kind).await?),
                None => None,
            };
            if let (true, Some(words)) = (notes.is_refused(), &words) {
                notes.refused_with(words.clone());
            }
            entries.push(OutboxEntry {
                market: publication.market.clone(),
                period: publication.period,
                revision: publication.revision,
                mail,
                is_asked,
                state: match (notes.state(), publication.mails) {
                    (MailState::Waiting, MailPlan::Hold | MailPlan::File) if !is_asked => MailState::Held,
                    (state, _) => state,
                },
                attempts: notes.attempts(),
                words,
                noted_at: notes.newest,
            });
        }
        Ok(entries)
    }

    /// Whether the outbox has a receipt for a mail of a publication.
    ///
    /// # Errors
    /// `Error::Store` if the store does not answer.
    pub async fn was_sent(&self, publication: &Publication, mail: &str) -> Result<bool> {
        Ok(self.head_if_any(&self.outbox_path(publication, mail, "sent")).await?.is_some())
    }

    /// Notes in the outbox that a mail is about to be handed over (`attempt`), was taken (`sent`) or refused
    /// (`failed`).
    ///
    /// # Errors
    /// `Error::Store` if the note cannot be written; an existing note of the same kind is left as it is.
    pub async fn note_mail(&self, publication: &Publication, mail: &str, state: &str, text: &str) -> Result<()> {
        let location = self.outbox_path(publication, mail, state);
        match self.create(&location, Bytes::from(text.to_owned())).await {
            Err(error) if !is_conflict(&error) => Err(self.failed("write", &location, error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn look(&self, publication: &Publication, mail: &str, kind: &str, notes: &mut MailNotes) -> Result<bool> {
        let found = self.head_if_any(&self.outbox_path(publication, mail, kind)).await?;
        if let Some(meta) = &found {
            notes.add(kind, meta);
        }
        Ok(found.is_some())
    }

    async fn notes_listed(&self, publication: &Publication) -> Result<BTreeMap<String, MailNotes>> {
        let mut mails: BTreeMap<String, MailNotes> = BTreeMap::new();
        for meta in self.listed(&self.outbox_folder(publication)).await? {
            let name = meta.location.filename().and_then(|name| name.strip_suffix(".json")?.rsplit_once('.'));
            if let Some((mail, kind)) = name {
                mails.entry(mail.to_owned()).or_default().add(kind, &meta);
            }
        }
        Ok(mails)
    }

    /// The server's words in a note; notes of older warehouses may be plain text.
    async fn words(&self, publication: &Publication, mail: &str, kind: &str) -> Result<String> {
        let bytes = self.get(&self.outbox_path(publication, mail, kind)).await?;
        let note = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
        let words = note.as_ref().and_then(|note| note["note"].as_str()).map(str::to_owned);
        Ok(words.unwrap_or_else(|| String::from_utf8_lossy(&bytes).trim().to_owned()))
    }

    fn outbox_folder(&self, publication: &Publication) -> Path {
        publication.slot().path(self).join("outbox").join(format!("{:06}", publication.revision))
    }

    fn outbox_path(&self, publication: &Publication, mail: &str, kind: &str) -> Path {
        self.outbox_folder(publication).join(format!("{mail}.{kind}.json"))
    }
}
