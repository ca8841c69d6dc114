//! The footer of one pinned object: is it Parquet, has it the declared columns, and how far do its times reach?

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::NaiveDate;
use chrono_tz::Tz;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::async_reader::MetadataFetch;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};

use super::columns::{self, Origin};
use super::{Exports, PinnedFile, Source};
use crate::boundary;
use crate::error::{Error, Result};
use crate::functions::local_day;
use crate::parquet_files;

/// What was read of a file without reading its rows.
pub(super) struct Footer {
    pub(super) file: PinnedFile,
    /// The file's own types, before they are read as others.
    pub(super) plain: SchemaRef,
    pub(super) ignored: Vec<String>,
    pub(super) days: Option<(NaiveDate, NaiveDate)>,
}

/// Byte ranges of one object, for the footer reader.
struct ObjectRanges {
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
}

impl MetadataFetch for ObjectRanges {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let read = async move {
            let bytes = self.store.get_range(&self.meta.location, range).await;
            bytes.map_err(|error| ParquetError::External(Box::new(error)))
        };
        read.boxed()
    }
}

pub(super) async fn read(exports: &Exports, name: &str, source: &Source, meta: ObjectMeta) -> Result<Footer> {
    let contract =
        |problem: String| Error::SourceContract { name: name.to_owned(), object: meta.location.to_string(), problem };
    let fetch = ObjectRanges { store: exports.store.clone(), meta: meta.clone() };
    let load = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Skip)
        .with_prefetch_hint(Some(64 << 10))
        .load_and_finish(fetch, meta.size);
    let metadata = boundary::awaited(load).await.map_err(|error| unreadable(exports, name, &meta, error))?;
    let plain = boundary::read(|| ArrowReaderMetadata::try_new(Arc::new(metadata), Default::default()));
    let plain = plain.map_err(|error| unreadable(exports, name, &meta, error))?;
    let rows = rows(&plain).map_err(|error| unreadable(exports, name, &meta, error))?;
    let types = plain.schema().clone();
    let origins = columns::origins(source, &types, &meta.location, rows).map_err(contract)?;
    let days = match &source.time_column {
        Some(column) => boundary::read(|| days_of(&plain, column, source.zone_of_days(exports.time_zone)))
            .map_err(|error| unreadable(exports, name, &meta, error))?,
        None => None,
    };
    let wanted = as_views(source, &types, &origins);
    let footer = boundary::read(|| parquet_files::retyped(plain, TimeUnit::Microsecond, wanted))
        .map_err(|error| unreadable(exports, name, &meta, error))?;
    let fields = types.fields().iter().map(|field| field.name().clone());
    let ignored = fields.filter(|column| !source.columns.contains_key(column)).collect();
    Ok(Footer { file: PinnedFile { meta, footer, origins }, plain: types, ignored, days })
}

/// Text is read as views: it is decoded, joined and filtered without copies.
fn as_views(source: &Source, found: &Schema, origins: &[Origin]) -> impl Fn(&Field) -> Option<DataType> {
    let is_text = |data_type: &DataType| match data_type {
        DataType::Dictionary(_, value) => matches!(**value, DataType::Utf8 | DataType::LargeUtf8),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8),
    };
    let texts: Vec<String> = source
        .columns
        .iter()
        .zip(origins)
        .filter(|((_, type_name), _)| type_name.trim_end_matches('?') == "utf8")
        .filter(|(_, origin)| matches!(origin, Origin::Field { index, .. } if is_text(found.field(*index).data_type())))
        .map(|((column, _), _)| column.clone())
        .collect();
    move |field| texts.contains(field.name()).then_some(DataType::Utf8View)
}

/// The rows of a file, if its parts agree about them.
fn rows(footer: &ArrowReaderMetadata) -> parquet::errors::Result<u64> {
    let whole = footer.metadata().file_metadata().num_rows();
    let parts = footer.metadata().row_groups().iter().map(|group| group.num_rows());
    let has_negative = whole < 0 || footer.metadata().row_groups().iter().any(|group| group.num_rows() < 0);
    let sum = parts.fold(0i64, i64::saturating_add);
    if has_negative || sum != whole {
        return Err(ParquetError::General(format!("its footer says {whole} rows, and {sum} in its parts")));
    }
    Ok(whole.unsigned_abs())
}

/// A store that does not answer is told apart from a file that is no Parquet: exporting again would not help.
fn unreadable(exports: &Exports, name: &str, meta: &ObjectMeta, error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) if inner.is::<object_store::Error>() => match inner.downcast() {
            Ok(source) => Error::Store { location: format!("{} ({})", exports.shown, meta.location), source: *source },
            Err(source) => Error::SourceUnreadable {
                name: name.to_owned(),
                object: meta.location.to_string(),
                size: meta.size,
                source,
            },
        },
        error => Error::SourceUnreadable {
            name: name.to_owned(),
            object: meta.location.to_string(),
            size: meta.size,
            source: Box::new(error),
        },
    }
}

/// First and last day of a timestamp or date column by the row groups' statistics; `None` if a group has none.
fn days_of(
    footer: &ArrowReaderMetadata,
    column: &str,
    zone: Tz,
) -> parquet::errors::Result<Option<(NaiveDate, NaiveDate)>> {
    if footer.schema().column_with_name(column).is_none() {
        return Ok(None);
    }
    let groups = || footer.metadata().row_groups().iter().filter(|group| group.num_rows() > 0);
    let parquet_schema = footer.metadata().file_metadata().schema_descr();
    let converter = StatisticsConverter::try_new(column, footer.schema(), parquet_schema)?;
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    let extreme = |statistics: Arc<dyn Array>, latest: bool| {
        let values = cast(&statistics, &micros)?;
        let values = values.as_primitive::<TimestampMicrosecondType>();
        if values.null_count() > 0 || values.is_empty() {
            return Ok::<_, ParquetError>(None);
        }
        let values = values.values().iter().copied();
        Ok(if latest { values.max() } else { values.min() })
    };
    let first = extreme(converter.row_group_mins(groups())?, false)?;
    let last = extreme(converter.row_group_maxes(groups())?, true)?;
    let day = |micros: i64| NaiveDate::from_epoch_days(local_day(micros.div_euclid(1_000_000), zone));
    Ok(first.zip(last).and_then(|(first, last)| Some((day(first)?, day(last)?))))
}
