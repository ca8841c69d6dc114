//! Step 8: models of value and of segments, from the lake's tables to parameters that SQL scores with.

use driftline_core::report::{Models, Status};
use driftline_lake::{Lake, fitted, read};

use crate::plan::RunPlan;
use crate::recall::Recalled;
use crate::room::Room;
use crate::segment::{self, Customers, Least, Segmented};
use crate::value;

/// The purchase and the spend model, by the tier of the market.
pub(crate) async fn fit_value(
    room: &Room,
    lake: &Lake,
    base: &read::Base,
    pool: &[Recalled],
) -> driftline_lake::Result<Models> {
    let histories = read::purchase_histories(lake).await?;
    let spends = read::spend_histories(lake).await?;
    let returns = read::returns(lake).await?;
    let models = value::fit(base, &histories, &spends, returns, &room.job.file.value, pool);
    let fitted = match (&models.purchase, &models.spend) {
        (Some(purchase), Some(spend)) => Some((&purchase.model, &spend.model, returns)),
        _ => None,
    };
    fitted::give_models(lake, fitted)?;
    Ok(models)
}

/// Own segments, a parent's, or none: by the number of active customers.
pub(crate) async fn fit_segments(
    room: &Room,
    plan: &RunPlan,
    lake: &Lake,
    base: &read::Base,
    previous: Option<&Recalled>,
    parent: Option<&Recalled>,
) -> driftline_lake::Result<(Status, Option<Segmented>)> {
    let small = &room.job.file.small_markets;
    let columns = read::feature_columns(lake, &room.job.file.segments.features);
    let (keys, raw) = read::features(lake, &columns).await?;
    let settings = room.job.file.segments.clone();
    let least = Least::of(&room.job);
    let parent_model = parent.and_then(|parent| parent.report.models.segments.as_ref());
    let names: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
    let usable_parent = parent_model.filter(|model| model.columns.iter().collect::<Vec<_>>() == names);
    let status = match usable_parent {
        _ if base.active >= small.own_from => Status::Full,
        Some(_) if base.active >= small.provisional_from => Status::Provisional,
        _ => Status::NotEnoughData,
    };
    let kept = previous
        .filter(|recalled| recalled.report.status == Status::Full)
        .and_then(|recalled| recalled.report.models.segments.clone());
    let (adopted, period) = (usable_parent.cloned(), plan.period);
    let segmented = beside(move || {
        let customers = Customers { keys: &keys, raw: &raw, columns: &columns };
        match (status, adopted) {
            (Status::Full, _) => Some(segment::fit(&customers, kept.as_ref(), period, least, &settings)),
            (Status::Provisional, Some(model)) => Some(segment::adopt(&customers, &model, least, &settings)),
            _ => None,
        }
    })
    .await;
    match &segmented {
        Some(segmented) => fitted::give_segments(lake, &segmented.keys, &segmented.assigned)?,
        None => fitted::give_segments(lake, &[], &[])?,
    }
    Ok((status, segmented))
}

/// Computes on a thread of its own, so that the caller may wait for other things at the same time.
pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
