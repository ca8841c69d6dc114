//! The Gauss hypergeometric function of the Pareto/NBD, in the one form that is a probability.
//!
//! Fader & Hardie's likelihood ("A Note on Deriving the Pareto/NBD Model and Related Expressions", 2005, note 009 at
//! brucehardie.com, equations 18 to 20) has a difference of two terms `₂F₁(r+s+x, s+1; r+s+x+1; (α−β)/(α+t)) / (α+t)^(r+s+x)` for `α ≥ β`, and
//! `₂F₁(r+s+x, r+x; r+s+x+1; (β−α)/(β+t)) / (β+t)^(r+s+x)` otherwise. Euler's transformation (DLMF 15.8.1),
//! `₂F₁(a, b; c; z) = (1−z)^(c−a−b) ₂F₁(c−a, c−b; c; z)`, turns `c − a` into 1 and either term into
//!
//! ```text
//! ρ(t) = s/(r+x+s) · ₂F₁(1, r+x; r+x+s+1; (α−β)/(α+t))                         α ≥ β
//! ρ(t) = s/(r+x+s) · (α+t)/(β+t) · ₂F₁(1, s+1; r+x+s+1; (β−α)/(β+t))           α < β
//! ```
//!
//! times `(α+t)^−(r+x) (β+t)^−s`. ρ(t) is the probability that a customer who is alive at age `t`, with `x` repeat
//! purchases so far, drops out before buying again. It lies in (0, 1), its series has positive terms only, and it
//! depends on `x` and one time, of which a log has few distinct pairs.
//!
//! The series needs up to `ln ε / ln z` terms. Where it would need more than [`MOST_TERMS`], the defining integral
//! `s (α+t)^(r+x) (β+t)^s ∫ₜ^∞ (α+y)^−(r+x) (β+y)^−(s+1) dy` is taken from `t` to the age at which the series is short
//! again, over `v = ln((m+y)/(m+t))` with `m = min(α, β)`: in `v` the nearest singularity is π away.

use crate::special::integrate;

/// The argument up to which [`MOST_TERMS`] always suffice.
const SERIES_BELOW: f64 = 0.8;

/// Terms after which the series is given up. A large `c` in the denominators can make it short for any argument.
const MOST_TERMS: f64 = 300.0;

/// The Pareto/NBD's parameters: purchase rates are Gamma(r, α), dropout rates Gamma(s, β), α and β in units of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    pub(super) r: f64,
    pub(super) alpha: f64,
    pub(super) s: f64,
    pub(super) beta: f64,
}

/// ρ(t) and its derivatives by r, α, s and β.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NeverAgain {
    pub(super) value: f64,
    pub(super) gradient: [f64; 4],
}

/// Computes ρ(t): the probability that a customer alive at age `t` after `x` repeat purchases never buys again.
///
/// The relative error is below 1e-13 for parameters within the bounds of the fit.
pub(super) fn never_again(rates: Rates, x: f64, t: f64) -> NeverAgain {
    let Rates { alpha, beta, .. } = rates;
    let (small, large) = if alpha < beta { (alpha, beta) } else { (beta, alpha) };
    by_series(rates, x, t).unwrap_or_else(|| {
        // (large − small)/(large + y) falls to SERIES_BELOW at this age.
        by_integral(rates, x, t, (large - small) / SERIES_BELOW - large)
    })
}

/// `None` if the series is too long.
fn by_series(Rates { r, alpha, s, beta }: Rates, x: f64, t: f64) -> Option<NeverAgain> {
    let rate = r + x;
    let sum = rate + s;
    let share = s / sum;
    let (from_alpha, from_beta) = (alpha + t, beta + t);
    let (value, [by_r, by_alpha, by_s, by_beta]) = if alpha >= beta {
        let f = one_b(rate, sum + 1.0, (alpha - beta) / from_alpha)?;
        let (by_b, by_c, by_z) = (f.by_b / f.value, f.by_c / f.value, f.by_z / f.value);
        let by_alpha = by_z * from_beta / (from_alpha * from_alpha);
        (share * f.value, [by_b + by_c, by_alpha, by_c, -by_z / from_alpha])
    } else {
        let f = one_b(s + 1.0, sum + 1.0, (beta - alpha) / from_beta)?;
        let (by_b, by_c, by_z) = (f.by_b / f.value, f.by_c / f.value, f.by_z / f.value);
        let by_beta = by_z * from_alpha / (from_beta * from_beta) - 1.0 / from_beta;
        let ratio = from_alpha / from_beta;
        (share * ratio * f.value, [by_c, 1.0 / from_alpha - by_z / from_beta, by_b + by_c, by_beta])
    };
    let gradient = [by_r - 1.0 / sum, by_alpha, by_s + rate / (s * sum), by_beta];
    Some(NeverAgain { value, gradient: gradient.map(|log_derivative| value * log_derivative) })
}

