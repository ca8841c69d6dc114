//! What a publication says of itself: where its figures come from, and the hash of all that they follow from.

use std::collections::BTreeMap;

use driftline_core::report::{Part, Quality, Report};
use driftline_lake::content;
use driftline_lake::source::PinnedSource;

use crate::run::compute::Computed;
use crate::run::pin::file_notes;
use crate::run::read::Tables;
use crate::run::recall::{Baselines, Recalled};
use crate::run::task::Task;
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;

/// Hash of everything that the figures and words follow from; run ids, object names and times are not in it.
pub(crate) fn content_id(task: &Task<'_>, baselines: &Baselines, computed: &Computed) -> String {
    let (context, plan) = (task.context, task.plan);
    let mut parts: Vec<String> = computed.lake.published().into_iter().filter_map(|table| table.content).collect();
    parts.push(context.job.definition.clone());
    parts.extend(context.graph.models.values().map(|model| model.sql.clone()));
    parts.push(context.templates.text(context.job.locale(&plan.market)));
    parts.push(context.notes.1.clone());
    parts.push(context.names.1.clone());
    parts.push(env!("CARGO_PKG_VERSION").to_owned());
    parts.push(format!("{} {} {}", plan.market, plan.period, plan.as_of));
    parts.extend(baselines.previous.as_ref().map(|recalled| recalled.report.content_id.clone()));
    // A revision also says what it changed, and why.
    parts.extend(baselines.replaced.as_ref().map(|recalled| recalled.report.content_id.clone()));
    parts.extend(context.revise.clone());
    parts.extend(computed.warnings.iter().cloned());
    content::sha256(parts.join("\n").as_bytes())[..32].to_owned()
}

/// Hash of every customer's days before a day (`read::past_id`) and of the definitions that they are read by: while it is the
/// same, a period computed again with the same models is what it was.
pub(crate) fn past_id(context: &JobContext, days: &str) -> String {
    let mut parts = vec![days.to_owned(), context.job.definition.clone()];
    parts.extend(context.graph.models.values().map(|model| model.sql.clone()));
    parts.push(env!("CARGO_PKG_VERSION").to_owned());
    content::sha256(parts.join("\n").as_bytes())[..32].to_owned()
}

/// Hash or version of each thing that a report follows from, so that a revision can say which of them changed; `days` is the
/// hash of every customer's days before as-of.
pub(crate) fn fingerprints(
    context: &JobContext,
    plan: &RunPlan,
    days: &str,
    previous: Option<&Recalled>,
) -> BTreeMap<Part, String> {
    let hash = |text: &str| content::sha256(text.as_bytes())[..16].to_owned();
    let base = previous.map(|last| format!("{} revision {}", last.report.period, last.publication.revision));
    BTreeMap::from([
        (Part::Exports, hash(days)),
        (Part::Job, hash(&context.job.definition)),
        (Part::Models, models_hash(context)),
        (Part::Program, env!("CARGO_PKG_VERSION").to_owned()),
        (Part::ComparedWith, base.unwrap_or_else(|| "nothing".to_owned())),
        (Part::Templates, hash(&context.templates.text(context.job.locale(&plan.market)))),
        (Part::Notes, hash(&format!("{}{}", context.notes.1, context.names.1))),
    ])
}

/// Hash of the SQL models.
pub(crate) fn models_hash(context: &JobContext) -> String {
    let models: Vec<&str> = context.graph.models.values().map(|model| model.sql.as_str()).collect();
    content::sha256(models.join("\n").as_bytes())[..16].to_owned()
}

/// Rows, columns and days of the exports, and what was not there.
pub(crate) fn quality(task: &Task<'_>, pinned: &[PinnedSource], tables: &Tables) -> Quality {
    let (context, plan, totals) = (task.context, task.plan, &tables.totals);
    let plain = |name: &str| name.trim_start_matches("stg_").replace('_', " ");
    let mut absent: Vec<String> =
        context.graph.absent.iter().filter(|name| *name != "stg_cancelled_sales").map(|name| plain(name)).collect();
    absent.extend(pinned.iter().filter(|source| source.metas.is_empty()).map(|source| source.name.replace('_', " ")));
    Quality {
        source_rows: pinned.iter().map(|source| (source.name.clone(), source.rows())).collect(),
        sources_not_available: absent,
        ignored_columns: pinned
            .iter()
            .filter(|source| !source.ignored_columns.is_empty())
            .map(|source| (source.name.clone(), source.ignored_columns.clone()))
            .collect(),
        unidentified_gross_share: totals.unidentified_gross.ratio(totals.gross),
        audits_passed: tables.audits as u64,
        export_notes: plan.notes.iter().cloned().chain(file_notes(pinned)).collect(),
        warnings: Vec::new(),
        past_id: None,
        fingerprints: BTreeMap::new(),
        complete_from: plan.complete_from,
        complete_until: plan.complete_until,
    }
}

/// A folder that no other run uses; it is in no table, report or mail body but the link to the report.
pub(crate) fn run_name(context: &JobContext, report: &Report) -> String {
    format!("r{:06}-{}-{}", report.revision, &report.content_id[..12], context.now.timestamp_millis())
}
