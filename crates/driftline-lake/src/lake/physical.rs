//! A query as the engine runs it.

use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;

use crate::error::{Error, Result};
use crate::model::Model;

pub(super) async fn physical(model: &Model, frame: DataFrame) -> Result<(Arc<TaskContext>, Arc<dyn ExecutionPlan>)> {
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await.map_err(|error| Error::execute(&model.name, error))?;
    Ok((context, plan))
}
