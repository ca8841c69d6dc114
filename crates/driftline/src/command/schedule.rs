//! `driftline schedule`: the daemon. It wakes every minute, decides what is due by the jobs' schedules and the ledger, and does
//! it. The alarm clock decides nothing: a tick that is missed or doubled changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use driftline_core::schedule::next_firings;
use driftline_ledger::Slot;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job as Alarm, JobScheduler};

use crate::command::args::{self, Cli};
use crate::command::output::say;
use crate::error::{Error, InPlace, Result, chain};
use crate::mail::owner::not_opened;
use crate::operate::metrics::{Metrics, serve};
use crate::operate::retries::Retries;
use crate::operate::tick::run_due;
use crate::run::progress::Progress;
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::job_context::{Choice, JobContext};
use crate::setup::project::Project;

/// The longest time between two looks at the ledger, whatever the schedules say.
const RECONCILE: TimeDelta = TimeDelta::hours(1);
/// The time between two looks while a mail waits or a store does not answer.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(5);
/// The time between two looks while another process works on what is due: it may be done, or dead, at the next tick.
const NEXT_TICK: TimeDelta = TimeDelta::zero();

/// # Errors
/// `Error::NoSuchJob` if no job has a schedule, `Error::Ledger` if a warehouse ignores conditional create. Failed runs end
/// nothing: they are logged, mailed to the owner and tried again.
pub(super) async fn execute(
    cli: &Cli,
    args: &args::Schedule,
    project: &Project,
    environment: &Environment,
) -> Result<()> {
    let names = scheduled(project, &args.job_options.overrides, args.job.as_deref())?;
    let metrics = Metrics::default();
    for job in &names {
        // A store that is down now is tried again; one that ignores the condition is not used at all.
        match JobContext::open(job.clone(), &Choice::default(), project, environment).await {
            Err(error) => tracing::error!(job = job.name, error = chain(&error), "job not opened; tried again"),
            Ok(context) => match context.ledger.probe(&environment.worker.nonce()).await {
                Err(error @ driftline_ledger::Error::NoConditionalCreate { .. }) => Err(error).in_place("warehouse")?,
                Err(error) => tracing::error!(job = job.name, error = chain(&error), "warehouse; tried again"),
                Ok(()) => seed(&metrics, &context).await,
            },
        }
        let next = job.schedule.as_ref().and_then(|schedule| next_firings(schedule, environment.now, 1).pop());
        tracing::info!(job = job.name, next = next.map(|next| next.to_rfc3339()), "watching");
        if !cli.json {
            let next = next.map_or_else(|| "never".to_owned(), |next| next.to_rfc3339());
            say(format!("{}: watching; next firing {next}", job.name));
        }
    }
    if let Some(address) = &args.listen {
        let listener = tokio::net::TcpListener::bind(address).await.map_err(Error::Runtime)?;
        let at_work = Duration::from_secs(args.unhealthy_after);
        tokio::spawn(serve(listener, metrics.clone(), environment.worker.pulse.clone(), at_work));
    }
    let (sender, mut ticks) = mpsc::channel(1);
    let _ = sender.try_send(());
    let mut alarm = alarm(sender).await?;
    let mut daemon = Daemon {
        project,
        environment,
        args,
        metrics,
        retries: Retries::default(),
        settled: BTreeMap::new(),
        woken: None,
    };
    loop {
        tokio::select! {
            Some(()) = ticks.recv() => {
                environment.worker.pulse.works(true);
                daemon.tick(cli).await;
                environment.worker.pulse.works(false);
            }
            () = environment.worker.stopped() => break,
        }
    }
    let _ = alarm.shutdown().await;
    tracing::info!("stopped; leases are released");
    Ok(())
}

/// One tick a minute; one that finds the last not taken yet is dropped.
async fn alarm(sender: mpsc::Sender<()>) -> Result<JobScheduler> {
    let wrong =
        |error: tokio_cron_scheduler::JobSchedulerError| Error::Runtime(std::io::Error::other(error.to_string()));
    let alarm = JobScheduler::new().await.map_err(wrong)?;
    let every_minute = Alarm::new_async("0 * * * * *", move |_, _| {
        let sender = sender.clone();
        Box::pin(async move {
            let _ = sender.try_send(());
        })
    });
    alarm.add(every_minute.map_err(wrong)?).await.map_err(wrong)?;
    alarm.start().await.map_err(wrong)?;
    Ok(alarm)
}

