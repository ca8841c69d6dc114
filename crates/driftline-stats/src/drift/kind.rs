//! How a column is compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Numeric,
    Categorical,
    Unknown,
}

impl core::fmt::Display for Kind {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(match self {
            Self::Numeric => "numbers",
            Self::Categorical => "categories",
            Self::Unknown => "an unknown type",
        })
    }
}
