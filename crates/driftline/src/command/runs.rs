//! `driftline runs`, `runs show` and `logs`: what was tried, by whom, and how it ended.

use driftline_core::{Market, Period};
use driftline_ledger::{Event, Ledger, RunSummary};

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::error::{Error, InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::project::Project;
use crate::setup::warehouse::ledger;

#[derive(serde::Serialize)]
struct Line {
    job: String,
    /// `market/period/run`, for `runs show`.
    id: String,
    last_write_at: String,
    /// The published revision, if there is one.
    revision: Option<u32>,
    state: String,
    objects: usize,
    bytes: u64,
}

pub(super) async fn execute(cli: &Cli, args: &args::Runs, project: &Project, environment: &Environment) -> Result<()> {
    if let Some(args::RunsCommand::Show { id }) = &args.command {
        return show(cli, id, args, project, environment).await;
    }
    let asked = args.market.as_ref().map(|market| market.parse::<Market>().map_err(|source| Error::Period { source }));
    let asked = asked.transpose()?;
    let mut lines = Vec::new();
    for (job, ledger) in jobs(project, args, environment)? {
        let markets = match &asked {
            Some(market) => vec![market.clone()],
            None => ledger.markets(&job.name).await.in_place(&job.name)?,
        };
        for market in markets {
            for period in ledger.slots(&job.name, &market).await.in_place(market.as_str())? {
                let runs = ledger.runs(&job.name, &market, period).await.in_place(market.as_str())?;
                lines.extend(runs.iter().map(|run| line(&job, run)));
            }
        }
    }
    lines.sort_by(|a, b| b.last_write_at.cmp(&a.last_write_at).then(a.id.cmp(&b.id)));
    lines.truncate(args.limit);
    if cli.json {
        say_json(&lines)?;
        return Ok(());
    }
    for line in &lines {
        say(format!("{}  {:<44} {}", line.last_write_at, line.id, line.state));
    }
    say(if lines.is_empty() {
        "nothing was tried yet; next: driftline run jobs/<job>.toml --period <period>"
    } else {
        "next: driftline runs show <market>/<period>/<run>"
    });
    Ok(())
}

fn line(job: &Job, run: &RunSummary) -> Line {
    let state = match (&run.revision, &run.last_event) {
        (Some(revision), _) => format!("published as revision {revision}, {} objects", run.objects),
        (None, Some(recorded)) => words(&recorded.event),
        (None, None) => format!("{} objects that no publication names", run.objects),
    };
    Line {
        job: job.name.clone(),
        id: format!("{}/{}/{}", run.slot.market, run.slot.period, run.run),
        last_write_at: run.last_write_at.format("%Y-%m-%d %H:%M:%S").to_string(),
        revision: run.revision,
        state,
        objects: run.objects,
        bytes: run.bytes,
    }
}

fn words(event: &Event) -> String {
    match event {
        Event::Planned { revision } => format!("planned revision {revision}"),
        Event::Started { holder, fencing_token } => {
            format!("started by {holder}, lease {}", fencing_token.map_or_else(|| "none".to_owned(), |t| t.to_string()))
        }
        Event::StepDone { step, rows } => match rows {
            Some(rows) => format!("{step} done, {rows} rows"),
            None => format!("{step} done"),
        },
        Event::Published { revision } => format!("published revision {revision}"),
        Event::Mailed { sent, unsent } => format!("mailed: {sent} taken, {unsent} left to a person"),
        Event::Superseded { revision } => format!("another run published revision {revision} first"),
        Event::Fenced { token } => format!("lease {token} took over"),
        Event::Failed { problem } => format!("failed: {}", crate::command::output::one_line(problem)),
        Event::Recovered => "works again".to_owned(),
        Event::Unread => "an event of a newer version".to_owned(),
    }
}

fn jobs(project: &Project, args: &args::Runs, environment: &Environment) -> Result<Vec<(Job, Ledger)>> {
    let overrides = &args.job_options.overrides;
    let jobs = project.jobs(args.job.as_deref(), overrides)?;
    // A warehouse that does not exist yet has no runs.
    let opened =
        jobs.into_iter().filter_map(|job| ledger(&job, project, environment, false).ok().map(|ledger| (job, ledger)));
    Ok(opened.collect())
}

/// The events of one run, oldest first.
async fn show(cli: &Cli, id: &str, args: &args::Runs, project: &Project, environment: &Environment) -> Result<()> {
    let missing = || Error::NoSuchRun { id: id.to_owned() };
    let mut parts = id.splitn(3, '/');
    let (Some(market), Some(period), Some(run)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(missing());
    };
    let market: Market = market.parse().map_err(|source| Error::Period { source })?;
    let period: Period = period.parse().map_err(|source| Error::Period { source })?;
    for (job, ledger) in jobs(project, args, environment)? {
        let runs = ledger.runs(&job.name, &market, period).await.in_place(id)?;
        let Some(found) = runs.iter().find(|found| found.run == run) else { continue };
        let slot = found.slot.clone();
        let events = ledger.events(&ledger.run_folder(&slot, run)).await.in_place(id)?;
        if cli.json {
            let events: Vec<serde_json::Value> = events
                .iter()
                .map(|recorded| serde_json::json!({ "number": recorded.number, "at": recorded.at, "event": recorded.event }))
                .collect();
            say_json(&serde_json::json!({ "run": line(&job, found), "events": events }))?;
            return Ok(());
        }
        say(format!("{id} of {}: {} objects, {} bytes", job.name, found.objects, found.bytes));
        for recorded in &events {
            say(format!("{}  {}", recorded.at.format("%Y-%m-%d %H:%M:%S"), words(&recorded.event)));
        }
        say(format!("next: driftline show {market} {period}"));
        return Ok(());
    }
    Err(missing())
}

/// `driftline logs`: the same events, for those who look for a log.
pub(super) async fn logs(cli: &Cli, args: &args::Logs, project: &Project, environment: &Environment) -> Result<()> {
    let runs = args::Runs {
        command: None,
        job: args.job.clone(),
        market: None,
        limit: 1,
        job_options: args.job_options.clone(),
    };
    show(cli, &args.id, &runs, project, environment).await
}
