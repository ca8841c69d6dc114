//! Facets as files: what their front matter must say, which columns their select must give, and how they are counted.
//!
//! The query of a facet gives rows of customers; one or two queries over it add them up by segment. Sums of amounts are of decimals, so
//! that they are the same whatever the order of rows.

mod query;

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::{DataType, Schema};
use driftline_core::facets::count::{Counted, Sums};
use driftline_core::facets::{Definition, Facet, NotAvailable, Shape};

use self::query::Query;
use crate::content::sha256;
use crate::error::{Error, Result};
use crate::graph::{Graph, nearest};
use crate::lake::Lake;
use crate::model::Model;
use crate::read::Cells;
use crate::types;

/// Facets are files of `sql/facets/`, and nothing else is there.
///
/// # Errors
/// `Error::ModelFile` for a facet elsewhere, or another file there.
pub(crate) fn check_place(model: &Model, is_facets_folder: bool) -> Result<()> {
    let problem = match (&model.front.facet, is_facets_folder) {
        (None, true) => {
            "has no [facet] table in its front matter, which every file of sql/facets/ needs (see sql/README.md)"
        }
        (Some(_), false) => "has a [facet] table; facets are files of sql/facets/",
        (Some(definition), true) if definition.title.trim().is_empty() => "its [facet] has an empty title",
        (Some(definition), true) if definition.shape == Shape::Amount && definition.item.is_none() => {
            "a facet of shape `amount` is a share of an amount: it needs an `item`, or is a `mean`"
        }
        (Some(_), true) if model.front.publish => "a facet is published as rows of persona_facets; leave `publish` out",
        _ => return Ok(()),
    };
    Err(Error::ModelFile { path: model.path.clone(), problem: problem.to_owned() })
}

/// What a sentence leaves out that it should say, if it does.
fn missing_in_says(definition: &Definition) -> Option<String> {
    let says = definition.says.as_ref()?;
    let wrong = |what: &str| Some(format!("[facet] says = \"{says}\" has no {what}"));
    match definition.shape {
        _ if definition.item.is_some() && !says.contains("{}") => wrong("{} for its item"),
        _ if definition.item.is_none() && says.contains("{}") => {
            Some(format!("[facet] says = \"{says}\" has {{}} for an item, and the facet has no `item`"))
        }
        Shape::Amount if !says.contains("{share}") => wrong("{share} for its share"),
        Shape::Mean | Shape::Rate => Some(format!(
            "[facet] says = \"{says}\" is of `has` and `amount` only; a mean or rate is told by its title"
        )),
        _ => None,
    }
}

/// The source that a facet names is a table of the project, and its sentence says what it should.
///
/// # Errors
/// `Error::ModelFile` with the near name, or with what is missing.
pub(crate) fn check_sources(models: &BTreeMap<String, Model>) -> Result<()> {
    for (model, definition) in models.values().filter_map(|model| Some((model, model.front.facet.as_ref()?))) {
        let of_facets =
            model.references.iter().find(|name| models.get(*name).is_some_and(|other| other.front.facet.is_some()));
        if let Some(other) = of_facets {
            let problem = format!("reads the facet `{other}`; a facet reads models and marts");
            return Err(Error::ModelFile { path: model.path.clone(), problem });
        }
        if let Some(problem) = missing_in_says(definition) {
            return Err(Error::ModelFile { path: model.path.clone(), problem });
        }
        if !models.contains_key(&definition.source) {
            let problem = format!(
                "[facet] source is `{}`, which is no table of this project; did the author mean `{}`?",
                definition.source,
                nearest(&definition.source, models.keys().filter(|name| name.starts_with("stg_")))
            );
            return Err(Error::ModelFile { path: model.path.clone(), problem });
        }
    }
    Ok(())
}

/// The select of a facet gives the columns that its shape counts.
///
/// # Errors
/// `Error::ModelFile` with the column that is missing or of another type, and what there is.
pub(crate) fn check_columns(model: &Model, planned: &Schema) -> Result<()> {
    let Some(definition) = &model.front.facet else { return Ok(()) };
    for (column, expected) in needed(definition, planned) {
        let found = planned.column_with_name(&column).map(|(_, field)| field.data_type());
        let fits = match (found, expected) {
            (None, _) => false,
            (Some(found), "boolean") => *found == DataType::Boolean,
            (Some(found), "int64") => *found == DataType::Int64,
            (Some(found), "text") => types::name(found) == "utf8",
            (Some(found), _) => found.is_integer() || matches!(found, DataType::Decimal128(..)),
        };
        if !fits {
            let all: Vec<String> = planned
                .fields()
                .iter()
                .map(|field| format!("{} {}", field.name(), types::name(field.data_type())))
                .collect();
            let problem = format!(
                "a facet of shape `{}` needs a column `{column}` ({expected}); the select gives {}{}",
                shape_name(definition.shape),
                all.join(", "),
                hint(&column, found)
            );
            return Err(Error::ModelFile { path: model.path.clone(), problem });
        }
    }
    Ok(())
}

/// What to write in the place of a column of another type.
fn hint(column: &str, found: Option<&DataType>) -> &'static str {
    match found {
        Some(_) if column == "customer_key" => "; write pseudonym($pseudonym_key, customer_id) as customer_key",
        Some(found) if found.is_floating() => "; write cast(… as decimal(18, 4))",
        _ => "",
    }
}

fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Has => "has",
        Shape::Amount => "amount",
        Shape::Mean => "mean",
        Shape::Rate => "rate",
    }
}

