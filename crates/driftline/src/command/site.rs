//! `driftline site`: the persona repository, a static site made from everything that a job has published.

use std::path::Path;

use bytes::Bytes;
use driftline_core::Market;
use driftline_core::report::Report;
use driftline_ledger::{Ledger, Slot};
use driftline_report::{SiteTemplates, site};

use crate::args::{self, Cli};
use crate::command::show::published_report;
use crate::command::{World, job_that, say};
use crate::error::{Error, InPlace, Result};
use crate::job::Job;
use crate::project::Project;

/// Folder below `reports/` with the site's templates.
pub(super) const SITE: &str = "site";

pub(super) async fn execute(cli: &Cli, args: &args::Site, project: &Project, world: &World) -> Result<()> {
    let wanted: Vec<Market> = args
        .markets
        .iter()
        .map(|code| code.parse().map_err(|source| Error::Period { source }))
        .collect::<Result<_>>()?;
    let templates = SiteTemplates::read(&project.reports(SITE)).in_place("reports")?;
    let has_all = |markets: &[Market]| !markets.is_empty() && wanted.iter().all(|market| markets.contains(market));
    let what = if wanted.is_empty() { "anything".to_owned() } else { format!("market {}", args.markets.join(", ")) };
    let what = format!("{what} in any job");
    let overrides = &args.job_options.overrides;
    let (job, ledger) = job_that(project, args.job.as_deref(), overrides, world, &what, &has_all).await?;
    let reports = published(&job, &ledger, &wanted).await?;
    let pages = site::pages(&job.file.title, &reports, &templates).in_place("reports/site")?;
    let mut written = Vec::with_capacity(pages.len());
    for (name, bytes) in pages {
        written.push(match &args.out {
            Some(folder) => write(folder, &name, &bytes)?,
            None => {
                ledger.put_page(&job.name, &name, Bytes::from(bytes)).await.in_place(&name)?;
                ledger.site_location(&job.name, &name)
            }
        });
    }
    if cli.json {
        say(serde_json::to_string_pretty(&written)?);
        return Ok(());
    }
    let index = match &args.out {
        Some(folder) => folder.join("index.html").display().to_string(),
        None => ledger.site_location(&job.name, "index.html"),
    };
    say(format!("{} pages and files of {} reports: {index}", written.len(), reports.len()));
    if args.out.is_none() && index.contains("://") && !index.starts_with("file://") {
        say("next: let a web server show that folder, or write it here with --out site");
    } else {
        say("next: open it in a browser; it needs no server, so the folder can be copied anywhere");
    }
    Ok(())
}

/// Every report of the job's markets, or of the wanted ones, in its newest revision; only those of the job's calendar.
async fn published(job: &Job, ledger: &Ledger, wanted: &[Market]) -> Result<Vec<Report>> {
    let markets =
        if wanted.is_empty() { ledger.markets(&job.name).await.in_place(&job.name)? } else { wanted.to_vec() };
    let mut reports = Vec::new();
    for market in markets {
        let before = reports.len();
        for period in job.published(ledger, &market).await? {
            let slot = Slot { job: job.name.clone(), market: market.clone(), period };
            reports.push(published_report(ledger, &slot).await?);
        }
        if reports.len() == before && wanted.contains(&market) {
            return Err(Error::NotPublished { what: format!("market {market} of job {}", job.name) });
        }
    }
    if reports.is_empty() {
        return Err(Error::NotPublished { what: format!("any market of job {}", job.name) });
    }
    Ok(reports)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<String> {
    let path = folder.join(name);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(&path, bytes)).map_err(|source| Error::Output { path: path.clone(), source })?;
    Ok(path.display().to_string())
}
