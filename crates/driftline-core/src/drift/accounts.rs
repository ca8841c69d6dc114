//! A total accounted for customer by customer: each is in exactly one bar, so that the bars add up to the change.

use std::collections::BTreeMap;

use super::bridge::{Bar, Bridge, Cause, Measure};
use crate::tables::profile::{Flow, FlowKind, OTHER_SEGMENT};
use crate::{Error, Minor};

/// Totals of the market that the flows do not hold, in both periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketNet {
    pub net: Minor,
    pub unidentified_net: Minor,
    /// Customers who objected to profiling, where they are fewer than may be shown: what moved without a customer is then pooled.
    pub few_objectors: Option<u64>,
}

/// Rank of each segment of last period's model by value a customer, best first: moving to a smaller rank is moving up. Both
/// ends of a move are by that model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranks(pub BTreeMap<u32, usize>);

impl Ranks {
    fn cause_of_stay(&self, flow: &Flow) -> Cause {
        if flow.from_segment == OTHER_SEGMENT || flow.to_segment == OTHER_SEGMENT {
            return Cause::Other;
        }
        match (self.0.get(&flow.from_segment), self.0.get(&flow.to_segment)) {
            (Some(before), Some(now)) if now < before => Cause::MovedUp,
            (Some(before), Some(now)) if now > before => Cause::MovedDown,
            _ => Cause::Within,
        }
    }
}

pub(crate) fn cause_of(flow: &Flow, ranks: &Ranks) -> Cause {
    match flow.kind {
        FlowKind::New => Cause::New,
        FlowKind::Returning => Cause::Returning,
        FlowKind::Lost => Cause::Lost,
        FlowKind::Outside => Cause::Outside,
        FlowKind::Stayed => ranks.cause_of_stay(flow),
    }
}

/// Bridge of the 12-month value: sums of amounts that were rounded once per customer.
///
/// # Errors
/// `Error::BridgeOpen` if the bars do not add up; that is a bug, and nothing must be published.
pub fn of_value(flows: &[Flow], ranks: &Ranks) -> Result<Bridge, Error> {
    let start: Minor = flows.iter().map(|flow| flow.value_published).sum();
    let end: Minor = flows.iter().map(|flow| flow.value_now).sum();
    let mut bars: BTreeMap<Cause, (u64, Minor)> = BTreeMap::new();
    for flow in flows.iter().filter(|flow| flow.kind != FlowKind::Outside) {
        let bar = bars.entry(cause_of(flow, ranks)).or_default();
        bar.0 += flow.customers;
        bar.1 += flow.value_to - flow.value_from;
    }
    let mut bars: Vec<Bar> =
        bars.into_iter().map(|(cause, (customers, amount))| bar(cause, Some(customers), amount)).collect();
    let definition: Minor = flows.iter().map(|flow| flow.value_now - flow.value_to).sum();
    let redefined: u64 = flows.iter().map(|flow| flow.customers_redefined).sum();
    if definition != Minor::ZERO {
        bars.push(bar(Cause::DefinitionChanged, Some(redefined), definition));
    }
    let restatement: Minor = flows.iter().map(|flow| flow.value_from - flow.value_published).sum();
    bars.extend(restated_bar(flows, restatement));
    close(Measure::Value12Months, start, end, bars)
}

/// Bridge of the trailing 12 months' net revenue of active customers; rounded once per bar, see [`of_net`].
///
/// # Errors
/// As [`of_value`].
pub fn of_trailing(flows: &[Flow], ranks: &Ranks) -> Result<Bridge, Error> {
    let published: i128 = flows.iter().map(|flow| flow.trailing_published_e4).sum();
    let start: i128 = flows.iter().map(|flow| flow.trailing_from_e4).sum();
    let end: i128 = flows.iter().map(|flow| flow.trailing_to_e4).sum();
    let bars =
        summed(flows.iter().filter(|f| f.kind != FlowKind::Outside), ranks, |f| f.trailing_to_e4 - f.trailing_from_e4);
    let mut bars = rounded(bars, round_e4(end) - round_e4(start));
    bars.extend(restated_bar(flows, round_e4(start) - round_e4(published)));
    close(Measure::Trailing12Months, round_e4(published), round_e4(end), bars)
}

