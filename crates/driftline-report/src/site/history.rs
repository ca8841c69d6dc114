//! A persona over the quarters: one row a published period, and its share, value and risk as lines.

use driftline_core::personas::{Persona, Role};
use driftline_core::report::Report;
use serde::Serialize;

use super::line::{Point, line};
use super::shelf::Shelf;

#[derive(Debug, Serialize)]
pub(super) struct PersonaHistory {
    /// Newest first.
    rows: Vec<Row>,
    lines: Vec<Line>,
}

/// One quarter, written as that quarter's report wrote it.
#[derive(Debug, Serialize)]
struct Row {
    title: String,
    /// The report's page, from the root of the site.
    href: String,
    /// `None`: the persona is not in that report.
    seen: Option<Seen>,
}

#[derive(Debug, Serialize)]
struct Seen {
    label: String,
    role: Role,
    customers: String,
    share: String,
    value: Option<String>,
    value_per_customer: Option<String>,
    risk: Option<String>,
    /// The method of the risk, if it is not the one of the row before: then the two cannot be compared.
    other_method: Option<String>,
}

#[derive(Debug, Serialize)]
struct Line {
    title: &'static str,
    svg: String,
    /// Title and text of the newest point.
    newest: Option<(String, String)>,
}

/// The page of a report, from the root of the site.
pub(super) fn report_href(report: &Report) -> String {
    format!("{}/reports/{}.html", report.market, report.period)
}

/// By which method a report's risks are made.
pub(super) fn risk_method(report: &Report) -> String {
    report.models.churn.as_ref().map_or_else(String::new, |churn| churn.chosen.to_string())
}

pub(super) fn history(shelf: &Shelf<'_>, key: &str) -> PersonaHistory {
    let found: Vec<(&Report, Option<&Persona>)> = shelf
        .reports
        .iter()
        .map(|report| (*report, report.personas.personas.iter().find(|persona| persona.key == key)))
        .collect();
    let mut method_before: Option<String> = None;
    let mut rows: Vec<Row> = Vec::new();
    for (report, persona) in &found {
        let seen = persona.map(|persona| {
            let method = risk_method(report);
            let is_other = method_before.as_ref().is_some_and(|before| *before != method);
            let seen = seen(report, persona, is_other.then(|| method.clone()));
            method_before = Some(method);
            seen
        });
        rows.push(Row { title: report.period_title.clone(), href: report_href(report), seen });
    }
    rows.reverse();
    let share = |report: &Report, persona: &Persona| Some((persona.share, report.locale.percent(persona.share, 1)));
    let value = |report: &Report, persona: &Persona| {
        persona.value.map(|value| (value.0 as f64, report.locale.money(value, &report.currency)))
    };
    let risk =
        |report: &Report, persona: &Persona| persona.churn_risk.map(|risk| (risk, report.locale.percent(risk, 1)));
    let lines = vec![
        drawn("Share of active customers", &found, &share),
        drawn("12-month value, forecast", &found, &value),
        drawn("Risk, forecast", &found, &risk),
    ];
    PersonaHistory { rows, lines }
}

fn seen(report: &Report, persona: &Persona, other_method: Option<String>) -> Seen {
    let money = |amount| report.locale.money(amount, &report.currency);
    Seen {
        label: persona.label.clone(),
        role: persona.role,
        customers: report.locale.count(persona.customers),
        share: report.locale.percent(persona.share, 1),
        value: persona.value.map(money),
        value_per_customer: persona.value_per_customer.map(money),
        risk: persona.churn_risk.map(|risk| report.locale.percent(risk, 1)),
        other_method: other_method.map(|method| method.replace('_', " ")),
    }
}

/// A figure of a persona in a report, as a number to draw and as the report writes it.
type Reading = dyn Fn(&Report, &Persona) -> Option<(f64, String)>;

fn drawn(title: &'static str, found: &[(&Report, Option<&Persona>)], figure: &Reading) -> Line {
    let mut newest = None;
    let mut points = Vec::new();
    for (report, persona) in found {
        let figure = persona.and_then(|persona| figure(report, persona));
        let text = figure.as_ref().map_or("–", |(_, text)| text.as_str());
        points.push(Point {
            title: format!("{}: {text}", report.period_title),
            at: figure.as_ref().map(|(value, _)| *value),
        });
        newest = figure.map(|(_, text)| (report.period_title.clone(), text)).or(newest);
    }
    Line { title, svg: line(&points), newest }
}
