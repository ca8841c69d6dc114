//! The gate under simulation: a population seen twice without a change raises a headline in at most one report of twenty, and
//! planted changes are found, with the right cause.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use driftline_stats::random::SplitMix64;

use super::*;
use crate::drift::change::{Causes, Usual};
use crate::drift::decomposition::decompose;
use crate::personas::{Persona, PersonaSet, PriorityScore, Role};
use crate::tables::profile::{Flow, FlowKind};
use crate::{Minor, Period};

/// What is planted between the two periods.
#[derive(Clone, Copy, Debug, Default)]
struct Planted {
    /// What customers of persona 1, and everyone, spend more an order, and order more often, as a part of before.
    value_of_first: f64,
    value_of_all: f64,
    orders_of_first: f64,
    orders_of_all: f64,
    /// Share of persona 2's customers that go over to persona 1.
    moves: f64,
    /// Share of customers whose last period was published a tenth too low.
    late: f64,
}

const SHARES: [f64; 4] = [0.25, 0.35, 0.25, 0.15];
const VALUES: [f64; 4] = [400.0, 150.0, 60.0, 20.0];

/// Two quarters of a population: customers come and go alike, change persona alike in both directions, and their values change
/// by a third of themselves either way.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn quarters(customers: usize, planted: Planted, seed: u64) -> (Vec<Flow>, Vec<PairedOrders>) {
    let mut random = SplitMix64::new(seed);
    // What the same people order is drawn by itself, so that the ways they take do not depend on it.
    let mut buying = SplitMix64::new(seed ^ 0x5eed);
    let mut cells: BTreeMap<(FlowKind, u32, u32), Flow> = BTreeMap::new();
    let mut paired: BTreeMap<u32, PairedOrders> = BTreeMap::new();
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
        if kind == FlowKind::Stayed {
            let orders = pair(&mut buying, planted, to == 1);
            let segments = if from == to { vec![0, to] } else { vec![0] };
            for segment in segments {
                add(paired.entry(segment).or_default(), segment, orders);
            }
        }
        let (v0, v1) = (v0.as_major(), v1.as_major());
        flow.value_from_squares += v0 * v0;
        flow.value_to_squares += v1 * v1;
        flow.value_change_squares += (v1 - v0) * (v1 - v0);
    }
    (cells.into_values().collect(), paired.into_values().collect())
}

/// Orders of a customer in two quarters, and the mean logarithm of what they spend an order, by a deviation of .5 an order.
fn pair(random: &mut SplitMix64, planted: Planted, is_first: bool) -> [(u64, f64); 2] {
    let first = f64::from(u8::from(is_first));
    let often = 1.0 + planted.orders_of_all + first * planted.orders_of_first;
    let spend = (1.0 + planted.value_of_all) * (1.0 + first * planted.value_of_first);
    let rate = 3.0 * random.next_gamma(2.0) / 2.0;
    let mut quarter = |rate: f64, level: f64| {
        let (mut orders, mut left) = (1, rate - random.next_exponential());
        while left > 0.0 {
            (orders, left) = (orders + 1, left - random.next_exponential());
        }
        (orders, level + 0.5 * random.next_normal() / (orders as f64).sqrt())
    };
    // The first order is there in both, so the others carry the whole change.
    [quarter(rate, 0.0), quarter(rate * often + often - 1.0, spend.ln())]
}

fn add(row: &mut PairedOrders, segment: u32, [(before, level_before), (now, level_now)]: [(u64, f64); 2]) {
    row.segment = segment;
    row.orders.people += 1;
    row.orders.before += before;
    row.orders.now += now;
    row.orders.before_squares += before * before;
    row.orders.now_squares += now * now;
    row.orders.products += before * now;
    row.valued += 1;
    row.level_before += level_before;
    row.level_now += level_now;
    row.level_change_squares += (level_now - level_before) * (level_now - level_before);
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
        net_revenue: Some(Minor::ZERO),
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
        evidence: Vec::new(),
        quotes: Vec::new(),
        facets: Vec::new(),
        notes: Vec::new(),
        note: None,
    }
}

/// The market's line and the personas'.
type Told = (Change, Vec<Change>);

fn report((flows, orders): &(Vec<Flow>, Vec<PairedOrders>), history: &PastChanges) -> Told {
    let before = personas(flows, |flow| flow.published_segment, |flow| flow.value_published);
    let now = personas(flows, |flow| flow.now_segment, |flow| flow.value_now);
    let rules = Materiality::default();
    let compared = Compared { flows, orders, newcomers: None, rules: &rules, history };
    let lines = compared.lines(Some((&before, &now)));
    let others = lines.iter().any(|line| line.verdict == Verdict::Changed);
    (compared.value(0.025, others), lines)
}

fn has_headline((market, lines): &Told) -> bool {
    market.verdict == Verdict::Changed || lines.iter().any(|line| line.verdict == Verdict::Changed)
}

fn found(line: &Change, subject: &str, metric: Metric) -> bool {
    line.subject == subject && line.metric == metric && line.verdict == Verdict::Changed
}

/// A market's history: changes of past periods without anything planted.
fn history(customers: usize, periods: u32, seed: u64) -> PastChanges {
    let mut history = PastChanges::default();
    let mut period: Period = "2015Q1".parse().unwrap();
    for n in 0..periods {
        let (market, lines) =
            report(&quarters(customers, Planted::default(), seed + u64::from(n)), &PastChanges::default());
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
        let headlines = (0..runs)
            .filter(|seed| has_headline(&report(&quarters(customers, Planted::default(), *seed), &past)))
            .count();
        assert!(headlines <= runs as usize / 20, "{customers} customers: {headlines} headlines in {runs} reports");
    }
}

