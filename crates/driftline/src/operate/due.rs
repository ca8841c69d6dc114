//! What is due by a job's schedule, and what of it waits for its exports.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use driftline_core::Period;
use driftline_core::schedule::{Due, Subject, due_intervals};

use crate::error::{InPlace, Result};
use crate::setup::coverage::Coverage;
use crate::setup::job_context::JobContext;
use crate::setup::plan::{self, RunPlan};

/// One market and period that is due.
#[derive(Clone, Debug)]
pub struct DueRun {
    pub plan: RunPlan,
    pub due: Due,
    /// Set if the period is not over in the job's time zone, or the exports do not reach its end yet: it waits.
    pub waits_for: Option<String>,
}

/// What of a job is due at its `now`, oldest period first, the parent market before the others.
///
/// # Errors
/// `Error::Lake` / `Error::Ledger` if exports or warehouse do not answer.
pub async fn due_runs(context: &JobContext, watched_since: Option<DateTime<Utc>>) -> Result<Vec<DueRun>> {
    let Some(schedule) = &context.job.schedule else { return Ok(Vec::new()) };
    let (markets, left_out) = plan::markets(&context.job, &[], &context.exports, &context.sources).await?;
    let mut due_now = Vec::new();
    for (place, market) in markets.iter().enumerate() {
        let published: BTreeSet<Period> = context
            .ledger
            .periods(&context.job.name, market)
            .await
            .in_place(market.as_str())?
            .into_iter()
            .map(|(period, _)| period)
            .collect();
        let subject = Subject { job: &context.job.name, market, calendar: context.job.calendar };
        let due = due_intervals(schedule, &subject, context.now, watched_since, &published);
        due_now.extend(due.into_iter().map(|due| (place, market, due)));
    }
    if due_now.is_empty() {
        return Ok(Vec::new());
    }
    let coverage = Coverage::look(context, &markets, left_out).await?;
    let mut runs = Vec::new();
    for (place, market, due) in due_now {
        let plan = RunPlan::new(market.clone(), due.period, &coverage);
        let waits_for = waits_for(context, &coverage, &plan);
        runs.push((due.period, place, DueRun { plan, due, waits_for }));
    }
    runs.sort_by_key(|(period, place, _)| (*period, *place));
    Ok(runs.into_iter().map(|(_, _, run)| run).collect())
}

fn waits_for(context: &JobContext, coverage: &Coverage, plan: &RunPlan) -> Option<String> {
    if let Some(rows) = plan.rows_without_sale {
        return Some(format!("no sale is in its exports, which have {} of order lines", plan::counted(rows, "row")));
    }
    let until = coverage.until.filter(|_| plan.as_of < plan.period.as_of());
    if let Some(until) = until {
        return Some(format!("the exports end on {until}, before the period does"));
    }
    // The schedule's clock may be ahead of the one by which the job's days are counted.
    let is_over = plan.period.as_of() <= context.job.day_of(context.now);
    (!is_over).then(|| format!("the period is not over in {}", context.job.time_zone()))
}
