//! Two quarters side by side, as `driftline diff` does it: who came, who went, and each figure before and after.
//!
//! Every quarter is taken down once as text. The page of a market compares neighbours for readers without scripts; the script
//! of the site compares any two, from the same texts and by the same rule, so neither computes a figure.

use driftline_core::Minor;
use driftline_core::persona::{Persona, Role};
use driftline_core::report::{Report, Unit};
use serde::Serialize;

use super::history::risk_method;
use super::shelf::{Shelf, href};

/// A quarter as text.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Snapshot {
    period: String,
    title: String,
    /// The market first, then personas, best first.
    subjects: Vec<Subject>,
    /// Key and sentence of personas that ended in this quarter.
    ended: Vec<(String, String)>,
}

#[derive(Clone, Debug, Serialize)]
struct Subject {
    key: String,
    label: String,
    /// From the root of the site.
    href: Option<String>,
    /// Where it comes from.
    note: String,
    figures: Vec<Figure>,
}

/// Key, name, text, and what the figure rests on: figures on different grounds are not compared.
type Figure = (String, String, String, String);

/// Two quarters compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Comparison {
    from: String,
    to: String,
    /// Both periods, as in `2025Q2..2025Q3`: the place on the page.
    id: String,
    subjects: Vec<Compared>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Compared {
    /// `kept`, `added` or `removed`.
    fate: &'static str,
    label: String,
    href: Option<String>,
    note: Option<String>,
    changed: Vec<Difference>,
    unchanged: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Difference {
    name: String,
    old: String,
    new: String,
    /// Why the two are not compared, if they are not.
    hint: Option<String>,
}

const ABSENT: &str = "not available";

pub(super) fn snapshots(shelf: &Shelf<'_>) -> Vec<Snapshot> {
    let keeps_page = |key: &str| shelf.members.iter().any(|member| member.persona.key == key);
    shelf
        .reports
        .iter()
        .map(|report| Snapshot {
            period: report.period.to_string(),
            title: report.period_title.clone(),
            subjects: std::iter::once(market(report))
                .chain(report.personas.personas.iter().map(|persona| subject(report, persona)))
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
        (kpi.key.clone(), kpi.label.clone(), text, ground)
    });
    Subject {
        key: String::new(),
        label: "The whole market".to_owned(),
        href: None,
        note: report.headline.sentence.clone(),
        figures: figures.collect(),
    }
}

fn subject(report: &Report, persona: &Persona) -> Subject {
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
        ("Net revenue of the period", money(Some(persona.net_revenue))),
    ];
    let risk = persona.churn_risk.map_or_else(absent, |risk| report.locale.percent(risk, 1));
    Subject {
        key: persona.key.clone(),
        label: persona.label.clone(),
        href: Some(href(&report.market, &persona.key)),
        note: persona.lineage.clone(),
        figures: figures
            .into_iter()
            .map(|(name, text)| (name.to_owned(), name.to_owned(), text, String::new()))
            .chain([("Risk".to_owned(), "Risk".to_owned(), risk, risk_ground(report))])
            .collect(),
    }
}

/// A risk by another method or of other days is another figure.
fn risk_ground(report: &Report) -> String {
    format!("{}, {}", risk_method(report), report.method.churn_event)
}

/// Each quarter against the one published before it, newest first.
pub(super) fn neighbours(snapshots: &[Snapshot]) -> Vec<Comparison> {
    let mut pairs: Vec<Comparison> = snapshots.windows(2).map(|pair| compare(&pair[0], &pair[1])).collect();
    pairs.reverse();
    pairs
}

