//! One market and period from the lease to the receipt: what is done is not done again, and only one process does it.

use driftline_ledger::{Event, MailPlan, Publication, Slot};

use crate::error::{Error, InPlace, Result, chain};
use crate::mail::outbox::{MailSender, Sent};
use crate::run::journal::Journal;
use crate::run::outcome::{Outcome, State, outcome};
use crate::run::progress::Progress;
use crate::run::{self, Task, Under, since};
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;

/// Computes, compares, publishes and mails one market and period under its lease. `mails` says whether its mails are sent now or
/// stored and left to a person.
///
/// # Errors
/// Any of the program's errors; nothing is published then. `Error::Busy` if another process works on it.
pub async fn run_under_lease(
    context: &JobContext,
    plan: &RunPlan,
    mails: bool,
    progress: &mut Progress,
) -> Result<Outcome> {
    let place = format!("{} {}", plan.market, plan.period);
    let slot = Slot { job: context.job.name.clone(), market: plan.market.clone(), period: plan.period };
    progress.begin(plan.market.as_str(), &plan.period.to_string());
    progress.says("looking at what is published");
    let published = context.ledger.latest(&slot).await.in_place(&place)?;
    if let (Some(publication), None) = (&published, &context.revise) {
        return already(context, publication, mails).await;
    }
    let task = Task { context, plan, replaces: published.as_ref(), under: None, mails_now: mails };
    if context.dry_run {
        return tokio::select! {
            result = computed(&task, progress) => result,
            () = context.worker.stopped() => Err(Error::Stopped { place }),
        };
    }
    let held = context.worker.hold(&context.ledger, &slot, context.job.limits.lease).await?;
    let folder = context.ledger.run_folder(&slot, &format!("attempt-{:06}", held.lease.token()));
    let journal = Journal::new(context, folder);
    let started =
        Event::Started { holder: context.worker.holder.name.clone(), fencing_token: Some(held.lease.token()) };
    journal.note(started).await;
    let result = leased(&task, Under { held: &held, journal: &journal }, progress).await;
    if let Err(error) = &result {
        journal.note(Event::Failed { problem: chain(error) }).await;
    }
    held.release().await;
    result
}

async fn leased(task: &Task<'_>, under: Under<'_>, progress: &mut Progress) -> Result<Outcome> {
    let (context, place) = (task.context, task.place());
    // Whoever had the lease before may have published.
    let published = context.ledger.latest(&task.slot()).await.in_place(&place)?;
    if let (Some(publication), None) = (&published, &context.revise) {
        let sent = if task.mails_now && publication.mails == MailPlan::Send {
            MailSender::of(context).send_or_say(publication, &under.held.lease).await
        } else {
            Sent::default()
        };
        return told(context, publication, sent).await;
    }
    let task = Task { replaces: published.as_ref(), under: Some(under), ..*task };
    tokio::select! {
        result = computed(&task, progress) => result,
        () = under.journal.stopped() => Err(Error::Stopped { place }),
    }
}

/// Computes; once more with less memory if the query engine's pool was too small. The same bytes come out.
async fn computed(task: &Task<'_>, progress: &mut Progress) -> Result<Outcome> {
    let limits = &task.context.limits;
    match run::run_period(task, limits, progress).await {
        Err(Error::Lake { source: driftline_lake::Error::Memory { model, source }, place }) => {
            let cause = source.to_string();
            let again = "the engine's memory was too small; once more with sorted joins on two threads";
            tracing::warn!(place, model, cause, "{again}");
            if let Some(under) = task.under {
                let step = "too little memory, once more with less".to_owned();
                under.journal.note(Event::StepDone { step, rows: None }).await;
            }
            run::run_period(task, &limits.frugal(), progress).await
        }
        result => result,
    }
}

/// A published period: nothing is computed; mails that were not sent yet are.
async fn already(context: &JobContext, publication: &Publication, mails: bool) -> Result<Outcome> {
    let sent = if mails { MailSender::of(context).send_waiting(publication).await? } else { Sent::default() };
    let outcome = told(context, publication, sent).await?;
    // What is published stands, whether or not the exports can be read today.
    let exports_since = since::changes(context, publication).await.unwrap_or_else(|error| Some(chain(&error)));
    Ok(Outcome { exports_since, ..outcome })
}

async fn told(context: &JobContext, publication: &Publication, sent: Sent) -> Result<Outcome> {
    let place = format!("{} {}", publication.market, publication.period);
    let bytes = context.ledger.read(publication, "report.json").await.in_place(&place)?;
    let report = serde_json::from_slice(&bytes)?;
    let has_other_models = since::has_other_models(context, &report);
    Ok(Outcome { has_other_models, ..outcome(context, &report, publication, State::AlreadyPublished, sent) })
}
