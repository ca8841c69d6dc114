//! The models of one dialect, ordered so that each comes after what it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::facets;
use crate::model::Model;

/// Schemas whose tables are given to the graph instead of being models.
const GIVEN: [&str; 3] = ["source", "fitted", "previous"];

/// All models that a job with this dialect can use, by name, and the audits.
#[derive(Clone, Debug)]
pub struct Graph {
    pub models: BTreeMap<String, Model>,
    pub audits: Vec<Model>,
    /// Canonical tables that the dialect does not provide: empty, and "not available" in the output.
    pub absent: BTreeSet<String>,
    /// Models in an order in which each comes after what it reads.
    pub order: Vec<String>,
}

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

    /// The facets, by name.
    pub fn facets(&self) -> impl Iterator<Item = &Model> {
        self.models.values().filter(|model| model.front.facet.is_some())
    }

    /// The sources that a model is made of.
    pub fn sources_of(&self, model: &str) -> BTreeSet<String> {
        let references = self.ancestors(&[model]).into_iter().flat_map(|model| &model.references);
        references.filter_map(|reference| reference.strip_prefix("source.").map(str::to_owned)).collect()
    }

    /// The models that `targets` need, themselves included, in order.
    pub fn ancestors(&self, targets: &[&str]) -> Vec<&Model> {
        let mut needed: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = targets.to_vec();
        while let Some(name) = open.pop() {
            if let Some(model) = self.models.get(name)
                && needed.insert(&model.name)
            {
                open.extend(model.references.iter().map(String::as_str));
            }
        }
        self.order
            .iter()
            .filter(|name| needed.contains(name.as_str()))
            .filter_map(|name| self.models.get(name))
            .collect()
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

/// Refuses SQL files that lie where nothing reads them.
fn check_folders(sql: &Path) -> Result<()> {
    const READ: [&str; 5] = ["staging", "intermediate", "marts", "facets", "audits"];
    let inside = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let is_sql = |path: &&PathBuf| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sql"));
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for folder in inside(sql) {
        let is_read = READ.contains(&name(&folder).as_str());
        let mut lost = if is_sql(&&folder) { vec![folder.clone()] } else { Vec::new() };
        if folder.is_dir() && name(&folder) != "staging" {
            let files = inside(&folder);
            let of_other_endings =
                |path: &&PathBuf| is_sql(path) && path.extension().is_some_and(|ending| ending != "sql");
            lost.extend(
                files.iter().filter(|path| if is_read { of_other_endings(path) } else { is_sql(path) }).cloned(),
            );
            lost.extend(
                files.iter().filter(|path| path.is_dir()).flat_map(|below| inside(below)).filter(|path| is_sql(&path)),
            );
        }
        if let Some(path) = lost.first() {
            let problem =
                format!("is read by nothing; models are files of sql/{}/ that end in .sql", READ[1..].join("/, sql/"));
            return Err(Error::ModelFile { path: path.clone(), problem });
        }
    }
    Ok(())
}

/// Names of canonical tables before they had the one that they have.
const FORMER_NAMES: [(&str, &str); 1] = [("stg_contacts", "stg_campaign_responses")];

/// The dialect's files by today's names of the canonical tables.
fn renamed(mut own: BTreeMap<String, Model>, canonical: &BTreeMap<String, Model>) -> BTreeMap<String, Model> {
    for (former, name) in FORMER_NAMES {
        if !canonical.contains_key(name) || own.contains_key(name) {
            continue;
        }
        if let Some(mut model) = own.remove(former) {
            tracing::warn!("{}: the table is called {name} now; rename the file", model.path.display());
            name.clone_into(&mut model.name);
            own.insert(name.to_owned(), model);
        }
    }
    own
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

/// The known name with the smallest edit distance.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    known.min_by_key(|candidate| edit_distance(name, candidate)).cloned().unwrap_or_default()
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(ca != *cb)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}
