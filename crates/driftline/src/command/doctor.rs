//! `driftline doctor`: does everything that a run needs answer, and would its exports end it? Nothing is published or sent.

mod sources;

use driftline_lake::source::{Exports, Sources};
use driftline_report::Templates;

use crate::args::{self, Cli};
use crate::command::{World, ledger, say, say_json};
use crate::error::{InPlace, Result};
use crate::exit;
use crate::job::Job;
use crate::outbox::Post;
use crate::plan;
use crate::project::Project;
use crate::pseudonym_key::PseudonymKey;
use crate::store;
use crate::suppression;

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
pub(super) async fn execute(cli: &Cli, args: &args::Doctor, project: &Project, world: &World) -> Result<()> {
    let jobs: Vec<Job> = project.jobs(args.job.as_deref(), &args.job_options.overrides)?;
    let (mut findings, mut first_error) = (Vec::new(), None);
    for job in &jobs {
        let checks = [
            ("exports", markets(job, project, world).await),
            ("warehouse", warehouse(job, project, world).await),
            ("templates", templates(job, project)),
            ("pseudonym key", key(job, world)),
            ("mail", mail(job, project, world).await),
        ];
        for (what, found) in checks {
            let (is_ok, detail, exit_code) = match &found {
                Ok(detail) => (true, detail.clone(), 0),
                Err(error) => (false, super::chain(error), exit::code(error)),
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

async fn markets(job: &Job, project: &Project, world: &World) -> Result<String> {
    let (exports, sources) = exports(job, project, world).await?;
    let (markets, left_out) = plan::markets(job, &[], &exports, &sources).await?;
    let warnings: String = left_out.iter().map(|note| format!("; WARNING: {note}")).collect();
    let codes: Vec<String> = markets.iter().map(ToString::to_string).collect();
    let mut lines = sources::read(job, project, world, &exports, &sources, &codes).await?;
    lines.extend(sources::tried(job, project, world, &markets).await?);
    let (count, pad) = (plan::counted(markets.len() as u64, "market"), format!("\n{}", " ".repeat(INDENT)));
    Ok(format!("{}: {count}{warnings}{pad}{}", exports.shown, lines.join(&pad)))
}

/// Opens the exports of a job without a room.
pub(super) async fn exports(job: &Job, project: &Project, world: &World) -> Result<(Exports, Sources)> {
    let sources = Sources::read(&project.sql(), &job.file.exports.dialect).in_place("sql")?;
    let location = store::open_exports(&job.file.exports.url, &project.root, &world.environment)?;
    let index = store::index(&location, job.file.exports.index.as_deref()).await?;
    let time_zone = job.time_zone();
    let exports = Exports { store: location.store, root: location.root, shown: location.shown, index, time_zone };
    Ok((exports, sources))
}

async fn warehouse(job: &Job, project: &Project, world: &World) -> Result<String> {
    let ledger = ledger(job, project, world, true)?;
    let nonce = format!("doctor-{}-{}", std::process::id(), world.now.timestamp_nanos_opt().unwrap_or(0));
    ledger.probe(&nonce).await.in_place("warehouse")?;
    Ok(format!("{}: writable, honours conditional create", ledger.shown()))
}

fn templates(job: &Job, project: &Project) -> Result<String> {
    let folder = &job.file.mail.report;
    Templates::read(&project.reports(folder)).in_place("reports")?;
    Ok(format!("reports/{folder}"))
}

/// Runs without a key work; whoever knows the development key can recompute pseudonyms from customer numbers.
fn key(job: &Job, world: &World) -> Result<String> {
    let key = PseudonymKey::of(job, &world.environment)?;
    let name = &job.file.privacy.pseudonym_key_env;
    Ok(match key.warning(job) {
        Some(warning) => format!("WARNING: {warning}"),
        None if key.is_development => {
            format!("the public development key, as privacy.allow_development_key says; {name} is not set")
        }
        None => format!("{name} is set"),
    })
}

async fn mail(job: &Job, project: &Project, world: &World) -> Result<String> {
    let Some(smtp) = &job.file.mail.smtp else { return Ok("no [mail.smtp]: mails are written as files".to_owned()) };
    let ledger = ledger(job, project, world, true)?;
    let templates = Templates::read(&project.reports(&job.file.mail.report)).in_place("reports")?;
    let post = Post {
        job,
        ledger: &ledger,
        templates: &templates,
        suppressed: &suppression::read(&project.root)?,
        environment: &world.environment,
        now: world.now,
        worker: &world.worker,
    };
    post.sender()?;
    let mailer = post.mailer()?;
    mailer.test().await.in_place("mail server")?;
    mailer.close().await;
    let warnings: String = job.file.mail.look_alikes(None).iter().map(|text| format!("; WARNING: {text}")).collect();
    Ok(format!("{}:{} answers and lets us in; nothing was sent{warnings}", smtp.host, smtp.port))
}
