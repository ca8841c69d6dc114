//! Step 7: looks at the staged lines and computes days and histories of customers.

use std::sync::Arc;

use driftline_lake::resume::Resume;
use driftline_lake::session::Limits;
use driftline_lake::{Lake, read};

use crate::error::{InPlace, Result};
use crate::run::checks;
use crate::run::pin::Pinned;
use crate::run::recall::Baselines;
use crate::run::task::Task;
use crate::setup::scratch::{Leftover, Scratch};

/// The lake of a run with what follows from the exports alone.
pub(crate) struct Computed {
    pub(crate) lake: Arc<Lake>,
    pub(crate) pinned: Pinned,
    pub(crate) base: read::Base,
    /// What is odd about the exports, for page and owner.
    pub(crate) warnings: Vec<String>,
    /// What of the machine it may use, and where.
    pub(crate) limits: Limits,
    /// Removed with everything in it when the run ends.
    pub(crate) scratch: Scratch,
    leftovers: Vec<Leftover>,
}

impl Computed {
    /// Names of the tables that were taken over from a run that ended early.
    pub(crate) fn taken_over(&self) -> String {
        self.lake.taken_over().join(", ")
    }

    /// Removes what runs that ended early have left, once nobody takes anything over from them.
    pub(crate) fn clear_leftovers(&mut self) {
        let is_used = !self.lake.taken_over().is_empty();
        std::mem::take(&mut self.leftovers).into_iter().for_each(|leftover| leftover.clear(is_used));
    }
}

/// Computes histories of customers, and ends if something is wrong with the lines that they follow from.
///
/// # Errors
/// `Error::Lake` for a model or export that is wrong, `Error::ExportsFell` for exports that lost rows.
pub(crate) async fn compute(
    task: &Task<'_>,
    baselines: &Baselines,
    pinned: Pinned,
    limits: &Limits,
) -> Result<Computed> {
    let (context, place) = (task.context, task.place());
    let scratch = Scratch::new(&limits.scratch)?;
    let leftovers = scratch.leftovers();
    let folders = leftovers.iter().filter_map(Leftover::trusted).collect();
    let resume = Resume { program: limits.resume.program.clone(), folders };
    let limits = Limits { scratch: scratch.path.clone(), resume, ..limits.clone() };
    let parameters = task.plan.parameters(&context.job, context.pseudonym_key.secret());
    let (graph, store) = (context.graph.clone(), context.exports.store.clone());
    let lake = Arc::new(Lake::open(&limits, graph, parameters, store, &pinned.sources).in_place(&place)?);
    let warnings = look(task, baselines, &lake, &pinned).await?;
    let base = read::base(&lake).await.in_place(&place)?;
    Ok(Computed { lake, pinned, base, warnings, limits, scratch, leftovers })
}

/// Looks at the lines, and computes from them meanwhile.
async fn look(task: &Task<'_>, baselines: &Baselines, lake: &Lake, pinned: &Pinned) -> Result<Vec<String>> {
    const HISTORIES: [&str; 4] =
        ["int_purchase_histories", "int_spend_histories", "int_purchase_log", "int_cancelled_days"];
    let (context, place, sources) = (task.context, task.place(), &pinned.sources);
    let mut checks = checks::lines(context, task.plan, lake, sources, baselines.last_read()).await?;
    let currency = context.job.currency.as_str();
    let (built, inspected) = tokio::join!(lake.build(&HISTORIES), lake.inspect(&context.sources, sources, currency));
    match inspected {
        Ok(findings) => checks.add(findings),
        Err(error) => return Err(lake.diagnose(error, sources).await).in_place(&place),
    }
    checks.end(context, &place, sources)?;
    if let Err(error) = built {
        return Err(lake.diagnose(error, sources).await).in_place(&place);
    }
    checks.add(lake.inspect_largest_customer().await.in_place(&place)?);
    checks.end(context, &place, sources)?;
    Ok(checks.into_warnings())
}
