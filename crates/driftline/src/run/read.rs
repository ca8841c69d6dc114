//! Steps 10 and 11: audits the tables, and reads them.

mod tables;

use std::collections::BTreeMap;

use driftline_core::Period;
use driftline_core::report::Report;
use driftline_core::report::scorecard::Scorecard;
use driftline_core::tables::profile::MarketTotals;
use driftline_lake::Lake;
use driftline_lake::read as lake_read;

use self::tables::Moves;
pub(crate) use self::tables::Tables;
use crate::error::{InPlace, Result};
use crate::run::acquisition;
use crate::run::compute::Computed;
use crate::run::facets;
use crate::run::outlook;
use crate::run::recall::Baselines;
use crate::run::task::Task;
use crate::setup::plan::RunPlan;

/// Tables that passed the audits: only these are read.
pub(crate) struct Audited {
    audits: usize,
}

/// Runs the audits.
///
/// # Errors
/// `Error::Lake` with the first rows that an audit finds.
pub(crate) async fn audit(task: &Task<'_>, computed: &Computed) -> Result<Audited> {
    let audits = computed.lake.audit().await.in_place(&task.place())?;
    Ok(Audited { audits })
}

/// Reads the tables.
///
/// # Errors
/// `Error::Lake` if one cannot be read.
pub(crate) async fn read(
    task: &Task<'_>,
    baselines: &Baselines,
    computed: &Computed,
    audited: Audited,
) -> Result<Tables> {
    let (lake, plan) = (&computed.lake, task.plan);
    let read = async {
        let periods = lake_read::market_periods(lake).await?;
        let previous = baselines.previous.as_ref().map(|last| last.report.period);
        let profiles = lake_read::segment_profiles(lake).await?;
        let counted = facets::count(lake, &profiles).await?;
        Ok::<_, driftline_lake::Error>(Tables {
            audits: audited.audits,
            totals: totals_of(&periods, plan.period),
            totals_restated: previous.map(|period| totals_of(&periods, period)).unwrap_or_default(),
            orders_year_before: Some(totals_of(&periods, plan.period.year_before()).orders)
                .filter(|orders| *orders > 0),
            profiles,
            counted,
            moved: match &baselines.replaced {
                Some(_) => lake_read::revision_changes(lake).await?,
                None => Vec::new(),
            },
            rfm_rows: lake_read::rfm_groups(lake).await?,
            flows: match previous {
                Some(_) => Some(lake_read::flows(lake).await?),
                None => None,
            },
            moves: if baselines.is_next() { moves(lake).await? } else { Moves::default() },
            scorecard: scorecard(task, baselines, lake).await?,
            economics: acquisition::read(lake, &task.context.job).await?,
        })
    };
    read.await.in_place(&task.place())
}

fn totals_of(periods: &BTreeMap<String, MarketTotals>, period: Period) -> MarketTotals {
    periods.get(&period.to_string()).cloned().unwrap_or_default()
}

async fn moves(lake: &Lake) -> driftline_lake::Result<Moves> {
    Ok(Moves {
        products: Some(lake_read::product_moves(lake).await?),
        items: Some(lake_read::item_moves(lake).await?),
        paired: lake_read::paired_orders(lake).await?,
        newcomers: Some(lake_read::newcomers(lake).await?),
    })
}

/// The grades of what was forecast for this period, and for the 12 months that end with it.
async fn scorecard(task: &Task<'_>, baselines: &Baselines, lake: &Lake) -> driftline_lake::Result<Option<Scorecard>> {
    let (job, plan) = (&task.context.job, task.plan);
    let graded = baselines.previous.as_ref().filter(|previous| is_graded(plan, &previous.report));
    let Some(previous) = graded else { return Ok(None) };
    let scored = lake_read::scorecard(lake).await?;
    let year = match baselines.year_over() {
        Some(then) => outlook::graded_year(job, &then.report, &lake_read::scorecard_year(lake).await?),
        None => None,
    };
    Ok(outlook::graded(job, plan, &previous.report, scored, year))
}

/// Forecasts were for the whole period that follows, so only whole neighbours are graded.
fn is_graded(plan: &RunPlan, previous: &Report) -> bool {
    previous.period.next() == plan.period
        && plan.partial.is_none()
        && previous.partial.is_none()
        && i64::from(previous.method.horizon_days) == plan.period.days()
}
