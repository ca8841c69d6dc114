//! The content id of a table: a hash that does not depend on the order of rows, the layout of files or the thread count.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, SortField};
use sha2::{Digest, Sha256};
use twox_hash::XxHash3_128;

use crate::error::{Error, Result};

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
