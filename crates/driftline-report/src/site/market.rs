//! The pages of one market: its quarters, its family tree, any two quarters compared, its reports and its personas.

use driftline_core::report::Report;
use serde::Serialize;

use super::compare::{self, Comparison};
use super::family::{self, Family, Tree};
use super::history::{self, PersonaHistory, report_href};
use super::shelf::{self, Entry, Shelf};
use super::snapshot::{self, Snapshot};
use super::templates::SiteTemplates;
use super::unlike::Unlike;
use super::views::{MarketView, ReportLine, Site};
use super::whole::{self, WholeReports};
use crate::brand::Brand;
use crate::error::{Error, Result};
use crate::view::{Card, Letter, Source, View};

/// A page by its path.
type Page = (String, Vec<u8>);

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

/// What the pages of a market are made of.
pub(super) struct MarketPages<'a> {
    pub(super) site: Site<'a>,
    pub(super) shelf: &'a Shelf<'a>,
    pub(super) market: &'a MarketView<'a>,
    pub(super) shelves: &'a [Shelf<'a>],
    pub(super) whole: &'a WholeReports,
    pub(super) templates: &'a SiteTemplates,
}

impl MarketPages<'_> {
    /// All of them, in no order.
    pub(super) fn all(&self) -> Result<Vec<Page>> {
        let (code, shelf, templates) = (self.market.code, self.shelf, self.templates);
        let engine = templates.engine(shelf.newest.locale, &shelf.newest.currency)?;
        let of_market = |tree| MarketPage { site: self.site("../"), market: self.market, tree };
        let quarters = snapshot::snapshots(shelf);
        let compared = ComparePage {
            site: self.site("../"),
            market: self.market,
            pairs: compare::neighbours(&quarters),
            quarters: &quarters,
            embedded: compare::embedded(&quarters).map_err(|error| Error::Site { problem: error.to_string() })?,
        };
        let tree = of_market(family::tree(shelf));
        let mut pages = vec![
            (format!("{code}/index.html"), templates.render(&engine, "market.html", &of_market(None))?),
            (format!("{code}/tree.html"), templates.render(&engine, "tree.html", &tree)?),
            (format!("{code}/compare.html"), templates.render(&engine, "compare.html", &compared)?),
        ];
        for place in 0..shelf.reports.len() {
            pages.extend(self.of_report(place)?);
        }
        Ok(pages)
    }

    fn site(&self, root: &'static str) -> Site<'_> {
        Site { root, ..self.site }
    }

    /// A report in short and as it was published, and the personas that it describes last.
    fn of_report(&self, place: usize) -> Result<Vec<Page>> {
        let (shelf, report) = (self.shelf, self.shelf.reports[place]);
        // A report is written in its own currency and numbers, whatever the newest one has.
        let engine = self.templates.engine(report.locale, &report.currency)?;
        let (letter, brand) = (Letter::default(), Brand::own());
        let view = View::new(report, &letter, &brand);
        let cards: Vec<&Card<'_>> = view.primary.iter().chain(&view.others).collect();
        let mut pages = Vec::new();
        for member in shelf.members.iter().filter(|member| member.report.period == report.period) {
            let Some(card) = cards.iter().find(|card| card.persona.key == member.persona.key) else { continue };
            let entry = Entry::new(member);
            let path = entry.href.clone();
            let page = PersonaPage {
                site: self.site("../../"),
                market: self.market,
                history: history::history(shelf, &entry.key),
                family: family::family(shelf, self.shelves, &entry.key),
                entry,
                card,
                report,
                sources: &view.sources,
                report_href: report_href(report),
            };
            pages.push((path, self.templates.render(&engine, "persona.html", &page)?));
        }
        let published = self.whole.get(&(report.market.clone(), report.period, report.revision));
        let whole_href = published.filter(|page| whole::may_be_shown(report, page)).map(|page| {
            let path = whole::href(report);
            pages.push((path.clone(), page.as_bytes().to_vec()));
            path
        });
        let beside = |place: Option<usize>| Some(ReportLine::new(shelf.reports.get(place?)?));
        let page = ReportPage {
            whole_href,
            site: self.site("../../"),
            market: self.market,
            entries: shelf::entries_of(report),
            unlike: Unlike::of(report),
            before: beside(place.checked_sub(1)),
            after: beside(place.checked_add(1)),
            view,
        };
        pages.push((report_href(report), self.templates.render(&engine, "report.html", &page)?));
        Ok(pages)
    }
}
