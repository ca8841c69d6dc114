//! BG/NBD and MBG/NBD: a customer drops out with probability p ~ Beta(a, b) after a purchase. The two differ in whether
//! a coin is flipped after the first purchase as well.

use super::term::{Process, Term};
use crate::special::{digamma_rising, integrate, ln_beta, ln_rising, logistic};

/// More terms than this and the expectation is integrated instead of summed. It takes a horizon of hundreds of `α + T`.
const MOST_TERMS: f64 = 4000.0;

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct BetaGeometric {
    pub(super) r: f64,
    /// In units of time.
    pub(super) alpha: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    /// Coins flipped at the first purchase: 0 (BG/NBD) or 1 (MBG/NBD).
    pub(super) flips_at_first: f64,
}

impl Process for BetaGeometric {
    fn common(&self, x: f64) -> Term {
        let &Self { r, alpha, a, b, flips_at_first } = self;
        let flips = x + flips_at_first;
        let value = ln_rising(r, x) - x * libm::log(alpha) + ln_rising(b, flips) - ln_rising(a + b, flips);
        let of_both = digamma_rising(a + b, flips);
        let gradient = [r * digamma_rising(r, x), -x, -a * of_both, b * (digamma_rising(b, flips) - of_both)];
        Term { value, gradient }
    }

    fn at_age(&self, x: f64, age: f64) -> Term {
        let rate = self.r + x;
        let grown = libm::log1p(age / self.alpha);
        Term { value: -rate * grown, gradient: [-self.r * grown, rate * age / (self.alpha + age), 0.0, 0.0] }
    }

    fn at_recency(&self, x: f64, t_x: f64) -> Term {
        // In this order a small b keeps its digits at x = 1.
        let survived = self.b + (x + self.flips_at_first - 1.0);
        if x + self.flips_at_first <= 0.0 {
            return Term { value: f64::NEG_INFINITY, gradient: [0.0; 4] };
        }
        let active = self.at_age(x, t_x);
        let value = active.value + libm::log(self.a) - libm::log(survived);
        let [by_r, by_alpha, ..] = active.gradient;
        Term { value, gradient: [by_r, by_alpha, 1.0, -self.b / survived] }
    }

    fn p_alive(&self, x: f64, t_x: f64, age: f64) -> f64 {
        logistic(self.at_age(x, age).value - self.at_recency(x, t_x).value)
    }

    /// With `z = h/(α+T+h)`, the purchases of somebody who never drops out are negative binomial, N ~ NB(r+x, z), and
    /// the i-th to come is made if the coins of those before it allow: the expectation is `Σ P(N > i) (B)ᵢ/(a+B)ᵢ` over
    /// i ≥ 0, with `B = b +` coins survived.
    ///
    /// The sum of the series is the published closed form, `(a+B−1)/(a−1) · [1 − ((α+T)/(α+T+h))^(r+x) ₂F₁(r+x, B;
    /// a+B−1; z)]` (equation 10 of the BG/NBD paper). Its terms are positive, while the closed form divides 0 by 0 at
    /// a = 1, loses all digits near it, and has a negative third argument for a + b < 1.
    fn expected_if_alive(&self, x: f64, age: f64, horizon: f64) -> f64 {
        let (rate, survived) = (self.r + x, self.b + x + self.flips_at_first);
        let ratio = horizon / (self.alpha + age);
        let mean = rate * ratio;
        let spread = libm::sqrt(mean * (1.0 + ratio));
        if mean + 12.0 * spread + 45.0 * (1.0 + ratio) > MOST_TERMS {
            return expected_by_integral(rate, ratio, self.a, survived);
        }
        let share = ratio / (1.0 + ratio);
        let below = libm::floor(mean - 12.0 * spread).max(0.0);
        let (mut sum, mut made, mut index) = (0.0, 1.0, 0.0);
        // P(N > i) is 1 to the last bit for these.
        while index < below {
            sum += made;
            made *= (survived + index) / (self.a + survived + index);
            index += 1.0;
        }
        let log_none = -rate * libm::log1p(ratio);
        let (mut exactly, mut beyond) = if below == 0.0 {
            (libm::exp(log_none), -libm::expm1(log_none))
        } else {
            let log_exactly = log_none + below * libm::log(share) + ln_rising(rate, below) - ln_rising(1.0, below);
            (libm::exp(log_exactly), 1.0)
        };
        while exactly > 1e-20 || index <= mean {
            sum += beyond * made;
            made *= (survived + index) / (self.a + survived + index);
            index += 1.0;
            exactly *= share * (rate + index - 1.0) / index;
            beyond = (beyond - exactly).max(0.0);
        }
        sum
    }

    fn p_purchase_if_alive(&self, x: f64, age: f64, horizon: f64) -> f64 {
        -libm::expm1(-(self.r + x) * libm::log1p(horizon / (self.alpha + age)))
    }

