//! Facets of a run: counted by the lake, told by core, and published as a table.

use std::collections::BTreeMap;

use driftline_core::basics::period::year_before;
use driftline_core::facets::compare::{Earlier, Given, tell as tell_all};
use driftline_core::facets::count::Counted;
use driftline_core::facets::{Answer, Facet};
use driftline_core::personas::{PersonaSet, gaps};
use driftline_core::report::{Report, Status};
use driftline_core::tables::profile::SegmentProfile;
use driftline_lake::{Lake, facets, fitted};

use crate::plan::RunPlan;
use crate::recall::Recalled;
use crate::room::Room;

/// Counts every facet of the project by segment.
pub(crate) async fn count(lake: &Lake, profiles: &[SegmentProfile]) -> driftline_lake::Result<Vec<(Facet, Counted)>> {
    facets::count(lake, &sizes(profiles)).await
}

/// Customers by segment, everyone (0) among them.
fn sizes(profiles: &[SegmentProfile]) -> BTreeMap<u32, u64> {
    profiles.iter().map(|profile| (profile.segment, profile.customers)).collect()
}

/// What may be told of the facets, against last period and a year ago (`earlier`, in this order); what they say of a persona
/// goes to its card, and what they cannot say to its gaps.
pub(crate) fn tell(
    counted: Vec<(Facet, Counted)>,
    room: &Room,
    plan: &RunPlan,
    earlier: [Option<&Recalled>; 2],
    profiles: &[SegmentProfile],
    personas: &mut PersonaSet,
    status: Status,
) -> Vec<Facet> {
    if status == Status::NotEnoughData {
        return Vec::new();
    }
    let keys = personas.personas.iter().map(|persona| (persona.segment, persona.key.clone())).collect();
    let reports = earlier.map(|recalled| recalled.map(|recalled| &recalled.report));
    let answers = reports.map(|report| report.map_or_else(BTreeMap::new, answers_of));
    let is_same = !personas.is_redrawn;
    let [last, year_ago] = [0, 1].map(|which: usize| Some(told_by(reports[which]?, &answers[which], plan, is_same)));
    let min_cell = room.job.file.personas.min_cell;
    let mut told = tell_all(Given { counted, sizes: &sizes(profiles), keys: &keys, min_cell, last, year_ago });
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

/// Gives `fitted.persona_facets`: what is told, as rows.
pub(crate) fn register(lake: &Lake, told: &[Facet], personas: &PersonaSet) -> driftline_lake::Result<()> {
    let of_everyone = told.iter().flat_map(|facet| &facet.everyone).map(|answer| (None, answer));
    let of_personas = personas
        .personas
        .iter()
        .flat_map(|persona| persona.facets.iter().map(move |answer| (Some(persona.key.as_str()), answer)));
    fitted::give_persona_facets(lake, &of_everyone.chain(of_personas).collect::<Vec<_>>())
}
