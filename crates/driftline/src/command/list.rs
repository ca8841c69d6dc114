//! `driftline list`: jobs, their markets, what is published, what is due and when the schedule fires next.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use driftline_core::basics::period::Calendar;
use driftline_core::schedule::{Subject, due_intervals, next_firings};
use driftline_core::{Market, Period};

use crate::command::args::Cli;
use crate::command::doctor::exports;
use crate::command::output::{say, say_json};
use crate::error::{InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::plan;
use crate::setup::project::Project;
use crate::setup::warehouse::ledger;

/// How long exports are waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

#[derive(serde::Serialize)]
struct Listed {
    job: String,
    title: String,
    exports: String,
    warehouse: String,
    /// Markets of the exports that a run would take.
    found: Vec<String>,
    /// What is left out of the exports, or why they cannot be looked at.
    notes: Vec<String>,
    /// The next firings in local time, each with the newest period that is over then.
    next: Vec<Firing>,
    markets: Vec<ListedMarket>,
}

#[derive(serde::Serialize)]
struct Firing {
    at: String,
    period: String,
}

#[derive(serde::Serialize)]
struct ListedMarket {
    market: String,
    published: Vec<ListedPeriod>,
    /// Periods that the schedule asks for and that are not published.
    due: Vec<String>,
}

#[derive(serde::Serialize)]
struct ListedPeriod {
    period: String,
    revision: u32,
}

pub(super) async fn execute(cli: &Cli, project: &Project, environment: &Environment) -> Result<()> {
    let mut listed = Vec::new();
    for path in project.job_paths()? {
        let job = Job::read(&path, &[])?;
        let mut markets = Vec::new();
        // A warehouse that does not exist yet has nothing published.
        if let Ok(ledger) = ledger(&job, project, environment, false) {
            for market in ledger.markets(&job.name).await.in_place(&job.name)? {
                let periods = ledger.periods(&job.name, &market).await.in_place(&job.name)?;
                let published = periods
                    .into_iter()
                    .map(|(period, revision)| ListedPeriod { period: period.to_string(), revision })
                    .collect::<Vec<_>>();
                if !published.is_empty() {
                    let due = due(&job, &market, &published, environment);
                    markets.push(ListedMarket { market: market.to_string(), published, due });
                }
            }
        }
        let (found, notes) = of_exports(&job, project, environment).await;
        listed.push(Listed {
            job: job.name.clone(),
            title: job.title.clone(),
            exports: job.exports.url.clone(),
            warehouse: job.warehouse.url.clone(),
            found,
            notes,
            next: job.schedule.as_ref().map_or_else(Vec::new, |schedule| {
                next_firings(schedule, environment.now, 3).into_iter().map(|at| firing(job.calendar, at)).collect()
            }),
            markets,
        });
    }
    if cli.json {
        say_json(&listed)?;
    } else {
        print(&listed);
    }
    Ok(())
}

fn print(listed: &[Listed]) {
    for job in listed {
        say(format!("{}  {}\n    exports {}, warehouse {}", job.job, job.title, job.exports, job.warehouse));
        if !job.found.is_empty() {
            say(format!("    markets of the exports: {}", job.found.join(", ")));
        }
        job.notes.iter().for_each(|note| say(format!("    note: {note}")));
        if job.markets.is_empty() {
            say("    nothing published yet");
        }
        for market in &job.markets {
            let periods: Vec<String> = market
                .published
                .iter()
                .map(|p| if p.revision > 1 { format!("{} (rev {})", p.period, p.revision) } else { p.period.clone() })
                .collect();
            let due = if market.due.is_empty() { String::new() } else { format!("  due: {}", market.due.join(", ")) };
            say(format!("    {:<8} {}{due}", market.market, periods.join("  ")));
        }
        for firing in &job.next {
            say(format!("    fires {} for {}", firing.at, firing.period));
        }
    }
    say("next: driftline show <market>, or driftline run jobs/<job>.toml --period <period>");
}

/// The markets that the exports have for a job, and what is to be said about others. A store that is silent is not waited for.
async fn of_exports(job: &Job, project: &Project, environment: &Environment) -> (Vec<String>, Vec<String>) {
    let look = async {
        let (exports, sources) = exports(job, project, environment).await?;
        plan::markets(job, &[], &exports, &sources).await
    };
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok((markets, left_out))) => (markets.iter().map(ToString::to_string).collect(), left_out),
        Ok(Err(error)) => (Vec::new(), vec![crate::error::chain(&error)]),
        Err(_) => (Vec::new(), vec!["the exports do not answer".to_owned()]),
    }
}

fn firing(calendar: Calendar, at: chrono::DateTime<Tz>) -> Firing {
    let period = Period::last_over(calendar, at.date_naive());
    Firing { at: at.format("%Y-%m-%d %H:%M %Z").to_string(), period: period.to_string() }
}

/// By the warehouse alone: whether the exports are complete is for `driftline plan` to say.
fn due(job: &Job, market: &Market, published: &[ListedPeriod], environment: &Environment) -> Vec<String> {
    let Some(schedule) = &job.schedule else { return Vec::new() };
    let published: BTreeSet<Period> = published.iter().filter_map(|listed| listed.period.parse().ok()).collect();
    let subject = Subject { job: &job.name, market, calendar: job.calendar };
    due_intervals(schedule, &subject, environment.now, None, &published)
        .iter()
        .map(|due| due.period.to_string())
        .collect()
}
