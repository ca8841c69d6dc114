//! Facets of a run: counted by the lake, told by core, and built as a table.

use std::collections::{BTreeMap, BTreeSet};

use driftline_core::basics::period::year_before;
use driftline_core::facets::compare::{Earlier, Given, tell};
use driftline_core::facets::count::Counted;
use driftline_core::facets::{Answer, Facet};
use driftline_core::personas::{PersonaSet, gaps};
use driftline_core::report::{Report, Status};
use driftline_core::tables::profile::SegmentProfile;
use driftline_lake::after::After;
use driftline_lake::{Lake, facets, fitted};

use crate::error::{InPlace, Result};
use crate::run::compute::Computed;
use crate::run::read::Tables;
use crate::run::recall::Baselines;
use crate::run::score::Scored;
use crate::run::task::Task;
use crate::setup::plan::RunPlan;

/// Counts every facet of the project by segment.
pub(crate) async fn count(lake: &Lake, profiles: &[SegmentProfile]) -> driftline_lake::Result<Vec<(Facet, Counted)>> {
    facets::count(lake, &sizes(profiles)).await
}

/// Customers by segment, everyone (0) among them.
fn sizes(profiles: &[SegmentProfile]) -> BTreeMap<u32, u64> {
    profiles.iter().map(|profile| (profile.segment, profile.customers)).collect()
}

/// What may be told of the facets, against last period and a year ago; what they say of a persona goes to its card, and what they
/// cannot say to its gaps. Nothing where there are too few customers to say anything.
pub(crate) fn attach(
    task: &Task<'_>,
    baselines: &Baselines,
    scored: &Scored,
    tables: &mut Tables,
    personas: &mut PersonaSet,
) -> Vec<Facet> {
    let counted = std::mem::take(&mut tables.counted);
    if scored.fitted.status == Status::NotEnoughData {
        return Vec::new();
    }
    let keys = personas.personas.iter().map(|persona| (persona.segment, persona.key.clone())).collect();
    let earlier = [baselines.previous.as_ref(), baselines.year_over()];
    let reports = earlier.map(|recalled| recalled.map(|recalled| &recalled.report));
    let answers = reports.map(|report| report.map_or_else(BTreeMap::new, answers_of));
    let is_same = !personas.is_redrawn;
    let told_by = |which: usize| Some(told_by(reports[which]?, &answers[which], task.plan, is_same));
    let [last, year_ago] = [told_by(0), told_by(1)];
    let replaced = baselines.replaced.as_ref().map(|last| last.report.facets.as_slice());
    let (sizes, min_cell) = (sizes(&tables.profiles), task.context.job.personas.min_cell);
    let mut told = tell(Given { counted, sizes: &sizes, keys: &keys, min_cell, last, year_ago, replaced });
    for persona in &mut personas.personas {
        persona.facets = told.personas.remove(&persona.segment).unwrap_or_default();
        persona.evidence.splice(0..0, gaps(&told.facets));
    }
    told.facets
}

fn answers_of(report: &Report) -> BTreeMap<&str, &[Answer]> {
    report.personas.personas.iter().map(|persona| (persona.key.as_str(), persona.facets.as_slice())).collect()
}

fn told_by<'a>(
    report: &'a Report,
    personas: &'a BTreeMap<&'a str, &'a [Answer]>,
    plan: &RunPlan,
    is_same_personas: bool,
) -> Earlier<'a> {
    Earlier {
        period: report.period,
        facets: &report.facets,
        personas,
        is_year_full: [plan.year_start(), year_before(report.as_of)].into_iter().all(|day| plan.is_covered_from(day)),
        is_period_full: plan.partial.is_none() && report.partial.is_none(),
        is_same_personas,
    }
}

/// Builds what waits for the description: the table of what is told, and marts that read it.
///
/// # Errors
/// `Error::Lake` for a mart that cannot be built or breaks its contract.
pub(crate) async fn build(
    task: &Task<'_>,
    baselines: &Baselines,
    computed: &Computed,
    (told, personas): (&[Facet], &PersonaSet),
) -> Result<()> {
    let of_everyone = told.iter().flat_map(|facet| &facet.everyone).map(|answer| (None, answer));
    let of_personas = personas
        .personas
        .iter()
        .flat_map(|persona| persona.facets.iter().map(move |answer| (Some(persona.key.as_str()), answer)));
    let rows: Vec<(Option<&str>, &Answer)> = of_everyone.chain(of_personas).collect();
    let (lake, place) = (&computed.lake, task.place());
    fitted::register_persona_facets(lake, &rows).in_place(&place)?;
    let past: BTreeSet<After> = baselines.past.iter().copied().chain([After::Described]).collect();
    lake.build(&lake.graph().targets(&past)).await.in_place(&place)
}
