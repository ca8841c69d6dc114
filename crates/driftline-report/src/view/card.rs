//! A persona's card: what sets it apart, its changes, what facets say of it.

use driftline_core::drift::change::Change;
use driftline_core::personas::Persona;
use driftline_core::report::Report;
use driftline_core::tables::profile::FeatureTilt;
use serde::Serialize;

use crate::chart;
use crate::facet_view::{BlockView, blocks};

/// A persona with what its card draws.
#[derive(Clone, Debug, Serialize)]
pub struct Card<'a> {
    pub persona: &'a Persona,
    /// Its lines of the report's changes.
    pub changes: Vec<&'a Change>,
    /// What it differs in by at least `APART_MIN`, most first.
    pub tilts: Vec<Tilt<'a>>,
    /// Labels of the features in which it is much like everyone; those that do not vary at all are left out.
    pub like_everyone: Vec<&'a str>,
    /// What the facets say, by block.
    pub blocks: Vec<BlockView<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Tilt<'a> {
    pub tilt: &'a FeatureTilt,
    pub is_above: bool,
    pub svg: String,
}

/// Standard deviations below which nothing sets a persona apart: a small effect by Cohen (1988), *Statistical power analysis*, p. 25.
const APART_MIN: f64 = 0.2;

impl<'a> Card<'a> {
    pub(super) fn new(persona: &'a Persona, report: &'a Report) -> Self {
        let everywhere = report.personas.personas.iter().flat_map(|persona| &persona.tilts);
        let most = everywhere.map(|tilt| tilt.tilt.abs()).fold(0.0, f64::max);
        let mut tilts: Vec<&FeatureTilt> = persona.tilts.iter().filter(|tilt| tilt.tilt != 0.0).collect();
        tilts.sort_by(|a, b| b.tilt.abs().total_cmp(&a.tilt.abs()).then(a.column.cmp(&b.column)));
        let (apart, alike): (Vec<_>, Vec<_>) = tilts.into_iter().partition(|tilt| tilt.tilt.abs() >= APART_MIN);
        Self {
            persona,
            changes: report.changes.iter().filter(|change| change.subject == persona.key).collect(),
            tilts: apart
                .into_iter()
                .map(|tilt| Tilt { tilt, is_above: tilt.tilt > 0.0, svg: chart::tilt(tilt.tilt, most) })
                .collect(),
            like_everyone: alike.into_iter().map(|tilt| tilt.label.as_str()).collect(),
            blocks: blocks(&report.facets, persona),
        }
    }
}
