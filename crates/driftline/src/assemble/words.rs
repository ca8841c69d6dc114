//! What a report says in sentences: headline, what did not change, how sure, notes on the data.

use driftline_core::bridge::{Bridge, Measure};
use driftline_core::change::{Change, Verdict};
use driftline_core::lineage::{PersonaEvent, SegmentEventKind};
use driftline_core::persona::Role;
use driftline_core::report::{Headline, HeadlineKind, Status};
use driftline_core::sentence::Words;
use driftline_stats::groups::Structure;

use super::Parts;

/// The three lines that are told in sentences: of different personas where there are as many.
pub(super) fn told<'a>(passed: &[&'a Change]) -> Vec<&'a Change> {
    const MOST: usize = 3;
    let mut chosen: Vec<&Change> = Vec::new();
    for line in passed {
        if chosen.len() < MOST && chosen.iter().all(|other| other.subject != line.subject) {
            chosen.push(line);
        }
    }
    chosen
}

#[expect(clippy::too_many_arguments, reason = "one private sentence made of everything")]
pub(super) fn headline(
    parts: &Parts<'_>,
    words: &Words,
    bridges: &[Bridge],
    measure: Measure,
    market: Option<&Change>,
    passed: &[&Change],
    visible: bool,
    comparable: bool,
) -> Headline {
    let name = format!(
        "{} {}, {}",
        parts.job.file.title,
        parts.job.market_name(&parts.plan.market),
        parts.plan.period.title()
    );
    let corrected = if parts.revision > 1 { "Corrected: " } else { "" };
    let of = |kind, message: &str, sentence: String| Headline {
        kind,
        subject: format!("{corrected}{name}: {message}"),
        sentence,
    };
    let min_cell = parts.job.file.personas.min_cell;
    if !visible {
        return of(
            HeadlineKind::NotEnoughData,
            "not enough data",
            format!("Fewer than {min_cell} customers: there is nothing that can be said about them."),
        );
    }
    if let Some(partial) = &parts.plan.partial {
        return of(
            HeadlineKind::NotCompared,
            "partial period, not compared",
            format!("The period is not whole: {partial}. Its figures are not compared with a whole one."),
        );
    }
    if parts.status == Status::NotEnoughData {
        let small = &parts.job.file.small_markets;
        let needed = if small.parent.is_some() { small.provisional_from } else { small.own_from };
        return of(
            HeadlineKind::NotEnoughData,
            "not enough data for personas",
            match &small.parent {
                Some(parent) if parts.base.active >= needed => format!(
                    "{} active customers are too few for personas of their own, and {} has none published for this period to lean on; totals only.",
                    words.locale.count(parts.base.active),
                    parts.job.market_name(parent)
                ),
                _ => format!(
                    "{} active customers are too few for personas ({needed} are needed); totals only.",
                    words.locale.count(parts.base.active)
                ),
            },
        );
    }
    if parts.previous.is_none() {
        let described = parts.personas.personas.len();
        return of(
            HeadlineKind::First,
            "first report",
            format!(
                "First report of this market: {} active customers in {described} persona{}. Changes are shown from the next period on.{}",
                words.locale.count(parts.base.active),
                if described == 1 { "" } else { "s" },
                one_group(parts, words)
            ),
        );
    }
    if !comparable {
        return of(
            HeadlineKind::NotCompared,
            "not compared with a partial period",
            "The period before is not whole, so nothing is compared with it.".to_owned(),
        );
    }
    let noun = match measure {
        Measure::Value12Months => "12-month customer value",
        Measure::NetRevenue => "Net revenue of the period",
        Measure::Trailing12Months => "Net revenue of the last 12 months",
    };
    let found = bridges.iter().find(|bridge| bridge.measure == measure).or_else(|| bridges.first());
    let sentence = found.map_or_else(String::new, |bridge| {
        words.headline(bridge, if bridge.measure == measure { noun } else { &bridge.label })
    });
    let sentence = format!("{sentence}{}", one_group(parts, words));
    let relative = found.and_then(|bridge| bridge.change.ratio(bridge.start));
    let market_changed = market.is_some_and(|line| line.verdict == Verdict::Changed);
    // Personas that were drawn anew are no change of customers.
    let is_told = !parts.personas.is_redrawn;
    let ended = if is_told { parts.personas.ended.len() } else { 0 };
    let is_new = |persona: &&driftline_core::persona::Persona| is_told && persona.since == parts.plan.period;
    let is_fading = |event: &&PersonaEvent| event.kind == SegmentEventKind::Faded;
    let born =
        parts.personas.personas.iter().filter(is_new).count() + parts.personas.events.iter().filter(is_fading).count();
    if market_changed || !passed.is_empty() || ended + born > 0 {
        let short = match measure {
            Measure::Value12Months => "value",
            _ => "net revenue",
        };
        let moved = relative
            .map_or_else(String::new, |relative| format!("{short} {}", words.locale.signed_percent(relative, 1)));
        let changes = match passed.len() + ended + born {
            0 => None,
            1 => Some("1 change in personas".to_owned()),
            count => Some(format!("{count} changes in personas")),
        };
        let message =
            [Some(moved).filter(|text| !text.is_empty()), changes].into_iter().flatten().collect::<Vec<_>>().join(", ");
        return of(HeadlineKind::Changed, &message, sentence);
    }
    of(HeadlineKind::NoMaterialChange, "no material change", sentence)
}

