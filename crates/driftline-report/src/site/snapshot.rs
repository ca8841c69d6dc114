//! A quarter taken down as text: every figure that is compared, as its report writes it, and what the report's gate said of it.

use std::collections::{BTreeMap, BTreeSet};

use driftline_core::Minor;
use driftline_core::basics::locale::Words;
use driftline_core::drift::change::{Change, Metric, Verdict};
use driftline_core::personas::{Other, Persona, Role};
use driftline_core::report::facet_lines::{self, figures};
use driftline_core::report::{Report, Unit};
use serde::Serialize;

use super::history::risk_method;
use super::shelf::{Shelf, href};

pub(super) const ABSENT: &str = "not available";

/// A quarter as text.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Snapshot {
    pub(super) period: String,
    pub(super) title: String,
    /// The market first, then personas, best first, then who is in none.
    pub(super) subjects: Vec<Subject>,
    /// Key and sentence of personas that ended in this quarter.
    pub(super) ended: Vec<(String, String)>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Subject {
    pub(super) key: String,
    pub(super) label: String,
    /// From the root of the site.
    pub(super) href: Option<String>,
    /// Where it comes from.
    pub(super) note: String,
    pub(super) figures: Vec<Figure>,
}

/// One figure of a subject, as its report writes it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) text: String,
    /// What it rests on: figures on different grounds are not compared.
    pub(super) ground: String,
    /// What the report's gate said of its change; absent for figures that no gate looks at.
    pub(super) judged: Option<Judged>,
}

/// The verdict of a report's gate on the change of a figure since the period that it compares with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Judged {
    pub(super) against: String,
    /// `changed`, or why it does not count.
    pub(super) word: &'static str,
    pub(super) is_change: bool,
    /// What customers moved, with the range of that.
    pub(super) detail: String,
}

impl Figure {
    pub(super) fn new(key: &str, name: &str, text: String) -> Self {
        Self { key: key.to_owned(), name: name.to_owned(), text, ground: String::new(), judged: None }
    }
}

/// The gate's words on a change. A range that holds zero says more than that the gate was not passed.
fn judged(report: &Report, change: &Change) -> Option<Judged> {
    let words = Words { locale: report.locale, currency: report.currency.clone() };
    let written = |amount: f64| words.moved(change, amount);
    let word = match change.verdict {
        Verdict::Changed => "changed",
        Verdict::Usual => "normal for this market",
        Verdict::TooSmallToSay => "too few customers to say",
        Verdict::NotMaterial if (change.low_95..=change.high_95).contains(&0.0) => "inside the noise",
        Verdict::NotMaterial => "not large or sure enough to count",
    };
    let (moved, low, high) = (change.causes.customers_moved, change.low_95, change.high_95);
    Some(Judged {
        against: report.previous_period?.to_string(),
        word,
        is_change: change.verdict == Verdict::Changed,
        detail: format!("customers who moved {} (95 % range {} to {})", written(moved), written(low), written(high)),
    })
}

pub(super) fn snapshots(shelf: &Shelf<'_>) -> Vec<Snapshot> {
    let keeps_page = |key: &str| shelf.members.iter().any(|member| member.persona.key == key);
    let told = told_ever(shelf);
    shelf
        .reports
        .iter()
        .map(|report| Snapshot {
            period: report.period.to_string(),
            title: report.period_title.clone(),
            subjects: std::iter::once(market(report))
                .chain(report.personas.personas.iter().map(|persona| subject(report, persona, &told)))
                .chain(report.personas.other.as_ref().map(|other| unlike(report, other)))
                .map(|subject| Subject { href: subject.href.filter(|_| keeps_page(&subject.key)), ..subject })
                .collect(),
            ended: report.personas.ended.iter().map(|ended| (ended.key.clone(), ended.sentence.clone())).collect(),
        })
        .collect()
}

fn market(report: &Report) -> Subject {
    let shown = |value: f64, unit: Unit| match unit {
        Unit::Count => report.locale.number(value, 0),
        Unit::Money => report.locale.money(Minor(value.round() as i64), &report.currency),
        Unit::Share => report.locale.percent(value, 1),
    };
    let figures = report.kpis.iter().map(|kpi| {
        let text = kpi.now.map_or_else(|| ABSENT.to_owned(), |value| shown(value, kpi.unit));
        let ground = if kpi.key == "churn_risk" { risk_ground(report) } else { String::new() };
        // The market's line of the gate is of its 12-month value.
        let line = report.market_change.as_ref().filter(|_| kpi.key == "value_12_months");
        Figure { ground, judged: line.and_then(|line| judged(report, line)), ..Figure::new(&kpi.key, &kpi.label, text) }
    });
    Subject {
        key: String::new(),
        label: "The whole market".to_owned(),
        href: None,
        note: report.headline.sentence.clone(),
        figures: figures.collect(),
    }
}

