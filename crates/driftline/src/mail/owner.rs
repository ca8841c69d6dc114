//! What the owner of a job is told by mail: what failed, what to do, and that it works again. What cannot be mailed is in the log.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use driftline_core::report::Audience;
use driftline_ledger::{Event, Ledger};
use driftline_report::mailer::Mailer;
use driftline_report::message::{self, Envelope};

use crate::error::{Error, InPlace, Result, STOPPED, chain};
use crate::mail::mail_server::{self, deliver};
use crate::setup::environment::Environment;
use crate::setup::job::{Job, check_address};
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;
use crate::setup::project::Project;
use crate::setup::store;
use crate::setup::suppression;
use crate::setup::suppression::Suppressed;
use crate::setup::warehouse::ledger;
use crate::setup::worker::Worker;

/// Who is told, and by what server.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) job: &'a Job,
    pub(crate) suppressed: &'a Suppressed,
    pub(crate) environment: &'a [(String, String)],
    pub(crate) now: DateTime<Utc>,
    pub(crate) worker: &'a Worker,
}

impl<'a> Owner<'a> {
    /// The owner of a job that is open.
    fn of(context: &'a JobContext) -> Self {
        Self {
            job: &context.job,
            suppressed: &context.suppressed,
            environment: &context.environment,
            now: context.now,
            worker: &context.worker,
        }
    }
}

impl Owner<'_> {
    /// Recipients with the role owner, else who answers the mails.
    fn addresses(&self) -> Vec<String> {
        let mail = &self.job.mail;
        let owners = mail.recipients.iter().filter(|recipient| recipient.role == Audience::Owner);
        let owners: Vec<String> = owners.map(|recipient| recipient.to.clone()).collect();
        if owners.is_empty() { mail.reply_to.iter().cloned().collect() } else { owners }
    }

    fn may_be_told(&self, owner: &str) -> bool {
        !self.suppressed.holds(owner, self.now.date_naive()) && check_address(&self.job.mail, owner).is_ok()
    }

    /// A short plain mail to everyone who is told. `seed` makes its Message-ID.
    pub(crate) async fn tell_by(&self, mailer: &Mailer, subject: &str, text: &str, seed: &str) {
        let owners: Vec<String> = self.addresses().into_iter().filter(|owner| self.may_be_told(owner)).collect();
        if owners.is_empty() {
            tracing::warn!(subject, "nobody is left who could be told: no owner that wants mails and may get them");
        }
        for owner in owners {
            let sent = async {
                let sender = mail_server::sender(self.job, self.environment)?;
                let envelope = Envelope { sender: &sender, recipient: &owner, date: SystemTime::from(self.now) };
                let mail = message::notice(&envelope, subject, text, seed).in_place("notice to the owner")?;
                deliver(mailer, &sender.from, &mail).await.in_place("notice to the owner")
            };
            let sent: Result<()> = sent.await;
            if let Err(error) = sent {
                tracing::error!(subject, error = chain(&error), "the owner could not be told");
            }
        }
    }

    /// As [`Owner::tell_by`] with a connection of its own; nothing without `[mail.smtp]`.
    async fn tell(&self, subject: &str, text: &str, seed: &str) {
        if self.job.mail.smtp.is_none() {
            return;
        }
        match mail_server::mailer(self.job, self.environment, self.worker) {
            Ok(mailer) => {
                self.tell_by(&mailer, subject, text, seed).await;
                mailer.close().await;
            }
            Err(error) => tracing::error!(subject, error = chain(&error), "the owner could not be told"),
        }
    }
}

/// Tells of a run that failed, unless its last one failed with the same problem.
pub(crate) async fn run_failed(context: &JobContext, plan: &RunPlan, problem: &str, last: Option<&str>) {
    if last.is_some_and(|last| is_same(last, problem)) {
        return;
    }
    let (title, market, period) = (&context.job.title, &plan.market, plan.period);
    let text = format!(
        "The run of {market} {period} failed. Nothing was published, and nothing that was published changed.\n\nWhat: {problem}\nWhere: job {}, warehouse {}\n\nIt is tried again by itself, later and later. By hand:\n\n    driftline run {} --market {market} --period {period}\n    driftline runs --job {} --market {market}\n",
        context.job.name,
        context.ledger.shown(),
        context.job.path.display(),
        context.job.name,
    );
    let subject = format!("{title}: {market} {period} failed");
    Owner::of(context).tell(&subject, &text, &seed_of("failed", context, plan)).await;
}

/// Tells that a run that had failed is published.
pub(crate) async fn run_recovered(context: &JobContext, plan: &RunPlan) {
    let (title, market, period) = (&context.job.title, &plan.market, plan.period);
    let text = format!("The run of {market} {period} that had failed is published now. Nothing is left to do.\n");
    let subject = format!("{title}: {market} {period} recovered");
    Owner::of(context).tell(&subject, &text, &seed_of("recovered", context, plan)).await;
}

