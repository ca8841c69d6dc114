//! What every record of the ledger is signed with.

use serde::{Deserialize, Serialize};

/// The part of a record that tells whose it is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Signed {
    pub(crate) nonce: String,
}
