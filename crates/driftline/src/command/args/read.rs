//! What shows what was published.

use std::path::PathBuf;

use clap::Args;
use driftline_core::basics::locale::Locale;
use driftline_core::report::Audience;

use super::options::{JobOptions, locale, role};

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
