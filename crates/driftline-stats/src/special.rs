//! Special functions in the differenced forms the likelihoods need. A likelihood uses `lnΓ` and digamma only as
//! differences, and taking the difference first keeps all digits when a parameter runs to 1e7 and the two terms agree in
//! their leading ones.
//!
//! Every function goes through `libm`, so a value has the same bits on every machine.

/// From here on Stirling's series, cut after seven terms, is exact to the last bit of a double.
const STIRLING_FROM: f64 = 10.0;

/// `ln Γ(base + steps) − ln Γ(base)`, the logarithm of the rising factorial, for `base > 0` and `steps ≥ 0`.
///
/// Stirling's series (DLMF 5.11.1) of both terms is subtracted by hand; a small base is first shifted up by the
/// recurrence `Γ(z + 1) = z Γ(z)` (DLMF 5.5.1).
pub(crate) fn ln_rising(base: f64, steps: f64) -> f64 {
    let mut low = base;
    let mut ratio = 1.0;
    while low < STIRLING_FROM {
        ratio *= low / (low + steps);
        low += 1.0;
    }
    let high = low + steps;
    (low - 0.5) * libm::log1p(steps / low) + steps * (libm::log(high) - 1.0) + stirling_rest(high) - stirling_rest(low)
        + libm::log(ratio)
}

/// `ψ(base + steps) − ψ(base)`, the derivative of [`ln_rising`] by its base.
pub(crate) fn digamma_rising(base: f64, steps: f64) -> f64 {
    let mut low = base;
    let mut sum = 0.0;
    while low < STIRLING_FROM {
        sum += steps / (low * (low + steps));
        low += 1.0;
    }
    let high = low + steps;
    sum + libm::log1p(steps / low) + steps / (2.0 * low * high) + digamma_rest(low) - digamma_rest(high)
}

/// `ln B(first, second)`, the logarithm of the beta function, for positive arguments.
pub(crate) fn ln_beta(first: f64, second: f64) -> f64 {
    ln_beta_rest(first, second) - first * libm::log1p(second / first) - second * libm::log1p(first / second)
}

/// What is left of `ln B(a, b)` without `a ln(a/(a+b)) + b ln(b/(a+b))`: it stays small when both arguments are large,
/// while those terms are what a likelihood cancels.
pub(crate) fn ln_beta_rest(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small < STIRLING_FROM {
        let others = large * libm::log1p(small / large) + small * libm::log1p(large / small);
        return libm::lgamma(small) - ln_rising(large, small) + others;
    }
    let sum = small + large;
    let ln_root_two_pi = 0.918_938_533_204_672_8;
    ln_root_two_pi - 0.5 * libm::log(small)
        + 0.5 * libm::log1p(small / large)
        + (stirling_rest(small) + stirling_rest(large) - stirling_rest(sum))
}

/// `ln(eᵃ + eᵇ)` without overflow; either argument may be negative infinity.
pub(crate) fn ln_add_exp(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + libm::log1p(libm::exp(low - high)) }
}

/// `1 / (1 + e⁻ᵘ)`.
pub(crate) fn logistic(u: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-u))
}

/// `(1 − e⁻ᵘ) / u`, which is 1 at `u = 0`: what is left of `(1 − kˢ⁻¹) / (s − 1)` once its singularity is removed.
pub(crate) fn one_minus_exp_over(u: f64) -> f64 {
    if u == 0.0 { 1.0 } else { -libm::expm1(-u) / u }
}

/// ψ′(x), the derivative of the digamma function, for x > 0: recurrence up to 12, then its asymptotic series
/// (Abramowitz & Stegun 1964, 6.4.6 and 6.4.12); good to 12 digits.
pub(crate) fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 12.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series =
        1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - square * (1.0 / 30.0 - square * 5.0 / 66.0)));
    sum + 1.0 / x + 0.5 * square + square / x * series
}

/// What `ln Γ(z)` adds to `(z − ½) ln z − z + ½ ln 2π` (DLMF 5.11.1).
fn stirling_rest(z: f64) -> f64 {
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let terms = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    inverse * terms.iter().rev().fold(0.0, |sum, term| sum * square + term)
}

/// What `ln z − 1/(2z)` has more than `ψ(z)` (DLMF 5.11.2).
fn digamma_rest(z: f64) -> f64 {
    let square = 1.0 / (z * z);
    let terms = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0, 1.0 / 12.0];
    square * terms.iter().rev().fold(0.0, |sum, term| sum * square + term)
}

/// Positive nodes of the twelve-point Gauss-Legendre rule on [−1, 1] (DLMF 3.5.21).
const NODES: [f64; 6] = [
    0.125_233_408_511_468_9,
    0.367_831_498_998_180_2,
    0.587_317_954_286_617_4,
    0.769_902_674_194_304_7,
    0.904_117_256_370_474_9,
    0.981_560_634_246_719_3,
];

