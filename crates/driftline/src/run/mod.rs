//! One run: from a plan to a publication and its mails. [`run_period`] reads like the flow table of `crates/README.md`: one function
//! a row, which takes what the row says and gives what the row says.

mod acquisition;
mod assemble;
mod attribute_drift;
mod beside;
pub(crate) mod checks;
mod compare;
mod compute;
mod describe;
mod facets;
mod fit;
pub mod journal;
pub mod outcome;
pub mod outlook;
mod pin;
pub mod progress;
mod publish;
mod read;
pub mod recall;
pub(crate) mod record;
mod restate;
pub(crate) mod revised;
mod score;
pub mod segment;
pub(crate) mod since;
mod task;
pub mod value;
mod write;

use driftline_lake::session::Limits;

pub use self::task::{Task, Under};
use crate::error::Result;
use crate::run::outcome::{Outcome, State, dry_run, outcome};
use crate::run::progress::Progress;

/// Computes, compares, publishes and mails one market and period. `limits` is what of the machine it may use.
///
/// # Errors
/// Any of the program's errors; nothing is published then.
pub async fn run_period(task: &Task<'_>, limits: &Limits, progress: &mut Progress) -> Result<Outcome> {
    let context = task.context;
    if let Some(warning) = context.pseudonym_key.warning(&context.job) {
        tracing::warn!("{warning}");
    }
    let baselines = recall::baselines(task).await?;
    progress.done("recall", None);

    progress.says("pinning the exports");
    let pinned = pin::pin(task).await?;
    progress.done("pin", Some(pinned.rows));

    progress.says("computing histories and profiles");
    let mut computed = compute::compute(task, &baselines, pinned, limits).await?;
    let customers = computed.base.customers;
    progress.done("compute", Some(customers));

    progress.says("fitting models");
    let fitted = fit::fit(task, &baselines, &computed).await?;
    progress.done("fit", None);

    progress.says("scoring customers");
    let scored = score::score(task, &baselines, &computed, fitted).await?;
    computed.clear_leftovers();
    progress.done("score", Some(customers));

    progress.says("auditing");
    let audited = read::audit(task, &computed).await?;
    progress.done("audit", None);

    progress.says("reading tables");
    let tables = read::read(task, &baselines, &computed, audited).await?;
    progress.done("read", Some(tables.profiles.len() as u64));

    progress.says("describing personas");
    let described = describe::describe(task, &baselines, &computed, scored, tables).await?;
    progress.done("describe", Some(described.personas.personas.len() as u64));

    progress.says("comparing");
    let report = compare::compare(task, &baselines, &computed, described).await?;
    progress.done("compare", None);

    progress.says("writing report and mails");
    let written = write::write(task, &report)?;
    progress.done("write", None);

    let Some(under) = task.under else { return dry_run(context, &report, &computed.lake, written.objects) };
    progress.says("publishing");
    let published = publish::publish((task, under), &baselines, &computed, &report, written).await?;
    progress.done("publish", None);

    progress.says("sending");
    let sent = publish::send((task, under), &published).await;
    progress.done("send", Some(sent.taken as u64));
    Ok(outcome(context, &report, &published.publication, State::Published, sent))
}
