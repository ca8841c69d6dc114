//! Unit tests of models as files: fixed rows in, fixed rows out. `tests/README.md` shows one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::example::shown;
use crate::graph::Graph;
use crate::lake::{Lake, Parameters};
use crate::session::Limits;
use crate::source::Sources;
use crate::{fitted, scalar, types};

/// One case as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub about: String,
    pub model: String,
    /// Needed for a model of a dialect; cases of shared models run once.
    pub dialect: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, toml::Value>,
    /// Rows of the tables that the model reads, by name. A column that is left out is null.
    #[serde(default)]
    given: BTreeMap<String, Vec<BTreeMap<String, toml::Value>>>,
    /// The rows that must come out, in any order; only the columns that are named are compared.
    expect: Vec<BTreeMap<String, toml::Value>>,
}

impl Case {
    /// # Errors
    /// `Error::UnitTest` if the file does not read or parse.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |problem: String| Error::UnitTest { path: path.to_owned(), problem };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))
    }
}

/// The models that cases are of.
#[derive(Clone, Copy)]
pub struct Tested<'a> {
    pub graph: &'a Arc<Graph>,
    pub sources: &'a Sources,
    /// Bound values that a case does not give itself.
    pub parameters: &'a Parameters,
}

/// Runs one case.
///
/// # Errors
/// `Error::UnitTest` with the rows that are missing and those that are too many; the model's own errors.
pub async fn run(path: &Path, case: &Case, limits: &Limits, tested: &Tested<'_>) -> Result<()> {
    let wrong = |problem: String| Error::UnitTest { path: path.to_owned(), problem };
    let Tested { graph, sources, parameters } = *tested;
    let mut parameters = parameters.clone();
    for (name, value) in &case.parameters {
        let value = match value {
            toml::Value::Integer(number) => scalar::integer(*number),
            other => {
                let text = plain(other);
                text.parse().map_or_else(|_| scalar::text(&text), scalar::date)
            }
        };
        parameters.insert(name.clone(), value);
    }
    let lake = Lake::open_empty(limits, graph.clone(), parameters, sources)?;
    fitted::register_none(&lake)?;
    for (table, rows) in &case.given {
        // The tables of the past have the shape of this period's customers.
        let model = graph.models.get(if table.starts_with("previous.") { "customers" } else { table });
        let schema = match model {
            Some(model) => declared(model)
                .ok_or_else(|| wrong(format!("`{table}` declares no [columns], so it cannot be given")))?,
            None => lake.schema_of(table).await?,
        };
        let batch = batch_of(rows, &schema).map_err(|problem| wrong(format!("given `{table}`: {problem}")))?;
        lake.stub(table, schema, batch)?;
    }
    lake.build(&[&case.model]).await?;
    let found = lake.rows(&case.model).await?;
    let columns: Vec<String> = case.expect.first().map(|row| row.keys().cloned().collect()).unwrap_or_default();
    let mut got = Vec::new();
    for batch in &found {
        for row in 0..batch.num_rows() {
            got.push(line(batch, &columns, row).map_err(wrong)?);
        }
    }
    let mut wanted = Vec::new();
    if let Some(first) = found.first() {
        let batch = batch_of(&case.expect, &first.schema()).map_err(|problem| wrong(format!("expect: {problem}")))?;
        for row in 0..batch.num_rows() {
            wanted.push(line(&batch, &columns, row).map_err(wrong)?);
        }
    }
    got.sort();
    wanted.sort();
    if got == wanted && (found.iter().any(|batch| batch.num_rows() > 0) || case.expect.is_empty()) {
        return Ok(());
    }
    let missing: Vec<&String> = wanted.iter().filter(|row| !got.contains(row)).collect();
    let extra: Vec<&String> = got.iter().filter(|row| !wanted.contains(row)).collect();
    Err(wrong(format!("{}\n  missing: {missing:?}\n  too many: {extra:?}", case.about)))
}

fn declared(model: &crate::model::Model) -> Option<SchemaRef> {
    if model.front.columns.is_empty() {
        return None;
    }
    let fields: Vec<Field> = model
        .front
        .columns
        .iter()
        .map(|(name, column)| Field::new(name, types::parse(&column.type_name).unwrap_or(DataType::Null), true))
        .collect();
    Some(Arc::new(Schema::new(fields)))
}

/// Every value goes through text and Arrow's own cast, so a case reads as an analyst writes it.
fn batch_of(rows: &[BTreeMap<String, toml::Value>], schema: &SchemaRef) -> std::result::Result<RecordBatch, String> {
    if let Some(unknown) = rows.iter().flat_map(BTreeMap::keys).find(|name| schema.index_of(name).is_err()) {
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(format!("no column `{unknown}`; columns are {}", known.join(", ")));
    }
    let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let mut columns: Vec<ArrayRef> = Vec::new();
    for field in schema.fields() {
        let text: StringArray = rows.iter().map(|row| row.get(field.name()).map(plain)).collect();
        let values = cast(&text, field.data_type()).map_err(|error| format!("{}: {error}", field.name()))?;
        if values.null_count() > text.null_count() {
            return Err(format!("column `{}` has a value that is no {}", field.name(), types::name(field.data_type())));
        }
        columns.push(values);
    }
    RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn line(batch: &RecordBatch, columns: &[String], row: usize) -> std::result::Result<String, String> {
    let cells: std::result::Result<Vec<String>, String> = columns
        .iter()
        .map(|name| {
            let values = batch.column_by_name(name).ok_or_else(|| format!("the model gives no column `{name}`"))?;
            let text = if values.data_type() == &DataType::Utf8 && !values.is_null(row) {
                values.as_string::<i32>().value(row).to_owned()
            } else {
                shown(values.as_ref(), row)
            };
            Ok(format!("{name} = {text}"))
        })
        .collect();
    Ok(cells?.join(", "))
}
