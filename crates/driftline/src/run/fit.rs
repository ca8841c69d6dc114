//! Step 8: fits models of value, of segments and of what comes next, beside the tables that only the marts need.

mod segments;

use std::path::PathBuf;
use std::sync::Arc;

use driftline_core::report::{Models, Report, Status};
use driftline_core::value::models::ValueTier;
use driftline_lake::lake::BackgroundTask;
use driftline_lake::read::{self, PublishedCustomer};
use driftline_lake::{Lake, fitted};
use driftline_ledger::Event;
use driftline_stats::pool::Pool;
use tokio::sync::oneshot;

use self::segments::fit_segments;
use crate::error::{InPlace, Result};
use crate::run::compute::Computed;
use crate::run::outlook::{self, Evidence, Known};
use crate::run::recall::{Baselines, Recalled, fetch_customers, recall_history, recall_own_fits};
use crate::run::segment::Segmented;
use crate::run::task::Task;
use crate::run::value;

/// The models of a market, and what they were made from.
pub(crate) struct Fitted {
    pub(crate) models: Models,
    pub(crate) status: Status,
    pub(crate) segmented: Option<Arc<Segmented>>,
    /// What risks and ranges of segments are worked out from.
    pub(crate) evidence: Option<Evidence>,
    pub(crate) past: Past,
    /// Hash of every customer's days before as-of.
    pub(crate) days: String,
}

/// What of the market's past only the fits and those after them need.
#[derive(Default)]
pub(crate) struct Past {
    /// Last period's customers as published: the file, and their segments.
    pub(crate) customers: Option<PathBuf>,
    pub(crate) published: Vec<PublishedCustomer>,
    /// Reports of the periods before, the last one first.
    pub(crate) reports: Vec<Report>,
}

/// Fits the models and registers what they say of each customer.
///
/// # Errors
/// `Error::Lake` for a model or table that is wrong, `Error::Ledger` if the warehouse does not answer.
pub(crate) async fn fit(task: &Task<'_>, baselines: &Baselines, computed: &Computed) -> Result<Fitted> {
    let (context, lake, place) = (task.context, &computed.lake, task.place());
    let (described, later) = begin_beside(lake, task.plan.as_of);
    let is_small = value::tier(&computed.base, &context.job.value) == ValueTier::Provisional;
    let pool = if is_small { recall_own_fits(context, task.plan).await? } else { Vec::new() };
    let customers = match &baselines.previous {
        Some(previous) => Some(fetch_customers(context, "customers", &previous.publication, &computed.scratch).await?),
        None => None,
    };
    let (mut models, prior) = fit_value(task, computed, &pool).await.in_place(&place)?;
    let reports = if baselines.previous.is_some() { recall_history(context, &task.slot()).await? } else { Vec::new() };
    let told = outlook::told(&reports, &pool);
    let segments = async {
        described.finished().await?;
        let published = match &customers {
            Some(path) => read::published_customers(lake, path).await?,
            None => Vec::new(),
        };
        let (status, segmented) = fit_segments(task, baselines, computed, &published).await?;
        Ok((status, segmented, published))
    };
    let previous = baselines.previous.as_ref().map(|recalled| &recalled.report);
    let outlook = outlook::assess(task, lake, &models, Known { previous, pool: prior, told });
    let ((status, segmented, published), outlook) = tokio::try_join!(segments, outlook).in_place(&place)?;
    let segmented = segmented.map(Arc::new);
    models.segments = segmented.as_ref().map(|segmented| segmented.model.clone());
    let evidence = outlook::register(lake, &context.job, outlook, &mut models).in_place(&place)?;
    let days = later.finished().await.in_place(&place)?;
    note_taken_over(task, computed).await;
    let past = Past { customers, published, reports };
    Ok(Fitted { models, status, segmented, evidence, past, days })
}

/// Begins what goes on beside the fits: what segments wait for, and then what only the marts need.
fn begin_beside(lake: &Arc<Lake>, as_of: chrono::NaiveDate) -> (BackgroundTask<()>, BackgroundTask<String>) {
    let (ends, has_ended) = oneshot::channel::<()>();
    let described = lake.in_background(async move |lake| {
        let _ends = ends;
        lake.build_beside(&["int_customers_described", "int_habit_days", "int_customer_items"]).await
    });
    let later = lake.in_background(async move |lake| {
        let _ = has_ended.await;
        lake.build_beside(&["market_periods", "int_customer_categories"]).await?;
        read::past_id(&lake, as_of).await
    });
    (described, later)
}

/// The purchase and the spend model, by the tier of the market, with what a small one is pulled to.
async fn fit_value(
    task: &Task<'_>,
    computed: &Computed,
    pool: &[Recalled],
) -> driftline_lake::Result<(Models, Option<Pool>)> {
    let lake = &computed.lake;
    let seen = value::Seen {
        histories: read::purchase_histories(lake).await?,
        spends: read::spend_histories(lake).await?,
        returns: read::returns(lake).await?,
    };
    let (models, pool) = value::fit(&computed.base, &seen, &task.context.job.value, pool);
    let fitted = match (&models.purchase, &models.spend) {
        (Some(purchase), Some(spend)) => Some((&purchase.model, &spend.model, seen.returns)),
        _ => None,
    };
    fitted::register_models(lake, fitted)?;
    Ok((models, pool))
}

/// Notes what was not computed again.
async fn note_taken_over(task: &Task<'_>, computed: &Computed) {
    let tables = computed.taken_over();
    if let (Some(under), false) = (task.under, tables.is_empty()) {
        let step = format!("taking over {tables} from a run that ended early");
        under.journal.note(Event::StepDone { step, rows: None }).await;
    }
}