fn subject(report: &Report, persona: &Persona, told: &BTreeMap<String, BTreeSet<String>>) -> Subject {
    let absent = || ABSENT.to_owned();
    let money =
        |amount: Option<Minor>| amount.map_or_else(absent, |amount| report.locale.money(amount, &report.currency));
    let role = match persona.role {
        Role::Primary => "primary",
        Role::Secondary => "secondary",
        Role::Negative => "negative",
    };
    let figures = [
        ("Label", persona.label.clone()),
        ("Role", role.to_owned()),
        ("Customers", report.locale.count(persona.customers)),
        ("Share of active customers", report.locale.percent(persona.share, 1)),
        ("12-month value", money(persona.value)),
        ("Value a customer", money(persona.value_per_customer)),
        ("Net revenue of the period", money(persona.net_revenue)),
    ];
    let risk = persona.churn_risk.map_or_else(absent, |risk| report.locale.percent(risk, 1));
    let said = |name: &str| {
        let metric = match name {
            "Share of active customers" => Metric::CustomerShare,
            "12-month value" => Metric::Value,
            "Value a customer" => Metric::ValuePerCustomer,
            _ => return None,
        };
        let line = report.changes.iter().find(|line| line.subject == persona.key && line.metric == metric);
        line.and_then(|line| judged(report, line))
    };
    Subject {
        key: persona.key.clone(),
        label: persona.label.clone(),
        href: Some(href(&report.market, &persona.key)),
        note: persona.lineage.clone(),
        figures: figures
            .into_iter()
            .map(|(name, text)| Figure { judged: said(name), ..Figure::new(name, name, text) })
            .chain([Figure { ground: risk_ground(report), ..Figure::new("Risk", "Risk", risk) }])
            .chain(of_facets(report, persona, told.get(&persona.key)))
            .collect(),
    }
}

/// Keys of the figures of facets that any report of a persona tells.
fn told_ever(shelf: &Shelf<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for report in &shelf.reports {
        for persona in &report.personas.personas {
            let keys = figures(report, persona, &BTreeSet::new()).into_iter().map(|figure| figure.key);
            told.entry(persona.key.clone()).or_default().extend(keys);
        }
    }
    told
}

fn of_facets(report: &Report, persona: &Persona, told: Option<&BTreeSet<String>>) -> Vec<Figure> {
    let none = BTreeSet::new();
    let found = figures(report, persona, told.unwrap_or(&none)).into_iter();
    let judged = |is_changed: bool| {
        Some(Judged {
            against: report.previous_period?.to_string(),
            word: if is_changed { "changed" } else { "not large or sure enough to count" },
            is_change: is_changed,
            detail: "over all facets of the report together".to_owned(),
        })
    };
    let figure = |one: facet_lines::Figure| Figure {
        ground: one.fingerprint,
        judged: one.is_changed.and_then(judged),
        ..Figure::new(&one.key, &one.name, one.text)
    };
    found.map(figure).collect()
}

/// Who is in no persona: no page, no lineage, no verdict.
fn unlike(report: &Report, other: &Other) -> Subject {
    let money = |amount: Minor| report.locale.money(amount, &report.currency);
    let figures = [
        ("Customers", Some(report.locale.count(other.customers))),
        ("Share of active customers", Some(report.locale.percent(other.share, 1))),
        ("12-month value", other.value.map(money)),
        ("Value a customer", other.value_per_customer.map(money)),
        ("Net revenue of the period", other.net_revenue.map(money)),
    ];
    let risk = other.churn_risk.map(|risk| report.locale.percent(risk, 1));
    let written = |text: Option<String>| text.unwrap_or_else(|| ABSENT.to_owned());
    Subject {
        // Not a persona's key, and never a market's, which is empty.
        key: "other".to_owned(),
        label: other.label.clone(),
        href: None,
        note: String::new(),
        figures: figures
            .into_iter()
            .map(|(name, text)| Figure::new(name, name, written(text)))
            .chain([Figure { ground: risk_ground(report), ..Figure::new("Risk", "Risk", written(risk)) }])
            .collect(),
    }
}

/// A risk by another method or of other days is another figure.
fn risk_ground(report: &Report) -> String {
    format!("{}, {}", risk_method(report), report.method.churn_event)
}
