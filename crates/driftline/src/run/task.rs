//! What one run is about.

use driftline_ledger::{Publication, Slot};

use crate::run::journal::Journal;
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;
use crate::setup::worker::LeaseGuard;

/// One market and period, and how it is to be run.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub context: &'a JobContext,
    pub plan: &'a RunPlan,
    /// The revision that this run stands beside.
    pub replaces: Option<&'a Publication>,
    /// Lease and journal of a run that publishes; none for a dry run.
    pub under: Option<Under<'a>>,
    /// Whether mails are sent now, or stored and left to a person.
    pub mails_now: bool,
}

/// What a run that publishes works under.
#[derive(Clone, Copy)]
pub struct Under<'a> {
    pub held: &'a LeaseGuard,
    pub journal: &'a Journal<'a>,
}

impl Task<'_> {
    /// Where it is, for errors.
    pub fn place(&self) -> String {
        format!("{} {}", self.plan.market, self.plan.period)
    }

    pub fn slot(&self) -> Slot {
        Slot { job: self.context.job.name.clone(), market: self.plan.market.clone(), period: self.plan.period }
    }

    /// The number that it is published under.
    pub fn revision(&self) -> u32 {
        self.replaces.map_or(1, |last| last.revision + 1)
    }
}