/// Bridge of the period's net revenue. Amounts have four decimals until here; each bar is rounded once, and the fraction of a
/// minor unit that is left goes to the bar of the largest amount, so that start plus bars is end. `published` are last
/// period's totals as published, `before` the same from today's data.
///
/// # Errors
/// As [`of_value`].
pub fn of_net(
    flows: &[Flow],
    ranks: &Ranks,
    published: MarketNet,
    before: MarketNet,
    now: MarketNet,
) -> Result<Bridge, Error> {
    let mut bars = summed(flows.iter(), ranks, |flow| flow.net_to_e4 - flow.net_from_e4);
    let owned = |market: MarketNet| i128::from((market.net - market.unidentified_net).0) * 100;
    let known_before: i128 = flows.iter().map(|flow| flow.net_from_e4).sum();
    let known_now: i128 = flows.iter().map(|flow| flow.net_to_e4).sum();
    // Refunds of people without any purchase day are owned by nobody in the customer table.
    let strays = (owned(now) - known_now) - (owned(before) - known_before);
    let outside = bars.entry(Cause::Outside).or_default();
    outside.1 += strays;
    let unidentified = i128::from((now.unidentified_net - before.unidentified_net).0) * 100;
    bars.insert(Cause::Unidentified, (0, unidentified));
    bars.retain(|cause, (_, amount)| *amount != 0 || !matches!(cause, Cause::Outside | Cause::Unidentified));
    let mut bars = rounded(bars, now.net - before.net);
    let few = [now, before].into_iter().filter_map(|market| market.few_objectors).min();
    for bar in bars.iter_mut().filter(|bar| bar.cause == Cause::Unidentified) {
        bar.customers = few;
    }
    bars.extend(restated_bar(flows, before.net - published.net));
    close(Measure::NetRevenue, published.net, now.net, bars)
}

/// The bar of what last period is not as it was published; of no customers if only guests' sales changed.
fn restated_bar(flows: &[Flow], amount: Minor) -> Option<Bar> {
    let customers: u64 = flows.iter().map(|flow| flow.customers_restated).sum();
    (amount != Minor::ZERO).then(|| bar(Cause::Restatement, (customers > 0).then_some(customers), amount))
}

type OpenBars = BTreeMap<Cause, (u64, i128)>;

fn summed<'a>(flows: impl Iterator<Item = &'a Flow>, ranks: &Ranks, amount: impl Fn(&Flow) -> i128) -> OpenBars {
    let mut bars = OpenBars::new();
    for flow in flows {
        let bar = bars.entry(cause_of(flow, ranks)).or_default();
        bar.0 += flow.customers;
        bar.1 += amount(flow);
    }
    bars
}

fn rounded(bars: OpenBars, change: Minor) -> Vec<Bar> {
    let mut bars: Vec<Bar> = bars
        .into_iter()
        .map(|(cause, (customers, amount))| {
            bar(cause, (cause != Cause::Unidentified).then_some(customers), round_e4(amount))
        })
        .collect();
    let rest = change - bars.iter().map(|bar| bar.amount).sum();
    if let Some(largest) = bars.iter_mut().max_by_key(|bar| bar.amount.0.abs()) {
        // At most half a minor unit a bar; anything larger is a bug that `close` must catch.
        if rest.0.unsigned_abs() <= 10 {
            largest.amount += rest;
        }
    }
    bars
}

/// Ten-thousandths to minor units, half away from zero.
pub fn round_e4(amount: i128) -> Minor {
    let rounded = (2 * amount.abs() + 100) / 200 * amount.signum();
    Minor(i64::try_from(rounded).unwrap_or(i64::MAX))
}

fn bar(cause: Cause, customers: Option<u64>, amount: Minor) -> Bar {
    Bar { cause, label: cause.label().to_owned(), customers, amount }
}

