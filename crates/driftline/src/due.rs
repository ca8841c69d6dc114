//! What is due by the jobs' schedules, and doing it: the same for `run --due` and for the daemon.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use driftline_core::period::Kind;
use driftline_core::schedule::{Due, Subject, due_intervals};
use driftline_core::{Market, Period};
use driftline_ledger::{Action, Event, next_action};

use crate::command::chain;
use crate::error::{Error, InPlace, Result};
use crate::outcome::{Outcome, State};
use crate::plan::{self, RunPlan};
use crate::progress::Progress;
use crate::room::Room;
use crate::work;

/// One market and period that is due.
#[derive(Clone, Debug)]
pub struct DueRun {
    pub plan: RunPlan,
    pub due: Due,
    /// Set if the exports do not reach the end of the period yet: it waits for them.
    pub waits_for: Option<String>,
}

/// When a failed market and period is tried again.
#[derive(Clone, Debug, Default)]
pub struct Retries(BTreeMap<(String, Market, Period), (u32, DateTime<Utc>)>);

/// Minutes between tries: the fifth and later ones every six hours.
const RETRY_MINUTES: [i64; 5] = [1, 5, 25, 125, 360];
/// Minutes between two looks for exports that are not complete.
const WAIT_MINUTES: i64 = 60;

impl Retries {
    fn is_due(&self, job: &str, run: &DueRun, now: DateTime<Utc>) -> bool {
        self.0.get(&key(job, run)).is_none_or(|(_, next)| *next <= now)
    }

    fn failed(&mut self, job: &str, run: &DueRun, now: DateTime<Utc>) {
        let entry = self.0.entry(key(job, run)).or_insert((0, now));
        let minutes = RETRY_MINUTES[(entry.0 as usize).min(RETRY_MINUTES.len() - 1)];
        *entry = (entry.0 + 1, now + TimeDelta::minutes(minutes));
    }

    fn waits(&mut self, job: &str, run: &DueRun, now: DateTime<Utc>) {
        self.0.insert(key(job, run), (0, now + TimeDelta::minutes(WAIT_MINUTES)));
    }

    fn done(&mut self, job: &str, run: &DueRun) {
        self.0.remove(&key(job, run));
    }

    /// The next instant at which something is to be tried again.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.0.values().map(|(_, next)| *next).min()
    }
}

fn key(job: &str, run: &DueRun) -> (String, Market, Period) {
    (job.to_owned(), run.plan.market.clone(), run.plan.period)
}

/// What of a job is due at its `now`, oldest period first, the parent market before the others.
///
/// # Errors
/// `Error::Lake` / `Error::Ledger` if exports or warehouse do not answer.
pub async fn due_runs(room: &Room, watched_since: Option<DateTime<Utc>>) -> Result<Vec<DueRun>> {
    let Some(schedule) = &room.job.file.schedule else { return Ok(Vec::new()) };
    let markets = plan::markets(&room.job, &[], &room.exports, &room.sources).await?;
    let coverage = room.coverage().await?;
    let mut runs = Vec::new();
    for (place, market) in markets.iter().enumerate() {
        let published: BTreeSet<Period> = room
            .ledger
            .periods(&room.job.name, market)
            .await
            .in_place(market.as_str())?
            .into_iter()
            .map(|(period, _)| period)
            .collect();
        let subject = Subject { job: &room.job.name, market, kind: Kind::Quarter };
        for due in due_intervals(schedule, &subject, room.now, watched_since, &published) {
            let plan = RunPlan::new(market.clone(), due.period, coverage);
            let waits_for = coverage
                .until
                .filter(|_| plan.as_of < due.period.as_of())
                .map(|until| format!("the exports end on {until}, before the period does"));
            runs.push((due.period, place, DueRun { plan, due, waits_for }));
        }
    }
    runs.sort_by_key(|(period, place, _)| (*period, *place));
    Ok(runs.into_iter().map(|(_, _, run)| run).collect())
}

