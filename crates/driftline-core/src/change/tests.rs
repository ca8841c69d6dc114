//! The gate under simulation: a population seen twice without a change raises a headline in at most one report of twenty, and
//! planted changes are found, with the right cause.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use driftline_stats::random::SplitMix64;

use super::*;
use crate::Period;
use crate::decomposition::decompose;
use crate::persona::{Persona, PriorityScore, Role};
use crate::profile::Flow;

/// What is planted between the two periods.
#[derive(Clone, Copy, Debug, Default)]
struct Planted {
    /// Times the value of every customer of persona 1, and of everyone.
    value_of_first: f64,
    value_of_all: f64,
    /// Share of persona 2's customers that go over to persona 1.
    moves: f64,
    /// Share of customers whose last period was published a tenth too low.
    late: f64,
}

const SHARES: [f64; 4] = [0.25, 0.35, 0.25, 0.15];
const VALUES: [f64; 4] = [400.0, 150.0, 60.0, 20.0];

/// Two quarters of a population: customers come and go alike, change persona alike in both directions, and their values change
/// by a third of themselves either way.
fn flows(customers: usize, planted: Planted, seed: u64) -> Vec<Flow> {
    let mut random = SplitMix64::new(seed);
    let mut cells: BTreeMap<(FlowKind, u32, u32), Flow> = BTreeMap::new();
    for _ in 0..customers {
        let mut draw = random.next_f64();
        let segment = SHARES.iter().position(|share| {
            draw -= share;
            draw < 0.0
        });
        let home = segment.unwrap_or(3);
        let seen = |random: &mut SplitMix64| if random.next_f64() < 0.06 { random.below(4) } else { home };
        let value = |random: &mut SplitMix64, persona: usize| VALUES[persona] * (0.3 * random.next_normal()).exp();
        let (before, mut now) = (seen(&mut random), seen(&mut random));
        let own = (0.8 * random.next_normal()).exp();
        if now == 1 && random.next_f64() < planted.moves {
            now = 0;
        }
        let kind = match (random.next_f64() < 0.9, random.next_f64() < 0.9) {
            (true, true) => FlowKind::Stayed,
            (true, false) => FlowKind::Lost,
            (false, true) => FlowKind::Returning,
            (false, false) => continue,
        };
        let (v0, mut v1) = (own * value(&mut random, before), own * value(&mut random, now));
        v1 *= (1.0 + planted.value_of_all) * if now == 0 { 1.0 + planted.value_of_first } else { 1.0 };
        let is_late = random.next_f64() < planted.late;
        let (from, to) = (before as u32 + 1, now as u32 + 1);
        let (from, to) = match kind {
            FlowKind::Lost => (from, 0),
            FlowKind::Returning => (0, to),
            _ => (from, to),
        };
        let cents = |amount: f64| Minor((100.0 * amount).round() as i64);
        let (v0, v1) = (if from > 0 { cents(v0) } else { Minor::ZERO }, if to > 0 { cents(v1) } else { Minor::ZERO });
        let flow = cells.entry((kind, from, to)).or_insert_with(|| Flow {
            kind,
            from_segment: from,
            to_segment: to,
            published_segment: from,
            now_segment: to,
            ..Flow::default()
        });
        flow.customers += 1;
        flow.value_published += if is_late { Minor(v0.0 * 9 / 10) } else { v0 };
        flow.customers_restated += u64::from(is_late);
        flow.value_from += v0;
        flow.value_to += v1;
        flow.value_now += v1;
        let (v0, v1) = (v0.as_major(), v1.as_major());
        flow.value_from_squares += v0 * v0;
        flow.value_to_squares += v1 * v1;
        flow.value_change_squares += (v1 - v0) * (v1 - v0);
    }
    cells.into_values().collect()
}

/// The personas that reports of such flows would show: only what the gate reads.
fn personas(flows: &[Flow], segment_of: fn(&Flow) -> u32, value_of: fn(&Flow) -> Minor) -> PersonaSet {
    let active: u64 = flows.iter().filter(|flow| segment_of(flow) > 0).map(|flow| flow.customers).sum();
    let of = |segment: u32| {
        let own = || flows.iter().filter(move |flow| segment_of(flow) == segment);
        let customers: u64 = own().map(|flow| flow.customers).sum();
        persona(segment, customers, customers as f64 / active as f64, own().map(value_of).sum())
    };
    set((1..=4).map(of).collect())
}

fn set(personas: Vec<Persona>) -> PersonaSet {
    PersonaSet { personas, ..PersonaSet::of_nobody() }
}

/// A persona of so many customers with nothing else to say.
pub(crate) fn persona(segment: u32, customers: u64, share: f64, value: Minor) -> Persona {
    Persona {
        claims: Vec::new(),
        is_own_name: false,
        formerly: Vec::new(),
        rule: None,
        bought_once: None,
        key: format!("p{segment}"),
        label: format!("P{segment}"),
        role: Role::Primary,
        segment,
        since: "2020Q1".parse().unwrap(),
        provisional: false,
        lineage: String::new(),
        parents: Vec::new(),
        customers,
        share,
        value: Some(value),
        value_range: None,
        value_share: None,
        value_per_customer: None,
        net_revenue: Minor::ZERO,
        churn_risk: None,
        next_period: None,
        margin: None,
        acquisition: None,
        risk_reasons: Vec::new(),
        stability: None,
        year_ago: None,
        joint_prevalence: None,
        priority: PriorityScore {
            score: 0.0,
            rank: 1,
            value: 0.0,
            margin: None,
            growth: 0.0,
            brand: 0.0,
            rank_change: None,
        },
        tilts: Vec::new(),
        habits: Vec::new(),
        categories: Vec::new(),
        attributes: Vec::new(),
        contacts: Vec::new(),
        evidence: Vec::new(),
        topics: Vec::new(),
        quotes: Vec::new(),
        notes: Vec::new(),
        note: None,
    }
}

