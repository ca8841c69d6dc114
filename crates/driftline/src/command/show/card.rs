//! One persona as a card.

use driftline_core::Minor;
use driftline_core::basics::locale::{Locale, Words};
use driftline_core::personas::{Persona, Role};
use driftline_core::report::Report;
use driftline_core::report::facet_lines::{TENTHS_FROM, written};

use crate::command::output::{one_line, say};

/// In the place of a sum that would tell of single customers.
pub(super) const FEW_HOLD_MOST: &str = "not shown: a few hold most of it";

/// Who they are, what they are worth, what they do and say, what people noted, and what is not known.
pub(super) fn card(persona: &Persona, report: &Report) {
    let locale = report.locale;
    head(persona, locale);
    name(persona, locale);
    worth(persona, report);
    answers(persona, report);
    notes(persona);
    evidence(persona);
    if let Some(note) = &persona.note {
        say(format!("  {note}"));
    }
}

fn head(persona: &Persona, locale: Locale) {
    let role = match persona.role {
        Role::Primary => "primary",
        Role::Secondary => "secondary",
        Role::Negative => "negative",
    };
    let provisional = if persona.provisional { ", provisional" } else { "" };
    say(format!("{}  [{role}{provisional}]  {}", persona.label, persona.key));
    say(format!(
        "  {} customers, {} of active; {}",
        locale.count(persona.customers),
        locale.percent(persona.share, 1),
        persona.lineage
    ));
}

/// What the name says, by which rule one can tell who belongs to it, and what it was called.
fn name(persona: &Persona, locale: Locale) {
    for former in &persona.formerly {
        say(format!("  formerly {} (until {})", one_line(&former.label), former.until));
    }
    for claim in &persona.claims {
        let share =
            |share: Option<f64>| share.map_or_else(|| "nearly all".to_owned(), |share| locale.percent(share, 0));
        let everyone =
            claim.everyone.map_or_else(String::new, |share| format!(", {} of everyone", locale.percent(share, 0)));
        say(format!("  {}: {} of them{everyone}", one_line(&claim.text), share(claim.members)));
    }
    if let Some(rule) = &persona.rule {
        let told = match (rule.precision, rule.coverage) {
            (Some(precision), Some(coverage)) => format!(
                ": {} of matches are members, {} of members match",
                locale.percent(precision, 0),
                locale.percent(coverage, 0)
            ),
            _ => String::new(),
        };
        say(format!("  rule: {}{told}", one_line(&rule.text)));
        say(format!("        {}", one_line(&rule.rule.to_string())));
    }
    if let Some(once) = persona.bought_once {
        say(format!("  bought once, this period: {} of them", locale.count(once)));
    }
}

/// Value, margin, cost to win, net revenue and risk.
fn worth(persona: &Persona, report: &Report) {
    let locale = report.locale;
    let money = |amount: Minor| locale.money(amount, &report.currency);
    if let (Some(value), Some(each), Some(share)) = (persona.value, persona.value_per_customer, persona.value_share) {
        say(format!(
            "  12-month value {} ({} of the market), {} a customer",
            money(value),
            locale.percent(share, 1),
            money(each)
        ));
    }
    if let Some((margin, amount)) = persona.margin.and_then(|margin| Some((margin, margin.value?))) {
        say(format!("  12-month margin {} ({} of the value)", money(amount), locale.percent(margin.share, 1)));
    }
    if let Some(acquired) = &persona.acquisition {
        let words = Words { locale, currency: report.currency.clone() };
        say(format!("  acquisition: {}", acquired.sentence(&words)));
    }
    let risk = persona.churn_risk.map_or_else(|| "not available".to_owned(), |risk| locale.percent(risk, 1));
    say(format!(
        "  net revenue of the period {}; risk ({}) {risk}",
        persona.net_revenue.map_or_else(|| FEW_HOLD_MOST.to_owned(), money),
        report.method.churn_event
    ));
}

/// What the facets say: those of one answer each, then what stands out of the others.
fn answers(persona: &Persona, report: &Report) {
    let words = Words { locale: report.locale, currency: report.currency.clone() };
    for facet in &report.facets {
        let written = |figure: f64| written(&facet.definition, figure, TENTHS_FROM, &words);
        let own = persona.facets.iter().filter(|answer| answer.facet == facet.name);
        for answer in own.filter(|answer| answer.item.is_none() || answer.stands_out) {
            let others = answer.others.map_or_else(String::new, |others| format!("   others {}", written(others)));
            let last = answer.last.as_ref().filter(|last| last.is_changed);
            let last = last.map_or_else(String::new, |last| format!("   changed, last time {}", written(last.figure)));
            let label = match answer.label() {
                Some(item) => format!("{}: {}", facet.definition.title, one_line(&item)),
                None => facet.definition.title.clone(),
            };
            say(format!("    {label:<40} {:>14}{others}{last}", written(answer.figure)));
        }
    }
}

/// What people wrote of it.
fn notes(persona: &Persona) {
    for note in &persona.notes {
        say(format!(
            "  {}: {} ({}, {}; {})",
            note.label,
            one_line(&note.text),
            one_line(&note.author),
            note.written_on,
            one_line(&note.evidence)
        ));
        for review in &note.review {
            say(format!("    to review: {}", one_line(review)));
        }
    }
}

/// What is not known, and which source would tell it.
fn evidence(persona: &Persona) {
    if !persona.evidence.is_empty() {
        say("  no evidence yet; would come from");
    }
    // Fields beside each other that one source would fill are one line.
    for missing in persona.evidence.chunk_by(|a, b| a.source_needed == b.source_needed) {
        let fields: Vec<&str> = missing.iter().map(|evidence| evidence.field.as_str()).collect();
        let source = missing.first().map_or("", |evidence| evidence.source_needed.as_str());
        say(format!("    {}: {source}", fields.join(", ")));
    }
}