#[test]
fn planted_changes_are_found_with_their_cause() {
    const RUNS: u64 = 40;
    const LEAST: u64 = 38;
    // Per case: what is planted, whose line tells it, and by which figure; nobody else's line of an order may tell it too.
    let none = Planted::default();
    let cases = [
        ("+10 % an order of a persona", Planted { value_of_first: 0.1, ..none }, "p1", Metric::OrderValue),
        ("+10 % orders of a persona", Planted { orders_of_first: 0.1, ..none }, "p1", Metric::OrdersPerMember),
        ("+5 % an order of everybody", Planted { value_of_all: 0.05, ..none }, MARKET, Metric::OrderValue),
        ("+10 % orders of everybody", Planted { orders_of_all: 0.1, ..none }, MARKET, Metric::OrdersPerMember),
        // A tenth of 35 % is 3.5 points, of which a part would have come anyway.
        ("a move of three points", Planted { moves: 0.1, ..none }, "p1", Metric::CustomerShare),
    ];
    let past = history(50_000, 9, 90_000);
    for history in [&PastChanges::default(), &past] {
        for (name, planted, subject, metric) in cases {
            let hits = (0..RUNS).filter(|seed| {
                let (_, lines) = report(&quarters(50_000, planted, 7_000 + *seed), history);
                let others = |line: &Change| {
                    line.verdict == Verdict::Changed && line.subject != subject && orders::PAIRED.contains(&line.metric)
                };
                lines.iter().any(|line| found(line, subject, metric) && line.moved() > 0.0) && !lines.iter().any(others)
            });
            let hits = hits.count() as u64;
            assert!(hits >= LEAST, "{name}: {hits} of {RUNS}");
        }
        let mix = (0..RUNS).filter(|seed| {
            let (flows, _) = quarters(50_000, cases[4].1, 7_000 + *seed);
            let parts = decompose(&flows, &set(Vec::new()), 10).unwrap();
            parts.mix.0 > parts.rate.0.abs() + parts.volume.0.abs()
        });
        assert!(mix.count() as u64 >= LEAST, "people who move are a mix");
        let late = (0..RUNS).filter(|seed| {
            let told = report(&quarters(50_000, Planted { late: 0.3, ..none }, 7_000 + *seed), history);
            let market = &told.0;
            !has_headline(&told) && market.causes.restatement > 0.02 * market.from && market.change > 0.0
        });
        assert!(late.count() as u64 >= LEAST, "late orders are restatement, not drift");
    }
}

#[test]
fn causes_add_up() {
    let quarters = quarters(5_000, Planted { value_of_first: 0.2, late: 0.2, ..Planted::default() }, 3);
    let (market, lines) = report(&quarters, &PastChanges::default());
    for line in lines.iter().chain([&market]) {
        let Causes { customers_moved, definition_changed, restatement } = line.causes;
        let sum = customers_moved + definition_changed + restatement;
        assert!((sum - line.change).abs() < 1e-9 * (1.0 + line.change.abs()), "{line:?}");
    }
}

/// A line of the market whose customers moved it by a part of itself.
fn moved(part: f64) -> Change {
    let rules = Materiality::default();
    let history = PastChanges::default();
    let compared = Compared { flows: &[], orders: &[], newcomers: None, rules: &rules, history: &history };
    let line = compared.value(0.0, true);
    Change { from: 100.0, causes: Causes { customers_moved: 100.0 * part, ..Causes::default() }, ..line }
}

#[test]
fn a_usual_change_is_not_called_one() {
    let mut history = PastChanges::default();
    let mut period: Period = "2015Q1".parse().unwrap();
    let usual = |history: &PastChanges, part: f64| history.usual(MARKET, Metric::Value, part, 0.01);
    for part in [0.10, 0.12, 0.08] {
        history.add(period, &moved(part));
        period = period.next();
    }
    assert_eq!(usual(&history, 0.5), Usual::NoHistory { past: 3 });
    // From four on, what the middle of them and a single one's noise allow: growth is usual where it always grows.
    history.add(period, &moved(0.11));
    assert!(matches!(usual(&history, 0.11), Usual::Inside { past: 4, .. }));
    assert!(matches!(usual(&history, 0.13), Usual::Outside { past: 4, .. }));
    for part in [0.09, 0.10, 0.13, 0.07] {
        period = period.next();
        history.add(period, &moved(part));
    }
    // From eight on by their spread, if that is more.
    assert!(matches!(usual(&history, 0.13), Usual::Inside { past: 8, .. }));
    assert!(matches!(usual(&history, 0.30), Usual::Outside { past: 8, .. }));
    assert_eq!(history.usual("p1", Metric::Value, 0.11, 0.01), Usual::NoHistory { past: 0 });
}

#[test]
fn what_last_year_had_too_is_the_season() {
    let report_of = "2016Q4".parse::<Period>().unwrap();
    let mut history = PastChanges::of(report_of);
    history.add(report_of.year_before(), &moved(0.3));
    let usual = |part: f64| history.usual(MARKET, Metric::Value, part, 0.04);
    assert!(matches!(usual(0.33), Usual::Season { .. }));
    assert_eq!(usual(0.5), Usual::NoHistory { past: 1 });
    assert_eq!(usual(-0.3), Usual::NoHistory { past: 1 });
}
