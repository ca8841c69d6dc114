//! The command line as typed. Help texts teach; nothing here looks at files.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};

/// Customer personas, recomputed every quarter, compared with the last, explained and mailed.
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
    /// What changed between two published periods, as a diff.
    Diff(Diff),
    /// Render a report from its sample, or from a report.json, into a folder.
    Preview(Preview),
    /// Write a commented project to start from.
    Init(Init),
    /// Print a completion script for a shell.
    Completions(Completions),
}

#[derive(Debug, Args)]
pub struct Run {
    /// The job file, like jobs/complete-journey.toml.
    pub job: PathBuf,

    /// The period, like 2017Q4, or a range like 2017Q2..2017Q4 (oldest first). Default: the last one that is over.
    #[arg(long, value_name = "P or P..Q")]
    pub period: Option<String>,

    /// Only this market; may be given more than once. Default: all of the job's.
    #[arg(long = "market", value_name = "CODE")]
    pub markets: Vec<String>,

    /// Do everything but publish and send.
    #[arg(long)]
    pub dry_run: bool,

    /// Publish a new revision beside what is published, and say why.
    #[arg(long, value_name = "REASON")]
    pub revise: Option<String>,

    /// Only compute these models and what they need, show their rows, publish nothing.
    #[arg(long, value_name = "MODEL")]
    pub select: Vec<String>,

    #[command(flatten)]
    pub job_options: JobOptions,

    /// Threads of the query engine. Default: all cores.
    #[arg(long)]
    pub threads: Option<usize>,

    /// Memory of the query engine's pool, like 2GB. Default: the job's [limits], else 2GB.
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,

    /// Take this instant instead of the clock, like 2018-01-02T06:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub now: Option<DateTime<Utc>>,

    /// Print seconds, rows and peak memory of each step.
    #[arg(long)]
    pub timings: bool,
}

#[derive(Debug, Args)]
pub struct JobOptions {
    /// Override a key of the job, like --set warehouse.url=/tmp/w; may be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Show {
    /// The market's code.
    pub market: String,
    /// The period; default: the last published one.
    pub period: Option<String>,
    /// The job, by name or file; needed if the project has more than one with this market.
    #[arg(long)]
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The market's code.
    pub market: String,
    /// The earlier period.
    pub from: String,
    /// The later period.
    pub to: String,
    /// The job, by name or file; needed if the project has more than one with this market.
    #[arg(long)]
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Preview {
    /// Folder below reports/ with the templates.
    #[arg(default_value = "drift")]
    pub report: String,
    /// A report.json to render instead of the samples.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Where to write.
    #[arg(long, default_value = "preview", value_name = "DIR")]
    pub out: PathBuf,
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
