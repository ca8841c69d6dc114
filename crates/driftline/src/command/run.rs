//! `driftline run`: every market of a job, every period asked for, oldest first.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftline_core::report::HeadlineKind;
use driftline_lake::Lake;
use driftline_lake::graph::Graph;
use driftline_lake::session::Limits;
use driftline_lake::source::{self, Exports, Sources};
use driftline_report::Templates;

use crate::args::{self, Cli};
use crate::command::{World, chain, ledger, say};
use crate::error::{Error, InPlace, Result};
use crate::job::{Job, bytes_of};
use crate::notes;
use crate::outcome::{Outcome, State};
use crate::plan::{self, Coverage, RunPlan};
use crate::progress::{Progress, Timing};
use crate::project::Project;
use crate::run::{self, Room};
use crate::store;
use crate::suppression::Suppressed;

pub(super) async fn execute(cli: &Cli, args: &args::Run, project: &Project, world: &World) -> Result<()> {
    let name = args.job.to_string_lossy();
    let job = project.job(Some(name.as_ref()), &args.job_options.overrides)?;
    let room = open_room(args, project, world, job).await?;
    let periods = plan::periods(args.period.as_deref(), room.now)?;
    let markets = plan::markets(&room.job, &args.markets, &room.exports, &room.sources).await?;
    let coverage = coverage(&room).await?;
    if !args.dry_run && args.select.is_empty() {
        let nonce = format!("{}-{}", std::process::id(), world.now.timestamp_nanos_opt().unwrap_or(0));
        room.ledger.probe(&nonce).await.in_place("warehouse")?;
    }

    let mut progress = Progress::new(cli.json);
    let mut outcomes = Vec::new();
    let mut first_error = None;
    let mut failed = BTreeSet::new();
    for period in periods {
        for market in &markets {
            // A later period must not be compared with one that failed before it.
            if failed.contains(market) {
                continue;
            }
            let plan = RunPlan::new(market.clone(), period, coverage);
            if !args.select.is_empty() {
                select(&room, &plan, &args.select).await?;
                continue;
            }
            match run::one(&room, &plan, &mut progress).await {
                Ok(outcome) => {
                    report_line(cli, &outcome, &mut outcomes);
                }
                // Of a market among many, that it does not exist yet is no failure.
                Err(Error::Lake { source: driftline_lake::Error::SourceTooLate { .. }, .. })
                    if args.markets.is_empty() && markets.len() > 1 =>
                {
                    outcomes.push(not_yet(&plan));
                }
                Err(error) if markets.len() > 1 || first_error.is_some() => {
                    eprintln!("error: {market} {period}: {}", chain(&error));
                    failed.insert(market.clone());
                    first_error.get_or_insert(error);
                }
                Err(error) => {
                    progress.finish();
                    return Err(error);
                }
            }
        }
    }
    progress.finish();
    if args.select.is_empty() {
        finish(cli, args, &outcomes, &progress.timings)?;
    }
    first_error.map_or(Ok(()), Err)
}

/// `--select`: computes models and prints their first rows.
async fn select(room: &Room, plan: &RunPlan, models: &[String]) -> Result<()> {
    let place = format!("{} {}", plan.market, plan.period);
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    if let Some(unknown) = names.iter().find(|name| !room.graph.models.contains_key(**name)) {
        let near = driftline_lake::graph::nearest(unknown, room.graph.models.keys());
        return Err(Error::Override {
            setting: format!("--select {unknown}"),
            problem: format!("no such model; did the author mean `{near}`?"),
        });
    }
    let pinned = source::pin(&room.exports, &room.sources, plan.market.as_str()).await.in_place(&place)?;
    let scratch = tempfile_folder(&room.limits.scratch)?;
    let limits = Limits { scratch: scratch.clone(), ..room.limits.clone() };
    let parameters = plan.parameters(&room.job, &room.pseudonym_key);
    let mut lake =
        Lake::open(&limits, room.graph.clone(), parameters, room.exports.store.clone(), &pinned).in_place(&place)?;
    driftline_lake::fitted::give_none(&lake).in_place(&place)?;
    let built = async {
        lake.build(&names).await?;
        for name in &names {
            say(format!("-- {name}, {place}\n{}", lake.preview(name, 20).await?));
        }
        Ok::<_, driftline_lake::Error>(())
    };
    let result = built.await.in_place(&place);
    let _ = std::fs::remove_dir_all(&scratch);
    result
}

