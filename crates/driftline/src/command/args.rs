//! The command line as typed. Help texts teach; nothing here looks at files.

mod limits;
mod operate;
mod options;
mod read;
mod workbench;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use self::operate::{Doctor, Logs, Outbox, Plan, Prune, Run, Runs, RunsCommand, Schedule, Send};
pub use self::options::JobOptions;
pub use self::read::{Diff, Preview, Show, Site, Tree};
pub use self::workbench::{Churn, Drift, LogOptions, Ltv, ModelChoice, Simulate, TimeUnit};

/// Customer personas, recomputed every quarter or half-year, compared with the last, explained and mailed.
#[derive(Debug, Parser)]
#[command(name = "driftline", version, propagate_version = true, max_term_width = 100, after_help = crate::exit::TABLE)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    /// Folder with sql/, jobs/ and reports/.
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    pub project: PathBuf,

    /// Print one JSON document on standard output instead of text.
    #[arg(long, global = true)]
    pub json: bool,

    /// How to log to standard error: text or json. RUST_LOG chooses what.
    #[arg(long, global = true, default_value = "text", value_parser = ["text", "json"])]
    pub log: String,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Recompute a period of a job's markets, compare, publish and write the mails.
    Run(Run),
    /// Plan every model, job and template and run the unit tests, without data, network or credentials.
    Check,
    /// Jobs, their markets and what is published.
    List,
    /// Show the personas of a market as cards.
    Show(Show),
    /// What changed between two published periods, or between the revisions of one, as a diff.
    Diff(Diff),
    /// The personas of a market over all its published periods: who came from whom.
    Tree(Tree),
    /// The persona repository: a static site of everything published, for all markets and periods.
    Site(Site),
    /// Render a report from its sample, or from a report.json, into a folder.
    Preview(Preview),
    /// The daemon: watch the jobs' schedules and run what is due.
    Schedule(Schedule),
    /// What a run would do and why, without computing anything.
    Plan(Plan),
    /// What was tried, by whom, and how it ended.
    Runs(Runs),
    /// The events of one run.
    Logs(Logs),
    /// Mails that are not known to be sent, and why.
    Outbox(Outbox),
    /// Remove runs that led nowhere; what is published stays.
    Prune(Prune),
    /// The JSON Schema of report.json.
    Schema,
    /// Send the mails of a published period that were not sent (waiting, held, refused), or to someone new.
    Send(Send),
    /// Try exports, warehouse, templates, secrets and mail server of the jobs; nothing is computed or sent.
    Doctor(Doctor),
    /// Write a commented project to start from.
    Init(Init),
    /// Lifetime value from any purchase log: fit, judge on a holdout, value the next 12 months.
    Ltv(Ltv),
    /// Churn risk from any purchase log: judge candidates on its own past, choose one, score everyone.
    Churn(Churn),
    /// How every column of a Parquet file differs from another's: effect sizes, tests, missing values, categories.
    Drift(Drift),
    /// Write the exports of a fictional company, with what was planted in them beside it.
    Simulate(Simulate),
    /// Print a completion script for a shell.
    Completions(Completions),
}

#[derive(Debug, Args)]
pub struct Init {
    /// The folder to write; it must be empty or not exist.
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}
