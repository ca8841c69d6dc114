//! `driftline plan`: what a run would do and why; of the exports it looks at footers, reach and months.

use driftline_core::{Market, Period};
use driftline_ledger::{Publication, Slot};

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::error::chain;
use crate::error::{Error, InPlace, Result};
use crate::exit;
use crate::operate::due::due_runs;
use crate::run::checks;
use crate::run::recall::recall;
use crate::run::since;
use crate::setup::coverage::Coverage;
use crate::setup::environment::Environment;
use crate::setup::job_context::{Choice, JobContext};
use crate::setup::plan::{self, RunPlan};
use crate::setup::project::Project;

#[derive(serde::Serialize)]
struct Line {
    market: String,
    period: String,
    /// `run`, `nothing`, `wait`, `revise`, or `refused` if its exports would end the run.
    action: &'static str,
    why: String,
    compared_with: Option<String>,
}

pub(super) async fn execute(cli: &Cli, args: &args::Plan, project: &Project, environment: &Environment) -> Result<()> {
    let asked = plan::codes(&args.markets)?;
    let name = args.job.to_string_lossy();
    let job = project.job(Some(name.as_ref()), &args.job_options.overrides)?;
    let periods = plan::periods(&job, args.period.as_deref(), args.now.unwrap_or(environment.now))?;
    let context = JobContext::open(job, &Choice { now: args.now, ..Choice::default() }, project, environment).await?;
    let mut lines = Vec::new();
    if args.period.is_none() && context.job.schedule.is_some() {
        let wanted = |market: &Market| asked.is_empty() || asked.contains(market);
        for run in due_runs(&context, None).await?.into_iter().filter(|run| wanted(&run.plan.market)) {
            let (action, why) = match &run.waits_for {
                Some(reason) => ("wait", reason.clone()),
                None if run.due.mails => ("run", format!("due since {}", run.due.due_at.to_rfc3339())),
                None => ("run", format!("due since {}, caught up: its mails are held", run.due.due_at.to_rfc3339())),
            };
            let (action, why) = match action {
                "run" => {
                    let slot = Slot {
                        job: context.job.name.clone(),
                        market: run.plan.market.clone(),
                        period: run.plan.period,
                    };
                    let previous = context.ledger.previous(&slot).await.in_place(run.plan.market.as_str())?;
                    tried(&context, &run.plan, previous.as_ref(), (action, why)).await?
                }
                _ => (action, why),
            };
            lines.push(line(&context, &run.plan.market, run.plan.period, action, why).await?);
        }
    } else {
        let (markets, left_out) = plan::markets(&context.job, &asked, &context.exports, &context.sources).await?;
        let coverage = Coverage::look(&context, &markets, left_out).await?;
        for period in periods {
            for market in &markets {
                let plan = RunPlan::new(market.clone(), period, &coverage);
                let (action, why) = decide(&context, &plan).await?;
                lines.push(line(&context, market, period, action, why).await?);
            }
        }
    }
    if cli.json {
        say_json(&lines)?;
        return Ok(());
    }
    for line in &lines {
        let compared = line.compared_with.as_ref().map_or_else(String::new, |other| format!(" (against {other})"));
        say(format!("{:<8} {}  {:<8} {}{compared}", line.market, line.period, line.action, line.why));
    }
    if lines.is_empty() {
        say("nothing is due");
    } else {
        say(
            "not looked at: copies of rows, joins, currencies and returns of the exports, which driftline doctor reads",
        );
        say(format!("next: driftline run {} --period <period>", args.job.display()));
    }
    Ok(())
}

async fn decide(context: &JobContext, plan: &RunPlan) -> Result<(&'static str, String)> {
    let place = format!("{} {}", plan.market, plan.period);
    let slot = Slot { job: context.job.name.clone(), market: plan.market.clone(), period: plan.period };
    let Some(publication) = context.ledger.latest(&slot).await.in_place(&place)? else {
        if let Err(error) = plan.check_exported() {
            let why = match error {
                Error::PeriodNotExported { .. } => "the exports end before the period begins".to_owned(),
                other => other.to_string(),
            };
            return Ok(("wait", why));
        }
        let partial = plan.partial.as_ref().map_or_else(String::new, |partial| format!("; partial: {partial}"));
        let previous = context.ledger.previous(&slot).await.in_place(&place)?;
        return tried(context, plan, previous.as_ref(), ("run", format!("not published{partial}"))).await;
    };
    // What it was compared with must still be the newest there is.
    let previous = context.ledger.previous(&slot).await.in_place(&place)?;
    let base = previous.map(|previous| (previous.period, previous.revision));
    if base != publication.previous_period.zip(publication.previous_revision) {
        let published = format!("published as revision {}", publication.revision);
        return Ok((
            "revise",
            format!("{published}, but compared with another base than there is now: --revise \"why\""),
        ));
    }
    let published = format!("published as revision {}", publication.revision);
    let recalled = recall(context, Some(publication.clone())).await?;
    let has_other_models = recalled.is_some_and(|recalled| since::has_other_models(context, &recalled.report));
    let models = has_other_models.then(|| "the SQL models changed".to_owned());
    let changes: Vec<String> = since::changes(context, &publication).await?.into_iter().chain(models).collect();
    if changes.is_empty() {
        return Ok(("nothing", format!("{published} from the exports as they are")));
    }
    let revise = ("revise", format!("{published}; since then {}: --revise \"why\"", changes.join("; ")));
    tried(context, plan, Some(&publication), revise).await
}

/// What a run would do, or how its exports would end it, as far as footers and staged lines tell.
async fn tried(
    context: &JobContext,
    plan: &RunPlan,
    last: Option<&Publication>,
    action: (&'static str, String),
) -> Result<(&'static str, String)> {
    match checks::told_without_run(context, plan, last, false).await {
        Ok(_) => Ok(action),
        Err(error @ Error::Stopped { .. }) => Err(error),
        Err(error) => Ok(("refused", format!("a run would end with exit {}: {}", exit::code(&error), chain(&error)))),
    }
}

async fn line(
    context: &JobContext,
    market: &Market,
    period: Period,
    action: &'static str,
    why: String,
) -> Result<Line> {
    let slot = Slot { job: context.job.name.clone(), market: market.clone(), period };
    let previous = context.ledger.previous(&slot).await.in_place(market.as_str())?;
    Ok(Line {
        market: market.to_string(),
        period: period.to_string(),
        action,
        why,
        compared_with: previous.map(|previous| format!("{} revision {}", previous.period, previous.revision)),
    })
}