fn tempfile_folder(parent: &std::path::Path) -> Result<std::path::PathBuf> {
    let path = parent.join(format!("driftline-{}-select", std::process::id()));
    std::fs::create_dir_all(&path).map_err(|source| Error::Output { path: path.clone(), source })?;
    Ok(path)
}

fn not_yet(plan: &RunPlan) -> Outcome {
    Outcome {
        market: plan.market.to_string(),
        period: plan.period.to_string(),
        state: State::NotYet,
        revision: 0,
        headline: "the market's exports start later".to_owned(),
        kind: None,
        personas: 0,
        report_html: None,
        report_json: None,
        mails: Vec::new(),
        sent: 0,
        suppressed: 0,
    }
}

fn report_line(cli: &Cli, outcome: &Outcome, outcomes: &mut Vec<Outcome>) {
    if !cli.json {
        let state = match outcome.state {
            State::Published if outcome.revision > 1 => format!("published as revision {}", outcome.revision),
            State::Published => "published".to_owned(),
            State::AlreadyPublished => format!("is published (revision {}); nothing done", outcome.revision),
            State::DryRun => "computed, not published".to_owned(),
            State::NotYet => "not yet".to_owned(),
        };
        say(format!("{} {} {state}\n    {}", outcome.market, outcome.period, outcome.headline));
    }
    outcomes.push(outcome.clone());
}

fn finish(cli: &Cli, args: &args::Run, outcomes: &[Outcome], timings: &[Timing]) -> Result<()> {
    if cli.json {
        let timings = args.timings.then_some(timings);
        say(serde_json::to_string_pretty(&serde_json::json!({ "runs": outcomes, "timings": timings }))?);
        return Ok(());
    }
    let count = |state: State| outcomes.iter().filter(|outcome| outcome.state == state).count();
    let changed = outcomes.iter().filter(|outcome| outcome.kind == Some(HeadlineKind::Changed)).count();
    say("");
    say(format!(
        "{} published, {} already published, {} with changes to look at{}",
        count(State::Published) + count(State::DryRun),
        count(State::AlreadyPublished),
        changed,
        match count(State::NotYet) {
            0 => String::new(),
            later => format!(", {later} not in the exports yet"),
        }
    ));
    // The latest period with something to read: changes first, then the market with the most personas.
    let worth_reading =
        |outcome: &&Outcome| (outcome.period.clone(), outcome.kind == Some(HeadlineKind::Changed), outcome.personas);
    if let Some(last) = outcomes.iter().filter(|outcome| outcome.report_html.is_some()).max_by_key(worth_reading) {
        for (label, place) in
            [("report", &last.report_html), ("numbers", &last.report_json), ("mail", &last.mails.first().cloned())]
        {
            if let Some(place) = place {
                say(format!("  {label:<8} {place}"));
            }
        }
        say(format!("next: driftline show {} {}", last.market, last.period));
        if last.state == State::AlreadyPublished {
            say("      driftline run … --revise \"why\" makes a new revision beside it");
        }
    }
    if args.timings {
        say("");
        say(format!("{:<8} {:<7} {:<9} {:>9} {:>11} {:>9}", "market", "period", "step", "seconds", "rows", "peak MiB"));
        for timing in timings {
            let rows = timing.rows.map_or_else(String::new, |rows| rows.to_string());
            say(format!(
                "{:<8} {:<7} {:<9} {:>9.3} {:>11} {:>9}",
                timing.market, timing.period, timing.step, timing.seconds, rows, timing.peak_memory_mib
            ));
        }
    }
    Ok(())
}
