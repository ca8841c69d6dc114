//! Step 9 for last period: what its models say of this period's customers, and what they say of last period's from today's data.
//!
//! A late order, a correction or an erasure changes what last period would have been. Moves are counted from there, so that
//! none of it is read as customers who moved.

use std::sync::Arc;

use driftline_core::report::Report;
use driftline_lake::read::PublishedCustomer;
use driftline_lake::session::Limits;
use driftline_lake::source::PinnedSource;
use driftline_lake::{Lake, fitted, read};

use crate::error::{InPlace, Result};
use crate::run::outlook::outlooks_by;
use crate::run::recall::{Recalled, register_published};
use crate::run::record::past_id;
use crate::run::segment::{self, Least, People, Segmented, items_of};
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;
use crate::setup::scratch::Scratch;

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
    context: &JobContext,
    plan: &RunPlan,
    lake: &Lake,
    previous: (&Recalled, &[PublishedCustomer]),
    pinned: &[PinnedSource],
    scratch: (&Scratch, &Limits),
) -> Result<()> {
    let (scratch, limits) = scratch;
    let (previous, published) = previous;
    let report = &previous.report;
    let place = format!("{} {} (restated)", plan.market, report.period);
    let today = past_id(context, &read::past_id(lake, report.as_of).await.in_place(&place)?);
    if report.quality.past_id.as_ref() == Some(&today) {
        return register_published(context, lake, "restated", &previous.publication, scratch).await;
    }
    let then = RunPlan { period: report.period, as_of: report.as_of, partial: None, ..plan.clone() };
    let (folder, resume) = (scratch.path.join("restated"), limits.resume.below("restated"));
    // Both lakes are there at once: what this period's tables hold of the memory, last period's cannot have.
    let memory_bytes = limits.memory_bytes.saturating_sub(lake.kept_bytes()).max(limits.memory_bytes / 4);
    let limits = Limits { scratch: folder, resume, memory_bytes, ..limits.clone() };
    let parameters = then.parameters(&context.job, context.pseudonym_key.secret());
    let past = Lake::open(&limits, Arc::clone(&context.graph), parameters, context.exports.store.clone(), pinned)
        .in_place(&place)?;
    past.build(&[
        "int_customers_described",
        "int_habit_days",
        "int_customer_items",
        "int_purchase_log",
        "int_cancelled_days",
    ])
    .await
    .in_place(&place)?;
    let outlooks = outlooks_by(&past, Some(&report.models), report.as_of).await.in_place(&place)?;
    fitted::register_outlooks(&past, &outlooks).in_place(&place)?;
    match report.models.segments.as_ref() {
        None => fitted::register_segments(&past, &[], &[], &[]).in_place(&place)?,
        Some(last) => {
            let settings = &context.job.file.segments;
            let mut people = People::read(&past, &then, settings).await.in_place(&place)?;
            people.add_items(&past, &items_of(&last.habits)).await.in_place(&place)?;
            let assigned = segment::restated(&people, last, published, Least::of(&context.job));
            let rates = people.rates(&last.habits);
            fitted::register_segments(&past, &people.known.keys, &assigned, &rates).in_place(&place)?;
        }
    }
    past.build(&["customers"]).await.in_place(&place)?;
    let schema = lake.schema_of("customers").await.in_place(&place)?;
    let table = past.published().into_iter().find(|table| table.name == "customers");
    match table {
        Some(table) => lake.register_file("previous", "restated", schema, &table.path).in_place(&place),
        None => lake.register("previous", "restated", schema, Vec::new()).in_place(&place),
    }
}
