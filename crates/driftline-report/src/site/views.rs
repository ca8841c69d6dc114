//! What pages of a site know: of the site, of a market, of a report in one line.

use driftline_core::personas::Role;
use driftline_core::report::{Method, Report, Status};
use serde::Serialize;

use super::history::report_href;
use super::shelf::{Entry, Shelf};
use super::unlike::Unlike;
use crate::view::unbroken;

/// What every page knows.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Site<'a> {
    pub(super) title: &'a str,
    /// What a period is called: `quarter` or `half-year`.
    pub(super) noun: &'a str,
    /// From the page back to the root: empty, or `../` as often as needed.
    pub(super) root: &'static str,
    pub(super) markets: &'a [Named<'a>],
    /// Code of the market that the page is of, if it is of one.
    pub(super) market: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    pub(super) code: &'a str,
    pub(super) name: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct MarketView<'a> {
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    pub(super) newest: ReportLine<'a>,
    /// Personas of the newest report that lead, then its others, then those that are gone.
    pub(super) primary: Vec<Entry>,
    pub(super) others: Vec<Entry>,
    pub(super) gone: Vec<Entry>,
    /// Who is in no persona of the newest report.
    pub(super) unlike: Option<Unlike>,
    /// Newest first.
    pub(super) reports: Vec<ReportLine<'a>>,
    pub(super) method: &'a Method,
    /// Periods as in `2025Q2..2025Q3` of the newest two reports.
    pub(super) newest_pair: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ReportLine<'a> {
    pub(super) period: String,
    pub(super) title: &'a str,
    pub(super) as_of: String,
    /// Its headline as HTML, already escaped, with no break inside a figure: for `| safe`.
    pub(super) sentence: String,
    pub(super) status: Status,
    pub(super) revision: u32,
    pub(super) partial: bool,
    pub(super) personas: usize,
    /// The page of the report, from the root of the site.
    pub(super) href: String,
}

impl<'a> MarketView<'a> {
    pub(super) fn new(shelf: &Shelf<'a>) -> Self {
        let entries: Vec<Entry> = shelf.members.iter().map(Entry::new).collect();
        let (current, gone): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.is_current);
        let (primary, others) = current.into_iter().partition(|entry| entry.role == Role::Primary);
        let newest_pair = match shelf.reports.as_slice() {
            [.., before, last] => Some(format!("{}..{}", before.period, last.period)),
            _ => None,
        };
        Self {
            code: shelf.market.as_str(),
            name: &shelf.newest.market_name,
            newest: ReportLine::new(shelf.newest),
            primary,
            others,
            gone,
            unlike: Unlike::of(shelf.newest),
            reports: shelf.reports.iter().rev().map(|report| ReportLine::new(report)).collect(),
            method: &shelf.newest.method,
            newest_pair,
        }
    }
}

impl<'a> ReportLine<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        Self {
            period: report.period.to_string(),
            title: &report.period_title,
            as_of: report.as_of.to_string(),
            sentence: unbroken(&report.headline.sentence),
            status: report.status,
            revision: report.revision,
            partial: report.partial.is_some(),
            personas: report.personas.personas.len(),
            href: report_href(report),
        }
    }
}
