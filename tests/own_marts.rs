//! Every file of `tests/cases/own_marts/` adds models to a copy of the project and says which tables are published with how many rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;

use crate::bad_input::copy;
use crate::product::{self, NOW, TestResult, equal, run_in, succeed, table};

const JOB: &str = "complete-journey";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    periods: String,
    /// By period, rows by table.
    published: BTreeMap<String, BTreeMap<String, usize>>,
    /// The same of a second revision of the last period.
    revision: BTreeMap<String, usize>,
    write: Vec<Write>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    file: String,
    text: String,
}

pub(crate) fn trials() -> Vec<Trial> {
    let folder = product::root().join("tests/cases/own_marts");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.sort();
    let is_empty = paths.is_empty();
    let there = Trial::test("own_marts::there_are_cases", move || match is_empty {
        true => Err(Failed::from("no case in tests/cases/own_marts")),
        false => Ok(()),
    });
    let cases = paths.into_iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(format!("own_marts::{name}"), move || check(&path).map_err(Failed::from))
    });
    [there].into_iter().chain(cases).collect()
}

fn check(path: &Path) -> TestResult {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let case: Case = toml::from_str(&text).map_err(|error| error.to_string())?;
    let folder = product::folder()?;
    let project = folder.path();
    for part in ["sql", "jobs", "reports", "tests/exports/complete_journey"] {
        copy(&product::root().join(part), &project.join(part))?;
    }
    for write in &case.write {
        std::fs::write(project.join(&write.file), &write.text).map_err(|error| error.to_string())?;
    }
    succeed(run_in(project, &["check"])?)?;
    let run = ["run", "jobs/complete-journey.toml", "--now", NOW, "--period"];
    let publish = |more: &[&str]| succeed(run_in(project, &[&run, more].concat())?);
    publish(&[&case.periods])?;
    for (period, expected) in &case.published {
        equal(&format!("{}: {period}", case.about), &own_tables(project, &case, period)?, expected)?;
    }
    let last = case.published.keys().next_back().ok_or("no period")?;
    publish(&[last, "--revise", "a test"])?;
    equal(&format!("{}: revision", case.about), &own_tables(project, &case, last)?, &case.revision)
}

/// Rows of the tables of a period's newest revision that are the case's own.
fn own_tables(project: &Path, case: &Case, period: &str) -> Result<BTreeMap<String, usize>, String> {
    let tables = product::run_folder(&project.join("warehouse"), JOB, "us", period)?.join("tables");
    let names = case.write.iter().filter_map(|write| Path::new(&write.file).file_stem()?.to_str());
    let there = names.map(|name| (name, tables.join(format!("{name}.parquet")))).filter(|(_, path)| path.exists());
    there.map(|(name, path)| Ok((name.to_owned(), table(&path)?.len()))).collect()
}
