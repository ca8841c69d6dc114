//! The kinds of purchase model, and their names.

use crate::error::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which process drops customers out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Dropout after each repeat purchase; parameters r, α, a, b.
    BgNbd,
    /// Dropout after each purchase, the first included; parameters r, α, a, b.
    MbgNbd,
    /// Dropout at any time; parameters r, α, s, β.
    ParetoNbd,
}

impl Kind {
    /// All kinds, the default first.
    pub const ALL: [Kind; 3] = [Kind::MbgNbd, Kind::BgNbd, Kind::ParetoNbd];

    /// Returns the names of the parameters, in the order of [`PurchaseModel::parameters`](super::PurchaseModel::parameters).
    pub fn parameter_names(self) -> [&'static str; 4] {
        match self {
            Kind::BgNbd | Kind::MbgNbd => ["r", "alpha", "a", "b"],
            Kind::ParetoNbd => ["r", "alpha", "s", "beta"],
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(match self {
            Kind::BgNbd => "bgnbd",
            Kind::MbgNbd => "mbgnbd",
            Kind::ParetoNbd => "paretonbd",
        })
    }
}

impl core::str::FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Kind::ALL.into_iter().find(|kind| kind.to_string() == name);
        found.ok_or_else(|| Error::UnknownModel { name: name.to_owned() })
    }
}
