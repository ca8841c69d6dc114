//! Publications on plain object storage: what is published, what came before it, what was mailed.

pub mod error;
pub mod ledger;
pub mod publication;
mod site;

pub use error::{Error, Result};
pub use ledger::{Ledger, Slot};
pub use publication::{ObjectRecord, Publication};
