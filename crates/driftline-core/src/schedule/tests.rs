//! Tables of what a schedule may say, and of what is due when.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::Market;
use crate::basics::period::{Calendar, Kind};

pub(super) fn schedule(text: &str) -> Schedule {
    toml::from_str(text).unwrap()
}

/// An instant written `2026-01-01 06:00`, of UTC.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    format!("{}:00Z", text.replace(' ', "T")).parse().unwrap()
}

fn published(text: &str) -> BTreeSet<Period> {
    text.split_whitespace().map(|period| period.parse().unwrap()).collect()
}

/// What is due, like `2025Q3 2025Q4`; `~` after one that was caught up, `-` after one that sends no mail.
fn due(text: &str, now: &str, watched_since: Option<&str>, done: &str) -> String {
    let market: Market = "de".parse().unwrap();
    let subject = Subject { job: "personas", market: &market, calendar: Calendar::default() };
    let all = due_intervals(&schedule(text), &subject, at(now), watched_since.map(at), &published(done));
    assert!(all.iter().all(|due| due.due_at <= at(now)), "{all:?}");
    let one = |due: &Due| {
        format!("{}{}{}", due.period, if due.is_caught_up { "~" } else { "" }, if due.mails { "" } else { "-" })
    };
    all.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// 06:00 in Berlin on the first day after each quarter: 05:00 UTC in January, 04:00 UTC in April, July and October.
const QUARTERLY: &str = "cron = '0 6 1 1,4,7,10 *'\ntime_zone = 'Europe/Berlin'\n";
const DAILY: &str = "cron = '0 6 * * *'\ntime_zone = 'Europe/Berlin'\n";

#[test]
fn a_schedule_has_defaults() {
    let plain = schedule(QUARTERLY);
    let expected = Schedule {
        cron: "0 6 1 1,4,7,10 *".parse().unwrap(),
        time_zone: chrono_tz::Europe::Berlin,
        catch_up: CatchUp::Latest,
        catch_up_limit: 8,
        start: None,
        jitter_minutes: 0,
        mail_caught_up: false,
    };
    assert_eq!(plain, expected);
    assert_eq!(plain.cron.as_str(), "0 6 1 1,4,7,10 *");
}

#[test]
fn what_is_wrong_is_named() {
    let (cron, zone) = ("cron = '0 6 1 * *'\n", "time_zone = 'UTC'\n");
    let cases = [
        (zone, "cron = '0 6 1 *'", "schedule.cron = `0 6 1 *`: expected five or six cron fields", "found 4"),
        (zone, "cron = '0 6 1 1 * * 2027'", "schedule.cron = `0 6 1 1 * * 2027`", "found 7"),
        (zone, "cron = '0 6 1 13 *'", "schedule.cron = `0 6 1 13 *`", "Component error: Number out of bounds."),
        (zone, "cron = '0 6 1 * FOO'", "schedule.cron = `0 6 1 * FOO`", "illegal character 'F' in part 'FOO'"),
        (zone, "cron = '0 6 30 2 *'", "schedule.cron = `0 6 30 2 *`: expected a pattern that some day", "found none"),
        (zone, "cron = '@daily'", "schedule.cron = `@daily`", "found 1"),
        (zone, "cron = ''", "schedule.cron = ``", "found 0"),
        (cron, "time_zone = 'Berlin'", "schedule.time_zone = `Berlin`: expected an IANA name", "failed to parse"),
        (cron, "time_zone = 'UTC'\ncatch_up = 'some'", "schedule.catch_up = `some`: expected `none`, `latest`", "word"),
        (cron, "time_zone = 'UTC'\ncatch_up_limit = 0", "schedule.catch_up_limit = `0`: expected 1 or more", "less"),
        (
            cron,
            "time_zone = 'UTC'\njitter_minutes = 1441",
            "schedule.jitter_minutes = `1441`",
            "expected 0 to 1440 minutes",
        ),
        (
            cron,
            "time_zone = 'UTC'\njitter_minutes = -1",
            "schedule.jitter_minutes = `-1`",
            "expected 0 to 1440 minutes",
        ),
        (cron, "time_zone = 'UTC'\nstart = '2025'", "schedule.start = `2025`", "period `2025` is not a period"),
        (cron, "time_zone = 'UTC'\nzone = 'UTC'", "unknown field `zone`", "expected one of `cron`, `time_zone`"),
        (cron, "", "missing field `time_zone`", ""),
    ];
    for (given, wrong, key, found) in cases {
        let message = toml::from_str::<Schedule>(&format!("{given}{wrong}")).unwrap_err().to_string();
        assert!(message.contains(key) && message.contains(found), "{wrong}: {message}");
    }
}

#[test]
fn the_newest_period_that_is_over_is_due() {
    let limit_2 = format!("{DAILY}catch_up = 'all'\ncatch_up_limit = 2\nstart = '2024Q1'");
    let all = format!("{QUARTERLY}catch_up = 'all'");
    let all_mailed = format!("{QUARTERLY}catch_up = 'all'\nmail_caught_up = true");
    let from_2024 = format!("{QUARTERLY}catch_up = 'all'\nstart = '2024Q3'");
    let latest_from_2026 = format!("{QUARTERLY}start = '2026Q1'");
    let all_from_2026 = format!("{QUARTERLY}catch_up = 'all'\nstart = '2026Q1'");
    let on_last_days = "cron = '0 6 L 3,6,9,12 *'\ntime_zone = 'Europe/Berlin'\n";
    let yearly = "cron = '0 6 15 1 *'\ntime_zone = 'Europe/Berlin'\n";
    let yearly_all = format!("{yearly}catch_up = 'all'");
    let auckland = "cron = '0 6 1 1,4,7,10 *'\ntime_zone = 'Pacific/Auckland'\n";
    let cases: [(&str, &str, &str, &str, &str); 29] = [
        ("a minute before", QUARTERLY, "2026-01-01 04:59", "2025Q3", ""),
        ("at the firing", QUARTERLY, "2026-01-01 05:00", "2025Q3", "2025Q4"),
        ("in summer an hour earlier", QUARTERLY, "2026-04-01 04:00", "2025Q4", "2026Q1"),
        ("a minute before that", QUARTERLY, "2026-04-01 03:59", "2025Q4", ""),
        ("the day begins earlier in Auckland", auckland, "2025-12-31 17:00", "2025Q3", "2025Q4"),
        ("published", QUARTERLY, "2026-01-01 05:00", "2025Q3 2025Q4", ""),
        ("several firings for one period are one", DAILY, "2026-02-20 12:00", "2025Q4", ""),
        ("and it stays due until it is published", DAILY, "2026-02-20 12:00", "2025Q3", "2025Q4"),
        ("nothing published: the newest only", QUARTERLY, "2026-01-01 05:00", "", "2025Q4"),
        ("nothing published, all: the newest only", &all, "2026-01-01 05:00", "", "2025Q4"),
        ("nothing published, all, a start", &from_2024, "2025-02-01 00:00", "", "2024Q3~- 2024Q4"),
        ("off for a year, latest", QUARTERLY, "2026-01-01 05:00", "2024Q4", "2025Q4"),
        ("off for a year, all", &all, "2026-01-01 05:00", "2024Q4", "2025Q1~- 2025Q2~- 2025Q3~- 2025Q4"),
        ("all, mailed", &all_mailed, "2026-01-01 05:00", "2025Q2", "2025Q3~ 2025Q4"),
        ("late: caught up after the next was published", &all, "2026-01-01 05:00", "2025Q2 2025Q4", "2025Q3~-"),
        ("latest does not go back for an older one", QUARTERLY, "2026-01-01 05:00", "2025Q2 2025Q4", ""),
        ("an old period published by hand", &all, "2026-01-01 05:00", "2025Q1 2025Q3 2025Q4", "2025Q2~-"),
        ("a start wins over what was published before it", &from_2024, "2025-02-01 00:00", "2023Q1", "2024Q3~- 2024Q4"),
        ("a running period published by hand", QUARTERLY, "2026-01-01 05:00", "2026Q1", ""),
        ("start in the future, latest", &latest_from_2026, "2026-01-01 05:00", "", ""),
        ("start in the future, all", &all_from_2026, "2026-01-01 05:00", "2020Q1", ""),
        ("the start has come", &latest_from_2026, "2026-04-01 04:00", "", "2026Q1"),
        ("limit reached: the oldest first", &limit_2, "2026-01-01 05:00", "", "2024Q1~- 2024Q2~-"),
        ("and on", &limit_2, "2026-01-01 05:00", "2024Q1 2024Q2", "2024Q3~- 2024Q4~-"),
        ("on its last day a quarter is not over", on_last_days, "2026-06-30 12:00", "2025Q4", "2026Q1"),
        ("the firing of the last day is a quarter late", on_last_days, "2026-06-29 12:00", "2025Q4", ""),
        ("once a year, latest", yearly, "2026-03-01 00:00", "2024Q4", "2025Q4"),
        ("once a year, all", &yearly_all, "2026-03-01 00:00", "2025Q1", "2025Q2~- 2025Q3~- 2025Q4"),
        ("the schedule changed to daily: nothing is repeated", DAILY, "2026-01-02 06:00", "2025Q3 2025Q4", ""),
    ];
    for (name, text, now, done, expected) in cases {
        assert_eq!(due(text, now, None, done), expected, "{name}");
    }
}

#[test]
fn with_none_only_a_firing_that_was_seen_counts() {
    let quarterly = format!("{QUARTERLY}catch_up = 'none'");
    let daily = format!("{DAILY}catch_up = 'none'");
    let later = format!("{QUARTERLY}catch_up = 'none'\nstart = '2026Q1'");
    let cases = [
        ("the daemon was there", &quarterly, "2026-01-01 05:00", Some("2025-11-11 11:11"), "2025Q3", "2025Q4"),
        ("it started after the firing", &quarterly, "2026-01-01 09:00", Some("2026-01-01 08:00"), "2025Q3", ""),
        ("it started at the firing", &quarterly, "2026-01-01 09:00", Some("2026-01-01 05:00"), "2025Q3", ""),
        (
            "the next firing of a daily pattern counts",
            &daily,
            "2026-01-02 05:00",
            Some("2026-01-01 08:00"),
            "",
            "2025Q4",
        ),
        (
            "missed ones are not run with it",
            &quarterly,
            "2026-01-01 05:00",
            Some("2025-12-31 00:00"),
            "2025Q1",
            "2025Q4",
        ),
        ("published", &quarterly, "2026-01-01 05:00", Some("2025-11-11 11:11"), "2025Q4", ""),
        ("started by the firing itself", &quarterly, "2026-01-01 05:01", None, "2025Q3", "2025Q4"),
        ("or any time before the next", &quarterly, "2026-03-31 00:00", None, "2025Q3", "2025Q4"),
        ("before the start", &later, "2026-01-01 05:00", None, "", ""),
    ];
    for (name, text, now, watched_since, done, expected) in cases {
        assert_eq!(due(text, now, watched_since, done), expected, "{name}");
    }
}

#[test]
fn jitter_is_always_the_same_and_can_be_later_than_now() {
    let text = format!("{QUARTERLY}jitter_minutes = 90\n");
    let (spread, firing) = (schedule(&text), at("2026-01-01 05:00"));
    let markets: Vec<Market> = (0..200).map(|number| format!("m{number}").parse().unwrap()).collect();
    let delay = |job, market: &Market, firing: DateTime<Utc>| {
        let subject = Subject { job, market, calendar: Calendar::default() };
        firing_delay(&spread, &subject, firing.with_timezone(&spread.time_zone)).num_seconds()
    };
    let delays: Vec<i64> = markets.iter().map(|market| delay("personas", market, firing)).collect();
    // The same on every machine and in every version: what a restart would ask again.
    assert_eq!(delays[..3], [558, 287, 4216]);
    assert!(delays.iter().all(|delay| (0..90 * 60).contains(delay)));
    let mean = delays.iter().sum::<i64>() / 200;
    assert!((2_300..3_100).contains(&mean), "a uniform spread has its mean near 2700 seconds, not {mean}");
    assert_ne!(delay("personas", &markets[0], firing), delay("other", &markets[0], firing));
    assert_ne!(delay("personas", &markets[0], firing), delay("personas", &markets[0], at("2026-04-01 04:00")));

    for (market, delay) in markets.iter().zip(delays) {
        let subject = Subject { job: "personas", market, calendar: Calendar::default() };
        let begins = firing + TimeDelta::seconds(delay);
        for (mode, before) in [("latest", "2025Q3"), ("all", "2025Q3"), ("none", "2025Q3")] {
            let schedule = schedule(&format!("{text}catch_up = '{mode}'"));
            let due = |now, done: &str| due_intervals(&schedule, &subject, now, None, &published(done));
            assert_eq!(due(begins - TimeDelta::seconds(1), before), [], "{mode}");
            let expected = Due { period: "2025Q4".parse().unwrap(), due_at: begins, mails: true, is_caught_up: false };
            assert_eq!(due(begins, before), [expected], "{mode}");
            // Until then the one before is still the newest.
            let waiting = due(begins - TimeDelta::seconds(1), "2025Q2");
            assert_eq!(waiting.iter().map(|due| due.period.to_string()).collect::<Vec<_>>(), ["2025Q3"], "{mode}");
        }
    }
}

#[test]
fn markets_are_asked_for_alone() {
    let all = format!("{QUARTERLY}catch_up = 'all'");
    // One market is a year behind, one is new, one is done: each has its own answer.
    let cases = [("2024Q4 2025Q1 2025Q2", "2025Q3~- 2025Q4"), ("", "2025Q4"), ("2025Q3 2025Q4", "")];
    for (done, expected) in cases {
        assert_eq!(due(&all, "2026-01-01 05:00", None, done), expected, "{done}");
    }
}

#[test]
fn every_calendar_has_its_own_periods_due() {
    let market: Market = "de".parse().unwrap();
    let all = schedule(&format!("{QUARTERLY}catch_up = 'all'\nstart = '2025Q2'"));
    let half_years = |starts| Calendar::new(Kind::HalfYear, starts).unwrap();
    let quarters = |starts| Calendar::new(Kind::Quarter, starts).unwrap();
    let cases = [
        (half_years(1), "2025-12-31 12:00", ""),
        (half_years(1), "2026-01-01 05:00", "2025H2"),
        (half_years(1), "2026-07-01 04:00", "2025H2 2026H1"),
        // Half-years from April end with March; they fall due with the quarters of the calendar year.
        (half_years(4), "2025-10-01 04:00", "FY2025-04H1"),
        (half_years(4), "2026-04-01 04:00", "FY2025-04H1 FY2025-04H2"),
        // Quarters from February end with January, April, July and October: the next firing is two months later.
        (quarters(2), "2025-07-31 12:00", ""),
        (quarters(2), "2025-10-01 04:00", "FY2025-02Q2"),
        (quarters(2), "2026-01-01 05:00", "FY2025-02Q2 FY2025-02Q3"),
    ];
    for (calendar, now, expected) in cases {
        let subject = Subject { job: "personas", market: &market, calendar };
        // What was published of another calendar is of no account.
        let due = due_intervals(&all, &subject, at(now), None, &published("2025Q2 2026Q1"));
        assert_eq!(
            due.iter().map(|due| due.period.to_string()).collect::<Vec<_>>().join(" "),
            expected,
            "{calendar} at {now}"
        );
    }
}

#[test]
fn the_windows_of_a_caller_join_without_a_gap_or_an_overlap() {
    let daily = schedule(DAILY);
    let (start, end) = (at("2025-03-25 00:00"), at("2025-04-05 00:00"));
    let whole = firings_between(&daily, start, end);
    let mut parts = Vec::new();
    let mut from = start;
    while from < end {
        let to = (from + TimeDelta::minutes(240)).min(end);
        parts.extend(firings_between(&daily, from, to));
        from = to;
    }
    assert_eq!((whole.len(), &parts), (11, &whole));
    assert_eq!(next_firings(&daily, start, 11), whole);
    assert_eq!(firings_between(&daily, whole[0].to_utc(), whole[1].to_utc()), whole[1..2]);
}
