//! Facets in words: the lines that a reader's mail has of them, and a figure as it is written.

use std::collections::BTreeSet;

use crate::Minor;
use crate::basics::audience::Audience;
use crate::basics::locale::Words;
use crate::facets::{Answer, Definition, Facet, Shape};
use crate::naming::rule::Operand;
use crate::personas::Persona;
use crate::report::Report;

/// Answers below so many people are told without tenths of a percent.
pub const TENTHS_FROM: u64 = 1_000;

/// A figure in the facet's unit.
pub fn written(definition: &Definition, figure: f64, of: u64, words: &Words) -> String {
    let percent = || words.locale.percent(figure, usize::from(of >= TENTHS_FROM));
    let decimals = usize::from(definition.decimals.unwrap_or(1));
    match (definition.shape, definition.unit.as_deref()) {
        (Shape::Has | Shape::Amount, _) | (_, Some("share")) => percent(),
        (_, Some("money")) => words.locale.money(Minor((100.0 * figure).round() as i64), &words.currency),
        (_, Some(unit)) => format!("{} {unit}", words.locale.number(figure, decimals)),
        (_, None) => words.locale.number(figure, decimals),
    }
}

/// How far an answer is from another figure, in standard deviations of one customer: of shares Cohen's (1988) h.
fn effect(definition: &Definition, answer: &Answer, from: f64) -> f64 {
    let angle = |share: f64| 2.0 * share.clamp(0.0, 1.0).sqrt().asin();
    match definition.shape {
        Shape::Has | Shape::Amount => (angle(answer.figure) - angle(from)).abs(),
        Shape::Mean | Shape::Rate => {
            let spread = answer.standard_error * (answer.of as f64).sqrt();
            if spread > 0.0 { (answer.figure - from).abs() / spread } else { 0.0 }
        }
    }
}

/// What an answer says of whom, beside the others and, if it changed, beside last period.
pub fn sentence(facet: &Facet, answer: &Answer, whom: &str, words: &Words) -> String {
    let definition = &facet.definition;
    let written = |figure: f64, of: u64| written(definition, figure, of, words);
    let own = written(answer.figure, answer.of);
    let item = answer.label().unwrap_or_default();
    let others = answer.others.map(|others| written(others, answer.of));
    let last = answer.last.as_ref().filter(|last| last.is_changed);
    let last = last.map_or(String::new(), |last| format!(" ({} last period)", written(last.figure, answer.of)));
    let told = match (definition.shape, &definition.says) {
        (Shape::Has, Some(says)) => {
            let others = others.map_or(String::new(), |others| format!("; {others} of the others"));
            let of = words.locale.count(answer.of);
            format!("{own} of {of} {whom} {}{last}{others}", says.replace("{}", &item))
        }
        (Shape::Amount, Some(says)) => {
            let others = others.map_or(String::new(), |others| format!("; the others {others}"));
            format!("{whom} {}{last}{others}", says.replace("{share}", &own).replace("{}", &item))
        }
        _ => {
            let what =
                if item.is_empty() { facet.definition.title.clone() } else { format!("{}, {item}", definition.title) };
            let others = others.map_or(String::new(), |others| format!("; the others {others}"));
            format!("{whom}: {what}: {own}{last}{others}")
        }
    };
    format!("{told}.")
}

/// The lines of a reader's roles: what changed before what stands out, the strongest first, one of a facet.
pub fn lines(report: &Report, audience: Audience, most: usize, words: &Words) -> Vec<String> {
    let (facets, personas) = (&report.facets, &report.personas.personas);
    let mut found: Vec<(bool, f64, &str, String)> = Vec::new();
    for facet in facets.iter().filter(|facet| facet.definition.roles.contains(&audience)) {
        let of_personas = personas.iter().flat_map(|persona| {
            let own = persona.facets.iter().filter(|answer| answer.facet == facet.name);
            own.filter(|answer| is_news(facet, answer, persona)).map(|answer| (persona.label.as_str(), answer))
        });
        let of_everyone = facet.everyone.iter().map(|answer| ("everyone active", answer));
        let candidates = of_everyone.chain(of_personas).filter_map(|(whom, answer)| {
            let changed = answer.last.as_ref().filter(|last| last.is_changed).map(|last| last.figure);
            let from = changed.or(answer.others.filter(|_| answer.stands_out))?;
            // A deviation that has no good side is told upwards: who has it, not who lacks it.
            let is_told = changed.is_some() || is_upwards(&facet.definition, answer.figure - from);
            is_told.then(|| (changed.is_some(), effect(&facet.definition, answer, from), whom, answer))
        });
        let best = candidates.max_by(|a, b| {
            a.0.cmp(&b.0)
                .then(a.1.total_cmp(&b.1))
                .then((b.2, &b.3.group, &b.3.item).cmp(&(a.2, &a.3.group, &a.3.item)))
        });
        found.extend(best.map(|(is_change, effect, whom, answer)| {
            (is_change, effect, facet.name.as_str(), sentence(facet, answer, whom, words))
        }));
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(b.2)));
    found.into_iter().take(most).map(|(_, _, _, line)| line).collect()
}

fn is_upwards(definition: &Definition, difference: f64) -> bool {
    !matches!(definition.shape, Shape::Has | Shape::Amount) || difference > 0.0
}

/// Whether an answer says more than the persona's name does: what segments are made of is news if it changed, and an item that no claim
/// of the name is about.
fn is_news(facet: &Facet, answer: &Answer, persona: &Persona) -> bool {
    if !facet.definition.drives || answer.last.as_ref().is_some_and(|last| last.is_changed) {
        return true;
    }
    let is_claimed = |item: &String| {
        let of = persona.claims.iter().map(|claim| &claim.condition.operand);
        of.into_iter().any(|operand| matches!(operand, Operand::Share { item: named, .. } if named == item))
    };
    answer.item.as_ref().is_some_and(|item| !is_claimed(item))
}

/// A figure of a card as two periods are compared by it.
pub struct Figure {
    /// Facet, group and item: the same question has the same key.
    pub key: String,
    pub name: String,
    pub text: String,
    /// Figures of other definitions are other figures.
    pub fingerprint: String,
    pub is_changed: Option<bool>,
}

/// The figures of a persona that are compared: of facets without items all, of the others what stands out or changed, and what is
/// asked for by key.
pub fn figures(report: &Report, persona: &Persona, also: &BTreeSet<String>) -> Vec<Figure> {
    let words = Words { locale: report.locale, currency: report.currency.clone() };
    let mut found = Vec::new();
    for facet in &report.facets {
        for answer in persona.facets.iter().filter(|answer| answer.facet == facet.name) {
            let is_changed = answer.last.as_ref().map(|last| last.is_changed);
            let key = [Some(&facet.name), answer.group.as_ref(), answer.item.as_ref()];
            let key = key.map(|part| part.map_or("", String::as_str)).join("\u{1f}");
            if answer.item.is_some() && !answer.stands_out && is_changed != Some(true) && !also.contains(&key) {
                continue;
            }
            let title = facet.definition.title.clone();
            found.push(Figure {
                key,
                name: answer.label().map_or_else(|| title.clone(), |item| format!("{title}, {item}")),
                text: written(&facet.definition, answer.figure, TENTHS_FROM, &words),
                fingerprint: facet.fingerprint.clone(),
                is_changed,
            });
        }
    }
    found
}