/// The market's line and the personas'.
type Told = (Change, Vec<Change>);

fn report(flows: &[Flow], history: &History) -> Told {
    let before = personas(flows, |flow| flow.published_segment, |flow| flow.value_published);
    let now = personas(flows, |flow| flow.now_segment, |flow| flow.value_now);
    let rules = Materiality::default();
    (of_market(flows, &rules, history), compare(&before, &now, flows, &rules, history))
}

fn has_headline((market, lines): &Told) -> bool {
    market.verdict == Verdict::Changed || lines.iter().any(|line| line.verdict == Verdict::Changed)
}

fn found(line: &Change, subject: &str, metric: Metric) -> bool {
    line.subject == subject && line.metric == metric && line.verdict == Verdict::Changed
}

/// A market's history: changes of past periods without anything planted.
fn history(customers: usize, periods: u32, seed: u64) -> History {
    let mut history = History::default();
    let mut period: Period = "2015Q1".parse().unwrap();
    for n in 0..periods {
        let (market, lines) = report(&flows(customers, Planted::default(), seed + u64::from(n)), &History::default());
        for change in lines.iter().chain([&market]) {
            history.add(period, change);
        }
        period = period.next();
    }
    history
}

#[test]
fn nothing_happened_is_said_of_a_population_seen_twice() {
    for (customers, periods) in [(1_500, 0), (1_500, 9), (8_000, 0)] {
        let past = history(customers, periods, 50_000);
        let runs = 400;
        let headlines =
            (0..runs).filter(|seed| has_headline(&report(&flows(customers, Planted::default(), *seed), &past))).count();
        assert!(headlines <= runs as usize / 20, "{customers} customers: {headlines} headlines in {runs} reports");
    }
}

#[test]
fn planted_changes_are_found_with_their_cause() {
    const RUNS: u64 = 40;
    const LEAST: u64 = 38;
    let past = history(50_000, 9, 90_000);
    for history in [&History::default(), &past] {
        let hits = |planted: Planted, is_found: &dyn Fn(&Told, &[Flow]) -> bool| {
            let hit = |seed: &u64| {
                let flows = flows(50_000, planted, 7_000 + *seed);
                is_found(&report(&flows, history), &flows)
            };
            (0..RUNS).filter(hit).count() as u64
        };
        let one = hits(Planted { value_of_first: 0.05, ..Planted::default() }, &|(_, lines), _| {
            lines.iter().any(|line| found(line, "p1", Metric::ValuePerCustomer))
        });
        assert!(one >= LEAST, "+5 % of a persona: {one} of {RUNS}");
        let all = hits(Planted { value_of_all: 0.05, ..Planted::default() }, &|(market, _), flows| {
            let parts = decompose(flows, &set(Vec::new()), 10).unwrap();
            market.verdict == Verdict::Changed && parts.rate.0 > parts.mix.0.abs() + parts.volume.0.abs()
        });
        assert!(all >= LEAST, "+5 % of the market: {all} of {RUNS}");
        // A tenth of 35 % is 3.5 points, of which a part would have come anyway.
        let mix = hits(Planted { moves: 0.1, ..Planted::default() }, &|(_, lines), flows| {
            let parts = decompose(flows, &set(Vec::new()), 10).unwrap();
            let share = lines.iter().any(|line| found(line, "p1", Metric::CustomerShare) && line.change > 0.0);
            share && parts.mix.0 > parts.rate.0.abs() + parts.volume.0.abs()
        });
        assert!(mix >= LEAST, "a move of three points: {mix} of {RUNS}");
        let late = hits(Planted { late: 0.3, ..Planted::default() }, &|report, _| {
            let market = &report.0;
            !has_headline(report) && market.causes.restatement > 0.02 * market.from && market.change > 0.0
        });
        assert!(late >= LEAST, "late orders are restatement, not drift: {late} of {RUNS}");
    }
}

#[test]
fn causes_add_up() {
    let flows = flows(5_000, Planted { value_of_first: 0.2, late: 0.2, ..Planted::default() }, 3);
    let (market, lines) = report(&flows, &History::default());
    for line in lines.iter().chain([&market]) {
        let Causes { customers_moved, definition_changed, restatement } = line.causes;
        let sum = customers_moved + definition_changed + restatement;
        assert!((sum - line.change).abs() < 1e-9 * (1.0 + line.change.abs()), "{line:?}");
    }
}

#[test]
fn a_usual_change_is_not_called_one() {
    let mut history = History::default();
    let change = |moved: f64| Change {
        causes: Causes { customers_moved: moved, ..Causes::default() },
        ..of_market(&[], &Materiality::default(), &History::default())
    };
    let mut period: Period = "2015Q1".parse().unwrap();
    for moved in [10.0, 12.0, 8.0, 11.0, 9.0, 10.0, 13.0] {
        history.add(period, &change(moved));
        period = period.next();
    }
    assert_eq!(history.usual("market", Metric::Value, 500.0), Usual::NoHistory { past: 7 });
    history.add(period, &change(7.0));
    assert!(matches!(history.usual("market", Metric::Value, 11.0), Usual::Inside { past: 8, .. }));
    assert!(matches!(history.usual("market", Metric::Value, 30.0), Usual::Outside { past: 8, .. }));
    assert_eq!(history.usual("p1", Metric::Value, 11.0), Usual::NoHistory { past: 0 });
}
