//! The fences of `crates/README.md`, read from `cargo metadata` and the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::product::{self, TestResult};

/// What each crate must not depend on.
const FORBIDDEN: [(&str, &[&str]); 6] = [
    (
        "driftline-stats",
        &["chrono", "datafusion", "arrow", "tokio", "object_store", "driftline-core", "tera", "lettre"],
    ),
    ("driftline-core", &["datafusion", "arrow", "parquet", "tokio", "object_store", "tera", "lettre", "serde_json"]),
    ("driftline-ledger", &["datafusion", "arrow", "parquet", "tera", "lettre", "driftline-lake", "driftline-report"]),
    ("driftline-lake", &["tera", "lettre", "clap", "driftline-ledger", "driftline-report"]),
    (
        "driftline-simulation",
        &["datafusion", "tokio", "object_store", "clap", "tera", "lettre", "driftline-lake", "driftline-ledger"],
    ),
    (
        "driftline-report",
        &["datafusion", "arrow", "parquet", "object_store", "clap", "driftline-lake", "driftline-ledger"],
    ),
];

fn metadata() -> Result<Value, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(product::root())
        .output()
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

pub(crate) fn crates() -> TestResult {
    let metadata = metadata()?;
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().ok_or("no packages")? {
        let names = package["dependencies"].as_array().ok_or("no dependencies")?.iter();
        let names = names.filter_map(|dependency| dependency["name"].as_str().map(str::to_owned));
        uses.insert(package["name"].as_str().unwrap_or_default().to_owned(), names.collect());
    }
    for (name, forbidden) in FORBIDDEN {
        let used = uses.get(name).ok_or_else(|| format!("no crate {name}"))?;
        if let Some(bad) = forbidden.iter().find(|bad| used.contains(**bad)) {
            return Err(format!("{name} uses {bad}, which crates/README.md forbids"));
        }
    }
    // Only these link the query engine.
    let engine: Vec<&String> =
        uses.iter().filter(|(_, used)| used.contains("datafusion")).map(|(name, _)| name).collect();
    product::equal("crates that use datafusion", engine, vec![&"driftline-lake".to_owned()])
}

pub(crate) fn one_version() -> TestResult {
    let lock = std::fs::read_to_string(product::root().join("Cargo.lock")).map_err(|error| error.to_string())?;
    for name in ["arrow", "parquet", "object_store", "datafusion"] {
        let count = lock.matches(&format!("name = \"{name}\"\n")).count();
        product::equal(&format!("versions of {name} in Cargo.lock"), count, 1)?;
    }
    Ok(())
}

pub(crate) fn readme() -> TestResult {
    let read =
        |path: &str| std::fs::read_to_string(product::root().join(path)).map_err(|error| format!("{path}: {error}"));
    let (readme, ci) = (read("README.md")?, read(".ci/run")?);
    for command in ["cargo run -- run jobs/complete-journey.toml --period 2017Q2..2017Q4", "cargo test"] {
        product::holds("README.md", &readme, command)?;
        product::holds(".ci/run", &ci, command)?;
    }
    // The exit codes of the operator's page are those of the program.
    let operations = read("jobs/OPERATIONS.md")?;
    let help = product::run(&["--help"])?;
    for line in help.lines().skip_while(|line| !line.starts_with("Exit codes")).skip(1) {
        for cell in line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()) {
            if let Some((code, meaning)) = cell.split_once("  ") {
                product::holds(
                    "jobs/OPERATIONS.md exit codes",
                    &operations,
                    &format!("| {} | {} |", code.trim(), meaning.trim()),
                )?;
            }
        }
    }
    Ok(())
}
