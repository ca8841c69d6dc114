//! The past of a market as its reports tell it.

use crate::Period;
use crate::drift::bridge::{Bridge, Measure};
use crate::drift::history::PastChanges;
use crate::report::Report;

/// The history of a report of `period` from the reports before it, of whole periods of its calendar only.
pub fn history<'a>(period: Period, reports: impl IntoIterator<Item = &'a Report>) -> PastChanges {
    let mut history = PastChanges::of(period);
    for report in
        reports.into_iter().filter(|report| report.partial.is_none() && report.period.calendar() == period.calendar())
    {
        for change in report.changes.iter().chain(&report.market_change) {
            history.add(report.period, change);
        }
        let net = report.bridges.iter().find(|bridge| bridge.measure == Measure::NetRevenue);
        if let Some(moved) = net.and_then(Bridge::like_for_like) {
            history.add_net(report.period, moved);
        }
    }
    history
}
