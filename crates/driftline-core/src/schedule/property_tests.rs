//! What holds for any schedule, instant and set of publications: drawn with a fixed seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use driftline_stats::random::SplitMix64;

use super::*;
use crate::Market;
use crate::basics::period::{Calendar, Kind};

const PATTERNS: [&str; 8] = [
    "0 6 1 1,4,7,10 *",
    "30 2 * * *",
    "0 6 L 3,6,9,12 *",
    "0 2 * * SUN",
    "0 0 15 1 *",
    "0 0 1 1,7 *",
    "5,35 */6 * * *",
    "0 6 29 2 *",
];
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC", "Pacific/Apia"];

struct Case {
    schedule: Schedule,
    market: Market,
    calendar: Calendar,
    now: DateTime<Utc>,
    watched_since: Option<DateTime<Utc>>,
    published: BTreeSet<Period>,
}

/// Mostly calendar quarters and half-years, else those of a fiscal year.
fn any_calendar(random: &mut SplitMix64) -> Calendar {
    let kind = [Kind::Quarter, Kind::HalfYear][random.below(2)];
    let starts = [1, 1, 2, 4, 7, 12][random.below(6)];
    Calendar::new(kind, starts).unwrap()
}

impl Case {
    fn draw(random: &mut SplitMix64) -> Self {
        let calendar = any_calendar(random);
        let first = tests::at("2009-01-01 00:00");
        let some_day = |random: &mut SplitMix64| first + TimeDelta::minutes(random.below(6 * 365 * 1440) as i64);
        let mut now = some_day(random);
        if random.below(3) == 0 {
            // At the end of a period, where it matters: within half a day of it.
            let end = Period::containing(calendar, now.date_naive()).as_of().and_hms_opt(0, 0, 0).unwrap().and_utc();
            now = end + TimeDelta::minutes(random.below(1440) as i64 - 720);
        }
        let mut schedule = tests::schedule(&format!(
            "cron = '{}'\ntime_zone = '{}'\ncatch_up = '{}'\ncatch_up_limit = {}",
            PATTERNS[random.below(PATTERNS.len())],
            ZONES[random.below(ZONES.len())],
            ["none", "latest", "all"][random.below(3)],
            1 + random.below(30),
        ));
        schedule.mail_caught_up = random.below(2) == 0;
        schedule.jitter_minutes = [0, 0, 30, 1440][random.below(4)];
        schedule.start =
            (random.below(2) == 0).then(|| Period::containing(any_calendar(random), some_day(random).date_naive()));
        let count = random.below(12);
        let mut published = BTreeSet::new();
        for _ in 0..count {
            published.insert(Period::containing(calendar, some_day(random).date_naive()));
        }
        let watched_since = (random.below(2) == 0).then(|| now - TimeDelta::minutes(random.below(200 * 1440) as i64));
        Self { schedule, market: "de".parse().unwrap(), calendar, now, watched_since, published }
    }

    fn due(&self, published: &BTreeSet<Period>) -> Vec<Due> {
        let subject = Subject { job: "personas", market: &self.market, calendar: self.calendar };
        due_intervals(&self.schedule, &subject, self.now, self.watched_since, published)
    }

    /// What is due, by going through all firings: for schedules without jitter.
    fn due_by_enumeration(&self) -> Vec<Period> {
        let asked = |firing: &DateTime<chrono_tz::Tz>| Period::last_over(self.calendar, firing.date_naive());
        // 29 February comes every four years, so begin with the last before any case.
        let all = firings_between(&self.schedule, tests::at("2008-01-01 00:00"), self.now);
        let Some(newest) = all.iter().map(asked).max() else { return Vec::new() };
        let first = match self.schedule.start {
            Some(start) => start.start(),
            None => self.published.first().copied().unwrap_or(newest).start(),
        };
        let is_eligible = |period: &Period| period.start() >= first && !self.published.contains(period);
        match self.schedule.catch_up {
            CatchUp::Latest => Some(newest).filter(is_eligible).into_iter().collect(),
            CatchUp::None => {
                let seen = all.last().filter(|last| self.watched_since.is_none_or(|since| since < last.to_utc()));
                seen.map(asked).filter(is_eligible).into_iter().collect()
            }
            CatchUp::All => {
                let zone = self.schedule.time_zone;
                let mut periods: Vec<Period> =
                    std::iter::successors(Some(newest), |period| Some(period.previous())).take(80).collect();
                periods.reverse();
                periods.retain(is_eligible);
                periods.retain(|period| {
                    all.iter().any(|firing| firing.with_timezone(&zone).date_naive() >= period.as_of())
                });
                periods.truncate(self.schedule.catch_up_limit);
                periods
            }
        }
    }
}

