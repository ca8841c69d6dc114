//! Two samples of numbers: every statistic from one walk over both, sorted.

use super::kolmogorov;

/// How two samples of numbers differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Differences {
    /// Kolmogorov-Smirnov's D: the greatest distance between the two distribution functions.
    pub ks_d: f64,
    /// Two-sided p-value of D at the effective sample size nm/(n + m), rounded; `None` if that is 0.
    pub ks_p: Option<f64>,
    /// Wasserstein-1 distance, in the column's unit: the area between the two distribution functions.
    pub w1: f64,
    /// The same over the reference's population standard deviation, which counts as .001 at least.
    pub w1_over_sd: f64,
    /// P(current > reference) − P(current < reference) for a random pair (Cliff 1993).
    pub cliffs_delta: f64,
}

/// Compares two samples that are sorted, finite and not empty; `None` otherwise.
pub fn differences(reference: &[f64], current: &[f64]) -> Option<Differences> {
    let (n, m) = (reference.len(), current.len());
    if n == 0 || m == 0 {
        return None;
    }
    let (mut i, mut j) = (0, 0);
    let (mut furthest, mut area, mut wins) = (0u128, 0.0f64, 0i128);
    while i < n || j < m {
        let value = match (reference.get(i), current.get(j)) {
            (Some(&r), Some(&c)) => r.min(c),
            (Some(&r), None) => r,
            (None, Some(&c)) => c,
            (None, None) => break,
        };
        let (below_reference, below_current) = (i, j);
        while reference.get(i) == Some(&value) {
            i += 1;
        }
        while current.get(j) == Some(&value) {
            j += 1;
        }
        wins += ((j - below_current) as i128) * (below_reference as i128);
        wins -= ((i - below_reference) as i128) * (below_current as i128);
        // |i/n − j/m| as a whole number over nm, exactly.
        let apart = ((i as u128) * (m as u128)).abs_diff((j as u128) * (n as u128));
        furthest = furthest.max(apart);
        let next = match (reference.get(i), current.get(j)) {
            (Some(&r), Some(&c)) => r.min(c),
            (Some(&r), None) => r,
            (None, Some(&c)) => c,
            (None, None) => break,
        };
        area += (apart as f64) * (next - value);
    }
    let (n, m) = (n as f64, m as f64);
    let pairs = n * m;
    let ks_d = furthest as f64 / pairs;
    let effective = (pairs / (n + m)).round_ties_even();
    let w1 = finite(area / pairs);
    Some(Differences {
        ks_d,
        ks_p: (effective >= 1.0).then(|| kolmogorov::upper_tail(effective, ks_d)),
        w1,
        w1_over_sd: finite(w1 / deviation(reference).max(1e-3)),
        cliffs_delta: wins as f64 / pairs,
    })
}

/// Differences of numbers near the largest there are can overflow.
fn finite(value: f64) -> f64 {
    value.min(f64::MAX)
}

/// Mean of a sample.
pub fn mean(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    // Each part first, so that the sum of the largest numbers does not overflow.
    values.iter().map(|value| value / count).sum()
}

/// Population standard deviation.
pub fn deviation(values: &[f64]) -> f64 {
    let (count, mean) = (values.len().max(1) as f64, mean(values));
    finite(libm::sqrt(values.iter().map(|value| (value - mean) * (value - mean) / count).sum::<f64>()))
}

/// Sorts numbers as they compare, and −0 is 0.
pub fn sort(values: &mut [f64]) {
    for value in values.iter_mut() {
        *value += 0.0;
    }
    values.sort_unstable_by(f64::total_cmp);
}

/// The inner edges of ten cells of about equally many reference values: its deciles, without those that equal another or an
/// end. Deciles are interpolated linearly (Hyndman & Fan 1996, type 7), in the steps of floating-point numbers that
/// the field's standard package takes, so that a value on an edge falls into the same cell.
pub fn decile_edges(sorted: &[f64]) -> Vec<f64> {
    let Some(last) = sorted.len().checked_sub(1) else { return Vec::new() };
    let decile = |tenth: u32| {
        let place = last as f64 * (f64::from(tenth) * 0.1);
        let index = (place.floor() as usize).min(last);
        let (low, high, part) = (sorted[index], sorted[(index + 1).min(last)], place - place.floor());
        let apart = high - low;
        if part >= 0.5 { high - apart * (1.0 - part) } else { low + apart * part }
    };
    let mut edges: Vec<f64> = vec![sorted[0]];
    edges.extend((1..10).map(decile));
    edges.push(sorted[last]);
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    if edges.len() < 3 { Vec::new() } else { edges[1..edges.len() - 1].to_vec() }
}

/// How many of the sorted values lie in each cell: up to the first edge, above it up to the second, and so on.
pub fn counted(sorted: &[f64], edges: &[f64]) -> Vec<u64> {
    let mut ends: Vec<usize> = edges.iter().map(|edge| sorted.partition_point(|value| value <= edge)).collect();
    ends.push(sorted.len());
    let mut before = 0;
    ends.into_iter()
        .map(|end| {
            let count = end - before;
            before = end;
            count as u64
        })
        .collect()
}
