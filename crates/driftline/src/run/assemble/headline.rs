//! The first line of a report, and which of its states it is in: something changed; large, but not sure; quiet; a first report, a new
//! market or personas drawn anew, where nothing is called a change; data that only the owner should see.

use driftline_core::drift::bridge::{Bridge, Measure};
use driftline_core::drift::change::Usual;
use driftline_core::personas::Persona;
use driftline_core::personas::lineage::SegmentEventKind;
use driftline_core::report::{Headline, HeadlineKind, Status};

use super::alarm::alarm;
use super::facts::{Facts, is_new_market};
use super::market::{grown, growth, is_mostly_once, money, new_market, noun, one_group, too_few};
use super::parts::Parts;

pub(super) fn headline(parts: &Parts<'_>, facts: &Facts<'_>) -> Headline {
    let name =
        format!("{} {}, {}", parts.job.title, parts.job.market_name(&parts.plan.market), parts.plan.period.title());
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
    let min_cell = parts.job.personas.min_cell;
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
        "Shares of personas, orders, spend and new customers did not change by enough to be sure of it.{}",
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
    let min_cell = parts.job.personas.min_cell;
    let new = parts
        .tables
        .moves
        .newcomers
        .filter(|new| new.now < min_cell && new.before >= parts.job.materiality.pairs_min)?;
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
    let least = parts.job.materiality.large_relative;
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
        facts.words.headline(bridge, noun, parts.job.materiality.value_of_total, true),
        growth(parts, facts)
    );
    Some((message, sentence))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
