//! One persona as a card.

use driftline_core::Minor;
use driftline_core::persona::{Persona, Role};
use driftline_core::report::Report;
use driftline_core::sentence::{Locale, Words};

use crate::command::output::{one_line, say};

/// In the place of a sum that would tell of single customers.
pub(super) const FEW_HOLD_MOST: &str = "not shown: a few hold most of it";

/// Who they are, what they are worth, what they do and say, what people noted, and what is not known.
pub(super) fn card(persona: &Persona, report: &Report) {
    let locale = report.locale;
    head(persona, locale);
    name(persona, locale);
    worth(persona, report);
    habits(persona, report);
    categories(persona, locale);
    attributes(persona, locale);
    contacts(persona, locale);
    topics(persona, locale);
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

fn habits(persona: &Persona, report: &Report) {
    let locale = report.locale;
    for habit in &persona.habits {
        let shown = |value: f64| match habit.unit.as_str() {
            "money" => locale.money(Minor((100.0 * value).round() as i64), &report.currency),
            "share" => locale.percent(value, usize::from(habit.decimals)),
            unit => format!("{} {unit}", locale.number(value, usize::from(habit.decimals))),
        };
        say(format!("    {:<28} {:>22}   everyone {}", habit.label, shown(habit.mean), shown(habit.base_mean)));
    }
}

fn categories(persona: &Persona, locale: Locale) {
    if !persona.categories.is_empty() {
        let list: Vec<String> = persona
            .categories
            .iter()
            .map(|c| {
                format!(
                    "{} {} (everyone {}; n {})",
                    one_line(&c.category),
                    locale.percent(c.share, 1),
                    locale.percent(c.base_share, 1),
                    c.customers
                )
            })
            .collect();
        say(format!("  buys more of: {}", list.join(", ")));
    }
}

fn attributes(persona: &Persona, locale: Locale) {
    for attribute in &persona.attributes {
        let top = attribute
            .bands
            .iter()
            .filter(|band| band.share.is_some())
            .max_by(|a, b| a.share.unwrap_or(0.0).total_cmp(&b.share.unwrap_or(0.0)));
        if let Some(band) = top {
            say(format!(
                "  {}: most often {} ({} of {} who answered; {} did not)",
                one_line(&attribute.attribute),
                one_line(&band.value),
                locale.percent(band.share.unwrap_or(0.0), 0),
                attribute.answered,
                locale.percent(attribute.missing_share, 0)
            ));
        }
    }
}

fn contacts(persona: &Persona, locale: Locale) {
    for contact in &persona.contacts {
        let response =
            contact.response_share.map_or_else(|| "too few to say".to_owned(), |share| locale.percent(share, 1));
        say(format!(
            "  {}: reached {} ({}), responded {response}",
            one_line(&contact.campaign_type),
            contact.contacted,
            locale.percent(contact.contacted_share, 1)
        ));
    }
}

fn topics(persona: &Persona, locale: Locale) {
    for topic in &persona.topics {
        say(format!(
            "  {}: {} ({}): {} of {}, {} of others; n {}",
            topic.kind.label(),
            one_line(&topic.topic),
            one_line(&topic.source),
            locale.percent(topic.share, 1),
            if topic.answered.is_some() { "those who answered" } else { "them" },
            locale.percent(topic.others_share, 1),
            topic.customers
        ));
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
