//! The persona repository: a static site of everything a job has published, for all markets and periods.
//!
//! It is made of reports only, so it shows nothing that they do not, and of nothing else: no clock, no network, no order that
//! a map would give. The same reports and templates give the same bytes.

mod compare;
mod family;
mod glyph;
mod history;
mod line;
mod market;
mod shelf;
mod snapshot;
mod templates;
#[cfg(test)]
mod tests;
mod unlike;
mod views;
mod whole;

use std::collections::BTreeMap;

use driftline_core::facets::Facet;
use driftline_core::personas::Role;
use driftline_core::report::Report;
use serde::Serialize;

use self::market::MarketPages;
use self::shelf::Shelf;
pub use self::templates::SiteTemplates;
use self::views::{MarketView, Named, Site};
pub use self::whole::WholeReports;
use crate::error::{Error, Result};

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
    let shelves = shelf::shelves(reports)?;
    let Some(first) = shelves.first() else {
        return Err(Error::Site { problem: "there is no report to make pages of".to_owned() });
    };
    let markets: Vec<MarketView<'_>> = shelves.iter().map(MarketView::new).collect();
    let named: Vec<Named<'_>> = markets.iter().map(|market| Named { code: market.code, name: market.name }).collect();
    let noun = first.newest.period_noun.as_str();
    let site = Site { title: job_title, noun, root: "", markets: &named, market: None };
    let engine = templates.engine(first.newest.locale, &first.newest.currency)?;
    let mut pages: Vec<(String, Vec<u8>)> =
        templates::COPIED.iter().map(|name| ((*name).to_owned(), templates.copied(name).as_bytes().to_vec())).collect();
    let index = index(site, &shelves, &markets);
    pages.push(("index.html".to_owned(), templates.render(&engine, "index.html", &index)?));
    pages.push(("glossary.html".to_owned(), templates.render(&engine, "glossary.html", &index)?));
    for (shelf, market) in shelves.iter().zip(&markets) {
        let site = Site { market: Some(market.code), ..site };
        pages.extend(MarketPages { site, shelf, market, shelves: &shelves, whole, templates }.all()?);
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
