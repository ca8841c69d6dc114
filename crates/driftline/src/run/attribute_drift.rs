//! Step 13: how columns of everyone and of each persona drifted.

use driftline_core::basics::period::year_before;
use driftline_core::personas::{self, PersonaSet};
use driftline_core::report::{AttributeDrift, DriftedColumn, Report};
use driftline_lake::Lake;
use driftline_lake::profile_drift::{COLUMNS, Group, profile_drift};

use crate::setup::plan::RunPlan;

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
        let group = |now: &personas::Persona| {
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
