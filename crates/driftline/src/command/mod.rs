//! One file a command.

pub mod args;
mod check;
mod churn;
mod diff;
mod doctor;
mod drift;
mod init;
mod list;
mod ltv;
mod once;
mod outbox;
mod plan;
mod preview;
mod prune;
mod revisions;
mod run;
mod runs;
mod schedule;
mod send;
mod show;
mod simulate;
mod site;
mod site_files;
mod tree;
mod workbench;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::CommandFactory;
use driftline_core::report::Report;
use driftline_core::{Market, plain};
use driftline_ledger::Ledger;

use self::args::{Cli, Command};
use crate::error::{Error, Result};
use crate::mail::owner::{self, About};
use crate::setup::job::Job;
use crate::setup::project::Project;
use crate::setup::store;
use crate::setup::worker::{StopSender, Worker};

/// What the program took from outside: the clock, the environment and the machine, read once.
pub struct World {
    pub now: DateTime<Utc>,
    pub environment: Vec<(String, String)>,
    pub scratch: PathBuf,
    /// This build of the program since this start of the machine, as [`driftline_lake::resume::Resume`] wants it.
    pub build: Option<String>,
    pub threads: usize,
    /// For what lives longer than an instant.
    pub clock: fn() -> DateTime<Utc>,
    /// This process, as others see it in the ledger.
    pub worker: Worker,
}

/// How long the end waits for what works in the background.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// Runs the command.
///
/// # Errors
/// Any of the program's errors; `exit::code` gives its number.
pub fn execute(cli: &Cli, world: &World, stop: StopSender) -> Result<()> {
    match &cli.command {
        Command::Init(args) => return init::execute(args),
        Command::Completions(args) => {
            clap_complete::generate(args.shell, &mut Cli::command(), "driftline", &mut std::io::stdout());
            return Ok(());
        }
        Command::Schema => {
            say_json(&schemars::schema_for!(Report))?;
            return Ok(());
        }
        Command::Ltv(args) => return ltv::execute(cli, args),
        Command::Churn(args) => return churn::execute(cli, args),
        Command::Drift(args) => return drift::execute(cli, args, world),
        Command::Simulate(args) => return simulate::execute(cli, args),
        _ => {}
    }
    if cli.project != Path::new(".") {
        // Set once: a process has one command.
        let _ = NOT_HERE.set(cli.project.display().to_string());
    }
    let project = Project::open(&cli.project)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads(cli, world))
        // Deep plans need deep stacks.
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let done = runtime.block_on(async {
        if matches!(cli.command, Command::Run(_) | Command::Schedule(_)) {
            tokio::spawn(stop_on_signal(stop));
        }
        match &cli.command {
            Command::Run(args) => run::execute(cli, args, &project, world).await,
            Command::Check => check::execute(cli, &project, world).await,
            Command::List => list::execute(cli, &project, world).await,
            Command::Show(args) => show::execute(cli, args, &project, world).await,
            Command::Diff(args) => diff::execute(cli, args, &project, world).await,
            Command::Tree(args) => tree::execute(cli, args, &project, world).await,
            Command::Site(args) => site::execute(cli, args, &project, world).await,
            Command::Preview(args) => preview::execute(cli, args, &project),
            Command::Schedule(args) => schedule::execute(cli, args, &project, world).await,
            Command::Plan(args) => plan::execute(cli, args, &project, world).await,
            Command::Runs(args) => runs::execute(cli, args, &project, world).await,
            Command::Logs(args) => runs::logs(cli, args, &project, world).await,
            Command::Outbox(args) => outbox::execute(cli, args, &project, world).await,
            Command::Prune(args) => prune::execute(cli, args, &project, world).await,
            Command::Send(args) => send::execute(cli, args, &project, world).await,
            Command::Doctor(args) => doctor::execute(cli, args, &project, world).await,
            Command::Schema
            | Command::Init(_)
            | Command::Completions(_)
            | Command::Ltv(_)
            | Command::Churn(_)
            | Command::Drift(_)
            | Command::Simulate(_) => Ok(()),
        }
    });
    // A look-up of a name that nobody answers cannot be stopped, only left behind.
    runtime.shutdown_timeout(LEFT_BEHIND);
    done
}

