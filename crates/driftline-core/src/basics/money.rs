//! Money is a whole number of minor units (cents) with one currency a job. It is never a float.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// An ISO 4217 code. All amounts of a job are in one currency; amounts of two currencies never meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

impl Currency {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sign readers know, or the code followed by a space.
    pub fn sign(&self) -> String {
        match self.0.as_str() {
            "EUR" => "€".to_owned(),
            "GBP" => "£".to_owned(),
            "USD" => "$".to_owned(),
            code => format!("{code} "),
        }
    }
}

impl FromStr for Currency {
    type Err = Error;

    /// # Errors
    /// `Error::Currency` unless the text is three capital ASCII letters.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::Currency(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

/// An amount in minor units with two decimals (cents, pence). Serialised as a decimal number of major units is for people;
/// in `report.json` an amount is this integer, named `*_minor` or typed in the schema, so nothing is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Minor(pub i64);

impl Minor {
    pub const ZERO: Self = Self(0);

    /// Major units for statistics and display; exact up to 2^53 minor units.
    pub fn as_major(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// `self / other`, or `None` if `other` is zero.
    pub fn ratio(self, other: Self) -> Option<f64> {
        (other.0 != 0).then(|| self.0 as f64 / other.0 as f64)
    }

    /// The mean over `count`, rounded half away from zero to a minor unit; zero of nobody.
    pub fn mean_over(self, count: u64) -> Self {
        if count == 0 {
            return Self::ZERO;
        }
        let (n, d) = (i128::from(self.0), i128::from(count));
        let rounded = (2 * n.abs() + d) / (2 * d) * n.signum();
        Self(i64::try_from(rounded).unwrap_or(i64::MAX))
    }
}

impl std::ops::Add for Minor {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Minor {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::AddAssign for Minor {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::Neg for Minor {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::iter::Sum for Minor {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |a, b| a + b)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_round_half_away_from_zero() {
        assert_eq!(Minor(5).mean_over(2), Minor(3));
        assert_eq!(Minor(-5).mean_over(2), Minor(-3));
        assert_eq!(Minor(10).mean_over(3), Minor(3));
        assert_eq!(Minor(7).mean_over(0), Minor(0));
        assert_eq!(Minor(-123_456).to_string(), "-1234.56");
    }
}
