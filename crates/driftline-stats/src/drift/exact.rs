//! Exact p-values of small samples, given the values that were seen: every way of dealing the pooled values out to the two
//! samples is equally likely if nothing changed. Ties are part of what was seen.

use statrs::function::gamma::ln_gamma;

/// Pairs of values up to which the Kolmogorov-Smirnov test is exact. Beyond, the limit form is good to the third digit.
pub(super) const PAIRS_MOST: usize = 1_000_000;

/// Cells that are walked at most for one exact χ² test, over all of its tables.
const STEPS_MOST: u32 = 1_000_000;

/// Categories at most of a table that is walked; with more there are too many tables, unless one sample has a row or two.
const CELLS_MOST: usize = 500;

/// P(D ≥ d) for d = `apart` / (n m), given the pooled values: a random walk on the lattice of how many of either sample came
/// so far, which may leave the band only where the next value is another one (Schröer & Trenkler 1995, "Exact and
/// randomization distributions of Kolmogorov-Smirnov tests two or three samples", CSDA 20(2)).
pub(super) fn kolmogorov_smirnov(reference: &[f64], current: &[f64], apart: u128) -> f64 {
    let (n, m) = (reference.len(), current.len());
    // Whether a value ends after so many of both samples together.
    let mut is_end = vec![false; n + m + 1];
    let (mut i, mut j) = (0, 0);
    while i < n || j < m {
        let value = match (reference.get(i), current.get(j)) {
            (Some(&r), Some(&c)) => r.min(c),
            (Some(&r), None) => r,
            (None, Some(&c)) => c,
            (None, None) => break,
        };
        i += reference[i..].iter().take_while(|other| **other == value).count();
        j += current[j..].iter().take_while(|other| **other == value).count();
        is_end[i + j] = true;
    }
    let is_out =
        |i: usize, j: usize| is_end[i + j] && ((i as u128) * (m as u128)).abs_diff((j as u128) * (n as u128)) >= apart;
    // P(the walk was out by the time that it is here), for one i after the other.
    let mut out = vec![0.0f64; m + 1];
    for i in 0..=n {
        for j in 0..=m {
            out[j] = match (i, j) {
                _ if is_out(i, j) => 1.0,
                (0, 0) => 0.0,
                (0, _) => out[j - 1],
                (_, 0) => out[0],
                _ => {
                    // The last step came from either sample; written so that they can change places.
                    let steps = (i + j) as f64;
                    i as f64 / steps * out[j] + j as f64 / steps * out[j - 1]
                }
            };
        }
    }
    out[m].clamp(0.0, 1.0)
}

/// P(χ² ≥ what was seen) over all tables of two rows with the same margins (Freeman & Halton 1951, Biometrika 38, with
/// Pearson's statistic for the order). `None` if there are too many tables.
pub(super) fn homogeneity(reference: &[u64], current: &[u64]) -> Option<f64> {
    let cells: Vec<(u64, u64)> = reference.iter().zip(current).map(|(x, y)| (x + y, *y)).filter(|c| c.0 > 0).collect();
    if cells.len() > CELLS_MOST {
        return None;
    }
    let drawn: u64 = current.iter().sum();
    let all: u64 = cells.iter().map(|cell| cell.0).sum();
    // χ² is Σ y²/c but for a factor and a constant.
    let seen: f64 = cells.iter().map(|(both, y)| squared_over(*y, *both)).sum();
    let most = cells.iter().map(|cell| cell.0).max()?;
    let mut logarithms = vec![0.0f64; most as usize + 1];
    for (n, value) in logarithms.iter_mut().enumerate() {
        *value = ln_gamma(n as f64 + 1.0);
    }
    let total = ln_gamma(all as f64 + 1.0) - ln_gamma(drawn as f64 + 1.0) - ln_gamma((all - drawn) as f64 + 1.0);
    let mut walk = Walk { cells, logarithms, least: seen * (1.0 - 1e-9), p: 0.0, left: STEPS_MOST };
    walk.from(0, drawn, all, Dealt { logarithm: -total, sum: 0.0 })?;
    Some(walk.p.clamp(0.0, 1.0))
}

fn squared_over(y: u64, both: u64) -> f64 {
    (y as f64) * (y as f64) / both as f64
}

/// All tables with given margins, cell by cell.
struct Walk {
    cells: Vec<(u64, u64)>,
    /// ln n! by n.
    logarithms: Vec<f64>,
    /// Σ y²/c from which on a table is as far off as the one that was seen.
    least: f64,
    p: f64,
    left: u32,
}

/// What is known of a table by the cells before a place.
#[derive(Clone, Copy)]
struct Dealt {
    /// ln of the probability so far.
    logarithm: f64,
    /// Σ y²/c so far.
    sum: f64,
}

impl Walk {
    /// Deals `drawn` out to the cells from `place` on, which hold `rest`. `None` once there were too many tables.
    fn from(&mut self, place: usize, drawn: u64, rest: u64, dealt: Dealt) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let Some(&(both, _)) = self.cells.get(place) else {
            if dealt.sum >= self.least {
                self.p += libm::exp(dealt.logarithm);
            }
            return Some(());
        };
        let rest = rest - both;
        for y in drawn.saturating_sub(rest)..=drawn.min(both) {
            let ways =
                self.logarithms[both as usize] - self.logarithms[y as usize] - self.logarithms[(both - y) as usize];
            let sum = dealt.sum + squared_over(y, both);
            self.from(place + 1, drawn - y, rest, Dealt { logarithm: dealt.logarithm + ways, sum })?;
        }
        Some(())
    }
}
