//! A source is a declared export: where its Parquet files lie and which columns they must have.
//!
//! A run pins its sources once: it lists the objects, reads every footer, checks the columns, and from then on reads these
//! objects in these versions and nothing else.

mod clock;
mod columns;
mod declared;
mod footer;
mod listing;
mod markets;
mod pinned_source;

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use self::clock::one_clock;
pub(crate) use self::columns::Origin;
pub use self::declared::{Source, Sources};
use self::footer::Footer;
use self::listing::list;
pub use self::markets::{Markets, markets};
pub(crate) use self::pinned_source::PinnedFile;
pub use self::pinned_source::{Exports, PinnedObject, PinnedSource};
use crate::error::{Error, Result};
use crate::parquet_files;
use crate::unfolded;

/// Lists and checks every source of a market.
///
/// # Errors
/// `Error::EmptySource` for a required source without objects, `Error::SourceUnreadable` / `Error::SourceContract` for a file
/// that is no Parquet or misses or retypes a declared column, `Error::Store` if the store does not answer.
pub async fn pin(exports: &Exports, sources: &Sources, market: &str) -> Result<Vec<PinnedSource>> {
    let mut pinned = Vec::new();
    for (name, source) in &sources.by_name {
        pinned.push(pin_source(exports, name, source, market).await?);
    }
    let any = sources.require_any.is_empty()
        || pinned.iter().any(|source| sources.require_any.contains(&source.name) && !source.metas.is_empty());
    if any {
        return Ok(pinned);
    }
    Err(Error::EmptySource {
        name: sources.require_any.join("` or `"),
        location: format!("{} for market {market}", exports.shown),
        hint: "check the market's code and the exports URL of the job".to_owned(),
    })
}

async fn pin_source(exports: &Exports, name: &str, source: &Source, market: &str) -> Result<PinnedSource> {
    let relative = source.path.replace("{market}", market);
    let listed = list(exports, name, &relative).await?;
    let left_out = listed.left_out.iter().map(|meta| (meta.location.to_string(), meta.size)).collect::<Vec<_>>();
    let notes: Vec<String> =
        parquet_files::not_read(&left_out).into_iter().chain(parquet_files::hidden_note(&listed.hidden)).collect();
    if listed.metas.is_empty() && !source.optional {
        let others = notes.first().map_or_else(String::new, |note| format!("; {note}"));
        return Err(Error::EmptySource {
            name: name.to_owned(),
            location: format!("{}/{relative}", exports.shown.trim_end_matches('/')),
            hint: format!("check the market's code, the exports URL of the job and the path in sources.toml{others}"),
        });
    }
    let footers: Vec<Footer> =
        futures::stream::iter(listed.metas.iter().cloned().map(|meta| footer::read(exports, name, source, meta)))
            .buffered(8)
            .try_collect()
            .await?;
    Ok(pinned_source(exports, name, source, footers, notes))
}

fn pinned_source(
    exports: &Exports,
    name: &str,
    source: &Source,
    mut footers: Vec<Footer>,
    mut notes: Vec<String>,
) -> PinnedSource {
    notes.extend(one_clock(source, &mut footers, exports.time_zone));
    let mut ignored: Vec<String> = footers.iter().flat_map(|footer| footer.ignored.clone()).collect();
    ignored.sort();
    ignored.dedup();
    let days = footers.iter().filter_map(|footer| footer.days).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let object_days = footers.iter().map(|footer| footer.days).collect();
    let unfolded = footers.iter().map(|footer| unfolded::bytes(footer.file.footer.metadata(), &source.columns));
    let unfolded_bytes = unfolded.fold(0, u64::saturating_add);
    let files: Vec<Arc<PinnedFile>> = footers.into_iter().map(|footer| Arc::new(footer.file)).collect();
    let objects = files.iter().map(|file| PinnedObject {
        source: name.to_owned(),
        object: file.meta.location.to_string(),
        size: file.meta.size,
        e_tag: file.meta.e_tag.clone(),
        rows: file.rows(),
    });
    PinnedSource {
        name: name.to_owned(),
        distinct: source.distinct,
        schema: source.schema(),
        metas: files.iter().map(|file| file.meta.clone()).collect(),
        objects: objects.collect(),
        files,
        ignored_columns: ignored,
        notes,
        days,
        unfolded_bytes,
        object_days,
    }
}
