//! How a market and period ended, and where its results lie.

use bytes::Bytes;
use driftline_core::report::{HeadlineKind, Report};
use driftline_lake::Lake;
use driftline_ledger::Publication;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::mail::outbox::Sent;
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;
use crate::setup::scratch::read_file;

/// How a market and period ended.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub market: String,
    pub period: String,
    pub state: State,
    pub revision: u32,
    pub headline: String,
    pub kind: Option<HeadlineKind>,
    pub personas: usize,
    pub report_html: Option<String>,
    pub report_json: Option<String>,
    pub mails: Vec<String>,
    pub sent: usize,
    /// Recipients of the job who want no mail.
    pub suppressed: usize,
    /// Mails that wait for a person, or are files.
    pub held: usize,
    /// Why a mail of a published period was not taken; it waits.
    pub mail_problem: Option<String>,
    /// What is odd about the exports that it was computed from.
    pub export_warnings: Vec<String>,
    /// What of the exports changed since it was published; only of a period that was published before.
    pub exports_since: Option<String>,
    /// Whether the SQL models changed since it was published; only of a period that was published before.
    pub has_other_models: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Published,
    AlreadyPublished,
    DryRun,
    /// The market's exports start after the period.
    NotYet,
    /// Due, and the exports do not hold all of it yet.
    Waiting,
    /// Another process works on it.
    Elsewhere,
}

impl State {
    /// For machines.
    pub fn key(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::AlreadyPublished => "already_published",
            Self::DryRun => "dry_run",
            Self::NotYet => "not_yet",
            Self::Waiting => "waiting",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::AlreadyPublished => "is published; nothing done",
            Self::DryRun => "computed, not published",
            Self::NotYet => "not yet",
            Self::Waiting => "waits",
            Self::Elsewhere => "left to another process",
        }
    }
}

impl Outcome {
    /// Of a market and period that was not computed.
    pub fn not_run(plan: &RunPlan, state: State, reason: &str) -> Self {
        Self {
            market: plan.market.to_string(),
            period: plan.period.to_string(),
            state,
            revision: 0,
            headline: reason.to_owned(),
            kind: None,
            personas: 0,
            report_html: None,
            report_json: None,
            mails: Vec::new(),
            sent: 0,
            suppressed: 0,
            held: 0,
            mail_problem: None,
            export_warnings: Vec::new(),
            exports_since: None,
            has_other_models: false,
        }
    }
}

pub(crate) fn outcome(
    context: &JobContext,
    report: &Report,
    publication: &Publication,
    state: State,
    sent: Sent,
) -> Outcome {
    let at = |name: &str| context.ledger.location(&publication.run, name);
    let mails =
        publication.objects.iter().filter(|object| object.name.ends_with(".eml")).map(|object| at(&object.name));
    Outcome {
        market: report.market.to_string(),
        period: report.period.to_string(),
        state,
        revision: report.revision,
        headline: report.headline.sentence.clone(),
        kind: Some(report.headline.kind),
        personas: report.personas.personas.len(),
        report_html: Some(at("report.html")),
        report_json: Some(at("report.json")),
        mails: mails.collect(),
        sent: sent.taken,
        suppressed: sent.suppressed,
        held: sent.held,
        mail_problem: sent.problem,
        export_warnings: report.quality.warnings.clone(),
        exports_since: None,
        has_other_models: false,
    }
}

pub(crate) fn dry_run(
    context: &JobContext,
    report: &Report,
    lake: &Lake,
    objects: Vec<(String, Bytes)>,
) -> Result<Outcome> {
    let folder = context.dry_folder.join(report.market.as_str()).join(report.period.to_string());
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, bytes)).map_err(|source| Error::Output { path, source })
    };
    for table in lake.published() {
        write(&format!("tables/{}.parquet", table.name), &read_file(&table.path)?)?;
    }
    let mut mails = Vec::new();
    for (name, bytes) in &objects {
        write(name, bytes)?;
        if name.ends_with(".eml") {
            mails.push(folder.join(name).display().to_string());
        }
    }
    Ok(Outcome {
        market: report.market.to_string(),
        period: report.period.to_string(),
        state: State::DryRun,
        revision: report.revision,
        headline: report.headline.sentence.clone(),
        kind: Some(report.headline.kind),
        personas: report.personas.personas.len(),
        report_html: Some(folder.join("report.html").display().to_string()),
        report_json: Some(folder.join("report.json").display().to_string()),
        mails,
        sent: 0,
        suppressed: 0,
        held: 0,
        mail_problem: None,
        export_warnings: report.quality.warnings.clone(),
        exports_since: None,
        has_other_models: false,
    })
}
