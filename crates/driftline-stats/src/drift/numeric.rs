//! Two samples of numbers: every statistic from one walk over both, sorted.

use super::{exact, kolmogorov};

/// How two samples of numbers differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Differences {
    /// Kolmogorov-Smirnov's D: the greatest distance between the two distribution functions.
    pub ks_d: f64,
    /// Two-sided p-value of D: exact, given the values, up to a million pairs; beyond, by the limit form at the effective
    /// sample size nm/(n + m), rounded.
    pub ks_p: f64,
    /// Wasserstein-1 distance, in the column's unit: the area between the two distribution functions.
    pub w1: f64,
    /// The same over the reference's population standard deviation; `None` if that is 0 and the distance is not.
    pub w1_over_sd: Option<f64>,
    /// The distance of the middle parts of both, in standard deviations of the reference's: see [`shift`].
    pub shift: Option<f64>,
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
    let pairs = n as f64 * m as f64;
    let ks_d = furthest as f64 / pairs;
    let w1 = finite(area / pairs);
    let ks_p = if n.saturating_mul(m) <= exact::PAIRS_MOST {
        exact::kolmogorov_smirnov(reference, current, furthest)
    } else {
        kolmogorov::upper_tail((pairs / (n as f64 + m as f64)).round_ties_even().max(1.0), ks_d)
    };
    Some(Differences {
        ks_d,
        ks_p,
        w1,
        w1_over_sd: over(w1, deviation(reference)),
        shift: shift(reference, current),
        cliffs_delta: wins as f64 / pairs,
    })
}

/// How far the middle of one sorted sample lies from that of the other, in standard deviations of the reference: the trimmed
/// Wasserstein-1 distance (Munk & Czado 1998, JRSS B 60), the mean distance of quantiles but for the outer .5 % on either
/// side and for the outermost value of either sample; over the reference's standard deviation with the same part of its
/// values set to the nearest one that is left. No unit, and no single value, changes it. `None` if the middle of the
/// reference is one value and that of the other sample is not.
pub fn shift(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (n, m) = (reference.len() as u128, current.len() as u128);
    let all = n * m;
    let cut = all.div_ceil(200).max(n).max(m).min(all / 4);
    let (start, end) = (cut, all - cut);
    if start >= end {
        return None;
    }
    // Each reference value holds m of nm steps of probability, each current one n.
    let (mut at, mut area) = (start, 0.0f64);
    while at < end {
        let (i, j) = (at / m, at / n);
        let next = ((i + 1) * m).min((j + 1) * n).min(end);
        area += (next - at) as f64 / (end - start) as f64 * (current[j as usize] - reference[i as usize]).abs();
        at = next;
    }
    let outer = usize::try_from(cut / m).unwrap_or(0);
    let (low, high) = (reference[outer], reference[reference.len() - 1 - outer]);
    let middle: Vec<f64> = reference.iter().map(|value| value.clamp(low, high)).collect();
    over(finite(area), deviation(&middle))
}

/// A distance in standard deviations; nothing over nothing is nothing.
fn over(distance: f64, deviation: f64) -> Option<f64> {
    match (distance > 0.0, deviation > 0.0) {
        (false, _) => Some(0.0),
        (true, true) => Some(finite(distance / deviation)),
        (true, false) => None,
    }
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

/// Population standard deviation. Values are divided by a power of two first, so that no unit is too small or too large to
/// square.
pub fn deviation(values: &[f64]) -> f64 {
    let most = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    let (_, exponent) = libm::frexp(most);
    let scaled = |value: &f64| libm::ldexp(*value, -exponent);
    let count = values.len().max(1) as f64;
    let mean: f64 = values.iter().map(|value| scaled(value) / count).sum();
    let squares: f64 = values.iter().map(|value| (scaled(value) - mean) * (scaled(value) - mean) / count).sum();
    // What is left of equal values is the error of their mean.
    if squares <= 1e-30 { 0.0 } else { finite(libm::ldexp(libm::sqrt(squares), exponent)) }
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
