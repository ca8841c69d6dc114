//! What a publication says of itself: where its figures come from, and the hash of all that they follow from.

use std::collections::BTreeMap;

use driftline_core::report::{Quality, Report};
use driftline_core::revision::Part;
use driftline_lake::source::PinnedSource;
use driftline_lake::{Lake, content};

use crate::error::{Error, Result};
use crate::plan::RunPlan;
use crate::recall::Recalled;
use crate::room::Room;

/// Hash of everything that the figures and words follow from; run ids, object names and times are not in it.
pub(crate) fn content_id(
    room: &Room,
    plan: &RunPlan,
    lake: &Lake,
    previous: Option<&Recalled>,
    replaced: Option<&Recalled>,
    warnings: &[String],
) -> String {
    let mut parts: Vec<String> = lake.published().into_iter().filter_map(|table| table.content).collect();
    parts.push(room.job.definition.clone());
    parts.extend(room.graph.models.values().map(|model| model.sql.clone()));
    parts.push(room.templates.text(room.job.locale(&plan.market)));
    parts.push(room.notes.1.clone());
    parts.push(room.names.1.clone());
    parts.push(env!("CARGO_PKG_VERSION").to_owned());
    parts.push(format!("{} {} {}", plan.market, plan.period, plan.as_of));
    parts.extend(previous.map(|recalled| recalled.report.content_id.clone()));
    // A revision also says what it changed, and why.
    parts.extend(replaced.map(|recalled| recalled.report.content_id.clone()));
    parts.extend(room.revise.clone());
    parts.extend(warnings.iter().cloned());
    content::sha256(parts.join("\n").as_bytes())[..32].to_owned()
}

/// Hash of every customer's days before a day (`read::past_id`) and of the definitions that they are read by: while it is the
/// same, a period computed again with the same models is what it was.
pub(crate) fn past_id(room: &Room, days: &str) -> String {
    let mut parts = vec![days.to_owned(), room.job.definition.clone()];
    parts.extend(room.graph.models.values().map(|model| model.sql.clone()));
    parts.push(env!("CARGO_PKG_VERSION").to_owned());
    content::sha256(parts.join("\n").as_bytes())[..32].to_owned()
}

/// Hash or version of each thing that a report follows from, so that a revision can say which of them changed; `days` is the
/// hash of every customer's days before as-of.
pub(crate) fn fingerprints(
    room: &Room,
    plan: &RunPlan,
    days: &str,
    previous: Option<&Recalled>,
) -> BTreeMap<Part, String> {
    let hash = |text: &str| content::sha256(text.as_bytes())[..16].to_owned();
    let base = previous.map(|last| format!("{} revision {}", last.report.period, last.publication.revision));
    BTreeMap::from([
        (Part::Exports, hash(days)),
        (Part::Job, hash(&room.job.definition)),
        (Part::Models, models_hash(room)),
        (Part::Program, env!("CARGO_PKG_VERSION").to_owned()),
        (Part::ComparedWith, base.unwrap_or_else(|| "nothing".to_owned())),
        (Part::Templates, hash(&room.templates.text(room.job.locale(&plan.market)))),
        (Part::Notes, hash(&format!("{}{}", room.notes.1, room.names.1))),
    ])
}

/// Hash of the SQL models.
pub(crate) fn models_hash(room: &Room) -> String {
    let models: Vec<&str> = room.graph.models.values().map(|model| model.sql.as_str()).collect();
    content::sha256(models.join("\n").as_bytes())[..16].to_owned()
}

/// Rows, columns and days of the exports, and what was not there.
pub(crate) fn quality(
    room: &Room,
    plan: &RunPlan,
    pinned: &[PinnedSource],
    totals: &driftline_core::profile::MarketTotals,
    audits: usize,
) -> Quality {
    let rows = |source: &PinnedSource| source.objects.iter().map(|object| object.rows).sum::<u64>();
    let plain = |name: &str| name.trim_start_matches("stg_").replace('_', " ");
    let mut absent: Vec<String> =
        room.graph.absent.iter().filter(|name| *name != "stg_cancelled_sales").map(|name| plain(name)).collect();
    absent.extend(pinned.iter().filter(|source| source.metas.is_empty()).map(|source| source.name.replace('_', " ")));
    Quality {
        source_rows: pinned.iter().map(|source| (source.name.clone(), rows(source))).collect(),
        sources_not_available: absent,
        ignored_columns: pinned
            .iter()
            .filter(|source| !source.ignored_columns.is_empty())
            .map(|source| (source.name.clone(), source.ignored_columns.clone()))
            .collect(),
        unidentified_gross_share: totals.unidentified_gross.ratio(totals.gross),
        audits_passed: audits as u64,
        export_notes: plan.notes.iter().cloned().chain(file_notes(pinned)).collect(),
        warnings: Vec::new(),
        past_id: None,
        fingerprints: BTreeMap::new(),
        complete_from: plan.complete_from,
        complete_until: plan.complete_until,
    }
}

/// What was noticed of the files of the exports, one sentence each.
pub(crate) fn file_notes(pinned: &[PinnedSource]) -> Vec<String> {
    let of_sources = pinned
        .iter()
        .flat_map(|source| source.notes.iter().map(|note| format!("{}: {note}", source.name.replace('_', " "))));
    of_sources.collect()
}

/// Every object that was read, with the version that was read.
pub(crate) fn inputs(pinned: &[PinnedSource]) -> Result<Vec<serde_json::Value>> {
    let objects = pinned.iter().flat_map(|source| &source.objects);
    objects.map(|object| serde_json::to_value(object).map_err(Error::from)).collect()
}

/// A folder that no other run uses; it is in no table, report or mail body but the link to the report.
pub(crate) fn run_name(room: &Room, report: &Report) -> String {
    format!("r{:06}-{}-{}", report.revision, &report.content_id[..12], room.now.timestamp_millis())
}
