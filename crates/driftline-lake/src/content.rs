//! The content id of a table: a hash that does not depend on the order of rows, the layout of files or the thread count.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::dataframe::DataFrame;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use twox_hash::XxHash3_128;

use crate::error::{Error, Result};
use crate::lake::{Lake, ended_early};

/// Adds up the 128-bit hashes of rows; addition commutes, so equal multisets of rows give equal sums.
#[derive(Default)]
pub struct RowsHash {
    sum: u128,
    rows: u64,
}

impl RowsHash {
    /// # Errors
    /// `Error::Engine` if a column's type cannot be turned into comparable rows.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut columns = Vec::with_capacity(batch.num_columns());
        for column in batch.columns() {
            // One layout of strings, so that a reader's choice of views does not change the hash.
            columns.push(match column.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(_, _) => {
                    cast(column, &DataType::Utf8).map_err(arrow_error)?
                }
                _ => column.clone(),
            });
        }
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let rows =
            RowConverter::new(fields).and_then(|converter| converter.convert_columns(&columns)).map_err(arrow_error)?;
        for row in rows.iter() {
            self.sum = self.sum.wrapping_add(XxHash3_128::oneshot(row.as_ref()));
        }
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
    /// Hash of the rows of computed tables, whatever their order; `tables` in the caller's order.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn content(&self, tables: &[&str]) -> Result<Vec<String>> {
        let mut hashes = Vec::new();
        for table in tables {
            hashes.push(hash_of(table, self.context.table(*table).await?).await?);
        }
        Ok(hashes)
    }

    /// Hash of the rows of a query of this crate, whatever their order.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn content_of_query(&self, name: &str, sql: &str) -> Result<String> {
        hash_of(name, self.context.sql(sql).await?).await
    }
}

async fn hash_of(name: &str, frame: DataFrame) -> Result<String> {
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

/// SHA-256 of bytes as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn arrow_error(error: datafusion::arrow::error::ArrowError) -> Error {
    Error::Engine(Box::new(error.into()))
}
