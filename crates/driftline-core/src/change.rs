//! A change is one line of drift: a persona's or the market's figure, last period against this one, and whether it passed the
//! gate: enough data, material, sure. The fourth condition, unusual, needs a history of changes and says "no history yet".

use driftline_stats::significance::{benjamini_hochberg, minimum_effect_p};
use serde::{Deserialize, Serialize};

use crate::Minor;
use crate::persona::{Persona, PersonaSet};
use crate::profile::{Flow, FlowKind};

/// What a business calls a change: settings of the job, with their units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Materiality {
    /// Of a persona's share of customers: at least this many points (0.01 is one point) …
    pub share_points: f64,
    /// … and at least this part of itself.
    pub share_relative: f64,
    /// Of value: at least this part of the market's total.
    pub value_of_total: f64,
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
            members_min: 100,
            false_discovery_rate: 0.05,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of active customers, 0 to 1.
    CustomerShare,
    /// 12-month value in minor units.
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Passed: enough data, material, sure.
    Changed,
    /// Not material, or not sure: with no history of changes, nothing is called normal.
    NotMaterial,
    TooSmallToSay,
}

/// One line. `from`, `to`, `change` and the range are shares, or minor units for money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Persona key, or `market`.
    pub subject: String,
    pub label: String,
    pub metric: Metric,
    pub from: f64,
    pub to: f64,
    pub change: f64,
    pub low_95: f64,
    pub high_95: f64,
    pub q: f64,
    pub verdict: Verdict,
    /// Change of the persona's or market's 12-month value: what lines are ranked by.
    pub money: Minor,
}

/// Noise of a sum over customers as if each came from the same process: every customer contributes their change of the sum.
///
/// This is what a Poisson bootstrap by customer converges to. It does not hold the uncertainty of the fitted models.
struct Paired {
    change: f64,
    variance: f64,
}

/// Compares every persona that has a predecessor, and the market's total; lines ranked by money, largest first.
pub fn compare(previous: &PersonaSet, current: &PersonaSet, flows: &[Flow], rules: &Materiality) -> Vec<Change> {
    let before: u64 = previous_active(flows);
    let now: u64 = flows.iter().filter(|flow| is_active_now(flow)).map(|flow| flow.customers).sum();
    let total_before: Minor = flows.iter().map(|flow| flow.value_from).sum();
    let mut lines: Vec<(Change, f64, bool)> = Vec::new();
    for persona in &current.personas {
        let Some(old) = previous.personas.iter().find(|old| old.key == persona.key) else { continue };
        let enough = old.customers >= rules.members_min && persona.customers >= rules.members_min;
        let money = persona.value.unwrap_or_default() - old.value.unwrap_or_default();
        let share = paired_share(old, persona, flows, before, now);
        let floor = (0.5 * rules.share_points).max(0.5 * rules.share_relative * old.share);
        let material =
            share.change.abs() >= rules.share_points && share.change.abs() >= rules.share_relative * old.share;
        lines.push(line(
            persona,
            Metric::CustomerShare,
            old.share,
            persona.share,
            share,
            floor,
            enough && material,
            enough,
            money,
        ));
        if let (Some(from), Some(to)) = (old.value, persona.value) {
            let value = paired_value(old.segment, persona.segment, flows);
            let threshold = rules.value_of_total * total_before.as_major().abs();
            let material = value.change.abs() >= threshold;
            lines.push(line(
                persona,
                Metric::Value,
                from.as_major(),
                to.as_major(),
                value,
                0.5 * threshold,
                enough && material,
                enough,
                money,
            ));
        }
    }
    let q = benjamini_hochberg(&lines.iter().map(|(_, p, _)| *p).collect::<Vec<_>>());
    let mut changes: Vec<Change> = lines
        .into_iter()
        .zip(q)
        .map(|((mut change, _, could_pass), q)| {
            change.q = q;
            if could_pass && q <= rules.false_discovery_rate {
                change.verdict = Verdict::Changed;
            }
            change
        })
        .collect();
    changes.sort_by_key(|change| (change.verdict, -change.money.0.abs(), change.subject.clone(), change.metric));
    changes
}

