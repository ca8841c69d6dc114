//! A graph from the files of a project's `sql/` folder, and what is wrong with these files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::places::{check_folders, renamed};
use super::{Graph, edit_distance, nearest};
use crate::error::{Error, Result};
use crate::facets;
use crate::model::Model;

/// Schemas whose tables are given to the graph instead of being models.
const GIVEN: [&str; 3] = ["source", "fitted", "previous"];

impl Graph {
    /// Reads `sql/` for one dialect: canonical staging, replaced by the dialect's files of the same name, then the shared layers.
    ///
    /// # Errors
    /// `Error::ProjectFile` / `Error::ModelFile` for a file that does not read or parse, two files of one name, a reference to no
    /// model, a `source.*` outside staging, a cycle, or a required canonical table that the dialect lacks.
    pub fn read(sql: &Path, dialect: &str) -> Result<Self> {
        let staging = sql.join("staging");
        let folder = staging.join(dialect);
        if !folder.is_dir() {
            return Err(Error::ModelFile {
                path: folder,
                problem: format!("no such dialect; found: {}", dialects(sql).join(", ")),
            });
        }
        let canonical = read_folder(&staging.join("canonical"))?;
        let own = renamed(read_folder(&folder)?, &canonical);
        let mut absent = BTreeSet::new();
        let mut models = BTreeMap::new();
        for (name, mut model) in canonical {
            match own.get(&name) {
                Some(replacement) => {
                    let columns = std::mem::take(&mut model.front.columns);
                    let grain = std::mem::take(&mut model.front.grain);
                    let mut replacement = replacement.clone();
                    replacement.front.columns = columns;
                    replacement.front.grain = grain;
                    models.insert(name, replacement);
                }
                None if model.front.required => {
                    let problem = format!("dialect `{dialect}` has no {name}.sql, which every dialect must provide");
                    return Err(Error::ModelFile { path: folder, problem });
                }
                None => {
                    absent.insert(name.clone());
                    models.insert(name, model);
                }
            }
        }
        for (name, model) in own {
            models.entry(name).or_insert(model);
        }
        for layer in ["intermediate", "marts", "facets"] {
            for (name, model) in read_folder(&sql.join(layer))? {
                facets::check_place(&model, layer == "facets")?;
                if let Some(other) = models.get(&name) {
                    let problem = format!("a model of this name is also in {}", other.path.display());
                    return Err(Error::ModelFile { path: model.path, problem });
                }
                models.insert(name, model);
            }
        }
        check_folders(sql)?;
        let audits: Vec<Model> = read_folder(&sql.join("audits"))?.into_values().collect();
        for model in models.values().chain(&audits) {
            check_references(model, &models, &staging)?;
        }
        check_unread(&models, &audits, &staging, dialect)?;
        let order = topological_order(&models)?;
        let graph = Self { models, audits, absent, order };
        graph.check_after()?;
        facets::check_sources(&graph.models)?;
        Ok(graph)
    }
}

/// The names of the dialects in a project's `sql/` folder.
pub fn dialects(sql: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(sql.join("staging")) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir() && entry.file_name() != "canonical")
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, Model>> {
    // A project from before facets has no folder of them.
    if folder.ends_with("facets") && !folder.exists() {
        return Ok(BTreeMap::new());
    }
    let entries = std::fs::read_dir(folder).map_err(|source| Error::ProjectFile { path: folder.to_owned(), source })?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    paths.sort();
    paths.iter().map(|path| Model::read(path).map(|model| (model.name.clone(), model))).collect()
}

fn check_references(model: &Model, models: &BTreeMap<String, Model>, staging: &Path) -> Result<()> {
    for reference in &model.references {
        let wrong = |problem: String| Err(Error::ModelFile { path: model.path.clone(), problem });
        match reference.split_once('.') {
            Some(("source", _)) if !model.path.starts_with(staging) => {
                return wrong(format!("reads `{reference}`; only staging models may read `source.*`"));
            }
            Some((schema, _)) if GIVEN.contains(&schema) => {}
            Some(_) => return wrong(format!("reads `{reference}`; known schemas are {}", GIVEN.join(", "))),
            None if models.contains_key(reference) => {}
            None => {
                let near = nearest(reference, models.keys());
                return wrong(format!(
                    "reads `{reference}`, which is no model of this project; did the author mean `{near}`?"
                ));
            }
        }
    }
    Ok(())
}

/// Refuses a file of the dialect that nobody reads: mostly an optional table with another name than the canonical one.
fn check_unread(models: &BTreeMap<String, Model>, audits: &[Model], staging: &Path, dialect: &str) -> Result<()> {
    const NEAR: usize = 4;
    let known: BTreeSet<String> = read_folder(&staging.join("canonical"))?.into_keys().collect();
    let is_read = |name: &String| models.values().chain(audits).any(|model| model.references.contains(name));
    let own = models.values().filter(|model| model.path.starts_with(staging.join(dialect)));
    for model in own.filter(|model| !known.contains(&model.name) && !model.front.publish && !is_read(&model.name)) {
        let near = nearest(&model.name, known.iter());
        if model.name.starts_with("stg_") || edit_distance(&model.name, &near) <= NEAR {
            let problem = format!(
                "no model reads `{}`; the canonical tables are {}; did the author mean `{near}`?",
                model.name,
                known.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            );
            return Err(Error::ModelFile { path: model.path.clone(), problem });
        }
    }
    Ok(())
}

fn topological_order(models: &BTreeMap<String, Model>) -> Result<Vec<String>> {
    let mut order: Vec<String> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < models.len() {
        let ready: Vec<&Model> = models
            .values()
            .filter(|model| !done.contains(model.name.as_str()))
            .filter(|model| model.references.iter().all(|name| name.contains('.') || done.contains(name.as_str())))
            .collect();
        if ready.is_empty() {
            let (name, model) = models
                .iter()
                .find(|(name, _)| !done.contains(name.as_str()))
                .map(|(n, m)| (n.clone(), m.path.clone()))
                .unwrap_or_default();
            return Err(Error::ModelFile {
                path: model,
                problem: format!("`{name}` reads itself through other models"),
            });
        }
        for model in ready {
            done.insert(&model.name);
            order.push(model.name.clone());
        }
    }
    Ok(order)
}
