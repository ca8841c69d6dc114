//! The distribution of the number of purchases to come of a customer who is alive: what an interval for one customer is
//! made of.

use super::beta_geometric::BetaGeometric;
use super::hypergeometric::Rates;
use crate::special::{ln_rising, visit_nodes};

/// BG/NBD and MBG/NBD (equation 8 of the BG/NBD paper, of a customer with a past): n purchases and every coin survived,
/// or the n-th purchase was the last one.
pub(super) fn beta_geometric(process: &BetaGeometric, x: f64, age: f64, horizon: f64, most: usize) -> Vec<f64> {
    let (rate, survived) = (process.r + x, process.b + x + process.flips_at_first);
    let ratio = horizon / (process.alpha + age);
    let (log_none, log_share) = (-rate * libm::log1p(ratio), libm::log(ratio / (1.0 + ratio)));
    let (mut log_exactly, mut at_least, mut coins) = (log_none, -libm::expm1(log_none), 1.0);
    let mut probabilities = vec![libm::exp(log_none)];
    for count in 1..=most {
        let n = count as f64;
        log_exactly += log_share + libm::log((rate + n - 1.0) / n);
        let exactly = libm::exp(log_exactly);
        let flips = process.a + survived + n - 1.0;
        let dropped = coins * process.a / flips;
        coins *= (survived + n - 1.0) / flips;
        probabilities.push(coins * exactly + dropped * at_least);
        at_least = (at_least - exactly).max(0.0);
    }
    probabilities
}

/// Pareto/NBD: negative binomial up to the horizon for those who stay, up to their dropout for the others.
///
/// The integral over the time of dropout runs over `v = ln(1 + t/min(α, β))`, for all counts at the same nodes. At one
/// node only the counts within a few dozen standard deviations of its mean are more than nothing.
pub(super) fn pareto(rates: &Rates, x: f64, age: f64, horizon: f64, most: usize) -> Vec<f64> {
    let (rate, alpha, beta, s) = (rates.r + x, rates.alpha + age, rates.beta + age, rates.s);
    let small = alpha.min(beta);
    let counts = Counts::new(rate, most);
    let mut probabilities = vec![0.0; most + 1];
    counts.add(horizon / alpha, libm::exp(-s * libm::log1p(horizon / beta)), &mut probabilities);
    // In `u = ln(1 + t/α)` a count's chance is a bell with variance (1 − e⁻ᵘ)/R, never narrower than about 1/R; a step of
    // v is at most one of u. Those who drop out become fewer at a rate of their own.
    let width = |v: f64| {
        let grown = small * libm::exp(v);
        let (of_u, of_dropout) = (grown / (alpha - small + grown), grown / (beta - small + grown));
        let u = libm::log1p((grown - small) / alpha);
        let bell = (2.0 * libm::sqrt(-libm::expm1(-u) / rate)).max(3.0 / (rate + 1.0));
        (bell / of_u).min(8.0 / (1.0 + s * of_dropout))
    };
    // Both rates grow by less than e^½ across a panel of ½.
    let panel = |v: f64| (width(v) / 1.65).min(0.5);
    let aged = |v: f64| s * libm::log1p(small * libm::expm1(v) / beta);
    visit_nodes(
        0.0,
        libm::log1p(horizon / small),
        panel,
        |v| aged(v) > 60.0,
        |v, weight| {
            let time = small * libm::expm1(v);
            let dropout = libm::exp(-aged(v)) * s * (small + time) / (beta + time);
            counts.add(time / alpha, weight * dropout, &mut probabilities);
        },
    );
    probabilities
}

/// Negative binomial chances of 0 to `most` purchases.
struct Counts {
    rate: f64,
    /// ln (R)ₙ/n!.
    log_ways: Vec<f64>,
}

impl Counts {
    fn new(rate: f64, most: usize) -> Self {
        let ways = |n: usize| ln_rising(rate, n as f64) - ln_rising(1.0, n as f64);
        Self { rate, log_ways: (0..=most).map(ways).collect() }
    }

    /// Adds `weight` times the chance of each count within a time of `ratio` times α, from the likeliest on both sides.
    fn add(&self, ratio: f64, weight: f64, sums: &mut [f64]) {
        const NOTHING: f64 = 1e-25;
        let most = sums.len() - 1;
        let share = ratio / (1.0 + ratio);
        let likeliest = libm::floor((self.rate - 1.0) * ratio).clamp(0.0, most as f64);
        let of_share = if likeliest > 0.0 { likeliest * libm::log(share) } else { 0.0 };
        let start = likeliest as usize;
        let chance = libm::exp(self.log_ways[start] + of_share - self.rate * libm::log1p(ratio));
        sums[start] += weight * chance;
        let mut up = chance;
        for (count, sum) in sums.iter_mut().enumerate().skip(start + 1) {
            let n = count as f64;
            up *= share * (self.rate + n - 1.0) / n;
            if up < NOTHING {
                break;
            }
            *sum += weight * up;
        }
        let mut down = chance;
        for (count, sum) in sums.iter_mut().enumerate().take(start).rev() {
            let n = count as f64 + 1.0;
            down *= n / (share * (self.rate + n - 1.0));
            if down < NOTHING {
                break;
            }
            *sum += weight * down;
        }
    }
}
