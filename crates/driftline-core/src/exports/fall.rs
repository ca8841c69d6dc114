//! Whether an export has collapsed: months whose lines or money are far below the months around them and the same month last year.
//!
//! A season falls every year and a small market every other month, so a month has fallen only if it is below the bound against what
//! is usual just before it *and* a year before, and clearly below every month of the year before.

/// One calendar month of the staged lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// Whole months since January of the year 0.
    pub number: i32,
    pub lines: u64,
    /// Lines come in orders, and orders by chance.
    pub orders: u64,
    /// Money sold and returned in ten-thousandths of the currency; what is returned is positive.
    pub sold: i128,
    pub returned: i128,
}

/// What fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Lines,
    Sold,
}

/// A month that has less than it should.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fallen {
    pub number: i32,
    pub what: What,
    pub now: f64,
    /// What is usual: the lower one of the half-year before and of the same month a year before, grown as the half-year is.
    pub usual: f64,
}

/// Usual orders a month from which on a month is judged, and from which on one without any is no chance.
const ORDERS_LEAST: f64 = 50.0;
const ORDERS_OF_EMPTY_LEAST: f64 = 30.0;
/// Months of the past that it takes to judge lines, and money, whose months differ more.
const PAST_LEAST: [usize; 2] = [3, 6];
/// How far below the lowest month of the year before a fallen one is: money depends on a few large orders.
const BELOW_LOWEST: [f64; 2] = [0.75, 0.5];
/// Part of the usual lines that a month has at most in which a market rests.
const RESTING_MOST: f64 = 0.2;
/// Standard deviations of a count below what is usual.
const DEVIATIONS: f64 = 6.0;

impl What {
    fn of(self, month: &Month) -> f64 {
        match self {
            Self::Lines => month.lines as f64,
            Self::Sold => month.sold as f64 / 10_000.0,
        }
    }
}

/// Every month from the first to `last`, with those that have no lines; of the last twenty years, for a line of the year 1 is no month.
pub fn filled(months: &[Month], last: i32) -> Vec<Month> {
    const MONTHS_MOST: i32 = 240;
    let Some(first) = months.iter().map(|month| month.number).filter(|number| *number > last - MONTHS_MOST).min()
    else {
        return Vec::new();
    };
    let of = |number| months.iter().find(|month| month.number == number).copied();
    (first..=last).map(|number| of(number).unwrap_or(Month { number, ..Month::default() })).collect()
}

/// The months from `first` on that have fallen by more than `bound`, a part of what is usual. `months` are whole and have no gaps;
/// the first of them may be a part of one and is compared with nothing.
pub fn fallen(months: &[Month], first: i32, bound: f64) -> Vec<Fallen> {
    let mut found = Vec::new();
    for (at, month) in months.iter().enumerate().filter(|(_, month)| month.number >= first) {
        let past = &months[1.min(at)..at];
        let orders = usual(past, month.number, |month| month.orders as f64, PAST_LEAST[0]);
        let Some(orders) = orders.filter(|usual| usual.level >= ORDERS_LEAST) else { continue };
        let is_chance = orders.level - (month.orders as f64) < DEVIATIONS * orders.level.sqrt();
        for (kind, what) in [What::Lines, What::Sold].into_iter().enumerate() {
            let Some(usual) = usual(past, month.number, |month| what.of(month), PAST_LEAST[kind]) else { continue };
            let now = what.of(month);
            let is_below = now < (1.0 - bound) * usual.level && now < BELOW_LOWEST[kind] * usual.lowest;
            if is_below && !(is_chance && what == What::Lines) {
                found.push(Fallen { number: month.number, what, now, usual: usual.level });
                break;
            }
        }
    }
    found
}

/// Months without a line between months with lines, before `until`: runs of them as first and last, of a market that else has lines
/// every month and not of one that rests every year.
pub fn empty(months: &[Month], until: i32) -> Vec<(i32, i32)> {
    let number_of = |month: &Month| month.number;
    let is_empty = |number: i32| months.iter().any(|month| month.number == number && month.lines == 0);
    let last_filled = months.iter().filter(|month| month.lines > 0).map(number_of).max().unwrap_or(until);
    let mut found: Vec<(i32, i32)> = Vec::new();
    for month in months.iter().filter(|month| month.lines == 0 && month.number < until.min(last_filled)) {
        let near = |other: &&Month| other.lines > 0 && (other.number - month.number).abs() <= 6;
        let mut around: Vec<f64> = months.iter().filter(near).map(|other| other.orders as f64).collect();
        let is_busy = median(&mut around).is_some_and(|usual| usual >= ORDERS_OF_EMPTY_LEAST);
        let is_rest = is_empty(month.number - 12) || is_empty(month.number + 12) || rests(months, month.number);
        if !is_busy || is_rest {
            continue;
        }
        match found.last_mut() {
            Some((_, last)) if *last + 1 == month.number => *last = month.number,
            _ => found.push((month.number, month.number)),
        }
    }
    found
}

/// Whether a market rests in a month of the year: it had hardly any line in the same month of another year, between months with lines.
pub fn rests(months: &[Month], number: i32) -> bool {
    let (first, last) = (months.iter().map(|month| month.number).min(), months.iter().map(|month| month.number).max());
    let is_inside = |month: &&Month| first < Some(month.number) && Some(month.number) < last;
    let same = months.iter().filter(|month| month.number != number && (month.number - number) % 12 == 0);
    same.filter(is_inside).any(|same| {
        let near = months.iter().filter(|other| other.number != same.number && (other.number - same.number).abs() <= 6);
        let mut near: Vec<f64> = near.map(|other| other.lines as f64).collect();
        median(&mut near).is_some_and(|usual| (same.lines as f64) < RESTING_MOST * usual)
    })
}

