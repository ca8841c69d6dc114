//! Who bought when and for how much: what histories, features and backtests are cut from, at any day of the past.
//!
//! A log holds one row for each customer and day with an order or a refund. Days are whole numbers in any fixed calendar
//! (days since 1970-01-01 in Driftline), amounts are in one currency. A row is a *purchase day* if something was bought
//! on it; other rows lower money and count for nothing else.

use std::borrow::Cow;

use crate::chunks::{self, CHUNK};
use crate::purchase::History;
use crate::random::mix;
use crate::spend::SpendHistory;

/// One customer's day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// The calendar day.
    pub day: i32,
    /// Whether something was bought on it.
    pub is_purchase: bool,
    /// What was spent, not less than 0: what a spend model learns from.
    pub spend: f64,
    /// What was spent less what was given back on that day.
    pub net: f64,
}

/// A cancellation that took back some of an earlier day's purchase: until it was known that day counted for more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cancellation {
    /// Number of the customer.
    pub customer: u32,
    /// The day of the purchase.
    pub day: i32,
    /// The day of the cancellation: cuts after it know of it.
    pub cancelled_on: i32,
    /// Whether the day counted as a purchase before.
    pub was_purchase: bool,
    /// Its spend before.
    pub spend_before: f64,
}

/// The days of many customers; customers are numbered from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PurchaseLog {
    /// Where each customer's days begin, and where the last one's end.
    starts: Vec<usize>,
    days: Vec<Day>,
    /// In the order of customers, days and the days on which they became known.
    cancellations: Vec<Cancellation>,
    /// Whether spend and net are known for all days.
    pub has_amounts: bool,
}

/// Days of customers by any whole number as their key, in any order: what a log is made of.
#[derive(Clone, Debug)]
pub struct KeyedDays {
    /// By the first eight bits of the keys, in their order: each part is sorted in a processor's own cache.
    parts: Vec<Vec<(i64, Day)>>,
}

impl Default for KeyedDays {
    fn default() -> Self {
        Self { parts: vec![Vec::new(); 256] }
    }
}

impl KeyedDays {
    /// Adds a customer's day; there is one for each pair of them.
    pub fn push(&mut self, key: i64, day: Day) {
        self.parts[((key as u64 ^ (1 << 63)) >> 56) as usize].push((key, day));
    }

    /// The log, and the keys of its customers in ascending order.
    pub fn finish(mut self, has_amounts: bool) -> (Vec<i64>, PurchaseLog) {
        chunks::change(&mut self.parts, |part| part.sort_unstable_by_key(|(key, day)| (*key, day.day)));
        let mut keys: Vec<i64> = Vec::new();
        let numbered = self.parts.into_iter().flatten().map(|(key, day)| {
            if keys.last() != Some(&key) {
                keys.push(key);
            }
            (keys.len() as u32 - 1, day)
        });
        let log = PurchaseLog::new(numbered, has_amounts);
        (keys, log)
    }
}

/// A moment at which a log is cut: nothing from it on is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The first day that is not seen any more.
    pub before: i32,
    /// The day up to which ages and recencies count.
    pub age_to: i32,
}

impl Cut {
    /// A cut at the first day that is not included; ages count up to that day.
    pub fn as_of(day: i32) -> Self {
        Self { before: day, age_to: day }
    }

    /// A cut after a last included day to which ages count, which is the literature's convention.
    pub fn after(last_day: i32) -> Self {
        Self { before: last_day + 1, age_to: last_day }
    }

    /// The same cut `days` earlier.
    pub fn earlier(self, days: i32) -> Self {
        Self { before: self.before - days, age_to: self.age_to - days }
    }
}

/// A customer's past at a cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Past {
    /// Purchase days after the first.
    pub repeat_purchases: f64,
    /// Days between the first and the last purchase day.
    pub recency_days: f64,
    /// Days from the first purchase day to the cut.
    pub age_days: f64,
    /// Mean spend of the purchase days after the first; 0 without any.
    pub mean_repeat_spend: f64,
    /// Spend of the first purchase day, known before anybody can come again.
    pub first_spend: f64,
    /// Net amount over spend, 0 to 1; `None` if nothing was spent.
    pub own_net_share: Option<f64>,
}

impl PurchaseLog {
    /// Makes a log of rows that are sorted by customer and day, one for each pair; customers are numbers from 0 without
    /// gaps.
    pub fn new(rows: impl IntoIterator<Item = (u32, Day)>, has_amounts: bool) -> Self {
        let rows = rows.into_iter();
        let mut starts = Vec::new();
        let (least, most) = rows.size_hint();
        let mut days = Vec::with_capacity(most.unwrap_or(least));
        for (customer, day) in rows {
            while starts.len() <= customer as usize {
                starts.push(days.len());
            }
            days.push(day);
        }
        starts.push(days.len());
        days.shrink_to_fit();
        Self { starts, days, cancellations: Vec::new(), has_amounts }
    }

