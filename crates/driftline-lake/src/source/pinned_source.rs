//! What a run reads: the objects of a source as they were when it began.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use serde::{Deserialize, Serialize};

use super::columns::Origin;

/// One object as the run pinned it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedObject {
    pub source: String,
    pub object: String,
    pub size: u64,
    pub e_tag: Option<String>,
    pub rows: u64,
}

/// One object with what was read of it when it was pinned.
#[derive(Debug)]
pub(crate) struct PinnedFile {
    pub(crate) meta: ObjectMeta,
    pub(crate) footer: ArrowReaderMetadata,
    /// Of each declared column, in the order of the schema.
    pub(crate) origins: Vec<Origin>,
}

impl PinnedFile {
    pub(crate) fn rows(&self) -> u64 {
        u64::try_from(self.footer.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Whether columns of the schema are columns of the file, by their place.
    fn is_flat(&self) -> bool {
        self.footer.schema().fields().len() == self.footer.parquet_schema().num_columns()
    }

    /// Nulls of a column by the footer, if it says how many in every row group.
    fn nulls(&self, column: usize) -> Option<u64> {
        let groups = self.footer.metadata().row_groups().iter();
        groups.map(|group| group.columns().get(column)?.statistics()?.null_count_opt()).sum()
    }
}

/// The objects of one source, checked.
#[derive(Clone, Debug)]
pub struct PinnedSource {
    pub name: String,
    pub distinct: bool,
    pub schema: SchemaRef,
    pub metas: Vec<ObjectMeta>,
    pub objects: Vec<PinnedObject>,
    pub(crate) files: Vec<Arc<PinnedFile>>,
    /// Columns of the files that the source does not declare; they are never read.
    pub ignored_columns: Vec<String>,
    /// What else a reader of the figures should know, one sentence each.
    pub notes: Vec<String>,
    /// First and last day of `time_column` by the footers, in the job's time zone.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// What the rows take once they are read, by the footers.
    pub unfolded_bytes: u64,
    /// First and last day of each object, in their order.
    pub object_days: Vec<Option<(NaiveDate, NaiveDate)>>,
}

impl PinnedSource {
    /// Rows by the footers.
    pub fn rows(&self) -> u64 {
        self.objects.iter().map(|object| object.rows).sum()
    }

    /// Whether the footers say of every file that a column has a value in each row.
    pub(crate) fn has_no_null(&self, column: &str) -> bool {
        self.schema.index_of(column).is_ok_and(|place| {
            self.files.iter().all(|file| match file.origins.get(place) {
                Some(Origin::Field { index, .. }) => file.is_flat() && file.nulls(*index) == Some(0),
                _ => false,
            })
        })
    }

    /// The type of a column in the first file that has it.
    pub(crate) fn type_in_files(&self, column: &str) -> Option<DataType> {
        self.files.iter().find_map(|file| Some(file.footer.schema().field_with_name(column).ok()?.data_type().clone()))
    }
}

/// What of the exports a run looks at.
#[derive(Clone, Debug)]
pub struct Exports {
    pub store: Arc<dyn ObjectStore>,
    /// Path of the exports URL inside the store.
    pub root: ObjectPath,
    /// As a person would write it, for messages.
    pub shown: String,
    /// Object names relative to the root, for servers that cannot list.
    pub index: Option<Vec<String>>,
    /// Zone in which days are counted.
    pub time_zone: Tz,
}
