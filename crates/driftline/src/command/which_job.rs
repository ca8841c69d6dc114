//! Which job a command means that names a market alone.

use driftline_core::Market;
use driftline_ledger::Ledger;

use crate::error::{Error, Result};
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::project::Project;
use crate::setup::warehouse::ledger;

/// Which job was asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) named: Option<&'a str>,
    pub(super) overrides: &'a [String],
}

/// The one job of the project that has a market published, or the one that was named.
pub(super) async fn job_of_market(
    project: &Project,
    environment: &Environment,
    asked: Asked<'_>,
    market: &str,
) -> Result<(Job, Ledger)> {
    let what = format!("market {market} in any job");
    let has_it = |markets: &[Market]| markets.iter().any(|code| code.as_str() == market);
    job_that(project, environment, asked, &what, &has_it).await
}

/// The one job of the project whose published markets fit, or the one that was named; `what` says what is looked for.
pub(super) async fn job_that(
    project: &Project,
    environment: &Environment,
    Asked { named, overrides }: Asked<'_>,
    what: &str,
    fits: &dyn Fn(&[Market]) -> bool,
) -> Result<(Job, Ledger)> {
    if named.is_some() {
        let job = project.job(named, overrides)?;
        let ledger = ledger(&job, project, environment, true)?;
        return Ok((job, ledger));
    }
    let mut found = Vec::new();
    let mut names = Vec::new();
    for path in project.job_paths()? {
        let job = Job::read(&path, overrides)?;
        names.push(job.name.clone());
        let Ok(ledger) = ledger(&job, project, environment, false) else { continue };
        if ledger.markets(&job.name).await.is_ok_and(|markets| fits(&markets)) {
            found.push((job, ledger));
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::NotPublished { what: format!("{what} ({})", names.join(", ")) }),
        _ => Err(Error::NoSuchJob {
            name: "(several fit; use --job)".to_owned(),
            known: found.iter().map(|(job, _)| job.name.clone()).collect::<Vec<_>>().join(", "),
        }),
    }
}
