//! The models of value and risk as a report carries them.

use driftline_stats::expectation::RangeModel;
use driftline_stats::{churn, forecast};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::forecast::NextPeriod;

/// What the values of a market follow from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ValueTier {
    /// Models of its own customers.
    #[serde(rename = "own")]
    Own,
    /// Models of few customers or a short history, or those of other markets.
    #[serde(rename = "provisional")]
    Provisional,
    /// There is no model.
    #[default]
    #[serde(rename = "history only", alias = "")]
    HistoryOnly,
}

impl ValueTier {
    /// As a reader is told.
    pub fn label(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Provisional => "provisional",
            Self::HistoryOnly => "history only",
        }
    }
}

/// The markets whose models a small market's were pulled towards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledFrom {
    /// Market, period and revision of each.
    pub markets: Vec<String>,
    /// Whether the spread between markets is estimated, or the stated prior.
    pub is_spread_estimated: bool,
}

/// How the churn risk is made, and how its candidates did on the horizon before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChurnModel {
    pub event: String,
    pub chosen: churn::Method,
    pub reason: String,
    pub backtest: Option<churn::Backtest>,
    /// What gave the risks; absent in reports published before it was carried.
    #[serde(default)]
    pub fitted: Option<churn::FittedRisk>,
}

/// How the forecast of the next period is made, and how its candidates did on the horizon before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastModel {
    pub method: forecast::Method,
    pub calibrated: bool,
    pub factor: f64,
    pub reason: String,
    pub judged: Option<forecast::Judged>,
    /// In reports from before there were `ranges`.
    #[serde(default)]
    pub spread: Option<forecast::Spread>,
    /// How wide ranges are, and how many past ones held.
    #[serde(default)]
    pub ranges: Option<RangeModel>,
    /// Set if the judged total was off by more than a tenth.
    pub is_level_uncertain: bool,
    /// Everyone known at as-of.
    pub next_period: Option<NextPeriod>,
}
