//! Finds and runs the unit tests of models below `tests/models/`.

use std::path::PathBuf;
use std::sync::Arc;

use driftline_lake::graph::Graph;
use driftline_lake::lake::Parameters;
use driftline_lake::session::Limits;
use driftline_lake::source::Sources;
use driftline_lake::unit_test::{self, Case, Tested};

use crate::error::{InPlace, Result};
use crate::setup::project::Project;

/// The models of one dialect, ready to be tested.
pub struct Subject<'a> {
    pub dialect: &'a str,
    /// Cases that name no dialect run with the first one only.
    pub is_first: bool,
    pub graph: &'a Arc<Graph>,
    pub sources: &'a Sources,
    pub parameters: &'a Parameters,
}

/// Runs the cases of a dialect's models (and of the shared ones, if it is the first) and says how many there were.
///
/// # Errors
/// The first case that fails, with its file.
pub async fn run_all(project: &Project, subject: &Subject<'_>, limits: &Limits) -> Result<usize> {
    let mut count = 0;
    for path in cases(project) {
        let shown = path.strip_prefix(&project.root).unwrap_or(&path).display().to_string();
        let case = Case::read(&path).in_place(&shown)?;
        let mine = case.dialect.as_deref().map_or(subject.is_first, |dialect| dialect == subject.dialect);
        if mine {
            let tested = Tested { graph: subject.graph, sources: subject.sources, parameters: subject.parameters };
            unit_test::run(&path, &case, limits, &tested).await.in_place(&shown)?;
            count += 1;
        }
    }
    Ok(count)
}

fn cases(project: &Project) -> Vec<PathBuf> {
    let list = |folder: PathBuf| -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    list(project.root.join("tests").join("models"))
        .into_iter()
        .flat_map(list)
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect()
}
