//! What customers are forecast to bring: the next period and 12 months, with their ranges.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;

/// Forecast of a persona, or of everyone, for the period after the reported one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NextPeriod {
    /// Net amount.
    pub value: Minor,
    /// Ends of the 80 % range; `None` if no earlier forecast could be judged.
    pub low_80: Option<Minor>,
    pub high_80: Option<Minor>,
}

/// Ranges of a 12-month value: customers' own variation, the uncertainty of the models' parameters, and how far the same
/// market's last forecast was off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ValueRange {
    pub low_80: Minor,
    pub high_80: Minor,
    pub low_95: Minor,
    pub high_95: Minor,
}
