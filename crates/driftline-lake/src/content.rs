//! The content id of a table: a hash that does not depend on the order of rows, the layout of files or the thread count.

use datafusion::arrow::array::RecordBatch;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::lake::{Lake, ended_early};
use crate::row_hash::row_hashes;

/// Adds up the 128-bit hashes of rows; addition commutes, so equal multisets of rows give equal sums.
#[derive(Default)]
pub struct RowsHash {
    sum: u128,
    rows: u64,
}

impl RowsHash {
    /// # Errors
    /// `Error::Engine` if a column's type cannot be compared.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let hashes =
            row_hashes(batch.columns(), batch.num_rows()).map_err(|error| Error::Engine(Box::new(error.into())))?;
        self.sum = hashes.into_iter().fold(self.sum, u128::wrapping_add);
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    pub fn merge(&mut self, other: &Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.rows += other.rows;
    }

    /// 64 hexadecimal digits.
    pub fn finish(&self, table: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(table.as_bytes());
        hash.update(self.rows.to_le_bytes());
        hash.update(self.sum.to_le_bytes());
        hex(&hash.finalize())
    }
}

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

/// SHA-256 of bytes as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
