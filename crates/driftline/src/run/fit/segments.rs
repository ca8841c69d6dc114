//! The segments of a market: its own, a parent's, or none.

use driftline_core::basics::locale::Words;
use driftline_core::naming;
use driftline_core::naming::own::OwnName;
use driftline_core::personas::PersonaSet;
use driftline_core::personas::segment_model::SegmentModel;
use driftline_core::report::Status;
use driftline_lake::read::{self, PublishedCustomer};
use driftline_lake::{Lake, fitted};

use crate::run::beside::beside;
use crate::run::compute::Computed;
use crate::run::recall::{Baselines, Recalled};
use crate::run::segment::{self, Calling, Fit, Items, Last, Least, People, Segmented, items_of};
use crate::run::task::Task;

/// Last period's model, on a thread of its own.
struct LastModel {
    as_of: chrono::NaiveDate,
    is_own: bool,
    model: SegmentModel,
    published: Vec<PublishedCustomer>,
}

impl LastModel {
    fn of(recalled: &Recalled, status: Status, published: &[PublishedCustomer]) -> Option<Self> {
        let report = &recalled.report;
        Some(Self {
            as_of: report.as_of,
            is_own: report.status == status,
            model: report.models.segments.clone()?,
            published: published.to_vec(),
        })
    }
}

/// Own segments, a parent's, or none: by the number of active customers. `published` are last period's customers.
pub(super) async fn fit_segments(
    task: &Task<'_>,
    baselines: &Baselines,
    computed: &Computed,
    published: &[PublishedCustomer],
) -> driftline_lake::Result<(Status, Option<Segmented>)> {
    let (context, lake) = (task.context, &*computed.lake);
    let settings = context.job.segments.clone();
    let least = Least::of(&context.job);
    let mut people = People::read(lake, task.plan, &settings).await?;
    let parent_model = baselines.parent.as_ref().and_then(|parent| parent.report.models.segments.as_ref());
    let usable_parent = parent_model.filter(|model| people.can_use(model));
    let status = status(task, computed.base.active, usable_parent.is_some());
    let adopted = usable_parent.filter(|_| status == Status::Provisional).cloned();
    let last = baselines.previous.as_ref().filter(|_| status != Status::NotEnoughData);
    let last = last.and_then(|recalled| LastModel::of(recalled, status, published));
    let items = if settings.shares { read::top_items(lake, settings.items_max).await? } else { Items::new() };
    let models = last.iter().map(|last| &last.model).chain(adopted.iter());
    let of_models: Vec<Items> = models.map(|model| items_of(&model.habits)).collect();
    let calling = calling(task, baselines);
    let named = names_items(&items, calling.before.as_ref(), &context.names.0);
    for items in of_models.iter().chain([&items, &named]) {
        people.add_items(lake, items).await?;
    }
    let (period, as_of) = (task.plan.period, task.plan.as_of);
    let months = f64::from(context.job.calendar.kind().months());
    let segmented = beside(move || {
        let calling = &calling;
        let fit =
            Fit { people: &people, items: &items, named: &named, period, months, least, settings: &settings, calling };
        let last = last.as_ref().map(|last| Last {
            model: &last.model,
            is_own: last.is_own,
            published: &last.published,
            months: (as_of - last.as_of).num_days() as f64 / 30.4375,
        });
        match (status, &adopted) {
            (Status::Full, _) => Some(segment::fit(&fit, last.as_ref())),
            (Status::Provisional, Some(model)) => Some(segment::adopt(&fit, model, last.as_ref())),
            _ => None,
        }
    })
    .await;
    register(lake, segmented.as_ref())?;
    Ok((status, segmented))
}

fn status(task: &Task<'_>, active: u64, has_parent: bool) -> Status {
    let small = &task.context.job.small_markets;
    if active >= small.own_from {
        Status::Full
    } else if has_parent && active >= small.provisional_from {
        Status::Provisional
    } else {
        Status::NotEnoughData
    }
}

fn calling(task: &Task<'_>, baselines: &Baselines) -> Calling {
    let (job, market) = (&task.context.job, &task.plan.market);
    Calling {
        market: market.to_string(),
        words: Words { locale: job.locale(market), currency: job.currency.clone() },
        min_cell: job.personas.min_cell,
        own: task.context.names.0.clone(),
        before: baselines.previous.as_ref().map(|recalled| recalled.report.personas.clone()),
    }
}

fn register(lake: &Lake, segmented: Option<&Segmented>) -> driftline_lake::Result<()> {
    let Some(found) = segmented else {
        fitted::register_segments(lake, &[], &[], &[])?;
        return fitted::register_item_shares(lake, &[], &[]);
    };
    fitted::register_segments(lake, &found.keys, &found.assigned, &found.rates)?;
    fitted::register_item_shares(lake, &found.keys, &found.called.items)
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
