//! Which objects of a store are a source's data: whatever their names, but for what is hidden, unfinished or no Parquet.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::Exports;
use crate::error::{Error, Result};
use crate::parquet_files::{self, Ending};

/// The objects of a source.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// In the order of their names.
    pub(super) metas: Vec<ObjectMeta>,
    /// Those that are no Parquet, which nobody reads.
    pub(super) left_out: Vec<ObjectMeta>,
    /// Those that are called Parquet and hidden by their name alone: somebody may have meant them.
    pub(super) hidden: Vec<String>,
}

/// A path below the root of the exports. Names are taken as they are: nothing in them is written in another way.
pub(super) fn below(exports: &Exports, relative: &str) -> Result<ObjectPath> {
    let full = format!("{}/{}", exports.root.as_ref(), relative.trim_end_matches('/'));
    ObjectPath::parse(full.trim_matches('/'))
        .map_err(|error| Error::Store { location: format!("{} ({relative})", exports.shown), source: error.into() })
}

pub(super) async fn list(exports: &Exports, name: &str, relative: &str) -> Result<Listed> {
    let full = below(exports, relative)?;
    if !relative.ends_with('/') {
        return Ok(Listed { metas: head(exports, &full).await?.into_iter().collect(), ..Listed::default() });
    }
    refuse_tables_above(exports, name, relative).await?;
    let metas = match &exports.index {
        Some(index) => named(exports, index, relative).await?,
        None => stored(exports, name, &full).await?,
    };
    let depth = full.parts().count();
    let (mut visible, mut hidden) = (Vec::new(), Vec::new());
    for meta in metas {
        let parts: Vec<String> = meta.location.parts().skip(depth).map(|part| part.as_ref().to_owned()).collect();
        if let Some((place, format)) = table_format(&parts) {
            let folder = full.parts().chain(meta.location.parts().skip(depth).take(place)).collect::<ObjectPath>();
            return Err(is_table(exports, name, &folder, format));
        }
        match parts.iter().position(|part| parquet_files::is_hidden(part)) {
            None => visible.push(meta),
            Some(place) if place + 1 == parts.len() && parquet_files::ending(&parts[place]) == Ending::Parquet => {
                hidden.push(parts[place].clone());
            }
            Some(_) => {}
        }
    }
    Ok(Listed { hidden, ..sort_out(exports, name, visible).await? })
}

async fn stored(exports: &Exports, name: &str, full: &ObjectPath) -> Result<Vec<ObjectMeta>> {
    let listed: std::result::Result<Vec<ObjectMeta>, object_store::Error> =
        exports.store.list(Some(full)).try_collect().await;
    let mut metas = match listed {
        Ok(metas) => metas,
        Err(object_store::Error::NotFound { .. }) => Vec::new(),
        // Not that it were no key of a store, but nothing here can ask for it.
        Err(object_store::Error::InvalidPath { source }) => {
            let problem = format!("an object in this folder has a name that cannot be read: {source}; rename it");
            return Err(Error::SourceContract { name: name.to_owned(), object: full.to_string(), problem });
        }
        Err(source) => return Err(not_answered(exports, full, source)),
    };
    metas.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(metas)
}

/// The objects that an index file names below a folder.
async fn named(exports: &Exports, index: &[String], relative: &str) -> Result<Vec<ObjectMeta>> {
    let mut metas = Vec::new();
    for name in index.iter().filter(|name| name.starts_with(relative)) {
        let path = below(exports, name)?;
        metas.push(head(exports, &path).await?.ok_or_else(|| {
            let path = path.to_string();
            let missing = object_store::Error::NotFound { path, source: "named by the index file".into() };
            Error::Store { location: format!("{} ({name})", exports.shown), source: missing }
        })?);
    }
    Ok(metas)
}