/// Columns that a definition needs, with their kinds; optional ones if they are there.
fn needed(definition: &Definition, planned: &Schema) -> Vec<(String, &'static str)> {
    let mut columns = vec![("customer_key".to_owned(), "int64")];
    columns.extend(definition.item.iter().chain(&definition.group).map(|column| (column.clone(), "text")));
    columns.extend(definition.base.iter().map(|column| (column.clone(), "boolean")));
    columns.extend(match definition.shape {
        Shape::Has => None,
        Shape::Amount => Some(("amount".to_owned(), "whole number or decimal")),
        Shape::Mean => Some(("value".to_owned(), "whole number or decimal")),
        Shape::Rate => Some(("events".to_owned(), "whole number")),
    });
    let optional = [("did", "boolean", Shape::Has), ("exposure", "whole number or decimal", Shape::Rate)];
    let there = optional
        .into_iter()
        .filter(|(column, _, shape)| *shape == definition.shape && planned.column_with_name(column).is_some());
    columns.extend(there.map(|(column, kind, _)| (column.to_owned(), kind)));
    columns
}

/// A facet as the report has it, before anything is counted.
fn facet_of(model: &Model, definition: &Definition, graph: &Graph) -> Facet {
    let is_missing = graph.absent.contains(&definition.source);
    // What is asked follows from the facet's query and from every model that it reads, the staging's too; not from its words.
    let text: Vec<&str> = graph.ancestors(&[&model.name]).into_iter().map(|ancestor| ancestor.sql.as_str()).collect();
    let asked = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        definition.shape, definition.item, definition.group, definition.base, definition.window
    );
    Facet {
        name: model.name.clone(),
        about: model.front.about.clone(),
        definition: definition.clone(),
        source_about: graph.models.get(&definition.source).map_or_else(String::new, |model| model.front.about.clone()),
        fingerprint: sha256([text.join("\n").as_str(), asked.as_str()].join("\n").as_bytes()),
        not_available: is_missing.then_some(NotAvailable::NoSource),
        not_compared: None,
        items_left_out: 0,
        everyone: Vec::new(),
    }
}

/// Counts every facet of the project over the active customers of each segment; everyone is segment 0.
///
/// # Errors
/// `Error::Execute` with the facet's name if a query fails, `Error::Plan` or `Error::Contract` as for any model.
pub async fn count(lake: &Lake, sizes: &BTreeMap<u32, u64>) -> Result<Vec<(Facet, Counted)>> {
    let mut all = Vec::new();
    let facets: Vec<(Model, Definition)> =
        lake.graph().facets().filter_map(|model| Some((model.clone(), model.front.facet.clone()?))).collect();
    for (model, definition) in facets {
        let mut facet = facet_of(&model, &definition, lake.graph());
        let mut counted = Counted::default();
        if facet.not_available.is_none() {
            lake.build(&[&model.name]).await?;
            let schema = lake.schema_of(&model.name).await?;
            let started = std::time::Instant::now();
            let query = Query::new(&model.name, &definition, &schema);
            counted = counted_by(lake, &query, sizes).await?;
            tracing::debug!(facet = model.name, seconds = started.elapsed().as_secs_f64(), "counted");
            if counted.sums.is_empty() {
                facet.not_available = Some(NotAvailable::NoRows);
            }
            counted.keep_most();
        }
        all.push((facet, counted));
    }
    Ok(all)
}

/// A question of a facet: its group and item.
type Question = (Option<String>, Option<String>);

async fn counted_by(lake: &Lake, query: &Query<'_>, sizes: &BTreeMap<u32, u64>) -> Result<Counted> {
    let built = lake.build_once(&query.rows(), &query.by_customer()).await;
    built.map_err(|error| match error {
        // The author knows the facet, not the table of its rows.
        Error::Execute { source, .. } => Error::Execute { model: format!("sql/facets/{}.sql", query.facet), source },
        other => other,
    })?;
    // Who counts, and all that they add below the line, by segment and group.
    let mut bases: BTreeMap<(u32, Option<String>), Sums> = BTreeMap::new();
    if let Some(sql) = query.bases() {
        for batch in lake.query(&sql).await? {
            let cells = Cells { table: query.facet, batch: &batch };
            for row in 0..batch.num_rows() {
                let sums = Sums {
                    of: cells.count("people", row)?,
                    whole: cells.float("whole", row)?.unwrap_or_default(),
                    whole_squares: cells.float("whole_squares", row)?.unwrap_or_default(),
                    ..Sums::default()
                };
                bases.insert((cells.integer("segment", row)? as u32, cells.text("question", row)?), sums);
            }
        }
    }
    let mut counted = Counted::default();
    for batch in lake.query(&query.parts()).await? {
        let cells = Cells { table: query.facet, batch: &batch };
        for row in 0..batch.num_rows() {
            let segment = cells.integer("segment", row)? as u32;
            let question: Question = (cells.text("question", row)?, cells.text("item", row)?);
            let sums = Sums {
                of: cells.count("people", row)?,
                customers: cells.count("customers", row)?,
                part: cells.float("part", row)?.unwrap_or_default(),
                part_size: cells.float("part_size", row)?.unwrap_or_default(),
                whole: cells.float("whole", row)?.unwrap_or_default(),
                part_squares: cells.float("part_squares", row)?.unwrap_or_default(),
                whole_squares: cells.float("whole_squares", row)?.unwrap_or_default(),
                products: cells.float("products", row)?.unwrap_or_default(),
            };
            counted.sums.entry(question).or_default().insert(segment, sums);
        }
    }
    for ((question, _), lines) in &mut counted.sums {
        query.complete(lines, question.as_ref(), &bases, sizes);
    }
    Ok(counted)
}
