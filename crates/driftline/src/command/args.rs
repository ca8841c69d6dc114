//! The command line as typed. Help texts teach; nothing here looks at files.

mod limits;

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use driftline_core::audience::Audience;
use driftline_core::sentence::Locale;

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

#[derive(Clone, Debug, Args)]
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
    /// The earlier period; with --revisions, the period itself.
    pub from: String,
    /// The later period.
    #[arg(required_unless_present = "revisions")]
    pub to: Option<String>,
    /// What each revision of one period changed of the one before it, and why, down to the objects of the exports.
    #[arg(long, conflicts_with = "to")]
    pub revisions: bool,
    /// The job, by name or file; needed if the project has more than one with this market.
    #[arg(long)]
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Tree {
    /// The market's code.
    pub market: String,
    /// The job, by name or file; needed if the project has more than one with this market.
    #[arg(long)]
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
}

#[derive(Debug, Args)]
pub struct Site {
    /// The job, by name or file; needed if several jobs of the project have something published.
    #[arg(long)]
    pub job: Option<String>,
    /// Only this market; may be given more than once. Default: all that are published.
    #[arg(long = "market", value_name = "CODE")]
    pub markets: Vec<String>,
    /// Folder to write to. Default: _site below the job in the warehouse.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
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
    /// Render the mail of this role: marketing, product, sales, service, finance, owner or everyone.
    #[arg(long, value_parser = role)]
    pub role: Option<Audience>,
    /// Render in this language instead of the report's: en, de or fr.
    #[arg(long, value_parser = locale)]
    pub locale: Option<Locale>,
    /// Open what was written in a browser.
    #[arg(long)]
    pub open: bool,
}

fn locale(text: &str) -> Result<Locale, String> {
    let found = Locale::ALL.into_iter().find(|locale| locale.code() == text);
    found.ok_or_else(|| format!("expected one of {}", Locale::ALL.map(Locale::code).join(", ")))
}

fn role(text: &str) -> Result<Audience, String> {
    let known = Audience::ALL.map(|audience| audience.to_string());
    let found = Audience::ALL.into_iter().find(|audience| audience.to_string() == text);
    found.ok_or_else(|| format!("expected one of {}", known.join(", ")))
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
pub struct Doctor {
    /// The job, by name or file. Default: all of the project.
    pub job: Option<String>,
    #[command(flatten)]
    pub job_options: JobOptions,
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

/// A purchase log and the names of its columns.
#[derive(Debug, Args)]
pub struct LogOptions {
    /// Parquet file, or folder of them: one row per order or order line.
    pub file: PathBuf,
    /// Column of the customer's id (text or number); rows without one are left out and counted.
    #[arg(long, value_name = "NAME", default_value = "customer_id")]
    pub customer_column: String,
    /// Column of the time of the order (date or timestamp in UTC).
    #[arg(long, value_name = "NAME", default_value = "ordered_at")]
    pub time_column: String,
    /// Column of the net amount; negative is a refund. With nulls in it there is no spend model.
    #[arg(long, value_name = "NAME", default_value = "net_amount")]
    pub amount_column: String,
    /// Time zone whose calendar days count as purchase days.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub time_zone: chrono_tz::Tz,
    /// Write one row a customer with their scores to this Parquet file. With a discount the value and its range are
    /// discounted; expected purchases never are.
    #[arg(long, value_name = "OUT.parquet")]
    pub scores: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Ltv {
    #[command(flatten)]
    pub log: LogOptions,
    /// Last day that models are fitted on, like 1997-09-30; ages count to it.
    #[arg(long, value_name = "DATE", value_parser = limits::day)]
    pub calibration_end: NaiveDate,
    /// Last day of the holdout. Default: the last day of the log.
    #[arg(long, value_name = "DATE", value_parser = limits::day)]
    pub observation_end: Option<NaiveDate>,
    /// Purchase model; auto takes the best log-likelihood unless a backtest inside the calibration time is against it.
    #[arg(long, value_enum, default_value_t = ModelChoice::Auto)]
    pub model: ModelChoice,
    /// Unit of time of the parameters.
    #[arg(long, value_enum, default_value_t = TimeUnit::Week)]
    pub unit: TimeUnit,
    /// Value so many periods instead of 365 days, discounted at the end of each.
    #[arg(long, value_name = "N", requires_all = ["period_weeks"], value_parser = clap::value_parser!(u32).range(1..=1200))]
    pub periods: Option<u32>,
    /// Length of a period in weeks; 4.345 is a month.
    #[arg(long, value_name = "WEEKS", requires = "periods", value_parser = limits::weeks)]
    pub period_weeks: Option<f64>,
    /// Discount a period, like 0.01.
    #[arg(long, value_name = "RATE", requires = "periods", default_value_t = 0.0, value_parser = limits::discount)]
    pub discount: f64,
}

#[derive(Debug, Args)]
pub struct Churn {
    #[command(flatten)]
    pub log: LogOptions,
    /// Last day that is known. Candidates are judged on the horizon that ends with it; the risks are for the one after.
    #[arg(long, value_name = "DATE", value_parser = limits::day)]
    pub as_of: NaiveDate,
    /// The event is: no purchase in so many days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=3660))]
    pub horizon_days: i32,
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// The folder to write: exports/, late/, truth/ and truth.json.
    pub folder: PathBuf,
    /// Customers of the three large markets together; a fourth one opens late with 180.
    #[arg(long, value_name = "N", default_value_t = 8_000, value_parser = clap::value_parser!(u64).range(10..=100_000_000))]
    pub customers: u64,
    /// The first quarter.
    #[arg(long, value_name = "P", default_value = "2024Q1")]
    pub from: String,
    /// Number of quarters; the last planted change is in the sixth.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(6..=40))]
    pub quarters: u32,
    /// The same seed writes the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct Drift {
    /// The Parquet file, or folder of them, to compare with, like last quarter's export.
    #[arg(value_name = "REF.parquet")]
    pub reference: PathBuf,
    /// The Parquet file, or folder of them, that may have drifted.
    #[arg(value_name = "CUR.parquet")]
    pub current: PathBuf,
    /// Only these columns, separated by commas. Default: all of either file.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub columns: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelChoice {
    Auto,
    Bgnbd,
    Mbgnbd,
    Paretonbd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeUnit {
    Week,
    Day,
}
