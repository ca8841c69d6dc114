//! A source is a declared export: where its Parquet files lie and which columns they must have.
//!
//! A run pins its sources once: it lists the objects, reads every footer, checks the columns, and from then on reads these
//! objects in these versions and nothing else.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use chrono::NaiveDate;
use chrono_tz::Tz;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::async_reader::MetadataFetch;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::functions::local_day;
use crate::types;
use crate::unfolded;

/// One declared export, as in `sql/staging/<dialect>/sources.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[serde(default)]
    pub about: String,
    /// Relative to the job's exports URL, with `{market}`; ends in `/` for a folder, else names one object.
    pub path: String,
    /// Whether a market may lack it; then it is "not available", never zero.
    #[serde(default)]
    pub optional: bool,
    /// Whether the export repeats rows: those equal in all declared columns are read once.
    #[serde(default)]
    pub distinct: bool,
    /// Column whose footer statistics tell from when to when the export reaches.
    pub time_column: Option<String>,
    /// `UTC` if the values of `time_column` are; absent if they are local, as the job counts days.
    pub time_zone: Option<String>,
    /// Column name to type; a trailing `?` allows files without the column (it is null there).
    pub columns: BTreeMap<String, String>,
}

/// The sources of a dialect.
#[derive(Clone, Debug)]
pub struct Sources {
    pub by_name: BTreeMap<String, Source>,
    /// At least one of these must have objects.
    pub require_any: Vec<String>,
}

impl Sources {
    /// Reads `sql/staging/<dialect>/sources.toml`.
    ///
    /// # Errors
    /// `Error::ProjectFile` if it cannot be read, `Error::ModelFile` for a key, type or name that is not known.
    pub fn read(sql: &Path, dialect: &str) -> Result<Self> {
        let path = sql.join("staging").join(dialect).join("sources.toml");
        let text =
            std::fs::read_to_string(&path).map_err(|source| Error::ProjectFile { path: path.clone(), source })?;
        let wrong = |problem: String| Error::ModelFile { path: path.clone(), problem };
        let mut table: toml::Table =
            toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        let require_any: Vec<String> = match table.remove("require_any") {
            Some(value) => value.try_into().map_err(|error| wrong(format!("require_any: {error}")))?,
            None => Vec::new(),
        };
        let mut by_name = BTreeMap::new();
        for (name, value) in table {
            let source: Source = value.try_into().map_err(|error| wrong(format!("[{name}]: {error}")))?;
            for (column, type_name) in &source.columns {
                if types::parse(type_name.trim_end_matches('?')).is_none() {
                    return Err(wrong(format!(
                        "[{name}.columns] {column} = \"{type_name}\"; expected {}",
                        types::EXPECTED
                    )));
                }
            }
            if let Some(zone) = source.time_zone.as_ref().filter(|zone| *zone != "UTC") {
                return Err(wrong(format!(
                    "[{name}] time_zone = \"{zone}\"; expected UTC, or nothing for local times"
                )));
            }
            by_name.insert(name, source);
        }
        if let Some(unknown) = require_any.iter().find(|name| !by_name.contains_key(*name)) {
            return Err(wrong(format!("require_any names `{unknown}`, which is no source of this file")));
        }
        Ok(Self { by_name, require_any })
    }
}

impl Source {
    /// The Arrow schema of the declared columns.
    pub fn schema(&self) -> SchemaRef {
        let field = |(name, type_name): (&String, &String)| {
            let data_type = types::parse(type_name.trim_end_matches('?')).unwrap_or(DataType::Null);
            Field::new(name, data_type, true)
        };
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    /// The zone in which the values of `time_column` become days: the job's if they are instants, none if they are local already.
    fn zone_of_days(&self, job: Tz) -> Tz {
        let type_name = self.time_column.as_ref().and_then(|column| self.columns.get(column));
        let is_timestamp = type_name.is_some_and(|name| name.trim_end_matches('?') == "timestamp");
        if is_timestamp && self.time_zone.is_some() { job } else { Tz::UTC }
    }
}

/// One object as the run pinned it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedObject {
    pub source: String,
    pub object: String,
    pub size: u64,
    pub e_tag: Option<String>,
    pub rows: u64,
}

/// The objects of one source, checked.
#[derive(Clone, Debug)]
pub struct PinnedSource {
    pub name: String,
    pub distinct: bool,
    pub schema: SchemaRef,
    pub metas: Vec<ObjectMeta>,
    pub objects: Vec<PinnedObject>,
    /// Columns of the files that the source does not declare; they are never read.
    pub ignored_columns: Vec<String>,
    /// First and last day of `time_column` by the footers, in the job's time zone.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// What the rows take once they are read, by the footers.
    pub unfolded_bytes: u64,
}

