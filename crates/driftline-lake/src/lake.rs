//! A lake is one run's view of a market: the pinned exports, the models over them and the tables computed so far.

mod build;
mod compute;
mod done;
mod physical;
mod plan;
mod rows;
mod sorted;
mod table_file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use object_store::ObjectStore;

pub use self::build::BackgroundTask;
pub(crate) use self::build::in_parts;
use self::compute::{Kept, TableWriter};
use self::done::Done;
pub use self::table_file::TableFile;
use crate::distinct::DistinctTable;
use crate::error::{Error, Result};
use crate::files::{empty_table, listing_table, local_url};
use crate::functions;
use crate::graph::Graph;
use crate::pinned::PinnedStore;
use crate::private;
use crate::resume;
use crate::scan::SourceTable;
use crate::session::{self, Limits};
use crate::source::{PinnedSource, Sources};

/// Names and values that models may use as `$name`.
pub type Parameters = BTreeMap<String, ScalarValue>;

pub struct Lake {
    pub(crate) context: SessionContext,
    graph: Arc<Graph>,
    parameters: Parameters,
    table_writer: Arc<TableWriter>,
    /// How many models are computed at once: while one sorts or writes on one thread, another has the rest of the machine.
    at_once: usize,
    done: Mutex<Done>,
    pub(crate) store: Arc<PinnedStore>,
}

impl Lake {
    /// Opens a session over the pinned exports.
    ///
    /// # Errors
    /// `Error::Scratch` if the scratch folder cannot be made, `Error::Engine` if a source cannot be registered.
    pub fn open(
        limits: &Limits,
        graph: Arc<Graph>,
        parameters: Parameters,
        exports: Arc<dyn ObjectStore>,
        sources: &[PinnedSource],
    ) -> Result<Self> {
        let tables = limits.scratch.join("tables");
        for folder in [&tables, &session::spill_folder(&limits.scratch)] {
            private::create_folders(folder).map_err(|source| Error::Scratch { path: folder.clone(), source })?;
        }
        let context = session::open(limits, &key_of(&parameters))?;
        let metas = sources.iter().flat_map(|source| source.metas.iter().cloned());
        let store = Arc::new(PinnedStore::new(exports, metas));
        for source in sources {
            let table: Arc<dyn TableProvider> = match source.metas.is_empty() {
                true => empty_table(source.schema.clone())?,
                false => Arc::new(SourceTable::new(source, store.clone())),
            };
            let table = if source.distinct { Arc::new(DistinctTable(table)) } else { table };
            context.register_table(format!("source.{}", quoted(&source.name)).as_str(), table)?;
        }
        let fingerprints = match &limits.resume.program {
            Some(program) => resume::fingerprints(program, &graph, &parameters, sources),
            None => BTreeMap::new(),
        };
        let parameters = with_hidden_key(parameters);
        let keeps =
            sources.iter().map(|source| source.unfolded_bytes).fold(0, u64::saturating_add) <= limits.in_memory_most();
        let kept = keeps.then(|| Kept::new(&context));
        Ok(Self {
            context,
            graph,
            parameters,
            table_writer: Arc::new(TableWriter { tables, kept, resume: limits.resume.clone(), fingerprints }),
            at_once: if limits.is_frugal { 1 } else { limits.threads.clamp(1, 2) },
            done: Mutex::default(),
            store,
        })
    }

