//! Firings and due periods against independent calendars: `calendar/firings.txt` and `calendar/due.txt`, which
//! `calendar/firings.py` and `calendar/due.py` wrote without cron or chrono.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::*;
use crate::Market;
use crate::basics::period::Calendar;

const CALENDAR: &str = include_str!("../../calendar/firings.txt");

/// Firings in `from..to` as Unix times.
fn firings(schedule: &Schedule, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<i64> {
    let second = TimeDelta::seconds(1);
    firings_between(schedule, from - second, to - second).iter().map(DateTime::timestamp).collect()
}

fn new_year(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc()
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::from_timestamp(text.parse().unwrap(), 0).unwrap()
}

/// Count and hash, as a `year` line has them.
fn digest(firings: &[i64]) -> String {
    let hash = firings.iter().flat_map(|firing| format!("{firing}\n").into_bytes());
    let hash =
        hash.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{} {hash:016x}", firings.len())
}

#[test]
fn every_firing_is_in_the_calendar_and_none_else() {
    let (mut zone, mut changes, mut compared, mut near_changes) = (String::new(), Vec::new(), 0, 0);
    let mut differences = Vec::new();
    let mut lines = CALENDAR.lines().filter(|line| !line.starts_with('#')).peekable();
    while let Some(line) = lines.next() {
        match line.split_once(' ').unwrap() {
            ("tz", version) => assert_eq!(version, chrono_tz::IANA_TZDB_VERSION, "run firings.py with this version"),
            ("zone", rest) => {
                let mut words = rest.split(' ');
                zone = words.next().unwrap().to_owned();
                changes = words.skip(2).map(at).collect();
            }
            ("pattern", pattern) => {
                let schedule = tests::schedule(&format!("cron = '{pattern}'\ntime_zone = '{zone}'"));
                while let Some(year) = lines.next_if(|line| line.starts_with("year ")) {
                    let (year, expected) = year[5..].split_once(' ').unwrap();
                    let year: i32 = year.parse().unwrap();
                    let found = firings(&schedule, new_year(year), new_year(year + 1));
                    compared += found.len();
                    if digest(&found) != expected {
                        differences.push(format!("{zone} `{pattern}` {year}: {} not {expected}", digest(&found)));
                    }
                }
                // The calendar has a line only where there is a firing, so every change is looked at.
                let mut expected = std::collections::BTreeMap::new();
                while let Some(near) = lines.next_if(|line| line.starts_with("near ")) {
                    let mut words = near[5..].split(' ');
                    let change = at(words.next().unwrap());
                    expected.insert(change, words.map(|word| word.parse().unwrap()).collect::<Vec<i64>>());
                }
                for change in &changes {
                    let reach = TimeDelta::hours(3);
                    let found = firings(&schedule, *change - reach + TimeDelta::seconds(1), *change + reach);
                    let found: Vec<i64> = found.iter().map(|firing| firing - change.timestamp()).collect();
                    near_changes += found.len();
                    let expected = expected.remove(change).unwrap_or_default();
                    if found != expected {
                        differences.push(format!("{zone} `{pattern}` near {change}: {found:?} not {expected:?}"));
                    }
                }
                assert!(expected.is_empty(), "{zone} has no change at {expected:?}");
            }
            other => differences.push(format!("{other:?} is no line of the calendar")),
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    // Nothing was left out by an empty file or a wrong prefix.
    assert_eq!((compared, near_changes), (1_005_654, 4_685));
}

#[test]
fn the_newest_firing_is_the_last_of_those_before() {
    let zones = ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia"];
    for zone in zones {
        for pattern in ["30 2 * * *", "*/15 * * * *", "45 23 * * *", "0 0 1 1,4,7,10 *"] {
            let schedule = tests::schedule(&format!("cron = '{pattern}'\ntime_zone = '{zone}'"));
            // Two years in steps of 7 hours 7 minutes pass both halves of the repeated hours.
            let mut now = new_year(2011);
            while now < new_year(2013) {
                let newest = newest_firing(&schedule, now).unwrap();
                let after = next_firings(&schedule, newest.to_utc() - TimeDelta::seconds(1), 2);
                assert!(after[0] == newest && newest <= now && after[1] > now, "{zone} `{pattern}` {now}: {after:?}");
                now += TimeDelta::minutes(427);
            }
        }
    }
}

#[test]
fn the_newest_firing_in_a_repeated_hour_is_in_its_first_half() {
    let schedule = tests::schedule("cron = '*/15 * * * *'\ntime_zone = 'Europe/Berlin'");
    // 2024-10-27: 03:00 becomes 02:00 at 01:00 UTC. 02:45 has fired at 00:45 UTC, 03:00 fires at 02:00 UTC.
    for (now, newest) in
        [("00:44", "00:30"), ("00:59", "00:45"), ("01:10", "00:45"), ("01:59", "00:45"), ("02:00", "02:00")]
    {
        let instant = |time: &str| -> DateTime<Utc> { format!("2024-10-27T{time}:00Z").parse().unwrap() };
        assert_eq!(newest_firing(&schedule, instant(now)).unwrap(), instant(newest), "at {now}");
    }
}

const DUE: &str = include_str!("../../calendar/due.txt");

/// Periods that are due with the seconds at which they fell due.
fn due_at(schedule: &Schedule, calendar: Calendar, now: i64, published: &[Period]) -> Vec<(Period, i64)> {
    let market: Market = "de".parse().unwrap();
    let subject = Subject { job: "personas", market: &market, calendar };
    let published = published.iter().copied().collect();
    let due = due_intervals(schedule, &subject, DateTime::from_timestamp(now, 0).unwrap(), None, &published);
    due.iter().map(|due| (due.period, due.due_at.timestamp())).collect()
}

#[test]
fn every_period_falls_due_when_the_calendar_says() {
    let mut lines = DUE.lines().filter(|line| !line.starts_with('#')).peekable();
    let mut compared = 0;
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.splitn(5, ' ').collect();
        let [_, every, starts, zone, pattern] = words[..] else { unreachable!("{line}") };
        let calendar = toml::from_str(&format!("every = '{every}'\nfiscal_year_starts = '{starts}'")).unwrap();
        let expected: Vec<(Period, i64)> = std::iter::from_fn(|| lines.next_if(|line| !line.starts_with("calendar ")))
            .map(|line| line.split_once(' ').unwrap())
            .map(|(period, at)| (period.parse().unwrap(), at.parse().unwrap()))
            .collect();
        let latest = format!("cron = '{pattern}'\ntime_zone = '{zone}'\n");
        let all =
            tests::schedule(&format!("{latest}catch_up = 'all'\ncatch_up_limit = 99\nstart = '{}'", expected[0].0));
        let latest = tests::schedule(&latest);
        for (place, (period, at)) in expected.iter().enumerate() {
            let until_now = &expected[..=place];
            // Several may fall due at once, where the pattern fires less often than periods end.
            let together = expected[place + 1..].iter().take_while(|(_, later)| later == at).count();
            if together == 0 {
                assert_eq!(due_at(&latest, calendar, *at, &[]), [(*period, *at)], "{line}");
            }
            assert_eq!(due_at(&all, calendar, *at, &[]), expected[..=place + together], "{line} {period}");
            let published: Vec<Period> = until_now.iter().map(|(period, _)| *period).collect();
            let before = expected[..place].iter().filter(|(_, earlier)| earlier < at).count();
            assert_eq!(due_at(&all, calendar, *at - 1, &[]), expected[..before], "{line} before {period}");
            assert_eq!(due_at(&all, calendar, *at, &published), expected[place + 1..=place + together], "{line}");
            compared += 1;
        }
    }
    assert_eq!(compared, DUE.lines().filter(|line| !line.starts_with('#') && !line.starts_with("calendar ")).count());
    assert_eq!(compared, 2_376);
}
