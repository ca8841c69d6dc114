//! Files of a project's `sql/` folder by where they lie and what they are called.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::Model;

/// Refuses SQL files that lie where nothing reads them.
pub(super) fn check_folders(sql: &Path) -> Result<()> {
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
pub(super) fn renamed(
    mut own: BTreeMap<String, Model>,
    canonical: &BTreeMap<String, Model>,
) -> BTreeMap<String, Model> {
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
