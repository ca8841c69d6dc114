//! Sends one stored mail: what to do next, the intent, the hand-over, the note. The simulator runs this very code.
//!
//! Time is not in here: after [`Delivery::Later`] or [`Delivery::Unknown`] the caller waits as it sees fit and calls
//! again.
//!
//! What is promised while everybody sends through here, holding the slot's lease: a mail goes out at most once more
//! for every attempt whose fate was unknown when the next one began, and never twice otherwise. An attempt is unknown
//! when its sender stopped, when the line broke before the server's last answer, when the note after it could not be
//! written, or when the lease changed hands during it. With [`OnUnknown::Hold`] a mail goes out once or waits for a
//! person. SMTP cannot do better.

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::guard::Guard;
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::mail_notes::{MailNotes, MailState};
use crate::outbox::{Attempt, MailOf};
use crate::publication::Publication;

/// How often a note is tried after a hand-over: without it the next sender must take the attempt for unknown.
const NOTE_TRIES: usize = 3;

/// Hands a mail to a server.
#[async_trait]
pub trait Courier: Send + Sync {
    /// One try with the stored bytes of a mail.
    async fn send(&self, mail: &str, bytes: Bytes) -> Outcome;
}

/// What the server made of a mail, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken(String),
    /// For good.
    Refused(String),
    /// Not taken, and may be taken later. Only for what is known not to have been taken.
    TryLater(String),
    /// No answer after the mail began to be handed over.
    Unknown(String),
}

/// What to do with a mail that may have been taken; a key of the job file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// Send it again: with the same Message-ID, so that most mailboxes show it once.
    #[default]
    Resend,
    /// Leave it to a person.
    Hold,
}

/// The next step for a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Send,
    Hold,
    Nothing,
}

/// The next step for a mail in a state.
pub fn next_action(state: &MailState, on_unknown: OnUnknown) -> Action {
    match (state, on_unknown) {
        (MailState::Waiting, _) | (MailState::Unknown { .. }, OnUnknown::Resend) => Action::Send,
        (MailState::Unknown { .. }, OnUnknown::Hold) => Action::Hold,
        (MailState::Sent | MailState::Refused { .. } | MailState::Held, _) => Action::Nothing,
    }
}

/// What [`deliver`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Sent,
    /// Refused for good just now.
    Refused(String),
    /// Not taken; try again later.
    Later(String),
    /// No answer; what to do is decided at the next call.
    Unknown(String),
    /// Left to a person just now.
    Held,
    /// There was nothing to do.
    Nothing(MailState),
    /// Someone began an attempt at the same moment.
    Elsewhere,
}

/// Takes a mail of a publication one step further, under the lease of its slot.
///
/// # Errors
/// `Error::Fenced` if the lease is over, `Error::Damaged` if the stored mail is not what was published, `Error::Store`
/// / `Error::Contended`. None of them loses a mail: at worst its last attempt is unknown.
pub async fn deliver(
    ledger: &Ledger,
    (publication, mail): MailOf<'_>,
    lease: &Lease,
    on_unknown: OnUnknown,
    courier: &dyn Courier,
) -> Result<Delivery> {
    let notes = ledger.mail_notes(publication, mail).await?;
    let state = notes.state();
    match next_action(&state, on_unknown) {
        Action::Nothing => Ok(Delivery::Nothing(state)),
        Action::Hold => {
            ledger.hold(publication, mail, lease).await?;
            Ok(Delivery::Held)
        }
        Action::Send => hand_over(ledger, (publication, mail), lease, &notes, courier).await,
    }
}

/// Sends a mail because a person says so, whatever became of it, but for one that is known to be sent. A mail that was
/// held or refused stays so until the server takes it.
///
/// # Errors
/// As [`deliver`].
pub async fn send_anyway(
    ledger: &Ledger,
    (publication, mail): MailOf<'_>,
    lease: &Lease,
    courier: &dyn Courier,
) -> Result<Delivery> {
    let notes = ledger.mail_notes(publication, mail).await?;
    match notes.state() {
        MailState::Sent => Ok(Delivery::Nothing(MailState::Sent)),
        _ => hand_over(ledger, (publication, mail), lease, &notes, courier).await,
    }
}

async fn hand_over(
    ledger: &Ledger,
    (publication, mail): MailOf<'_>,
    lease: &Lease,
    notes: &MailNotes,
    courier: &dyn Courier,
) -> Result<Delivery> {
    let bytes = ledger.read(publication, &format!("mails/{mail}.eml")).await?;
    let nonce = lease.next_nonce();
    let Some(attempt) = ledger.begin_attempt((publication, mail), notes, &nonce, lease).await? else {
        return Ok(Delivery::Elsewhere);
    };
    let at_mail = AtMail { ledger, publication, mail, attempt };
    if ledger.is_without(Guard::ReceiptAfterData) {
        at_mail.note(&Outcome::Taken(String::new())).await?;
    }
    let outcome = courier.send(mail, bytes).await;
    at_mail.note(&outcome).await?;
    Ok(match outcome {
        Outcome::Taken(_) => Delivery::Sent,
        Outcome::Refused(words) => Delivery::Refused(words),
        Outcome::TryLater(words) => Delivery::Later(words),
        Outcome::Unknown(words) => Delivery::Unknown(words),
    })
}

struct AtMail<'a> {
    ledger: &'a Ledger,
    publication: &'a Publication,
    mail: &'a str,
    attempt: Attempt,
}

impl AtMail<'_> {
    async fn note(&self, outcome: &Outcome) -> Result<()> {
        let mut tries = 1;
        loop {
            let done = match outcome {
                Outcome::Taken(words) => self.ledger.receipt(self.publication, self.mail, &self.attempt, words).await,
                Outcome::Refused(words) => self.ledger.refuse(self.publication, self.mail, &self.attempt, words).await,
                Outcome::TryLater(words) => {
                    self.ledger.note_transient(self.publication, self.mail, &self.attempt, words).await
                }
                Outcome::Unknown(_) => Ok(()),
            };
            if done.is_ok() || tries == NOTE_TRIES {
                return done;
            }
            tries += 1;
        }
    }
}
