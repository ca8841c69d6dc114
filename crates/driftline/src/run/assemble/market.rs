//! What a headline says of the whole market: its money, who came, how much is known, whether anything tells its customers apart.

use driftline_core::basics::locale::Words;
use driftline_core::drift::bridge::{Bridge, Measure};
use driftline_stats::groups::Structure;

use super::facts::Facts;
use super::parts::Parts;

pub(super) fn too_few(parts: &Parts<'_>, words: &Words) -> String {
    let small = &parts.job.small_markets;
    let needed = if small.parent.is_some() { small.provisional_from } else { small.own_from };
    let active = words.locale.count(parts.base.active);
    match &small.parent {
        Some(parent) if parts.base.active >= needed => format!(
            "{active} active customers are too few for personas of their own, and {} has none published for this period to lean on; totals only.",
            parts.job.market_name(parent)
        ),
        _ => format!("{active} active customers are too few for personas ({needed} are needed); totals only."),
    }
}

pub(super) fn noun(measure: Measure) -> &'static str {
    match measure {
        Measure::Value12Months => "12-month customer value",
        Measure::NetRevenue => "Net revenue of the period",
        Measure::Trailing12Months => "Net revenue of the last 12 months",
    }
}

/// The sentence of a bridge, or of the first there is; with a space before it.
pub(super) fn money(parts: &Parts<'_>, facts: &Facts<'_>, measure: Measure, reasons: bool) -> String {
    let material = parts.job.materiality.value_of_total;
    let found = facts.bridges.iter().find(|bridge| bridge.measure == measure).or_else(|| facts.bridges.first());
    found.map_or_else(String::new, |bridge| {
        format!(" {}", facts.words.headline(bridge, noun(bridge.measure), material, reasons))
    })
}

/// New customers against those of the period before, and who came back; with a space before it.
pub(super) fn growth(parts: &Parts<'_>, facts: &Facts<'_>) -> String {
    let Some(new) = facts.newcomers else { return String::new() };
    let locale = facts.words.locale;
    let relative = (new.now as f64 - new.before as f64) / new.before.max(1) as f64;
    let came = format!(
        " {} new customers came, {} the {} before ({}).",
        locale.count(new.now),
        locale.count(new.before),
        parts.plan.period.noun(),
        locale.signed_percent(relative, 1)
    );
    let min_cell = parts.job.personas.min_cell;
    let is_safe = |count: u64| count == 0 || count >= min_cell;
    let rest = |customers: u64, new: u64, back: u64| customers.checked_sub(new + back);
    let others = [
        rest(parts.tables.totals.customers, new.now, new.came_back_now),
        rest(parts.tables.totals_restated.customers, new.before, new.came_back_before),
    ];
    let back = [new.came_back_now, new.came_back_before];
    if !back.into_iter().chain(others.into_iter().flatten()).all(is_safe) || others.contains(&None) {
        return came;
    }
    let again = match back {
        [0, 0] => " Nobody came back.".to_owned(),
        [now, before] => format!(
            " {} who had bought before came back, {} the {} before.",
            locale.count(now),
            locale.count(before),
            parts.plan.period.noun()
        ),
    };
    format!("{came}{again}")
}

/// A new market in the subject: how many customers, and its money. All customers of its first period were new, so those who come are
/// not compared with them.
pub(super) fn new_market(parts: &Parts<'_>, facts: &Facts<'_>) -> String {
    let locale = facts.words.locale;
    let net = facts.bridges.iter().find(|bridge| bridge.measure == Measure::NetRevenue).and_then(Bridge::like_for_like);
    let net = net.map_or_else(String::new, |moved| format!(", net revenue {}", locale.signed_percent(moved, 1)));
    let grown = grown(parts).map_or_else(String::new, |by| format!(" ({})", locale.signed_percent(by, 1)));
    format!("less than a year known, {} active customers{grown}{net}", locale.count(parts.base.active))
}

/// How much more customers are active than last period, as published.
pub(super) fn grown(parts: &Parts<'_>) -> Option<f64> {
    let kpis = &parts.previous?.kpis;
    let before = kpis.iter().find(|kpi| kpi.key == "active_customers")?.now.filter(|before| *before > 0.0)?;
    Some(parts.base.active as f64 / before - 1.0)
}

/// Whether there is one persona because most people buy once.
pub(super) fn is_mostly_once(parts: &Parts<'_>) -> bool {
    let is_one = parts.models.segments.as_ref().is_some_and(|model| model.structure == Structure::One);
    let customers = parts.base.customers.max(1);
    is_one && 2 * customers.saturating_sub(parts.base.repeat_customers) >= customers
}

/// Where nothing tells customers apart: how many never came back, and what their first order tells.
pub(super) fn one_group(parts: &Parts<'_>, words: &Words) -> String {
    let Some(model) = parts.models.segments.as_ref().filter(|model| model.structure == Structure::One) else {
        return String::new();
    };
    let customers = parts.base.customers.max(1);
    let never = customers.saturating_sub(parts.base.repeat_customers);
    let min_cell = parts.job.personas.min_cell;
    let is_safe = |count: u64| count == 0 || count >= min_cell;
    if !(is_safe(never) && is_safe(customers - never))
        || 2 * never < customers
        || !model.centroids.iter().all(Vec::is_empty)
    {
        return " No groups of customers stand out by their habits, so there is one persona.".to_owned();
    }
    let share = words.locale.percent(never as f64 / customers as f64, if never == customers { 0 } else { 1 });
    format!(
        " {share} of all customers there have been never came back after their first order. Nothing else is known of them, so there is one persona, described by what people buy."
    )
}
