//! Step 4: what was published before, as far as a run needs it.

use driftline_core::Market;
use driftline_core::report::Report;
use driftline_lake::Lake;
use driftline_ledger::{Publication, Slot};

use crate::error::{Error, InPlace, Result};
use crate::plan::RunPlan;
use crate::run::Room;
use crate::scratch::Scratch;

/// What was published before, as far as this run needs it.
pub struct Recalled {
    pub publication: Publication,
    pub report: Report,
}

pub(crate) async fn recall(room: &Room, publication: Option<Publication>) -> Result<Option<Recalled>> {
    let Some(publication) = publication else { return Ok(None) };
    let place = format!("{} {} (published)", publication.market, publication.period);
    let bytes = room.ledger.read(&publication, "report.json").await.in_place(&place)?;
    let report = serde_json::from_slice(&bytes)?;
    Ok(Some(Recalled { publication, report }))
}

pub(crate) async fn recall_parent(room: &Room, plan: &RunPlan) -> Result<Option<Recalled>> {
    let Some(parent) = room.job.file.small_markets.parent.clone().filter(|parent: &Market| *parent != plan.market)
    else {
        return Ok(None);
    };
    let slot = Slot { job: room.job.name.clone(), market: parent, period: plan.period };
    let published = room.ledger.latest(&slot).await.in_place(&format!("{} {}", slot.market, slot.period))?;
    recall(room, published).await
}

/// Last period's customers, as published, become `previous.customers`.
pub(crate) async fn give_previous(
    room: &Room,
    lake: &Lake,
    publication: &Publication,
    scratch: &Scratch,
) -> Result<()> {
    let place = format!("{} {} (published)", publication.market, publication.period);
    let bytes = room.ledger.read(publication, "tables/customers.parquet").await.in_place(&place)?;
    let path = scratch.path.join("previous-customers.parquet");
    std::fs::write(&path, &bytes).map_err(|source| Error::Output { path: path.clone(), source })?;
    let schema = lake.schema_of("customers").await.in_place(&place)?;
    lake.give_file("previous", "customers", schema, &path).in_place(&place)
}
