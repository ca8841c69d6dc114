//! `driftline diff MARKET PERIOD --revisions`: what each revision changed of the one before it, and why.

use driftline_core::Minor;
use driftline_core::report::{FigureChange, Report, RevisionChanges, Unit};
use driftline_lake::source::PinnedObject;
use driftline_ledger::{Ledger, Publication, Slot};
use serde::Serialize;

use crate::command::args::Cli;
use crate::command::output::{one_line, say, say_json};
use crate::error::{Error, InPlace, Result};
use crate::run::revised::{ObjectChange, object_changes, objects};

/// One step from a revision to the next.
#[derive(Serialize)]
struct Step {
    from_revision: u32,
    to_revision: u32,
    published_at: String,
    reason: Option<String>,
    /// Objects of the exports in another version, new or gone.
    objects: Vec<ObjectChange>,
    /// As the later revision's report says it; absent if a program published it that did not say so yet.
    changes: Option<RevisionChanges>,
}

pub(super) async fn execute(cli: &Cli, ledger: &Ledger, slot: &Slot) -> Result<()> {
    let place = format!("{} {}", slot.market, slot.period);
    let mut published = Vec::new();
    for revision in ledger.revisions(slot).await.in_place(&place)? {
        published.push(ledger.publication(slot, revision).await.in_place(&place)?);
    }
    if published.is_empty() {
        return Err(Error::NotPublished { what: format!("{place} of job {}", slot.job) });
    }
    let (mut steps, mut texts) = (Vec::new(), Vec::new());
    for pair in published.windows(2) {
        let [before, now] = pair else { continue };
        let bytes = ledger.read(now, "report.json").await.in_place(&place)?;
        let report: Report = serde_json::from_slice(&bytes)?;
        let step = step(before, now, &report)?;
        texts.extend(lines(&place, &step, &report));
        steps.push(step);
    }
    if cli.json {
        say_json(&steps)?;
        return Ok(());
    }
    texts.iter().for_each(say);
    if steps.is_empty() {
        say(format!("{place} has one revision: nothing was corrected"));
    }
    Ok(())
}

fn step(before: &Publication, now: &Publication, report: &Report) -> Result<Step> {
    Ok(Step {
        from_revision: before.revision,
        to_revision: now.revision,
        published_at: now.published_at.clone(),
        reason: now.reason.clone(),
        objects: object_changes(&objects(&before.inputs)?, &objects(&now.inputs)?),
        changes: report.revision_changes.clone(),
    })
}

fn lines(place: &str, step: &Step, report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("--- {place} (revision {})", step.from_revision),
        format!("+++ {place} (revision {}, {})", step.to_revision, step.published_at),
        format!("why: {}", one_line(step.reason.as_deref().unwrap_or("the reason was not entered"))),
    ];
    lines.extend(step.objects.iter().map(object));
    let Some(changes) = &step.changes else {
        lines.push("this revision was published by a program that did not say what changed".to_owned());
        return lines;
    };
    lines.extend(
        changes.parts.iter().map(|part| {
            format!("~ {}: {} → {}", part.label, part.before.as_deref().unwrap_or("not recorded"), part.now)
        }),
    );
    lines.extend(changes.figures.iter().chain(&changes.personas).map(|change| figure(change, report)));
    lines.extend(changes.unmatched.iter().map(|line| format!("! {}", one_line(line))));
    if changes.withheld > 0 {
        let least = report.method.min_cell;
        lines.push(format!("{} figures are not shown: fewer than {least} customers changed", changes.withheld));
    }
    lines
}

fn object(change: &ObjectChange) -> String {
    let name = format!("{} {}", one_line(&change.source), one_line(&change.object));
    let shown = |object: &PinnedObject| format!("{} rows, {} bytes", object.rows, object.size);
    match (&change.before, &change.now) {
        (Some(before), Some(now)) if (before.rows, before.size) == (now.rows, now.size) => {
            format!("~ {name}: another version with as many rows and bytes ({})", shown(now))
        }
        (Some(before), Some(now)) => format!("~ {name}: {} → {}", shown(before), shown(now)),
        (None, Some(now)) => format!("+ {name}  ({})", shown(now)),
        (Some(before), None) => format!("- {name}  ({})", shown(before)),
        (None, None) => name,
    }
}

fn figure(change: &FigureChange, report: &Report) -> String {
    let shown = |value: Option<f64>| match (value, change.unit) {
        (None, _) => "not available".to_owned(),
        (Some(value), Unit::Count) => report.locale.number(value, 0),
        (Some(value), Unit::Money) => report.locale.money(Minor(value as i64), &report.currency),
        (Some(value), Unit::Share) => report.locale.percent(value, 1),
    };
    let subject = if change.subject.is_empty() { "market" } else { &change.subject };
    let (before, now) = (shown(change.before), shown(change.now));
    format!("~ {}: {} {before} → {now}  (because of {})", one_line(subject), change.label, change.cause)
}
