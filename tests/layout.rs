//! The layout of `crates/README.md`: no circle of files in a crate, and of the top folders only the arrows that it shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::file_graph::{Files, Module, Needs, circles};
use crate::product::{self, TestResult};

const CRATES: [&str; 7] = [
    "driftline",
    "driftline-core",
    "driftline-lake",
    "driftline-ledger",
    "driftline-report",
    "driftline-simulation",
    "driftline-stats",
];

/// Crates whose folders `crates/README.md` shows with their arrows.
const SHOWN: [&str; 2] = ["driftline-core", "driftline"];

fn needs(name: &str) -> Result<Needs, String> {
    let files = Files::read(&product::root().join("crates").join(name).join("src"))?;
    Ok(files.needs())
}

fn told(module: &Module) -> String {
    if module.is_empty() { "the crate's root".to_owned() } else { module.join("::") }
}

/// A circle with the paths that close it.
fn describe(name: &str, circle: &[Module], needs: &Needs) -> String {
    let mut lines = vec![format!("{name}: {} files need each other", circle.len())];
    for module in circle {
        let inside = needs.get(module).into_iter().flatten().filter(|(target, _)| circle.contains(target));
        lines.extend(inside.map(|(target, path)| format!("  {} needs {} for `{path}`", told(module), told(target))));
    }
    lines.push("  put what both need into a file of its own".to_owned());
    lines.join("\n")
}

pub(crate) fn no_circles() -> TestResult {
    let mut problems = Vec::new();
    for name in CRATES {
        let needs = needs(name)?;
        if needs.len() < 2 {
            return Err(format!("{name}: {} files that need another; expected a crate of files", needs.len()));
        }
        problems.extend(circles(&needs).iter().map(|circle| describe(name, circle, &needs)));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// The arrows of a block ` ```layout <crate>` in `crates/README.md`: `drift -> basics, tables` a line, from the bottom up.
fn shown(name: &str) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let path = product::root().join("crates/README.md");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let start = format!("```layout {name}\n");
    let block = text.split_once(&start).and_then(|(_, rest)| rest.split_once("```"));
    let (block, _) = block.ok_or_else(|| format!("crates/README.md: no block `{}`", start.trim_end()))?;
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in block.lines() {
        let (from, to) = line.split_once("->").ok_or_else(|| format!("crates/README.md: `{line}` is no arrow"))?;
        let to = to.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        let to: BTreeSet<String> = to.collect();
        if let Some(up) = to.iter().find(|part| !arrows.contains_key(*part)) {
            return Err(format!("crates/README.md: `{line}`: {up} is no line above it; arrows lead down"));
        }
        arrows.insert(from.trim().to_owned(), to);
    }
    Ok(arrows)
}

pub(crate) fn folders() -> TestResult {
    SHOWN.into_iter().try_for_each(arrows_of)
}

/// An arrow of the code is shown, and one that is shown is one of the code.
fn arrows_of(name: &str) -> TestResult {
    let shown = shown(name)?;
    let mut found: BTreeMap<String, BTreeSet<String>> =
        shown.keys().map(|folder| (folder.clone(), BTreeSet::new())).collect();
    for (module, targets) in needs(name)? {
        for (target, path) in targets {
            let (Some(from), Some(to)) = (module.first(), target.first()) else { continue };
            if from == to {
                continue;
            }
            if !shown.get(from).is_some_and(|allowed| allowed.contains(to)) {
                let (from_file, to_file) = (told(&module), told(&target));
                return Err(format!(
                    "{name}: {from_file} needs {to_file} for `{path}`, but crates/README.md shows no arrow from {from} to {to}; put it where {from} may look, or draw the arrow"
                ));
            }
            found.entry(from.clone()).or_default().insert(to.clone());
        }
    }
    product::equal(&format!("arrows of {name} in crates/README.md"), &shown, &found)
}

/// What the test would say of files that are known.
pub(crate) fn sample() -> TestResult {
    /// What is tried, its files as module and text, and the circles in them.
    type Case = (&'static str, &'static [(&'static str, &'static str)], usize);
    let cases: [Case; 6] = [
        ("two that use each other", &[("a", "use crate::b::Thing;"), ("b", "fn of() { crate::a::help(); }")], 1),
        ("one way", &[("a", "use crate::b::Thing;"), ("b", "pub struct Thing;")], 0),
        (
            "back only in a test",
            &[("a", "use crate::b::Thing;"), ("b", "#[cfg(test)]\nmod tests { use crate::a::X; }")],
            0,
        ),
        (
            "a name passed on",
            &[("a", "pub use self::c::Thing;"), ("a::c", "use super::d::X;"), ("a::d", "use super::e::Y;")],
            0,
        ),
        (
            "through a name passed on",
            &[("a", "pub use self::c::Thing;"), ("a::c", "use crate::b::Y;"), ("b", "use crate::a::Thing;")],
            1,
        ),
        (
            "texts and comments",
            &[("a", "use crate::b::Thing; // 'x"), ("b", "const A: &str = \"crate::a::X\"; /* crate::a::X */")],
            0,
        ),
    ];
    for (what, texts, expected) in cases {
        let mut files = Files::default();
        for (module, text) in texts {
            files.add(module.split("::").map(str::to_owned).collect(), text);
        }
        product::equal(what, circles(&files.needs()).len(), expected)?;
    }
    Ok(())
}
