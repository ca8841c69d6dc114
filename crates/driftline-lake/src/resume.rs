//! A run that was killed leaves its temporary folder. The next run on the same machine takes over the tables that were finished
//! there, if nothing that they follow from has changed: program, models, bound values, objects of the exports.
//!
//! Only tables that follow from the exports alone are taken over (staged lines, customer days, profiles): they are most of the
//! work, and what comes after them follows from models that are fitted again in a second or two. Small exports are worked with in
//! memory and leave nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use datafusion::common::ScalarValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::private;
use crate::source::PinnedSource;

/// What runs that ended early have left, and who may use it.
#[derive(Clone, Debug, Default)]
pub struct Resume {
    /// What only the same build of the program since the same start of the machine has: files that were written before the
    /// machine failed may be torn. Without it nothing is taken over.
    pub program: Option<String>,
    /// Temporary folders of runs whose process is gone.
    pub folders: Vec<PathBuf>,
}

/// The note beside the parts of a finished table, written last.
#[derive(Debug, Deserialize, Serialize)]
struct Finished {
    fingerprint: String,
    rows: u64,
    /// Names and sizes in bytes.
    parts: Vec<(String, u64)>,
}

/// A table that was taken over.
#[derive(Debug)]
pub(crate) struct TakenOver {
    pub(crate) rows: u64,
    pub(crate) paths: Vec<PathBuf>,
}

const NOTE: &str = "finished.json";

impl Resume {
    /// Whether a run finished a table in its folder, here or one level deeper.
    pub fn has_finished(folder: &Path) -> bool {
        let inside = |folder: &Path| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let deeper = inside(folder).into_iter().map(|below| below.join("tables"));
        let tables = deeper.chain([folder.join("tables")]).flat_map(|tables| inside(&tables));
        tables.into_iter().any(|table| table.join(NOTE).exists())
    }

    /// The same folders, one level deeper.
    pub fn below(&self, name: &str) -> Self {
        Self { program: self.program.clone(), folders: self.folders.iter().map(|folder| folder.join(name)).collect() }
    }

    /// Moves a finished table of that fingerprint to `to`; `None` if there is none. Of two runs that want it one gets it.
    pub(crate) fn take_over(&self, name: &str, fingerprint: &str, to: &Path) -> Option<TakenOver> {
        self.folders.iter().find_map(|folder| {
            let from = folder.join("tables").join(name);
            let finished: Finished = serde_json::from_slice(&fs::read(from.join(NOTE)).ok()?).ok()?;
            let is_whole = |(part, bytes): &(String, u64)| {
                fs::metadata(from.join(part)).is_ok_and(|metadata| metadata.len() == *bytes)
            };
            if finished.fingerprint != fingerprint || !finished.parts.iter().all(is_whole) {
                return None;
            }
            fs::rename(&from, to).ok()?;
            Some(TakenOver {
                rows: finished.rows,
                paths: finished.parts.iter().map(|(part, _)| to.join(part)).collect(),
            })
        })
    }
}

/// Notes that a table is finished.
///
/// # Errors
/// `Error::Scratch` if the note cannot be written or a part is not there.
pub(crate) fn finish(folder: &Path, fingerprint: &str, rows: u64, paths: &[PathBuf]) -> Result<()> {
    let scratch = |source| Error::Scratch { path: folder.to_owned(), source };
    let mut parts = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        parts.push((name, fs::metadata(path).map_err(scratch)?.len()));
    }
    let note = Finished { fingerprint: fingerprint.to_owned(), rows, parts };
    let text = serde_json::to_vec(&note).map_err(|error| scratch(error.into()))?;
    // In one step: a note is whole or not there.
    let half = folder.join("finished.half");
    private::write(&half, &text).and_then(|()| fs::rename(&half, folder.join(NOTE))).map_err(scratch)
}