/// What of the exports a run looks at.
#[derive(Clone, Debug)]
pub struct Exports {
    pub store: Arc<dyn ObjectStore>,
    /// Path of the exports URL inside the store.
    pub root: ObjectPath,
    /// As a person would write it, for messages.
    pub shown: String,
    /// Object names relative to the root, for servers that cannot list.
    pub index: Option<Vec<String>>,
    /// Zone in which days are counted.
    pub time_zone: Tz,
}

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
    let metas = list(exports, &relative).await?;
    if metas.is_empty() && !source.optional {
        return Err(Error::EmptySource {
            name: name.to_owned(),
            location: format!("{}/{relative}", exports.shown.trim_end_matches('/')),
            hint: "check the market's code, the exports URL of the job and the path in sources.toml".to_owned(),
        });
    }
    let schema = source.schema();
    let footers: Vec<Footer> =
        futures::stream::iter(metas.iter().cloned().map(|meta| read_footer(exports, name, source, meta)))
            .buffered(8)
            .try_collect()
            .await?;
    let mut ignored: Vec<String> = footers.iter().flat_map(|footer| footer.ignored.clone()).collect();
    ignored.sort();
    ignored.dedup();
    let days = footers.iter().filter_map(|footer| footer.days).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let objects = metas
        .iter()
        .zip(&footers)
        .map(|(meta, footer)| PinnedObject {
            source: name.to_owned(),
            object: meta.location.to_string(),
            size: meta.size,
            e_tag: meta.e_tag.clone(),
            rows: footer.rows,
        })
        .collect();
    Ok(PinnedSource {
        name: name.to_owned(),
        distinct: source.distinct,
        schema,
        metas,
        objects,
        ignored_columns: ignored,
        days,
        unfolded_bytes: footers.iter().map(|footer| footer.unfolded_bytes).fold(0, u64::saturating_add),
    })
}

async fn list(exports: &Exports, relative: &str) -> Result<Vec<ObjectMeta>> {
    let location = |path: &ObjectPath| format!("{} ({path})", exports.shown);
    let full = exports.root.parts().chain(ObjectPath::from(relative).parts()).collect::<ObjectPath>();
    let head = |path: ObjectPath| async move {
        match exports.store.head(&path).await {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(Error::Store { location: location(&path), source }),
        }
    };
    if !relative.ends_with('/') {
        return Ok(head(full).await?.into_iter().collect());
    }
    if let Some(index) = &exports.index {
        let mut metas = Vec::new();
        for name in index.iter().filter(|name| name.starts_with(relative) && name.ends_with(".parquet")) {
            let path: ObjectPath = exports.root.parts().chain(ObjectPath::from(name.as_str()).parts()).collect();
            let shown = location(&path);
            metas.push(head(path).await?.ok_or_else(|| Error::Store {
                location: shown.clone(),
                source: object_store::Error::NotFound { path: shown, source: "named by the index file".into() },
            })?);
        }
        return Ok(metas);
    }
    let listed: std::result::Result<Vec<ObjectMeta>, object_store::Error> =
        exports.store.list(Some(&full)).try_collect().await;
    let mut metas = match listed {
        Ok(metas) => metas,
        Err(object_store::Error::NotFound { .. }) => Vec::new(),
        Err(source) => return Err(Error::Store { location: location(&full), source }),
    };
    metas.retain(|meta| meta.location.as_ref().ends_with(".parquet"));
    metas.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(metas)
}

/// Byte ranges of one object, for the footer reader.
struct ObjectRanges {
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
}

impl MetadataFetch for ObjectRanges {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let read = async move {
            let bytes = self.store.get_range(&self.path, range).await;
            bytes.map_err(|error| ParquetError::External(Box::new(error)))
        };
        read.boxed()
    }
}

struct Footer {
    rows: u64,
    ignored: Vec<String>,
    days: Option<(NaiveDate, NaiveDate)>,
    unfolded_bytes: u64,
}

async fn read_footer(exports: &Exports, name: &str, source: &Source, meta: ObjectMeta) -> Result<Footer> {
    let contract =
        |problem: String| Error::SourceContract { name: name.to_owned(), object: meta.location.to_string(), problem };
    let fetch = ObjectRanges { store: exports.store.clone(), path: meta.location.clone() };
    let metadata = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Skip)
        .with_prefetch_hint(Some(64 << 10))
        .load_and_finish(fetch, meta.size)
        .await;
    let footer = metadata
        .and_then(|metadata| ArrowReaderMetadata::try_new(Arc::new(metadata), Default::default()))
        .map_err(|error| unreadable(exports, name, &meta, error))?;
    let found = footer.schema();
    let rows = u64::try_from(footer.metadata().file_metadata().num_rows()).unwrap_or(0);
    for (column, type_name) in &source.columns {
        let declared = types::parse(type_name.trim_end_matches('?')).unwrap_or(DataType::Null);
        match found.column_with_name(column) {
            None if type_name.ends_with('?') => {}
            None => {
                let columns: Vec<&str> = found.fields().iter().map(|field| field.name().as_str()).collect();
                return Err(contract(format!(
                    "column `{column}` ({type_name}) is missing in {rows} rows; found {}; export it again or declare it `\"{type_name}?\"`",
                    columns.join(", ")
                )));
            }
            Some((_, field)) if !types::readable_as(&declared, field.data_type()) => {
                return Err(contract(format!(
                    "column `{column}` is {} in {rows} rows; expected {type_name}; export it again or change sources.toml",
                    types::name(field.data_type())
                )));
            }
            Some(_) => {}
        }
    }
    let ignored = found
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .filter(|column| !source.columns.contains_key(column))
        .collect();
    let days = match &source.time_column {
        Some(column) => days_of(&footer, column, source.zone_of_days(exports.time_zone)).map_err(contract)?,
        None => None,
    };
    Ok(Footer { rows, ignored, days, unfolded_bytes: unfolded::bytes(footer.metadata(), &source.columns) })
}

