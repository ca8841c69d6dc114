//! The instants at which a schedule fires: matching wall clock times, put on the time line of its time zone.
//!
//! Every matching wall clock time fires exactly once. One that clocks skip fires at the first instant after the gap;
//! one that clocks show twice fires the first time. Times that fall on the same instant, like 02:00, skipped, and
//! 03:00, are one firing. This order-preserving map is why the search below may go from one wall clock time to the
//! next.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::Schedule;

/// The next firings after `now`, without jitter, oldest first; fewer than `count` if the pattern ends.
pub fn next_firings(schedule: &Schedule, now: DateTime<Utc>, count: usize) -> Vec<DateTime<Tz>> {
    Firings::after(schedule, now).take(count).collect()
}

/// The firings after `from` and up to `to`, `to` included, without jitter, oldest first: a caller that passes where it
/// stopped last time sees each firing once.
pub fn firings_between(schedule: &Schedule, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Tz>> {
    Firings::after(schedule, from).take_while(|firing| *firing <= to).collect()
}

/// The last firing at `until` or before, without jitter.
pub fn newest_firing(schedule: &Schedule, until: DateTime<Utc>) -> Option<DateTime<Tz>> {
    let zone = schedule.time_zone;
    // In the second half of a repeated hour the wall clock is behind times that already fired in the first half: start
    // from where the clock would be, had it not been set back within the last day.
    let day_before = until.checked_sub_signed(TimeDelta::days(1))?;
    let ahead = offset_seconds(zone, until).max(offset_seconds(zone, day_before));
    let mut wall = until.naive_utc().checked_add_signed(TimeDelta::seconds(ahead))?;
    let mut or_equal = true;
    loop {
        wall = schedule.cron.previous(wall, or_equal)?;
        or_equal = false;
        let firing = instant(zone, wall)?;
        if firing <= until {
            return Some(firing);
        }
    }
}

/// Firings after an instant, without end unless the pattern ends.
pub(super) struct Firings<'a> {
    schedule: &'a Schedule,
    /// Where the search goes on; nothing once the pattern has ended.
    wall: Option<NaiveDateTime>,
    or_equal: bool,
    last: DateTime<Utc>,
}

impl<'a> Firings<'a> {
    pub(super) fn after(schedule: &'a Schedule, last: DateTime<Utc>) -> Self {
        // Wall clock times before that of `last` fired at `last` or before.
        let wall = TimeDelta::try_seconds(offset_seconds(schedule.time_zone, last))
            .and_then(|offset| last.naive_utc().checked_add_signed(offset));
        Self { schedule, wall, or_equal: true, last }
    }
}

impl Iterator for Firings<'_> {
    type Item = DateTime<Tz>;

    fn next(&mut self) -> Option<DateTime<Tz>> {
        while let Some(wall) = self.wall {
            self.wall = self.schedule.cron.next(wall, self.or_equal);
            self.or_equal = false;
            let firing = instant(self.schedule.time_zone, self.wall?)?;
            if firing > self.last {
                self.last = firing.to_utc();
                return Some(firing);
            }
        }
        None
    }
}

/// When clocks in a time zone show a time: the first time that they do, or, if they skip it, right after the gap.
///
/// Nothing if the time is outside what a date can be.
pub(super) fn instant(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Tz>> {
    if let Some(first) = zone.from_local_datetime(&wall).earliest() {
        return Some(first);
    }
    // Clocks are between 12 hours behind UTC and 15 ahead, with a day to spare for a change of date: the change lies
    // between.
    let mut before = wall.checked_sub_signed(TimeDelta::hours(39))?.and_utc().timestamp();
    let mut after = wall.checked_add_signed(TimeDelta::hours(36))?.and_utc().timestamp();
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let shown = zone.timestamp_opt(middle, 0).single()?.naive_local();
        if shown > wall { after = middle } else { before = middle }
    }
    zone.timestamp_opt(after, 0).single()
}

fn offset_seconds(zone: Tz, at: DateTime<Utc>) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
}