/// The first signal asks workers to end what they do; the second ends the process as signals do.
async fn stop_on_signal(stop: StopSender) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        std::future::pending::<()>().await;
        return;
    };
    let mut is_asked = false;
    loop {
        let code = tokio::select! {
            _ = terminate.recv() => 143,
            _ = interrupt.recv() => 130,
        };
        if is_asked {
            std::process::exit(code);
        }
        is_asked = true;
        let _ = stop.send(true);
    }
}

fn threads(cli: &Cli, world: &World) -> usize {
    match &cli.command {
        Command::Run(args) => args.threads.unwrap_or(world.threads).max(1),
        _ => world.threads,
    }
}

pub(crate) fn ledger(job: &Job, project: &Project, world: &World, create: bool) -> Result<Ledger> {
    let location = store::open(&job.file.warehouse.url, &project.root, create, &world.environment)?;
    Ok(Ledger::new(location.store, location.root, location.shown))
}

/// Tells the owner of a job that it could not even be opened, if its warehouse opens to remember that.
pub(crate) async fn not_opened(job: &Job, error: &Error, now: DateTime<Utc>, project: &Project, world: &World) {
    let ledger = ledger(job, project, world, true).ok();
    let about = About { error, project: &project.root, now, worker: &world.worker };
    owner::job_failed(job, &world.environment, ledger.as_ref(), about).await;
}

/// The one job of the project that has a market published, or the one that was named.
async fn job_of_market(
    project: &Project,
    named: Option<&str>,
    market: &str,
    overrides: &[String],
    world: &World,
) -> Result<(Job, Ledger)> {
    let what = format!("market {market} in any job");
    job_that(project, named, overrides, world, &what, &|markets| markets.iter().any(|code| code.as_str() == market))
        .await
}

/// The one job of the project whose published markets fit, or the one that was named; `what` says what is looked for.
async fn job_that(
    project: &Project,
    named: Option<&str>,
    overrides: &[String],
    world: &World,
    what: &str,
    fits: &dyn Fn(&[Market]) -> bool,
) -> Result<(Job, Ledger)> {
    if named.is_some() {
        let job = project.job(named, overrides)?;
        let ledger = ledger(&job, project, world, true)?;
        return Ok((job, ledger));
    }
    let mut found = Vec::new();
    let mut names = Vec::new();
    for path in project.job_paths()? {
        let job = Job::read(&path, overrides)?;
        names.push(job.name.clone());
        let Ok(ledger) = ledger(&job, project, world, false) else { continue };
        if ledger.markets(&job.name).await.is_ok_and(|markets| fits(&markets)) {
            found.push((job, ledger));
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::NotPublished { what: format!("{what} ({})", names.join(", ")) }),
        _ => Err(Error::NoSuchJob {
            name: "(several fit; use --job)".to_owned(),
            known: found.iter().map(|(job, _)| job.name.clone()).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Every error of a chain, outermost first, each saying only its own part: some libraries repeat their sources. As it may be seen
/// in logs, the ledger and mails.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let own = source.to_string();
        if !text.contains(&own) {
            text = format!("{text}: {own}");
        }
        next = source.source();
    }
    plain::message(&text)
}

/// Text from the exports as one line: a newline or an escape sequence in a name is data, not layout.
pub(crate) fn one_line(text: &str) -> String {
    plain::line(text)
}

/// Prints a document for machines, on a terminal too.
pub(crate) fn say_json(document: &impl serde::Serialize) -> Result<()> {
    print(&plain::json(&serde_json::to_string_pretty(document)?));
    Ok(())
}

/// Prints a line on standard output; a closed pipe is no error.
pub(crate) fn say(text: impl AsRef<str>) {
    let text = text.as_ref();
    print(&plain::lines(&NOT_HERE.get().map_or_else(|| text.to_owned(), |project| hinted(text, project))));
}

fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// The project's folder, if it is not the one that commands are typed in.
static NOT_HERE: OnceLock<String> = OnceLock::new();

/// The commands that are named as the next ones, for another folder's project: to be typed as they are shown.
fn hinted(text: &str, project: &str) -> String {
    let is_hint = text.trim_start().starts_with("next: ") && !text.contains("--project");
    if is_hint { text.replace("driftline ", &format!("driftline --project {project} ")) } else { text.to_owned() }
}