    /// Opens a session in which every source is empty: enough to plan every model.
    ///
    /// # Errors
    /// As [`Lake::open`].
    pub fn open_empty(limits: &Limits, graph: Arc<Graph>, parameters: Parameters, sources: &Sources) -> Result<Self> {
        let pinned: Vec<PinnedSource> = sources
            .by_name
            .iter()
            .map(|(name, source)| PinnedSource {
                name: name.clone(),
                distinct: source.distinct,
                schema: source.schema(),
                metas: Vec::new(),
                objects: Vec::new(),
                files: Vec::new(),
                ignored_columns: Vec::new(),
                notes: Vec::new(),
                days: None,
                unfolded_bytes: 0,
                object_days: Vec::new(),
            })
            .collect();
        Self::open(limits, graph, parameters, Arc::new(object_store::memory::InMemory::new()), &pinned)
    }

    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Gives the graph a table of the schema `source`, `fitted` or `previous`; replaces one of that name.
    ///
    /// # Errors
    /// `Error::Engine` if the batches do not have the schema.
    pub fn register(&self, schema_name: &str, table: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<()> {
        let name = format!("{schema_name}.{}", quoted(table));
        self.context.deregister_table(name.as_str())?;
        self.context.register_table(name.as_str(), Arc::new(MemTable::try_new(schema, vec![batches])?))?;
        Ok(())
    }

    /// Gives the graph pinned files as one more source, without taking repeated rows out.
    ///
    /// # Errors
    /// `Error::Engine` if it cannot be registered.
    pub(crate) fn register_source(&self, source: &PinnedSource) -> Result<()> {
        let name = format!("source.{}", quoted(&source.name));
        self.context.deregister_table(name.as_str())?;
        self.context.register_table(name.as_str(), Arc::new(SourceTable::new(source, self.store.clone())))?;
        Ok(())
    }

    /// Gives the graph a Parquet file of a folder on this machine.
    ///
    /// # Errors
    /// `Error::Engine` if the file cannot be listed.
    pub fn register_file(&self, schema_name: &str, table: &str, schema: SchemaRef, path: &Path) -> Result<()> {
        let name = format!("{schema_name}.{}", quoted(table));
        self.context.deregister_table(name.as_str())?;
        self.context.register_table(name.as_str(), listing_table(vec![local_url(path)?], schema)?)?;
        Ok(())
    }

    /// Puts rows in the place of a model or of a given table: for unit tests.
    ///
    /// # Errors
    /// `Error::Engine` if the batch does not have the schema.
    pub fn stub(&self, table: &str, schema: SchemaRef, batch: RecordBatch) -> Result<()> {
        match table.split_once('.') {
            Some((schema_name, name)) => self.register(schema_name, name, schema, vec![batch]),
            None => {
                let mut done = self.done();
                done.claimed.insert(table.to_owned());
                done.built.insert(table.to_owned());
                self.replace(table, Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
            }
        }
    }

    fn replace(&self, name: &str, provider: Arc<dyn TableProvider>) -> Result<()> {
        self.context.deregister_table(name)?;
        self.context.register_table(name, provider)?;
        Ok(())
    }

    /// Bytes of the pool that tables hold which are kept in memory.
    pub fn kept_bytes(&self) -> usize {
        self.table_writer.kept.as_ref().map_or(0, Kept::bytes)
    }

    /// Names of the tables that a run that ended early had computed.
    pub fn taken_over(&self) -> Vec<String> {
        let done = self.done();
        done.tables.values().filter(|table| table.is_taken_over).map(|table| table.name.clone()).collect()
    }

    /// The tables that the run computed and that its models publish, by name.
    pub fn published(&self) -> Vec<TableFile> {
        let publish = |name: &str| self.graph.models.get(name).is_some_and(|model| model.front.publish);
        self.done().tables.values().filter(|table| publish(&table.name)).cloned().collect()
    }
}

/// The key of the pseudonyms among bound values.
fn key_of(parameters: &Parameters) -> String {
    let value = parameters.get(functions::KEY_NAME).and_then(|value| value.try_as_str().flatten());
    value.unwrap_or_default().to_owned()
}

/// The same values with the key's name in its place: the function has the key itself.
fn with_hidden_key(mut parameters: Parameters) -> Parameters {
    if let Some(value) = parameters.get_mut(functions::KEY_NAME) {
        *value = crate::scalar::text(functions::KEY);
    }
    parameters
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
