//! What people do in two periods, as a ratio: the same people, by how much each one's figure moved, or others of the same kind, and
//! how sure that is.
//!
//! Sums over people are enough, so no row of a person is needed. Ratios are compared as logarithms, in which a doubling and a
//! halving are as far from nothing.

/// A figure in two periods, and the logarithm of its ratio with the standard error of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    pub before: f64,
    pub now: f64,
    pub log: f64,
    pub error: f64,
}

impl Ratio {
    /// The change as a part of the figure before: 0.05 is five per cent more.
    pub fn relative(&self) -> f64 {
        libm::expm1(self.log)
    }

    /// Standard error of [`Ratio::relative`], by the delta method.
    pub fn relative_error(&self) -> f64 {
        self.error * libm::exp(self.log)
    }

    /// The change so many standard errors off: the end of a range.
    pub fn relative_at(&self, errors: f64) -> f64 {
        libm::expm1(self.log + errors * self.error)
    }

    /// How far this ratio is from another, of other people.
    pub fn against(&self, other: &Self) -> Self {
        let error = libm::sqrt(self.error * self.error + other.error * other.error);
        Self { log: self.log - other.log, error, ..*self }
    }
}

/// Geometric means of people's typical amounts: `before` and `now` are sums over `people` of each one's mean logarithm,
/// `change_squares` the sum of squares of its change. `None` for fewer than two.
pub fn of_levels(people: u64, before: f64, now: f64, change_squares: f64) -> Option<Ratio> {
    let n = people as f64;
    if people < 2 {
        return None;
    }
    let log = (now - before) / n;
    let variance = (change_squares - n * log * log).max(0.0) / (n * (n - 1.0));
    Some(Ratio { before: libm::exp(before / n), now: libm::exp(now / n), log, error: libm::sqrt(variance) })
}

/// Sums over people of what each one counted in two periods, with their squares and products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub people: u64,
    pub before: u64,
    pub now: u64,
    pub before_squares: u64,
    pub now_squares: u64,
    pub products: u64,
}

/// The ratio of two totals of the same people; its variance is that of a ratio estimate (Cochran 1977, *Sampling Techniques*,
/// 6.4). `None` for fewer than two people or nothing counted.
pub fn of_counts(counts: &Counts) -> Option<Ratio> {
    let (n, before, now) = (counts.people as f64, counts.before as f64, counts.now as f64);
    if counts.people < 2 || counts.before == 0 || counts.now == 0 {
        return None;
    }
    let ratio = now / before;
    let squares =
        counts.now_squares as f64 - 2.0 * ratio * counts.products as f64 + ratio * ratio * counts.before_squares as f64;
    let variance = squares.max(0.0) * n / (n - 1.0);
    Some(Ratio { before: before / n, now: now / n, log: libm::log(ratio), error: libm::sqrt(variance) / now })
}

/// Logarithms of one amount of each of some people.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Levels {
    pub people: u64,
    pub sum: f64,
    pub squares: f64,
}

impl Levels {
    fn mean(&self) -> f64 {
        self.sum / self.people as f64
    }

    /// Variance of the mean.
    fn variance(&self) -> f64 {
        let n = self.people as f64;
        (self.squares - n * self.mean() * self.mean()).max(0.0) / (n * (n - 1.0))
    }
}

/// Geometric means of different people (Welch's standard error). `None` for fewer than two on a side.
pub fn of_strangers(before: &Levels, now: &Levels) -> Option<Ratio> {
    (before.people >= 2 && now.people >= 2).then(|| Ratio {
        before: libm::exp(before.mean()),
        now: libm::exp(now.mean()),
        log: now.mean() - before.mean(),
        error: libm::sqrt(before.variance() + now.variance()),
    })
}

/// The ratio of two counts of different people who come by chance, one by one. `None` if there are none on a side.
pub fn of_arrivals(before: u64, now: u64) -> Option<Ratio> {
    if before == 0 || now == 0 {
        return None;
    }
    let (before, now) = (before as f64, now as f64);
    Some(Ratio { before, now, log: libm::log(now / before), error: libm::sqrt(1.0 / before + 1.0 / now) })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::random::SplitMix64;

    /// Share of 1,000 markets of `people` whose 95 % range holds what was planted, of levels and of counts.
    fn held(people: u64, planted: f64) -> [f64; 2] {
        let mut random = SplitMix64::new(11);
        let mut holds = [0.0; 2];
        for _ in 0..1_000 {
            let (mut before, mut now, mut squares, mut counts) = (0.0, 0.0, 0.0, Counts::default());
            for _ in 0..people {
                let own = 0.6 * random.next_normal();
                let (one, two) = (own + 0.4 * random.next_normal(), own + planted + 0.4 * random.next_normal());
                (before, now, squares) = (before + one, now + two, squares + (two - one) * (two - one));
                let mean = 4.0 * random.next_gamma(2.0);
                let mut draw = |mean: f64| {
                    let (mut count, mut left) = (0u64, mean - random.next_exponential());
                    while left > 0.0 {
                        (count, left) = (count + 1, left - random.next_exponential());
                    }
                    count
                };
                let (one, two) = (draw(mean), draw(mean * planted.exp()));
                counts.people += 1;
                counts.before += one;
                counts.now += two;
                counts.before_squares += one * one;
                counts.now_squares += two * two;
                counts.products += one * two;
            }
            for (place, ratio) in [of_levels(people, before, now, squares), of_counts(&counts)].iter().enumerate() {
                let ratio = ratio.unwrap();
                holds[place] += f64::from(u8::from((ratio.log - planted).abs() <= 1.96 * ratio.error)) / 1_000.0;
            }
        }
        holds
    }

    #[test]
    fn ranges_hold_what_was_planted() {
        for (people, planted) in [(60, 0.0), (60, 0.2), (400, -0.1)] {
            for held in held(people, planted) {
                assert!((0.93..=0.97).contains(&held), "{people} people, {planted}: {held}");
            }
        }
    }

    #[test]
    fn a_ratio_turned_round_is_its_inverse() {
        let counts = Counts { people: 3, before: 6, now: 12, before_squares: 14, now_squares: 56, products: 28 };
        let back = Counts { before: 12, now: 6, before_squares: 56, now_squares: 14, ..counts };
        let (there, back) = (of_counts(&counts).unwrap(), of_counts(&back).unwrap());
        assert_eq!((there.relative(), there.error), (1.0, 0.0));
        assert!((there.log + back.log).abs() < 1e-12);
        assert_eq!(of_levels(1, 1.0, 1.0, 0.0), None);
        assert_eq!(of_arrivals(0, 5), None);
    }
}
