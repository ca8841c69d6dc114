//! A fictional company, customer by customer: what `driftline simulate` writes, with the truth that was planted.
//!
//! Everything about a customer follows from the seed, the market and the customer's number, so exports of any size are made
//! one customer at a time, and a customer is the same however many others there are.

pub mod company;
pub mod error;
pub mod exports;
pub mod habits;
mod person;
mod sheets;
mod text;
mod truth;

pub use company::Settings;
pub use error::Error;
