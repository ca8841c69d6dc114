//! The sources that a dialect declares, as in `sql/staging/<dialect>/sources.toml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::types;

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
    pub(super) fn zone_of_days(&self, job: Tz) -> Tz {
        let type_name = self.time_column.as_ref().and_then(|column| self.columns.get(column));
        let is_timestamp = type_name.is_some_and(|name| name.trim_end_matches('?') == "timestamp");
        if is_timestamp && self.time_zone.is_some() { job } else { Tz::UTC }
    }
}
