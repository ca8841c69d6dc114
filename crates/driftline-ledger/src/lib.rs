//! Publications on plain object storage: who works, what is published, what came before it, what was mailed.
//!
//! The store is trusted with one thing only, conditional create, which is probed before use. The whole protocol:
//!
//! ```text
//! <root>/<job>/<market>/<period>/                 who writes it, and when
//!   lease/000001.json                             a contender, when the token before is released or over
//!   lease/000001.heartbeat-0001.json              the holder, while it works
//!   lease/000001.released.json                    the holder, when it is done
//!   runs/<run>/events/00001-started.json          the run, as it goes; the only records nothing is decided by
//!   runs/<run>/tables|mails|report.…              the run, before the commit; seen by nobody until then
//!   published/000001.json                         the run, one a revision, by create: THE COMMIT
//!   outbox/000001/<mail>.attempt-0001.json        a sender, before the mail is handed over
//!   outbox/000001/<mail>.transient-0001.json      the sender, after "try later": that attempt was not taken
//!   outbox/000001/<mail>.sent|failed|held.json    the sender, after the server's word or by the policy: the end
//!   outbox/000001/<mail>.asked.json               who adds a mail that a person asked for, after it is stored
//! <root>/<job>/_trouble/events/00001-….json      what kept the whole job from being looked at, and that it works again
//! <root>/<job>/_site/…                            the persona repository; written over, and nothing is decided by it
//! <root>/probe/…                                  scratch: to try conditional create, to read the store's clock
//! ```
//!
//! | rule | because |
//! |---|---|
//! | Every record but a run's own objects is made by conditional create and never changed. | A reader sees it whole or not at all. |
//! | Every record carries a nonce. What "exists" already is read: with our nonce it is ours, with another's it is theirs, with nothing there the create is tried again, a few times. | Answers get lost, and S3 says 409 when nothing landed. |
//! | Token k+1 needs token k released or silent for its time to live, by the store's last-modified against that of a marker created just before. | No machine's clock is trusted. |
//! | Or a holder whose process the contender's own machine knows to be gone: same start of the machine, same user, no such process. | A killed run is no reason to wait. |
//! | Right before a commit, an attempt or a hold the holder looks for token k+1 by name. | A holder that was paused for too long stops. |
//! | A commit needs every object in place with its size. | A revision is never half there. |
//! | An attempt's number follows from the notes its decision was made on. | Two senders cannot begin the same attempt. |
//! | What decides is read by name; lists are hints. | A list may lag behind on some stores. |
//!
//! What holds, whatever is delayed, lost or killed, and is checked by the simulator over thousands of interleavings:
//!
//! 1. A revision of a slot is published once, and all that it names is there. Fencing tokens do not fall from one
//!    revision to the next.
//! 2. A call to publish, to begin an attempt or to hold a mail that starts when a newer token is there is refused.
//! 3. A token is taken only from a holder that had released it, been silent for its time to live, or was gone by the word of its
//!    own machine.
//! 4. A stored mail is sent, refused, held or listed by [`Ledger::outbox`]; it is never forgotten. That holds for a
//!    mail that a person asked for as well.
//! 5. A mail goes out at most once more for every attempt of unknown fate, and never twice otherwise. With
//!    [`OnUnknown::Hold`] it goes out once or waits for a person.
//!
//! Lists that lag behind change none of this. They do make [`Ledger::latest`], [`Ledger::previous`], [`Ledger::runs`]
//! and [`Ledger::outbox`] show less than there is for a while; a run that did not see a revision is then told
//! `Superseded`.
//!
//! What does not hold: between the look at the lease and the create after it a newer token can appear, so a commit or
//! an attempt of a holder that was just overtaken may still land. The commit is harmless, since the revision is
//! created once and complete, and the newer holder is told `Superseded`. The attempt costs at most the one extra copy
//! of rule 5. A lease is no lock: two holders may compute at the same time. A write whose answer was lost may land a
//! minute later, a commit too; it is then found by the next look at the slot. Receipts say that the server took a
//! mail, not that anyone got it. The store's own clock is taken to run evenly, and what it acknowledged to be kept: a
//! folder on this machine is as durable as its file system, since nothing is forced to disk.

pub mod deliver;
pub mod error;
pub mod events;
pub mod holder;
pub mod lease;
pub mod ledger;
pub mod mail_notes;
pub mod outbox;
pub mod publication;
pub mod runs;

mod create;
mod guard;
mod publish;
mod record;
#[cfg(test)]
mod simulator;
mod site;
mod slot;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use deliver::{Action, Courier, Delivery, OnUnknown, Outcome, deliver, next_action, send_anyway};
pub use error::{Error, Result};
pub use events::{Event, RecordedEvent};
pub use holder::{Holder, Process};
pub use lease::{Acquired, Lease};
pub use ledger::Ledger;
pub use mail_notes::{MailNotes, MailState};
pub use outbox::{Attempt, MailOf, OutboxEntry};
pub use publication::{MailPlan, ObjectRecord, Publication};
pub use runs::RunSummary;
pub use slot::Slot;
