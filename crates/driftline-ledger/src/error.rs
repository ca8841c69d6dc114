//! What can go wrong between a computed result and the warehouse.

/// Errors of `driftline-ledger`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {action} {location} in the warehouse {warehouse}")]
    Store { action: &'static str, location: String, warehouse: String, source: object_store::Error },

    #[error(
        "the store of the warehouse {warehouse} ignores conditional create: a second create of {location} succeeded; two runs could publish over each other, so nothing is published there"
    )]
    NoConditionalCreate { warehouse: String, location: String },

    #[error(
        "{market} {period} revision {revision} of job `{job}` was published by another run in the meantime; nothing was changed, look at it with `driftline show`"
    )]
    Superseded { job: String, market: String, period: String, revision: u32 },

    #[error(
        "{location} does not hold what was published: expected sha256 {expected}, found {found}; restore it from a backup or publish a revision"
    )]
    Damaged { location: String, expected: String, found: String },

    #[error("{location} is not a publication that this version reads")]
    Unreadable { location: String, source: serde_json::Error },
}

pub type Result<T> = std::result::Result<T, Error>;
