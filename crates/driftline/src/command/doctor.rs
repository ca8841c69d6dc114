//! `driftline doctor`: does everything that a run needs answer, and would its exports end it? Nothing is published or sent.

mod sources;

use driftline_lake::source::{Exports, Sources};
use driftline_report::Templates;

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::error::{InPlace, Result};
use crate::exit;
use crate::mail::outbox::MailSender;
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::plan;
use crate::setup::project::Project;
use crate::setup::pseudonym_key::PseudonymKey;
use crate::setup::store;
use crate::setup::suppression;
use crate::setup::warehouse::ledger;

#[derive(serde::Serialize)]
struct Finding {
    job: String,
    what: &'static str,
    is_ok: bool,
    detail: String,
    exit_code: u8,
}

/// Columns before a detail: job, what, mark.
const INDENT: usize = 42;

/// # Errors
/// The first thing that does not work, after all were tried; its exit code is that of a run that would meet it.
pub(super) async fn execute(
    cli: &Cli,
    args: &args::Doctor,
    project: &Project,
    environment: &Environment,
) -> Result<()> {
    let jobs: Vec<Job> = project.jobs(args.job.as_deref(), &args.job_options.overrides)?;
    let (mut findings, mut first_error) = (Vec::new(), None);
    for job in &jobs {
        let checks = [
            ("exports", markets(job, project, environment).await),
            ("warehouse", warehouse(job, project, environment).await),
            ("templates", templates(job, project)),
            ("pseudonym key", key(job, environment)),
            ("mail", mail(job, project, environment).await),
        ];
        for (what, found) in checks {
            let (is_ok, detail, exit_code) = match &found {
                Ok(detail) => (true, detail.clone(), 0),
                Err(error) => (false, crate::error::chain(error), exit::code(error)),
            };
            findings.push(Finding { job: job.name.clone(), what, is_ok, detail, exit_code });
            if let Err(error) = found {
                first_error.get_or_insert(error);
            }
        }
    }
    if cli.json {
        say_json(&findings)?;
    } else {
        for finding in &findings {
            let mark = if finding.is_ok { "ok    " } else { "FAILED" };
            say(format!("{:<18} {:<14} {mark}  {}", finding.job, finding.what, finding.detail));
        }
        match &first_error {
            None => say("next: driftline run jobs/<job>.toml --period <period>"),
            Some(_) => say("next: mend what failed, then driftline doctor again"),
        }
    }
    first_error.map_or(Ok(()), Err)
}

async fn markets(job: &Job, project: &Project, environment: &Environment) -> Result<String> {
    let (exports, sources) = exports(job, project, environment).await?;
    let (markets, left_out) = plan::markets(job, &[], &exports, &sources).await?;
    let warnings: String = left_out.iter().map(|note| format!("; WARNING: {note}")).collect();
    let codes: Vec<String> = markets.iter().map(ToString::to_string).collect();
    let mut lines = sources::read(job, project, environment, (&exports, &sources), &codes).await?;
    lines.extend(sources::tried(job, project, environment, &markets).await?);
    let (count, pad) = (plan::counted(markets.len() as u64, "market"), format!("\n{}", " ".repeat(INDENT)));
    Ok(format!("{}: {count}{warnings}{pad}{}", exports.shown, lines.join(&pad)))
}

/// Opens the exports of a job without its warehouse.
pub(super) async fn exports(job: &Job, project: &Project, environment: &Environment) -> Result<(Exports, Sources)> {
    let sources = Sources::read(&project.sql(), &job.exports.dialect).in_place("sql")?;
    let location = store::open_exports(&job.exports.url, &project.root, &environment.variables)?;
    let index = store::index(&location, job.exports.index.as_deref()).await?;
    let time_zone = job.time_zone();
    let exports = Exports { store: location.store, root: location.root, shown: location.shown, index, time_zone };
    Ok((exports, sources))
}

async fn warehouse(job: &Job, project: &Project, environment: &Environment) -> Result<String> {
    let ledger = ledger(job, project, environment, true)?;
    let nonce = format!("doctor-{}-{}", std::process::id(), environment.now.timestamp_nanos_opt().unwrap_or(0));
    ledger.probe(&nonce).await.in_place("warehouse")?;
    Ok(format!("{}: writable, honours conditional create", ledger.shown()))
}

fn templates(job: &Job, project: &Project) -> Result<String> {
    let folder = &job.mail.report;
    Templates::read(&project.reports(folder)).in_place("reports")?;
    Ok(format!("reports/{folder}"))
}

/// Runs without a key work; whoever knows the development key can recompute pseudonyms from customer numbers.
fn key(job: &Job, environment: &Environment) -> Result<String> {
    let key = PseudonymKey::of(job, &environment.variables)?;
    let name = &job.privacy.pseudonym_key_env;
    Ok(match key.warning(job) {
        Some(warning) => format!("WARNING: {warning}"),
        None if key.is_development => {
            format!("the public development key, as privacy.allow_development_key says; {name} is not set")
        }
        None => format!("{name} is set"),
    })
}

async fn mail(job: &Job, project: &Project, environment: &Environment) -> Result<String> {
    let Some(smtp) = &job.mail.smtp else { return Ok("no [mail.smtp]: mails are written as files".to_owned()) };
    let ledger = ledger(job, project, environment, true)?;
    let templates = Templates::read(&project.reports(&job.mail.report)).in_place("reports")?;
    let post = MailSender {
        job,
        ledger: &ledger,
        templates: &templates,
        suppressed: &suppression::read(&project.root)?,
        environment: &environment.variables,
        now: environment.now,
        worker: &environment.worker,
    };
    post.sender()?;
    let mailer = post.mailer()?;
    mailer.test().await.in_place("mail server")?;
    mailer.close().await;
    let warnings: String = job.mail.look_alikes(None).iter().map(|text| format!("; WARNING: {text}")).collect();
    Ok(format!("{}:{} answers and lets us in; nothing was sent{warnings}", smtp.host, smtp.port))
}
