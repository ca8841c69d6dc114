//! Step 13: puts what was described beside what was published before.

use driftline_core::personas::carried_notes;
use driftline_core::personas::tree::grow;
use driftline_core::report::{Quality, Report, past};
use driftline_core::tables::moved::Moved;

use crate::error::{InPlace, Result};
use crate::run::assemble::{self, Parts};
use crate::run::attribute_drift::attribute_drift;
use crate::run::compute::Computed;
use crate::run::describe::Described;
use crate::run::outlook;
use crate::run::pin::inputs;
use crate::run::recall::Baselines;
use crate::run::record::{content_id, fingerprints, past_id, quality};
use crate::run::revised;
use crate::run::task::Task;

/// Compares, and puts all of it into one report.
///
/// # Errors
/// `Error::Bridge` if a bridge does not close, `Error::RevisionOfFew` for a revision that would give a few customers away.
pub(crate) async fn compare(
    task: &Task<'_>,
    baselines: &Baselines,
    computed: &Computed,
    mut described: Described,
) -> Result<Report> {
    let (context, plan, lake, place) = (task.context, task.plan, &computed.lake, task.place());
    let past = &described.scored.fitted.past.reports;
    if let Some(card) = &mut described.tables.scorecard {
        outlook::count_past_ranges(card, past);
    }
    let before = past.iter().rev().map(|report| (report.period, &report.personas));
    let tree = grow(before.chain([(plan.period, &described.personas)]));
    carried_notes::attach(&mut described.personas, &tree, &context.notes.0, plan.as_of);
    let previous = baselines.previous.as_ref().map(|recalled| &recalled.report);
    let year = baselines.year_over().map(|recalled| &recalled.report);
    let attribute_drift = attribute_drift(lake, plan, previous, year, &described.personas).await.in_place(&place)?;
    let (content_id, quality) = of_itself(task, baselines, computed, &described);
    let Described { scored, mut tables, personas, facets, acquisition, models } = described;
    let moved = std::mem::take(&mut tables.moved);
    let mut report = assemble::report(Parts {
        job: &context.job,
        plan,
        revision: task.revision(),
        reason: context.revise.clone(),
        content_id,
        status: scored.fitted.status,
        base: &computed.base,
        tables,
        previous,
        year_before: baselines.year_before.as_ref().map(|recalled| &recalled.report),
        attribute_drift,
        facets,
        history: past::history(plan.period, &scored.fitted.past.reports),
        tree,
        personas,
        acquisition,
        models,
        quality,
    })?;
    add_revision_changes(task, baselines, (computed, moved), &mut report)?;
    Ok(report)
}

/// What the report says of itself: the hash of all that it follows from, and how good that is.
fn of_itself(task: &Task<'_>, baselines: &Baselines, computed: &Computed, described: &Described) -> (String, Quality) {
    let days = &described.scored.fitted.days;
    let quality = Quality {
        warnings: computed.warnings.clone(),
        past_id: Some(past_id(task.context, days)),
        fingerprints: fingerprints(task.context, task.plan, days, baselines.previous.as_ref()),
        ..quality(task, &computed.pinned.sources, &described.tables)
    };
    (content_id(task, baselines, computed), quality)
}

/// Of a revision, what it changed of the one before.
fn add_revision_changes(
    task: &Task<'_>,
    baselines: &Baselines,
    (computed, moved): (&Computed, Vec<Moved>),
    report: &mut Report,
) -> Result<()> {
    let Some(replaced) = &baselines.replaced else { return Ok(()) };
    let place = task.place();
    revised::check_not_of_few(&task.context.job, &place, replaced, &moved)?;
    report.revision_changes = Some(revised::changes(replaced, report, moved, &inputs(&computed.pinned.sources)?)?);
    Ok(())
}