/// By model, a hash of all that it follows from; models that read anything but exports and such models have none.
pub(crate) fn fingerprints(
    program: &str,
    graph: &Graph,
    parameters: &BTreeMap<String, ScalarValue>,
    sources: &[PinnedSource],
) -> BTreeMap<String, String> {
    let mut common = Sha256::new();
    common.update(program);
    for (name, value) in parameters {
        common.update(format!("\n${name} = {value:?}"));
    }
    let of_sources: BTreeMap<String, String> = sources
        .iter()
        .map(|source| {
            let mut text = format!("{} {:?}", source.distinct, source.schema);
            for meta in &source.metas {
                text.push_str(&format!("\n{meta:?}"));
            }
            (format!("source.{}", source.name), text)
        })
        .collect();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for model in graph.order.iter().filter_map(|name| graph.models.get(name)) {
        let mut hash = common.clone();
        hash.update(format!("\n{:?}\n{}", model.front, model.sql));
        let is_of_exports = model.references.iter().all(|reference| {
            let known = of_sources.get(reference).or_else(|| found.get(reference));
            known.inspect(|text| hash.update(format!("\n{reference} {text}"))).is_some()
        });
        if is_of_exports {
            let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            found.insert(model.name.clone(), digest);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::model::Model;
    use crate::scalar;

    fn graph(lines: &str) -> Graph {
        let about = "/*---\nabout = \"x\"\n---*/\n";
        let models = [
            ("lines", lines),
            ("days", "select order_date from lines"),
            ("scored", "select days.order_date from days inner join fitted.models on true"),
            ("of_scored", "select order_date from scored"),
        ];
        let order = models.iter().map(|(name, _)| (*name).to_owned()).collect();
        let models = models.iter().map(|(name, sql)| {
            let path = PathBuf::from(format!("{name}.sql"));
            ((*name).to_owned(), Model::parse(&path, &format!("{about}{sql}")).unwrap())
        });
        Graph { models: models.collect(), audits: Vec::new(), absent: Default::default(), order }
    }

    fn source(size: u64) -> PinnedSource {
        let meta = object_store::ObjectMeta {
            location: "a.parquet".into(),
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size,
            e_tag: None,
            version: None,
        };
        PinnedSource {
            name: "orders".to_owned(),
            distinct: false,
            schema: std::sync::Arc::new(datafusion::arrow::datatypes::Schema::empty()),
            metas: vec![meta],
            objects: Vec::new(),
            files: Vec::new(),
            ignored_columns: Vec::new(),
            notes: Vec::new(),
            days: None,
            unfolded_bytes: 0,
            object_days: Vec::new(),
        }
    }

    #[test]
    fn a_table_follows_from_program_models_values_and_objects() {
        const LINES: &str = "select order_date from source.orders";
        let as_of = |day: &str| BTreeMap::from([("as_of".to_owned(), scalar::text(day))]);
        let first = fingerprints("1", &graph(LINES), &as_of("2025-01-01"), &[source(7)]);
        let names: Vec<&str> = first.keys().map(String::as_str).collect();
        assert_eq!(names, ["days", "lines"], "what reads fitted models is never taken over");
        let again = fingerprints("1", &graph(LINES), &as_of("2025-01-01"), &[source(7)]);
        assert_eq!(first, again);
        let others = [
            fingerprints("2", &graph(LINES), &as_of("2025-01-01"), &[source(7)]),
            fingerprints("1", &graph(&format!("{LINES} where true")), &as_of("2025-01-01"), &[source(7)]),
            fingerprints("1", &graph(LINES), &as_of("2025-04-01"), &[source(7)]),
            fingerprints("1", &graph(LINES), &as_of("2025-01-01"), &[source(8)]),
        ];
        for other in others {
            assert_ne!(first["days"], other["days"]);
        }
    }

    #[test]
    fn only_a_whole_table_of_the_same_fingerprint_is_taken_over_and_once() {
        let root = std::env::temp_dir().join(format!("driftline-resume-{}", std::process::id()));
        let table = root.join("old/tables/days");
        fs::create_dir_all(&table).unwrap();
        fs::create_dir_all(root.join("new")).unwrap();
        let part = table.join("part-0.parquet");
        fs::write(&part, b"seven b").unwrap();
        let resume = Resume { program: Some("1".to_owned()), folders: vec![root.join("old")] };
        let to = root.join("new/days");
        assert!(resume.take_over("days", "f", &to).is_none(), "not finished");
        finish(&table, "f", 3, std::slice::from_ref(&part)).unwrap();
        assert!(resume.take_over("days", "g", &to).is_none(), "follows from something else");
        fs::write(&part, b"torn").unwrap();
        assert!(resume.take_over("days", "f", &to).is_none(), "not of its size");
        fs::write(&part, b"seven b").unwrap();
        let taken = resume.take_over("days", "f", &to).unwrap();
        assert_eq!((taken.rows, taken.paths), (3, vec![to.join("part-0.parquet")]));
        assert!(resume.take_over("days", "f", &root.join("new/again")).is_none(), "it is gone");
        fs::remove_dir_all(&root).unwrap();
    }
}
