//! Step 5: every object of the exports, in the version that the run reads.

use driftline_lake::source::{self, PinnedSource};

use crate::error::{Error, InPlace, Result};
use crate::run::task::Task;
use crate::setup::plan::RunPlan;

/// The exports of a run: it reads these and nothing else.
pub(crate) struct Pinned {
    pub(crate) sources: Vec<PinnedSource>,
    pub(crate) rows: u64,
}

/// Pins the exports of the market.
///
/// # Errors
/// `Error::Lake` for exports that cannot be read, or that start after the period.
pub(crate) async fn pin(task: &Task<'_>) -> Result<Pinned> {
    let (context, place) = (task.context, task.place());
    let market = task.plan.market.as_str();
    let sources = source::pin(&context.exports, &context.sources, market).await.in_place(&place)?;
    check_not_too_late(&sources, task.plan).in_place(&place)?;
    for note in file_notes(&sources) {
        tracing::warn!("{place}: {note}");
    }
    let rows = sources.iter().map(PinnedSource::rows).sum();
    Ok(Pinned { sources, rows })
}

pub(crate) fn check_not_too_late(pinned: &[PinnedSource], plan: &RunPlan) -> driftline_lake::Result<()> {
    let by_footers = || pinned.iter().filter_map(|source| source.days).map(|days| days.0).min();
    match plan.first_sale.or_else(by_footers) {
        Some(first) if first >= plan.as_of => Err(driftline_lake::Error::SourceTooLate {
            market: plan.market.to_string(),
            first: first.to_string(),
            as_of: plan.as_of.to_string(),
        }),
        _ => Ok(()),
    }
}

/// What was noticed of the files of the exports, one sentence each.
pub(crate) fn file_notes(pinned: &[PinnedSource]) -> Vec<String> {
    let of_sources = pinned
        .iter()
        .flat_map(|source| source.notes.iter().map(|note| format!("{}: {note}", source.name.replace('_', " "))));
    of_sources.collect()
}

/// Every object that was read, with the version that was read.
pub(crate) fn inputs(pinned: &[PinnedSource]) -> Result<Vec<serde_json::Value>> {
    let objects = pinned.iter().flat_map(|source| &source.objects);
    objects.map(|object| serde_json::to_value(object).map_err(Error::from)).collect()
}
