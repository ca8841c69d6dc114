//! What a revision changed of the one that it replaces: objects of the exports, definitions, figures.

use std::collections::BTreeMap;

use driftline_core::report::revision::{self, Moved, RevisionEvidence};
use driftline_core::report::{Part, PartChange, Report, RevisionChanges, SourceChange};
use driftline_lake::source::PinnedObject;
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::run::recall::Recalled;
use crate::setup::job::Job;

/// An object of the exports that is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ObjectChange {
    pub source: String,
    pub object: String,
    /// Absent if it appeared.
    pub before: Option<PinnedObject>,
    /// Absent if it vanished.
    pub now: Option<PinnedObject>,
}

/// The section of a revision's report.
///
/// # Errors
/// `Error::Json` if a publication's inputs cannot be read.
pub(crate) fn changes(
    replaced: &Recalled,
    report: &Report,
    moved: Vec<Moved>,
    inputs: &[Value],
) -> Result<RevisionChanges> {
    let (before, now) = (objects(&replaced.publication.inputs)?, objects(inputs)?);
    let sources = sources(&before, &now);
    let parts = parts(&replaced.report, report, &sources);
    Ok(revision::compare(&replaced.report, report, RevisionEvidence { moved, sources, parts }))
}

/// Refuses a revision that differs from the one before by the data of a few: whoever has both reports could subtract them.
///
/// # Errors
/// `Error::RevisionOfFew`, unless the job says that such revisions are published.
pub(crate) fn check_not_of_few(job: &Job, place: &str, replaced: &Recalled, moved: &[Moved]) -> Result<()> {
    let (changed, min_cell) = (moved.iter().map(|row| row.changed_customers).sum::<u64>(), job.personas.min_cell);
    if job.privacy.revisions_of_few || !(1..min_cell).contains(&changed) {
        return Ok(());
    }
    Err(Error::RevisionOfFew { place: place.to_owned(), last: replaced.publication.revision, min_cell })
}

/// The inputs of a publication.
///
/// # Errors
/// `Error::Json` if they are no objects of exports.
pub(crate) fn objects(inputs: &[Value]) -> Result<Vec<PinnedObject>> {
    Ok(inputs.iter().map(|input| serde_json::from_value(input.clone())).collect::<serde_json::Result<_>>()?)
}

/// Objects that are in another version, new or gone, by source and name.
pub(crate) fn object_changes(before: &[PinnedObject], now: &[PinnedObject]) -> Vec<ObjectChange> {
    let mut both: BTreeMap<(&str, &str), [Option<&PinnedObject>; 2]> = BTreeMap::new();
    for (place, objects) in [before, now].into_iter().enumerate() {
        for object in objects {
            both.entry((&object.source, &object.object)).or_default()[place] = Some(object);
        }
    }
    both.into_iter()
        .filter(|(_, [before, now])| before != now)
        .map(|((source, object), [before, now])| ObjectChange {
            source: source.to_owned(),
            object: object.to_owned(),
            before: before.cloned(),
            now: now.cloned(),
        })
        .collect()
}

/// The same by source, counted.
fn sources(before: &[PinnedObject], now: &[PinnedObject]) -> Vec<SourceChange> {
    let mut sources: BTreeMap<String, SourceChange> = BTreeMap::new();
    for change in object_changes(before, now) {
        let source = sources.entry(change.source.clone()).or_default();
        match (&change.before, &change.now) {
            (Some(_), Some(_)) => source.changed += 1,
            (None, _) => source.appeared += 1,
            (_, None) => source.vanished += 1,
        }
    }
    let rows = |objects: &[PinnedObject], name: &str| {
        objects.iter().filter(|object| object.source == name).map(|object| object.rows).sum()
    };
    sources
        .into_iter()
        .map(|(name, change)| SourceChange {
            rows_before: rows(before, &name),
            rows_now: rows(now, &name),
            source: name,
            ..change
        })
        .collect()
}

/// What else is not what it was. A report from before there were fingerprints says only which program wrote it.
fn parts(old: &Report, new: &Report, sources: &[SourceChange]) -> Vec<PartChange> {
    let recorded = |part: Part| match part {
        Part::Program => Some(old.program_version.clone()),
        part => old.quality.fingerprints.get(&part).cloned(),
    };
    new.quality
        .fingerprints
        .iter()
        .map(|(part, now)| PartChange {
            part: *part,
            label: part.label().to_owned(),
            before: recorded(*part),
            now: now.clone(),
        })
        .filter(|change| match change.part {
            // Other days from the same objects are another reading of them: the models'.
            Part::Exports => !sources.is_empty(),
            _ => change.before.as_ref() != Some(&change.now),
        })
        .collect()
}