/// Does what is due and may be tried now, and sends mails that wait. Gives what happened; the first error of each market ends
/// that market's later periods.
pub async fn run_due(
    room: &Room,
    watched_since: Option<DateTime<Utc>>,
    retries: &mut Retries,
    progress: &mut Progress,
    mut tell: impl FnMut(&Outcome),
) -> Vec<Error> {
    let job = room.job.name.clone();
    let runs = match due_runs(room, watched_since).await {
        Ok(runs) => runs,
        Err(error) => return vec![error],
    };
    let mut errors = Vec::new();
    let mut failed: BTreeSet<Market> = BTreeSet::new();
    for run in runs {
        if room.worker.is_stopped() {
            break;
        }
        if failed.contains(&run.plan.market) || !retries.is_due(&job, &run, room.now) {
            continue;
        }
        if let Some(reason) = &run.waits_for {
            retries.waits(&job, &run, room.now);
            tell(&Outcome::not_run(&run.plan, State::Waiting, reason));
            continue;
        }
        let was_failing = last_problem(room, &run.plan).await;
        match work::work(room, &run.plan, run.due.mails, progress).await {
            Ok(outcome) => {
                retries.done(&job, &run);
                if was_failing.is_some() {
                    tell_owner_of_recovery(room, &run.plan).await;
                }
                tell(&outcome);
            }
            Err(Error::Busy { holder, .. }) => {
                tell(&Outcome::not_run(&run.plan, State::Elsewhere, &format!("{holder} works on it")));
            }
            // A market that did not exist yet has nothing to publish.
            Err(Error::Lake { source: driftline_lake::Error::SourceTooLate { .. }, .. }) => {
                retries.waits(&job, &run, room.now);
                tell(&Outcome::not_run(&run.plan, State::NotYet, "the market's exports start later"));
            }
            Err(error) => {
                retries.failed(&job, &run, room.now);
                failed.insert(run.plan.market.clone());
                let problem = chain(&error);
                tracing::error!(job, market = %run.plan.market, period = %run.plan.period, problem, "run failed");
                // The same problem is told once.
                if was_failing.as_ref() != Some(&problem) && !matches!(error, Error::Stopped { .. }) {
                    tell_owner_of_failure(room, &run.plan, &problem).await;
                }
                errors.push(error);
            }
        }
    }
    errors.extend(send_waiting(room).await);
    errors
}

/// The problem that the last run of a slot ended with, if it failed.
async fn last_problem(room: &Room, plan: &RunPlan) -> Option<String> {
    let runs = room.ledger.runs(&room.job.name, &plan.market, plan.period).await.ok()?;
    match runs.last()?.last_event.as_ref()?.event.clone() {
        Event::Failed { problem } => Some(problem),
        _ => None,
    }
}

/// Mails of any period that the server did not take yet.
async fn send_waiting(room: &Room) -> Vec<Error> {
    let mut errors = Vec::new();
    if room.job.file.mail.smtp.is_none() || room.worker.is_stopped() {
        return errors;
    }
    let open = match room.ledger.outbox(&room.job.name).await.in_place("outbox") {
        Ok(open) => open,
        Err(error) => return vec![error],
    };
    let policy = room.job.file.mail.on_unknown;
    let slots: BTreeSet<(Market, Period, u32)> = open
        .iter()
        .filter(|entry| next_action(&entry.state, policy) == Action::Send)
        .map(|entry| (entry.market.clone(), entry.period, entry.revision))
        .collect();
    for (market, period, revision) in slots {
        let slot = driftline_ledger::Slot { job: room.job.name.clone(), market, period };
        let sent = async {
            let place = format!("{} {period}", slot.market);
            let publication = room.ledger.publication(&slot, revision).await.in_place(&place)?;
            room.post().send_waiting(&publication, &room.worker).await
        };
        errors.extend(sent.await.err());
    }
    errors
}

async fn tell_owner_of_failure(room: &Room, plan: &RunPlan, problem: &str) {
    let (title, market, period) = (&room.job.file.title, &plan.market, plan.period);
    let text = format!(
        "The run of {market} {period} failed. Nothing was published, and nothing that was published changed.\n\nWhat: {problem}\nWhere: job {}, warehouse {}\n\nIt is tried again by itself, later and later. By hand:\n\n    driftline run {} --market {market} --period {period}\n    driftline runs --job {} --market {market}\n",
        room.job.name,
        room.ledger.shown(),
        room.job.path.display(),
        room.job.name,
    );
    notify(room, &format!("{title}: {market} {period} failed"), &text, "failed", plan).await;
}

async fn tell_owner_of_recovery(room: &Room, plan: &RunPlan) {
    let (title, market, period) = (&room.job.file.title, &plan.market, plan.period);
    let text = format!("The run of {market} {period} that had failed is published now. Nothing is left to do.\n");
    notify(room, &format!("{title}: {market} {period} recovered"), &text, "recovered", plan).await;
}

/// What cannot be mailed is still in the log.
async fn notify(room: &Room, subject: &str, text: &str, kind: &str, plan: &RunPlan) {
    let post = room.post();
    if room.job.file.mail.smtp.is_none() {
        return;
    }
    let seed = format!("{kind}/{}/{}/{}/{}", room.job.name, plan.market, plan.period, room.worker.nonce());
    match post.mailer() {
        Ok(mailer) => {
            for error in post.notify(&mailer, subject, text, &seed).await {
                tracing::error!(error = chain(&error), "the owner could not be told");
            }
        }
        Err(error) => tracing::error!(error = chain(&error), "the owner could not be told"),
    }
}
