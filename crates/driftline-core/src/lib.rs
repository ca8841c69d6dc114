//! The product's logic on plain data: markets, periods, money, personas, lineage, bridges and the drift report.
//!
//! Nothing here knows about files, clocks, the environment, Arrow or HTML; every function is synchronous and pure, so a
//! whole quarter's comparison can be tested in a millisecond.

pub mod acquisition;
pub mod assortment;
pub mod audience;
pub mod bridge;
pub mod change;
pub mod decomposition;
pub mod disclosure;
pub mod drill;
pub mod error;
pub mod facet;
pub mod fall;
pub mod history;
pub mod lineage;
pub mod margin;
pub mod market;
pub mod money;
pub mod naming;
pub mod period;
pub mod persona;
pub mod plain;
pub mod profile;
pub mod reach;
pub mod report;
pub mod revision;
pub mod rfm;
pub mod risk;
pub mod rule;
pub mod sales;
pub mod schedule;
pub mod scorecard;
pub mod sentence;
pub mod simulation;
pub mod tree;

pub use error::Error;
pub use market::Market;
pub use money::{Currency, Minor};
pub use period::Period;
