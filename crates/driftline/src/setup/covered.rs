//! Where the exports begin and end, and what each market has of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use driftline_core::Market;
use driftline_core::exports::reach::Reach;
use driftline_lake::inspect::Finding;

use crate::setup::job;

/// How many days of silence at an end of an export whose reach is not known count as complete.
const SILENT_DAYS: i64 = 5;

/// Where the exports begin and end, each declared or taken over all markets.
#[derive(Clone, Debug)]
pub struct Coverage {
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    pub is_from_declared: bool,
    pub is_until_declared: bool,
    /// Days of silence after `until` that say nothing yet.
    pub silent_days: i64,
    /// What each market has, if it was looked for.
    pub markets: BTreeMap<Market, Sales>,
    /// What a reader of the figures should know, one sentence each.
    pub notes: Vec<String>,
    /// Lines that two markets have in common.
    pub shared: Vec<([Market; 2], Finding)>,
}

/// The sales of one market.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sales {
    pub first: Option<NaiveDate>,
    /// Day of the last line of any kind.
    pub last_line: Option<NaiveDate>,
    /// Rows of the sources that order lines are made of.
    pub rows: u64,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            from: None,
            until: None,
            is_from_declared: false,
            is_until_declared: false,
            silent_days: SILENT_DAYS,
            markets: BTreeMap::new(),
            notes: Vec::new(),
            shared: Vec::new(),
        }
    }
}

impl Coverage {
    /// What the job declares; an end of which it says nothing is where the exports were found to end.
    pub fn of(declared: &job::Exports, found: Option<&Reach>) -> Self {
        Self {
            from: declared.complete_from.or(found.map(|reach| reach.first)),
            until: declared.complete_until.or(found.map(|reach| reach.last)),
            is_from_declared: declared.complete_from.is_some(),
            is_until_declared: declared.complete_until.is_some(),
            silent_days: found.map_or(SILENT_DAYS, |reach| reach.silent_days),
            ..Self::default()
        }
    }
}