/// The market's total 12-month value against last period, judged by the same gate.
pub fn of_market(flows: &[Flow], rules: &Materiality) -> Change {
    let from: Minor = flows.iter().map(|flow| flow.value_from).sum();
    let to: Minor = flows.iter().map(|flow| flow.value_to).sum();
    let variance: f64 = flows.iter().map(|flow| flow.value_change_squares).sum();
    let change = (to - from).as_major();
    let error = variance.max(0.0).sqrt();
    let threshold = rules.value_of_total * from.as_major().abs();
    let p = minimum_effect_p(change, 0.5 * threshold, error);
    let customers: u64 = previous_active(flows);
    let verdict = if customers < rules.members_min {
        Verdict::TooSmallToSay
    } else if change.abs() >= threshold && p <= rules.false_discovery_rate {
        Verdict::Changed
    } else {
        Verdict::NotMaterial
    };
    Change {
        subject: "market".to_owned(),
        label: "All active customers".to_owned(),
        metric: Metric::Value,
        from: from.0 as f64,
        to: to.0 as f64,
        change: (to - from).0 as f64,
        low_95: (100.0 * (change - 1.96 * error)).round(),
        high_95: (100.0 * (change + 1.96 * error)).round(),
        q: p,
        verdict,
        money: to - from,
    }
}

fn previous_active(flows: &[Flow]) -> u64 {
    flows.iter().filter(|flow| matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost)).map(|flow| flow.customers).sum()
}

fn is_active_now(flow: &Flow) -> bool {
    matches!(flow.kind, FlowKind::New | FlowKind::Returning | FlowKind::Stayed)
}

/// Change of a share and its variance: each customer moves the share by what they add to one period's and take from the other's.
fn paired_share(old: &Persona, new: &Persona, flows: &[Flow], before: u64, now: u64) -> Paired {
    let (n0, n1) = (before.max(1) as f64, now.max(1) as f64);
    let variance = flows
        .iter()
        .filter(|flow| flow.kind != FlowKind::Outside)
        .map(|flow| {
            let active_before = matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost);
            let member_before = active_before && flow.from_segment == old.segment;
            let member_now = is_active_now(flow) && flow.to_segment == new.segment;
            let gone = if active_before { (f64::from(u8::from(member_before)) - old.share) / n0 } else { 0.0 };
            let come = if is_active_now(flow) { (f64::from(u8::from(member_now)) - new.share) / n1 } else { 0.0 };
            flow.customers as f64 * (come - gone) * (come - gone)
        })
        .sum();
    Paired { change: new.share - old.share, variance }
}

fn paired_value(old: u32, new: u32, flows: &[Flow]) -> Paired {
    let mut change = 0.0;
    let mut variance = 0.0;
    for flow in flows {
        let member_before = matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost) && flow.from_segment == old;
        let member_now = is_active_now(flow) && flow.to_segment == new;
        let (delta, squares) = match (member_before, member_now) {
            (true, true) => ((flow.value_to - flow.value_from).as_major(), flow.value_change_squares),
            (true, false) => (-flow.value_from.as_major(), flow.value_from_squares),
            (false, true) => (flow.value_to.as_major(), flow.value_to_squares),
            (false, false) => (0.0, 0.0),
        };
        change += delta;
        variance += squares;
    }
    Paired { change, variance }
}

#[expect(clippy::too_many_arguments, reason = "one private constructor of a wide row")]
fn line(
    persona: &Persona,
    metric: Metric,
    from: f64,
    to: f64,
    paired: Paired,
    floor: f64,
    could_pass: bool,
    enough: bool,
    money: Minor,
) -> (Change, f64, bool) {
    let error = paired.variance.max(0.0).sqrt();
    let p = minimum_effect_p(paired.change, floor, error);
    // Money lines are in minor units everywhere outside this module.
    let unit = if metric == Metric::Value { 100.0 } else { 1.0 };
    let scale = |amount: f64| if metric == Metric::Value { (unit * amount).round() } else { amount };
    let change = Change {
        subject: persona.key.clone(),
        label: persona.label.clone(),
        metric,
        from: scale(from),
        to: scale(to),
        change: scale(to) - scale(from),
        low_95: scale(paired.change - 1.96 * error),
        high_95: scale(paired.change + 1.96 * error),
        q: 1.0,
        verdict: if enough { Verdict::NotMaterial } else { Verdict::TooSmallToSay },
        money,
    };
    (change, p, could_pass)
}
