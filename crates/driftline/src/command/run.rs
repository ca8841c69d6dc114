//! `driftline run`: every market of a job, every period asked for, oldest first.

use std::collections::BTreeSet;

use driftline_core::Market;
use driftline_core::basics::plain;
use driftline_core::report::HeadlineKind;
use driftline_lake::session::Limits;
use driftline_lake::{Lake, source};

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::error::{Error, InPlace, Result, chain};
use crate::exit;
use crate::mail::owner::not_opened;
use crate::operate::retries::Retries;
use crate::operate::tick::run_due;
use crate::operate::under_lease::run_under_lease;
use crate::run::outcome::{Outcome, State};
use crate::run::progress::{Progress, Timing};
use crate::setup::coverage::Coverage;
use crate::setup::environment::Environment;
use crate::setup::job_context::{Choice, JobContext};
use crate::setup::plan::{self, RunPlan};
use crate::setup::project::Project;
use crate::setup::scratch::Scratch;

pub(super) async fn execute(cli: &Cli, args: &args::Run, project: &Project, environment: &Environment) -> Result<()> {
    let choice = choice(args)?;
    let name = args.job.as_ref().map(|job| job.to_string_lossy().into_owned());
    if args.due {
        return due(cli, args, (name.as_deref(), &choice), project, environment).await;
    }
    let asked = plan::codes(&args.markets)?;
    let mut progress = Progress::new(cli.json);
    let job = project.job(name.as_deref(), &args.job_options.overrides)?;
    let periods = plan::periods(&job, args.period.as_deref(), choice.now.unwrap_or(environment.now))?;
    let context = JobContext::open(job, &choice, project, environment).await?;
    let (markets, left_out) = plan::markets(&context.job, &asked, &context.exports, &context.sources).await?;
    let coverage = Coverage::look(&context, &markets, left_out).await?;
    if !args.dry_run && args.select.is_empty() {
        context.ledger.probe(&environment.worker.nonce()).await.in_place("warehouse")?;
    }
    progress.done("open", None);

    let is_alone = markets.len() == 1;
    let mut done = Done { is_alone, is_all: args.markets.is_empty(), ..Done::default() };
    for period in periods {
        for market in &markets {
            // A later period must not be compared with one that failed before it.
            if done.failed.contains(market) || context.worker.is_stopped() {
                continue;
            }
            let plan = RunPlan::new(market.clone(), period, &coverage);
            if !args.select.is_empty() {
                select(&context, &plan, &args.select).await?;
                continue;
            }
            let result = match plan.check_exported() {
                Ok(()) => run_under_lease(&context, &plan, true, &mut progress).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done.take(cli, &plan, result) {
                progress.finish();
                return Err(error);
            }
        }
    }
    progress.finish();
    if args.select.is_empty() {
        finish(cli, args, &done.outcomes, &progress.timings)?;
    }
    match done.first_error {
        Some(error) => Err(error),
        None if context.worker.is_stopped() => Err(Error::Stopped { place: context.job.name.clone() }),
        None => Ok(()),
    }
}

fn choice(args: &args::Run) -> Result<Choice> {
    for (setting, reason) in [("--revise", &args.revise), ("--accept", &args.accept)] {
        if reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            let problem = "say why, in words that the readers will see".to_owned();
            return Err(Error::Override { setting: setting.to_owned(), problem });
        }
    }
    Ok(Choice {
        dry_run: args.dry_run,
        revise: args.revise.clone(),
        accept: args.accept.clone(),
        threads: args.threads,
        memory: args.memory.clone(),
        now: args.now,
    })
}

/// How the markets and periods of a command ended so far.
#[derive(Default)]
struct Done {
    /// Whether it is of one market, whose error is the command's.
    is_alone: bool,
    /// Whether the markets were not named one by one.
    is_all: bool,
    outcomes: Vec<Outcome>,
    first_error: Option<Error>,
    failed: BTreeSet<Market>,
}

impl Done {
    /// Takes how one ended; an error that ends the command is given back.
    fn take(&mut self, cli: &Cli, plan: &RunPlan, result: Result<Outcome>) -> Result<()> {
        let (market, period) = (&plan.market, plan.period);
        match result {
            Ok(outcome) => {
                if let Some(problem) = &outcome.mail_problem {
                    let place = format!("{market} {period}");
                    self.first_error.get_or_insert(Error::MailsNotSent { place, problem: problem.clone() });
                }
                report_line(cli, &outcome, &mut self.outcomes);
            }
            // Of a market among many, that it does not exist yet is no failure.
            Err(Error::Lake { source: driftline_lake::Error::SourceTooLate { .. }, .. })
                if self.is_all && !self.is_alone =>
            {
                self.outcomes.push(Outcome::not_run(plan, State::NotYet, "the market's exports start later"));
            }
            Err(error) if !self.is_alone || self.first_error.is_some() => {
                let (said, place) = (chain(&error), format!("{market} {period}: "));
                eprintln!("error: {place}{}", plain::indented(said.strip_prefix(&place).unwrap_or(&said)));
                self.failed.insert(market.clone());
                self.first_error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// `--due`: what the schedules of the jobs ask for now, once.
async fn due(
    cli: &Cli,
    args: &args::Run,
    (name, choice): (Option<&str>, &Choice),
    project: &Project,
    environment: &Environment,
) -> Result<()> {
    let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
    let mut progress = Progress::new(cli.json);
    for job in super::schedule::scheduled(project, &args.job_options.overrides, name)? {
        progress.begin("", "");
        let opened = async {
            let context = JobContext::open(job.clone(), choice, project, environment).await?;
            context.ledger.probe(&environment.worker.nonce()).await.in_place("warehouse")?;
            Ok::<_, Error>(context)
        };
        // One job that cannot be opened is no reason to leave the others alone.
        let context = match opened.await {
            Ok(context) => context,
            Err(error) => {
                tracing::error!(job = job.name, error = chain(&error), "job not opened");
                not_opened(&job, &error, choice.now.unwrap_or(environment.now), project, environment).await;
                errors.push(error);
                continue;
            }
        };
        progress.done("open", None);
        let told = |outcome: &Outcome| report_line(cli, outcome, &mut outcomes);
        errors.extend(run_due(&context, None, &mut Retries::default(), &mut progress, told).await.errors);
    }
    progress.finish();
    if environment.worker.is_stopped() {
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
async fn select(context: &JobContext, plan: &RunPlan, models: &[String]) -> Result<()> {
    let place = format!("{} {}", plan.market, plan.period);
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    if let Some(unknown) = names.iter().find(|name| !context.graph.models.contains_key(**name)) {
        let near = driftline_lake::graph::nearest(unknown, context.graph.models.keys());
        return Err(Error::Override {
            setting: format!("--select {unknown}"),
            problem: format!("no such model; did the author mean `{near}`?"),
        });
    }
    let pinned = source::pin(&context.exports, &context.sources, plan.market.as_str()).await.in_place(&place)?;
    let scratch = Scratch::new(&context.limits.scratch)?;
    let limits = Limits { scratch: scratch.path.clone(), ..context.limits.clone() };
    let parameters = plan.parameters(&context.job, context.pseudonym_key.secret());
    let lake = Lake::open(&limits, context.graph.clone(), parameters, context.exports.store.clone(), &pinned)
        .in_place(&place)?;
    driftline_lake::fitted::register_none(&lake).in_place(&place)?;
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
