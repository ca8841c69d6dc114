//! Models and audits as plans, checked against what their files say.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::SQLOptions;

use super::Lake;
use super::table_file::shape;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::{contract, example, facets, lint};

impl Lake {
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
        if model.is_staging() {
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
}
