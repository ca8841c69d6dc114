//! Step 4: what was published before, as far as a run needs it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use driftline_core::Market;
use driftline_core::report::Report;
use driftline_core::value::models::ValueTier;
use driftline_lake::after::After;
use driftline_lake::{Lake, private};
use driftline_ledger::{Publication, Slot};

use crate::error::{Error, InPlace, Result};
use crate::run::task::Task;
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;
use crate::setup::scratch::Scratch;

/// What was published before, as far as this run needs it.
pub struct Recalled {
    pub publication: Publication,
    pub report: Report,
}

/// What a run compares with, leans on and replaces.
pub(crate) struct Baselines {
    /// The last published period of the market.
    pub(crate) previous: Option<Recalled>,
    /// The same period a year ago.
    pub(crate) year_before: Option<Recalled>,
    /// The parent market's report of this period.
    pub(crate) parent: Option<Recalled>,
    /// The revision that this run stands beside.
    pub(crate) replaced: Option<Recalled>,
    /// What models may wait for.
    pub(crate) past: BTreeSet<After>,
}

impl Baselines {
    /// The year before, where its 12-month forecasts can be graded.
    pub(crate) fn year_over(&self) -> Option<&Recalled> {
        self.year_before.as_ref().filter(|_| self.past.contains(&After::YearBefore))
    }

    /// Whether the last published period is the one just before.
    pub(crate) fn is_next(&self) -> bool {
        self.past.contains(&After::Adjacent)
    }

    /// What was read last time: what replaced a revision is compared with it, else with the period before.
    pub(crate) fn last_read(&self) -> Option<&Publication> {
        self.replaced.as_ref().or(self.previous.as_ref()).map(|recalled| &recalled.publication)
    }
}

/// Recalls what was published before.
///
/// # Errors
/// `Error::Ledger` if the warehouse does not answer, `Error::Json` for a report of another program.
pub(crate) async fn baselines(task: &Task<'_>) -> Result<Baselines> {
    let (context, plan, place, slot) = (task.context, task.plan, task.place(), task.slot());
    let previous = recall(context, context.ledger.previous(&slot).await.in_place(&place)?).await?;
    let year_slot = Slot { period: plan.period.year_before(), ..slot.clone() };
    let year_before = recall(context, context.ledger.latest(&year_slot).await.in_place(&place)?).await?;
    let year_before = year_before.filter(|recalled| year_slot.period == recalled.report.period);
    let parent = recall_parent(context, plan).await?;
    let replaced = recall(context, task.replaces.cloned()).await?;
    let is_next = previous.as_ref().is_some_and(|recalled| recalled.report.period.next() == plan.period);
    let is_year_over = year_before.as_ref().is_some_and(|recalled| is_year_over(plan, &recalled.report));
    let past = [
        (After::Previous, previous.is_some()),
        (After::Adjacent, is_next),
        (After::YearBefore, is_year_over),
        (After::Revision, replaced.is_some()),
    ];
    let past = past.into_iter().filter(|(_, is_there)| *is_there).map(|(after, _)| after).collect();
    Ok(Baselines { previous, year_before, parent, replaced, past })
}

/// A 12-month forecast is graded when its 12 months are over, to the day, and both periods are whole.
fn is_year_over(plan: &RunPlan, year_before: &Report) -> bool {
    plan.partial.is_none()
        && year_before.partial.is_none()
        && driftline_core::basics::period::year_after(year_before.as_of) == plan.as_of
}

/// A publication with its report.
pub(crate) async fn recall(context: &JobContext, publication: Option<Publication>) -> Result<Option<Recalled>> {
    let Some(publication) = publication else { return Ok(None) };
    let place = format!("{} {} (published)", publication.market, publication.period);
    let bytes = context.ledger.read(&publication, "report.json").await.in_place(&place)?;
    let report = serde_json::from_slice(&bytes)?;
    Ok(Some(Recalled { publication, report }))
}

async fn recall_parent(context: &JobContext, plan: &RunPlan) -> Result<Option<Recalled>> {
    let Some(parent) = context.job.small_markets.parent.clone().filter(|parent: &Market| *parent != plan.market) else {
        return Ok(None);
    };
    let slot = Slot { job: context.job.name.clone(), market: parent, period: plan.period };
    let published = context.ledger.latest(&slot).await.in_place(&format!("{} {}", slot.market, slot.period))?;
    recall(context, published).await
}

/// Reports of the periods before, the last one first, as far back as says what is usual.
pub(crate) async fn recall_history(context: &JobContext, slot: &Slot) -> Result<Vec<Report>> {
    const PERIODS_MOST: usize = 20;
    let mut reports = Vec::new();
    let mut slot = slot.clone();
    while reports.len() < PERIODS_MOST {
        let place = format!("{} before {}", slot.market, slot.period);
        let published = context.ledger.previous(&slot).await.in_place(&place)?;
        let Some(recalled) = recall(context, published).await? else { break };
        slot.period = recalled.report.period;
        reports.push(recalled.report);
    }
    Ok(reports)
}

/// The last reports, up to this period, of the job's other markets whose value models are their own.
pub(crate) async fn recall_own_fits(context: &JobContext, plan: &RunPlan) -> Result<Vec<Recalled>> {
    let mut found = Vec::new();
    let mut markets = context.ledger.markets(&context.job.name).await.in_place("the warehouse")?;
    markets.sort();
    for market in markets.into_iter().filter(|market| *market != plan.market) {
        let slot = Slot { job: context.job.name.clone(), market: market.clone(), period: plan.period };
        let place = format!("{market} {}", plan.period);
        let published = match context.ledger.latest(&slot).await.in_place(&place)? {
            Some(published) => Some(published),
            None => context.ledger.previous(&slot).await.in_place(&place)?,
        };
        if let Some(recalled) = recall(context, published).await?
            && recalled.report.models.value_tier == ValueTier::Own
        {
            found.push(recalled);
        }
    }
    Ok(found)
}

/// A period's customers, as published, become a table of the schema `previous`.
pub(crate) async fn register_published(
    context: &JobContext,
    lake: &Lake,
    table: &str,
    publication: &Publication,
    scratch: &Scratch,
) -> Result<()> {
    let path = fetch_customers(context, table, publication, scratch).await?;
    register_customers(lake, table, publication, &path).await
}

/// A fetched file of customers becomes a table of the schema `previous`.
pub(crate) async fn register_customers(lake: &Lake, table: &str, publication: &Publication, path: &Path) -> Result<()> {
    let place = published_place(publication);
    let schema = lake.schema_of("customers").await.in_place(&place)?;
    lake.register_file("previous", table, schema, path).in_place(&place)
}

/// Fetches a period's customers, as published, into the scratch folder.
pub(crate) async fn fetch_customers(
    context: &JobContext,
    name: &str,
    publication: &Publication,
    scratch: &Scratch,
) -> Result<PathBuf> {
    let place = published_place(publication);
    let bytes = context.ledger.read(publication, "tables/customers.parquet").await.in_place(&place)?;
    let path = scratch.path.join(format!("previous-{name}.parquet"));
    private::write(&path, &bytes).map_err(|source| Error::Output { path: path.clone(), source })?;
    Ok(path)
}

fn published_place(publication: &Publication) -> String {
    format!("{} {} (published)", publication.market, publication.period)
}