#[test]
fn what_is_due_obeys_the_rules() {
    let mut random = SplitMix64::new(20);
    let (mut some, mut several, mut enumerated) = (0, 0, 0);
    for number in 0..2_000 {
        let case = Case::draw(&mut random);
        let due = case.due(&case.published);
        let context = format!("case {number}: {:?} at {} gives {due:?}", case.schedule, case.now);
        let today = case.now.with_timezone(&case.schedule.time_zone).date_naive();
        assert!(due.iter().all(|due| !case.published.contains(&due.period)), "published: {context}");
        assert!(due.iter().all(|due| due.period.as_of() <= today), "not over: {context}");
        assert!(
            due.iter().all(|due| due.due_at <= case.now && due.period.calendar() == case.calendar),
            "early: {context}"
        );
        assert!(due.windows(2).all(|two| two[0].period < two[1].period), "unsorted: {context}");
        assert!(due.len() <= case.schedule.catch_up_limit, "too many: {context}");
        assert!(due.iter().filter(|due| !due.is_caught_up).count() <= 1, "two newest: {context}");
        assert!(
            due.iter().all(|due| due.mails != due.is_caught_up || case.schedule.mail_caught_up),
            "mails: {context}"
        );
        assert_eq!(due, case.due(&case.published), "asked twice: {context}");

        // Publishing one that is due removes exactly that one; a list that was cut goes on behind its end.
        for one in &due {
            let mut published = case.published.clone();
            published.insert(one.period);
            let mut left = case.due(&published);
            if due.len() == case.schedule.catch_up_limit && left.len() == due.len() {
                assert!(left.pop().is_some_and(|more| more.period > due[due.len() - 1].period), "goes on: {context}");
            }
            let expected: Vec<Due> = due.iter().filter(|other| *other != one).copied().collect();
            assert_eq!(left, expected, "publishing {}: {context}", one.period);
        }
        if case.schedule.jitter_minutes == 0 {
            enumerated += 1;
            let periods: Vec<Period> = due.iter().map(|due| due.period).collect();
            assert_eq!(periods, case.due_by_enumeration(), "enumerated: {context}");
        }
        some += usize::from(!due.is_empty());
        several += usize::from(due.len() > 1);
    }
    assert!(some > 500 && several > 150 && enumerated > 750, "{some} {several} {enumerated}: the draw is too tame");
}

#[test]
fn no_text_breaks_the_parser() {
    let mut random = SplitMix64::new(21);
    let parts = [
        "*", "*", "*", "1", "2", "5", "/", "-", ",", "L", "W", "#", "?", "+", "1", "7", "31", "60", "MON", "JAN", "ß",
        "@",
    ];
    let mut accepted = 0;
    for _ in 0..20_000 {
        let field = |random: &mut SplitMix64| -> String {
            // Mostly one part: else nearly no draw has good fields only.
            let count = if random.below(3) == 0 { 1 + random.below(4) } else { 1 };
            (0..count).map(|_| parts[random.below(parts.len())]).collect()
        };
        let count = 4 + random.below(4);
        let fields: Vec<String> = (0..count).map(|_| field(&mut random)).collect();
        let text = fields.join(" ");
        // Whatever is accepted has a next firing.
        if let Ok(pattern) = text.parse::<Pattern>() {
            accepted += 1;
            let schedule = Schedule { cron: pattern, ..tests::schedule("cron = '0 0 1 * *'\ntime_zone = 'UTC'") };
            assert_eq!(next_firings(&schedule, tests::at("2026-01-01 00:00"), 1).len(), 1, "{text}");
        }
    }
    assert!(accepted > 30, "{accepted}");
}
