//! Which markets the exports have, by the folders that the sources' paths name.

use std::collections::BTreeSet;

use driftline_core::Market;
use object_store::path::Path as ObjectPath;

use super::{Exports, Sources, listing};
use crate::error::{Error, Result};
use crate::parquet_files;

/// The markets of the exports.
#[derive(Clone, Debug, Default)]
pub struct Markets {
    /// In the order of their codes.
    pub codes: Vec<Market>,
    /// Folders that stand where a market's does, and whose name is no plain code; nobody reads them.
    pub odd: Vec<String>,
    /// Other folders where markets were looked for.
    pub others: Vec<String>,
}

/// The market codes that the exports have.
///
/// # Errors
/// `Error::Store` if the store cannot be listed.
pub async fn markets(exports: &Exports, sources: &Sources) -> Result<Markets> {
    let (mut codes, mut odd, mut others) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (before, after) in sources.by_name.values().filter_map(|source| source.path.split_once("{market}")) {
        let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
        let end = after.split('/').next().unwrap_or_default();
        for name in folders(exports, folder).await? {
            if parquet_files::is_hidden(&name) {
                continue;
            }
            let code = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(end));
            match code.map(str::parse::<Market>) {
                Some(Ok(market)) => codes.insert(market),
                Some(Err(_)) => odd.insert(name),
                // `Market=at` beside `market=de`.
                None if is_nearly(&name, prefix) => odd.insert(name),
                None => others.insert(name),
            };
        }
    }
    Ok(Markets {
        codes: codes.into_iter().collect(),
        odd: odd.into_iter().collect(),
        others: others.into_iter().collect(),
    })
}

fn is_nearly(name: &str, prefix: &str) -> bool {
    let start = name.get(..prefix.len());
    !prefix.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Names of the folders in a folder.
async fn folders(exports: &Exports, folder: &str) -> Result<Vec<String>> {
    if let Some(index) = &exports.index {
        let below = index.iter().filter_map(|name| name.strip_prefix(folder)?.trim_start_matches('/').split_once('/'));
        return Ok(below.map(|(first, _)| first.to_owned()).collect());
    }
    let full: ObjectPath = listing::below(exports, folder)?;
    match exports.store.list_with_delimiter(Some(&full)).await {
        Ok(listed) => Ok(listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect()),
        Err(object_store::Error::NotFound { .. }) => Ok(Vec::new()),
        Err(source) => Err(Error::Store { location: format!("{} ({full})", exports.shown), source }),
    }
}
