//! The spend model where a few customers spend many times what the others do: winsorised in the fit, left as they are in scores.
//!
//! A wholesaler among households is no draw from their gamma distribution, and pulls q down for everybody: all are then moved
//! less towards a mean that is too high. The bound is the far-out fence of the logarithms of mean spend (Tukey 1977, *Exploratory
//! Data Analysis*, §2D): the upper quartile Q₃ times (Q₃/Q₁)³, and at least three times Q₃. If nobody is above it, the fit is
//! plain maximum likelihood. Else who is above counts as at the bound in the fit, and in scores keeps their own mean
//! ([`super::SpendModel::own_above`]): winsorising alone would take away from wholesalers more than it gives back to the others.

use super::{SpendFit, SpendHistory, fit_spend};
use crate::error::Error;

/// Customers with a repeat purchase below which quartiles say too little.
const CUSTOMERS_LEAST: f64 = 50.0;

/// Times the distance between the quartiles, in logarithms.
const FAR_OUT: f64 = 3.0;

/// No bound is nearer than so many upper quartiles: where most spend the same, the quartiles coincide.
const NEAREST: f64 = 3.0;

/// Fits the model by maximum likelihood on mean spends that are winsorised at the far-out fence; plain where nobody is beyond.
///
/// # Errors
/// As [`fit_spend`].
pub fn fit_spend_winsorised(histories: &[SpendHistory]) -> Result<SpendFit, Error> {
    winsorised(histories, fit_spend)
}

/// Any fit, on winsorised histories. `log_likelihood` is theirs, `observed_mean` that of the histories as they were.
pub(crate) fn winsorised(
    histories: &[SpendHistory],
    fit: impl Fn(&[SpendHistory]) -> Result<SpendFit, Error>,
) -> Result<SpendFit, Error> {
    let Some(bound) = bound(histories) else { return fit(histories) };
    let is_beyond = |history: &SpendHistory| is_used(history) && history.mean_spend > bound;
    let at_most = |h: &SpendHistory| if is_beyond(h) { SpendHistory { mean_spend: bound, ..*h } } else { *h };
    let mut fitted = fit(&histories.iter().map(at_most).collect::<Vec<_>>())?;
    // By size, so that the order of histories changes no bit.
    let mut beyond: Vec<(f64, f64)> =
        histories.iter().filter(|h| is_beyond(h)).map(|h| (h.mean_spend, h.customers)).collect();
    beyond.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let cut_off: f64 = beyond.iter().map(|(spend, customers)| customers * (spend - bound)).sum();
    fitted.observed_mean += cut_off / fitted.customers;
    fitted.model.own_above = Some(bound);
    Ok(fitted)
}

/// The fence, if somebody is beyond it.
fn bound(histories: &[SpendHistory]) -> Option<f64> {
    let mut used: Vec<(f64, f64)> =
        histories.iter().filter(|h| is_used(h)).map(|h| (h.mean_spend, h.customers)).collect();
    used.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let customers: f64 = used.iter().map(|(_, customers)| customers).sum();
    if customers < CUSTOMERS_LEAST {
        return None;
    }
    // The least spend that more than a share of customers do not exceed.
    let at = |share: f64| {
        let mut seen = 0.0;
        let reached = used.iter().find(|(_, customers_with)| {
            seen += customers_with;
            seen > share * customers
        });
        reached.map_or(0.0, |(spend, _)| *spend)
    };
    let (lower, upper) = (at(0.25), at(0.75));
    let bound = upper * libm::pow(upper / lower, FAR_OUT).max(NEAREST);
    let (most, _) = used.last()?;
    (bound.is_finite() && *most > bound).then_some(bound)
}

/// As in [`fit_spend`]; a number that is not finite is left for it to refuse.
fn is_used(history: &SpendHistory) -> bool {
    history.repeat_purchases > 0.0 && history.mean_spend > 0.0 && history.mean_spend.is_finite()
}

#[cfg(test)]
mod tests;
