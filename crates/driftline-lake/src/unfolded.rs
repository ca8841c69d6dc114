//! How much room the rows of a Parquet file take once they are read. Files pack: ninety million equal rows are three megabytes.

use std::collections::BTreeMap;

use parquet::basic::Type;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// What a number takes at most, money included.
const NUMBER: u64 = 16;
/// What a text takes besides its letters.
const TEXT: u64 = 16;
/// Letters of a text of which the footer says nothing.
const LETTERS_LEAST: u64 = 8;

/// Bytes of the rows of a file as they are worked with, by its footer; only columns that are read.
pub(crate) fn bytes<T>(metadata: &ParquetMetaData, read: &BTreeMap<String, T>) -> u64 {
    let is_read = |chunk: &&ColumnChunkMetaData| {
        chunk.column_path().parts().first().is_some_and(|name| read.contains_key(name.as_str()))
    };
    metadata
        .row_groups()
        .iter()
        .map(|group| {
            let rows = u64::try_from(group.num_rows()).unwrap_or(0);
            let of_columns = group.columns().iter().filter(is_read).map(|chunk| rows.saturating_mul(width(chunk)));
            of_columns.fold(0, u64::saturating_add)
        })
        .fold(0, u64::saturating_add)
}

fn width(chunk: &ColumnChunkMetaData) -> u64 {
    if chunk.column_type() != Type::BYTE_ARRAY {
        return NUMBER;
    }
    let values = u64::try_from(chunk.num_values()).unwrap_or(0).max(1);
    let each = |bytes: i64| u64::try_from(bytes).unwrap_or(0).div_ceil(values);
    if let Some(bytes) = chunk.unencoded_byte_array_data_bytes() {
        return TEXT + each(bytes);
    }
    // Without that, the longest letters that the footer shows: a dictionary holds a text once, however often it comes.
    let extremes = chunk.statistics().into_iter().flat_map(|found| [found.min_bytes_opt(), found.max_bytes_opt()]);
    let longest = extremes.flatten().map(|bytes| bytes.len() as u64).max().unwrap_or(0);
    TEXT + longest.max(each(chunk.uncompressed_size())).max(LETTERS_LEAST)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    #[test]
    fn equal_rows_count_one_by_one() {
        let rows = 100_000;
        let words: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..rows).map(|_| "a text of some thirty letters.")));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|_| 1)));
        let batch =
            RecordBatch::try_from_iter([("text", words.clone()), ("number", numbers), ("left_out", words)]).unwrap();
        let mut packed = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut packed, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert!(packed.len() < 10_000, "{} bytes", packed.len());
        let reader = SerializedFileReader::new(bytes::Bytes::from(packed)).unwrap();
        let read = BTreeMap::from([("text".to_owned(), ()), ("number".to_owned(), ())]);
        assert_eq!(super::bytes(reader.metadata(), &read), 100_000 * (16 + 30 + 16));
    }
}