    /// Says what became of purchases later; `cancellations` in the order of customers, days and the days on which they became
    /// known. The days of the log are as after all of them.
    pub fn with_cancellations(self, cancellations: Vec<Cancellation>) -> Self {
        Self { cancellations, ..self }
    }

    /// The log as it was known at a cut: purchases that were cancelled later count as if they would stay. What a backtest looks
    /// at, or it would know who is going to bring things back. Days from the cut on are still there, as `coming` wants them.
    pub fn known_at(&self, cut: Cut) -> Cow<'_, Self> {
        let mut later = self.cancellations.iter().filter(|one| one.cancelled_on >= cut.before && one.day < cut.before);
        let Some(mut next) = later.next() else { return Cow::Borrowed(self) };
        let mut known = Self { cancellations: Vec::new(), ..self.clone() };
        loop {
            let own = known.starts[next.customer as usize]..known.starts[next.customer as usize + 1];
            let days = &mut known.days[own];
            if let Ok(place) = days.binary_search_by_key(&next.day, |day| day.day) {
                days[place].is_purchase = next.was_purchase;
                days[place].spend = next.spend_before;
            }
            // The first one that was not known yet says how the day stood.
            let (customer, day) = (next.customer, next.day);
            match later.find(|one| (one.customer, one.day) != (customer, day)) {
                Some(one) => next = one,
                None => return Cow::Owned(known),
            }
        }
    }

    /// How many customers the log has.
    pub fn customers(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// All days of a customer, in order.
    pub fn days(&self, customer: usize) -> &[Day] {
        &self.days[self.starts[customer]..self.starts[customer + 1]]
    }

    /// The days of a customer before a cut.
    pub fn seen(&self, customer: usize, cut: Cut) -> &[Day] {
        let days = self.days(customer);
        &days[..days.partition_point(|day| day.day < cut.before)]
    }

    /// The days of a customer from a cut on, for `length` days.
    pub fn coming(&self, customer: usize, cut: Cut, length: i32) -> &[Day] {
        let days = self.days(customer);
        let from = days.partition_point(|day| day.day < cut.before);
        &days[from..from + days[from..].partition_point(|day| day.day < cut.before.saturating_add(length))]
    }

    /// The first and the last day with a purchase, of anybody.
    pub fn span(&self) -> Option<(i32, i32)> {
        let bought = || self.days.iter().filter(|day| day.is_purchase).map(|day| day.day);
        Some((bought().min()?, bought().max()?))
    }

    /// A customer's past at a cut; `None` before the first purchase.
    pub fn past(&self, customer: usize, cut: Cut) -> Option<Past> {
        let mut bought = self.seen(customer, cut).iter().filter(|day| day.is_purchase);
        let first = bought.next()?;
        let (mut repeats, mut last, mut spend) = (0.0, first.day, 0.0);
        let net: f64 = self.seen(customer, cut).iter().map(|day| day.net).sum();
        for day in bought {
            repeats += 1.0;
            last = day.day;
            spend += day.spend;
        }
        Some(Past {
            repeat_purchases: repeats,
            recency_days: f64::from(last - first.day),
            age_days: f64::from(cut.age_to - first.day),
            mean_repeat_spend: if repeats > 0.0 { spend / repeats } else { 0.0 },
            first_spend: first.spend,
            own_net_share: (first.spend + spend > 0.0).then(|| (net / (first.spend + spend)).clamp(0.0, 1.0)),
        })
    }

    /// The pasts of those who bought before a cut, in order; of a log with more than `most` customers, of about `most` that
    /// are drawn by a hash of their number.
    pub fn pasts(&self, cut: Cut, most: usize) -> Vec<(usize, Past)> {
        let count = self.customers();
        let is_taken = |customer: &usize| count <= most || mix(*customer as u64) % (count as u64) < most as u64;
        let of = |customer: usize| Some((customer, self.past(customer, cut)?));
        chunks::map(count, CHUNK, |range| range.filter(is_taken).filter_map(of).collect::<Vec<_>>()).concat()
    }

    /// Net amount over spend of all days before a cut: what is left after returns. 1 if nothing was spent.
    pub fn net_share(&self, cut: Cut) -> f64 {
        let (mut net, mut spend) = (0.0, 0.0);
        for day in self.days.iter().filter(|day| day.day < cut.before) {
            net += day.net;
            spend += day.spend;
        }
        if spend > 0.0 { (net / spend).max(0.0) } else { 1.0 }
    }
}

