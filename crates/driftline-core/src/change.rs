//! A change is one line of drift: a persona's or the market's figure, last period against this one, split into its three
//! causes, and whether it passed the gate: enough data, material, sure, unusual.
//!
//! Only what *customers moved* is judged: last period recomputed from today's data against this period, both by last period's
//! models. What a changed definition or a restatement adds is told beside it and is never drift.
//!
//! What is tested is what is stable enough to carry a verdict: a persona's share, and orders a member and spend an order of the
//! same people in both periods. Money is the consequence: it stands in the bridge, and its line is called a change only beside one.

mod orders;
mod share;

use driftline_stats::significance::{benjamini_hochberg, minimum_effect_p};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;
use crate::history::{History, Usual};
use crate::persona::PersonaSet;
use crate::profile::{Flow, Newcomers, PairedOrders};
use orders::{Of, PAIRED};

/// Subject of the lines that are of no persona.
pub const MARKET: &str = "market";

/// Standard errors that an effect must lie beyond half of what is material.
const ERRORS: f64 = 2.5;

/// What a business calls a change: settings of the job, with their units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Materiality {
    /// Of a persona's share of customers: at least this many points (0.01 is one point) …
    pub share_points: f64,
    /// … and at least this part of itself.
    pub share_relative: f64,
    /// Of orders a member and spend an order: at least this part of itself.
    pub effect_relative: f64,
    /// Of the market's value and its spend an order, and of a cause that a headline names: at least this part of the total.
    pub value_of_total: f64,
    /// Of new customers: at least this part of last period's.
    pub newcomers_relative: f64,
    /// Net revenue or value that moves by this part of itself, like for like, is told though no cause of it is sure.
    pub large_relative: f64,
    /// Members on both sides below which a share is too small to say.
    pub members_min: u64,
    /// People with orders in both periods below which what they order is too small to say.
    pub pairs_min: u64,
    /// False-discovery rate over all persona × metric lines of a report.
    pub false_discovery_rate: f64,
}

impl Default for Materiality {
    fn default() -> Self {
        Self {
            share_points: 0.01,
            share_relative: 0.05,
            effect_relative: 0.05,
            value_of_total: 0.02,
            newcomers_relative: 0.1,
            large_relative: 0.15,
            members_min: 100,
            pairs_min: 30,
            false_discovery_rate: 0.05,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of active customers, 0 to 1.
    CustomerShare,
    /// Purchase days a member, of those with one in both periods.
    OrdersPerMember,
    /// Typical (geometric mean) spend a purchase day of the same people, in minor units.
    OrderValue,
    /// Customers with their first purchase day in the period.
    NewCustomers,
    /// Typical (geometric mean) spend in the period of a customer who came in it, in minor units.
    NewCustomerSpend,
    /// 12-month value in minor units.
    Value,
    /// 12-month value a customer in minor units: only in reports from before orders were compared.
    ValuePerCustomer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Passed: enough data, material, sure, and unusual where there is a history to tell.
    Changed,
    /// Enough data, material and sure, but inside the range of this market's past changes.
    Usual,
    /// Not material, or not sure.
    NotMaterial,
    TooSmallToSay,
}

/// The three causes of a difference; they add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Causes {
    /// This period by last period's models, less last period restated.
    pub customers_moved: f64,
    /// This period as published, less the same by last period's models.
    pub definition_changed: f64,
    /// Last period recomputed from today's data by its own models, less as published.
    pub restatement: f64,
}

/// One line. `from`, `to`, `change`, its causes and the range are shares, orders, customers, or minor units for money.
/// Figures of the same people (orders, spend an order) and new customers are both from today's data, so nothing but customers moved them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Persona key, or `market`.
    pub subject: String,
    pub label: String,
    pub metric: Metric,
    pub from: f64,
    pub to: f64,
    /// To less from.
    pub change: f64,
    #[serde(default)]
    pub causes: Causes,
    /// Of the customers' moves.
    pub low_95: f64,
    pub high_95: f64,
    pub q: f64,
    pub verdict: Verdict,
    /// How the move compares with past ones of the same figure.
    #[serde(default)]
    pub usual: Usual,
    /// What lines are ranked by: the part of its last net revenue that the figure moved by; of value, how far it moved.
    pub money: Minor,
}

impl Change {
    /// What the figure is like for like before: as published, restated.
    pub fn restated(&self) -> f64 {
        self.from + self.causes.restatement
    }

    /// What customers moved as it is compared with the past: points of a share, else a part of the figure before.
    pub fn moved(&self) -> f64 {
        match self.metric {
            Metric::CustomerShare => self.causes.customers_moved,
            _ if self.restated() == 0.0 => 0.0,
            _ => self.causes.customers_moved / self.restated(),
        }
    }

    /// Units of the figure in one unit of [`Change::moved`].
    fn unit(&self) -> f64 {
        if self.metric == Metric::CustomerShare { 1.0 } else { self.restated() }
    }
}

/// A line before the family of all lines has judged it. `effect`, `floor` and `error` are in one unit, that of a share or a part
/// of the figure, and for value that of its causes.
struct Open {
    change: Change,
    effect: f64,
    floor: f64,
    error: f64,
    /// Whether it is enough data and material.
    could_pass: bool,
}

impl Open {
    fn p(&self) -> f64 {
        minimum_effect_p(self.effect, self.floor, self.error)
    }

    /// Passed but for the past: enough, material, and sure beyond the noise of so many lines; a persona's line, of which there are
    /// many, by so many standard errors too.
    fn is_sure(&self, q: f64, rules: &Materiality) -> bool {
        let is_few = self.change.subject == MARKET;
        self.could_pass && q <= rules.false_discovery_rate && (is_few || is_beyond(self.effect, self.floor, self.error))
    }

    /// Adds the fourth condition, where there is a history to tell.
    fn judged(self, is_sure: bool, history: &History) -> Change {
        let mut change = self.change;
        // Half of what is material and its noise: what two moves may differ by and still be alike.
        let scale = if change.metric == Metric::Value { change.restated().abs().max(1.0) } else { 1.0 };
        let alike = (self.floor + ERRORS * self.error) / scale;
        change.usual = history.usual(&change.subject, change.metric, change.moved(), alike).scaled(change.unit());
        if is_sure {
            change.verdict = if change.usual.is_inside() { Verdict::Usual } else { Verdict::Changed };
        }
        change
    }
}

/// Whether an effect is surely larger than half of what is material.
fn is_beyond(effect: f64, floor: f64, error: f64) -> bool {
    effect.abs() - floor > ERRORS * error
}

/// What two periods are compared by.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    pub flows: &'a [Flow],
    /// What the same people ordered; empty if the last published period is not the one before this.
    pub orders: &'a [PairedOrders],
    pub newcomers: Option<&'a Newcomers>,
    pub rules: &'a Materiality,
    pub history: &'a History,
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
        let all = *self.orders.iter().find(|row| row.segment == 0)?;
        let some = self.orders.iter().filter(|row| row.segment > 0 && besides.contains(&row.segment));
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

/// Money lines are in minor units everywhere outside this module.
fn minor(amount: f64) -> f64 {
    (100.0 * amount).round()
}

#[cfg(test)]
pub(crate) mod tests;
