//! Step 12: personas of the segments, and how their habits drifted.

use std::collections::BTreeMap;

use driftline_core::lineage::Continuity;
use driftline_core::period::year_before;
use driftline_core::persona::{self, PersonaSet};
use driftline_core::report::{AttributeDrift, DriftedColumn, Report, Status};
use driftline_core::revision::Moved;
use driftline_lake::Lake;
use driftline_lake::profile_drift::{COLUMNS, Group, profile_drift};

use crate::acquisition::Economics;
use crate::plan::RunPlan;
use crate::recall::Recalled;
use crate::room::Room;
use crate::segment::{Called, Segmented};

/// Personas of the segments' profiles.
#[expect(clippy::too_many_arguments, reason = "one step of the flow table, called once")]
pub(crate) fn describe(
    room: &Room,
    plan: &RunPlan,
    revision: u32,
    profiles: &[driftline_core::profile::SegmentProfile],
    flows: Option<&[driftline_core::profile::Flow]>,
    previous: Option<&Recalled>,
    replaced: Option<(&Recalled, &[Moved])>,
    parent: Option<&Recalled>,
    status: Status,
    segmented: Option<&Segmented>,
    economics: &Economics,
    has_few_objectors: bool,
) -> PersonaSet {
    let (empty_tilts, empty_stability) = (BTreeMap::new(), BTreeMap::new());
    let nothing = Called::default();
    let called = segmented.map_or(&nothing, |segmented| &segmented.called);
    let adopted: Option<BTreeMap<u32, (String, String)>> = match (status, parent) {
        (Status::Provisional, Some(parent)) => Some(
            parent.report.personas.personas.iter().map(|p| (p.segment, (p.key.clone(), p.label.clone()))).collect(),
        ),
        _ => None,
    };
    let has = |table: &str| !room.graph.absent.contains(table);
    // Without segments there is nothing to describe: only everyone's profile is left.
    let shown: Vec<_> = match segmented {
        Some(_) => profiles.to_vec(),
        None => profiles.iter().filter(|profile| profile.segment == 0).cloned().collect(),
    };
    let is_known = previous.is_some_and(|recalled| !recalled.report.personas.personas.is_empty());
    let continuity = match segmented.map(|segmented| segmented.continuity) {
        // Personas of before without a model to go on from.
        Some(Continuity::First) if is_known => Continuity::Redrawn,
        found => found.unwrap_or(Continuity::First),
    };
    persona::describe(
        &shown,
        &persona::Context {
            market: plan.market.as_str(),
            period: plan.period,
            revision,
            previous: previous.filter(|_| status != Status::NotEnoughData).map(|recalled| &recalled.report.personas),
            replaced: replaced.map(|(recalled, moved)| (&recalled.report.personas, moved)),
            flows: flows.unwrap_or(&[]),
            tilts: segmented.map_or(&empty_tilts, |segmented| &segmented.tilts),
            stability: segmented.map_or(&empty_stability, |segmented| &segmented.stability),
            typical: &called.typical,
            names: &called.names,
            own_named: &called.own_named,
            rules: &called.rules,
            own_names: &room.names.0,
            continuity,
            events: segmented.map_or(&[], |segmented| &segmented.model.events),
            thresholds: &room.job.file.lineage,
            priority: &room.job.file.priority,
            floor: room.job.file.personas,
            provisional: status == Status::Provisional,
            adopted: adopted.as_ref(),
            has_attributes: has("stg_customer_attributes"),
            has_contacts: has("stg_contacts"),
            has_acquisition_costs: !economics.rows.is_empty(),
            has_few_objectors,
            margins: &economics.margins,
        },
    )
}

/// Columns of everyone and of each persona against last period and against a year ago; sums over 12 months only where both
/// windows lie wholly in the exports.
pub(crate) async fn attribute_drift(
    lake: &Lake,
    plan: &RunPlan,
    previous: Option<&Report>,
    year_ago: Option<&Report>,
    personas: &PersonaSet,
) -> driftline_lake::Result<Vec<AttributeDrift>> {
    let everyone = Group { subject: "market".to_owned(), then: 0, now: 0 };
    let mut found = Vec::new();
    for (earlier, table) in [(previous, "previous.restated"), (year_ago, "previous.customers_year_before")] {
        let Some(earlier) = earlier else { continue };
        let starts = [plan.year_start(), year_before(earlier.as_of)];
        let windows_are_full = starts.into_iter().all(|start| plan.is_covered_from(start));
        let mut groups = vec![everyone.clone()];
        let before = |key: &str| earlier.personas.personas.iter().find(|persona| persona.key == key);
        let group = |now: &persona::Persona| {
            let then = before(&now.key)?.segment;
            Some(Group { subject: now.key.clone(), then, now: now.segment })
        };
        groups.extend(personas.personas.iter().filter_map(group));
        for (subject, findings) in profile_drift(lake, table, &groups, windows_are_full).await? {
            let named = personas.personas.iter().find(|persona| persona.key == subject);
            let label = |column: &str| {
                COLUMNS.iter().find(|(name, _)| *name == column).map_or(column, |(_, label)| label).to_owned()
            };
            let columns = findings.into_iter().map(|finding| DriftedColumn { label: label(&finding.column), finding });
            found.push(AttributeDrift {
                label: named.map_or_else(|| "Everyone active".to_owned(), |persona| persona.label.clone()),
                subject,
                against: earlier.period,
                columns: columns.collect(),
            });
        }
    }
    Ok(found)
}
