//! The words that everything is said in: market, period, money, a reader's way of writing, and errors.

pub mod audience;
mod error;
pub mod locale;
mod market;
mod money;
pub mod period;
pub mod plain;

pub use self::error::Error;
pub use self::market::Market;
pub use self::money::{Currency, Minor};
pub use self::period::Period;
