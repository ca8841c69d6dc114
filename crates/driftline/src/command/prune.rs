//! `driftline prune`: removes runs that led nowhere. What is published is never touched.

use std::time::Duration;

use driftline_ledger::{Event, Ledger};

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::error::{Error, InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::project::Project;
use crate::setup::warehouse::ledger;

const DAY_SECONDS: u64 = 24 * 60 * 60;

pub(super) async fn execute(cli: &Cli, args: &args::Prune, project: &Project, environment: &Environment) -> Result<()> {
    let overrides = &args.job_options.overrides;
    let jobs = project.jobs(args.job.as_deref(), overrides)?;
    let mut removed = Vec::new();
    for job in jobs {
        // A warehouse that does not exist yet has no runs.
        if let Ok(ledger) = ledger(&job, project, environment, false) {
            removed.extend(of_job(args, &job, &ledger, environment).await?);
        }
    }
    tell(cli, args, &removed)
}

/// Removes what may go of one job: names of runs with the number of their objects and bytes.
async fn of_job(
    args: &args::Prune,
    job: &Job,
    ledger: &Ledger,
    environment: &Environment,
) -> Result<Vec<(String, usize, u64)>> {
    let older_than = Duration::from_secs(args.older_than_days * DAY_SECONDS);
    let nonce = environment.worker.nonce();
    let runs = ledger.unpublished_runs(&job.name, args.keep, older_than, &nonce).await.in_place(&job.name)?;
    let mut removed = Vec::new();
    for run in runs {
        // The journal of a run that published tells who did it.
        let has_published = matches!(
            run.last_event.as_ref().map(|recorded| &recorded.event),
            Some(Event::Published { .. } | Event::Mailed { .. })
        );
        if has_published {
            continue;
        }
        let name = format!("{}/{}/{}", run.slot.market, run.slot.period, run.run);
        if !args.dry_run {
            let held = match environment.worker.hold(ledger, &run.slot, job.limits.lease).await {
                Ok(held) => held,
                Err(Error::Busy { .. }) => continue,
                Err(error) => return Err(error),
            };
            let result = ledger.remove_run(&held.lease, &run.run).await.in_place(&name);
            held.release().await;
            result?;
        }
        removed.push((name, run.objects, run.bytes));
    }
    Ok(removed)
}

fn tell(cli: &Cli, args: &args::Prune, removed: &[(String, usize, u64)]) -> Result<()> {
    if cli.json {
        let lines: Vec<_> = removed
            .iter()
            .map(|(run, objects, bytes)| serde_json::json!({ "run": run, "objects": objects, "bytes": bytes }))
            .collect();
        say_json(&lines)?;
        return Ok(());
    }
    let word = if args.dry_run { "would go" } else { "removed" };
    for (run, objects, bytes) in removed {
        say(format!("{word}: {run}, {objects} objects, {bytes} bytes"));
    }
    say(format!("{} runs {word}; what is published stays", removed.len()));
    Ok(())
}
