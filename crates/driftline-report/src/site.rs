//! The persona repository: a static site of everything a job has published, for all markets and periods.
//!
//! It is made of reports only, so it shows nothing that they do not, and of nothing else: no clock, no network, no order that
//! a map would give. The same reports and templates give the same bytes.

mod compare;
mod family;
mod glyph;
mod history;
mod line;
mod shelf;
mod snapshot;
mod templates;
#[cfg(test)]
mod tests;
mod unlike;
mod whole;

use std::collections::BTreeMap;

use driftline_core::facets::Facet;
use driftline_core::personas::Role;
use driftline_core::report::{Method, Report, Status};
use driftline_core::{Market, Period};
use serde::Serialize;

pub use self::templates::SiteTemplates;

use self::compare::Comparison;
use self::family::{Family, Tree};
use self::history::{PersonaHistory, report_href};
use self::shelf::{Entry, Shelf};
use self::snapshot::Snapshot;
use self::unlike::Unlike;
use crate::brand::Brand;
use crate::error::{Error, Result};
use crate::view::{Card, Letter, Source, View, unbroken};

/// Report pages as runs published them, by market, period and revision.
pub type WholeReports = BTreeMap<(Market, Period, u32), String>;

/// What every page knows.
#[derive(Debug, Serialize)]
struct Site<'a> {
    title: &'a str,
    /// What a period is called: `quarter` or `half-year`.
    noun: &'a str,
    /// From the page back to the root: empty, or `../` as often as needed.
    root: &'static str,
    markets: &'a [Named<'a>],
    /// Code of the market that the page is of, if it is of one.
    market: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    code: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct MarketView<'a> {
    code: &'a str,
    name: &'a str,
    newest: ReportLine<'a>,
    /// Personas of the newest report that lead, then its others, then those that are gone.
    primary: Vec<Entry>,
    others: Vec<Entry>,
    gone: Vec<Entry>,
    /// Who is in no persona of the newest report.
    unlike: Option<Unlike>,
    /// Newest first.
    reports: Vec<ReportLine<'a>>,
    method: &'a Method,
    /// Periods as in `2025Q2..2025Q3` of the newest two reports.
    newest_pair: Option<String>,
}

#[derive(Debug, Serialize)]
struct ReportLine<'a> {
    period: String,
    title: &'a str,
    as_of: String,
    /// Its headline as HTML, already escaped, with no break inside a figure: for `| safe`.
    sentence: String,
    status: Status,
    revision: u32,
    partial: bool,
    personas: usize,
    /// The page of the report, from the root of the site.
    href: String,
}

impl<'a> MarketView<'a> {
    fn new(shelf: &Shelf<'a>) -> Self {
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
    fn new(report: &'a Report) -> Self {
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

#[derive(Serialize)]
struct IndexPage<'a> {
    site: Site<'a>,
    /// Those that have or had personas, then those that have none yet.
    markets: Vec<&'a MarketView<'a>>,
    without_personas: Vec<&'a MarketView<'a>>,
    /// Roles and standings that the filters offer.
    roles: Vec<Role>,
    standings: Vec<(shelf::Standing, &'static str)>,
    personas: usize,
    /// Of all markets, by name.
    facets: Vec<&'a Facet>,
}

#[derive(Serialize)]
struct MarketPage<'a> {
    site: Site<'a>,
    market: &'a MarketView<'a>,
    tree: Option<Tree>,
}

#[derive(Serialize)]
struct ComparePage<'a> {
    site: Site<'a>,
    market: &'a MarketView<'a>,
    pairs: Vec<Comparison>,
    quarters: &'a [Snapshot],
    embedded: String,
}

#[derive(Serialize)]
struct ReportPage<'a> {
    site: Site<'a>,
    market: &'a MarketView<'a>,
    #[serde(flatten)]
    view: View<'a>,
    /// Its personas, best first.
    entries: Vec<Entry>,
    unlike: Option<Unlike>,
    before: Option<ReportLine<'a>>,
    after: Option<ReportLine<'a>>,
    /// The report page as the run published it, from the root of the site; absent if it is not in the site.
    whole_href: Option<String>,
}

#[derive(Serialize)]
struct PersonaPage<'a> {
    site: Site<'a>,
    market: &'a MarketView<'a>,
    entry: Entry,
    card: &'a Card<'a>,
    report: &'a Report,
    sources: &'a [Source<'a>],
    history: PersonaHistory,
    family: Family,
    report_href: String,
}

