//! What several markets' fits say about a market with little history of its own: empirical Bayes.
//!
//! Markets are taken as draws from one population of markets: in the coordinates of the search (ln r, ln(r/α), ln(a+b),
//! ln(a/b); for spend ln p, ln q and the logarithm of the typical spend) a market's true point is normal around the
//! population's mean, each coordinate by itself, and a fit is the truth plus the error that its Hessian gives. The spread
//! between markets is estimated by DerSimonian & Laird (1986, Controlled Clinical Trials 7) from at least
//! [`ESTIMATED_FROM`] markets; with fewer it is [`STATED_SPREAD`]. A small market's parameters maximise likelihood
//! times that normal: with no data they are the population's mean, with much data the market's own fit.

use crate::error::Error;
use crate::purchase::{Fit, History, Kind, fit_around, point_of};
use crate::spend::{SpendFit, SpendHistory, fit_spend_around, point_of_spend, winsorised};
use serde::{Deserialize, Serialize};

/// Markets from which the spread between them is estimated.
pub const ESTIMATED_FROM: usize = 5;

/// The stated spread between markets: a standard deviation of .5 in logarithms, so that two of three markets are within a
/// factor of 1.65 of the middle.
pub const STATED_SPREAD: f64 = 0.5;

/// Estimated spreads are not taken below this: five markets that happen to agree are no proof.
const LEAST_SPREAD: f64 = 0.1;

/// Where a market's coordinates are expected, and how far off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected<const N: usize>
where
    [f64; N]: Serialize + for<'a> Deserialize<'a>,
{
    pub mean: [f64; N],
    /// Of a new market around the mean: the spread between markets and the mean's own uncertainty.
    pub deviation: [f64; N],
}

/// A population of markets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    pub kind: Kind,
    pub purchase: Expected<4>,
    pub spend: Expected<3>,
    /// How many markets it was learnt from.
    pub markets: usize,
    pub is_spread_estimated: bool,
}

/// Learns a population from fits of markets; only those of the kind that most customers are fitted by, with regular
/// covariances. `None` if there is none.
pub fn pool(fits: &[(&Fit, &SpendFit)]) -> Option<Pool> {
    let kind = Kind::ALL.into_iter().max_by(|a, b| customers_of(fits, *a).total_cmp(&customers_of(fits, *b)))?;
    let used: Vec<&(&Fit, &SpendFit)> = fits.iter().filter(|(purchase, _)| purchase.model.kind == kind).collect();
    let purchase: Vec<_> = used.iter().filter_map(|(purchase, _)| point_of(purchase)).collect();
    let spend: Vec<_> = used.iter().filter_map(|(_, spend)| point_of_spend(spend)).collect();
    let markets = purchase.len().min(spend.len());
    if markets == 0 {
        return None;
    }
    Some(Pool {
        kind,
        purchase: expected(&purchase),
        spend: expected(&spend),
        markets,
        is_spread_estimated: markets >= ESTIMATED_FROM,
    })
}

fn customers_of(fits: &[(&Fit, &SpendFit)], kind: Kind) -> f64 {
    fits.iter()
        .filter(|(fit, _)| fit.model.kind == kind && fit.standard_errors.is_some())
        .map(|(fit, _)| fit.customers)
        .sum()
}

/// Points with the variances of their errors.
fn expected<const N: usize>(points: &[([f64; N], [f64; N])]) -> Expected<N>
where
    [f64; N]: Serialize + for<'a> Deserialize<'a>,
{
    let both: [(f64, f64); N] = core::array::from_fn(|n| {
        let of: Vec<(f64, f64)> = points.iter().map(|(point, variance)| (point[n], variance[n].max(1e-8))).collect();
        let between = if of.len() >= ESTIMATED_FROM { spread_between(&of) } else { STATED_SPREAD * STATED_SPREAD };
        let weights = of.iter().map(|(_, variance)| 1.0 / (variance + between));
        let weight: f64 = weights.clone().sum();
        let mean = of.iter().zip(weights).map(|((value, _), weight)| value * weight).sum::<f64>() / weight;
        (mean, libm::sqrt(between + 1.0 / weight))
    });
    Expected { mean: both.map(|(mean, _)| mean), deviation: both.map(|(_, deviation)| deviation) }
}

/// The variance between markets beyond the errors of their fits.
fn spread_between(of: &[(f64, f64)]) -> f64 {
    let sum = |power: i32| of.iter().map(|(_, variance)| libm::pow(*variance, f64::from(-power))).sum::<f64>();
    let (weight, squares) = (sum(1), sum(2));
    let mean = of.iter().map(|(value, variance)| value / variance).sum::<f64>() / weight;
    let heterogeneity: f64 = of.iter().map(|(value, variance)| (value - mean) * (value - mean) / variance).sum();
    let beyond = heterogeneity - (of.len() as f64 - 1.0);
    (beyond / (weight - squares / weight)).max(LEAST_SPREAD * LEAST_SPREAD)
}

/// Fits a small market's purchase model around the population. Its covariance counts both.
///
/// # Errors
/// As [`crate::purchase::fit`].
pub fn purchase_in(pool: &Pool, histories: &[History]) -> Result<Fit, Error> {
    fit_around(pool.kind, histories, &pool.purchase.mean, &pool.purchase.deviation)
}

/// Fits a small market's spend model around the population, winsorised as [`crate::spend::fit_spend_winsorised`].
///
/// # Errors
/// [`Error::NoSpend`] or [`Error::InvalidHistory`].
pub fn spend_in(pool: &Pool, histories: &[SpendHistory]) -> Result<SpendFit, Error> {
    winsorised(histories, |histories| fit_spend_around(histories, &pool.spend.mean, &pool.spend.deviation))
}

#[cfg(test)]
mod tests;
