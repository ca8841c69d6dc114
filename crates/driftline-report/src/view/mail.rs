//! What a mail says to its reader besides the report, and which notes it has room for.

use driftline_core::report::{Audience, ForYou, Report};
use serde::Serialize;

/// Notes of a mail to anybody but the owner; the page has all of them.
const MAIL_NOTES: usize = 3;

/// What a mail says besides the report: to whom, why, and how to get no more. The page has an empty one.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Letter<'a> {
    pub audience: Audience,
    /// Where the full report lies.
    pub report_location: &'a str,
    pub reason: &'a str,
    /// Address that takes "pause" and "unsubscribe".
    pub write_to: &'a str,
}

pub(super) fn export_warnings(report: &Report, audience: Audience) -> &[String] {
    if audience == Audience::Owner { &report.quality.warnings } else { &[] }
}

pub(super) fn mail_notes<'a>(report: &'a Report, for_you: Option<&ForYou>, audience: Audience) -> Vec<&'a str> {
    let most = if audience == Audience::Owner { usize::MAX } else { MAIL_NOTES };
    let is_said = |note: &String| for_you.is_some_and(|block| block.lines.contains(note));
    report.notes.iter().filter(|note| !is_said(note)).map(String::as_str).take(most).collect()
}
