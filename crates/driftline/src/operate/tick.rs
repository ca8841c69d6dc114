//! One look at a job: what is due is done, and mails that wait are sent. The same for `run --due` and for the daemon.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use driftline_core::{Market, Period};
use driftline_ledger::{Action, MailState, OutboxEntry, Slot, next_action};

use crate::error::{Error, InPlace, Result, chain};
use crate::mail::outbox::MailSender;
use crate::mail::owner::{self, About};
use crate::operate::due::{DueRun, due_runs};
use crate::operate::retries::Retries;
use crate::operate::under_lease::run_under_lease;
use crate::run::outcome::{Outcome, State};
use crate::run::progress::Progress;
use crate::setup::job_context::JobContext;

/// What one look at a job came to.
#[derive(Debug, Default)]
pub struct Tick {
    pub errors: Vec<Error>,
    /// Mails of earlier runs that the server took now.
    pub mails_sent: usize,
    /// Whether a mail is still to be sent.
    pub has_open_mails: bool,
    /// Whether another process works on something that is due here.
    pub is_elsewhere: bool,
    /// Whether everything that was due is done: else the same firings count at the next look.
    pub is_settled: bool,
}

/// Does what is due and may be tried now, and sends mails that wait. A period that is not done ends its market's later periods,
/// which must be compared with it; the parent market's ends the others', which lean on it.
pub async fn run_due(
    context: &JobContext,
    watched_since: Option<DateTime<Utc>>,
    retries: &mut Retries,
    progress: &mut Progress,
    mut tell: impl FnMut(&Outcome),
) -> Tick {
    let job = context.job.name.clone();
    let mut tick = Tick { is_settled: true, ..Tick::default() };
    let runs = match found(context, watched_since).await {
        Ok(runs) => runs,
        Err(error) => return Tick { errors: vec![error], is_settled: false, ..Tick::default() },
    };
    retries.keep(&job, &runs);
    let parent = context.job.small_markets.parent.clone();
    let mut ended: BTreeSet<Market> = BTreeSet::new();
    let mut seen: BTreeSet<(Market, Period)> = BTreeSet::new();
    for run in runs {
        let market = run.plan.market.clone();
        let is_behind = ended.contains(&market) || parent.as_ref().is_some_and(|parent| ended.contains(parent));
        if context.worker.is_stopped() || is_behind || !retries.is_due(&job, &run, context.now) {
            tick.is_settled = false;
            ended.insert(market);
            continue;
        }
        if let Some(reason) = &run.waits_for {
            retries.waits(&job, &run, context.now);
            tick.is_settled = false;
            ended.insert(market);
            tell(&Outcome::not_run(&run.plan, State::Waiting, reason));
            continue;
        }
        seen.insert((market.clone(), run.plan.period));
        let (outcome, is_done) = attempt(context, &run, retries, &mut tick, progress).await;
        outcome.iter().for_each(&mut tell);
        if !is_done {
            ended.insert(market);
        }
    }
    send_waiting(context, &seen, &mut tick).await;
    tick
}

/// What is due; what keeps it from being found is told to the owner.
async fn found(context: &JobContext, watched_since: Option<DateTime<Utc>>) -> Result<Vec<DueRun>> {
    let found = due_runs(context, watched_since).await;
    match &found {
        Ok(_) => owner::job_answers(context).await,
        Err(error) => {
            tracing::error!(job = context.job.name, error = chain(error), "what is due could not be found");
            let about = About { error, project: &context.project, now: context.now, worker: &context.worker };
            owner::job_failed(&context.job, &context.environment, Some(&context.ledger), about).await;
        }
    }
    found
}