/// Weights of [`NODES`].
const WEIGHTS: [f64; 6] = [
    0.249_147_045_813_402_8,
    0.233_492_536_538_354_8,
    0.203_167_426_723_065_92,
    0.160_078_328_543_346_2,
    0.106_939_325_995_318_43,
    0.047_175_336_386_511_83,
];

/// Integrates a smooth vector function over `[from, to]`, one twelve-point Gauss-Legendre panel after another.
///
/// `panel(v)` is the width of the panel that starts at `v`. The rule is exact to about 1e-14 of the panel when the
/// function grows or decays by less than e¹² across it and its nearest singularity is at least 1.2 widths away, which
/// is what callers size their panels by. Stops early once `done(v)` says that nothing is left.
pub(crate) fn integrate<const N: usize>(
    from: f64,
    to: f64,
    panel: impl Fn(f64) -> f64,
    done: impl Fn(f64) -> bool,
    function: impl Fn(f64) -> [f64; N],
) -> [f64; N] {
    let mut sum = [0.0; N];
    visit_pairs(from, to, panel, done, |below, above, weight| {
        let (below, above) = (function(below), function(above));
        for n in 0..N {
            sum[n] += weight * (below[n] + above[n]);
        }
    });
    sum
}

/// Calls `visit` with the nodes of the panels that [`integrate`] would take, and their weights: for integrals of which
/// there are too many for an array.
pub(crate) fn visit_nodes(
    from: f64,
    to: f64,
    panel: impl Fn(f64) -> f64,
    done: impl Fn(f64) -> bool,
    mut visit: impl FnMut(f64, f64),
) {
    visit_pairs(from, to, panel, done, |below, above, weight| {
        visit(below, weight);
        visit(above, weight);
    });
}

/// Calls `visit` with the nodes of each panel, those below and above its centre together, and their weight.
fn visit_pairs(
    from: f64,
    to: f64,
    panel: impl Fn(f64) -> f64,
    done: impl Fn(f64) -> bool,
    mut visit: impl FnMut(f64, f64, f64),
) {
    let mut start = from;
    while start < to && !done(start) {
        let end = (start + panel(start)).min(to);
        let (centre, half) = (0.5 * (start + end), 0.5 * (end - start));
        if end <= start {
            break; // The panel is below the spacing of doubles here.
        }
        for (node, weight) in NODES.iter().zip(WEIGHTS) {
            visit(centre - half * node, centre + half * node, half * weight);
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative to 1 + |expected|: the functions cross zero.
    fn check(name: &str, got: f64, expected: f64) {
        assert!((got - expected).abs() <= 3e-15 * (1.0 + expected.abs()), "{name}: {got} instead of {expected}");
    }

    #[test]
    fn matches_fifty_digit_values() {
        // mpmath 1.x at 50 digits: loggamma, digamma, beta.
        let cases = include_str!("../reference/special.csv").lines().filter(|line| !line.starts_with('#'));
        let mut seen = 0;
        for line in cases {
            let mut cells = line.split(',');
            let name = cells.next().unwrap_or_default();
            let numbers: Vec<f64> = cells.filter_map(|cell| cell.parse().ok()).collect();
            let [first, second, expected] = numbers[..] else { continue };
            let got = match name {
                "ln_rising" => ln_rising(first, second),
                "digamma_rising" => digamma_rising(first, second),
                "ln_beta" => ln_beta(first, second),
                _ => continue,
            };
            check(line, got, expected);
            seen += 1;
        }
        assert!(seen > 60, "only {seen} cases");
    }

    #[test]
    fn integrates_exponentials_and_poles() {
        let [area] = integrate(0.0, 40.0, |_| 2.5, |_| false, |v| [libm::exp(-v)]);
        check("exp", area, 1.0 - libm::exp(-40.0));
        let [area] = integrate(0.0, 5.0, |_| 1.0, |_| false, |v| [1.0 / (1.0 + v)]);
        check("pole", area, libm::log(6.0));
        let mut area = 0.0;
        visit_nodes(0.0, 5.0, |_| 1.0, |_| false, |v, weight| area += weight / (1.0 + v));
        check("nodes", area, libm::log(6.0));
    }

    #[test]
    fn adds_in_logarithms() {
        check("equal", ln_add_exp(0.0, 0.0), core::f64::consts::LN_2);
        check("far", ln_add_exp(-1e4, 3.0), 3.0);
        check("none", ln_add_exp(f64::NEG_INFINITY, -5.0), -5.0);
        check("limit", one_minus_exp_over(1e-30), 1.0);
    }
}
