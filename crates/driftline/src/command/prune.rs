//! `driftline prune`: removes runs that led nowhere. What is published is never touched.

use std::time::Duration;

use driftline_ledger::Event;

use crate::args::{self, Cli};
use crate::command::{World, ledger, say};
use crate::error::{Error, InPlace, Result};
use crate::project::Project;

const DAY_SECONDS: u64 = 24 * 60 * 60;

pub(super) async fn execute(cli: &Cli, args: &args::Prune, project: &Project, world: &World) -> Result<()> {
    let job = project.job(args.job.as_deref(), &args.job_options.overrides)?;
    let ledger = ledger(&job, project, world, false)?;
    let older_than = Duration::from_secs(args.older_than_days * DAY_SECONDS);
    let nonce = world.worker.nonce();
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
            let held = match world.worker.hold(&ledger, &run.slot, job.lease()).await {
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
    if cli.json {
        let lines: Vec<_> = removed
            .iter()
            .map(|(run, objects, bytes)| serde_json::json!({ "run": run, "objects": objects, "bytes": bytes }))
            .collect();
        say(serde_json::to_string_pretty(&lines)?);
        return Ok(());
    }
    let word = if args.dry_run { "would go" } else { "removed" };
    for (run, objects, bytes) in &removed {
        say(format!("{word}: {run}, {objects} objects, {bytes} bytes"));
    }
    say(format!("{} runs {word}; what is published stays", removed.len()));
    Ok(())
}
