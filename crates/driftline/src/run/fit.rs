//! Step 8: models of value and of segments, from the lake's tables to parameters that SQL scores with.

use driftline_core::naming;
use driftline_core::naming::own::OwnName;
use driftline_core::persona::PersonaSet;
use driftline_core::report::{Models, Status};
use driftline_core::sentence::Words;
use driftline_lake::read::PublishedCustomer;
use driftline_lake::{Lake, fitted, read};
use driftline_stats::pool::Pool;

use crate::run::recall::Recalled;
use crate::run::segment::{self, Calling, Fit, Items, Last, Least, People, Segmented, items_of};
use crate::run::value;
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;

/// The purchase and the spend model, by the tier of the market, with what a small one is pulled to.
pub(crate) async fn fit_value(
    context: &JobContext,
    lake: &Lake,
    base: &read::Base,
    pool: &[Recalled],
) -> driftline_lake::Result<(Models, Option<Pool>)> {
    let histories = read::purchase_histories(lake).await?;
    let spends = read::spend_histories(lake).await?;
    let returns = read::returns(lake).await?;
    let (models, pool) = value::fit(base, &histories, &spends, returns, &context.job.file.value, pool);
    let fitted = match (&models.purchase, &models.spend) {
        (Some(purchase), Some(spend)) => Some((&purchase.model, &spend.model, returns)),
        _ => None,
    };
    fitted::register_models(lake, fitted)?;
    Ok((models, pool))
}

/// Own segments, a parent's, or none: by the number of active customers.
pub(crate) async fn fit_segments(
    context: &JobContext,
    plan: &RunPlan,
    lake: &Lake,
    base: &read::Base,
    previous: Option<(&Recalled, &[PublishedCustomer])>,
    parent: Option<&Recalled>,
) -> driftline_lake::Result<(Status, Option<Segmented>)> {
    let small = &context.job.file.small_markets;
    let settings = context.job.file.segments.clone();
    let least = Least::of(&context.job);
    let mut people = People::read(lake, plan, &settings).await?;
    let parent_model = parent.and_then(|parent| parent.report.models.segments.as_ref());
    let usable_parent = parent_model.filter(|model| people.can_use(model));
    let status = match usable_parent {
        _ if base.active >= small.own_from => Status::Full,
        Some(_) if base.active >= small.provisional_from => Status::Provisional,
        _ => Status::NotEnoughData,
    };
    let adopted = usable_parent.filter(|_| status == Status::Provisional).cloned();
    let last = previous
        .filter(|_| status != Status::NotEnoughData)
        .and_then(|(recalled, published)| Some((&recalled.report, recalled.report.models.segments.clone()?, published)))
        .map(|(report, model, published)| (report.as_of, report.status == status, model, published.to_vec()));
    let items = if settings.shares { read::top_items(lake, settings.items_max).await? } else { Items::new() };
    let models = last.iter().map(|(_, _, model, _)| model).chain(adopted.iter());
    let of_models: Vec<Items> = models.map(|model| items_of(&model.habits)).collect();
    let named = names_items(&items, previous.map(|(recalled, _)| &recalled.report.personas), &context.names.0);
    for items in of_models.iter().chain([&items, &named]) {
        people.add_items(lake, items).await?;
    }
    let (period, as_of) = (plan.period, plan.as_of);
    let months = f64::from(context.job.file.period.kind().months());
    let calling = Calling {
        market: plan.market.to_string(),
        words: Words { locale: context.job.locale(&plan.market), currency: context.job.file.currency.clone() },
        min_cell: context.job.file.personas.min_cell,
        own: context.names.0.clone(),
        before: previous.map(|(recalled, _)| recalled.report.personas.clone()),
    };
    let segmented = beside(move || {
        let calling = &calling;
        let fit =
            Fit { people: &people, items: &items, named: &named, period, months, least, settings: &settings, calling };
        let last = last.as_ref().map(|(then, is_own, model, published)| Last {
            model,
            is_own: *is_own,
            published,
            months: (as_of - *then).num_days() as f64 / 30.4375,
        });
        match (status, &adopted) {
            (Status::Full, _) => Some(segment::fit(&fit, last.as_ref())),
            (Status::Provisional, Some(model)) => Some(segment::adopt(&fit, model, last.as_ref())),
            _ => None,
        }
    })
    .await;
    match &segmented {
        Some(found) => {
            fitted::register_segments(lake, &found.keys, &found.assigned, &found.rates)?;
            fitted::register_item_shares(lake, &found.keys, &found.called.items)?;
        }
        None => {
            fitted::register_segments(lake, &[], &[], &[])?;
            fitted::register_item_shares(lake, &[], &[])?;
        }
    }
    Ok((status, segmented))
}

/// The items that names may speak of: those that are bought most now, and those of last period's names and of the company's own rules.
fn names_items(items: &Items, last: Option<&PersonaSet>, own: &[OwnName]) -> Items {
    let claims = last.into_iter().flat_map(|set| &set.personas).flat_map(|persona| &persona.claims);
    let mut named = items.clone();
    for (habit, more) in naming::items_of(claims, own) {
        if let Some(known) = named.get_mut(&habit) {
            let new: Vec<String> = more.into_iter().filter(|item| !known.contains(item)).collect();
            // The rest stays last.
            let rest = known.pop();
            known.extend(new.into_iter().chain(rest));
        }
    }
    named
}

/// Computes on a thread of its own, so that the caller may wait for other things at the same time.
pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
