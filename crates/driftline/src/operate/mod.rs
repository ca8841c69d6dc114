//! What is due, and one market and period of it under a lease.

pub mod due;
pub mod metrics;
pub mod retries;
pub mod tick;
pub mod under_lease;