fn close(measure: Measure, start: Minor, end: Minor, bars: Vec<Bar>) -> Result<Bridge, Error> {
    let sum: Minor = bars.iter().map(|bar| bar.amount).sum();
    if start + sum != end {
        return Err(Error::BridgeOpen {
            measure: measure.label().to_owned(),
            start: start.0.into(),
            bars: sum.0.into(),
            end: end.0.into(),
        });
    }
    Ok(Bridge { measure, label: measure.label().to_owned(), start, end, change: end - start, bars, drill: Vec::new() })
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn flow(kind: FlowKind, [from, to]: [u32; 2], customers: u64, [v0, v1]: [i64; 2]) -> Flow {
        let money = |major: i64| Minor(major * 100 * customers as i64);
        Flow {
            kind,
            from_segment: from,
            to_segment: to,
            customers,
            published_segment: from,
            now_segment: to,
            value_published: money(v0),
            value_from: money(v0),
            value_to: money(v1),
            value_now: money(v1),
            net_from_e4: i128::from(money(v0).0) * 100 + 1,
            net_to_e4: i128::from(money(v1).0) * 100 + 7,
            trailing_from_e4: i128::from(money(v0).0) * 100,
            trailing_to_e4: i128::from(money(v1).0) * 100,
            trailing_published_e4: i128::from(money(v0).0) * 100,
            ..Flow::default()
        }
    }

    /// Loyal 1, Casual 2, Dormant 3: the worked example of the project's drift documentation, exact in whole units.
    pub(crate) fn worked_example() -> (Vec<Flow>, Ranks) {
        use FlowKind::{Lost, New, Stayed};
        let flows = vec![
            flow(Stayed, [1, 1], 80, [100, 104]),
            flow(Stayed, [1, 2], 15, [90, 55]),
            flow(Stayed, [1, 3], 5, [80, 10]),
            flow(Stayed, [2, 1], 20, [60, 95]),
            flow(Stayed, [2, 2], 150, [40, 42]),
            flow(Stayed, [2, 3], 30, [35, 8]),
            flow(Stayed, [3, 2], 10, [10, 38]),
            flow(Stayed, [3, 3], 90, [6, 5]),
            flow(New, [0, 1], 10, [0, 70]),
            flow(New, [0, 2], 40, [0, 30]),
            flow(Lost, [1, 0], 4, [85, 0]),
            flow(Lost, [2, 0], 25, [38, 0]),
            flow(Lost, [3, 0], 60, [4, 0]),
        ];
        (flows, Ranks([(1, 0), (2, 1), (3, 2)].into()))
    }

    #[test]
    fn the_worked_example_closes_to_the_cent() {
        let (flows, ranks) = worked_example();
        let bridge = of_value(&flows, &ranks).unwrap();
        let amounts: Vec<(Cause, i64)> = bridge.bars.iter().map(|bar| (bar.cause, bar.amount.0 / 100)).collect();
        assert_eq!((bridge.start, bridge.end), (Minor(2_017_000), Minor(2_036_500)));
        assert_eq!(
            amounts,
            [
                (Cause::New, 1900),
                (Cause::MovedUp, 980),
                (Cause::Within, 530),
                (Cause::MovedDown, -1685),
                (Cause::Lost, -1530)
            ]
        );
    }

    /// The same flows with the periods in the other order.
    pub(crate) fn reversed(flows: &[Flow]) -> Vec<Flow> {
        flows
            .iter()
            .map(|flow| Flow {
                kind: match flow.kind {
                    FlowKind::New => FlowKind::Lost,
                    FlowKind::Lost => FlowKind::New,
                    kind => kind,
                },
                from_segment: flow.to_segment,
                to_segment: flow.from_segment,
                value_published: flow.value_now,
                value_from: flow.value_to,
                value_to: flow.value_from,
                value_now: flow.value_published,
                ..flow.clone()
            })
            .collect()
    }

    #[test]
    fn reversed_periods_only_flip_signs() {
        let (flows, ranks) = worked_example();
        let reversed = reversed(&flows);
        let (there, back) = (of_value(&flows, &ranks).unwrap(), of_value(&reversed, &ranks).unwrap());
        let amount = |bridge: &Bridge, cause: Cause| bridge.bars.iter().find(|bar| bar.cause == cause).unwrap().amount;
        assert_eq!(amount(&there, Cause::New), -amount(&back, Cause::Lost));
        assert_eq!(amount(&there, Cause::MovedUp), -amount(&back, Cause::MovedDown));
        assert_eq!(amount(&there, Cause::Within), -amount(&back, Cause::Within));
    }

    #[test]
    fn fractions_of_a_cent_do_not_open_a_net_bridge() {
        let (flows, ranks) = worked_example();
        let before = MarketNet { net: Minor(2_517_001), unidentified_net: Minor(500_000), few_objectors: None };
        let now = MarketNet { net: Minor(2_537_003), unidentified_net: Minor(499_000), few_objectors: None };
        let bridge = of_net(&flows, &ranks, before, before, now).unwrap();
        let sum: Minor = bridge.bars.iter().map(|bar| bar.amount).sum();
        assert_eq!(bridge.start + sum, bridge.end);
    }

    #[test]
    fn late_orders_are_restatement_and_a_refit_is_a_changed_definition() {
        let (mut flows, ranks) = worked_example();
        let before = of_value(&flows, &ranks).unwrap();
        for flow in &mut flows {
            // Published a tenth less than today's data say; this period's models see five units more a customer.
            flow.value_published = Minor(flow.value_from.0 * 9 / 10);
            flow.customers_restated = if flow.value_from == Minor::ZERO { 0 } else { flow.customers };
            if flow.kind != FlowKind::Lost {
                flow.value_now += Minor(500 * flow.customers as i64);
                flow.customers_redefined = flow.customers;
            }
        }
        let bridge = of_value(&flows, &ranks).unwrap();
        let moved = |bridge: &Bridge| -> Vec<Bar> {
            let is_moved = |bar: &&Bar| !matches!(bar.cause, Cause::Restatement | Cause::DefinitionChanged);
            bridge.bars.iter().filter(is_moved).cloned().collect()
        };
        assert_eq!(moved(&bridge), moved(&before));
        let amount = |cause: Cause| bridge.bars.iter().find(|bar| bar.cause == cause).unwrap().amount;
        assert_eq!((amount(Cause::Restatement), amount(Cause::DefinitionChanged)), (Minor(201_700), Minor(225_000)));
        let market = |net: i64| MarketNet { net: Minor(net), unidentified_net: Minor::ZERO, few_objectors: None };
        let bridge = of_net(&flows, &ranks, market(2_000_000), market(2_017_000), market(2_036_500)).unwrap();
        assert_eq!((bridge.start, bridge.end), (Minor(2_000_000), Minor(2_036_500)));
        assert!(bridge.bars.iter().any(|bar| bar.cause == Cause::Restatement && bar.amount == Minor(17_000)));
    }
}
