//! The product's logic on plain data: markets, periods, money, personas, lineage, bridges and the drift report.
//!
//! Nothing here knows about files, clocks, the environment, Arrow or HTML; every function is synchronous and pure, so a
//! whole quarter's comparison can be tested in a millisecond.

pub mod basics;
pub mod drift;
pub mod exports;
pub mod facets;
pub mod naming;
pub mod personas;
pub mod report;
pub mod schedule;
pub mod tables;
pub mod value;

pub use basics::{Currency, Error, Market, Minor, Period};
