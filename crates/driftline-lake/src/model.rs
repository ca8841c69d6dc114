//! A model is one SQL file: TOML front matter in the leading comment, then one `select`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::DataType;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast;
use driftline_core::facets;
use driftline_core::naming::HabitWords;
use serde::Deserialize;

use crate::after::{self, After};
use crate::error::{Error, Result};
use crate::types;

/// How a model is kept: computed where it is used, or once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    View,
    Table,
}

/// The front matter as written. Unknown keys are errors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontMatter {
    pub about: String,
    /// Columns that identify a row; published tables are sorted by them and checked to be unique.
    #[serde(default)]
    pub grain: Vec<String>,
    kind: Option<Kind>,
    /// Whether the table becomes part of the publication.
    #[serde(default)]
    pub publish: bool,
    /// What must lie before a run that builds the model.
    #[serde(default, deserialize_with = "after::read")]
    pub after: BTreeSet<After>,
    /// Only in `staging/canonical`: a dialect must provide a file of this name.
    #[serde(default)]
    pub required: bool,
    /// Only in `facets`, and there always: what the answers are and where they are shown.
    pub facet: Option<facets::Definition>,
    #[serde(default)]
    pub columns: BTreeMap<String, Column>,
}

impl FrontMatter {
    /// As it says; else what is published is a table, and all else a view.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(if self.publish { Kind::Table } else { Kind::View })
    }
}

/// The contract and the words of one column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    #[serde(rename = "type")]
    pub type_name: String,
    pub about: String,
    #[serde(default)]
    pub not_null: bool,
    pub min: Option<f64>,
    pub max: Option<f64>,
    #[serde(default)]
    pub values: Vec<String>,
    /// Makes the column a habit that segments may be made of.
    pub habit: Option<Habit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    Linear,
    Log,
}

/// How a habit of customers is estimated from their purchase days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HabitKind {
    /// Purchases by months.
    Rate,
    /// Mean of a figure of purchase days.
    Mean,
    /// Returned by sold amount.
    Ratio,
}

/// A habit that segments may be made of, and its words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habit {
    pub kind: HabitKind,
    /// Of a mean: the column of `int_habit_days`.
    pub of_days: Option<String>,
    #[serde(default = "linear")]
    pub scale: Scale,
    pub label: String,
    /// What names say of it; absent for a habit that they know.
    pub words: Option<HabitWords>,
}

fn linear() -> Scale {
    Scale::Linear
}

/// A model file that parsed: one query, its front matter, and what it reads.
#[derive(Clone, Debug)]
pub struct Model {
    pub name: String,
    pub path: PathBuf,
    pub sql: String,
    pub front: FrontMatter,
    /// Bare names are models; `source.x`, `fitted.x` and `previous.x` are given to the graph.
    pub references: BTreeSet<String>,
}

impl Model {
    /// Reads and parses one file; its name is the file's stem.
    ///
    /// # Errors
    /// `Error::ProjectFile` if it cannot be read; `Error::ModelFile` with the line for broken front matter, a statement that is
    /// not exactly one query, an unknown column type, a grain that is not among the columns, or a function that gives another
    /// answer on another day.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::ProjectFile { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let wrong = |problem: String| Error::ModelFile { path: path.to_owned(), problem };
        let (front, sql) = split_front_matter(text).ok_or_else(|| {
            wrong("expected a leading comment `/*--- … ---*/` with TOML front matter (see sql/README.md)".to_owned())
        })?;
        let front: FrontMatter = toml::from_str(front).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + front[..span.start.min(front.len())].matches('\n').count());
            wrong(format!("front matter, line {line}: {}", error.message()))
        })?;
        if front.publish && front.kind() == Kind::View {
            return Err(wrong(
                "kind = \"view\" and publish = true: a view is never written; expected kind = \"table\"".to_owned(),
            ));
        }
        for (name, column) in &front.columns {
            if types::parse(&column.type_name).is_none() {
                return Err(wrong(format!(
                    "column `{name}` has type `{}`; expected {}",
                    column.type_name,
                    types::EXPECTED
                )));
            }
        }
        if let Some(unknown) =
            front.grain.iter().find(|name| !front.columns.is_empty() && !front.columns.contains_key(*name))
        {
            return Err(wrong(format!("grain names `{unknown}`, which is not among [columns]")));
        }
        let statement = parse_query(sql).map_err(wrong)?;
        let references = references(&statement).map_err(|error| wrong(error.to_string()))?;
        crate::lint::text(&statement).map_err(wrong)?;
        crate::lint::key(sql).map_err(wrong)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, path: path.to_owned(), sql: sql.to_owned(), front, references })
    }

    /// Whether it is of the staging of a dialect, or of the canonical one.
    pub(crate) fn is_staging(&self) -> bool {
        self.path.parent().and_then(Path::parent).is_some_and(|folder| folder.ends_with("staging"))
    }

    /// The declared Arrow type of a column.
    pub fn declared_type(&self, column: &str) -> Option<DataType> {
        types::parse(&self.front.columns.get(column)?.type_name)
    }
}

/// Splits `/*--- front ---*/ sql`.
fn split_front_matter(text: &str) -> Option<(&str, &str)> {
    text.trim_start().strip_prefix("/*---")?.split_once("---*/")
}

fn parse_query(sql: &str) -> std::result::Result<Statement, String> {
    let mut statements = DFParser::parse_sql(sql).map_err(|error| error.to_string())?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(Statement::Statement(statement)), true) if matches!(*statement, ast::Statement::Query(_)) => {
            Ok(Statement::Statement(statement))
        }
        _ => Err("expected exactly one `select` (or `with … select`) and nothing else".to_owned()),
    }
}

fn references(statement: &Statement) -> datafusion::error::Result<BTreeSet<String>> {
    let (tables, _) = resolve_table_references(statement, true)?;
    Ok(tables.iter().map(ToString::to_string).collect())
}
