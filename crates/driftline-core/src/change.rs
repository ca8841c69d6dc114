//! A change is one line of drift: a persona's or the market's figure, last period against this one, split into its three
//! causes, and whether it passed the gate: enough data, material, sure, unusual.
//!
//! Only what *customers moved* is judged: last period recomputed from today's data against this period, both by last period's
//! models. What a changed definition or a restatement adds is told beside it and is never drift.

use driftline_stats::significance::{benjamini_hochberg, minimum_effect_p};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;
use crate::history::{History, Usual};
use crate::persona::{Persona, PersonaSet};
use crate::profile::{Flow, FlowKind};

/// What a business calls a change: settings of the job, with their units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Materiality {
    /// Of a persona's share of customers: at least this many points (0.01 is one point) …
    pub share_points: f64,
    /// … and at least this part of itself.
    pub share_relative: f64,
    /// Of value: at least this part of the market's total.
    pub value_of_total: f64,
    /// Of a persona's value a customer: at least this part of itself.
    pub value_mean_relative: f64,
    /// Members on both sides below which it is too small to say.
    pub members_min: u64,
    /// False-discovery rate over all persona × metric lines of a report.
    pub false_discovery_rate: f64,
}

impl Default for Materiality {
    fn default() -> Self {
        Self {
            share_points: 0.01,
            share_relative: 0.05,
            value_of_total: 0.02,
            value_mean_relative: 0.03,
            members_min: 100,
            false_discovery_rate: 0.05,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of active customers, 0 to 1.
    CustomerShare,
    /// 12-month value in minor units.
    Value,
    /// 12-month value a customer in minor units.
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

/// One line. `from`, `to`, `change`, its causes and the range are shares, or minor units for money.
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
    /// Change of the persona's or market's 12-month value: what lines are ranked by.
    pub money: Minor,
}

/// What a figure was published as, restated, by last period's models, and as published now.
struct States {
    published: f64,
    restated: f64,
    by_last_models: f64,
    now: f64,
}

impl States {
    fn causes(&self, scale: impl Fn(f64) -> f64) -> Causes {
        // Each state is rounded once, so the causes of money add up to the minor unit.
        let [published, restated, last, now] =
            [self.published, self.restated, self.by_last_models, self.now].map(&scale);
        Causes { customers_moved: last - restated, definition_changed: now - last, restatement: restated - published }
    }
}

/// A line before the family of all lines has judged it.
struct Open {
    change: Change,
    p: f64,
    /// Whether it is enough data and material.
    could_pass: bool,
}

/// Compares every persona that has a predecessor; lines ranked by money, largest first.
pub fn compare(
    previous: &PersonaSet,
    current: &PersonaSet,
    flows: &[Flow],
    rules: &Materiality,
    history: &History,
) -> Vec<Change> {
    let total_before: Minor = flows.iter().map(|flow| flow.value_from).sum();
    let mut lines: Vec<Open> = Vec::new();
    for persona in &current.personas {
        let Some(old) = previous.personas.iter().find(|old| old.key == persona.key) else { continue };
        let enough = old.customers >= rules.members_min && persona.customers >= rules.members_min;
        let money = persona.value.unwrap_or_default() - old.value.unwrap_or_default();
        let (states, deviation) = share_of(old, persona, flows);
        let moved = (states.by_last_models - states.restated).abs();
        let floor = (0.5 * rules.share_points).max(0.5 * rules.share_relative * old.share);
        let material = moved >= rules.share_points && moved >= rules.share_relative * old.share;
        lines.push(open(persona, Metric::CustomerShare, &states, deviation, floor, enough, material, money));
        if let (Some(from), Some(to)) = (old.value, persona.value) {
            let (states, deviation) = value_of(old, from, to, flows);
            let threshold = rules.value_of_total * total_before.as_major().abs();
            let material = (states.by_last_models - states.restated).abs() >= threshold;
            lines.push(open(persona, Metric::Value, &states, deviation, 0.5 * threshold, enough, material, money));
            let (states, deviation) = mean_of(old, from, to, persona.customers, flows);
            let threshold = rules.value_mean_relative * states.restated.abs();
            let material = (states.by_last_models - states.restated).abs() >= threshold && threshold > 0.0;
            let metric = Metric::ValuePerCustomer;
            lines.push(open(persona, metric, &states, deviation, 0.5 * threshold, enough, material, money));
        }
    }
    let q = benjamini_hochberg(&lines.iter().map(|line| line.p).collect::<Vec<_>>());
    let judged = lines.into_iter().zip(q).map(|(line, q)| {
        let sure = line.could_pass && q <= rules.false_discovery_rate;
        judge(Change { q, ..line.change }, sure, history)
    });
    let mut changes: Vec<Change> = judged.collect();
    changes.sort_by_key(|change| (change.verdict, -change.money.0.abs(), change.subject.clone(), change.metric));
    changes
}

/// The market's total 12-month value against last period, judged by the same gate.
pub fn of_market(flows: &[Flow], rules: &Materiality, history: &History) -> Change {
    let sum = |of: fn(&Flow) -> Minor| flows.iter().map(of).sum::<Minor>();
    let (from, to) = (sum(|flow| flow.value_published), sum(|flow| flow.value_now));
    let states = States {
        published: from.as_major(),
        restated: sum(|flow| flow.value_from).as_major(),
        by_last_models: sum(|flow| flow.value_to).as_major(),
        now: to.as_major(),
    };
    let variance: f64 = flows.iter().map(|flow| flow.value_change_squares).sum();
    let moved = states.by_last_models - states.restated;
    let error = variance.max(0.0).sqrt();
    let threshold = rules.value_of_total * states.restated.abs();
    let p = minimum_effect_p(moved, 0.5 * threshold, error);
    let enough = previous_active(flows) >= rules.members_min;
    let change = Change {
        subject: "market".to_owned(),
        label: "All active customers".to_owned(),
        metric: Metric::Value,
        from: from.0 as f64,
        to: to.0 as f64,
        change: (to - from).0 as f64,
        causes: states.causes(minor),
        low_95: minor(moved - 1.96 * error),
        high_95: minor(moved + 1.96 * error),
        q: p,
        verdict: if enough { Verdict::NotMaterial } else { Verdict::TooSmallToSay },
        usual: Usual::default(),
        money: to - from,
    };
    judge(change, enough && moved.abs() >= threshold && p <= rules.false_discovery_rate, history)
}

/// The fourth condition, where there is a history to tell.
fn judge(mut change: Change, sure: bool, history: &History) -> Change {
    change.usual = history.usual(&change.subject, change.metric, change.causes.customers_moved);
    if sure {
        change.verdict = if change.usual.is_inside() { Verdict::Usual } else { Verdict::Changed };
    }
    change
}

/// Money lines are in minor units everywhere outside this module.
fn minor(amount: f64) -> f64 {
    (100.0 * amount).round()
}

fn was_active(flow: &Flow) -> bool {
    matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost)
}

fn is_active_now(flow: &Flow) -> bool {
    matches!(flow.kind, FlowKind::New | FlowKind::Returning | FlowKind::Stayed)
}

fn previous_active(flows: &[Flow]) -> u64 {
    flows.iter().filter(|flow| was_active(flow)).map(|flow| flow.customers).sum()
}

/// A persona's share in its four states, and the standard deviation of the move: each customer moves the share by what they
/// add to one period's and take from the other's. It is what a Poisson bootstrap by customer converges to.
fn share_of(old: &Persona, new: &Persona, flows: &[Flow]) -> (States, f64) {
    let count = |of: &dyn Fn(&Flow) -> bool| -> f64 {
        flows.iter().filter(|flow| of(flow)).map(|flow| flow.customers).sum::<u64>() as f64
    };
    let (n0, n1) = (count(&was_active).max(1.0), count(&is_active_now).max(1.0));
    let is_member_before = |flow: &Flow| was_active(flow) && flow.from_segment == old.segment;
    let is_member_now = |flow: &Flow| is_active_now(flow) && flow.to_segment == old.segment;
    let (before, now) = (count(&is_member_before) / n0, count(&is_member_now) / n1);
    let variance: f64 = flows
        .iter()
        .filter(|flow| flow.kind != FlowKind::Outside)
        .map(|flow| {
            let part = |is_member: bool, share: f64, of: f64| (f64::from(u8::from(is_member)) - share) / of;
            let gone = if was_active(flow) { part(is_member_before(flow), before, n0) } else { 0.0 };
            let come = if is_active_now(flow) { part(is_member_now(flow), now, n1) } else { 0.0 };
            flow.customers as f64 * (come - gone) * (come - gone)
        })
        .sum();
    let states = States { published: old.share, restated: before, by_last_models: now, now: new.share };
    (states, variance.max(0.0).sqrt())
}

/// A persona's value in its four states, and the standard deviation of the move. It does not hold the uncertainty of the fitted
/// models: both ends are by the same ones.
fn value_of(old: &Persona, published: Minor, to: Minor, flows: &[Flow]) -> (States, f64) {
    let (mut restated, mut by_last_models, mut variance) = (Minor::ZERO, Minor::ZERO, 0.0);
    for flow in flows {
        let member_before = was_active(flow) && flow.from_segment == old.segment;
        let member_now = is_active_now(flow) && flow.to_segment == old.segment;
        if member_before {
            restated += flow.value_from;
        }
        if member_now {
            by_last_models += flow.value_to;
        }
        variance += match (member_before, member_now) {
            (true, true) => flow.value_change_squares,
            (true, false) => flow.value_from_squares,
            (false, true) => flow.value_to_squares,
            (false, false) => 0.0,
        };
    }
    let states = States {
        published: published.as_major(),
        restated: restated.as_major(),
        by_last_models: by_last_models.as_major(),
        now: to.as_major(),
    };
    (states, variance.max(0.0).sqrt())
}

/// A persona's value a customer in its four states, and the standard deviation of the move, by what each customer adds to the
/// two means.
fn mean_of(old: &Persona, published: Minor, to: Minor, now: u64, flows: &[Flow]) -> (States, f64) {
    let is_member_before = |flow: &Flow| was_active(flow) && flow.from_segment == old.segment;
    let is_member_now = |flow: &Flow| is_active_now(flow) && flow.to_segment == old.segment;
    let count = |of: &dyn Fn(&Flow) -> bool| -> f64 {
        (flows.iter().filter(|flow| of(flow)).map(|flow| flow.customers).sum::<u64>() as f64).max(1.0)
    };
    let (n0, n1) = (count(&is_member_before), count(&is_member_now));
    let sum = |of: &dyn Fn(&Flow) -> bool, value: fn(&Flow) -> Minor| -> f64 {
        flows.iter().filter(|flow| of(flow)).map(value).sum::<Minor>().as_major()
    };
    let before = sum(&is_member_before, |flow| flow.value_from) / n0;
    let after = sum(&is_member_now, |flow| flow.value_to) / n1;
    let variance: f64 = flows
        .iter()
        .map(|flow| {
            let n = flow.customers as f64;
            let (v0, v1) = (flow.value_from.as_major(), flow.value_to.as_major());
            let gone = (flow.value_from_squares - 2.0 * before * v0 + n * before * before) / (n0 * n0);
            let come = (flow.value_to_squares - 2.0 * after * v1 + n * after * after) / (n1 * n1);
            // Sum of the products of a customer's two values, from the squares of their difference.
            let product = 0.5 * (flow.value_from_squares + flow.value_to_squares - flow.value_change_squares);
            let both = (product - after * v0 - before * v1 + n * before * after) / (n0 * n1);
            match (is_member_before(flow), is_member_now(flow)) {
                (true, true) => gone + come - 2.0 * both,
                (true, false) => gone,
                (false, true) => come,
                (false, false) => 0.0,
            }
        })
        .sum();
    let states = States {
        published: published.as_major() / old.customers.max(1) as f64,
        restated: before,
        by_last_models: after,
        now: to.as_major() / now.max(1) as f64,
    };
    (states, variance.max(0.0).sqrt())
}

#[expect(clippy::too_many_arguments, reason = "one private constructor of a wide row")]
fn open(
    persona: &Persona,
    metric: Metric,
    states: &States,
    deviation: f64,
    floor: f64,
    enough: bool,
    material: bool,
    money: Minor,
) -> Open {
    let moved = states.by_last_models - states.restated;
    let scale = |amount: f64| if metric == Metric::CustomerShare { amount } else { minor(amount) };
    let (from, to) = (scale(states.published), scale(states.now));
    let change = Change {
        subject: persona.key.clone(),
        label: persona.label.clone(),
        metric,
        from,
        to,
        change: to - from,
        causes: states.causes(scale),
        low_95: scale(moved - 1.96 * deviation),
        high_95: scale(moved + 1.96 * deviation),
        q: 1.0,
        verdict: if enough { Verdict::NotMaterial } else { Verdict::TooSmallToSay },
        usual: Usual::default(),
        money,
    };
    Open { change, p: minimum_effect_p(moved, floor, deviation), could_pass: enough && material }
}

#[cfg(test)]
pub(crate) mod tests;