/// `₂F₁(1, b; c; z)` with its derivatives.
struct OneB {
    value: f64,
    by_b: f64,
    by_c: f64,
    by_z: f64,
}

/// Sums `Σ (b)ₙ/(c)ₙ zⁿ` for `0 ≤ z < 1` and `0 < b < c`. A term's logarithmic derivatives are sums of `1/(b+j)` and
/// `1/(c+j)`, so the derivatives come with the same terms. `None` if they do not become small in time.
fn one_b(b: f64, c: f64, z: f64) -> Option<OneB> {
    let mut sum = OneB { value: 1.0, by_b: 0.0, by_c: 0.0, by_z: 0.0 };
    let (mut term, mut over_b, mut over_c, mut n) = (1.0, 0.0, 0.0, 0.0);
    // A geometric lower bound tells at once if there are far too many terms.
    let slowest = b / c * z;
    if slowest > 0.0 && MOST_TERMS * libm::log(slowest) > -30.0 {
        return None;
    }
    while n < MOST_TERMS {
        let (low, high) = (b + n, c + n);
        over_b += 1.0 / low;
        over_c += 1.0 / high;
        n += 1.0;
        let step = term * (low / high);
        sum.by_z += n * step;
        term = step * z;
        sum.value += term;
        sum.by_b += term * over_b;
        sum.by_c -= term * over_c;
        // What follows is less than a geometric series in the ratio that terms approach.
        if term * (n + over_b) <= 1e-17 * (1.0 - z * (b + n) / (c + n)) {
            return Some(sum);
        }
    }
    None
}

fn by_integral(rates: Rates, x: f64, t: f64, short: f64) -> NeverAgain {
    let Rates { r, alpha, s, beta } = rates;
    let rate = r + x;
    let (small, from_alpha, from_beta) = (alpha.min(beta), alpha + t, beta + t);
    let width = small + t;
    // The age, counted from −m, and the age gone by since t, at v. A double cannot hold exp(v) itself if m is next to nothing.
    let grown = |v: f64| if v < 700.0 { width * libm::exp(v) } else { libm::exp(v + libm::log(width)) };
    let gone = |v: f64| if v < 700.0 { width * libm::expm1(v) } else { grown(v) - width };
    // The same with the logarithms of (α+y)/(α+t) and (β+y)/(β+t).
    let at = |v: f64| {
        let gone = gone(v);
        let logarithm = |scale: f64, from: f64| if scale == small { v } else { libm::log1p(gone / from) };
        (gone, logarithm(alpha, from_alpha), logarithm(beta, from_beta))
    };
    let decay = |v: f64| {
        let grown = grown(v);
        rate * grown / (alpha - small + grown) + (s + 1.0) * grown / (beta - small + grown) + 1.0
    };
    let ratio = (short - t) / width;
    let end = if ratio < 1e300 { libm::log1p(ratio) } else { libm::log(short - t) - libm::log(width) };
    let density = |v: f64| {
        let (gone, log_alpha, log_beta) = at(v);
        let weight = s * libm::exp(-rate * log_alpha - s * log_beta) * (width + gone) / (from_beta + gone);
        let by_alpha = rate * gone_over_square(gone, from_alpha);
        let by_beta = s * gone_over_square(gone, from_beta) - 1.0 / (from_beta + gone);
        [weight, -weight * log_alpha, weight * by_alpha, weight * (1.0 / s - log_beta), weight * by_beta]
    };
    let survival = |v: f64| {
        let (_, log_alpha, log_beta) = at(v);
        rate * log_alpha + s * log_beta
    };
    // The decay rate grows by at most e^1.5 < 4.5 across a width of 1.5, which bounds the panel from above; the rate at
    // that bound gives the width.
    let within = |v: f64| (12.0 / decay(v)).min(1.5);
    let panel = |v: f64| within(v + (4.5 * within(v + 1.5)).min(1.5));
    let [value, by_r, by_alpha, by_s, by_beta] = integrate(0.0, end, panel, |v| survival(v) > 40.0, density);
    // The rest is the chance of getting to `short` without dropping out or buying, times ρ there.
    let left = libm::exp(-survival(end));
    let (gone, log_alpha, log_beta) = at(end);
    let Some(rest) = by_series(rates, x, short) else {
        return NeverAgain { value, gradient: [by_r, by_alpha, by_s, by_beta] }; // Not at an argument of SERIES_BELOW.
    };
    let mut gradient = [by_r, by_alpha, by_s, by_beta];
    let getting_there =
        [-log_alpha, rate * gone_over_square(gone, from_alpha), -log_beta, s * gone_over_square(gone, from_beta)];
    for n in 0..4 {
        gradient[n] += left * (rest.gradient[n] + rest.value * getting_there[n]);
    }
    NeverAgain { value: value + left * rest.value, gradient }
}

