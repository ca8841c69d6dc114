//! The fitted models of a report, in words and numbers.

use driftline_stats::expectation::Expectation;
use driftline_stats::purchase::Fit;
use driftline_stats::returns::Returns;
use driftline_stats::spend::SpendFit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::personas::segment_model::SegmentModel;
use crate::value::forecast::ValueRange;
use crate::value::models::{ChurnModel, ForecastModel, PooledFrom, ValueTier};

/// The fitted models, in words and numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Models {
    pub value_tier: ValueTier,
    pub value_note: String,
    pub purchase: Option<Fit>,
    pub purchase_reason: Option<String>,
    pub spend: Option<SpendFit>,
    /// What of sales stays after returns, 0 to 1; values are multiplied by it.
    pub net_share: Option<f64>,
    /// How many purchase days of a customer's own weigh as much as that share (Bühlmann's k); absent if all have the same.
    #[serde(default)]
    pub net_share_prior_days: Option<f64>,
    /// What customers are scored by: purchase models by band, the spend model and the market's levels. Absent in reports from before
    /// there were bands, whose `purchase` and `spend` (of repeat purchases) score everybody.
    #[serde(default)]
    pub expectation: Option<Expectation>,
    /// What a provisional market's models were pooled from.
    #[serde(default)]
    pub pool: Option<PooledFrom>,
    /// Ranges of the 12-month value of everyone active.
    #[serde(default)]
    pub value_range: Option<ValueRange>,
    /// Predicted over actual net amount of the horizon before, by the same rule as it would have been then; outside .9 to 1.1
    /// the level is uncertain. `None` if nothing could be judged.
    #[serde(default)]
    pub value_level: Option<f64>,
    /// Set if `value_level` is outside .9 to 1.1.
    #[serde(default)]
    pub is_value_level_uncertain: bool,
    pub segments: Option<SegmentModel>,
    #[serde(default)]
    pub churn: Option<ChurnModel>,
    #[serde(default)]
    pub forecast: Option<ForecastModel>,
}

impl Models {
    /// What returns leave of spend; `None` without a value model.
    pub fn returns(&self) -> Option<Returns> {
        Some(Returns { share: self.net_share?, prior_days: self.net_share_prior_days })
    }
}
