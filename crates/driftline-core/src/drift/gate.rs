//! A change is one line of drift: a persona's or the market's figure, last period against this one, split into its three
//! causes, and whether it passed the gate: enough data, material, sure, unusual.
//!
//! Only what *customers moved* is judged: last period recomputed from today's data against this period, both by last period's
//! models. What a changed definition or a restatement adds is told beside it and is never drift.
//!
//! What is tested is what is stable enough to carry a verdict: a persona's share, and orders a member and spend an order of the
//! same people in both periods. Money is the consequence: it stands in the bridge, and its line is called a change only beside one.

mod open;
mod orders;
mod share;

use driftline_stats::significance::benjamini_hochberg;

use self::open::Open;
use self::orders::{Of, PAIRED};
use crate::drift::change::{Change, MARKET, Metric, Verdict};
use crate::drift::history::PastChanges;
use crate::drift::materiality::Materiality;
use crate::personas::PersonaSet;
use crate::tables::profile::{EVERYONE_SEGMENT, Flow, Newcomers, PairedOrders};

/// What two periods are compared by.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    pub flows: &'a [Flow],
    /// What the same people ordered; empty if the last published period is not the one before this.
    pub orders: &'a [PairedOrders],
    pub newcomers: Option<&'a Newcomers>,
    pub rules: &'a Materiality,
    pub history: &'a PastChanges,
}

impl Compared<'_> {
    /// Every persona that has a predecessor, and what all customers do; lines ranked by money, largest first. The personas of
    /// both periods are left out where they are not the same.
    pub fn lines(&self, personas: Option<(&PersonaSet, &PersonaSet)>) -> Vec<Change> {
        let mut open = personas.map_or_else(Vec::new, |(previous, current)| self.of_personas(previous, current));
        open.extend(self.newcomers.into_iter().flat_map(|newcomers| orders::of_newcomers(newcomers, self.rules)));
        let events = personas.map_or_else(Vec::new, |(previous, current)| in_events(previous, current));
        open.extend(PAIRED.iter().filter_map(|metric| self.of_everyone(*metric, &events)));
        let q = benjamini_hochberg(&open.iter().map(Open::p).collect::<Vec<_>>());
        let mut changes: Vec<Change> = Vec::new();
        for (line, q) in open.into_iter().zip(q) {
            let is_sure = line.is_sure(q, self.rules);
            changes.push(Change { q, ..line.judged(is_sure, self.history) });
        }
        if let Some((previous, _)) = personas {
            self.tell_the_rest(previous, &events, &mut changes);
        }
        changes.sort_by_key(|change| (change.verdict, -change.money.0.abs(), change.subject.clone(), change.metric));
        changes
    }

    /// The market's 12-month value, judged by the same gate: a change only `beside_others`, for it follows from what customers did.
    /// `level_error` is how far the level of the models may be off, as a part of the value.
    pub fn value(&self, level_error: f64, beside_others: bool) -> Change {
        let line = share::of_value(self.flows, self.rules, level_error);
        let is_sure = line.is_sure(line.p(), self.rules) && beside_others;
        line.judged(is_sure, self.history)
    }

    fn of_personas(&self, previous: &PersonaSet, current: &PersonaSet) -> Vec<Open> {
        let mut open = Vec::new();
        let events = in_events(previous, current);
        let everyone = self.everyone_but(&events);
        // A single persona is everybody: its share is no figure, and what it does is told of all customers.
        if previous.personas.len() == 1 && current.personas.len() == 1 {
            return open;
        }
        for persona in &current.personas {
            let Some(old) = previous.personas.iter().find(|old| old.key == persona.key) else { continue };
            let is_told = events.contains(&old.segment);
            let share = share::of_share(old, persona, self.flows, self.rules);
            open.push(Open { could_pass: share.could_pass && !is_told, ..share });
            let rows = everyone.as_ref().zip(self.orders.iter().find(|row| row.segment == old.segment));
            let of = Of {
                subject: &persona.key,
                label: &persona.label,
                net: share::net_before(Some(old.segment), self.flows),
                least: self.rules.pairs_min,
                threshold: self.rules.effect_relative,
            };
            for metric in PAIRED {
                let Some((all, row)) = rows else { continue };
                let Some((people, ratio)) = orders::ratio(row, metric) else { continue };
                let line = orders::line(&of, metric, people, &ratio);
                let is_its_own = !is_told && orders::is_its_own(&ratio, all, row, metric, self.rules);
                open.push(Open { could_pass: line.could_pass && is_its_own, ..line });
            }
        }
        open
    }

    /// What everyone ordered who is not in one of these segments.
    fn everyone_but(&self, besides: &[u32]) -> Option<PairedOrders> {
        let all = *self.orders.iter().find(|row| row.segment == EVERYONE_SEGMENT)?;
        let some = self.orders.iter().filter(|row| row.segment != EVERYONE_SEGMENT && besides.contains(&row.segment));
        Some(some.fold(all, |all, row| orders::without(&all, row)))
    }

    /// The line of everyone who is not in one of these segments.
    fn of_everyone(&self, metric: Metric, besides: &[u32]) -> Option<Open> {
        let all = self.everyone_but(besides)?;
        let (people, ratio) = orders::ratio(&all, metric)?;
        let threshold =
            if metric == Metric::OrderValue { self.rules.value_of_total } else { self.rules.effect_relative };
        let label = if besides.is_empty() { "All customers" } else { "Customers of all other personas" };
        let of = Of {
            subject: MARKET,
            label,
            net: share::net_before(None, self.flows),
            least: self.rules.pairs_min,
            threshold,
        };
        Some(orders::line(&of, metric, people, &ratio))
    }

    /// What some personas do is no news of everybody: where a persona's line has passed, the market's is of all others.
    fn tell_the_rest(&self, previous: &PersonaSet, events: &[u32], changes: &mut [Change]) {
        for metric in PAIRED {
            let segment = |change: &&Change| change.metric == metric && change.verdict == Verdict::Changed;
            let told: Vec<u32> = changes
                .iter()
                .filter(segment)
                .filter_map(|change| previous.personas.iter().find(|old| old.key == change.subject))
                .map(|old| old.segment)
                .chain(events.iter().copied())
                .collect();
            let place = changes.iter().position(|line| line.subject == MARKET && line.metric == metric);
            if let (true, Some(place)) = (told.len() > events.len(), place)
                && changes[place].verdict == Verdict::Changed
            {
                let of_all = changes[place].q;
                changes[place].verdict = Verdict::NotMaterial;
                if let Some(rest) = self.of_everyone(metric, &told) {
                    let q = of_all.max(rest.p());
                    let is_sure = rest.is_sure(q, self.rules);
                    changes[place] = Change { q, ..rest.judged(is_sure, self.history) };
                }
            }
        }
    }
}

/// Segments of last period's personas to which something happened as a whole: a birth in their midst, a split, a merger, an end.
/// That is told as such, and is the cause of what their members seem to do.
fn in_events(previous: &PersonaSet, current: &PersonaSet) -> Vec<u32> {
    let is_told = |key: &String| {
        current.events.iter().any(|event| event.key == *key || event.from.contains(key))
            || current.ended.iter().any(|ended| ended.key == *key)
    };
    previous.personas.iter().filter(|old| is_told(&old.key)).map(|old| old.segment).collect()
}

#[cfg(test)]
pub(crate) mod tests;
