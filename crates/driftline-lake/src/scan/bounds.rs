//! What a footer says of a column's values in one row group, against the values: a page that was damaged and still decodes
//! mostly gives values that its footer knows nothing of.

use arrow::array::{Array, ArrayRef, AsArray, Scalar};
use arrow::compute::kernels::cmp::{gt, lt};
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::errors::{ParquetError, Result};

use crate::example;

/// Bytes from which on writers may cut the text of a bound, not all of them as they should.
const LENGTH_UNCUT: usize = 16;

/// The bounds of one column.
#[derive(Debug)]
pub(super) struct Bounds {
    column: String,
    least: Option<Scalar<ArrayRef>>,
    most: Option<Scalar<ArrayRef>>,
    nulls: Option<u64>,
    nulls_seen: u64,
}

impl Bounds {
    /// What the footer says; nothing of types whose order writers have not always agreed about.
    pub(super) fn of(footer: &ArrowReaderMetadata, group: usize, index: usize) -> Option<Self> {
        let field = footer.schema().field(index);
        let group = footer.metadata().row_groups().get(group)?;
        let converter = StatisticsConverter::try_new(field.name(), footer.schema(), footer.parquet_schema()).ok()?;
        let statistics = group.column(converter.parquet_column_index()?).statistics()?;
        let is_ordered = !statistics.is_min_max_deprecated() && has_one_order(field.data_type());
        let bound = |found: Result<ArrayRef>| found.ok().filter(|one| is_ordered && is_whole(one)).map(Scalar::new);
        Some(Self {
            column: field.name().clone(),
            least: bound(converter.row_group_mins([group])),
            most: bound(converter.row_group_maxes([group])),
            nulls: statistics.null_count_opt(),
            nulls_seen: 0,
        })
    }

    /// # Errors
    /// A sentence about a value outside the bounds.
    pub(super) fn check(&mut self, values: &ArrayRef) -> Result<()> {
        self.nulls_seen += values.logical_null_count() as u64;
        for (bound, compare) in [(&self.least, lt as fn(_, _) -> _), (&self.most, gt)] {
            let Some(bound) = bound else { continue };
            let outside = compare(values, bound)?;
            if let Some(row) = outside.iter().position(|is_outside| is_outside == Some(true)) {
                let shown = example::shown(values.as_ref(), row);
                return Err(lie(&format!("column `{}` is {shown} somewhere, which its footer rules out", self.column)));
            }
        }
        Ok(())
    }

    /// # Errors
    /// A sentence if there are more or fewer nulls than the footer says.
    pub(super) fn finish(&self) -> Result<()> {
        match self.nulls.filter(|nulls| *nulls != self.nulls_seen) {
            None => Ok(()),
            Some(nulls) => Err(lie(&format!(
                "column `{}` has {} nulls where its footer says {nulls}",
                self.column, self.nulls_seen
            ))),
        }
    }
}

fn has_one_order(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Int32 | Int64 | Date32 | Timestamp(..) | Decimal128(..) | Utf8View)
}

/// Whether a bound is there, and no text that a writer may have cut.
fn is_whole(bound: &ArrayRef) -> bool {
    bound.is_valid(0) && bound.as_string_view_opt().is_none_or(|text| text.value(0).len() < LENGTH_UNCUT)
}

fn lie(problem: &str) -> ParquetError {
    ParquetError::General(problem.to_owned())
}