impl Past {
    /// What a purchase model needs, with times in units of `unit_days` days.
    pub fn history(&self, unit_days: f64) -> History {
        History {
            repeat_purchases: self.repeat_purchases,
            recency: self.recency_days / unit_days,
            age: self.age_days / unit_days,
            customers: 1.0,
        }
    }

    /// What a spend model needs.
    pub fn spend_history(&self) -> SpendHistory {
        SpendHistory { repeat_purchases: self.repeat_purchases, mean_spend: self.mean_repeat_spend, customers: 1.0 }
    }

    /// What a spend model of all purchase days needs, the first one among them.
    pub fn whole_spend_history(&self) -> SpendHistory {
        let days = self.repeat_purchases + 1.0;
        let spend = self.first_spend + self.repeat_purchases * self.mean_repeat_spend;
        SpendHistory { repeat_purchases: days, mean_spend: spend / days, customers: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i32, spend: f64, refund: f64) -> Day {
        Day { day, is_purchase: spend > 0.0, spend, net: spend - refund }
    }

    /// Bought for 5 on day 10 and for 7 on day 17; 2 of the 5 came back on day 12, the rest on day 20.
    #[test]
    fn a_cut_does_not_know_of_later_cancellations() {
        let rows = [(0, day(10, 0.0, 0.0)), (0, day(17, 7.0, 0.0)), (1, day(11, 4.0, 0.0))];
        let cancelled = |cancelled_on, spend_before| Cancellation {
            customer: 0,
            day: 10,
            cancelled_on,
            was_purchase: true,
            spend_before,
        };
        let log = PurchaseLog::new(rows, true).with_cancellations(vec![cancelled(12, 5.0), cancelled(20, 3.0)]);
        let first = |cut| log.known_at(cut).days(0)[0];
        assert_eq!((first(Cut::as_of(12)).spend, first(Cut::as_of(12)).is_purchase), (5.0, true));
        assert_eq!((first(Cut::as_of(13)).spend, first(Cut::as_of(20)).spend), (3.0, 3.0));
        assert_eq!((first(Cut::as_of(21)).spend, first(Cut::as_of(21)).is_purchase), (0.0, false));
        assert_eq!(log.known_at(Cut::as_of(18)).past(0, Cut::as_of(18)).map(|past| past.repeat_purchases), Some(1.0));
        assert_eq!(log.known_at(Cut::as_of(18)).days(1), log.days(1));
        assert!(matches!(log.known_at(Cut::as_of(21)), Cow::Borrowed(_)));
        assert!(matches!(log.known_at(Cut::as_of(10)), Cow::Borrowed(_)), "what was not sold yet");
    }

    #[test]
    fn rows_in_any_order_are_the_same_log() {
        let row = |key, number| (key, day(number, f64::from(number), 0.0));
        let mut rows = [row(i64::MAX, 3), row(-5, 9), row(7, 2), row(-5, 1), row(i64::MIN, 4), row(7, 1)];
        let made_of = |rows: &[(i64, Day)]| {
            let mut days = KeyedDays::default();
            rows.iter().for_each(|(key, day)| days.push(*key, *day));
            days.finish(true)
        };
        let (keys, log) = made_of(&rows);
        assert_eq!(keys, [i64::MIN, -5, 7, i64::MAX]);
        let numbers = |customer| log.days(customer).iter().map(|day| day.day).collect::<Vec<_>>();
        assert_eq!([0, 1, 2, 3].map(numbers), [vec![4], vec![1, 9], vec![1, 2], vec![3]]);
        rows.reverse();
        assert_eq!(made_of(&rows), (keys, log));
        assert_eq!(made_of(&[]).1.customers(), 0);
    }

    #[test]
    fn a_cut_hides_what_comes_after_it() {
        let rows = [(0, day(10, 5.0, 0.0)), (0, day(12, 0.0, 2.0)), (0, day(17, 7.0, 0.0)), (2, day(17, 1.0, 0.0))];
        let log = PurchaseLog::new(rows, true);
        assert_eq!((log.customers(), log.span()), (3, Some((10, 17))));
        assert_eq!(log.past(1, Cut::after(17)), None);
        assert_eq!(log.past(2, Cut::as_of(17)), None);
        let first = log.past(0, Cut::as_of(17));
        assert_eq!(first.map(|past| (past.repeat_purchases, past.age_days)), Some((0.0, 7.0)));
        let all = log.past(0, Cut::after(17));
        let of = |past: Past| (past.repeat_purchases, past.recency_days, past.age_days, past.mean_repeat_spend);
        assert_eq!(all.map(of), Some((1.0, 7.0, 7.0, 7.0)));
        assert_eq!(log.coming(0, Cut::after(10), 7).len(), 2);
        assert_eq!(log.coming(0, Cut::as_of(12), 5).len(), 1);
        assert!((log.net_share(Cut::after(12)) - 0.6).abs() < 1e-12);
    }
}
