//! A market is the unit of a run: one country, brand or shop whose customers are compared with themselves.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A plain code such as `de` or `online-uk`. It becomes part of object paths and bound values, so nothing else is allowed in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Market(String);

impl Market {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Market {
    type Err = Error;

    /// Parses a market code.
    ///
    /// # Errors
    /// `Error::Market` if the text is empty, longer than 32 bytes or has anything but `a-z`, `0-9`, `-`, `_`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if starts_well && text.len() <= 32 && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::Market(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Market {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Market> for String {
    fn from(market: Market) -> Self {
        market.0
    }
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_codes_are_markets() {
        for good in ["de", "no", "online-uk", "xc", "84_51"] {
            assert!(good.parse::<Market>().is_ok(), "{good}");
        }
        for bad in ["", "../x", "a/b", "de'--", "DE", "dé", "-x", "a b", &"a".repeat(33)] {
            assert_eq!(bad.parse::<Market>(), Err(Error::Market(bad.to_owned())));
        }
    }
}
