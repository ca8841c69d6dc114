//! Why a statistic could not be computed. A number that does not exist is an error with a name here, never NaN.

/// The reasons for which this crate refuses to give a number.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to fit: no histories, or none that counts at least one customer.
    #[error("no customers to fit a model on")]
    NoCustomers,
    /// Nobody bought twice, so a purchase rate cannot be told from dropout: the likelihood has no maximum.
    #[error("none of {customers} customers bought on a second day, so a purchase model has no maximum likelihood")]
    NoRepeatPurchases {
        /// How many customers were given.
        customers: f64,
    },
    /// A spend model has nobody to learn from.
    #[error("none of the customers has a repeat purchase and a positive mean spend")]
    NoSpend,
    /// Every repeat customer spends the same, so the spend model's likelihood grows without bound.
    #[error("all repeat customers spend {mean_spend} a purchase, so a spend model has no maximum likelihood")]
    ConstantSpend {
        /// The mean spend that all of them share, in the currency of the input.
        mean_spend: f64,
    },
    /// A history breaks `0 ≤ recency ≤ age`, has a purchase count that is not a whole number, or is not finite.
    #[error("history {history} is not valid: {reason}")]
    InvalidHistory {
        /// The history as given.
        history: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A model's parameter is not a positive finite number.
    #[error("parameter {name} is {value}, expected a positive finite number")]
    InvalidParameter {
        /// The parameter's name in the literature.
        name: &'static str,
        /// The value as given.
        value: f64,
    },
    /// A model name is not one of the known ones.
    #[error("unknown purchase model \"{name}\", expected \"bgnbd\", \"mbgnbd\" or \"paretonbd\"")]
    UnknownModel {
        /// The name as given.
        name: String,
    },
}
