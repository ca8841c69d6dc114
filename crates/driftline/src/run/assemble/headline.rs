//! The first line of a report, and which of its states it is in: something changed; large, but not sure; quiet; a first report, a new
//! market or personas drawn anew, where nothing is called a change; data that only the owner should see.

use driftline_core::assortment::Assortment;
use driftline_core::bridge::{Bridge, Measure};
use driftline_core::change::Change;
use driftline_core::history::Usual;
use driftline_core::lineage::SegmentEventKind;
use driftline_core::persona::Persona;
use driftline_core::profile::Newcomers;
use driftline_core::report::{Headline, HeadlineKind, Status};
use driftline_core::sentence::Words;
use driftline_stats::groups::Structure;

use super::alarm::alarm;
use super::parts::Parts;

/// Days of history below which a market is new: a year, less what its first customers took to come.
const YEAR_ABOUT: i64 = 350;

/// What a headline is made of.
pub(super) struct Facts<'a> {
    pub(super) words: &'a Words,
    pub(super) bridges: &'a [Bridge],
    pub(super) measure: Measure,
    pub(super) market: Option<&'a Change>,
    /// The changes that the mail tells in sentences.
    pub(super) told: &'a [&'a Change],
    /// Absent if it would give a few people away.
    pub(super) newcomers: Option<Newcomers>,
    /// What is new, gone and sent back.
    pub(super) assortment: Option<&'a Assortment>,
    pub(super) visible: bool,
    pub(super) comparable: bool,
}

/// Whether less than a year is known of the market: what is new in it is its growth.
pub(super) fn is_new_market(parts: &Parts<'_>) -> bool {
    parts.previous.is_some() && parts.base.history_days < YEAR_ABOUT
}

pub(super) fn headline(parts: &Parts<'_>, facts: &Facts<'_>) -> Headline {
    let name = format!(
        "{} {}, {}",
        parts.job.file.title,
        parts.job.market_name(&parts.plan.market),
        parts.plan.period.title()
    );
    let corrected = if parts.revision > 1 { "Corrected: " } else { "" };
    let (kind, message, sentence) =
        alarmed(parts).or_else(|| not_compared(parts, facts)).unwrap_or_else(|| compared(parts, facts));
    Headline { kind, subject: format!("{corrected}{name}: {message}"), sentence }
}

type Said = (HeadlineKind, String, String);

/// Data that contradict themselves, in markets of every size: where nobody has an id any more, or money has another unit, there is
/// nobody to compare.
fn alarmed(parts: &Parts<'_>) -> Option<Said> {
    let is_whole = parts.plan.partial.is_none() && parts.previous.is_some_and(|last| last.partial.is_none());
    let why = alarm(parts).filter(|_| is_whole)?;
    let sentence = format!("The data contradict themselves: {why}. Only the owner is told until somebody has looked.");
    Some((HeadlineKind::DataAlarm, "data alarm".to_owned(), sentence))
}

/// The states in which nothing is compared.
fn not_compared(parts: &Parts<'_>, facts: &Facts<'_>) -> Option<Said> {
    let min_cell = parts.job.file.personas.min_cell;
    let words = facts.words;
    let of = |kind, message: &str, sentence: String| Some((kind, message.to_owned(), sentence));
    if !facts.visible {
        let sentence = format!("Fewer than {min_cell} customers: there is nothing that can be said about them.");
        return of(HeadlineKind::NotEnoughData, "not enough data", sentence);
    }
    if let Some(partial) = &parts.plan.partial {
        let sentence = format!("The period is not whole: {partial}. Its figures are not compared with a whole one.");
        return of(HeadlineKind::NotCompared, "partial period, not compared", sentence);
    }
    if parts.status == Status::NotEnoughData {
        return of(HeadlineKind::NotEnoughData, "not enough data for personas", too_few(parts, words));
    }
    if parts.previous.is_none() {
        let described = parts.personas.personas.len();
        let sentence = format!(
            "First report of this market: {} active customers in {described} persona{}. Changes are shown from the next period on.{}",
            words.locale.count(parts.base.active),
            if described == 1 { "" } else { "s" },
            one_group(parts, words)
        );
        return of(HeadlineKind::First, "first report", sentence);
    }
    if !facts.comparable {
        let sentence = "The period before is not whole, so nothing is compared with it.".to_owned();
        return of(HeadlineKind::NotCompared, "not compared with a partial period", sentence);
    }
    None
}

