//! Lines of a persona's share of customers and of the market's value: four states of one figure, and the noise of the move.

use driftline_stats::significance::minimum_effect_p;

use super::open::{Open, minor};
use crate::Minor;
use crate::drift::accounts::round_e4;
use crate::drift::change::{Causes, Change, Metric, Usual, Verdict};
use crate::drift::materiality::Materiality;
use crate::personas::Persona;
use crate::tables::profile::{Flow, FlowKind};

/// What a figure was published as, restated, by last period's models, and as published now.
pub(super) struct States {
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

fn was_active(flow: &Flow) -> bool {
    matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost)
}

fn is_active_now(flow: &Flow) -> bool {
    matches!(flow.kind, FlowKind::New | FlowKind::Returning | FlowKind::Stayed)
}

/// Net amount of last period, restated, of a persona's active members of then, or of everyone: what a change is ranked by is the
/// part of it that moved.
pub(super) fn net_before(segment: Option<u32>, flows: &[Flow]) -> Minor {
    let is_of = |flow: &&Flow| was_active(flow) && segment.is_none_or(|segment| flow.from_segment == segment);
    round_e4(flows.iter().filter(is_of).map(|flow| flow.net_from_e4).sum())
}

/// A part of an amount.
pub(super) fn part_of(amount: Minor, part: f64) -> Minor {
    Minor((amount.0 as f64 * part).round() as i64)
}

/// The line of a persona's share.
pub(super) fn of_share(old: &Persona, new: &Persona, flows: &[Flow], rules: &Materiality) -> Open {
    let (states, error) = share_of(old, new, flows);
    let moved = states.by_last_models - states.restated;
    let relative = if states.restated > 0.0 { moved / states.restated } else { 0.0 };
    let floor = (0.5 * rules.share_points).max(0.5 * rules.share_relative * old.share);
    let enough = old.customers >= rules.members_min && new.customers >= rules.members_min;
    let material = moved.abs() >= rules.share_points && moved.abs() >= rules.share_relative * old.share;
    let change = Change {
        subject: new.key.clone(),
        label: new.label.clone(),
        metric: Metric::CustomerShare,
        from: states.published,
        to: states.now,
        change: states.now - states.published,
        causes: states.causes(|share| share),
        low_95: moved - 1.96 * error,
        high_95: moved + 1.96 * error,
        q: 1.0,
        verdict: if enough { Verdict::NotMaterial } else { Verdict::TooSmallToSay },
        usual: Usual::default(),
        money: part_of(net_before(Some(old.segment), flows), relative),
    };
    Open { change, effect: moved, floor, error, could_pass: enough && material }
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

/// The line of the market's 12-month value. Beside what customers' own changes scatter, its noise holds how far the level of the
/// same models was off (`level_error`, a part of the whole): a forecast of people who are all alike moves by chance too.
pub(super) fn of_value(flows: &[Flow], rules: &Materiality, level_error: f64) -> Open {
    let sum = |of: fn(&Flow) -> Minor| flows.iter().map(of).sum::<Minor>();
    let (from, to) = (sum(|flow| flow.value_published), sum(|flow| flow.value_now));
    let states = States {
        published: from.as_major(),
        restated: sum(|flow| flow.value_from).as_major(),
        by_last_models: sum(|flow| flow.value_to).as_major(),
        now: to.as_major(),
    };
    let own: f64 = flows.iter().map(|flow| flow.value_change_squares).sum();
    let moved = states.by_last_models - states.restated;
    let level = level_error * moved;
    let error = (own.max(0.0) + level * level).sqrt();
    let threshold = rules.value_of_total * states.restated.abs();
    let active: u64 = flows.iter().filter(|flow| was_active(flow)).map(|flow| flow.customers).sum();
    let enough = active >= rules.members_min;
    let change = Change {
        subject: super::MARKET.to_owned(),
        label: "All active customers".to_owned(),
        metric: Metric::Value,
        from: from.0 as f64,
        to: to.0 as f64,
        change: (to - from).0 as f64,
        causes: states.causes(minor),
        low_95: minor(moved - 1.96 * error),
        high_95: minor(moved + 1.96 * error),
        q: minimum_effect_p(moved, 0.5 * threshold, error),
        verdict: if enough { Verdict::NotMaterial } else { Verdict::TooSmallToSay },
        usual: Usual::default(),
        money: to - from,
    };
    let could_pass = enough && threshold > 0.0 && moved.abs() >= threshold;
    // In minor units, as its causes are.
    Open { change, effect: minor(moved), floor: minor(0.5 * threshold), error: 100.0 * error, could_pass }
}
