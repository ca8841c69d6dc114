//! What the program takes from outside, read once in `main` and handed down.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::setup::worker::Worker;

/// What the program took from outside: the clock, the environment and the machine, read once.
pub struct Environment {
    pub now: DateTime<Utc>,
    /// Of the environment, by name.
    pub variables: Vec<(String, String)>,
    pub scratch: PathBuf,
    /// This build of the program since this start of the machine, as [`driftline_lake::resume::Resume`] wants it.
    pub build: Option<String>,
    pub threads: usize,
    /// For what lives longer than an instant.
    pub clock: fn() -> DateTime<Utc>,
    /// This process, as others see it in the ledger.
    pub worker: Worker,
}
