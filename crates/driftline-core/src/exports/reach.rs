//! How far dated rows reach: from where to where they are many, whatever single rows far away say.
//!
//! A placeholder like 9999-12-31, an order dated ahead or a refund of next month would else make an export look complete.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

/// Days of silence that count as usual in any export: holidays, a long weekend.
const SILENT_DAYS: i64 = 5;
/// Days of silence beyond which nothing is usual any more.
const SILENT_DAYS_MOST: i64 = 31;
/// Part of the gaps between two days that are usual.
const USUAL_GAPS: f64 = 0.95;
/// How many times the usual silence a gap has behind which rows may be far: what thins out is no placeholder.
const FAR_TIMES: i64 = 2;
/// Rows beyond a gap are far if they are fewer than this part of what was usual in so many days,
const FAR_OF_USUAL: f64 = 0.1;
/// and than this part of all rows.
const FAR_OF_ALL: f64 = 0.05;
/// Days from which what is usual is taken.
const YEAR: u64 = 365;

/// From where to where rows reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub first: NaiveDate,
    pub last: NaiveDate,
    /// Days of silence at an end that say nothing yet.
    pub silent_days: i64,
    /// Days that were left out, with their rows.
    pub far: BTreeMap<NaiveDate, u64>,
}

impl Reach {
    /// The reach of rows by day, as seen on a day; `None` without rows up to it.
    pub fn of(days: &BTreeMap<NaiveDate, u64>, today: NaiveDate) -> Option<Self> {
        let mut near: Vec<(NaiveDate, u64)> =
            days.iter().filter(|day| *day.1 > 0).map(|day| (*day.0, *day.1)).collect();
        let silent_days = usual_silence(&near);
        let all: u64 = near.iter().map(|day| day.1).sum();
        let mut far = BTreeMap::new();
        while let Some(place) =
            gaps(&near).into_iter().rev().find(|gap| gap.1 > FAR_TIMES * silent_days).map(|gap| gap.0)
        {
            let (before, after) = near.split_at(place);
            let is_ahead = after[0].0 > today;
            if !is_ahead && !is_far(after, before, all) {
                break;
            }
            far.extend(near.split_off(place));
        }
        while let Some(place) = gaps(&near).into_iter().find(|gap| gap.1 > FAR_TIMES * silent_days).map(|gap| gap.0) {
            let (before, after) = near.split_at(place);
            if !is_far(before, after, all) {
                break;
            }
            let kept = near.split_off(place);
            far.extend(std::mem::replace(&mut near, kept));
        }
        let (first, last) = (near.first()?.0, near.last()?.0);
        let silent_days = silent_days.max(silence_a_year_ago(&near, last));
        (first <= today).then_some(Self { first, last, silent_days, far })
    }

    /// The last day up to which the silence after the rows says nothing.
    pub fn silent_until(&self) -> NaiveDate {
        self.last.checked_add_days(Days::new(self.silent_days.unsigned_abs())).unwrap_or(NaiveDate::MAX)
    }
}

/// Between which neighbours how many days lie: the place of the later one, and the days.
fn gaps(days: &[(NaiveDate, u64)]) -> Vec<(usize, i64)> {
    days.windows(2).enumerate().map(|(place, pair)| (place + 1, (pair[1].0 - pair[0].0).num_days())).collect()
}

/// How long it was silent at this time of the last year: shops close for the same holidays.
fn silence_a_year_ago(days: &[(NaiveDate, u64)], last: NaiveDate) -> i64 {
    const ABOUT: i64 = 4;
    let Some(then) = last.checked_sub_days(Days::new(YEAR)) else { return 0 };
    let began_then = |gap: &(usize, i64)| (days[gap.0 - 1].0 - then).num_days().abs() <= ABOUT;
    let longest = gaps(days).into_iter().filter(began_then).map(|gap| gap.1).max();
    longest.unwrap_or(0).min(SILENT_DAYS_MOST)
}

fn usual_silence(days: &[(NaiveDate, u64)]) -> i64 {
    let mut gaps: Vec<i64> = gaps(days).into_iter().map(|gap| gap.1).collect();
    gaps.sort_unstable();
    let place = (gaps.len() as f64 * USUAL_GAPS).ceil() as usize;
    let usual = gaps.get(place.saturating_sub(1)).copied().unwrap_or(0);
    usual.clamp(SILENT_DAYS, SILENT_DAYS_MOST)
}

