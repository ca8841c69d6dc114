//! Builds models in the order in which they need each other, as many at once as the machine has use for.

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::DataFrame;
use tokio::task::{JoinHandle, JoinSet};

use super::Lake;
use super::compute::Computed;
use super::done::Done;
use crate::error::{Error, Result};
use crate::failure::ended_early;
use crate::model::{Kind, Model};

/// The same query, computed in so many parts.
pub(crate) fn in_parts(frame: DataFrame, partitions: usize) -> DataFrame {
    let (state, plan) = frame.into_parts();
    // Else the builder would put an empty catalog in the place of this one.
    let config = state.config().clone().with_create_default_catalog_and_schema(false);
    let config = config.with_target_partitions(partitions.max(1));
    DataFrame::new(SessionStateBuilder::new_from_existing(state).with_config(config).build(), plan)
}

/// Work on a lake that goes on while something else is done, and stops if this is dropped; where only one thing is done at a
/// time, it waits until it is asked for.
pub enum BackgroundTask<T> {
    Begun(JoinHandle<Result<T>>),
    Waiting(Pin<Box<dyn Future<Output = Result<T>> + Send>>),
}

impl<T> BackgroundTask<T> {
    /// Waits for it.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn finished(mut self) -> Result<T> {
        match &mut self {
            Self::Begun(task) => {
                task.await.map_err(|error| Error::execute("work beside the fits", ended_early(error)))?
            }
            Self::Waiting(work) => work.await,
        }
    }
}

impl<T> Drop for BackgroundTask<T> {
    fn drop(&mut self) {
        if let Self::Begun(task) = self {
            task.abort();
        }
    }
}

impl Lake {
    /// Computes the named models and whatever they need that is not there yet; models that do not need each other at the same
    /// time, unless that takes too much memory. Another build may go on beside it if none of the two needs what the other one
    /// computes.
    ///
    /// # Errors
    /// `Error::Plan`, `Error::Contract`, `Error::Execute`, `Error::Memory` or `Error::InputChanged`, naming the model.
    pub async fn build(&self, targets: &[&str]) -> Result<()> {
        self.build_in_parts(targets, None).await
    }

    /// Computes the same beside something else that keeps the machine busy: in fewer parts, which is less work.
    ///
    /// # Errors
    /// As [`Lake::build`].
    pub async fn build_beside(&self, targets: &[&str]) -> Result<()> {
        let partitions = self.context.state().config().target_partitions();
        self.build_in_parts(targets, (self.at_once > 1).then_some(partitions / self.at_once)).await
    }

    async fn build_in_parts(&self, targets: &[&str], partitions: Option<usize>) -> Result<()> {
        let graph = self.graph.clone();
        let mut waiting = graph.ancestors(targets);
        waiting.retain(|model| self.done().claimed.insert(model.name.clone()));
        let mut at_once = self.at_once;
        let mut running = JoinSet::new();
        loop {
            let is_free = running.len() < at_once;
            // With nothing at work the first one is next, whatever it lacks: planning says what.
            let next = waiting.iter().position(|model| is_free && (running.is_empty() || self.can_be_planned(model)));
            if let Some(place) = next {
                self.begin(waiting.remove(place), partitions, &mut running).await?;
                continue;
            }
            let Some(computed) = running.join_next().await else { return Ok(()) };
            match computed.map_err(|error| Error::execute("a model", ended_early(error)))? {
                Err(Error::Memory { model, source }) if at_once > 1 => {
                    tracing::debug!(model, cause = %source, "too little memory for several models at once");
                    at_once = 1;
                    waiting.splice(0..0, graph.models.get(&model));
                }
                computed => self.finish(computed?)?,
            }
        }
    }

    fn can_be_planned(&self, model: &Model) -> bool {
        let done = self.done();
        model.references.iter().all(|name| done.built.contains(name) || !self.graph.models.contains_key(name))
    }

    /// Makes a view known, or puts a table to work.
    async fn begin(
        &self,
        model: &Model,
        partitions: Option<usize>,
        running: &mut JoinSet<Result<Computed>>,
    ) -> Result<()> {
        let started = Instant::now();
        let frame = self.plan(model).await?;
        let frame = match partitions {
            Some(partitions) => in_parts(frame, partitions),
            None => frame,
        };
        if model.front.kind() == Kind::View {
            self.replace(&model.name, frame.into_view())?;
            self.done().built.insert(model.name.clone());
            return Ok(());
        }
        let (table_writer, model) = (self.table_writer.clone(), model.clone());
        running.spawn(async move {
            let computed = table_writer.compute(&model, frame).await?;
            let seconds = started.elapsed().as_secs_f64();
            tracing::debug!(model = model.name, seconds, rows = computed.1.rows, "computed");
            Ok(computed)
        });
        Ok(())
    }

    /// Computes a query of this crate once, as a table of that name that is not published.
    ///
    /// # Errors
    /// As [`Lake::build`].
    pub(crate) async fn build_once(&self, name: &str, sql: &str) -> Result<()> {
        let text = format!("/*---\nabout = \"Rows of {name}.\"\nkind = \"table\"\n---*/\n{sql}");
        let model = Model::parse(Path::new(&format!("{name}.sql")), &text)?;
        let frame = self.plan(&model).await?;
        self.finish(self.table_writer.compute(&model, frame).await?)
    }

    fn finish(&self, (provider, file): Computed) -> Result<()> {
        self.replace(&file.name, provider)?;
        let mut done = self.done();
        done.built.insert(file.name.clone());
        done.tables.insert(file.name.clone(), file);
        Ok(())
    }

    pub(super) fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something beside whatever the caller does next.
    pub fn in_background<T: Send + 'static, F>(self: &Arc<Self>, work: impl FnOnce(Arc<Self>) -> F) -> BackgroundTask<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = work(Arc::clone(self));
        if self.at_once == 1 {
            BackgroundTask::Waiting(Box::pin(work))
        } else {
            BackgroundTask::Begun(tokio::spawn(work))
        }
    }
}
