//! The tables of a folder as Parquet, one file each: what is held is written when it is much, so that size costs disk and no memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::{Error, Result};

/// Rows that are held before they are written.
const ROWS_HELD: usize = 65_536;

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(Option<String>),
    Number(Option<i64>),
    /// In cents.
    Money(i64),
    Day(Option<NaiveDate>),
    /// A day and seconds of it, in UTC.
    Time(NaiveDate, u32),
    Flag(bool),
}

impl Cell {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

/// The tables of one folder, each one file.
pub(crate) struct Sheets {
    folder: PathBuf,
    sheets: BTreeMap<&'static str, Sheet>,
}

#[derive(Default)]
struct Sheet {
    names: Vec<&'static str>,
    columns: Vec<Vec<Cell>>,
    rows: u64,
    writer: Option<ArrowWriter<File>>,
}

impl Sheets {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), sheets: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, table: &'static str, row: &[(&'static str, Cell)]) -> Result<()> {
        let sheet = self.sheets.entry(table).or_default();
        if sheet.columns.is_empty() {
            sheet.names = row.iter().map(|(name, _)| *name).collect();
            sheet.columns = vec![Vec::new(); row.len()];
        }
        for (column, (_, cell)) in sheet.columns.iter_mut().zip(row) {
            column.push(cell.clone());
        }
        sheet.rows += 1;
        if sheet.columns[0].len() >= ROWS_HELD {
            flush(&self.folder, table, sheet)?;
        }
        Ok(())
    }

    /// Writes what is held and closes the files; rows by table.
    pub(crate) fn finish(mut self) -> Result<Vec<(String, u64)>> {
        let mut rows = Vec::new();
        for (table, sheet) in &mut self.sheets {
            flush(&self.folder, table, sheet)?;
            if let Some(writer) = sheet.writer.take() {
                writer.close().map_err(|error| failed(&self.folder, error))?;
            }
            rows.push(((*table).to_owned(), sheet.rows));
        }
        Ok(rows)
    }
}

fn flush(folder: &Path, table: &str, sheet: &mut Sheet) -> Result<()> {
    if sheet.columns.first().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    let arrays = sheet.names.iter().zip(&mut sheet.columns).map(|(name, cells)| Ok((*name, array(cells)?)));
    let arrays = arrays.collect::<std::result::Result<Vec<(&str, ArrayRef)>, ArrowError>>();
    let batch = arrays.and_then(|arrays| {
        RecordBatch::try_from_iter_with_nullable(arrays.into_iter().map(|(name, array)| (name, array, true)))
    });
    let batch = batch.map_err(|error| failed(folder, error))?;
    let mut writer = match sheet.writer.take() {
        Some(writer) => writer,
        None => {
            let folder = folder.join(table);
            std::fs::create_dir_all(&folder).map_err(|source| Error::Output { path: folder.clone(), source })?;
            let path = folder.join("part-00000.parquet");
            let file = File::create(&path).map_err(|source| Error::Output { path: path.clone(), source })?;
            let level = ZstdLevel::try_new(1).map_err(|error| failed(&path, error))?;
            let properties = WriterProperties::builder()
                .set_created_by("driftline".to_owned())
                .set_compression(Compression::ZSTD(level))
                // A row group is held until it is full.
                .set_max_row_group_row_count(Some(2 * ROWS_HELD))
                .build();
            ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(|error| failed(&path, error))?
        }
    };
    writer.write(&batch).map_err(|error| failed(folder, error))?;
    sheet.writer = Some(writer);
    Ok(())
}

fn failed(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Output { path: path.to_owned(), source: std::io::Error::other(error) }
}

/// Empties a column of cells of one kind.
fn array(cells: &mut Vec<Cell>) -> std::result::Result<ArrayRef, ArrowError> {
    let cells = std::mem::take(cells);
    let day = |date: NaiveDate| date32(date);
    Ok(match cells.first() {
        Some(Cell::Text(_)) => {
            let text = |cell| if let Cell::Text(text) = cell { text } else { None };
            Arc::new(StringArray::from_iter(cells.into_iter().map(text)))
        }
        Some(Cell::Number(_)) => {
            let number = |cell| if let Cell::Number(number) = cell { number } else { None };
            Arc::new(Int64Array::from_iter(cells.into_iter().map(number)))
        }
        Some(Cell::Money(_)) => {
            let cents = |cell| if let Cell::Money(cents) = cell { Some(i128::from(cents)) } else { None };
            let amounts = Decimal128Array::from_iter(cells.into_iter().map(cents));
            Arc::new(amounts.with_precision_and_scale(18, 2)?)
        }
        Some(Cell::Day(_)) => {
            let date = |cell| if let Cell::Day(date) = cell { date.map(day) } else { None };
            Arc::new(Date32Array::from_iter(cells.into_iter().map(date)))
        }
        Some(Cell::Time(..)) => {
            let micros = |cell| {
                if let Cell::Time(date, seconds) = cell {
                    Some((i64::from(day(date)) * 86_400 + i64::from(seconds)) * 1_000_000)
                } else {
                    None
                }
            };
            Arc::new(TimestampMicrosecondArray::from_iter(cells.into_iter().map(micros)))
        }
        Some(Cell::Flag(_)) => {
            let flag = |cell| if let Cell::Flag(flag) = cell { Some(flag) } else { None };
            Arc::new(BooleanArray::from_iter(cells.into_iter().map(flag)))
        }
        None => Arc::new(StringArray::new_null(0)),
    })
}

/// Days since 1970-01-01, as Arrow stores dates.
fn date32(day: NaiveDate) -> i32 {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    i32::try_from((day - epoch).num_days()).unwrap_or(i32::MAX)
}
