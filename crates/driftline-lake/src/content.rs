//! The content id of a table: a hash that does not depend on the order of rows, the layout of files or the thread count.

use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::failure::ended_early;
use crate::lake::Lake;
pub use crate::row_hash::{RowsHash, sha256};

impl Lake {
    /// Hash of the rows of a query of this crate, whatever their order.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn content_of_query(&self, name: &str, sql: &str) -> Result<String> {
        let frame = self.context.sql(sql).await?;
        let streams = frame.execute_stream_partitioned().await.map_err(|error| Error::execute(name, error))?;
        let parts = streams.into_iter().map(|mut stream| {
            tokio::spawn(async move {
                let mut hash = RowsHash::default();
                while let Some(batch) = stream.try_next().await? {
                    hash.add(&batch)?;
                }
                Ok::<_, Error>(hash)
            })
        });
        let mut hash = RowsHash::default();
        for part in futures::future::join_all(parts).await {
            hash.merge(&part.map_err(|error| Error::execute(name, ended_early(error)))??);
        }
        Ok(hash.finish(name))
    }
}
