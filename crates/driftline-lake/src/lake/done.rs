//! How far a lake is.

use std::collections::{BTreeMap, BTreeSet};

use super::table_file::TableFile;

/// How far a lake is.
#[derive(Default)]
pub(super) struct Done {
    /// Models that a build has taken up.
    pub(super) claimed: BTreeSet<String>,
    /// Models that can be read.
    pub(super) built: BTreeSet<String>,
    pub(super) tables: BTreeMap<String, TableFile>,
}
