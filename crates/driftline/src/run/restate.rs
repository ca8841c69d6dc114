//! Step 9 for last period: what its models say of this period's customers, and what they say of last period's from today's data.
//!
//! A late order, a correction or an erasure changes what last period would have been. Moves are counted from there, so that
//! none of it is read as customers who moved.

use std::sync::Arc;

use driftline_core::report::Report;
use driftline_lake::read::{self, PublishedCustomer};
use driftline_lake::session::Limits;
use driftline_lake::{Lake, fitted};

use crate::error::{InPlace, Result};
use crate::run::compute::Computed;
use crate::run::outlook::outlooks_by;
use crate::run::recall::{Recalled, register_published};
use crate::run::record::past_id;
use crate::run::segment::{self, Least, People, Segmented, items_of};
use crate::run::task::Task;
use crate::setup::plan::RunPlan;

/// Gives `fitted.last_*`: last period's models with what they say of this period's customers.
pub(crate) async fn register_last_models(
    plan: &RunPlan,
    lake: &Lake,
    previous: Option<&Report>,
    segmented: Option<&Segmented>,
) -> driftline_lake::Result<()> {
    let models = previous.map(|report| &report.models);
    fitted::register_last_outlooks(lake, &outlooks_by(lake, models, plan.as_of).await?)?;
    let Some(segmented) = segmented else { return fitted::register_last_segments(lake, &[], &[]) };
    fitted::register_last_segments(lake, &segmented.keys, segmented.by_last.as_ref().unwrap_or(&segmented.assigned))
}

/// Gives `previous.restated`: last period's customers by its own models, from today's data. Where the data of then are what
/// they were, that is what was published, and nothing is computed.
pub(crate) async fn register(
    task: &Task<'_>,
    computed: &Computed,
    previous: &Recalled,
    published: &[PublishedCustomer],
) -> Result<()> {
    let (context, plan, lake) = (task.context, task.plan, &computed.lake);
    let (report, scratch) = (&previous.report, &computed.scratch);
    let place = format!("{} {} (restated)", plan.market, report.period);
    let today = past_id(context, &read::past_id(lake, report.as_of).await.in_place(&place)?);
    if report.quality.past_id.as_ref() == Some(&today) {
        return register_published(context, lake, "restated", &previous.publication, scratch).await;
    }
    let past = restated(task, computed, previous, published).await.in_place(&place)?;
    let schema = lake.schema_of("customers").await.in_place(&place)?;
    let table = past.published().into_iter().find(|table| table.name == "customers");
    match table {
        Some(table) => lake.register_file("previous", "restated", schema, &table.path).in_place(&place),
        None => lake.register("previous", "restated", schema, Vec::new()).in_place(&place),
    }
}

/// A lake of last period over this run's exports, with its customers by its own models.
async fn restated(
    task: &Task<'_>,
    computed: &Computed,
    previous: &Recalled,
    published: &[PublishedCustomer],
) -> driftline_lake::Result<Lake> {
    const HABITS: [&str; 5] =
        ["int_customers_described", "int_habit_days", "int_customer_items", "int_purchase_log", "int_cancelled_days"];
    let (context, report, limits) = (task.context, &previous.report, &computed.limits);
    let then = RunPlan { period: report.period, as_of: report.as_of, partial: None, ..task.plan.clone() };
    let (folder, resume) = (computed.scratch.path.join("restated"), limits.resume.below("restated"));
    // Both lakes are there at once: what this period's tables hold of the memory, last period's cannot have.
    let memory_bytes = limits.memory_bytes.saturating_sub(computed.lake.kept_bytes()).max(limits.memory_bytes / 4);
    let limits = Limits { scratch: folder, resume, memory_bytes, ..limits.clone() };
    let parameters = then.parameters(&context.job, context.pseudonym_key.secret());
    let (graph, store) = (Arc::clone(&context.graph), context.exports.store.clone());
    let past = Lake::open(&limits, graph, parameters, store, &computed.pinned.sources)?;
    past.build(&HABITS).await?;
    fitted::register_outlooks(&past, &outlooks_by(&past, Some(&report.models), report.as_of).await?)?;
    match report.models.segments.as_ref() {
        None => fitted::register_segments(&past, &[], &[], &[])?,
        Some(last) => {
            let mut people = People::read(&past, &then, &context.job.segments).await?;
            people.add_items(&past, &items_of(&last.habits)).await?;
            let assigned = segment::restated(&people, last, published, Least::of(&context.job));
            fitted::register_segments(&past, &people.known.keys, &assigned, &people.rates(&last.habits))?;
        }
    }
    past.build(&["customers"]).await?;
    Ok(past)
}
