//! `driftline list`: jobs, their markets and what is published.

use crate::args::Cli;
use crate::command::{World, ledger, say};
use crate::error::{InPlace, Result};
use crate::job::Job;
use crate::project::Project;

#[derive(serde::Serialize)]
struct Listed {
    job: String,
    title: String,
    exports: String,
    warehouse: String,
    markets: Vec<ListedMarket>,
}

#[derive(serde::Serialize)]
struct ListedMarket {
    market: String,
    published: Vec<ListedPeriod>,
}

#[derive(serde::Serialize)]
struct ListedPeriod {
    period: String,
    revision: u32,
}

pub(super) async fn execute(cli: &Cli, project: &Project, world: &World) -> Result<()> {
    let mut listed = Vec::new();
    for path in project.job_paths()? {
        let job = Job::read(&path, &[])?;
        let mut markets = Vec::new();
        // A warehouse that does not exist yet has nothing published.
        if let Ok(ledger) = ledger(&job, project, world, false) {
            for market in ledger.markets(&job.name).await.in_place(&job.name)? {
                let periods = ledger.periods(&job.name, &market).await.in_place(&job.name)?;
                let published = periods
                    .into_iter()
                    .map(|(period, revision)| ListedPeriod { period: period.to_string(), revision })
                    .collect::<Vec<_>>();
                if !published.is_empty() {
                    markets.push(ListedMarket { market: market.to_string(), published });
                }
            }
        }
        listed.push(Listed {
            job: job.name.clone(),
            title: job.file.title.clone(),
            exports: job.file.exports.url.clone(),
            warehouse: job.file.warehouse.url.clone(),
            markets,
        });
    }
    if cli.json {
        say(serde_json::to_string_pretty(&listed)?);
        return Ok(());
    }
    for job in &listed {
        say(format!("{}  {}\n    exports {}, warehouse {}", job.job, job.title, job.exports, job.warehouse));
        if job.markets.is_empty() {
            say("    nothing published yet");
        }
        for market in &job.markets {
            let periods: Vec<String> = market
                .published
                .iter()
                .map(|p| if p.revision > 1 { format!("{} (rev {})", p.period, p.revision) } else { p.period.clone() })
                .collect();
            say(format!("    {:<8} {}", market.market, periods.join("  ")));
        }
    }
    say("next: driftline show <market>, or driftline run jobs/<job>.toml --period <period>");
    Ok(())
}
