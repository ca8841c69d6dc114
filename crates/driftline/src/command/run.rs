//! `driftline run`: every market of a job, every period asked for, oldest first.

use std::collections::BTreeSet;

use driftline_core::plain;
use driftline_core::report::HeadlineKind;
use driftline_lake::Lake;
use driftline_lake::session::Limits;
use driftline_lake::source;

use crate::args::{self, Cli};
use crate::command::{World, chain, not_opened, say, say_json};
use crate::coverage::Coverage;
use crate::due::{Retries, run_due};
use crate::error::{Error, InPlace, Result};
use crate::exit;
use crate::outcome::{Outcome, State};
use crate::plan::{self, RunPlan};
use crate::progress::{Progress, Timing};
use crate::project::Project;
use crate::room::{Choice, Room};
use crate::scratch::Scratch;
use crate::work::work;

pub(super) async fn execute(cli: &Cli, args: &args::Run, project: &Project, world: &World) -> Result<()> {
    let choice = Choice {
        dry_run: args.dry_run,
        revise: args.revise.clone(),
        accept: args.accept.clone(),
        threads: args.threads,
        memory: args.memory.clone(),
        now: args.now,
    };
    for (setting, reason) in [("--revise", &args.revise), ("--accept", &args.accept)] {
        if reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            let problem = "say why, in words that the readers will see".to_owned();
            return Err(Error::Override { setting: setting.to_owned(), problem });
        }
    }
    let name = args.job.as_ref().map(|job| job.to_string_lossy().into_owned());
    if args.due {
        return due(cli, args, name.as_deref(), &choice, project, world).await;
    }
    let asked = plan::codes(&args.markets)?;
    let mut progress = Progress::new(cli.json);
    let job = project.job(name.as_deref(), &args.job_options.overrides)?;
    let periods = plan::periods(&job, args.period.as_deref(), choice.now.unwrap_or(world.now))?;
    let room = Room::open(job, &choice, project, world).await?;
    let (markets, left_out) = plan::markets(&room.job, &asked, &room.exports, &room.sources).await?;
    let coverage = Coverage::look(&room, &markets, left_out).await?;
    if !args.dry_run && args.select.is_empty() {
        room.ledger.probe(&world.worker.nonce()).await.in_place("warehouse")?;
    }
    progress.done("open", None);

    let mut outcomes = Vec::new();
    let mut first_error = None;
    let mut failed = BTreeSet::new();
    for period in periods {
        for market in &markets {
            // A later period must not be compared with one that failed before it.
            if failed.contains(market) || room.worker.is_stopped() {
                continue;
            }
            let plan = RunPlan::new(market.clone(), period, &coverage);
            if !args.select.is_empty() {
                select(&room, &plan, &args.select).await?;
                continue;
            }
            let done = match plan.check_exported() {
                Ok(()) => work(&room, &plan, true, &mut progress).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(outcome) => {
                    if let Some(problem) = &outcome.mail_problem {
                        let place = format!("{market} {period}");
                        first_error.get_or_insert(Error::MailsNotSent { place, problem: problem.clone() });
                    }
                    report_line(cli, &outcome, &mut outcomes);
                }
                // Of a market among many, that it does not exist yet is no failure.
                Err(Error::Lake { source: driftline_lake::Error::SourceTooLate { .. }, .. })
                    if args.markets.is_empty() && markets.len() > 1 =>
                {
                    outcomes.push(Outcome::not_run(&plan, State::NotYet, "the market's exports start later"));
                }
                Err(error) if markets.len() > 1 || first_error.is_some() => {
                    let (said, place) = (chain(&error), format!("{market} {period}: "));
                    eprintln!("error: {place}{}", plain::indented(said.strip_prefix(&place).unwrap_or(&said)));
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
    match first_error {
        Some(error) => Err(error),
        None if room.worker.is_stopped() => Err(Error::Stopped { place: room.job.name.clone() }),
        None => Ok(()),
    }
}

/// `--due`: what the schedules of the jobs ask for now, once.
async fn due(
    cli: &Cli,
    args: &args::Run,
    name: Option<&str>,
    choice: &Choice,
    project: &Project,
    world: &World,
) -> Result<()> {
    let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
    let mut progress = Progress::new(cli.json);
    for job in super::schedule::scheduled(project, &args.job_options.overrides, name)? {
        progress.begin("", "");
        let opened = async {
            let room = Room::open(job.clone(), choice, project, world).await?;
            room.ledger.probe(&world.worker.nonce()).await.in_place("warehouse")?;
            Ok::<_, Error>(room)
        };
        // One job that cannot be opened is no reason to leave the others alone.
        let room = match opened.await {
            Ok(room) => room,
            Err(error) => {
                tracing::error!(job = job.name, error = chain(&error), "job not opened");
                not_opened(&job, &error, choice.now.unwrap_or(world.now), project, world).await;
                errors.push(error);
                continue;
            }
        };
        progress.done("open", None);
        let told = |outcome: &Outcome| report_line(cli, outcome, &mut outcomes);
        errors.extend(run_due(&room, None, &mut Retries::default(), &mut progress, told).await.errors);
    }
    progress.finish();
    if world.worker.is_stopped() {
        return Err(Error::Stopped { place: "run --due".to_owned() });
    }
    if outcomes.is_empty() && errors.is_empty() && !cli.json {
        say("nothing is due");
        return Ok(());
    }
    if !outcomes.is_empty() || cli.json {
        finish(cli, args, &outcomes, &progress.timings)?;
    }
    match errors.first() {
        None => Ok(()),
        Some(first) => Err(Error::Several {
            what: format!("{} of what was due", errors.len()),
            first: chain(first),
            exit_code: exit::code(first),
        }),
    }
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
    let scratch = Scratch::new(&room.limits.scratch)?;
    let limits = Limits { scratch: scratch.path.clone(), ..room.limits.clone() };
    let parameters = plan.parameters(&room.job, room.pseudonym_key.secret());
    let lake =
        Lake::open(&limits, room.graph.clone(), parameters, room.exports.store.clone(), &pinned).in_place(&place)?;
    driftline_lake::fitted::give_none(&lake).in_place(&place)?;
    let built = async {
        lake.build(&names).await?;
        for name in &names {
            say(format!("-- {name}, {place}\n{}", lake.preview(name, 20).await?));
        }
        Ok::<_, driftline_lake::Error>(())
    };
    built.await.in_place(&place)
}

fn report_line(cli: &Cli, outcome: &Outcome, outcomes: &mut Vec<Outcome>) {
    if !cli.json {
        let state = match outcome.state {
            State::Published if outcome.revision > 1 => format!("published as revision {}", outcome.revision),
            State::Published => "published".to_owned(),
            State::AlreadyPublished => format!("is published (revision {}); nothing done", outcome.revision),
            State::DryRun => "computed; nothing is published or sent".to_owned(),
            other => other.words().to_owned(),
        };
        say(format!("{} {} {state}\n    {}", outcome.market, outcome.period, outcome.headline));
        for warning in &outcome.export_warnings {
            say(format!("    look at the exports: {warning}"));
        }
        if let Some(changes) = &outcome.exports_since {
            say(format!("    the exports changed since: {changes}"));
        }
        if outcome.has_other_models {
            say("    the SQL models changed since");
        }
        if outcome.held > 0 {
            say(format!("    {} mails are held: driftline send {} {}", outcome.held, outcome.market, outcome.period));
        }
    }
    outcomes.push(outcome.clone());
}

fn finish(cli: &Cli, args: &args::Run, outcomes: &[Outcome], timings: &[Timing]) -> Result<()> {
    if cli.json {
        let timings = args.timings.then_some(timings);
        say_json(&serde_json::json!({ "runs": outcomes, "timings": timings }))?;
        return Ok(());
    }
    let count = |state: State| outcomes.iter().filter(|outcome| outcome.state == state).count();
    let changed = outcomes.iter().filter(|outcome| outcome.kind == Some(HeadlineKind::Changed)).count();
    say("");
    let computed = match count(State::DryRun) {
        0 => String::new(),
        dry => format!("{dry} computed and not published, "),
    };
    say(format!(
        "{computed}{} published, {} already published, {} with changes to look at{}",
        count(State::Published),
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
        match last.state {
            State::DryRun => say("next: read it; the same command without --dry-run publishes it and sends its mails"),
            _ => say(format!("next: driftline show {} {}", last.market, last.period)),
        }
        if last.state == State::AlreadyPublished {
            say("      driftline run … --revise \"why\" makes a new revision beside it");
        }
    }
    if args.timings {
        say("");
        // The most that the process held until then: it never falls.
        let memory = "peak so far, MiB";
        say(format!("{:<8} {:<7} {:<9} {:>9} {:>11} {memory:>16}", "market", "period", "step", "seconds", "rows"));
        for timing in timings {
            let rows = timing.rows.map_or_else(String::new, |rows| rows.to_string());
            say(format!(
                "{:<8} {:<7} {:<9} {:>9.3} {:>11} {:>16}",
                timing.market, timing.period, timing.step, timing.seconds, rows, timing.peak_memory_mib
            ));
        }
    }
    Ok(())
}
