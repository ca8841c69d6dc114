//! Which file of a crate needs which: drawn from the `use` lines and the qualified paths of code that is no test.
//!
//! A path leads to the file that defines what it names, through whatever re-exports it. A module that only names what its own files
//! hold (`pub use self::part::Thing;`) does not need them; one that works with the thing does.

mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::tokens::{tokens, without_tests};

/// A module by the parts of its path; the crate's root has none.
pub(crate) type Module = Vec<String>;

/// Of each file, the files that it needs, each with a path that leads there.
pub(crate) type Needs = BTreeMap<Module, BTreeMap<Module, String>>;

/// One name that a `use` line brings into a file.
struct Import {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

struct File {
    imports: Vec<Import>,
    /// Qualified paths outside of `use` lines.
    paths: Vec<Vec<String>>,
    /// Every word outside of `use` lines.
    words: BTreeSet<String>,
}

/// The files of a crate by their modules.
#[derive(Default)]
pub(crate) struct Files(BTreeMap<Module, File>);

impl Files {
    /// Reads a crate from its `lib.rs`, or `main.rs`, and the modules that it declares.
    pub(crate) fn read(source: &Path) -> Result<Self, String> {
        let root = ["lib.rs", "main.rs"].map(|name| source.join(name)).into_iter().find(|path| path.exists());
        let root = root.ok_or_else(|| format!("{}: no lib.rs, no main.rs", source.display()))?;
        let mut files = Self::default();
        files.read_module(&root, source, Module::new())?;
        Ok(files)
    }

    fn read_module(&mut self, path: &Path, folder: &Path, module: Module) -> Result<(), String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for part in self.add(module.clone(), &text) {
            let below = folder.join(&part);
            let candidates = [folder.join(format!("{part}.rs")), below.join("mod.rs")];
            let found = candidates.iter().find(|path| path.exists());
            let found = found.ok_or_else(|| format!("{}: no file for `mod {part};`", path.display()))?;
            let module = module.iter().cloned().chain([part]).collect();
            self.read_module(found, &below, module)?;
        }
        Ok(())
    }

    /// Adds a file and gives the modules that it declares.
    pub(crate) fn add(&mut self, module: Module, text: &str) -> Vec<String> {
        let tokens = without_tests(tokens(text));
        let declared = tokens.windows(3).filter(|part| part[0] == "mod" && part[2] == ";");
        let declared = declared.map(|part| part[1].clone()).collect();
        self.0.insert(module, parsed(&tokens));
        declared
    }

    pub(crate) fn needs(&self) -> Needs {
        let mut needs = Needs::new();
        for (module, file) in &self.0 {
            let named = file.imports.iter().filter(|import| !self.is_facade(module, file, import));
            for path in named.map(|import| &import.path).chain(&file.paths) {
                if let Some(target) = self.defining(module, path, 0).filter(|target| target != module) {
                    needs.entry(module.clone()).or_default().insert(target, path.join("::"));
                }
            }
        }
        needs
    }

    /// Whether a file only passes on what a file below it defines.
    fn is_facade(&self, module: &Module, file: &File, import: &Import) -> bool {
        let is_below = self.defining(module, &import.path, 0).is_some_and(|target| target.starts_with(module));
        import.is_public && is_below && !file.words.contains(&import.name)
    }

    /// The module that defines what a path of a module leads to; `None` outside of the crate.
    fn defining(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        const RE_EXPORTS_MOST: usize = 12;
        let first = path.first().filter(|_| depth < RE_EXPORTS_MOST)?;
        let Some(absolute) = self.absolute(module, path) else {
            let import = self.0[module].imports.iter().find(|import| import.name == *first && import.path != path)?;
            let path: Vec<String> = import.path.iter().chain(&path[1..]).cloned().collect();
            return self.defining(module, &path, depth + 1);
        };
        let known = (0..=absolute.len()).rev().find(|length| self.0.contains_key(&absolute[..*length]))?;
        let (found, rest) = (absolute[..known].to_vec(), &absolute[known..]);
        let imports = &self.0[&found].imports;
        match rest.first().and_then(|next| imports.iter().find(|import| import.name == *next)) {
            Some(import) => {
                let path: Vec<String> = import.path.iter().chain(&rest[1..]).cloned().collect();
                self.defining(&found, &path, depth + 1)
            }
            None => Some(found),
        }
    }

