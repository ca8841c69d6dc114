//! Tables as files and in memory: how they are written, and how they are read back.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use url::Url;

use crate::error::{Error, Result};
use crate::{private, types};

pub(crate) fn empty_table(schema: SchemaRef) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![]])?))
}

pub(crate) fn listing_table(urls: Vec<ListingTableUrl>, schema: SchemaRef) -> Result<Arc<dyn TableProvider>> {
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config)?))
}

pub(crate) fn local_url(path: &Path) -> Result<ListingTableUrl> {
    let url = Url::from_file_path(path).map_err(|()| Error::Scratch {
        path: path.to_owned(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidInput, "not an absolute path"),
    })?;
    Ok(ListingTableUrl::parse(url)?)
}

pub(crate) fn writer(path: &Path, schema: SchemaRef, properties: WriterProperties) -> Result<ArrowWriter<File>> {
    let scratch = |source| Error::Scratch { path: path.to_owned(), source };
    let file = private::create(path).map_err(scratch)?;
    ArrowWriter::try_new(file, schema, Some(properties)).map_err(|error| scratch(std::io::Error::other(error)))
}

/// Fixed in every respect, so that bytes depend on the rows alone. Dictionaries for text and counts; amounts, probabilities
/// and a key of one column are mostly different from row to row, and smaller without.
pub(crate) fn published_properties(schema: &Schema, grain: &[String]) -> Result<WriterProperties> {
    let level =
        ZstdLevel::try_new(3).map_err(|_| Error::Shape { table: "parquet".to_owned(), column: "zstd".to_owned() })?;
    let compressed = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by("driftline".to_owned())
        // Several threads read a large table back.
        .set_max_row_group_row_count(Some(1 << 18));
    let is_plain = |field: &Field| field.data_type().is_decimal() || *grain == [field.name().as_str()];
    let plain = schema.fields().iter().filter(|field| is_plain(field));
    Ok(plain
        .fold(compressed, |properties, field| {
            properties.set_column_dictionary_enabled(field.name().as_str().into(), false)
        })
        .build())
}

/// Fast rather than small. Dictionaries for text only, which mostly repeats; numbers are read back faster without.
pub(crate) fn scratch_properties(schema: &Schema) -> WriterProperties {
    let texts = schema.fields().iter().filter(|field| types::name(field.data_type()) == "utf8");
    let plain = WriterProperties::builder()
        // Mostly keys and amounts, written once and read back soon from the system's cache: packing them takes more time than it saves.
        .set_compression(Compression::UNCOMPRESSED)
        // What one thread wrote is read back by several, and not much of it waits in memory.
        .set_max_row_group_row_count(Some(1 << 17))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false);
    texts
        .fold(plain, |properties, field| properties.set_column_dictionary_enabled(field.name().as_str().into(), true))
        .build()
}

/// Utf8 for every layout of strings: what files and memory tables of this crate hold.
pub(crate) fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => {
                Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8).with_nullable(true))
            }
            _ => Arc::new(field.as_ref().clone().with_nullable(true)),
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// Views for text that is read from files: it is decoded, joined and filtered without copies.
pub(crate) fn with_views(schema: &SchemaRef) -> SchemaRef {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(view).collect::<Vec<_>>()))
}

pub(crate) fn plain_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            if types::name(column.data_type()) == "utf8" && column.data_type() != field.data_type() {
                datafusion::arrow::compute::cast(column, field.data_type())
            } else {
                Ok(column.clone())
            }
        })
        .collect::<std::result::Result<Vec<_>, _>>()
        .and_then(|columns| RecordBatch::try_new(schema.clone(), columns));
    columns.map_err(|error| Error::Engine(Box::new(error.into())))
}
