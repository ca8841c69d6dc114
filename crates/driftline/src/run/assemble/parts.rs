//! All that a report is made from.

use driftline_core::drift::history::PastChanges;
use driftline_core::facets::Facet;
use driftline_core::personas::PersonaSet;
use driftline_core::personas::acquisition::AcquisitionCosts;
use driftline_core::personas::tree::FamilyTree;
use driftline_core::report::{AttributeDrift, Models, Quality, Report, Status};
use driftline_lake::read::Base;

use crate::run::read::Tables;
use crate::setup::job::Job;
use crate::setup::plan::RunPlan;

/// All that is known about one market and period when the tables are read.
pub(crate) struct Parts<'a> {
    pub(crate) job: &'a Job,
    pub(crate) plan: &'a RunPlan,
    pub(crate) revision: u32,
    pub(crate) reason: Option<String>,
    pub(crate) content_id: String,
    pub(crate) status: Status,
    pub(crate) base: &'a Base,
    pub(crate) tables: Tables,
    pub(crate) previous: Option<&'a Report>,
    pub(crate) year_before: Option<&'a Report>,
    /// Reports of the periods before, whose changes say what is usual.
    pub(crate) history: PastChanges,
    pub(crate) tree: FamilyTree,
    pub(crate) attribute_drift: Vec<AttributeDrift>,
    pub(crate) facets: Vec<Facet>,
    pub(crate) personas: PersonaSet,
    pub(crate) acquisition: AcquisitionCosts,
    pub(crate) models: Models,
    pub(crate) quality: Quality,
}

/// What of it may be shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    /// Whether there are enough customers to say anything.
    pub(crate) visible: bool,
    /// Whether it can be compared with last period.
    pub(crate) comparable: bool,
}

impl Shown {
    pub(crate) fn of(parts: &Parts<'_>) -> Self {
        let min_cell = parts.job.personas.min_cell;
        let visible = parts.base.active >= min_cell && parts.tables.totals.customers >= min_cell;
        let is_whole = |previous: &Report| previous.partial.is_none() && previous.totals.is_some();
        let comparable = visible && parts.plan.partial.is_none() && parts.previous.is_some_and(is_whole);
        Self { visible, comparable }
    }
}
