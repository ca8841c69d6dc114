//! The methods that a churn risk is chosen from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Weight of the regression in the blend. One half, as for most combinations of forecasts, and not tuned.
pub(super) const BLENDED: f64 = 0.5;

/// How a candidate makes a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Logistic regression on the logarithm of recency.
    Recency,
    /// P(no purchase) of the purchase model as it is.
    PurchaseModel,
    /// The same with a fitted intercept and slope on its logit.
    PurchaseModelCalibrated,
    /// Logistic regression on all features.
    Logistic,
    /// The same with the purchase model's mean risk.
    LogisticLevelled,
    /// The mean of the logits of `Logistic` and `PurchaseModel`, with the latter's mean risk.
    Blend,
    /// The same blend at the level that earlier origins say.
    LevelledBlend,
}

impl core::fmt::Display for Method {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(match self {
            Self::Recency => "recency",
            Self::PurchaseModel => "purchase_model",
            Self::PurchaseModelCalibrated => "purchase_model_calibrated",
            Self::Logistic => "logistic",
            Self::LogisticLevelled => "logistic_levelled",
            Self::Blend => "blend",
            Self::LevelledBlend => "levelled_blend",
        })
    }
}
