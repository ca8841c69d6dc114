//! Every file of `tests/cases/bad_input/` breaks one thing in a copy of the project and says what must be printed.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;

use crate::product::{self, NOW, TestResult, equal, holds, run_in};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    edit: Vec<Edit>,
    #[serde(default)]
    write: Vec<Write>,
    #[serde(default)]
    delete: Vec<String>,
    /// Default: a run of the third quarter.
    #[serde(default)]
    arguments: Vec<String>,
    exit: i32,
    says: Vec<String>,
    /// What must not be printed.
    #[serde(default)]
    hides: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    file: String,
    text: String,
}

pub(crate) fn trials() -> Vec<Trial> {
    let folder = product::root().join("tests/cases/bad_input");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.sort();
    // An empty folder must not pass for a green one.
    let count = paths.len();
    let mut trials = vec![Trial::test("bad_input::there_are_cases", move || {
        if count < 15 { Err(Failed::from(format!("only {count} cases in tests/cases/bad_input"))) } else { Ok(()) }
    })];
    trials.extend(paths.into_iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(format!("bad_input::{name}"), move || check(&path).map_err(Failed::from))
    }));
    trials
}

fn check(path: &Path) -> TestResult {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let case: Case = toml::from_str(&text).map_err(|error| error.to_string())?;
    let folder = product::folder()?;
    let project = folder.path().join("project");
    for part in ["sql", "jobs", "reports", "tests/exports/complete_journey"] {
        copy(&product::root().join(part), &project.join(part))?;
    }
    for edit in &case.edit {
        let path = project.join(&edit.file);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !text.contains(&edit.from) {
            return Err(format!("{}: nothing to replace: {}", edit.file, edit.from));
        }
        std::fs::write(&path, text.replacen(&edit.from, &edit.to, 1)).map_err(|error| error.to_string())?;
    }
    for write in &case.write {
        let path = project.join(&write.file);
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| error.to_string())?;
        std::fs::write(&path, &write.text).map_err(|error| error.to_string())?;
    }
    for name in &case.delete {
        let path = project.join(name);
        let gone = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        gone.map_err(|error| format!("{name}: {error}"))?;
    }
    let default = ["run", "jobs/complete-journey.toml", "--period", "2017Q3", "--now", NOW];
    let given: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
    let output = run_in(&project, if given.is_empty() { &default } else { &given })?;
    let said = String::from_utf8_lossy(&output.stderr);
    equal(&format!("{}: exit code; it said {said}", case.about), output.status.code(), Some(case.exit))?;
    for part in &case.says {
        holds(&case.about, &said, part)?;
    }
    let shown = case.hides.iter().find(|part| said.contains(*part));
    equal(&format!("{}: what must be hidden and is not in {said}", case.about), shown, None)?;
    let published = project.join("warehouse/complete-journey/us/2017Q3/published");
    equal("nothing published", published.exists(), false)
}

/// Copies a file, or a folder with all in it.
pub(crate) fn copy(from: &Path, to: &Path) -> TestResult {
    if from.is_dir() {
        std::fs::create_dir_all(to).map_err(|error| error.to_string())?;
        for entry in std::fs::read_dir(from).map_err(|error| error.to_string())?.flatten() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    std::fs::copy(from, to).map(|_| ()).map_err(|error| error.to_string())
}