/// `gone / (from (from + gone))`, also where the square of a tiny β is nothing and a long time divided by it too much.
fn gone_over_square(gone: f64, from: f64) -> f64 {
    gone / (from + gone) / from
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn check(name: &str, got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance * expected.abs(), "{name}: {got} instead of {expected}");
    }

    /// Columns: r, alpha, s, beta, x, t, ρ.
    fn reference() -> Vec<[f64; 7]> {
        include_str!("../../reference/hypergeometric.csv")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let cells: Vec<f64> = line.split(',').filter_map(|cell| cell.parse().ok()).collect();
                cells.try_into().ok()
            })
            .collect()
    }

    #[test]
    fn matches_the_published_form_at_fifty_digits() {
        let cases = reference();
        assert!(cases.len() > 300, "only {} cases", cases.len());
        for [r, alpha, s, beta, x, t, expected] in cases {
            let got = never_again(Rates { r, alpha, s, beta }, x, t).value;
            check(&format!("{r} {alpha} {s} {beta} x {x} t {t}"), got, expected, 2e-13);
        }
    }

    #[test]
    fn series_and_integral_agree() {
        for (alpha, beta) in [(10.0, 4.0), (4.0, 10.0)] {
            for x in [0.0, 3.0, 200.0] {
                let rates = Rates { r: 0.6, alpha, s: 0.7, beta };
                let (series, integral) = (by_series(rates, x, 2.0).unwrap(), by_integral(rates, x, 2.0, 30.0));
                check("value", integral.value, series.value, 1e-13);
                for n in 0..4 {
                    check("derivative", integral.gradient[n], series.gradient[n], 1e-12);
                }
            }
        }
    }

    #[test]
    fn derivatives_match_differences() {
        // The last two are where a fit to customers who drop out at once or never, and are else alike, comes to.
        let far = [0.0, 70.0].map(|t| [8.8e7, 1.24e8, 0.0028, 1.6e-301, 0.0, t, f64::NAN]);
        for [r, alpha, s, beta, x, t, _] in reference().into_iter().chain(far) {
            let point = [r, alpha, s, beta];
            let value = |p: [f64; 4]| never_again(Rates { r: p[0], alpha: p[1], s: p[2], beta: p[3] }, x, t).value;
            let exact = never_again(Rates { r, alpha, s, beta }, x, t);
            for n in 0..4 {
                let step = 1e-4 * point[n];
                let shifted = |factor: f64| {
                    let mut p = point;
                    p[n] += factor * step;
                    value(p)
                };
                // Five points: the error is of fourth order in the step.
                let slope = (8.0 * (shifted(1.0) - shifted(-1.0)) - shifted(2.0) + shifted(-2.0)) / (12.0 * step);
                let scale = exact.value / point[n] + exact.gradient[n].abs();
                assert!((slope - exact.gradient[n]).abs() < 3e-8 * scale, "{point:?} x {x} t {t} parameter {n}");
            }
        }
    }
}
