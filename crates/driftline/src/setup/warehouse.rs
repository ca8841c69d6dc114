//! Where a job publishes: the ledger in its warehouse, and where its readers find it.

use driftline_ledger::Ledger;

use crate::error::Result;
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::project::Project;
use crate::setup::store;

/// The ledger of a job; `create` makes the folder of one that is not there yet.
pub(crate) fn ledger(job: &Job, project: &Project, environment: &Environment, create: bool) -> Result<Ledger> {
    let location = store::open(&job.warehouse.url, &project.root, create, &environment.variables)?;
    Ok(Ledger::new(location.store, location.root, location.shown))
}

/// Where a reader of a mail finds an object: below the address that the job gives for readers, else in the warehouse.
pub(crate) fn public_location(job: &Job, ledger: &Ledger, folder: &str, name: &str) -> String {
    match &job.warehouse.public_url {
        Some(url) => format!("{}/{folder}/{name}", url.trim_end_matches('/')),
        None => ledger.location(folder, name),
    }
}
