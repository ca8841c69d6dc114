//! Step 9: scores become rows, and every mart is built that this run can build, in the order of the graph.

use driftline_lake::Lake;

use crate::error::{InPlace, Result};
use crate::run::compute::Computed;
use crate::run::fit::Fitted;
use crate::run::outlook::{self, Ranges, Reasons};
use crate::run::recall::{Baselines, register_customers, register_published};
use crate::run::restate;
use crate::run::task::Task;

/// Read by the program and never published.
const QUOTES: &str = "segment_quotes";
const REVISION_CHANGES: &str = "revision_changes";

/// What was fitted, with why risks are what they are and how sure the forecasts; every mart is built.
pub(crate) struct Scored {
    pub(crate) fitted: Fitted,
    pub(crate) reasons: Reasons,
    pub(crate) ranges: Ranges,
}

/// Builds the marts: those of this period alone beside the reasons of its risks, then all others.
///
/// # Errors
/// `Error::Lake` for a mart that cannot be built or breaks its contract, `Error::Ledger` if the warehouse does not answer.
pub(crate) async fn score(
    task: &Task<'_>,
    baselines: &Baselines,
    computed: &Computed,
    mut fitted: Fitted,
) -> Result<Scored> {
    let (lake, place) = (&computed.lake, task.place());
    let mut marts = lake.graph().targets_of_now();
    marts.push(QUOTES);
    let explained = outlook::explain(fitted.evidence.take(), fitted.segmented.clone());
    let (built, (reasons, ranges)) = tokio::join!(lake.build(&marts), explained);
    built.in_place(&place)?;
    register_before(task, baselines, computed, &fitted).await?;
    let mut marts = lake.graph().targets(&baselines.past);
    marts.extend(baselines.replaced.as_ref().map(|_| REVISION_CHANGES));
    lake.build(&marts).await.in_place(&place)?;
    Ok(Scored { fitted, reasons, ranges })
}

/// Registers what was before: last period as published and restated, what its models say, a year ago, the revision.
async fn register_before(task: &Task<'_>, baselines: &Baselines, computed: &Computed, fitted: &Fitted) -> Result<()> {
    let (context, lake, place) = (task.context, &computed.lake, task.place());
    if let (Some(previous), Some(path)) = (&baselines.previous, &fitted.past.customers) {
        let (report, segmented) = (Some(&previous.report), fitted.segmented.as_deref());
        restate::register_last_models(task.plan, lake, report, segmented).await.in_place(&place)?;
        restate::register(task, computed, previous, &fitted.past.published).await?;
        register_customers(lake, "customers", &previous.publication, path).await?;
    } else {
        register_nothing_before(lake).await.in_place(&place)?;
    }
    let tables = [("customers_year_before", baselines.year_over()), ("revision", baselines.replaced.as_ref())];
    for (table, recalled) in tables {
        if let Some(recalled) = recalled {
            register_published(context, lake, table, &recalled.publication, &computed.scratch).await?;
        }
    }
    Ok(())
}

/// No customers of before, so that what counts them finds none.
async fn register_nothing_before(lake: &Lake) -> driftline_lake::Result<()> {
    lake.register("previous", "customers", lake.schema_of("customers").await?, Vec::new())
}