fn compare(old: &Snapshot, new: &Snapshot) -> Comparison {
    let mut subjects: Vec<Compared> = new
        .subjects
        .iter()
        .map(|now| match old.subjects.iter().find(|before| before.key == now.key) {
            Some(before) => kept(before, now),
            None => Compared {
                fate: "added",
                label: now.label.clone(),
                href: now.href.clone(),
                note: Some(now.note.clone()),
                changed: Vec::new(),
                unchanged: 0,
            },
        })
        .collect();
    let gone = old.subjects.iter().filter(|before| !new.subjects.iter().any(|now| now.key == before.key));
    subjects.extend(gone.map(|before| {
        let ending = new.ended.iter().find(|(key, _)| *key == before.key).map(|(_, sentence)| sentence.clone());
        Compared {
            fate: "removed",
            label: before.label.clone(),
            href: before.href.clone(),
            note: Some(ending.unwrap_or_else(|| format!("not in the report of {}", new.title))),
            changed: Vec::new(),
            unchanged: 0,
        }
    }));
    Comparison {
        from: old.title.clone(),
        to: new.title.clone(),
        id: format!("{}..{}", old.period, new.period),
        subjects,
    }
}

fn kept(before: &Subject, now: &Subject) -> Compared {
    let none = (String::new(), String::new(), ABSENT.to_owned(), String::new());
    let mut changed = Vec::new();
    for (key, name, text, ground) in &now.figures {
        let (_, _, old, old_ground) = before.figures.iter().find(|(other, ..)| other == key).unwrap_or(&none);
        let is_other = text != ABSENT && old != ABSENT && ground != old_ground;
        if text != old || is_other {
            let hint = is_other.then(|| "by another method, or of other days: not compared".to_owned());
            changed.push(Difference { name: name.clone(), old: old.clone(), new: text.clone(), hint });
        }
    }
    Compared {
        fate: "kept",
        label: now.label.clone(),
        href: now.href.clone(),
        note: None,
        unchanged: now.figures.len() - changed.len(),
        changed,
    }
}

/// All quarters for the script of the page: JSON that cannot end the element it stands in.
///
/// # Errors
/// `serde_json`'s, which text does not raise.
pub(super) fn embedded(snapshots: &[Snapshot]) -> serde_json::Result<String> {
    Ok(serde_json::to_string(snapshots)?.replace('<', "\\u003c").replace('>', "\\u003e"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarter(period: &str, subjects: &[(&str, &str, &str)], ended: &[(&str, &str)]) -> Snapshot {
        let subject = |(key, risk, ground): &(&str, &str, &str)| Subject {
            key: (*key).to_owned(),
            label: key.to_uppercase(),
            href: None,
            note: "emerged".to_owned(),
            figures: vec![
                ("n".to_owned(), "Customers".to_owned(), "10".to_owned(), String::new()),
                ("r".to_owned(), "Risk".to_owned(), (*risk).to_owned(), (*ground).to_owned()),
            ],
        };
        Snapshot {
            period: period.to_owned(),
            title: period.to_owned(),
            subjects: subjects.iter().map(subject).collect(),
            ended: ended.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect(),
        }
    }

    #[test]
    fn who_came_who_went_and_what_differs() {
        let old = quarter("2025Q2", &[("a", "5 %", "x"), ("b", "5 %", "x"), ("c", "1 %", "x")], &[]);
        let new = quarter("2025Q3", &[("a", "6 %", "x"), ("b", "5 %", "y"), ("d", "9 %", "x")], &[("c", "faded")]);
        let found = compare(&old, &new);
        let rows: Vec<(&str, &str, usize, usize, Option<&str>)> = found
            .subjects
            .iter()
            .map(|s| (s.label.as_str(), s.fate, s.changed.len(), s.unchanged, s.note.as_deref()))
            .collect();
        assert_eq!(
            rows,
            [
                ("A", "kept", 1, 1, None),
                ("B", "kept", 1, 1, None),
                ("D", "added", 0, 0, Some("emerged")),
                ("C", "removed", 0, 0, Some("faded"))
            ]
        );
        assert_eq!(found.subjects[0].changed[0].hint, None);
        let hint = found.subjects[1].changed[0].hint.as_deref();
        assert_eq!(hint, Some("by another method, or of other days: not compared"));
        assert_eq!(neighbours(&[old, new]).len(), 1);
    }
}
