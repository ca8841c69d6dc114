//! What a report says in sentences below its headline: what did not change, how sure, notes on the data.

use std::collections::BTreeSet;

use driftline_core::drift::change::{Change, MARKET, Verdict};
use driftline_core::personas::Role;
use driftline_core::personas::lineage::PersonaEvent;
use driftline_core::value::models::ValueTier;
use driftline_stats::groups::Structure;

use super::parts::Parts;

/// The five lines that are told in sentences: of different personas where there are as many; of everybody, one a figure.
pub(super) fn told<'a>(passed: &[&'a Change]) -> Vec<&'a Change> {
    const MOST: usize = 5;
    let mut chosen: Vec<&Change> = Vec::new();
    for line in passed {
        if chosen.len() < MOST && chosen.iter().all(|other| other.subject != line.subject || line.subject == MARKET) {
            chosen.push(line);
        }
    }
    chosen
}

/// How many personas have no line of their own. One to which something happened as a whole, such as a split, did change.
pub(super) fn unchanged(changes: &[Change], events: &[PersonaEvent], comparable: bool) -> String {
    if !comparable {
        return String::new();
    }
    let personas = || changes.iter().filter(|line| line.subject != MARKET);
    let in_event = |key: &str| events.iter().any(|event| event.key == key || event.from.iter().any(|from| from == key));
    let is_changed = |line: &&Change| line.verdict == Verdict::Changed || in_event(&line.subject);
    let changed: BTreeSet<&str> = personas().filter(is_changed).map(|line| line.subject.as_str()).collect();
    let compared: BTreeSet<&str> = personas().map(|line| line.subject.as_str()).collect();
    if compared.is_empty() {
        return String::new();
    }
    let quiet = compared.len() - changed.len();
    format!(
        "{quiet} of {} persona{} did not change by enough to be sure of it (share, orders, spend).",
        compared.len(),
        if compared.len() == 1 { "" } else { "s" }
    )
}

/// What last period's net revenue is from today's data, where that is not what was published, and this period's against it.
fn restated(parts: &Parts<'_>) -> Option<String> {
    let previous = parts.previous.filter(|previous| previous.partial.is_none() && parts.plan.partial.is_none())?;
    let (published, today) = (previous.totals.as_ref()?.net, parts.tables.totals_restated.net);
    let (locale, currency) = (parts.job.locale(&parts.plan.market), &parts.job.currency);
    let change = (parts.tables.totals.net - today).ratio(today)?;
    (published != today).then(|| {
        format!(
            "{} is restated: net revenue was published as {} and is {} from today's data; this period's changed by {} against that.",
            previous.period.title(),
            locale.money(published, currency),
            locale.money(today, currency),
            locale.signed_percent(change, 1)
        )
    })
}

/// What a reader of the figures should know, one sentence each.
pub(super) fn data_notes(parts: &Parts<'_>, visible: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if !visible {
        return notes;
    }
    if parts.personas.is_redrawn {
        notes.push(
            "The definition changed: the personas were drawn anew. Keys were kept where the people are. New and ended personas of this report are no change of customers, and no persona is compared."
                .to_owned(),
        );
    }
    notes.extend(bought_once(parts));
    notes.extend(restated(parts));
    if let Some(scorecard) = &parts.tables.scorecard {
        notes.push(scorecard.sentence.clone());
    }
    if parts.models.forecast.as_ref().is_some_and(|forecast| forecast.is_level_uncertain) {
        notes.push(
            "Uncertain level: the method behind the forecast of the next period was off by more than a tenth, or could not be judged, on the period before."
                .to_owned(),
        );
    }
    notes.extend(not_told_apart(parts));
    notes.extend(level(parts));
    notes.extend(segments(parts));
    if !parts.quality.sources_not_available.is_empty() {
        notes.push(format!("Not available in these exports: {}.", parts.quality.sources_not_available.join(", ")));
    }
    notes
}

/// What share of all customers never came back, where that is most of them.
fn bought_once(parts: &Parts<'_>) -> Option<String> {
    let (customers, once) =
        (parts.base.customers, parts.base.customers - parts.base.repeat_customers.min(parts.base.customers));
    let is_one = parts.models.segments.as_ref().is_some_and(|model| model.structure == Structure::One);
    let min_cell = parts.job.personas.min_cell;
    if 2 * once >= customers.max(1) && once >= min_cell && customers - once >= min_cell && !is_one {
        return Some(format!(
            "{:.0} % of all customers there have been bought once and never came back so far.",
            100.0 * once as f64 / customers as f64
        ));
    }
    None
}

/// Money that is in the market's totals and in no persona.
fn not_told_apart(parts: &Parts<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let min_cell = parts.job.personas.min_cell;
    if let Some(share) = parts.quality.unidentified_gross_share.filter(|share| *share >= 0.005) {
        notes.push(format!(
            "{:.1} % of gross revenue has no customer id: it counts in the market's totals and in no persona.",
            100.0 * share
        ));
    }
    if parts.tables.totals.few_objectors(min_cell).is_some() {
        notes.push(format!(
            "Fewer than {min_cell} customers who declined profiling bought or sent something back: their money is in the totals, and no figure tells it apart."
        ));
    }
    notes
}

/// How sure the level of the forecasts is.
fn level(parts: &Parts<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(level) = parts.models.value_level.filter(|_| parts.models.is_value_level_uncertain) {
        notes.push(format!(
            "The level of the 12-month value is uncertain: for {} the same models had said {} times what came.",
            parts.plan.period.title(),
            parts.job.locale(&parts.plan.market).number(level, 2)
        ));
    }
    if parts.models.value_tier != ValueTier::Own {
        notes.push(format!("Forecasts: {} ({}).", parts.models.value_tier.label(), parts.models.value_note));
    } else {
        notes.push("Forecasts are estimates.".to_owned());
    }
    notes
}

/// How the personas came about, and what is odd about them.
fn segments(parts: &Parts<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(segments) = &parts.models.segments {
        if segments.structure == Structure::Bands && parts.personas.personas.len() > 1 {
            notes.push(
                "These customers differ by degree, not by kind: there are no gaps between the personas, which are stable bands of one range. People who cross a border are told as moves, not as new or lost personas."
                    .to_owned(),
            );
        }
        notes.push(format!("Segments: {}.", segments.reason));
    }
    if let Some(note) = &parts.personas.primaries_note {
        notes.push(note.clone());
    }
    let negative = parts.personas.personas.iter().filter(|persona| persona.role == Role::Negative).count();
    if negative > 0 {
        notes.push(format!("{negative} negative persona(s): see their cards for why, and where to look first."));
    }
    notes
}