/// Every page of the site as its path and bytes, in the order of paths: the index, a page a persona, and for each market its
/// quarters, its reports in short and as they were published, and its family tree. Of several revisions of a period the newest
/// counts. A published page of `whole` that would load something or lead to a file that is not there is left out with a warning.
///
/// # Errors
/// `Error::Site` if there is no report or a key that cannot name a page, `Error::Template` if a template does not render.
pub fn pages(
    job_title: &str,
    reports: &[Report],
    whole: &WholeReports,
    templates: &SiteTemplates,
) -> Result<Vec<(String, Vec<u8>)>> {
    let (letter, brand) = (Letter::default(), Brand::own());
    let shelves = shelf::shelves(reports)?;
    let Some(first) = shelves.first() else {
        return Err(Error::Site { problem: "there is no report to make pages of".to_owned() });
    };
    let markets: Vec<MarketView<'_>> = shelves.iter().map(MarketView::new).collect();
    let named: Vec<Named<'_>> = markets.iter().map(|market| Named { code: market.code, name: market.name }).collect();
    let noun = first.newest.period_noun.as_str();
    let site = |root, market| Site { title: job_title, noun, root, markets: &named, market };
    let engine = templates.engine(first.newest.locale, &first.newest.currency)?;
    let mut pages: Vec<(String, Vec<u8>)> =
        templates::COPIED.iter().map(|name| ((*name).to_owned(), templates.copied(name).as_bytes().to_vec())).collect();
    let index = index(site("", None), &shelves, &markets);
    pages.push(("index.html".to_owned(), templates.render(&engine, "index.html", &index)?));
    pages.push(("glossary.html".to_owned(), templates.render(&engine, "glossary.html", &index)?));
    for (shelf, market) in shelves.iter().zip(&markets) {
        let code = market.code;
        let engine = templates.engine(shelf.newest.locale, &shelf.newest.currency)?;
        let of_market = |tree| MarketPage { site: site("../", Some(code)), market, tree };
        pages.push((format!("{code}/index.html"), templates.render(&engine, "market.html", &of_market(None))?));
        let tree = of_market(family::tree(shelf));
        pages.push((format!("{code}/tree.html"), templates.render(&engine, "tree.html", &tree)?));
        let quarters = snapshot::snapshots(shelf);
        let compared = ComparePage {
            site: site("../", Some(code)),
            market,
            pairs: compare::neighbours(&quarters),
            quarters: &quarters,
            embedded: compare::embedded(&quarters).map_err(|error| Error::Site { problem: error.to_string() })?,
        };
        pages.push((format!("{code}/compare.html"), templates.render(&engine, "compare.html", &compared)?));
        for (place, report) in shelf.reports.iter().enumerate() {
            // A report is written in its own currency and numbers, whatever the newest one has.
            let engine = templates.engine(report.locale, &report.currency)?;
            let beside = |place: Option<usize>| Some(ReportLine::new(shelf.reports.get(place?)?));
            let view = View::new(report, &letter, &brand);
            let cards: Vec<&Card<'_>> = view.primary.iter().chain(&view.others).collect();
            let members = shelf.members.iter().filter(|member| member.report.period == report.period);
            for member in members {
                let Some(card) = cards.iter().find(|card| card.persona.key == member.persona.key) else { continue };
                let entry = Entry::new(member);
                let path = entry.href.clone();
                let page = PersonaPage {
                    site: site("../../", Some(code)),
                    market,
                    history: history::history(shelf, &entry.key),
                    family: family::family(shelf, &shelves, &entry.key),
                    entry,
                    card,
                    report,
                    sources: &view.sources,
                    report_href: report_href(report),
                };
                pages.push((path, templates.render(&engine, "persona.html", &page)?));
            }
            let published = whole.get(&(report.market.clone(), report.period, report.revision));
            let whole_href = published.filter(|page| whole::may_be_shown(report, page)).map(|page| {
                let path = whole::href(report);
                pages.push((path.clone(), page.as_bytes().to_vec()));
                path
            });
            let page = ReportPage {
                whole_href,
                site: site("../../", Some(code)),
                market,
                entries: shelf::entries_of(report),
                unlike: Unlike::of(report),
                before: beside(place.checked_sub(1)),
                after: beside(place.checked_add(1)),
                view,
            };
            pages.push((report_href(report), templates.render(&engine, "report.html", &page)?));
        }
    }
    pages.sort();
    Ok(pages)
}

fn index<'a>(site: Site<'a>, shelves: &'a [Shelf<'a>], markets: &'a [MarketView<'a>]) -> IndexPage<'a> {
    let (with_personas, without_personas) = markets
        .iter()
        .partition(|market| !(market.primary.is_empty() && market.others.is_empty() && market.gone.is_empty()));
    let members = || shelves.iter().flat_map(|shelf| &shelf.members);
    let roles = [Role::Primary, Role::Secondary, Role::Negative];
    let all = shelves.iter().flat_map(|shelf| &shelf.newest.facets);
    let facets: BTreeMap<&str, &Facet> = all.map(|facet| (facet.name.as_str(), facet)).collect();
    IndexPage {
        facets: facets.into_values().collect(),
        roles: roles.into_iter().filter(|role| members().any(|member| member.persona.role == *role)).collect(),
        standings: shelf::Standing::ALL
            .into_iter()
            .filter(|standing| members().any(|member| member.standing == *standing))
            .map(|standing| (standing, standing.label()))
            .collect(),
        personas: members().count(),
        markets: with_personas,
        without_personas,
        site,
    }
}