fn too_few(parts: &Parts<'_>, words: &Words) -> String {
    let small = &parts.job.file.small_markets;
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

/// The states of a report that is compared with the period before.
fn compared(parts: &Parts<'_>, facts: &Facts<'_>) -> Said {
    if is_new_market(parts) {
        let sentence = format!(
            "Less than a year is known of this market, so nothing is called a change yet. {} customers are active{}.{}{}",
            facts.words.locale.count(parts.base.active),
            grown(parts).map_or_else(String::new, |by| {
                format!(", {} since the {} before", facts.words.locale.signed_percent(by, 1), parts.plan.period.noun())
            }),
            money(parts, facts, Measure::NetRevenue, false),
            one_group(parts, facts.words)
        );
        return (HeadlineKind::NewMarket, new_market(parts, facts), sentence);
    }
    let consequence = consequence(parts, facts, true);
    if parts.personas.is_redrawn {
        let sentence = format!(
            "The personas were drawn anew, which is no change of customers: none of them is compared.{consequence}"
        );
        return (HeadlineKind::DefinitionChanged, "personas drawn anew".to_owned(), sentence);
    }
    let events = events(parts);
    let news = facts.assortment.map_or(&[][..], |assortment| assortment.news.as_slice());
    let lines = facts.told.len() + events.len() + news.len();
    if lines > 0 {
        let (short, lead) = lead(facts, &events, news);
        let message = format!("{lines} change{}: {short}", if lines == 1 { "" } else { "s" });
        let more = match lines {
            1 => String::new(),
            2 => " One more change is below.".to_owned(),
            lines => format!(" {} more changes are below.", lines - 1),
        };
        return (HeadlineKind::Changed, message, format!("{lead}.{more}{consequence}"));
    }
    if let Some((message, sentence)) = hardly_anybody_new(parts, facts).or_else(|| large(parts, facts)) {
        return (HeadlineKind::LargeNotSure, message, sentence);
    }
    let sentence = format!(
        "Nothing that customers do changed by enough to be sure of it.{}",
        self::consequence(parts, facts, false)
    );
    (HeadlineKind::NoMaterialChange, "no material change".to_owned(), sentence)
}

/// The first of the lines, in the subject and as the first sentence without its end: what customers did, what became of personas, what
/// is sold and sent back.
fn lead(facts: &Facts<'_>, events: &[String], news: &[String]) -> (String, String) {
    if let Some(change) = facts.told.first() {
        return (facts.words.short(change), facts.words.lead(change));
    }
    if let Some(event) = events.first() {
        return (event.clone(), capitalised(event));
    }
    let short = facts.assortment.and_then(|assortment| assortment.short(facts.words)).unwrap_or_default();
    (short, news.first().map_or("", |line| line.trim_end_matches('.')).to_owned())
}

/// What the market's money did, as the consequence: in a market of people who buy once, how many came and came back instead of a
/// forecast of what they will still buy.
fn consequence(parts: &Parts<'_>, facts: &Facts<'_>, reasons: bool) -> String {
    let once = one_group(parts, facts.words);
    if !once.is_empty() && is_mostly_once(parts) {
        return format!("{}{}{once}", growth(parts, facts), money(parts, facts, Measure::NetRevenue, false));
    }
    // What the market does every season is no news of its new customers, who come every quarter.
    let usual = facts.market.filter(|_| facts.measure == Measure::Value12Months).map(|line| line.usual);
    let is_usual = usual.is_some_and(Usual::is_inside);
    let as_ever = match usual {
        Some(Usual::Season { .. }) => " It did so in this season of last year too.",
        _ => "",
    };
    format!("{}{as_ever}{once}", money(parts, facts, facts.measure, reasons && !is_usual))
}

/// New personas, those that fade and those that are no more: each is a line of the mail.
fn events(parts: &Parts<'_>) -> Vec<String> {
    let set = &parts.personas;
    let is_new = |persona: &&Persona| persona.since == parts.plan.period;
    let is_fading = |persona: &&Persona| {
        set.events.iter().any(|event| event.kind == SegmentEventKind::Faded && event.key == persona.key)
    };
    let new = set.personas.iter().filter(is_new).map(|persona| format!("new persona {}", persona.label));
    let fading = set.personas.iter().filter(is_fading).map(|persona| format!("{} fade", persona.label));
    let ended = set.ended.iter().map(|ended| format!("{} are no persona any more", ended.label));
    new.chain(fading).chain(ended).collect()
}

/// So few came for the first time that they may not be counted, where many did: nothing about them could be tested, and yet a market that wins
/// nobody any more, or exports that do not have them, is the first thing to know.
fn hardly_anybody_new(parts: &Parts<'_>, facts: &Facts<'_>) -> Option<(String, String)> {
    let min_cell = parts.job.file.personas.min_cell;
    let new = parts
        .tables
        .moves
        .newcomers
        .filter(|new| new.now < min_cell && new.before >= parts.job.file.materiality.pairs_min)?;
    let before = facts.words.locale.count(new.before);
    let noun = parts.plan.period.noun();
    let message = format!("fewer than {min_cell} new customers, {before} the {noun} before");
    let sentence = format!(
        "Fewer than {min_cell} customers came for the first time; {before} did the {noun} before. Nothing else that customers do changed by enough to be sure of it.{}",
        consequence(parts, facts, false)
    );
    Some((message, sentence))
}

/// The market's money moved far, like for like and more than it usually does, though no cause of it is sure.
fn large(parts: &Parts<'_>, facts: &Facts<'_>) -> Option<(String, String)> {
    let least = parts.job.file.materiality.large_relative;
    let find = |measure| facts.bridges.iter().find(|bridge: &&Bridge| bridge.measure == measure);
    let net = find(Measure::NetRevenue).and_then(|bridge| Some((bridge, bridge.like_for_like()?)));
    let net = net.filter(|(_, moved)| moved.abs() >= least && parts.history.unusual_net(*moved).abs() >= least);
    // Of people who buy once there is no value to come that could move.
    let value = facts.market.filter(|_| !is_mostly_once(parts));
    let value = value.filter(|line| line.moved().abs() >= least && !line.usual.is_inside());
    let value =
        value.and_then(|_| find(Measure::Value12Months)).and_then(|bridge| Some((bridge, bridge.like_for_like()?)));
    let (bridge, moved) = net.or(value)?;
    let noun = noun(bridge.measure);
    let message = format!(
        "{}{} {}, no cause of it is sure",
        noun[..1].to_lowercase(),
        &noun[1..],
        facts.words.locale.signed_percent(moved, 1)
    );
    let sentence = format!(
        "{} No cause of it is sure: no persona and no habit changed by enough.{}",
        facts.words.headline(bridge, noun, parts.job.file.materiality.value_of_total, true),
        growth(parts, facts)
    );
    Some((message, sentence))
}

fn noun(measure: Measure) -> &'static str {
    match measure {
        Measure::Value12Months => "12-month customer value",
        Measure::NetRevenue => "Net revenue of the period",
        Measure::Trailing12Months => "Net revenue of the last 12 months",
    }
}

