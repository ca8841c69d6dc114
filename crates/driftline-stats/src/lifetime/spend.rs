//! The spend model of a log, or why it has none.

use crate::error::Error;
use crate::purchase_log::Past;
use crate::spend::{SpendFit, SpendHistory, SpendModel, fit_spend};

/// The fit, the model that values are computed with, and why there is no fit.
pub(super) fn spend_of(
    has_amounts: bool,
    past: &[(usize, Past)],
) -> (Option<SpendFit>, Option<SpendModel>, Option<String>) {
    if !has_amounts {
        return (None, None, Some("amounts are missing".to_owned()));
    }
    let histories: Vec<SpendHistory> = past.iter().map(|(_, past)| past.spend_history()).collect();
    match fit_spend(&histories) {
        Ok(fit) => {
            let model = fit.model;
            (Some(fit), Some(model), None)
        }
        Err(error @ Error::ConstantSpend { mean_spend }) => {
            // The limit of a model where neither a customer's purchases nor customers differ.
            let (p, q) = (1e9, 1e9);
            (
                None,
                Some(SpendModel { p, q, gamma: mean_spend * (q - 1.0) / p, own_above: None }),
                Some(error.to_string()),
            )
        }
        Err(error) => (None, None, Some(error.to_string())),
    }
}

/// A fit without uncertainty, for the limit of constant spend.
pub(super) fn limit_fit(model: &SpendModel) -> SpendFit {
    SpendFit {
        model: *model,
        log_likelihood: 0.0,
        converged: true,
        gradient_norm: 0.0,
        standard_errors: None,
        covariance_log: Some([[0.0; 3]; 3]),
        customers: 0.0,
        observed_mean: model.population_mean(),
        boundary: None,
    }
}
