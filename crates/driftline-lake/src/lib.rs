//! The only room that knows DataFusion and Arrow: exports in, SQL models, audited tables out.

pub mod boundary;
mod conform;
pub mod content;
pub mod contract;
mod distinct;
pub mod drift;
pub mod error;
mod example;
mod files;
pub mod fitted;
pub mod functions;
pub mod graph;
pub mod inspect;
pub mod lake;
mod lineage;
pub mod lint;
pub mod model;
mod parquet_files;
pub mod pinned;
pub mod private;
pub mod profile_drift;
pub mod purchase_log;
pub mod read;
pub mod resume;
mod row_hash;
pub mod scalar;
mod scan;
pub mod session;
pub mod simulated;
pub mod source;
pub mod types;
mod unfolded;
pub mod unit_test;

pub use error::{Error, Result};
pub use lake::Lake;
