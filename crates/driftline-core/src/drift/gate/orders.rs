//! Lines of what people do: orders a member and spend an order, of the same people in both periods, and how many came for the
//! first time. A persona is compared with the rest of the market too: what everybody does is told once, of everybody.

use driftline_stats::paired::{Counts, Ratio, of_arrivals, of_counts, of_levels, of_strangers};

use super::open::Open;
use super::share::part_of;
use crate::Minor;
use crate::drift::change::{Causes, Change, MARKET, Metric, Usual, Verdict};
use crate::drift::materiality::Materiality;
use crate::tables::profile::{Newcomers, PairedOrders};

/// Which figures are compared of the same people.
pub(super) const PAIRED: [Metric; 2] = [Metric::OrderValue, Metric::OrdersPerMember];

/// The ratio of a figure, and of how many people it is.
pub(super) fn ratio(row: &PairedOrders, metric: Metric) -> Option<(u64, Ratio)> {
    let found = match metric {
        Metric::OrderValue => {
            (row.valued, of_levels(row.valued, row.level_before, row.level_now, row.level_change_squares)?)
        }
        _ => (row.orders.people, of_counts(&row.orders)?),
    };
    Some(found)
}

/// Everyone without some.
pub(super) fn without(all: &PairedOrders, some: &PairedOrders) -> PairedOrders {
    let (a, b) = (&all.orders, &some.orders);
    PairedOrders {
        segment: all.segment,
        orders: Counts {
            people: a.people.saturating_sub(b.people),
            before: a.before.saturating_sub(b.before),
            now: a.now.saturating_sub(b.now),
            before_squares: a.before_squares.saturating_sub(b.before_squares),
            now_squares: a.now_squares.saturating_sub(b.now_squares),
            products: a.products.saturating_sub(b.products),
        },
        valued: all.valued.saturating_sub(some.valued),
        level_before: all.level_before - some.level_before,
        level_now: all.level_now - some.level_now,
        level_change_squares: all.level_change_squares - some.level_change_squares,
    }
}

/// Who a line is of, and what it takes.
pub(super) struct Of<'a> {
    pub(super) subject: &'a str,
    pub(super) label: &'a str,
    /// Net amount of last period, of which the part that moved ranks the line.
    pub(super) net: Minor,
    /// Fewest people of whom a line is judged.
    pub(super) least: u64,
    /// Part of itself by which the figure must move.
    pub(super) threshold: f64,
}

/// The line of a ratio; `None` if there is nobody to compare.
pub(super) fn line(of: &Of<'_>, metric: Metric, people: u64, ratio: &Ratio) -> Open {
    // Money in minor units; what is shown is rounded once.
    let shown = |amount: f64| match metric {
        Metric::OrderValue | Metric::NewCustomerSpend => (100.0 * amount).round(),
        _ => amount,
    };
    let (from, to) = (shown(ratio.before), shown(ratio.now));
    let (relative, error) = (ratio.relative(), ratio.relative_error());
    let enough = people >= of.least;
    let change = Change {
        subject: of.subject.to_owned(),
        label: of.label.to_owned(),
        metric,
        from,
        to,
        change: to - from,
        causes: Causes { customers_moved: to - from, ..Causes::default() },
        low_95: shown(ratio.before * ratio.relative_at(-1.96)),
        high_95: shown(ratio.before * ratio.relative_at(1.96)),
        q: 1.0,
        verdict: if enough { Verdict::NotMaterial } else { Verdict::TooSmallToSay },
        usual: Usual::default(),
        money: part_of(of.net, relative),
    };
    let could_pass = enough && relative.abs() >= of.threshold;
    Open { change, effect: relative, floor: 0.5 * of.threshold, error, could_pass }
}

/// Whether a persona's figure moved otherwise than that of all others (`all`, itself among them): the same way, by enough, and surely.
pub(super) fn is_its_own(
    own: &Ratio,
    all: &PairedOrders,
    row: &PairedOrders,
    metric: Metric,
    rules: &Materiality,
) -> bool {
    let rest = without(all, row);
    match ratio(&rest, metric).filter(|(people, _)| *people >= rules.pairs_min) {
        None => false,
        Some((_, rest)) => {
            let apart = own.against(&rest);
            let threshold = rules.effect_relative;
            apart.log * own.log > 0.0
                && apart.relative().abs() >= threshold
                && super::open::is_beyond(apart.relative(), 0.5 * threshold, apart.relative_error())
        }
    }
}

/// The lines of how many came for the first time, and what each of them spent.
pub(super) fn of_newcomers(newcomers: &Newcomers, rules: &Materiality) -> Vec<Open> {
    let (before, now) = (&newcomers.levels_before, &newcomers.levels_now);
    let of = |threshold| Of {
        subject: MARKET,
        label: "New customers",
        net: newcomers.spend_before,
        least: rules.pairs_min,
        threshold,
    };
    let came = of_arrivals(newcomers.before, newcomers.now).map(|ratio| {
        let people = newcomers.before.min(newcomers.now);
        line(&of(rules.newcomers_relative), Metric::NewCustomers, people, &ratio)
    });
    let spent = of_strangers(before, now)
        .map(|ratio| line(&of(rules.effect_relative), Metric::NewCustomerSpend, before.people.min(now.people), &ratio));
    came.into_iter().chain(spent).collect()
}
