//! Step 12: personas of the segments, with what is known of their risks, values and costs.

use std::collections::BTreeMap;

use driftline_core::facets::Facet;
use driftline_core::personas::acquisition::AcquisitionCosts;
use driftline_core::personas::lineage::Continuity;
use driftline_core::personas::{self, PersonaSet};
use driftline_core::report::{Models, Status};
use driftline_core::tables::profile::{OTHER_SEGMENT, SegmentProfile};
use driftline_lake::read;

use crate::error::{InPlace, Result};
use crate::run::compute::Computed;
use crate::run::outlook::{Ranges, Reasons};
use crate::run::read::Tables;
use crate::run::recall::{Baselines, Recalled};
use crate::run::score::Scored;
use crate::run::segment::{Called, Segmented};
use crate::run::task::Task;
use crate::run::{acquisition, facets};

/// The personas of a market, and all that they were described from.
pub(crate) struct Described {
    pub(crate) scored: Scored,
    pub(crate) tables: Tables,
    pub(crate) personas: PersonaSet,
    pub(crate) facets: Vec<Facet>,
    pub(crate) acquisition: AcquisitionCosts,
    /// With the ranges of their sums.
    pub(crate) models: Models,
}

/// Describes the segments.
///
/// # Errors
/// `Error::Lake` if the forecasts of everyone cannot be read.
pub(crate) async fn describe(
    task: &Task<'_>,
    baselines: &Baselines,
    computed: &Computed,
    scored: Scored,
    mut tables: Tables,
) -> Result<Described> {
    let mut personas = personas(task, baselines, &scored, &tables);
    attach_outlook(&mut personas, &scored.reasons, &scored.ranges);
    let mut models = scored.fitted.models.clone();
    let everyone = tables.profiles.iter().find(|profile| profile.segment == EVERYONE);
    models.value_range =
        everyone.and_then(|profile| profile.value).and_then(|value| scored.ranges.year(EVERYONE, value));
    if let Some(model) = &mut models.forecast {
        let all = read::next_period_of_everyone(&computed.lake).await.in_place(&task.place())?;
        model.next_period = scored.ranges.next_of_everyone(all);
    }
    let facets = facets::attach(task, baselines, &scored, &mut tables, &mut personas);
    facets::build(task, baselines, computed, (&facets, &personas)).await?;
    let acquisition = acquisition::attach(task, &tables.economics, &tables.profiles, &models, &mut personas);
    Ok(Described { scored, tables, personas, facets, acquisition, models })
}

/// The segment that stands for all active customers.
const EVERYONE: u32 = 0;

fn attach_outlook(personas: &mut PersonaSet, reasons: &Reasons, ranges: &Ranges) {
    for persona in &mut personas.personas {
        persona.risk_reasons = reasons.get(&persona.segment).cloned().unwrap_or_default();
        persona.value_range = ranges.year(persona.segment, persona.value.unwrap_or_default());
        persona.next_period = persona.next_period.and_then(|next| ranges.next(persona.segment, next.value));
    }
    if let Some(other) = &mut personas.other {
        other.value_range = ranges.year(OTHER_SEGMENT, other.value.unwrap_or_default());
        other.next_period = other.next_period.and_then(|next| ranges.next(OTHER_SEGMENT, next.value));
    }
}

/// Personas of the segments' profiles.
fn personas(task: &Task<'_>, baselines: &Baselines, scored: &Scored, tables: &Tables) -> PersonaSet {
    let (context, plan, fitted) = (task.context, task.plan, &scored.fitted);
    let (status, segmented) = (fitted.status, fitted.segmented.as_deref());
    let (empty_tilts, empty_stability) = (BTreeMap::new(), BTreeMap::new());
    let nothing = Called::default();
    let called = segmented.map_or(&nothing, |segmented| &segmented.called);
    let adopted = adopted(status, baselines.parent.as_ref());
    let previous = baselines.previous.as_ref().map(|recalled| &recalled.report.personas);
    personas::describe(
        &shown(&tables.profiles, segmented),
        &personas::Context {
            market: plan.market.as_str(),
            period: plan.period,
            revision: task.revision(),
            previous: previous.filter(|_| status != Status::NotEnoughData),
            replaced: baselines.replaced.as_ref().map(|last| (&last.report.personas, tables.moved.as_slice())),
            flows: tables.flows.as_deref().unwrap_or(&[]),
            tilts: segmented.map_or(&empty_tilts, |segmented| &segmented.tilts),
            stability: segmented.map_or(&empty_stability, |segmented| &segmented.stability),
            typical: &called.typical,
            names: &called.names,
            own_named: &called.own_named,
            rules: &called.rules,
            own_names: &context.names.0,
            continuity: continuity(segmented, previous),
            events: segmented.map_or(&[], |segmented| &segmented.model.events),
            thresholds: &context.job.lineage,
            priority: &context.job.priority,
            floor: context.job.personas,
            provisional: status == Status::Provisional,
            adopted: adopted.as_ref(),
            has_acquisition_costs: !tables.economics.rows.is_empty(),
            has_few_objectors: tables.totals.few_objectors(context.job.personas.min_cell).is_some(),
            margins: &tables.economics.margins,
        },
    )
}

/// Without segments there is nothing to describe: only everyone's profile is left.
fn shown(profiles: &[SegmentProfile], segmented: Option<&Segmented>) -> Vec<SegmentProfile> {
    profiles.iter().filter(|profile| segmented.is_some() || profile.segment == EVERYONE).cloned().collect()
}

/// Keys and names of the parent market's personas, where its model stands in.
fn adopted(status: Status, parent: Option<&Recalled>) -> Option<BTreeMap<u32, (String, String)>> {
    let parent = parent.filter(|_| status == Status::Provisional)?;
    let personas = parent.report.personas.personas.iter();
    Some(personas.map(|persona| (persona.segment, (persona.key.clone(), persona.label.clone()))).collect())
}

fn continuity(segmented: Option<&Segmented>, previous: Option<&PersonaSet>) -> Continuity {
    let is_known = previous.is_some_and(|previous| !previous.personas.is_empty());
    match segmented.map(|segmented| segmented.continuity) {
        // Personas of before without a model to go on from.
        Some(Continuity::First) if is_known => Continuity::Redrawn,
        found => found.unwrap_or(Continuity::First),
    }
}
