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
        "the store of the warehouse {warehouse} says again and again that {location} exists, and that there is nothing in it; try again later"
    )]
    Contended { warehouse: String, location: String },

    #[error(
        "{market} {period} revision {revision} of job `{job}` was published by another run in the meantime; nothing was changed, look at it with `driftline show`"
    )]
    Superseded { job: String, market: String, period: String, revision: u32 },

    #[error(
        "another machine has taken over {market} {period} of job `{job}`: the lease {token} of this one is over, {newer} is in force; nothing was changed"
    )]
    Fenced { job: String, market: String, period: String, token: u64, newer: u64 },

    #[error("the lease {token} is for {leased}, not for {asked}")]
    LeaseOfAnotherSlot { token: u64, leased: String, asked: String },

    #[error("{location} is not in the warehouse as it is to be published: {problem}; nothing was published")]
    Incomplete { location: String, problem: String },

    #[error("the run {run} is published as revision {revision} and is never removed")]
    RunIsPublished { run: String, revision: u32 },

    #[error(
        "{location} does not hold what was published: expected sha256 {expected}, found {found}; restore it from a backup or publish a revision"
    )]
    Damaged { location: String, expected: String, found: String },

    #[error("{location} is not a record that this version reads")]
    Unreadable { location: String, source: serde_json::Error },
}

pub type Result<T> = std::result::Result<T, Error>;