fn seed_of(kind: &str, context: &JobContext, plan: &RunPlan) -> String {
    format!("{kind}/{}/{}/{}/{}", context.job.name, plan.market, plan.period, context.worker.nonce())
}

/// The problem that the last run of a slot ended with, if it failed by itself.
pub(crate) async fn last_problem(context: &JobContext, plan: &RunPlan) -> Option<String> {
    let runs = context.ledger.runs(&context.job.name, &plan.market, plan.period).await.ok()?;
    match runs.last()?.last_event.as_ref()?.event.clone() {
        Event::Failed { problem } if !problem.contains(STOPPED) => Some(problem),
        _ => None,
    }
}

/// Where the troubles of a whole job are noted: those that keep it from any market and period.
fn troubles(job: &Job) -> String {
    format!("{}/_trouble", job.name)
}

/// Tells that a job could not be looked at, once as long as the problem stays the same. What was told is noted in the warehouse;
/// if that is what does not answer, a daemon remembers it, and `run --due` tells every time.
pub(crate) async fn job_failed(job: &Job, environment: &[(String, String)], ledger: Option<&Ledger>, about: About<'_>) {
    let About { error, project, now, worker } = about;
    let problem = chain(error);
    let mut last = worker.trouble(&job.name, Some(problem.clone()));
    if let (None, Some(ledger)) = (&last, ledger) {
        last = noted(job, ledger).await;
    }
    if last.is_some_and(|last| is_same(&last, &problem)) {
        return;
    }
    if let Some(ledger) = ledger {
        let event = Event::Failed { problem: problem.clone() };
        if let Err(error) = ledger.record(&troubles(job), &worker.nonce(), &event).await {
            tracing::warn!(job = job.name, %error, "the trouble of the job was not noted in the warehouse");
        }
    }
    let text = format!(
        "The job {} could not be looked at, so nothing that is due was run. Nothing was published, and nothing that was published changed.\n\nWhat: {problem}\nWhere: {}, exports {}, warehouse {}\n\nIt is tried again at the next look. By hand, to see what answers and what does not, and then to do what is due:\n\n    driftline doctor {}\n    driftline run --due {}\n",
        job.name,
        job.path.display(),
        store::shown_place(&job.exports.url),
        store::shown_place(&job.warehouse.url),
        job.path.display(),
        job.path.display(),
    );
    let suppressed = suppression::read(project).unwrap_or_default();
    let owner = Owner { job, suppressed: &suppressed, environment, now, worker };
    let seed = format!("trouble/{}/{}", job.name, worker.nonce());
    owner.tell(&format!("{}: the job {} could not be looked at", job.title, job.name), &text, &seed).await;
}

/// What kept a job from being looked at, and who says so when.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) error: &'a Error,
    pub(crate) project: &'a std::path::Path,
    pub(crate) now: DateTime<Utc>,
    pub(crate) worker: &'a Worker,
}

/// Tells the owner of a job that it could not even be opened, if its warehouse opens to remember that.
pub(crate) async fn not_opened(
    job: &Job,
    error: &Error,
    now: DateTime<Utc>,
    project: &Project,
    environment: &Environment,
) {
    let ledger = ledger(job, project, environment, true).ok();
    let about = About { error, project: &project.root, now, worker: &environment.worker };
    job_failed(job, &environment.variables, ledger.as_ref(), about).await;
}

/// Tells that a job can be looked at again, if it was told that it could not.
pub(crate) async fn job_answers(context: &JobContext) {
    let is_told = context.worker.trouble(&context.job.name, None).is_some();
    let is_noted = noted(&context.job, &context.ledger).await.is_some();
    if !is_told && !is_noted {
        return;
    }
    if is_noted
        && let Err(error) =
            context.ledger.record(&troubles(&context.job), &context.worker.nonce(), &Event::Recovered).await
    {
        tracing::warn!(job = context.job.name, %error, "that the job can be looked at again was not noted");
        return;
    }
    let name = &context.job.name;
    let text = format!("The job {name} can be looked at again. What was due meanwhile is run now.\n");
    let subject = format!("{}: the job {name} can be looked at again", context.job.title);
    Owner::of(context).tell(&subject, &text, &format!("answers/{name}/{}", context.worker.nonce())).await;
}

/// The trouble that a job is in by the last note of it.
async fn noted(job: &Job, ledger: &Ledger) -> Option<String> {
    match ledger.events(&troubles(job)).await.ok()?.pop()?.event {
        Event::Failed { problem } => Some(problem),
        _ => None,
    }
}

/// Problems are the same if they differ in numbers only: libraries say how long they waited and how often they tried.
fn is_same(one: &str, other: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect::<String>();
    letters(one) == letters(other)
}
