//! A source is a declared export: where its Parquet files lie and which columns they must have.
//!
//! A run pins its sources once: it lists the objects, reads every footer, checks the columns, and from then on reads these
//! objects in these versions and nothing else.

mod clock;
mod columns;
mod footer;
mod listing;
mod markets;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use serde::{Deserialize, Serialize};

use self::clock::one_clock;
pub(crate) use self::columns::Origin;
use self::footer::Footer;
use self::listing::list;
pub use self::markets::{Markets, markets};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::parquet_files;
use crate::{types, unfolded};

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
        for (name, source) in &by_name {
            source.check_path().map_err(|problem| wrong(format!("[{name}] path = \"{}\"; {problem}", source.path)))?;
        }
        if !by_name.is_empty() && !by_name.values().any(|source| source.path.contains("{market}")) {
            return Err(wrong(
                "no path has {market}, so there is no market to run; put each market's files into a folder of its own and write \"market={market}/…/\"".to_owned(),
            ));
        }
        if let Some(unknown) = require_any.iter().find(|name| !by_name.contains_key(*name)) {
            return Err(wrong(format!("require_any names `{unknown}`, which is no source of this file")));
        }
        Ok(Self { by_name, require_any })
    }

    /// Refuses a source of order lines that is the same for every market: each would have the money of all. A source without times beside
    /// one that has its market, like a table of products, may be shared.
    ///
    /// # Errors
    /// `Error::ModelFile` with the source and its path.
    pub fn check_markets(&self, sql: &Path, dialect: &str, graph: &Graph) -> Result<()> {
        let read = graph.sources_of("stg_order_lines");
        let lines = || self.by_name.iter().filter(|(name, _)| read.contains(*name));
        let has_market = |source: &Source| source.path.contains("{market}");
        let is_one_told = lines().any(|(_, source)| has_market(source));
        let shared = lines().find(|(_, source)| !has_market(source) && (source.time_column.is_some() || !is_one_told));
        let Some((name, source)) = shared else { return Ok(()) };
        Err(Error::ModelFile {
            path: sql.join("staging").join(dialect).join("sources.toml"),
            problem: format!(
                "[{name}] path = \"{}\" has no {{market}}, and order lines are made of it: every market would have the money of all; put each market's files into a folder of its own",
                source.path
            ),
        })
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

    /// Whether the path is a plain one below the exports.
    fn check_path(&self) -> std::result::Result<(), String> {
        let parts: Vec<&str> = self.path.trim_end_matches('/').split('/').collect();
        let is_plain = parts.iter().all(|part| !part.is_empty() && *part != "." && *part != "..");
        if is_plain {
            Ok(())
        } else {
            Err("expected folders below the exports, like market={market}/orders/".to_owned())
        }
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

/// One object with what was read of it when it was pinned.
#[derive(Debug)]
pub(crate) struct PinnedFile {
    pub(crate) meta: ObjectMeta,
    pub(crate) footer: ArrowReaderMetadata,
    /// Of each declared column, in the order of the schema.
    pub(crate) origins: Vec<Origin>,
}

impl PinnedFile {
    pub(crate) fn rows(&self) -> u64 {
        u64::try_from(self.footer.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Whether columns of the schema are columns of the file, by their place.
    fn is_flat(&self) -> bool {
        self.footer.schema().fields().len() == self.footer.parquet_schema().num_columns()
    }

    /// Nulls of a column by the footer, if it says how many in every row group.
    fn nulls(&self, column: usize) -> Option<u64> {
        let groups = self.footer.metadata().row_groups().iter();
        groups.map(|group| group.columns().get(column)?.statistics()?.null_count_opt()).sum()
    }
}

/// The objects of one source, checked.
#[derive(Clone, Debug)]
pub struct PinnedSource {
    pub name: String,
    pub distinct: bool,
    pub schema: SchemaRef,
    pub metas: Vec<ObjectMeta>,
    pub objects: Vec<PinnedObject>,
    pub(crate) files: Vec<Arc<PinnedFile>>,
    /// Columns of the files that the source does not declare; they are never read.
    pub ignored_columns: Vec<String>,
    /// What else a reader of the figures should know, one sentence each.
    pub notes: Vec<String>,
    /// First and last day of `time_column` by the footers, in the job's time zone.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// What the rows take once they are read, by the footers.
    pub unfolded_bytes: u64,
    /// First and last day of each object, in their order.
    pub object_days: Vec<Option<(NaiveDate, NaiveDate)>>,
}

impl PinnedSource {
    /// Rows by the footers.
    pub fn rows(&self) -> u64 {
        self.objects.iter().map(|object| object.rows).sum()
    }

    /// Whether the footers say of every file that a column has a value in each row.
    pub(crate) fn has_no_null(&self, column: &str) -> bool {
        self.schema.index_of(column).is_ok_and(|place| {
            self.files.iter().all(|file| match file.origins.get(place) {
                Some(Origin::Field { index, .. }) => file.is_flat() && file.nulls(*index) == Some(0),
                _ => false,
            })
        })
    }

    /// The type of a column in the first file that has it.
    pub(crate) fn type_in_files(&self, column: &str) -> Option<DataType> {
        self.files.iter().find_map(|file| Some(file.footer.schema().field_with_name(column).ok()?.data_type().clone()))
    }
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