async fn head(exports: &Exports, path: &ObjectPath) -> Result<Option<ObjectMeta>> {
    match exports.store.head(path).await {
        Ok(meta) => Ok(Some(meta)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(not_answered(exports, path, source)),
    }
}

fn not_answered(exports: &Exports, path: &ObjectPath, source: object_store::Error) -> Error {
    Error::Store { location: format!("{} ({path})", exports.shown), source }
}

/// Parquet by name is read, names without an ending by their first bytes. A name with another ending that begins as Parquet does
/// is refused: it may be a copy or unfinished, or data with an odd name, and nobody here can know.
async fn sort_out(exports: &Exports, name: &str, metas: Vec<ObjectMeta>) -> Result<Listed> {
    let looked_at = metas.into_iter().map(|meta| async move {
        let ending = parquet_files::ending(meta.location.filename().unwrap_or_default());
        let begins_so = ending != Ending::Parquet && meta.size >= 12 && {
            let start = exports.store.get_range(&meta.location, 0..4).await;
            start.map_err(|source| not_answered(exports, &meta.location, source))?.as_ref() == b"PAR1"
        };
        Ok::<_, Error>((meta, ending, begins_so))
    });
    let looked_at: Vec<_> = futures::stream::iter(looked_at).buffered(8).try_collect().await?;
    let mut listed = Listed::default();
    for (meta, ending, begins_so) in looked_at {
        match (ending, begins_so) {
            (Ending::Parquet, _) | (Ending::None, true) => listed.metas.push(meta),
            (Ending::Other, true) => {
                return Err(Error::SourceContract {
                    name: name.to_owned(),
                    object: meta.location.to_string(),
                    problem: parquet_files::ODD_ENDING.to_owned(),
                });
            }
            // Stores keep such objects for folders.
            (Ending::None, false) if meta.size == 0 => {}
            (_, false) => listed.left_out.push(meta),
        }
    }
    Ok(listed)
}

/// A table format by the parts of a path below a folder: at which part its own folder is, and what it is called.
fn table_format(parts: &[String]) -> Option<(usize, &'static str)> {
    parts.iter().enumerate().find_map(|(place, part)| {
        let has_metadata = || parts.get(place + 1).is_some_and(|file| file.ends_with(".metadata.json"));
        Some((place, parquet_files::table_format(part, has_metadata)?))
    })
}

fn is_table(exports: &Exports, name: &str, folder: &ObjectPath, format: &str) -> Error {
    Error::SourceContract {
        name: name.to_owned(),
        object: if folder.as_ref().is_empty() { exports.shown.clone() } else { folder.to_string() },
        problem: parquet_files::is_table(format),
    }
}

/// A source's folder may be a part of a table whose log lies further up.
async fn refuse_tables_above(exports: &Exports, name: &str, relative: &str) -> Result<()> {
    let folders: Vec<&str> = relative.trim_matches('/').split('/').collect();
    for depth in 0..folders.len() {
        let prefix = folders[..depth].join("/");
        let full = below(exports, &prefix)?;
        if let Some(format) = formats_in(exports, &prefix, &full).await? {
            return Err(is_table(exports, name, &full, format));
        }
    }
    Ok(())
}

async fn formats_in(exports: &Exports, prefix: &str, full: &ObjectPath) -> Result<Option<&'static str>> {
    let folders: BTreeSet<String> = match &exports.index {
        Some(index) => {
            let below =
                index.iter().filter_map(|name| name.strip_prefix(prefix)?.trim_start_matches('/').split_once('/'));
            below.map(|(folder, _)| folder.to_owned()).collect()
        }
        None => match exports.store.list_with_delimiter(Some(full)).await {
            Ok(listed) => listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect(),
            Err(object_store::Error::NotFound { .. }) => BTreeSet::new(),
            Err(source) => return Err(not_answered(exports, full, source)),
        },
    };
    for folder in &folders {
        let mut has_metadata = false;
        if folder == "metadata" {
            let below = full.parts().chain(ObjectPath::from("metadata").parts()).collect::<ObjectPath>();
            let files = stored(exports, prefix, &below).await.unwrap_or_default();
            has_metadata = files.iter().any(|file| file.location.as_ref().ends_with(".metadata.json"));
        }
        if let Some(format) = parquet_files::table_format(folder, || has_metadata) {
            return Ok(Some(format));
        }
    }
    Ok(None)
}
