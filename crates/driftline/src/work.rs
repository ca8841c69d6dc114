//! One market and period from the lease to the receipt: what is done is not done again, and only one process does it.

use std::sync::atomic::{AtomicBool, Ordering};

use driftline_ledger::{Event, MailPlan, Publication, Slot};

use crate::command::chain;
use crate::error::{Error, InPlace, Result};
use crate::outbox::Sent;
use crate::outcome::{Outcome, State, outcome};
use crate::plan::RunPlan;
use crate::progress::Progress;
use crate::room::Room;
use crate::run;
use crate::since;
use crate::worker::Held;

/// What of a run is recorded in the ledger: who did which step when. Records decide nothing, so one that fails is a warning.
pub struct Journal<'a> {
    room: &'a Room,
    folder: String,
    is_committing: AtomicBool,
}

impl Journal<'_> {
    /// From here on a signal to stop waits until the mails are handed over.
    pub fn commits(&self) {
        self.is_committing.store(true, Ordering::Relaxed);
    }

    async fn stopped(&self) {
        self.room.worker.stopped().await;
        if self.is_committing.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    pub async fn note(&self, event: Event) {
        if let Err(error) = self.room.ledger.record(&self.folder, &self.room.worker.nonce(), &event).await {
            tracing::warn!(%error, "event not recorded");
        }
    }
}

/// Computes, compares, publishes and mails one market and period under its lease. `mails` says whether its mails are sent now or
/// stored and left to a person.
///
/// # Errors
/// Any of the program's errors; nothing is published then. `Error::Busy` if another process works on it.
pub async fn work(room: &Room, plan: &RunPlan, mails: bool, progress: &mut Progress) -> Result<Outcome> {
    let place = format!("{} {}", plan.market, plan.period);
    let slot = Slot { job: room.job.name.clone(), market: plan.market.clone(), period: plan.period };
    progress.begin(plan.market.as_str(), &plan.period.to_string());
    progress.says("looking at what is published");
    let published = room.ledger.latest(&slot).await.in_place(&place)?;
    if let (Some(publication), None) = (&published, &room.revise) {
        return already(room, publication, mails).await;
    }
    if room.dry_run {
        return tokio::select! {
            result = computed(room, plan, published.as_ref(), None, mails, progress) => result,
            () = room.worker.stopped() => Err(Error::Stopped { place }),
        };
    }
    let held = room.worker.hold(&room.ledger, &slot, room.job.lease()).await?;
    let folder = room.ledger.run_folder(&slot, &format!("attempt-{:06}", held.lease.token()));
    let journal = Journal { room, folder, is_committing: AtomicBool::new(false) };
    let started = Event::Started { holder: room.worker.holder.name.clone(), fencing_token: Some(held.lease.token()) };
    journal.note(started).await;
    let result = leased(room, plan, &slot, (&held, &journal), mails, progress).await;
    if let Err(error) = &result {
        journal.note(Event::Failed { problem: chain(error) }).await;
    }
    held.release().await;
    result
}

async fn leased(
    room: &Room,
    plan: &RunPlan,
    slot: &Slot,
    under: (&Held, &Journal<'_>),
    mails: bool,
    progress: &mut Progress,
) -> Result<Outcome> {
    let place = format!("{} {}", plan.market, plan.period);
    // Whoever had the lease before may have published.
    let published = room.ledger.latest(slot).await.in_place(&place)?;
    if let (Some(publication), None) = (&published, &room.revise) {
        let sent = if mails && publication.mails == MailPlan::Send {
            room.post().send_or_say(publication, &under.0.lease).await
        } else {
            Sent::default()
        };
        return told(room, publication, sent).await;
    }
    tokio::select! {
        result = computed(room, plan, published.as_ref(), Some(under), mails, progress) => result,
        () = under.1.stopped() => Err(Error::Stopped { place }),
    }
}

/// Computes; once more with less memory if the query engine's pool was too small. The same bytes come out.
async fn computed(
    room: &Room,
    plan: &RunPlan,
    published: Option<&Publication>,
    under: Option<(&Held, &Journal<'_>)>,
    mails: bool,
    progress: &mut Progress,
) -> Result<Outcome> {
    match run::one(room, plan, published, under, mails, &room.limits, progress).await {
        Err(Error::Lake { source: driftline_lake::Error::Memory { model, source }, place }) => {
            let cause = source.to_string();
            let again = "the engine's memory was too small; once more with sorted joins on two threads";
            tracing::warn!(place, model, cause, "{again}");
            if let Some((_, journal)) = under {
                journal
                    .note(Event::StepDone { step: "too little memory, once more with less".to_owned(), rows: None })
                    .await;
            }
            run::one(room, plan, published, under, mails, &room.limits.frugal(), progress).await
        }
        result => result,
    }
}

/// A published period: nothing is computed; mails that were not sent yet are.
async fn already(room: &Room, publication: &Publication, mails: bool) -> Result<Outcome> {
    let sent = if mails { room.post().send_waiting(publication).await? } else { Sent::default() };
    let outcome = told(room, publication, sent).await?;
    // What is published stands, whether or not the exports can be read today.
    let exports_since = since::changes(room, publication).await.unwrap_or_else(|error| Some(chain(&error)));
    Ok(Outcome { exports_since, ..outcome })
}

async fn told(room: &Room, publication: &Publication, sent: Sent) -> Result<Outcome> {
    let place = format!("{} {}", publication.market, publication.period);
    let bytes = room.ledger.read(publication, "report.json").await.in_place(&place)?;
    let report = serde_json::from_slice(&bytes)?;
    let has_other_models = since::has_other_models(room, &report);
    Ok(Outcome { has_other_models, ..outcome(room, &report, publication, State::AlreadyPublished, sent) })
}
