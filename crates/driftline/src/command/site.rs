//! `driftline site`: the persona repository, a static site made from everything that a job has published.

use driftline_core::Market;
use driftline_core::report::Report;
use driftline_ledger::{Ledger, Slot};
use driftline_report::site::{self, WholeReports};
use driftline_report::{SiteTemplates, Templates};

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::command::site_files::Place;
use crate::command::which_job::{Asked, job_that};
use crate::error::{Error, InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::plan;
use crate::setup::project::Project;

/// Folder below `reports/` with the site's templates.
pub(super) const SITE: &str = "site";

pub(super) async fn execute(cli: &Cli, args: &args::Site, project: &Project, environment: &Environment) -> Result<()> {
    let wanted = plan::codes(&args.markets)?;
    let has_all = |markets: &[Market]| !markets.is_empty() && wanted.iter().all(|market| markets.contains(market));
    let what = if wanted.is_empty() { "anything".to_owned() } else { format!("market {}", args.markets.join(", ")) };
    let what = format!("{what} in any job");
    let overrides = &args.job_options.overrides;
    let asked = Asked { named: args.job.as_deref(), overrides };
    let (job, ledger) = job_that(project, environment, asked, &what, &has_all).await?;
    let of_report = Templates::read(&project.reports(&job.mail.report)).in_place("reports")?;
    let templates = SiteTemplates::read(&project.reports(SITE), &of_report, job.locale).in_place("reports")?;
    let (reports, whole) = published(&job, &ledger, &wanted).await?;
    let pages = site::pages(&job.title, &reports, &whole, &templates).in_place("reports/site")?;
    let place = match &args.out {
        Some(folder) => Place::Folder(folder),
        None => Place::Warehouse { ledger: &ledger, job: &job.name },
    };
    let written = place.write(pages, &wanted).await?;
    if cli.json {
        say_json(&written.locations)?;
        return Ok(());
    }
    let index = place.location("index.html");
    say(format!("{} pages and files of {} reports: {index}", written.locations.len(), reports.len()));
    if written.removed > 0 {
        say(format!("{} files of an earlier site that are no page any more were removed", written.removed));
    }
    if args.out.is_none() && index.contains("://") && !index.starts_with("file://") {
        say("next: let a web server show that folder, or write it here with --out site");
    } else {
        say("next: open it in a browser; it needs no server, so the folder can be copied anywhere");
    }
    Ok(())
}

/// Every report of the job's markets, or of the wanted ones, in its newest revision, and its page as it was published; only those of the
/// job's calendar.
async fn published(job: &Job, ledger: &Ledger, wanted: &[Market]) -> Result<(Vec<Report>, WholeReports)> {
    let markets =
        if wanted.is_empty() { ledger.markets(&job.name).await.in_place(&job.name)? } else { wanted.to_vec() };
    let (mut reports, mut whole) = (Vec::<Report>::new(), WholeReports::new());
    for market in markets {
        let before = reports.len();
        for period in job.published(ledger, &market).await? {
            let slot = Slot { job: job.name.clone(), market: market.clone(), period };
            let place = format!("{market} {period}");
            let publication = ledger.latest(&slot).await.in_place(&place)?;
            let publication =
                publication.ok_or_else(|| Error::NotPublished { what: format!("{place} of job {}", job.name) })?;
            let bytes = ledger.read(&publication, "report.json").await.in_place(&place)?;
            let report: Report = serde_json::from_slice(&bytes)?;
            let page = ledger.read(&publication, "report.html").await.in_place(&place)?;
            whole.insert((market.clone(), period, report.revision), String::from_utf8_lossy(&page).into_owned());
            reports.push(report);
        }
        if reports.len() == before && wanted.contains(&market) {
            return Err(Error::NotPublished { what: format!("market {market} of job {}", job.name) });
        }
    }
    if reports.is_empty() {
        return Err(Error::NotPublished { what: format!("any market of job {}", job.name) });
    }
    Ok((reports, whole))
}
