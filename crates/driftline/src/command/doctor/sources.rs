//! What `driftline doctor` reads of the exports: every source's columns, reach and first row, and whether every model plans over them.

use std::sync::Arc;

use driftline_core::{Market, Period};
use driftline_lake::graph::Graph;
use driftline_lake::session::Limits;
use driftline_lake::source::{self, Exports, PinnedSource, Sources};
use driftline_lake::{Lake, fitted};
use driftline_ledger::Slot;

use crate::error::{Error, InPlace, Result};
use crate::run::checks;
use crate::setup::coverage::Coverage;
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::job_context::{Choice, JobContext};
use crate::setup::plan::RunPlan;
use crate::setup::project::Project;

/// One line a source and market, and one for the models.
///
/// # Errors
/// What a run would meet: a column that is missing, a file that is no Parquet, a model that does not plan.
pub(super) async fn read(
    job: &Job,
    project: &Project,
    environment: &Environment,
    (exports, sources): (&Exports, &Sources),
    markets: &[String],
) -> Result<Vec<String>> {
    let graph = Arc::new(Graph::read(&project.sql(), &job.exports.dialect).in_place("sql")?);
    let mut lines = Vec::new();
    let scratch = environment.scratch.join(format!("driftline-doctor-{}", std::process::id()));
    for (number, market) in markets.iter().enumerate() {
        let pinned = source::pin(exports, sources, market).await.in_place(market)?;
        let limits = limits(&scratch, number);
        let result = look(job, exports, &graph, &limits, (market, &pinned)).await;
        let _ = std::fs::remove_dir_all(&scratch);
        lines.extend(result?);
    }
    lines.push(format!(
        "{} models of sql/ plan over these columns{}",
        graph.models.len(),
        if graph.absent.is_empty() {
            String::new()
        } else {
            let absent: Vec<&str> = graph.absent.iter().map(String::as_str).collect();
            format!("; not given by the dialect, so not in reports: {}", absent.join(", "))
        }
    ));
    Ok(lines)
}

/// What a run of the last period that the exports reach would be told of their rows.
///
/// # Errors
/// What would end it.
pub(super) async fn tried(
    job: &Job,
    project: &Project,
    environment: &Environment,
    markets: &[Market],
) -> Result<Vec<String>> {
    let context = JobContext::open(job.clone(), &Choice::default(), project, environment).await?;
    let coverage = Coverage::look(&context, markets, Vec::new()).await?;
    let today = job.day_of(environment.now);
    let last_over = Period::last_over(job.calendar, today);
    // The period that the exports end in, if it is over: a run of it is what they are next for.
    let reached = coverage.until.map(|until| Period::last_over(job.calendar, until).next());
    let period = reached.filter(|period| *period < last_over).unwrap_or(last_over);
    let mut lines = Vec::new();
    for market in markets {
        let plan = RunPlan::new(market.clone(), period, &coverage);
        if plan.check_exported().is_err() || plan.first_sale.is_some_and(|first| first >= plan.as_of) {
            lines.push(format!("{market}: no sale in {period} or before it; nothing to look at"));
            continue;
        }
        let slot = Slot { job: job.name.clone(), market: market.clone(), period: period.next() };
        // What the warehouse says of itself stands in a line of its own.
        let last = context.ledger.previous(&slot).await.ok().flatten();
        let warnings = checks::told_without_run(&context, &plan, last.as_ref(), true).await?;
        let found: String = warnings.iter().map(|warning| format!("; WARNING: {warning}")).collect();
        lines.push(format!("{market}: rows looked at as a run of {period} does, but for its largest customer{found}"));
    }
    Ok(lines)
}

fn limits(scratch: &std::path::Path, number: usize) -> Limits {
    Limits {
        threads: 1,
        memory_bytes: 256 << 20,
        spill_bytes: 1 << 30,
        in_memory_bytes: 1 << 20,
        scratch: scratch.join(number.to_string()),
        is_frugal: false,
        resume: driftline_lake::resume::Resume::default(),
    }
}

/// The sources of one market, and every model planned over them.
async fn look(
    job: &Job,
    exports: &Exports,
    graph: &Arc<Graph>,
    limits: &Limits,
    (market, pinned): (&str, &[PinnedSource]),
) -> Result<Vec<String>> {
    let period = driftline_core::Period::last_over(
        job.calendar,
        chrono::NaiveDate::from_ymd_opt(2012, 1, 1).unwrap_or_default(),
    );
    let plan = RunPlan::new(market.parse().map_err(|source| Error::Period { source })?, period, &Coverage::default());
    let parameters = plan.parameters(job, "doctor");
    let mut lake = Lake::open(limits, graph.clone(), parameters, exports.store.clone(), pinned).in_place(market)?;
    fitted::register_none(&lake).in_place(market)?;
    let mut lines = Vec::new();
    for source in pinned {
        let first = lake.first_row(&source.name).await.in_place(market)?;
        lines.push(line(market, source, &first));
    }
    lake.plan_with_previous().await.in_place(market)?;
    Ok(lines)
}

fn line(market: &str, source: &PinnedSource, first: &str) -> String {
    if source.metas.is_empty() {
        return format!(
            "{market}, {}: not there; it is optional, and reports say that it is not available",
            source.name
        );
    }
    let rows: u64 = source.objects.iter().map(|object| object.rows).sum();
    let reach = source.days.map_or_else(String::new, |(from, to)| format!(", {from} to {to}"));
    let empty = source.objects.iter().filter(|object| object.rows == 0).count();
    let mut text = format!(
        "{market}, {}: {rows} rows in {} objects{reach}; first row: {first}",
        source.name,
        source.objects.len()
    );
    if empty > 0 {
        text.push_str(&format!(
            "; WARNING: {empty} of the objects have no rows: if they should have, export them again"
        ));
    }
    if !source.ignored_columns.is_empty() {
        text.push_str(&format!("; not declared in sources.toml, so never read: {}", source.ignored_columns.join(", ")));
    }
    text
}
