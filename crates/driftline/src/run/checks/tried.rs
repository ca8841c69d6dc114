//! What a run would be told of its exports, without the run: for `plan` and `doctor`.

use driftline_lake::Lake;
use driftline_lake::resume::Resume;
use driftline_lake::session::Limits;
use driftline_lake::source;
use driftline_ledger::Publication;

use super::lines;
use crate::error::{InPlace, Result};
use crate::run::pin::check_not_too_late;
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;
use crate::setup::scratch::Scratch;

/// Looks at the months, and at the rows too if they are asked for.
///
/// # Errors
/// What would end the run.
pub(crate) async fn told_without_run(
    context: &JobContext,
    plan: &RunPlan,
    last: Option<&Publication>,
    looks_at_rows: bool,
) -> Result<Vec<String>> {
    let place = format!("{} {}", plan.market, plan.period);
    let pinned = source::pin(&context.exports, &context.sources, plan.market.as_str()).await.in_place(&place)?;
    check_not_too_late(&pinned, plan).in_place(&place)?;
    let scratch = Scratch::new(&context.limits.scratch)?;
    let limits = Limits { scratch: scratch.path.clone(), resume: Resume::default(), ..context.limits.clone() };
    let parameters = plan.parameters(&context.job, context.pseudonym_key.secret());
    let (graph, store) = (context.graph.clone(), context.exports.store.clone());
    let lake = Lake::open(&limits, graph, parameters, store, &pinned).in_place(&place)?;
    let mut checks = lines(context, plan, &lake, &pinned, last).await?;
    if looks_at_rows {
        match lake.inspect(&context.sources, &pinned, context.job.currency.as_str()).await {
            Ok(findings) => checks.add(findings),
            Err(error) => return Err(lake.diagnose(error, &pinned).await).in_place(&place),
        }
    }
    checks.end(context, &place, &pinned)?;
    Ok(checks.into_warnings())
}