struct Usual {
    level: f64,
    /// Of the twelve months before.
    lowest: f64,
}

fn usual(past: &[Month], number: i32, of: impl Fn(&Month) -> f64, least: usize) -> Option<Usual> {
    if past.len() < least {
        return None;
    }
    let before = |months: i32| past.iter().filter(move |month| month.number >= number - months);
    let mut recent: Vec<f64> = before(6).map(&of).collect();
    let year_ago = past.iter().find(|month| month.number == number - 12).map(&of);
    let recent = median(&mut recent)?;
    let lowest = before(12).map(&of).fold(f64::INFINITY, f64::min);
    // What a year ago was usual is as much more today as the half-year before is more than that of then.
    let then = |month: &&Month| (number - 18..number - 12).contains(&month.number);
    let mut then: Vec<f64> = past.iter().filter(then).map(&of).collect();
    let growth = median(&mut then).filter(|then| *then > 0.0).map_or(1.0, |then| (recent / then).max(1.0));
    Some(Usual { level: year_ago.map_or(recent, |year_ago| (growth * year_ago).min(recent)), lowest })
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { (values[middle - 1] + upper) / 2.0 } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(lines: &[u64]) -> Vec<Month> {
        let month = |(at, lines): (usize, &u64)| Month {
            number: 24_000 + at as i32,
            lines: *lines,
            orders: *lines / 2,
            sold: i128::from(*lines) * 200_000,
            returned: 0,
        };
        lines.iter().enumerate().map(month).collect()
    }

    fn judged(lines: &[u64]) -> Vec<i32> {
        let first = 24_000 + lines.len() as i32 - 3;
        fallen(&months(lines), first, 0.5).iter().map(|fallen| fallen.number - 24_000).collect()
    }

    #[test]
    fn a_month_that_lost_its_rows_has_fallen() {
        let shop = [447, 412, 463, 436, 441, 494, 461, 440, 455, 454, 464, 428, 447, 412, 463];
        assert_eq!(judged(&[&shop[..], &[200]].concat()), [15]);
        assert_eq!(judged(&[&shop[..], &[0]].concat()), [15]);
        assert_eq!(judged(&[&shop[..], &[300]].concat()), Vec::<i32>::new(), "by less than half");
        assert_eq!(judged(&[&shop[..6], &[100, 460, 470]].concat()), [6]);
        let mut grows: Vec<u64> = (0..24).map(|month| (1_000.0 * 1.03f64.powi(month)) as u64).collect();
        grows[21] = 2 * grows[21] / 5;
        assert_eq!(judged(&grows), [21], "two fifths are left, and more than a third of what a year of growth ago");
    }

    #[test]
    fn a_season_a_small_shop_and_a_first_month_have_not() {
        let year = [300, 310, 420, 500, 520, 560, 600, 580, 700, 900, 2_000, 1_900];
        assert_eq!(judged(&[&year[..], &year[..3]].concat()), Vec::<i32>::new(), "after a Christmas, the second time");
        assert_eq!(judged(&[&year[..], &[290, 305]].concat()), Vec::<i32>::new(), "after a Christmas, the first time");
        assert_eq!(judged(&[30, 44, 12, 60, 51, 33, 9, 40, 12]), Vec::<i32>::new(), "forty lines a month");
        assert_eq!(judged(&[900, 950, 100]), Vec::<i32>::new(), "nothing to compare with");
        let shrinks: Vec<u64> = (0..24).map(|month| (2_000.0 * 0.9f64.powi(month)) as u64).collect();
        assert_eq!(judged(&shrinks), Vec::<i32>::new(), "a tenth less every month");
    }

    #[test]
    fn money_falls_by_itself() {
        let mut months = months(&[400; 14]);
        months[13].sold /= 100;
        let found = fallen(&months, 24_013, 0.5);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, What::Sold);
    }

    #[test]
    fn a_market_that_closes_every_august_has_not_fallen() {
        let year = [400, 410, 420, 400, 410, 400, 420, 12, 400, 410, 420, 400];
        let mut later = [&year[..], &year[..]].concat();
        later[19] = 0;
        assert!(rests(&months(&later), 24_007), "the August after");
        assert!(rests(&months(&later), 24_019), "the August before");
        assert!(!rests(&months(&later), 24_006) && !rests(&months(&later), 24_008));
        assert_eq!(empty(&months(&later), 24_024), [], "hardly any line a year before");
        assert!(!rests(&months(&year), 24_007), "there is no other August");
    }

    #[test]
    fn empty_months_are_those_of_a_busy_market_that_does_not_rest() {
        let gap = [400, 410, 0, 0, 0, 420, 400, 410];
        assert_eq!(empty(&months(&gap), 24_008), [(24_002, 24_004)]);
        assert_eq!(empty(&months(&gap), 24_003), [(24_002, 24_002)]);
        assert_eq!(empty(&months(&[3, 4, 0, 2, 5, 0, 1]), 24_007), []);
        let few_orders: Vec<Month> =
            months(&gap).into_iter().map(|month| Month { orders: month.lines / 70, ..month }).collect();
        assert_eq!(empty(&few_orders, 24_008), [], "five orders a month, of many lines");
        let skis = [900, 800, 300, 0, 0, 0, 0, 0, 0, 200, 500, 900];
        assert_eq!(empty(&months(&[&skis[..], &skis[..]].concat()), 24_024), []);
        let filled = filled(&months(&[5, 6]), 24_003);
        assert_eq!(filled.iter().map(|month| month.lines).collect::<Vec<_>>(), [5, 6, 0, 0]);
    }
}
