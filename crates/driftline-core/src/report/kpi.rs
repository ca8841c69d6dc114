//! A figure of the headline strip.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Count,
    /// Minor units.
    Money,
    /// 0 to 1.
    Share,
}

/// One figure against last period and the same period last year; `None` says that there is none, `note` why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kpi {
    pub key: String,
    pub label: String,
    pub unit: Unit,
    pub now: Option<f64>,
    pub previous: Option<f64>,
    pub year_before: Option<f64>,
    pub change: Option<f64>,
    /// Relative change for counts and money; shares change in points.
    pub relative_change: Option<f64>,
    /// What customers moved of it, by one definition and one state of the data: relative for counts and money, points for shares.
    /// Absent where it is not known, or reads as the plain change does.
    #[serde(default)]
    pub like_for_like: Option<f64>,
    pub note: Option<String>,
}
