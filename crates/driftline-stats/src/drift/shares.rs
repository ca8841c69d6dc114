//! Two samples counted into the same cells: how far apart their shares are, and whether that can be chance.

use statrs::function::gamma::gamma_ur;

use super::exact;

/// Rows of both samples up to which the χ² test is exact.
const EXACT_ROWS_MOST: f64 = 1_000.0;

/// Rows to expect in every cell for the limit form of the χ² test (Cochran 1954, Biometrics 10).
const EXPECTED_LEAST: f64 = 5.0;

/// Distances between the shares of two samples. Nothing here is NaN; what cannot be computed is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distances {
    /// Total variation distance, half the sum of |p − q|; from 0 to 1.
    pub tvd: Option<f64>,
    /// Jensen-Shannon distance, the square root of the divergence in bits (Endres & Schindelin 2003); from 0 to 1.
    pub js_distance: Option<f64>,
    /// Population stability index, Σ(p − q) ln(p/q), with half a count added to every cell, so that an empty one is finite.
    pub psi: Option<f64>,
    /// What the index exceeds in one of twenty cases without any drift: the 95 % point of χ² with k − 1 degrees of freedom,
    /// times 1/n + 1/m (Yurdakul & Naranjo 2020, Journal of Risk Model Validation 14(4)). `None` with a single cell.
    pub psi_null_p95: Option<f64>,
}

/// Compares counts over the same cells, in the same order.
pub fn distances(reference: &[u64], current: &[u64]) -> Distances {
    let (n, m) = (total(reference), total(current));
    if n == 0.0 || m == 0.0 {
        return Distances::default();
    }
    let cells = || reference.iter().zip(current).map(|(&x, &y)| (x as f64, y as f64));
    let apart = |(x, y): (f64, f64)| (x / n - y / m).abs();
    let bits: f64 = cells().map(|(x, y)| half_divergence(x / n, y / m) + half_divergence(y / m, x / n)).sum();
    let padded = 0.5 * reference.len() as f64;
    let index = |(x, y): (f64, f64)| {
        let (p, q) = ((x + 0.5) / (n + padded), (y + 0.5) / (m + padded));
        (p - q) * libm::log(p / q)
    };
    let freedom = reference.len().saturating_sub(1) as f64;
    Distances {
        tvd: Some(0.5 * cells().map(apart).sum::<f64>()),
        js_distance: Some(libm::sqrt((0.5 * bits / core::f64::consts::LN_2).max(0.0))),
        psi: Some(cells().map(index).sum()),
        psi_null_p95: (freedom > 0.0).then(|| chi_squared_quantile(0.95, freedom) * (1.0 / n + 1.0 / m)),
    }
}

/// p ln(p / m) for the mean m of p and q.
fn half_divergence(p: f64, q: f64) -> f64 {
    if p > 0.0 { p * libm::log(p / (0.5 * (p + q))) } else { 0.0 }
}

/// The two-sample χ² test of homogeneity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homogeneity {
    pub statistic: f64,
    pub p: f64,
    /// √(χ²/(n + m)), which is Cramér's V of a table of two rows.
    pub cramers_v: f64,
}

/// Pearson's test on counts over the same cells, without a continuity correction. Exact up to 1,000 rows; with more, where a
/// cell expects fewer than 5, exact if the tables can be walked and else by the moments that χ² has with these margins.
/// `None` with fewer than two cells that hold anything, or an empty sample.
pub fn homogeneity(reference: &[u64], current: &[u64]) -> Option<Homogeneity> {
    let (n, m) = (total(reference), total(current));
    let held = reference.iter().zip(current).filter(|(x, y)| *x + *y > 0).count();
    if held < 2 || n == 0.0 || m == 0.0 {
        return None;
    }
    let of_cell = |(&x, &y): (&u64, &u64)| {
        let both = (x + y) as f64;
        if both == 0.0 {
            return 0.0;
        }
        let expected = both * n / (n + m);
        let off = x as f64 - expected;
        // The other sample is off by the same count.
        off * off * (1.0 / expected + 1.0 / (both - expected))
    };
    let statistic: f64 = reference.iter().zip(current).map(of_cell).sum();
    let least = reference.iter().zip(current).map(|(x, y)| (x + y) as f64).filter(|both| *both > 0.0);
    let is_sparse = least.fold(f64::INFINITY, f64::min) * n.min(m) / (n + m) < EXPECTED_LEAST;
    let walked = if is_sparse || n + m <= EXACT_ROWS_MOST { exact::homogeneity(reference, current) } else { None };
    let p = walked.unwrap_or_else(|| match is_sparse {
        true => by_moments(statistic, reference, current),
        false => chi_squared_upper_tail(statistic, (held - 1) as f64),
    });
    Some(Homogeneity { statistic, p, cramers_v: libm::sqrt(statistic / (n + m)) })
}

fn total(counts: &[u64]) -> f64 {
    counts.iter().sum::<u64>() as f64
}

/// P(χ² ≥ `statistic`) by the gamma distribution with the mean and variance that χ² has over all tables with the same margins
/// (Haldane 1940, Biometrika 31; as in Zelterman 1987, JASA 82).
fn by_moments(statistic: f64, reference: &[u64], current: &[u64]) -> f64 {
    let (n, m) = (total(reference), total(current));
    let all = n + m;
    let columns = reference.iter().zip(current).map(|(x, y)| (x + y) as f64).filter(|both| *both > 0.0);
    let (mut count, mut inverse) = (0.0, 0.0);
    for column in columns {
        count += 1.0;
        inverse += all / column;
    }
    if all < 4.0 {
        return 1.0;
    }
    let spread = |cells: f64| (cells - 1.0) * (all - cells) / (all - 1.0);
    let unequal = |cells: f64, inverse: f64| (inverse - cells * cells) / (all - 2.0);
    let (v1, v2) = (spread(2.0), spread(count));
    let (w1, w2) = (unequal(2.0, all / n + all / m), unequal(count, inverse));
    let mean = all / (all - 1.0) * (count - 1.0);
    let variance = 2.0 * all / (all - 3.0) * (v1 - w1) * (v2 - w2) + all * all / (all - 1.0) * w1 * w2;
    if variance <= 0.0 {
        return if statistic > mean { 0.0 } else { 1.0 };
    }
    gamma_ur(mean * mean / variance, statistic.max(f64::MIN_POSITIVE) * mean / variance).clamp(0.0, 1.0)
}

/// P(χ² ≥ value).
pub(crate) fn chi_squared_upper_tail(value: f64, freedom: f64) -> f64 {
    if value <= 0.0 { 1.0 } else { gamma_ur(0.5 * freedom, 0.5 * value).clamp(0.0, 1.0) }
}

/// The value below which χ² lies with `probability`, by bisection on a bracket that grows: it is needed once a column.
fn chi_squared_quantile(probability: f64, freedom: f64) -> f64 {
    let above = 1.0 - probability;
    let (mut low, mut high) = (0.0, freedom.max(1.0));
    while chi_squared_upper_tail(high, freedom) > above {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if chi_squared_upper_tail(middle, freedom) > above { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
