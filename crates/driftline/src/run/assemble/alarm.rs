//! Data that contradict themselves: a report of them is published, and only the owner is told.

use super::parts::Parts;

/// Part of what was published by which last period's net revenue may differ from today's data.
const RESTATED_MOST: f64 = 0.25;

/// Points of gross revenue that may lose their customer from one period to the next.
const UNIDENTIFIED_MOST: f64 = 0.2;

/// Part of last period's orders, and of those a year ago, below which exports are rather lost than customers.
const ORDERS_LEAST: f64 = 0.4;

/// Customers who came back last period, from which on it is odd that none does.
const KNOWN_LEAST: u64 = 50;

/// Why the data are not to be trusted, if they are not.
pub(super) fn alarm(parts: &Parts<'_>) -> Option<String> {
    let previous = parts.previous.filter(|last| last.period.calendar() == parts.plan.period.calendar())?;
    let locale = parts.job.locale(&parts.plan.market);
    let published = previous.totals.as_ref()?;
    let restated = (parts.tables.totals_restated.net - published.net).ratio(published.net).unwrap_or(0.0);
    if restated.abs() > RESTATED_MOST {
        return Some(format!(
            "net revenue of {} is {} another than it was published",
            previous.period.title(),
            locale.signed_percent(restated, 1)
        ));
    }
    let (now, before) = (parts.quality.unidentified_gross_share, previous.quality.unidentified_gross_share);
    if let (Some(now), Some(before)) = (now, before)
        && now - before > UNIDENTIFIED_MOST
    {
        return Some(format!(
            "{} of gross revenue has no customer, {} the {} before",
            locale.percent(now, 1),
            locale.percent(before, 1),
            parts.plan.period.noun()
        ));
    }
    if let Some(new) =
        parts.tables.moves.newcomers.filter(|new| new.came_back_now == 0 && new.came_back_before >= KNOWN_LEAST)
    {
        return Some(format!(
            "nobody who had bought before bought again, {} did the {} before; customers' ids may be written another way",
            locale.count(new.came_back_before),
            parts.plan.period.noun()
        ));
    }
    let year_before = parts.tables.orders_year_before;
    let earlier = [Some(parts.tables.totals_restated.orders), year_before];
    let is_few = |orders: u64| (parts.tables.totals.orders as f64) < ORDERS_LEAST * orders as f64;
    earlier.into_iter().flatten().all(is_few).then(|| {
        format!(
            "{} orders are in the exports, {} of the {} before",
            locale.count(parts.tables.totals.orders),
            locale.count(parts.tables.totals_restated.orders),
            parts.plan.period.noun()
        )
    })
}
