//! What commands start from: the project and its jobs, the stores behind them, what is to be run, and this process.

pub mod coverage;
mod covered;
pub mod environment;
pub mod job;
pub mod job_context;
pub(crate) mod names;
pub(crate) mod notes;
pub mod plan;
pub mod process;
pub mod project;
pub mod pseudonym_key;
pub(crate) mod pulse;
pub mod scratch;
pub mod store;
pub mod suppression;
pub mod unit_test;
pub(crate) mod warehouse;
pub mod worker;