/// The sentence of a bridge, or of the first there is; with a space before it.
fn money(parts: &Parts<'_>, facts: &Facts<'_>, measure: Measure, reasons: bool) -> String {
    let material = parts.job.file.materiality.value_of_total;
    let found = facts.bridges.iter().find(|bridge| bridge.measure == measure).or_else(|| facts.bridges.first());
    found.map_or_else(String::new, |bridge| {
        format!(" {}", facts.words.headline(bridge, noun(bridge.measure), material, reasons))
    })
}

/// New customers against those of the period before, and who came back; with a space before it.
fn growth(parts: &Parts<'_>, facts: &Facts<'_>) -> String {
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
    let min_cell = parts.job.file.personas.min_cell;
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
fn new_market(parts: &Parts<'_>, facts: &Facts<'_>) -> String {
    let locale = facts.words.locale;
    let net = facts.bridges.iter().find(|bridge| bridge.measure == Measure::NetRevenue).and_then(Bridge::like_for_like);
    let net = net.map_or_else(String::new, |moved| format!(", net revenue {}", locale.signed_percent(moved, 1)));
    let grown = grown(parts).map_or_else(String::new, |by| format!(" ({})", locale.signed_percent(by, 1)));
    format!("less than a year known, {} active customers{grown}{net}", locale.count(parts.base.active))
}

/// How much more customers are active than last period, as published.
fn grown(parts: &Parts<'_>) -> Option<f64> {
    let kpis = &parts.previous?.kpis;
    let before = kpis.iter().find(|kpi| kpi.key == "active_customers")?.now.filter(|before| *before > 0.0)?;
    Some(parts.base.active as f64 / before - 1.0)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Whether there is one persona because most people buy once.
fn is_mostly_once(parts: &Parts<'_>) -> bool {
    let is_one = parts.models.segments.as_ref().is_some_and(|model| model.structure == Structure::One);
    let customers = parts.base.customers.max(1);
    is_one && 2 * customers.saturating_sub(parts.base.repeat_customers) >= customers
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
