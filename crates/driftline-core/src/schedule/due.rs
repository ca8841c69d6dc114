//! Which periods are due now: the firings until now, what is published, and what the schedule says of missed ones.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use driftline_stats::random::SplitMix64;
use serde::Serialize;

use super::firings::{Firings, instant, newest_firing};
use super::{CatchUp, Schedule};
use crate::basics::period::Calendar;
use crate::{Market, Period};

/// Whose periods are asked for. Each market is asked for alone and knows nothing of the others.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The job's name: its file's.
    pub job: &'a str,
    pub market: &'a Market,
    /// The calendar of the periods that the job reports on.
    pub calendar: Calendar,
}

/// A period that is due: over, asked for by a firing, and not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    pub period: Period,
    /// The first firing after the period's end, with its delay by `jitter_minutes`; with `catch_up = "none"` the newest
    /// firing.
    pub due_at: DateTime<Utc>,
    /// Whether its mails are sent: always, unless it is caught up and the schedule does not mail those.
    pub mails: bool,
    /// Whether a newer period fell due before this one was published.
    pub is_caught_up: bool,
}

/// The periods that are due at `now`, oldest first.
///
/// - `latest`: the newest period that any firing until `now` asked for.
/// - `all`: every period from the first eligible one to the newest, at most `catch_up_limit`, the oldest first. A
///   firing asks for every period that is over, so a pattern that fires once a year makes four quarters due.
/// - `none`: the newest period, if its firing was seen: the newest firing is after `watched_since`.
///
/// The first eligible period is `start`, or without it the oldest of `published`; with neither, the newest only. A
/// published period is never due. Publishing one that was due changes nothing about the others, except that with `all`
/// a full list goes on where `catch_up_limit` cut it.
///
/// `watched_since` is the last instant at which the caller knows that somebody looked: a daemon's last look, if it
/// remembers it, or its own start. `None` is for a caller that is itself started by the firing, like `run --due` from a
/// timer: then a firing counts as seen until the next one. Only `catch_up = "none"` asks for it.
pub fn due_intervals(
    schedule: &Schedule,
    subject: &Subject<'_>,
    now: DateTime<Utc>,
    watched_since: Option<DateTime<Utc>>,
    published: &BTreeSet<Period>,
) -> Vec<Due> {
    if schedule.catch_up == CatchUp::None {
        return seen(schedule, subject, now, watched_since, published).into_iter().collect();
    }
    let Some((newest, newest_due_at)) = newest_due(schedule, subject, now) else {
        return Vec::new();
    };
    let first = first_eligible(schedule, subject, published).unwrap_or(newest);
    if schedule.catch_up == CatchUp::Latest {
        let is_due = newest >= first && !published.contains(&newest);
        let due = Due { period: newest, due_at: newest_due_at, mails: true, is_caught_up: false };
        return is_due.then_some(due).into_iter().collect();
    }
    std::iter::successors(Some(first), |period| Some(period.next()))
        .take_while(|period| *period <= newest)
        .filter(|period| !published.contains(period))
        .filter_map(|period| {
            let due_at = due_at(schedule, subject, period)?;
            let is_caught_up = period < newest;
            Some(Due { period, due_at, mails: !is_caught_up || schedule.mail_caught_up, is_caught_up })
        })
        .filter(|due| due.due_at <= now)
        .take(schedule.catch_up_limit)
        .collect()
}

/// How long after a firing a job and market begin: less than `jitter_minutes`, in whole seconds, and always the same.
pub fn firing_delay(schedule: &Schedule, subject: &Subject<'_>, firing: DateTime<Tz>) -> TimeDelta {
    let seconds = schedule.jitter_minutes as usize * 60;
    let seed = fnv_1a(&[subject.job.as_bytes(), subject.market.as_str().as_bytes(), &firing.timestamp().to_le_bytes()]);
    TimeDelta::seconds(SplitMix64::new(seed).below(seconds) as i64)
}

/// The newest period, if the newest firing that has come, delay included, is after `watched_since`.
fn seen(
    schedule: &Schedule,
    subject: &Subject<'_>,
    now: DateTime<Utc>,
    watched_since: Option<DateTime<Utc>>,
    published: &BTreeSet<Period>,
) -> Option<Due> {
    let delayed = |firing: DateTime<Tz>| firing.to_utc() + firing_delay(schedule, subject, firing);
    let mut firing = newest_firing(schedule, now)?;
    while delayed(firing) > now {
        firing = before(schedule, firing)?;
    }
    let (period, due_at) = (asked_for(subject, firing), delayed(firing));
    let is_due = watched_since.is_none_or(|since| since < due_at)
        && first_eligible(schedule, subject, published).is_none_or(|first| first <= period)
        && !published.contains(&period);
    is_due.then_some(Due { period, due_at, mails: true, is_caught_up: false })
}

/// The newest period whose first firing has come, delay included, and when it came.
fn newest_due(schedule: &Schedule, subject: &Subject<'_>, now: DateTime<Utc>) -> Option<(Period, DateTime<Utc>)> {
    let mut firing = newest_firing(schedule, now)?;
    loop {
        let period = asked_for(subject, firing);
        let due_at = due_at(schedule, subject, period)?;
        if due_at <= now {
            return Some((period, due_at));
        }
        // Its delay is not over: what was asked for before it?
        firing = before(schedule, first_firing(schedule, period)?)?;
    }
}

/// The newest period that is over on the day of a firing.
fn asked_for(subject: &Subject<'_>, firing: DateTime<Tz>) -> Period {
    Period::last_over(subject.calendar, firing.date_naive())
}

fn due_at(schedule: &Schedule, subject: &Subject<'_>, period: Period) -> Option<DateTime<Utc>> {
    let firing = first_firing(schedule, period)?;
    Some(firing.to_utc() + firing_delay(schedule, subject, firing))
}

/// The first firing at or after the midnight that ends a period.
fn first_firing(schedule: &Schedule, period: Period) -> Option<DateTime<Tz>> {
    let end = instant(schedule.time_zone, period.as_of().and_time(NaiveTime::MIN))?;
    Firings::after(schedule, end.to_utc() - TimeDelta::seconds(1)).next()
}

/// The firing before another.
fn before(schedule: &Schedule, firing: DateTime<Tz>) -> Option<DateTime<Tz>> {
    newest_firing(schedule, firing.to_utc() - TimeDelta::seconds(1))
}

fn first_eligible(schedule: &Schedule, subject: &Subject<'_>, published: &BTreeSet<Period>) -> Option<Period> {
    match schedule.start {
        // A start of another calendar: the first period that begins no earlier.
        Some(start) => {
            let first = Period::containing(subject.calendar, start.start());
            Some(if first.start() < start.start() { first.next() } else { first })
        }
        None => published.iter().find(|period| period.calendar() == subject.calendar).copied(),
    }
}

/// FNV-1a with 64 bits; a byte that is in no text ends each part. Source: Fowler, Noll & Vo, IETF draft-eastlake-fnv.
fn fnv_1a(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter().copied().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