    /// The path from the crate's root, if it is one of the crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let (mut base, mut rest) = (module.clone(), path);
        match path.first()?.as_str() {
            "crate" => (base, rest) = (Module::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {}
            first => {
                base.push(first.to_owned());
                return self.0.contains_key(&base).then(|| module.iter().chain(path).cloned().collect());
            }
        }
        while rest.first().is_some_and(|part| part == "super") {
            base.pop();
            rest = &rest[1..];
        }
        Some(base.into_iter().chain(rest.iter().cloned()).collect())
    }
}

/// Groups of files each of which needs every other one, directly or through others.
pub(crate) fn circles(needs: &Needs) -> Vec<Vec<Module>> {
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        needs.keys().map(|module| (module, reachable(module, needs))).collect();
    let mut circles: Vec<Vec<Module>> = Vec::new();
    for (module, from_it) in &reached {
        let is_told = circles.iter().any(|circle| circle.contains(module));
        if from_it.contains(module) && !is_told {
            let back = |other: &&&Module| reached.get(**other).is_some_and(|from_there| from_there.contains(module));
            circles.push(from_it.iter().filter(back).map(|other| (*other).clone()).collect());
        }
    }
    circles
}

fn reachable<'a>(start: &'a Module, needs: &'a Needs) -> BTreeSet<&'a Module> {
    let (mut found, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(module) = open.pop() {
        for next in needs.get(module).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

fn parsed(tokens: &[String]) -> File {
    let mut file = File { imports: Vec::new(), paths: Vec::new(), words: BTreeSet::new() };
    let (mut at, mut is_public) = (0, false);
    while at < tokens.len() {
        match tokens[at].as_str() {
            "pub" => {
                is_public = true;
                at = if tokens.get(at + 1).is_some_and(|next| next == "(") {
                    after_group(tokens, at + 1)
                } else {
                    at + 1
                };
                continue;
            }
            "use" => {
                let end = at + tokens[at..].iter().position(|token| token == ";").unwrap_or(tokens.len() - at);
                imports(&tokens[at + 1..end], &[], is_public, &mut file.imports);
                at = end;
            }
            word if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                let mut path = vec![word.to_owned()];
                while tokens.get(at + 1).is_some_and(|next| next == "::")
                    && tokens.get(at + 2).is_some_and(|next| is_name(next))
                {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                file.words.extend(path.iter().cloned());
                file.paths.extend(Some(path).filter(|path| path.len() > 1));
            }
            _ => {}
        }
        is_public = false;
        at += 1;
    }
    file
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Behind the group that opens here.
fn after_group(tokens: &[String], open: usize) -> usize {
    tokens[open..].iter().position(|token| token == ")").map_or(tokens.len(), |length| open + length + 1)
}

/// The names of a `use` tree.
fn imports(tree: &[String], before: &[String], is_public: bool, found: &mut Vec<Import>) {
    let mut path = before.to_vec();
    let mut at = 0;
    while at < tree.len() {
        match tree[at].as_str() {
            "::" => {}
            "{" => {
                let inner = &tree[at + 1..tree.len() - 1];
                for part in parts(inner) {
                    imports(part, &path, is_public, found);
                }
                return;
            }
            "as" => {
                found.push(Import { path, name: tree[at + 1].clone(), is_public });
                return;
            }
            name => path.push(name.to_owned()),
        }
        at += 1;
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    if let Some(name) = path.last().cloned() {
        found.push(Import { path, name, is_public });
    }
}

/// What stands between the commas of a group, without those of groups inside.
fn parts(tokens: &[String]) -> Vec<&[String]> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                found.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&tokens[start..]);
    found.into_iter().filter(|part| !part.is_empty()).collect()
}
