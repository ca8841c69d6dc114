//! The wings of the program, read from its files: each uses those after it and none before it, and no file leads back to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::product::{self, TestResult};

/// As `crates/README.md` orders them.
const WINGS: [&str; 5] = ["command", "operate", "run", "mail", "setup"];

/// The path of a file's module, the crate's own is empty.
type Module = Vec<String>;

pub(crate) fn order() -> TestResult {
    let uses = uses()?;
    let place = |module: &Module| WINGS.iter().position(|wing| module.first().is_some_and(|first| first == wing));
    for (module, used) in &uses {
        if let Some(above) = used.iter().find(|used| place(used) < place(module) && place(used).is_some()) {
            return Err(format!("{} uses {}, a wing before it", module.join("/"), above.join("/")));
        }
    }
    let wings = uses.keys().filter_map(place).collect::<BTreeSet<_>>();
    product::equal("wings with files", wings.len(), WINGS.len())
}

pub(crate) fn circles() -> TestResult {
    let uses = uses()?;
    let mut done = BTreeSet::new();
    for module in uses.keys() {
        let mut way = Vec::new();
        if let Some(circle) = circle(module, &uses, &mut way, &mut done) {
            return Err(format!("files lead back to themselves: {circle}"));
        }
    }
    Ok(())
}

fn circle(
    module: &Module,
    uses: &BTreeMap<Module, BTreeSet<Module>>,
    way: &mut Vec<Module>,
    done: &mut BTreeSet<Module>,
) -> Option<String> {
    if let Some(start) = way.iter().position(|before| before == module) {
        return Some(way[start..].iter().map(|module| module.join("/")).collect::<Vec<_>>().join(" → "));
    }
    if done.contains(module) {
        return None;
    }
    way.push(module.clone());
    let found = uses[module].iter().find_map(|used| circle(used, uses, way, done));
    way.pop();
    done.insert(module.clone());
    found
}

/// The files of the program, each with those that it names by path.
fn uses() -> Result<BTreeMap<Module, BTreeSet<Module>>, String> {
    let mut texts = BTreeMap::new();
    read(&product::root().join("crates/driftline/src"), &Vec::new(), &mut texts)?;
    let of = |module: &Module, text: &String| {
        let named = paths(text).into_iter().filter_map(|path| absolute(module, &path));
        let files = named.filter_map(|path| {
            (1..=path.len()).rev().map(|end| path[..end].to_vec()).find(|path| texts.contains_key(path))
        });
        files.filter(|used| used != module).collect()
    };
    let uses: BTreeMap<Module, BTreeSet<Module>> =
        texts.iter().map(|(module, text)| (module.clone(), of(module, text))).collect();
    // A reader that finds nothing would pass everything.
    let count: usize = uses.values().map(BTreeSet::len).sum();
    if count < 300 { Err(format!("only {count} uses found")) } else { Ok(uses) }
}

/// Code of all files below a folder, by module; without comments, and without tests, which stand at the end.
fn read(folder: &Path, module: &Module, texts: &mut BTreeMap<Module, String>) -> TestResult {
    for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())?.flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let own = [module.as_slice(), std::slice::from_ref(&name)].concat();
        if path.is_dir() {
            read(&path, &own, texts)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "main" {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines: Vec<&str> = code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
            let is_folders = matches!(name.as_str(), "mod" | "lib");
            texts.insert(if is_folders { module.clone() } else { own }, lines.join("\n"));
        }
    }
    Ok(())
}

/// What begins with `crate::`, `self::` or `super::`, groups taken apart.
fn paths(text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for start in ["crate::", "self::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':') {
                expand(&[], &text[at..], &mut found);
            }
        }
    }
    found
}

/// Follows a path as far as it goes; gives what is left of the text.
fn expand<'a>(prefix: &[&'a str], text: &'a str, found: &mut Vec<Vec<&'a str>>) -> &'a str {
    let mut path = prefix.to_vec();
    let mut rest = text.trim_start();
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            rest = group;
            while !rest.trim_start().starts_with('}') {
                rest = expand(&path, rest, found).trim_start().trim_start_matches(',');
                if rest.is_empty() {
                    return rest;
                }
            }
            return &rest.trim_start()[1..];
        }
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        path.push(&rest[..end]);
        match rest[end..].strip_prefix("::") {
            Some(more) => rest = more,
            None => {
                found.push(path);
                // `as` another name, or a star.
                let next = rest[end..].find([',', '}', ';']).unwrap_or(rest.len() - end);
                return &rest[end + next..];
            }
        }
    }
}

/// A path from the crate's own module; `None` for one of another crate.
fn absolute(module: &Module, path: &[&str]) -> Option<Module> {
    let mut base = module.clone();
    let mut parts = path;
    loop {
        match parts.split_first()? {
            (&"crate", more) => (base, parts) = (Vec::new(), more),
            (&"self", more) => parts = more,
            (&"super", more) => {
                base.pop();
                parts = more;
            }
            _ => return Some(base.into_iter().chain(parts.iter().map(|part| (*part).to_owned())).collect()),
        }
    }
}