/// Whether rows on one side of a gap are too few to belong to those on the other side.
fn is_far(some: &[(NaiveDate, u64)], rest: &[(NaiveDate, u64)], all: u64) -> bool {
    let rows = |days: &[(NaiveDate, u64)]| days.iter().map(|day| day.1).sum::<u64>() as f64;
    let (Some(first), Some(last)) = (rest.first(), rest.last()) else { return false };
    let is_later = some[0].0 > last.0;
    // What is usual is that of the year next to the gap.
    let (from, to) = if is_later {
        (last.0.checked_sub_days(Days::new(YEAR)).unwrap_or(NaiveDate::MIN).max(first.0), last.0)
    } else {
        (first.0, first.0.checked_add_days(Days::new(YEAR)).unwrap_or(NaiveDate::MAX).min(last.0))
    };
    let year: Vec<(NaiveDate, u64)> = rest.iter().copied().filter(|day| (from..=to).contains(&day.0)).collect();
    let a_day = rows(&year) / ((to - from).num_days() + 1) as f64;
    let days = match is_later {
        true => (some[some.len() - 1].0 - last.0).num_days(),
        false => (first.0 - some[0].0).num_days(),
    };
    rows(some) < FAR_OF_USUAL * a_day * days as f64 && rows(some) < FAR_OF_ALL * all as f64
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// So many rows every few days.
    fn every(step: usize, rows: u64, from: &str, to: &str) -> BTreeMap<NaiveDate, u64> {
        let days = day(from).iter_days().step_by(step).take_while(|other| *other <= day(to));
        days.map(|day| (day, rows)).collect()
    }

    #[test]
    fn single_far_days_move_no_end() {
        let today = day("2026-01-05");
        let daily = every(1, 10, "2024-01-01", "2025-11-15");
        for (far, rows) in [
            ("2026-01-06", 1),
            ("2026-02-01", 3),
            ("9999-12-31", 300),
            ("2025-12-31", 1),
            ("2025-12-30", 40),
            ("0001-01-01", 1),
            ("1970-01-01", 30),
            ("2023-06-30", 2),
        ] {
            let mut days = daily.clone();
            days.insert(day(far), rows);
            let reach = Reach::of(&days, today).unwrap();
            assert_eq!((reach.first, reach.last), (day("2024-01-01"), day("2025-11-15")), "{far}");
            assert_eq!(reach.far, BTreeMap::from([(day(far), rows)]));
            assert_eq!(reach.silent_until(), day("2025-11-20"));
        }
    }

    #[test]
    fn what_belongs_to_the_rest_stays() {
        let today = day("2026-01-05");
        let reach = |days: &BTreeMap<NaiveDate, u64>| Reach::of(days, today).map(|reach| (reach.first, reach.last));
        let whole = Some((day("2024-01-01"), day("2025-12-31")));
        // A hole with a whole month after it is a hole; the month is there.
        let mut days = every(1, 10, "2024-01-01", "2025-10-31");
        days.extend(every(1, 8, "2025-12-01", "2025-12-31"));
        assert_eq!(reach(&days), whole);
        // A shop that sells once a fortnight, or once in six weeks, still sells.
        for step in [14, 43] {
            let days = every(step, 1, "2024-01-01", "2025-12-31");
            assert_eq!(reach(&days), Some((day("2024-01-01"), *days.keys().last().unwrap())), "{step}");
        }
        // Two days are two days, and nothing is nothing.
        let two = BTreeMap::from([(day("2024-01-01"), 1), (day("2025-12-31"), 1)]);
        assert_eq!(reach(&two), whole);
        assert_eq!(reach(&BTreeMap::new()), None);
        assert_eq!(reach(&every(1, 5, "2026-02-01", "2026-02-03")), None, "all of it is ahead");
        // An export that goes on behind the day that is taken for today.
        let days = every(1, 10, "2024-01-01", "2026-03-31");
        assert_eq!(reach(&days), Some((day("2024-01-01"), day("2026-03-31"))));
    }
}
