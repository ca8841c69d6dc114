//! `driftline check`: every error that does not depend on data, in seconds, without network or credentials.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftline_core::basics::locale::Locale;
use driftline_core::naming::own::{self, OwnName};
use driftline_core::report::{Audience, Report};
use driftline_lake::graph::{self, Graph};
use driftline_lake::resume::Resume;
use driftline_lake::session::Limits;
use driftline_lake::source::Sources;
use driftline_lake::{Lake, fitted};
use driftline_report::site::{self, WholeReports};
use driftline_report::view::Letter;
use driftline_report::{SiteTemplates, Templates};
use tokio::task::JoinError;

use crate::command::args::Cli;
use crate::command::output::{say, say_json};
use crate::command::site::SITE;
use crate::error::{Error, InPlace, Result};
use crate::setup::coverage::Coverage;
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::plan::RunPlan;
use crate::setup::project::Project;
use crate::setup::scratch::Scratch;
use crate::setup::store;
use crate::setup::unit_test::{self, Subject};

pub(super) async fn execute(cli: &Cli, project: &Project, environment: &Environment) -> Result<()> {
    let paths = project.job_paths()?;
    let jobs: Vec<Job> = paths.iter().map(|path| Job::read(path, &[])).collect::<Result<_>>()?;
    for job in &jobs {
        crate::setup::notes::read(&project.root, &job.name)?;
        let (own, _) = crate::setup::names::read(&project.root, &job.name)?;
        check_names(&project.sql(), job, &own)?;
    }
    crate::setup::suppression::read(&project.root)?;
    let scratch = Scratch::new(&environment.scratch)?;
    scratch.leftovers().into_iter().for_each(|leftover| leftover.clear(false));
    let limits = Limits {
        threads: 1,
        memory_bytes: 256 << 20,
        spill_bytes: 1 << 30,
        in_memory_bytes: 1 << 20,
        scratch: scratch.path.clone(),
        is_frugal: false,
        resume: Resume::default(),
    };
    let mut counts = check_all(project, &jobs, &limits).await?;
    counts.warnings = jobs.iter().flat_map(warnings).collect();
    if cli.json {
        say_json(&counts)?;
    } else {
        for warning in &counts.warnings {
            say(format!("WARNING: {warning}"));
        }
        say(format!(
            "ok: {} jobs, {} dialects, {} models planned, {} audits, {} unit tests passed, {} report folders, {} site pages",
            counts.jobs,
            counts.dialects,
            counts.models,
            counts.audits,
            counts.unit_tests,
            counts.reports,
            counts.site_pages
        ));
        say("next: driftline run jobs/<job>.toml --period <period>");
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Counts {
    jobs: usize,
    dialects: usize,
    models: usize,
    audits: usize,
    unit_tests: usize,
    reports: usize,
    site_pages: usize,
    /// What is allowed and may be a mistake.
    warnings: Vec<String>,
}

fn warnings(job: &Job) -> Vec<String> {
    job.mail.look_alikes(None).into_iter().map(|warning| format!("{}: {warning}", job.name)).collect()
}

async fn check_all(project: &Project, jobs: &[Job], limits: &Limits) -> Result<Counts> {
    let mut counts = Counts {
        jobs: jobs.len(),
        dialects: 0,
        models: 0,
        audits: 0,
        unit_tests: 0,
        reports: 0,
        site_pages: 0,
        warnings: Vec::new(),
    };
    let sql = project.sql();
    // One dialect has nothing to do with another: each is a task of its own, and so are the reports. The first one in order that
    // is wrong is told.
    let mut dialects = Vec::new();
    for (number, dialect) in graph::dialects(&sql).into_iter().enumerate() {
        let job = jobs.iter().find(|job| job.exports.dialect == dialect).or(jobs.first());
        let Some(job) = job.cloned() else { continue };
        let limits = Limits { scratch: limits.scratch.join(&dialect), ..limits.clone() };
        let project = project.clone();
        dialects.push(tokio::spawn(async move { check_dialect(&project, &dialect, number == 0, &job, &limits).await }));
    }
    let of_reports = {
        let (project, jobs) = (project.clone(), jobs.to_vec());
        tokio::task::spawn_blocking(move || check_reports(&project, &jobs))
    };
    for dialect in dialects {
        let of_dialect = done(dialect.await)?;
        counts.dialects += 1;
        counts.models += of_dialect.models;
        counts.audits += of_dialect.audits;
        counts.unit_tests += of_dialect.unit_tests;
    }
    for job in jobs {
        check_job(&sql, job)?;
    }
    (counts.reports, counts.site_pages) = done(of_reports.await)?;
    Ok(counts)
}

/// What a task gave; its panic is this one's.
fn done<T>(ended: std::result::Result<Result<T>, JoinError>) -> Result<T> {
    match ended {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

struct OfDialect {
    models: usize,
    audits: usize,
    unit_tests: usize,
}

/// Plans every model and audit of a dialect, and runs the unit tests that are its own.
async fn check_dialect(
    project: &Project,
    dialect: &str,
    is_first: bool,
    job: &Job,
    limits: &Limits,
) -> Result<OfDialect> {
    let sql = project.sql();
    let graph = Arc::new(Graph::read(&sql, dialect).in_place("sql")?);
    let sources = Sources::read(&sql, dialect).in_place("sql")?;
    sources.check_markets(&sql, dialect, &graph).in_place("sql")?;
    let plan = RunPlan::new(
        "sample".parse().map_err(|source| Error::Period { source })?,
        "2011Q3".parse().map_err(|source| Error::Period { source })?,
        &Coverage::default(),
    );
    let parameters = plan.parameters(job, "check");
    let mut lake = Lake::open_empty(limits, graph.clone(), parameters.clone(), &sources).in_place("sql")?;
    fitted::register_none(&lake).in_place("sql")?;
    lake.plan_with_previous().await.in_place("sql")?;
    let subject = Subject { dialect, is_first, graph: &graph, sources: &sources, parameters: &parameters };
    let unit_tests = unit_test::run_all(project, &subject, limits).await?;
    Ok(OfDialect { models: graph.models.len(), audits: graph.audits.len(), unit_tests })
}

/// Renders every sample as mail, page and site: how many folders and pages of sites there are.
fn check_reports(project: &Project, jobs: &[Job]) -> Result<(usize, usize)> {
    let (mut reports, mut site_pages) = (0, 0);
    let folders: BTreeSet<&str> = jobs.iter().map(|job| job.mail.report.as_str()).collect();
    for folder in folders {
        let templates = Templates::read(&project.reports(folder)).in_place("reports")?;
        templates.check_folders().in_place("reports")?;
        let in_all = templates.samples().in_place("reports")?.into_iter().flat_map(|(path, report)| {
            let of = |locale| (path.clone(), Report { locale, ..report.clone() });
            templates.distinct().into_iter().map(of).collect::<Vec<_>>()
        });
        for (path, report) in in_all {
            let place = path.strip_prefix(&project.root).unwrap_or(&path).display().to_string();
            let place = format!("{place} in {}", report.locale.code());
            for audience in Audience::ALL {
                let letter =
                    Letter { audience, report_location: "report.html", reason: "check", write_to: "a@b.example" };
                templates.mail(&report, &letter).in_place(&place)?;
            }
            templates.page(&report).in_place(&place)?;
        }
        reports += 1;
        // A project from before there was a site has no templates for one, and needs none.
        if project.reports(SITE).is_dir() {
            let templates_of_site =
                SiteTemplates::read(&project.reports(SITE), &templates, Locale::En).in_place("reports")?;
            let mut whole = WholeReports::new();
            let samples: Vec<_> =
                templates.samples().in_place("reports")?.into_iter().map(|(_, report)| report).collect();
            for report in &samples {
                let key = (report.market.clone(), report.period, report.revision);
                whole.insert(key, templates.page(report).in_place("reports")?);
            }
            site_pages += site::pages("check", &samples, &whole, &templates_of_site).in_place("reports/site")?.len();
        }
    }
    Ok((reports, site_pages))
}

/// Rules of a company's own names speak of habits that there are.
fn check_names(sql: &std::path::Path, job: &Job, own: &[OwnName]) -> Result<()> {
    let graph = Graph::read(sql, &job.exports.dialect).in_place("sql")?;
    let columns = graph.models.get("customers").into_iter().flat_map(|model| &model.front.columns);
    let habits: Vec<&str> =
        columns.filter(|(_, column)| column.habit.is_some()).map(|(name, _)| name.as_str()).collect();
    match own::unknown_operands(own, &habits).into_iter().next() {
        Some(problem) => Err(Error::Job { path: format!("jobs/names/{}.toml", job.name).into(), problem }),
        None => Ok(()),
    }
}

/// What of a job can be wrong without being a wrong key: names of things that are not there.
fn check_job(sql: &std::path::Path, job: &Job) -> Result<()> {
    let wrong = |problem: String| Error::Job { path: job.path.clone(), problem };
    store::check(&job.exports.url)?;
    store::check(&job.warehouse.url)?;
    let dialects = graph::dialects(sql);
    if !dialects.contains(&job.exports.dialect) {
        return Err(wrong(format!("exports.dialect = \"{}\"; found {}", job.exports.dialect, dialects.join(", "))));
    }
    let markets = &job.markets;
    let is_known = |code: &&String| markets.is_empty() || markets.iter().any(|market| market.as_str() == code.as_str());
    if let Some(unknown) = job.market_locales.keys().find(|code| !is_known(code)) {
        return Err(wrong(format!("market_locales names `{unknown}`, which is none of the job's markets")));
    }
    let graph = Graph::read(sql, &job.exports.dialect).in_place("sql")?;
    if let Some(customers) = graph.models.get("customers") {
        let known = |name: &String| customers.front.columns.get(name).is_some_and(|column| column.habit.is_some());
        if let Some(unknown) = job.segments.habits.iter().find(|name| !known(name)) {
            return Err(wrong(format!(
                "segments.habits names `{unknown}`, which is no column of sql/marts/customers.sql with a habit"
            )));
        }
    }
    Ok(())
}
