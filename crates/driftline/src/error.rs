//! The program's errors: each says where; its source says what. The chain is printed once, in `main`.

use std::path::PathBuf;

use driftline_core::basics::plain;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {problem}", path.display())]
    Job { path: PathBuf, problem: String },

    #[error("--set {setting}: {problem}")]
    Override { setting: String, problem: String },

    #[error("no job `{name}`; the project has {known}")]
    NoSuchJob { name: String, known: String },

    #[error("cannot read {}", path.display())]
    ProjectFile { path: PathBuf, source: std::io::Error },

    #[error("market `{market}` is not in the exports of job `{job}`; found: {known}")]
    UnknownMarket { market: String, job: String, known: String },

    #[error("exports `{url}`: no market is there: {problem}")]
    NoMarkets { url: String, problem: String },

    #[error("market or period of the command")]
    Period { source: driftline_core::Error },

    #[error("period {period} is not over: it ends on {last_day}, now is {now}; use an earlier period")]
    PeriodNotOver { period: String, last_day: String, now: String },

    #[error(
        "period {period} of {market} begins after the exports end ({until}); use --period with an earlier one, or export more"
    )]
    PeriodNotExported { period: String, market: String, until: String },

    #[error(
        "market `{market}`: no sale in its exports, which have {rows} rows of order lines; export it again, or mend what sql/staging calls a sale"
    )]
    NoSales { market: String, rows: u64 },

    #[error(
        "{place}: {problem}; nothing was published; export it again, or go on with --accept \"reason\", which readers will see (state of the exports: {state})"
    )]
    ExportsFell { place: String, problem: String, state: String },

    #[error("exports `{url}`: {problem}; put the exports there, or name their place with --set exports.url=…")]
    NoExports { url: String, problem: String },

    #[error("{place}")]
    Lake { place: String, source: driftline_lake::Error },

    #[error("{place}")]
    Report { place: String, source: driftline_report::Error },

    #[error("{place}")]
    Ledger { place: String, source: driftline_ledger::Error },

    #[error("{place}")]
    Simulation { place: String, source: driftline_simulation::Error },

    #[error("url `{url}`: {problem}; expected a folder, file://, s3://, az://, gs:// or http(s)://")]
    Url { url: String, problem: String },

    #[error("cannot write {}", path.display())]
    Output { path: PathBuf, source: std::io::Error },

    #[error(
        "{place}: {holder} works on it since lease {token}; nothing was done. Its lease {ends_at}; if it was killed, run the same command again then. A process that was killed on this machine is taken over at once"
    )]
    Busy { place: String, holder: String, token: u64, ends_at: String },

    #[error("{place}: {STOPPED}, the next run begins again")]
    Stopped { place: String },

    #[error("{place}: published, but not all mails were sent; run the same command again: {problem}")]
    MailsNotSent { place: String, problem: String },

    #[error(
        "{place}: this revision differs from revision {last} by the data of fewer than {min_cell} customers, so that both together would tell what they spent; nothing was published. The next period's report takes their data in without that; or revise when more has changed; or, if the figures must be right at once, set privacy.revisions_of_few = true in the job"
    )]
    RevisionOfFew { place: String, last: u32, min_cell: u64 },

    #[error("{what} failed; the first: {first}")]
    Several { what: String, first: String, exit_code: u8 },

    #[error("no run `{id}`; expected market/period/run, as `driftline runs` lists them")]
    NoSuchRun { id: String },

    #[error("nothing is published for {what}; publish it with `driftline run`")]
    NotPublished { what: String },

    #[error("{problem}")]
    Workbench { problem: String },

    #[error("{place}: no model can be fitted")]
    Fit { place: String, source: driftline_stats::error::Error },

    #[error("{place}")]
    Bridge { place: String, source: driftline_core::Error },

    #[error("json")]
    Json(#[from] serde_json::Error),

    #[error("runtime")]
    Runtime(#[source] std::io::Error),
}

/// What a run says that was stopped by a signal.
pub const STOPPED: &str = "stopped; nothing half-done is visible";

pub type Result<T> = std::result::Result<T, Error>;

/// Puts a place in front of another crate's error: `in_place("de 2011Q3")(error)`.
pub trait InPlace<T> {
    fn in_place(self, place: &str) -> Result<T>;
}

impl<T> InPlace<T> for std::result::Result<T, driftline_lake::Error> {
    fn in_place(self, place: &str) -> Result<T> {
        self.map_err(|source| Error::Lake { place: place.to_owned(), source })
    }
}

impl<T> InPlace<T> for std::result::Result<T, driftline_report::Error> {
    fn in_place(self, place: &str) -> Result<T> {
        self.map_err(|source| Error::Report { place: place.to_owned(), source })
    }
}

impl<T> InPlace<T> for std::result::Result<T, driftline_ledger::Error> {
    fn in_place(self, place: &str) -> Result<T> {
        self.map_err(|source| Error::Ledger { place: place.to_owned(), source })
    }
}

impl<T> InPlace<T> for std::result::Result<T, driftline_simulation::Error> {
    fn in_place(self, place: &str) -> Result<T> {
        self.map_err(|source| Error::Simulation { place: place.to_owned(), source })
    }
}

impl<T> InPlace<T> for std::result::Result<T, driftline_core::Error> {
    fn in_place(self, place: &str) -> Result<T> {
        self.map_err(|source| Error::Bridge { place: place.to_owned(), source })
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