/// Tries one market and period: what there is to tell of it, and whether the later periods of its market may follow.
async fn attempt(
    context: &JobContext,
    run: &DueRun,
    retries: &mut Retries,
    tick: &mut Tick,
    progress: &mut Progress,
) -> (Option<Outcome>, bool) {
    let (job, plan) = (&context.job.name, &run.plan);
    let was_failing = owner::last_problem(context, plan).await;
    match run_under_lease(context, plan, run.due.mails, progress).await {
        Ok(outcome) => {
            retries.done(job, run);
            if was_failing.is_some() {
                owner::run_recovered(context, plan).await;
            }
            if let Some(problem) = &outcome.mail_problem {
                tracing::error!(job, market = %plan.market, period = %plan.period, problem, "published, but not all mails were sent");
            }
            (Some(outcome), true)
        }
        Err(Error::Busy { holder, .. }) => {
            tick.is_settled = false;
            tick.is_elsewhere = true;
            (Some(Outcome::not_run(plan, State::Elsewhere, &format!("{holder} works on it"))), false)
        }
        // A market that did not exist yet has nothing to publish.
        Err(Error::Lake { source: driftline_lake::Error::SourceTooLate { .. }, .. }) => {
            retries.waits(job, run, context.now);
            (Some(Outcome::not_run(plan, State::NotYet, "the market's exports start later")), true)
        }
        Err(error) => {
            retries.failed(job, run, context.now);
            tick.is_settled = false;
            let problem = chain(&error);
            if !matches!(error, Error::Stopped { .. }) {
                tracing::error!(job, market = %plan.market, period = %plan.period, problem, "run failed");
                owner::run_failed(context, plan, &problem, was_failing.as_deref()).await;
            }
            tick.errors.push(error);
            (None, false)
        }
    }
}

/// Minutes after the last note until a mail that may have been taken is handed over again, by its attempts.
const RESEND_MINUTES: [i64; 5] = [0, 5, 25, 125, 360];

/// Mails that the server did not take yet, of the newest revision of each period: not those of this very look, and those that may
/// have been taken later and later.
async fn send_waiting(context: &JobContext, seen: &BTreeSet<(Market, Period)>, tick: &mut Tick) {
    if context.job.mail.smtp.is_none() || context.worker.is_stopped() {
        return;
    }
    let open = match context.ledger.outbox(&context.job.name).await.in_place("outbox") {
        Ok(open) => open,
        Err(error) => {
            tracing::error!(job = context.job.name, error = chain(&error), "outbox not readable");
            tick.errors.push(error);
            return;
        }
    };
    let policy = context.job.mail.on_unknown;
    // Notes carry the time of the store, so it is the clock that counts and not `--now`.
    let clock = (context.clock)();
    let is_quiet = |entry: &OutboxEntry| {
        let minutes = RESEND_MINUTES[entry.attempts.saturating_sub(1).min(RESEND_MINUTES.len() - 1)];
        entry.noted_at.is_none_or(|noted| clock >= noted + TimeDelta::minutes(minutes))
    };
    // Slots with a mail to send, and whether one of each may go now.
    let mut slots: BTreeMap<(Market, Period, u32), bool> = BTreeMap::new();
    for entry in open.iter().filter(|entry| next_action(&entry.state, policy) == Action::Send) {
        let may_go = (entry.state == MailState::Waiting || is_quiet(entry))
            && !seen.contains(&(entry.market.clone(), entry.period));
        *slots.entry((entry.market.clone(), entry.period, entry.revision)).or_default() |= may_go;
    }
    for ((market, period, revision), may_go) in slots {
        let place = format!("{market} {period}");
        let slot = Slot { job: context.job.name.clone(), market, period };
        let newest = match context.ledger.latest(&slot).await.in_place(&place) {
            Ok(newest) => newest,
            Err(error) => {
                tick.errors.push(error);
                continue;
            }
        };
        // The figures of an older revision are withdrawn.
        let Some(newest) = newest.filter(|newest| newest.revision == revision) else { continue };
        if !may_go {
            tick.has_open_mails = true;
            continue;
        }
        match MailSender::of(context).send_waiting(&newest).await {
            Ok(sent) => {
                tick.mails_sent += sent.taken;
                if let Some(problem) = sent.problem {
                    tick.has_open_mails = true;
                    tracing::error!(job = context.job.name, place, problem, "mails are still waiting");
                    tick.errors.push(Error::MailsNotSent { place, problem });
                }
                // A silent server costs one deadline a look, not one for every market and period.
                if sent.is_unreachable {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(job = context.job.name, place, error = chain(&error), "mails are still waiting");
                tick.errors.push(error);
            }
        }
    }
}
