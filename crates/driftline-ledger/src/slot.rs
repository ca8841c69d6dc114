//! Where the publications of a market and period lie.

use driftline_core::{Market, Period};

/// A market's slot: where one period of a job lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub job: String,
    pub market: Market,
    pub period: Period,
}