/// Where nothing tells customers apart: how many never came back, and what their first order tells.
fn one_group(parts: &Parts<'_>, words: &Words) -> String {
    let Some(model) = parts.models.segments.as_ref().filter(|model| model.structure == Structure::One) else {
        return String::new();
    };
    let customers = parts.base.customers.max(1);
    let never = customers.saturating_sub(parts.base.repeat_customers);
    let min_cell = parts.job.file.personas.min_cell;
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

pub(super) fn unchanged(changes: &[Change], comparable: bool) -> String {
    if !comparable || changes.is_empty() {
        return String::new();
    }
    let changed: std::collections::BTreeSet<&str> =
        changes.iter().filter(|line| line.verdict == Verdict::Changed).map(|line| line.subject.as_str()).collect();
    let compared: std::collections::BTreeSet<&str> = changes.iter().map(|line| line.subject.as_str()).collect();
    let quiet = compared.len() - changed.len();
    format!("{quiet} of {} personas did not change by enough to be sure of it (share and value).", compared.len())
}

/// What last period's net revenue is from today's data, where that is not what was published, and this period's against it.
fn restated(parts: &Parts<'_>) -> Option<String> {
    let previous = parts.previous.filter(|previous| previous.partial.is_none() && parts.plan.partial.is_none())?;
    let (published, today) = (previous.totals.as_ref()?.net, parts.totals_restated.net);
    let (locale, currency) = (parts.job.locale(&parts.plan.market), &parts.job.file.currency);
    let change = (parts.totals.net - today).ratio(today)?;
    (published != today).then(|| {
        format!(
            "{} is restated: its net revenue was published as {} and is {} from today's data (late or corrected). Against that, this period's changed by {}.",
            previous.period.title(),
            locale.money(published, currency),
            locale.money(today, currency),
            locale.signed_percent(change, 1)
        )
    })
}

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
    let (customers, once) =
        (parts.base.customers, parts.base.customers - parts.base.repeat_customers.min(parts.base.customers));
    let is_one = parts.models.segments.as_ref().is_some_and(|model| model.structure == Structure::One);
    let min_cell = parts.job.file.personas.min_cell;
    if 2 * once >= customers.max(1) && once >= min_cell && customers - once >= min_cell && !is_one {
        notes.push(format!(
            "{:.0} % of all customers there have been bought once and never came back so far.",
            100.0 * once as f64 / customers as f64
        ));
    }
    notes.extend(restated(parts));
    if let Some(scorecard) = &parts.scorecard {
        notes.push(scorecard.sentence.clone());
    }
    if parts.models.forecast.as_ref().is_some_and(|forecast| forecast.is_level_uncertain) {
        notes.push(
            "Uncertain level: the method behind the forecast of the next period was off by more than a tenth, or could not be judged, on the period before."
                .to_owned(),
        );
    }
    if let Some(share) = parts.quality.unidentified_gross_share.filter(|share| *share >= 0.005) {
        notes.push(format!(
            "{:.1} % of gross revenue has no customer id: it counts in the market's totals and in no persona.",
            100.0 * share
        ));
    }
    if let Some(level) = parts.models.value_level.filter(|_| parts.models.is_value_level_uncertain) {
        notes.push(format!(
            "The level of the 12-month value is uncertain: for {} the same models had said {} times what came.",
            parts.plan.period.title(),
            parts.job.locale(&parts.plan.market).number(level, 2)
        ));
    }
    if parts.models.value_tier != "own" {
        notes.push(format!("Forecasts: {} ({}).", parts.models.value_tier, parts.models.value_note));
    } else {
        notes.push(
            "Forecasts are estimates; the range of a change does not hold the uncertainty of the fitted model itself."
                .to_owned(),
        );
    }
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
    if !parts.quality.sources_not_available.is_empty() {
        notes.push(format!("Not available in these exports: {}.", parts.quality.sources_not_available.join(", ")));
    }
    notes
}
