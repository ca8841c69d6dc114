//! Driftline's statistics: numbers in, numbers out. Nothing here reads a file or a clock, awaits, or knows of tables.
//!
//! A statistic that cannot be computed is an [`error::Error`] with a reason, never NaN, and a sum has the same bits
//! whatever the order of its input and the number of threads.

mod chunks;
pub mod churn;
pub mod cluster;
pub mod drift;
pub mod error;
pub mod expectation;
pub mod forecast;
pub mod groups;
pub mod habit;
pub mod level;
pub mod lifetime;
mod optimise;
pub mod outlier;
pub mod paired;
pub mod pool;
pub mod purchase;
pub mod purchase_log;
pub mod random;
pub mod repeats;
pub mod returns;
pub mod rule;
pub mod scale;
pub mod significance;
mod special;
pub mod spend;
pub mod value;
