//! The distribution of the number of purchases to come of a customer who is alive: what an interval for one customer is
//! made of.

use super::beta_geometric::BetaGeometric;
use super::hypergeometric::Rates;
use crate::special::{integrate, ln_rising};

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
pub(super) fn pareto(rates: &Rates, x: f64, age: f64, horizon: f64, most: usize) -> Vec<f64> {
    let (rate, alpha, beta) = (rates.r + x, rates.alpha + age, rates.beta + age);
    let small = alpha.min(beta);
    (0..=most)
        .map(|count| {
            let n = count as f64;
            let log_ways = ln_rising(rate, n) - ln_rising(1.0, n);
            let exactly = |time: f64| {
                let log_shares = if count == 0 { 0.0 } else { n * libm::log(time / (alpha + time)) };
                libm::exp(log_ways + log_shares - rate * libm::log1p(time / alpha))
            };
            let staying = libm::exp(-rates.s * libm::log1p(horizon / beta)) * exactly(horizon);
            let width = 10.0 / (rate + rates.s + n + 1.0);
            let [dropped] = integrate(
                0.0,
                libm::log1p(horizon / small),
                |_| width.min(1.5),
                |_| false,
                |v| {
                    let time = small * libm::expm1(v);
                    let dropout =
                        libm::exp(-rates.s * libm::log1p(time / beta)) * rates.s * (small + time) / (beta + time);
                    [dropout * exactly(time)]
                },
            );
            staying + dropped
        })
        .collect()
}