    fn time_of_purchase(&self, x: f64, age: f64, probability: f64) -> Option<f64> {
        let grown = -libm::log1p(-probability) / (self.r + x);
        (probability < 1.0).then(|| (self.alpha + age) * libm::expm1(grown))
    }
}

/// The same expectation as the mean of `(1 − (1 + w p)^−R)/p` over p ~ Beta(a, B), for `w` too large to sum.
///
/// Taken over the logit u of p, where the integrand is smooth; beyond the ends it is `exp(a u)` and `exp(−B u)` to 14
/// digits, and those tails are known.
fn expected_by_integral(rate: f64, ratio: f64, a: f64, survived: f64) -> f64 {
    let log_scale = ln_beta(a, survived);
    let small = 1e-15 / (1.0 + ratio * (1.0 + rate) + survived);
    let large = 1e-15 / (1.0 + a + rate);
    let purchases = |p: f64| -libm::expm1(-rate * libm::log1p(ratio * p)) / p;
    let low_tail = rate * ratio * libm::exp(a * libm::log(small) - libm::log(a) - log_scale);
    let high_tail = purchases(1.0) * libm::exp(survived * libm::log(large) - libm::log(survived) - log_scale);
    let log_weight = |u: f64| -a * libm::log1p(libm::exp(-u)) - survived * libm::log1p(libm::exp(u)) - log_scale;
    let peak = libm::log(a / survived);
    // A panel is at most two standard deviations of a bell as narrow as the weight can be across it, and so short that
    // the slope at its start changes the weight by less than e⁸. The slope itself changes by the curvature.
    let panel = |u: f64| {
        let p = logistic(u);
        let curvature = (a + survived) * (core::f64::consts::E * p * (1.0 - p)).min(0.25);
        let slope = (a * (1.0 - p) - survived * p).abs();
        (8.0 / (2.0 + slope)).min(2.0 / libm::sqrt(curvature)).min(1.0)
    };
    // With a large `a` the weight is far from the low end; the integral starts where it begins to count.
    let (mut from, mut to) = (libm::log(small), peak);
    while to - from > 1e-3 * (1.0 + peak.abs()) && log_weight(from) < -80.0 {
        let between = 0.5 * (from + to);
        if log_weight(between) < -80.0 { from = between } else { to = between }
    }
    let [middle] = integrate(
        from,
        -libm::log(large),
        panel,
        |u| u > peak && log_weight(u) < -60.0 - libm::log(rate * ratio + 1.0),
        |u| [purchases(logistic(u)) * libm::exp(log_weight(u))],
    );
    (low_tail + middle + high_tail).min(rate * ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectation_matches_forty_digit_integrals() {
        // Columns: r, alpha, a, b, flips at the first purchase, x, T, horizon, expected purchases if alive.
        let mut seen = 0;
        for line in include_str!("../../reference/expected_if_alive.csv").lines().filter(|line| !line.starts_with('#'))
        {
            let cells: Vec<f64> = line.split(',').filter_map(|cell| cell.parse().ok()).collect();
            let [r, alpha, a, b, flips_at_first, x, age, horizon, expected] = cells[..] else { continue };
            let process = BetaGeometric { r, alpha, a, b, flips_at_first };
            let got = process.expected_if_alive(x, age, horizon);
            assert!((got - expected).abs() <= 3e-12 * expected, "{line}: {got}");
            seen += 1;
        }
        assert!(seen > 45, "only {seen} cases");
    }

    #[test]
    fn sum_and_integral_agree() {
        for (rate, ratio, a, survived) in [
            (0.3, 40.0, 0.8, 2.4),
            (5.0, 3.0, 1.0, 1.0),
            (300.0, 0.7, 1e-3, 300.5),
            (1.5, 40.0, 2.5e5, 7.5e5),
            (0.5, 30.0, 9e5, 20.0),
            (40.0, 5.0, 3.0, 4e5),
        ] {
            let process = BetaGeometric { r: rate, alpha: 1.0, a, b: survived, flips_at_first: 0.0 };
            let sum = process.expected_if_alive(0.0, 0.0, ratio);
            let integral = expected_by_integral(rate, ratio, a, survived);
            // The integral's weight is normalised by a logarithm as large as its shapes, which has its rounding error.
            let tolerance = f64::max(1e-12, 1e-16 * (a + survived));
            assert!((sum - integral).abs() < tolerance * sum, "{sum} {integral}");
        }
    }

    #[test]
    fn without_dropout_it_is_the_negative_binomial_mean() {
        let process = BetaGeometric { r: 0.5, alpha: 4.0, a: 1e-12, b: 1.0, flips_at_first: 0.0 };
        let expected = 2.5 / 24.0 * 52.0;
        assert!((process.expected_if_alive(2.0, 20.0, 52.0) - expected).abs() < 1e-9);
    }
}
