//! A lake is one run's view of a market: the pinned exports, the models over them and the tables computed so far.

mod build;
mod compute;
mod done;
mod physical;
mod sorted;
mod table_file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use object_store::ObjectStore;

pub use self::build::BackgroundTask;
pub(crate) use self::build::in_parts;
use self::compute::{Kept, TableWriter};
use self::done::Done;
pub use self::table_file::TableFile;
use self::table_file::shape;
use crate::contract;
use crate::distinct::DistinctTable;
use crate::error::{Error, Result};
use crate::example;
use crate::facets;
use crate::files::{empty_table, listing_table, local_url};
use crate::functions;
use crate::graph::Graph;
use crate::inspect::is_staging;
use crate::lint;
use crate::model::Model;
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

    /// The first rows of a computed table as text, for people.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn preview(&self, table: &str, rows: usize) -> Result<String> {
        let frame = self.context.table(table).await?.limit(0, Some(rows))?;
        let batches = self.collect(table, frame).await?;
        let text = datafusion::arrow::util::pretty::pretty_format_batches(&batches);
        text.map(|text| text.to_string()).map_err(|error| Error::Engine(Box::new(error.into())))
    }

    /// The first row of a source as `column value, …`, for people; `none` if it has none.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn first_row(&self, source: &str) -> Result<String> {
        let frame = self.context.table(format!("source.{}", quoted(source)).as_str()).await?.limit(0, Some(1))?;
        let batches = self.collect(source, frame).await?;
        let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok("none".to_owned()) };
        let schema = batch.schema();
        let cells = schema.fields().iter().zip(batch.columns());
        let cells: Vec<String> =
            cells.map(|(field, column)| format!("{} {}", field.name(), example::shown(column.as_ref(), 0))).collect();
        Ok(cells.join(", "))
    }

    /// The declared schema of a model's table.
    ///
    /// # Errors
    /// `Error::Shape` if there is no such model.
    pub async fn schema_of(&self, model: &str) -> Result<SchemaRef> {
        let provider = self.context.table_provider(model).await;
        if let Ok(provider) = provider {
            return Ok(provider.schema());
        }
        let model = self.graph.models.get(model).ok_or_else(|| shape(model, "any"))?;
        let plan = self.plan(model).await?;
        Ok(Arc::new(plan.schema().as_arrow().clone()))
    }

    /// Plans one model with bound parameters and checks it against its contract; everything it reads must be built.
    pub(crate) async fn plan(&self, model: &Model) -> Result<DataFrame> {
        let plan_error = |source| Error::Plan { path: model.path.clone(), source: Box::new(source) };
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let frame = self.context.sql_with_options(&model.sql, options).await.map_err(plan_error)?;
        let used = frame.logical_plan().get_parameter_names().map_err(plan_error)?;
        let mut bound: Vec<(String, ScalarValue)> = Vec::new();
        for name in used {
            let name = name.trim_start_matches('$').to_owned();
            let Some(value) = self.parameters.get(&name) else {
                let known: Vec<String> = self.parameters.keys().map(|name| format!("${name}")).collect();
                let problem = format!("uses `${name}`; bound values are {}", known.join(", "));
                return Err(Error::ModelFile { path: model.path.clone(), problem });
            };
            bound.push((name, value.clone()));
        }
        let frame = if bound.is_empty() { frame } else { frame.with_param_values(bound).map_err(plan_error)? };
        lint::plan(frame.logical_plan()).map_err(|problem| Error::ModelFile { path: model.path.clone(), problem })?;
        if is_staging(&model.path) {
            lint::money(frame.logical_plan())
                .map_err(|problem| Error::ModelFile { path: model.path.clone(), problem })?;
        }
        contract::check_schema(model, frame.schema().as_arrow())?;
        facets::check_columns(model, frame.schema().as_arrow())?;
        Ok(frame)
    }

    /// Plans every model and audit over what is registered, without computing anything; the tables of `previous` have the shape of
    /// the `customers` that these models give.
    ///
    /// # Errors
    /// The first error of [`Graph`]'s models in order: `Error::Plan`, `Error::ModelFile`, `Error::Contract`.
    pub async fn plan_with_previous(&mut self) -> Result<()> {
        let graph = self.graph.clone();
        // Customers first: whoever reads those of before needs their shape.
        let customers = graph.ancestors(&["customers"]);
        let is_other = |model: &&Model| !customers.iter().any(|first| first.name == model.name);
        let others = graph.order.iter().filter_map(|name| graph.models.get(name)).filter(is_other);
        for model in customers.iter().copied().chain(others) {
            let frame = self.plan_before(model).await?;
            self.replace(&model.name, frame.into_view())?;
        }
        for audit in &graph.audits {
            self.plan_before(audit).await?;
        }
        Ok(())
    }

    /// Plans a model with what it reads of before, empty.
    async fn plan_before(&self, model: &Model) -> Result<DataFrame> {
        for table in model.references.iter().filter_map(|reference| reference.strip_prefix("previous.")) {
            let schema = self.schema_of("customers").await?;
            self.register("previous", table, schema, Vec::new())?;
        }
        self.plan(model).await
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

    /// Runs the audits whose tables are there.
    ///
    /// # Errors
    /// `Error::Audit` with the number of rows and the first of them.
    pub async fn audit(&self) -> Result<usize> {
        let mut audited = 0;
        for audit in &self.graph.audits {
            let is_there = |name: &String| match name.contains('.') {
                true => self.context.table_exist(name.as_str()).unwrap_or(false),
                false => self.done().built.contains(name),
            };
            if !audit.references.iter().all(is_there) {
                continue;
            }
            audited += 1;
            let batches = self.collect(&audit.name, self.plan(audit).await?).await?;
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            if let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) {
                let sample: Vec<String> = batch
                    .schema()
                    .fields()
                    .iter()
                    .zip(batch.columns())
                    .map(|(field, column)| example::cell(field.name(), column.as_ref(), 0))
                    .collect();
                return Err(Error::Audit {
                    audit: audit.name.clone(),
                    about: audit.front.about.clone(),
                    rows,
                    sample: sample.join(", "),
                });
            }
        }
        Ok(audited)
    }

    /// All rows of a computed table or view.
    ///
    /// # Errors
    /// `Error::Execute` / `Error::Memory` / `Error::InputChanged`.
    pub async fn rows(&self, table: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.context.table(table).await?;
        self.collect(table, frame).await
    }

    /// The rows of a query of this crate (never of a user): for reading computed tables.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.context.sql(sql).await?;
        self.collect(sql, frame).await
    }

    /// The rows of a query of this crate that uses the run's bound values.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub(crate) async fn bound_query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.context.sql(sql).await?;
        let used = frame.logical_plan().get_parameter_names()?;
        let names = used.iter().map(|name| name.trim_start_matches('$').to_owned());
        let bound: Vec<(String, ScalarValue)> =
            names.filter_map(|name| Some((name.clone(), self.parameters.get(&name)?.clone()))).collect();
        self.collect(sql, frame.with_param_values(bound)?).await
    }

    /// Hands over the rows of a query of this crate as they come, in any order.
    ///
    /// # Errors
    /// As [`Lake::rows`], and what `visit` gives.
    pub async fn each_batch(&self, sql: &str, mut visit: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let frame = self.context.sql(sql).await?;
        let mut stream = frame.execute_stream().await.map_err(|error| Error::execute(sql, error))?;
        while let Some(batch) = stream.try_next().await.map_err(|error| Error::execute(sql, error))? {
            visit(batch)?;
        }
        Ok(())
    }

    async fn collect(&self, name: &str, frame: DataFrame) -> Result<Vec<RecordBatch>> {
        frame.collect().await.map_err(|error| Error::execute(name, error))
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
