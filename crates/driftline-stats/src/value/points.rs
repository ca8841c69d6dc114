//! Points at which an uncertain parameter is tried.

use crate::optimise::lower_root;

/// 2N points around 0 that have a covariance (Julier & Uhlmann 1997, "A New Extension of the Kalman Filter to Nonlinear
/// Systems"); none if it is 0.
pub(super) fn symmetric_points<const N: usize>(covariance: &[[f64; N]; N]) -> Vec<[f64; N]> {
    let Some(root) = lower_root(covariance) else { return Vec::new() };
    let spread = libm::sqrt(N as f64);
    let point = |n: usize, sign: f64| core::array::from_fn(|m| sign * spread * root[m][n]);
    (0..N).flat_map(|n| [1.0, -1.0].map(|sign| point(n, sign))).collect()
}