/// The jobs that have a schedule, or the named one.
pub(super) fn scheduled(project: &Project, overrides: &[String], name: Option<&str>) -> Result<Vec<Job>> {
    let jobs: Vec<Job> = project.jobs(name, overrides)?;
    let known = jobs.iter().map(|job| job.name.clone()).collect::<Vec<_>>().join(", ");
    let scheduled: Vec<Job> = jobs.into_iter().filter(|job| job.schedule.is_some()).collect();
    if scheduled.is_empty() {
        return Err(Error::NoSuchJob { name: "(one with a [schedule])".to_owned(), known });
    }
    Ok(scheduled)
}

struct Daemon<'a> {
    project: &'a Project,
    environment: &'a Environment,
    args: &'a args::Schedule,
    metrics: Metrics,
    retries: Retries,
    /// By job, the last look after which nothing that was due was left: firings since then count.
    settled: BTreeMap<String, DateTime<Utc>>,
    /// The next instant that asks for a look.
    woken: Option<DateTime<Utc>>,
}

impl Daemon<'_> {
    async fn tick(&mut self, cli: &Cli) {
        let now = (self.environment.clock)();
        self.metrics.ticked(now);
        self.write_metrics();
        if self.woken.is_some_and(|next| now < next) {
            return;
        }
        // Read again every time, so that an edited job counts without a restart.
        let jobs = scheduled(self.project, &self.args.job_options.overrides, self.args.job.as_deref());
        let jobs = match jobs {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::error!(error = chain(&error), "jobs not readable; tried again in a minute");
                return;
            }
        };
        let mut next = now + RECONCILE;
        for job in jobs {
            self.environment.worker.pulse.beats();
            if self.environment.worker.is_stopped() {
                return;
            }
            let schedule = job.schedule.clone();
            if let Some(again) = self.run_job(cli, job, now).await {
                next = next.min(now + again);
            }
            let firing = schedule.and_then(|schedule| next_firings(&schedule, now, 1).pop());
            next = firing.map_or(next, |firing| next.min(firing.with_timezone(&Utc)));
        }
        self.woken = Some(self.retries.next().map_or(next, |retry| next.min(retry)));
        self.write_metrics();
    }

    fn write_metrics(&self) {
        if let Some(path) = &self.args.metrics_file
            && let Err(error) = self.metrics.write(path)
        {
            tracing::warn!(%error, "metrics file not written");
        }
    }

    /// Looks at one job; says how soon it wants another look, if sooner than its schedule.
    async fn run_job(&mut self, cli: &Cli, job: Job, now: DateTime<Utc>) -> Option<TimeDelta> {
        let name = job.name.clone();
        let choice = Choice { now: Some(now), ..Choice::default() };
        let context = match JobContext::open(job.clone(), &choice, self.project, self.environment).await {
            Ok(context) => context,
            Err(error) => {
                tracing::error!(job = name, error = chain(&error), "job not opened");
                not_opened(&job, &error, now, self.project, self.environment).await;
                self.metrics.failed(&name);
                return Some(LOOK_AGAIN);
            }
        };
        let mut progress = Progress::of_daemon(&self.environment.worker.pulse);
        let watched = Some(self.settled.get(&name).copied().unwrap_or(self.environment.now));
        let metrics = self.metrics.clone();
        let look = run_due(&context, watched, &mut self.retries, &mut progress, |outcome| {
            metrics.ended(&name, outcome, now);
            tracing::info!(job = name, market = outcome.market, period = outcome.period, state = ?outcome.state, "run");
            if !cli.json {
                say(format!("{} {} {}: {}", outcome.market, outcome.period, outcome.state.words(), outcome.headline));
            }
        })
        .await;
        for _ in &look.errors {
            self.metrics.failed(&context.job.name);
        }
        self.metrics.sent(&context.job.name, look.mails_sent);
        if look.is_settled {
            self.settled.insert(context.job.name.clone(), now);
        }
        let is_open = look.has_open_mails || !look.errors.is_empty();
        if look.is_elsewhere { Some(NEXT_TICK) } else { is_open.then_some(LOOK_AGAIN) }
    }
}

/// The last publication of every market, so that "too long ago" is seen after a restart.
async fn seed(metrics: &Metrics, context: &JobContext) {
    let Ok(markets) = context.ledger.markets(&context.job.name).await else { return };
    for market in markets {
        let newest = async {
            let period = *context.job.published(&context.ledger, &market).await.ok()?.last()?;
            let slot = Slot { job: context.job.name.clone(), market: market.clone(), period };
            let publication = context.ledger.latest(&slot).await.ok()??;
            DateTime::parse_from_rfc3339(&publication.published_at).ok()
        };
        if let Some(at) = newest.await {
            metrics.published(&context.job.name, market.as_str(), at.with_timezone(&Utc));
        }
    }
}
