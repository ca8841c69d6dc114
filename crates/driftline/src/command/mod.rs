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
pub(crate) mod output;
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
mod which_job;
mod workbench;

use std::path::Path;
use std::time::Duration;

use clap::CommandFactory;
use driftline_core::report::Report;

use self::args::{Cli, Command};
use self::output::say_json;
use crate::error::{Error, Result};
use crate::setup::environment::Environment;
use crate::setup::project::Project;
use crate::setup::worker::StopSender;

/// How long the end waits for what works in the background.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// Runs the command.
///
/// # Errors
/// Any of the program's errors; `exit::code` gives its number.
pub fn execute(cli: &Cli, environment: &Environment, stop: StopSender) -> Result<()> {
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
        Command::Drift(args) => return drift::execute(cli, args, environment),
        Command::Simulate(args) => return simulate::execute(cli, args),
        _ => {}
    }
    if cli.project != Path::new(".") {
        output::is_for(&cli.project);
    }
    let project = Project::open(&cli.project)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads(cli, environment))
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
            Command::Run(args) => run::execute(cli, args, &project, environment).await,
            Command::Check => check::execute(cli, &project, environment).await,
            Command::List => list::execute(cli, &project, environment).await,
            Command::Show(args) => show::execute(cli, args, &project, environment).await,
            Command::Diff(args) => diff::execute(cli, args, &project, environment).await,
            Command::Tree(args) => tree::execute(cli, args, &project, environment).await,
            Command::Site(args) => site::execute(cli, args, &project, environment).await,
            Command::Preview(args) => preview::execute(cli, args, &project),
            Command::Schedule(args) => schedule::execute(cli, args, &project, environment).await,
            Command::Plan(args) => plan::execute(cli, args, &project, environment).await,
            Command::Runs(args) => runs::execute(cli, args, &project, environment).await,
            Command::Logs(args) => runs::logs(cli, args, &project, environment).await,
            Command::Outbox(args) => outbox::execute(cli, args, &project, environment).await,
            Command::Prune(args) => prune::execute(cli, args, &project, environment).await,
            Command::Send(args) => send::execute(cli, args, &project, environment).await,
            Command::Doctor(args) => doctor::execute(cli, args, &project, environment).await,
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

fn threads(cli: &Cli, environment: &Environment) -> usize {
    match &cli.command {
        Command::Run(args) => args.threads.unwrap_or(environment.threads).max(1),
        _ => environment.threads,
    }
}
