//! When what failed, or waits, is tried again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use driftline_core::{Market, Period};

use crate::operate::due::DueRun;

/// When a failed market and period is tried again.
#[derive(Clone, Debug, Default)]
pub struct Retries(BTreeMap<(String, Market, Period), (u32, DateTime<Utc>)>);

/// Minutes between tries: the fifth and later ones every six hours.
const RETRY_MINUTES: [i64; 5] = [1, 5, 25, 125, 360];
/// Minutes between two looks for exports that are not complete.
const WAIT_MINUTES: i64 = 60;

impl Retries {
    pub(super) fn is_due(&self, job: &str, run: &DueRun, now: DateTime<Utc>) -> bool {
        self.0.get(&key(job, run)).is_none_or(|(_, next)| *next <= now)
    }

    pub(super) fn failed(&mut self, job: &str, run: &DueRun, now: DateTime<Utc>) {
        let entry = self.0.entry(key(job, run)).or_insert((0, now));
        let minutes = RETRY_MINUTES[(entry.0 as usize).min(RETRY_MINUTES.len() - 1)];
        *entry = (entry.0 + 1, now + TimeDelta::minutes(minutes));
    }

    pub(super) fn waits(&mut self, job: &str, run: &DueRun, now: DateTime<Utc>) {
        self.0.insert(key(job, run), (0, now + TimeDelta::minutes(WAIT_MINUTES)));
    }

    pub(super) fn done(&mut self, job: &str, run: &DueRun) {
        self.0.remove(&key(job, run));
    }

    /// Forgets what is not due any more.
    pub(super) fn keep(&mut self, job: &str, runs: &[DueRun]) {
        let keys: BTreeSet<_> = runs.iter().map(|run| key(job, run)).collect();
        self.0.retain(|known, _| known.0 != job || keys.contains(known));
    }

    /// The next instant at which something is to be tried again.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.0.values().map(|(_, next)| *next).min()
    }
}

fn key(job: &str, run: &DueRun) -> (String, Market, Period) {
    (job.to_owned(), run.plan.market.clone(), run.plan.period)
}