/// A store that does not answer is told apart from a file that is no Parquet: exporting again would not help.
fn unreadable(exports: &Exports, name: &str, meta: &ObjectMeta, error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) if inner.is::<object_store::Error>() => match inner.downcast() {
            Ok(source) => Error::Store { location: format!("{} ({})", exports.shown, meta.location), source: *source },
            Err(source) => Error::SourceUnreadable {
                name: name.to_owned(),
                object: meta.location.to_string(),
                size: meta.size,
                source,
            },
        },
        error => Error::SourceUnreadable {
            name: name.to_owned(),
            object: meta.location.to_string(),
            size: meta.size,
            source: Box::new(error),
        },
    }
}

/// First and last day of a timestamp or date column by the row groups' statistics; `None` if a group has none.
fn days_of(
    footer: &ArrowReaderMetadata,
    column: &str,
    zone: Tz,
) -> std::result::Result<Option<(NaiveDate, NaiveDate)>, String> {
    let groups = footer.metadata().row_groups();
    let parquet_schema = footer.metadata().file_metadata().schema_descr();
    let converter =
        StatisticsConverter::try_new(column, footer.schema(), parquet_schema).map_err(|error| error.to_string())?;
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    let extreme = |statistics: parquet::errors::Result<Arc<dyn Array>>, latest: bool| {
        let values =
            cast(&statistics.map_err(|error| error.to_string())?, &micros).map_err(|error| error.to_string())?;
        let values = values.as_primitive::<TimestampMicrosecondType>();
        if values.null_count() > 0 || values.is_empty() {
            return Ok::<_, String>(None);
        }
        let values = values.values().iter().copied();
        Ok(if latest { values.max() } else { values.min() })
    };
    let first = extreme(converter.row_group_mins(groups.iter()), false)?;
    let last = extreme(converter.row_group_maxes(groups.iter()), true)?;
    let day = |micros: i64| NaiveDate::from_epoch_days(local_day(micros.div_euclid(1_000_000), zone));
    Ok(first.zip(last).and_then(|(first, last)| Some((day(first)?, day(last)?))))
}

/// The market codes that the exports have, by the folders that the sources' paths name; sorted.
///
/// # Errors
/// `Error::Store` if the store cannot be listed.
pub async fn markets(exports: &Exports, sources: &Sources) -> Result<Vec<String>> {
    let mut found = std::collections::BTreeSet::new();
    for (before, after) in sources.by_name.values().filter_map(|source| source.path.split_once("{market}")) {
        let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
        let market_of = |name: &str| -> Option<String> {
            let rest = name.strip_prefix(prefix)?;
            let end = after.split('/').next().unwrap_or_default();
            Some(rest.strip_suffix(end)?.to_owned())
        };
        if let Some(index) = &exports.index {
            let parts =
                index.iter().filter_map(|name| name.strip_prefix(folder)?.trim_start_matches('/').split('/').next());
            found.extend(parts.filter_map(market_of));
            continue;
        }
        let full: ObjectPath = exports.root.parts().chain(ObjectPath::from(folder).parts()).collect();
        let listed = exports
            .store
            .list_with_delimiter(Some(&full))
            .await
            .map_err(|source| Error::Store { location: format!("{} ({full})", exports.shown), source })?;
        found.extend(listed.common_prefixes.iter().filter_map(|path| market_of(path.filename()?)));
    }
    Ok(found.into_iter().collect())
}

/// First and last day of the exports over *all* markets: one market's last order says nothing about where the export ends.
///
/// # Errors
/// As [`pin`].
pub async fn coverage(exports: &Exports, sources: &Sources) -> Result<Option<(NaiveDate, NaiveDate)>> {
    let mut days: Option<(NaiveDate, NaiveDate)> = None;
    for market in markets(exports, sources).await? {
        for (name, source) in sources.by_name.iter().filter(|(_, source)| source.time_column.is_some()) {
            let optional = Source { optional: true, ..source.clone() };
            let pinned = pin_source(exports, name, &optional, &market).await?;
            days = match (days, pinned.days) {
                (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                (a, b) => a.or(b),
            };
        }
    }
    Ok(days)
}
