//! One market on the shelf: its reports, oldest first, and every persona it ever had, with what became of each.

use std::collections::{BTreeMap, BTreeSet};

use driftline_core::personas::{Persona, Role};
use driftline_core::report::Report;
use driftline_core::{Market, Period};
use serde::Serialize;

use super::glyph;
use crate::error::{Error, Result};
use crate::facet_view::more_of;

/// A market with its published reports.
pub(super) struct Shelf<'a> {
    pub(super) market: &'a Market,
    /// Oldest first, the newest revision of each period; never empty.
    pub(super) reports: Vec<&'a Report>,
    pub(super) newest: &'a Report,
    /// Those of the newest report, best first; then those who are gone, last seen first.
    pub(super) members: Vec<Member<'a>>,
}

/// A persona as its newest report describes it.
pub(super) struct Member<'a> {
    pub(super) persona: &'a Persona,
    pub(super) report: &'a Report,
    pub(super) standing: Standing,
    /// Where it came from, or how it ended.
    pub(super) sentence: String,
}

/// What became of a persona by the newest report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    New,
    Stayed,
    Changed,
    Split,
    Merged,
    /// By the model of a parent market.
    Assigned,
    Ended,
    /// In no list of the newest report: it may have no personas at all.
    NotSeen,
}

impl Standing {
    /// In the order of the filter.
    pub(super) const ALL: [Self; 8] =
        [Self::New, Self::Stayed, Self::Changed, Self::Split, Self::Merged, Self::Assigned, Self::Ended, Self::NotSeen];

    fn of(persona: &Persona) -> Self {
        let starts = |words: &str| persona.lineage.starts_with(words);
        match () {
            () if starts("survived, changed") => Self::Changed,
            () if starts("survived") => Self::Stayed,
            () if starts("split") => Self::Split,
            () if starts("merged") => Self::Merged,
            () if starts("assigned") => Self::Assigned,
            () => Self::New,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Stayed => "stayed",
            Self::Changed => "stayed, changed",
            Self::Split => "split off",
            Self::Merged => "merged",
            Self::Assigned => "assigned",
            Self::Ended => "ended",
            Self::NotSeen => "not in the newest report",
        }
    }
}

/// Puts reports on shelves: one a market, in the order of their codes.
///
/// # Errors
/// `Error::Site` if a persona's key cannot be part of a file name.
pub(super) fn shelves(reports: &[Report]) -> Result<Vec<Shelf<'_>>> {
    let mut markets: BTreeMap<&Market, BTreeMap<Period, &Report>> = BTreeMap::new();
    for report in reports {
        let of_market = markets.entry(&report.market).or_default();
        let known = of_market.entry(report.period).or_insert(report);
        if report.revision > known.revision {
            *known = report;
        }
    }
    let mut shelves = Vec::new();
    for (market, of_market) in markets {
        let reports: Vec<&Report> = of_market.into_values().collect();
        let Some(newest) = reports.last().copied() else { continue };
        let members = members(&reports);
        for member in &members {
            check_key(&member.persona.key)?;
        }
        shelves.push(Shelf { market, reports, newest, members });
    }
    Ok(shelves)
}

fn check_key(key: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if key.starts_with(|c: char| c.is_ascii_alphanumeric()) && key.len() <= 120 && key.chars().all(plain) {
        return Ok(());
    }
    Err(Error::Site { problem: format!("the persona key {key:?} cannot be the name of a page") })
}

fn members<'a>(reports: &[&'a Report]) -> Vec<Member<'a>> {
    let mut seen = BTreeSet::new();
    let mut members = Vec::new();
    for (age, report) in reports.iter().rev().enumerate() {
        for persona in &report.personas.personas {
            if !seen.insert(&persona.key) {
                continue;
            }
            let ending = reports
                .iter()
                .filter(|later| later.period > report.period)
                .flat_map(|later| later.personas.ended.iter().map(move |ended| (later, ended)))
                .find(|(_, ended)| ended.key == persona.key);
            let (standing, sentence) = match (age, ending) {
                (0, _) => (Standing::of(persona), persona.lineage.clone()),
                (_, Some((later, ended))) => (Standing::Ended, format!("{}: {}", later.period_title, ended.sentence)),
                (_, None) => (Standing::NotSeen, format!("last seen in {}", report.period_title)),
            };
            members.push(Member { persona, report, standing, sentence });
        }
    }
    members
}

/// The personas of one report, best first, as that report described them.
pub(super) fn entries_of(report: &Report) -> Vec<Entry> {
    let member =
        |persona| Member { persona, report, standing: Standing::of(persona), sentence: persona.lineage.clone() };
    report.personas.personas.iter().map(|persona| Entry::new(&member(persona))).collect()
}

/// A persona on a list, a card or in the search: every figure as its own report writes it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    market: String,
    market_name: String,
    pub(super) key: String,
    pub(super) label: String,
    pub(super) role: Role,
    pub(super) standing: Standing,
    standing_label: &'static str,
    pub(super) is_current: bool,
    provisional: bool,
    sentence: String,
    since: String,
    /// The period that the figures are of.
    period_title: String,
    /// From the root of the site.
    pub(super) href: String,
    glyph: String,
    customers: String,
    share: String,
    value: Option<String>,
    value_share: Option<String>,
    value_per_customer: Option<String>,
    net_revenue: Option<String>,
    risk: Option<String>,
    next_period: Option<String>,
    /// What sets it apart most, in words.
    traits: Vec<String>,
    more_of: Vec<String>,
    /// What the search looks at, in small letters.
    search: String,
}

const TRAITS_MOST: usize = 3;

impl Entry {
    pub(super) fn new(member: &Member<'_>) -> Self {
        let (persona, report) = (member.persona, member.report);
        let locale = report.locale;
        let money = |amount| locale.money(amount, &report.currency);
        let traits: Vec<String> = persona.claims.iter().take(TRAITS_MOST).map(|claim| claim.text.clone()).collect();
        let items = more_of(&report.facets, persona);
        let more: Vec<String> = items.iter().take(TRAITS_MOST).map(|item| (*item).to_owned()).collect();
        let search = [persona.label.as_str(), &persona.key, &report.market_name, report.market.as_str()]
            .into_iter()
            .chain(traits.iter().chain(&more).map(String::as_str))
            .chain(items.iter().copied().skip(TRAITS_MOST))
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        Self {
            market: report.market.to_string(),
            market_name: report.market_name.clone(),
            key: persona.key.clone(),
            label: persona.label.clone(),
            role: persona.role,
            standing: member.standing,
            standing_label: member.standing.label(),
            is_current: !matches!(member.standing, Standing::Ended | Standing::NotSeen),
            provisional: persona.provisional,
            sentence: member.sentence.clone(),
            since: persona.since.title(),
            period_title: report.period_title.clone(),
            href: href(&report.market, &persona.key),
            glyph: glyph::glyph(&persona.key),
            customers: locale.count(persona.customers),
            share: locale.percent(persona.share, 1),
            value: persona.value.map(money),
            value_share: persona.value_share.map(|share| locale.percent(share, 1)),
            value_per_customer: persona.value_per_customer.map(money),
            net_revenue: persona.net_revenue.map(money),
            risk: persona.churn_risk.map(|risk| locale.percent(risk, 1)),
            next_period: persona.next_period.map(|next| money(next.value)),
            traits,
            more_of: more,
            search,
        }
    }
}

/// The stable place of a persona's page, from the root of the site.
pub(super) fn href(market: &Market, key: &str) -> String {
    format!("{market}/personas/{key}.html")
}
