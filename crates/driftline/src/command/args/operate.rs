//! What runs, mails and looks after jobs.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use driftline_core::report::Audience;

use super::limits;
use super::options::{JobOptions, role};

#[derive(Debug, Args)]
pub struct Run {
    /// The job file, like jobs/complete-journey.toml. With --due: only this job; default: every job that has a schedule.
    #[arg(required_unless_present = "due")]
    pub job: Option<PathBuf>,

    /// Run what the jobs' [schedule]s ask for now, once: for systemd timers, Kubernetes CronJobs and cron.
    #[arg(long, conflicts_with_all = ["period", "markets", "dry_run", "revise", "accept", "select"])]
    pub due: bool,

    /// The period, like 2017Q4, or a range like 2017Q2..2017Q4 (oldest first). Default: the last one that is over. A half-year is
    /// 2017H2; of a fiscal year from April 2017, FY2017-04Q3 or FY2017-04H2. The job's [period] says which it takes.
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

    /// Go on though the exports have fewer rows than usual or last time (exit 33), and say why: readers will see it.
    #[arg(long, value_name = "REASON")]
    pub accept: Option<String>,

    /// Only compute these models and what they need, show their rows, publish nothing.
    #[arg(long, value_name = "MODEL")]
    pub select: Vec<String>,

    #[command(flatten)]
    pub job_options: JobOptions,

    /// Threads of the query engine. Default: all cores.
    #[arg(long, value_parser = limits::threads)]
    pub threads: Option<usize>,

    /// Memory of the query engine's pool, like 2GB. Default: the job's [limits], else 2GB.
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,

    /// Take this instant instead of the clock, like 2018-01-02T06:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub now: Option<DateTime<Utc>>,

    /// Print seconds and rows of each step, and the most memory that the process held until its end.
    #[arg(long)]
    pub timings: bool,
}

#[derive(Debug, Args)]
pub struct Plan {
    /// The job file.
    pub job: PathBuf,
    /// The period or range, as `run` takes it. Default: what the job's schedule asks for now, or the last period that is over.
    #[arg(long, value_name = "P or P..Q")]
    pub period: Option<String>,
    /// Only this market; may be given more than once.
    #[arg(long = "market", value_name = "CODE")]
    pub markets: Vec<String>,
    /// Take this instant instead of the clock.
    #[arg(long, value_name = "TIME")]
    pub now: Option<DateTime<Utc>>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Schedule {
    /// The job, by name or file. Default: every job that has a schedule.
    pub job: Option<String>,
    /// Answer /metrics, /healthz and /readyz on this address, like 127.0.0.1:9464.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// /healthz says 503 when one step of a run, or one mail, takes longer than this.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
    pub unhealthy_after: u64,
    /// Write the metrics to this file after every look, for a Prometheus textfile collector.
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Runs {
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// The job, by name or file. Default: all of the project.
    #[arg(long, global = true)]
    pub job: Option<String>,
    /// Only this market.
    #[arg(long, value_name = "CODE")]
    pub market: Option<String>,
    /// At most so many, the newest first.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// The events of one run.
    Show {
        /// market/period/run, as `runs` lists them.
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct Logs {
    /// market/period/run, as `runs` lists them.
    pub id: String,
    /// The job, by name or file. Default: all of the project.
    #[arg(long)]
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Outbox {
    /// The job, by name or file. Default: all of the project.
    #[arg(long)]
    pub job: Option<String>,
    /// Also of jobs without a mail server, whose mails are files.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Send {
    /// The market's code.
    pub market: String,
    /// The published period.
    pub period: String,
    /// Only to this address, which need not be a recipient of the job.
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// What they read it for: marketing, product, sales, service, finance, owner or everyone.
    #[arg(long, requires = "to", value_parser = role)]
    pub role: Option<Audience>,
    /// Also send once more what was sent already; the Message-ID is the same.
    #[arg(long)]
    pub again: bool,
    /// Folder for the mails where the job has no mail server.
    #[arg(long, value_name = "DIR", default_value = "outbox")]
    pub out: PathBuf,
    /// The job, by name or file; needed if the project has more than one with this market.
    #[arg(long)]
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Prune {
    /// The job, by name or file. Default: all of the project.
    pub job: Option<String>,
    /// So many of the newest runs that led nowhere stay.
    #[arg(long, default_value_t = 8)]
    pub keep: usize,
    /// Only runs that were not written to for so many days.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u64).range(0..=36_500))]
    pub older_than_days: u64,
    /// Say what would go, remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// The job, by name or file. Default: all of the project.
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
}
