//! Rows that an export has twice: in two objects, like a copy of a file, or in one, like a file that was appended to itself.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::execution::SendableRecordBatchStream;
use driftline_stats::repeats::{self, Between, Row, Within};
use futures::TryStreamExt;

use super::{FEW, Finding, Place, count, money, rows};
use crate::drift::is_key;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::row_hash::row_hashes;
use crate::scan::SourceTable;
use crate::source::PinnedSource;

/// Rows of a source up to which every row is looked at; of larger ones every second, third, … by its hash.
const ROWS_MOST: u64 = 2_000_000;

/// Part of the rows that may stand beside their equal in a source of which equal rows are read once, and part of them that may be read
/// once at all before it looks as if each was exported twice.
const BESIDE_MOST: f64 = 0.01;
const EXPORTED_TWICE: f64 = 0.45;

/// Part of the rows of an object from which on repeated ones are an error; below it some rows are exported twice.
const REPEATED_MOST: f64 = 0.01;

fn engine(error: ArrowError) -> Error {
    Error::Engine(Box::new(error.into()))
}

/// The hash of each row over all declared columns.
pub(super) fn hashes(batch: &RecordBatch) -> Result<Vec<u64>> {
    let hashes = row_hashes(batch.columns(), batch.num_rows()).map_err(engine)?;
    Ok(hashes.into_iter().map(|hash| (hash >> 64) as u64).collect())
}

/// What is looked at of each row.
struct Look<'a> {
    /// The column that orders rows.
    time: Option<&'a str>,
    /// Every so manieth row, by its hash.
    step: u64,
    /// The columns of two versions of a row, by their places.
    core: [Vec<usize>; 2],
}

/// Rows that were looked at, by all columns and by those of each version.
#[derive(Default)]
struct Met {
    rows: Vec<Row>,
    alike: [Vec<Row>; 2],
}

impl Lake {
    /// Looks for rows of a source that are equal in all its declared columns.
    pub(super) async fn inspect_repeats(&self, source: &PinnedSource, time: Option<&str>) -> Result<Vec<Finding>> {
        let all: u64 = source.objects.iter().map(|object| object.rows).sum();
        let step = all.div_ceil(ROWS_MOST).max(1);
        let look = Look { time, step, core: core_columns(source) };
        let mut met = Met { rows: Vec::with_capacity(usize::try_from(all / step).unwrap_or(0)), ..Met::default() };
        for object in 0..u32::try_from(source.metas.len()).unwrap_or(u32::MAX) {
            self.meet(source, object, &look, &mut met).await?;
        }
        let found = repeats::find(met.rows, time.is_some());
        let mut findings = Vec::new();
        if found.between.is_none() {
            let versions = met.alike.map(|rows| repeats::find(rows, false).between).into_iter().zip([true, false]);
            let mut told = versions.filter_map(|(between, has_money)| of_versions(source, &between?, step, has_money));
            findings.extend(told.next());
        }
        if let Some(between) = found.between {
            findings.push(self.of_two_objects(source, between, step).await?);
        }
        findings.extend(found.within.map(|within| of_one_object(source, within, step)));
        Ok(findings)
    }

    /// Looks at a source of which equal rows are read once: equal rows beside each other in one object are mostly lines of one order.
    pub(super) async fn inspect_distinct(&self, source: &PinnedSource) -> Result<Option<Finding>> {
        let (mut met, mut all, mut again, mut beside) = (HashSet::new(), 0u64, 0u64, 0u64);
        for object in 0..u32::try_from(source.metas.len()).unwrap_or(u32::MAX) {
            if all >= ROWS_MOST {
                break;
            }
            let mut before = None;
            let mut stream = self.stream(source, object).await?;
            while let Some(batch) = stream.try_next().await.map_err(|error| Error::execute(&source.name, error))? {
                for hash in hashes(&batch)? {
                    all += 1;
                    if !met.insert(hash) {
                        again += 1;
                        beside += u64::from(before == Some(hash));
                    }
                    before = Some(hash);
                }
            }
        }
        let share = |number: u64| number as f64 / all.max(1) as f64;
        // Half of all rows are there because each was exported twice.
        if beside < FEW || share(beside) < BESIDE_MOST || share(again) > EXPORTED_TWICE {
            return Ok(None);
        }
        let unread = match source.ignored_columns.iter().find(|column| is_key(column)) {
            Some(column) => format!("declare `{column}` too, if it tells them apart, or "),
            None => String::new(),
        };
        Ok(Some(Finding {
            name: "dropped_lines",
            place: Place::Export,
            is_error: false,
            text: format!(
                "source `{}`: distinct leaves {} of {} out, equal to others in all declared columns, {} of them beside their equal in one object, as two equal lines of one order are",
                source.name,
                count(again),
                rows(all),
                count(beside)
            ),
            example: String::new(),
            remedy: format!("{unread}take distinct away in sources.toml"),
        }))
    }

    async fn stream(&self, source: &PinnedSource, object: u32) -> Result<SendableRecordBatchStream> {
        let table = SourceTable::of_object(source, object as usize, self.store.clone());
        let frame = crate::lake::in_parts(self.context.read_table(Arc::new(table))?, 1);
        frame.execute_stream().await.map_err(|error| Error::execute(&source.name, error))
    }

    async fn meet(&self, source: &PinnedSource, object: u32, look: &Look<'_>, met: &mut Met) -> Result<()> {
        let mut stream = self.stream(source, object).await?;
        let mut first = 0u32;
        while let Some(batch) = stream.try_next().await.map_err(|error| Error::execute(&source.name, error))? {
            let times = match look.time.and_then(|time| batch.column_by_name(time)) {
                Some(column) => {
                    let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None)).map_err(engine)?;
                    Some(cast(&micros, &DataType::Int64).map_err(engine)?)
                }
                None => None,
            };
            let times = times.as_ref().map(|times| times.as_primitive::<Int64Type>().values());
            for (row, hash) in hashes(&batch)?.into_iter().enumerate() {
                if hash % look.step == 0 {
                    let time = times.map_or(0, |times| times[row]);
                    met.rows.push(Row { hash, group: object, place: first + row as u32, time });
                }
            }
            for (columns, alike) in look.core.iter().zip(&mut met.alike).filter(|(columns, _)| !columns.is_empty()) {
                let lines = batch.project(columns).map_err(engine)?;
                for (row, hash) in hashes(&lines)?.into_iter().enumerate().filter(|(_, hash)| hash % look.step == 0) {
                    alike.push(Row { hash, group: object, place: first + row as u32, time: 0 });
                }
            }
            first += batch.num_rows() as u32;
        }
        Ok(())
    }

    async fn of_two_objects(&self, source: &PinnedSource, found: Between, step: u64) -> Result<Finding> {
        let is_few = found.rows * step < FEW;
        let sums =
            if step == 1 && !is_few { self.sums(source, found.second, &found.hashes).await? } else { String::new() };
        let of = |object: u32| source.objects[object as usize].object.as_str();
        let short = |object: u32| of(object).rsplit('/').next().unwrap_or_default();
        // Parts of Hive folders have the same names.
        let name = |object| if short(found.first) == short(found.second) { of(object) } else { short(object) };
        let total = source.objects[found.second as usize].rows;
        let share = found.rows as f64 * step as f64 / total.max(1) as f64;
        let others = match found.others {
            0 => String::new(),
            1 => ", and one more pair of objects has rows in common".to_owned(),
            others => format!(", and {} more pairs of objects have rows in common", count(others)),
        };
        Ok(Finding {
            name: "repeated_between",
            place: Place::Export,
            is_error: share >= REPEATED_MOST,
            text: format!(
                "source `{}`: {}{} of {} in {} are in {} too, equal in all declared columns{sums}{others}",
                source.name,
                if step > 1 { "about " } else { "" },
                if is_few { format!("fewer than {FEW}") } else { count(found.rows * step) },
                rows(total),
                name(found.second),
                name(found.first)
            ),
            example: String::new(),
            remedy:
                "delete the copy, or write distinct = true for the source in sources.toml if the export repeats rows"
                    .to_owned(),
        })
    }

    /// Sums of the decimals and floats of an object over the rows of some hashes, by column.
    async fn sums(&self, source: &PinnedSource, object: u32, common: &[u64]) -> Result<String> {
        let mut sums: BTreeMap<String, i128> = BTreeMap::new();
        let mut stream = self.stream(source, object).await?;
        while let Some(batch) = stream.try_next().await.map_err(|error| Error::execute(&source.name, error))? {
            let found = hashes(&batch)?;
            let mask: BooleanArray = found.iter().map(|hash| Some(common.binary_search(hash).is_ok())).collect();
            add_up(&filter_record_batch(&batch, &mask).map_err(engine)?, &mut sums);
        }
        let texts: Vec<String> = sums.iter().map(|(column, sum)| format!("{column} {}", money(*sum))).collect();
        Ok(if texts.is_empty() { String::new() } else { format!(" ({})", texts.join(", ")) })
    }
}

/// Words in the name of what a line belongs to.
const LINES_OF: [&str; 9] =
    ["order", "basket", "invoice", "receipt", "transaction", "auftrag", "bestell", "rechnung", "beleg"];

/// Columns that a converted copy of a line leaves as they are, ids, whole numbers and money, and those that a corrected one does, without the
/// money; not times, nor texts, nor what has no order's id to tell lines apart by.
fn core_columns(source: &PinnedSource) -> [Vec<usize>; 2] {
    let fields = || source.schema.fields().iter().enumerate();
    let is_of_order = |name: &str| is_key(name) && LINES_OF.iter().any(|word| name.to_lowercase().contains(word));
    if !fields().any(|(_, field)| is_of_order(field.name())) {
        return [Vec::new(), Vec::new()];
    }
    let is_whole = |kind: &DataType| matches!(kind, DataType::Int64 | DataType::Int32);
    let is_money = |kind: &DataType| matches!(kind, DataType::Decimal128(..) | DataType::Float64);
    [true, false].map(|with_money| {
        let is_core = |name: &str, kind: &DataType| is_key(name) || is_whole(kind) || (with_money && is_money(kind));
        fields().filter(|(_, field)| is_core(field.name(), field.data_type())).map(|(place, _)| place).collect()
    })
}

/// Part of an object's lines that may have the ids of another object's, for an order's lines may lie in several, and from which on, money and all, it is a copy.
const VERSIONS_MOST: f64 = 0.8;
const COPIED_LEAST: f64 = 0.9;

/// Lines that are in two objects with other times or texts, or with other money too.
fn of_versions(source: &PinnedSource, found: &Between, step: u64, has_money: bool) -> Option<Finding> {
    let (first, second) = (&source.objects[found.first as usize], &source.objects[found.second as usize]);
    let share = (found.rows * step) as f64 / first.rows.min(second.rows).max(1) as f64;
    if share <= if has_money { COPIED_LEAST } else { VERSIONS_MOST } {
        return None;
    }
    let (same, other) =
        if has_money { ("ids, numbers and money", "times or texts") } else { ("ids and whole numbers", "money") };
    Some(Finding {
        name: "repeated_between",
        place: Place::Export,
        is_error: has_money,
        text: format!(
            "source `{}`: {}{} of {} in {} have the same {same} as lines in {}, and other {other}: is it a copy, converted or corrected, beside the first one?",
            source.name,
            if step > 1 { "about " } else { "" },
            count(found.rows * step),
            rows(second.rows),
            second.object,
            first.object
        ),
        example: String::new(),
        remedy: "delete the older one".to_owned(),
    })
}

/// Adds the decimals and floats of a batch in ten-thousandths: for a message, never for a figure.
fn add_up(batch: &RecordBatch, sums: &mut BTreeMap<String, i128>) {
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let sum = match column.data_type() {
            DataType::Decimal128(_, scale) => {
                let unit = 10f64.powi(4 - i32::from(*scale));
                let sum: i128 = column.as_primitive::<Decimal128Type>().iter().flatten().sum();
                (sum as f64 * unit).round() as i128
            }
            DataType::Float64 => {
                let sum: f64 = column.as_primitive::<Float64Type>().iter().flatten().filter(|v| v.is_finite()).sum();
                (sum * 10_000.0).round() as i128
            }
            _ => continue,
        };
        *sums.entry(field.name().clone()).or_default() += sum;
    }
}

fn of_one_object(source: &PinnedSource, found: Within, step: u64) -> Finding {
    let pinned = &source.objects[found.group as usize];
    let file = pinned.object.rsplit('/').next().unwrap_or_default();
    Finding {
        name: "repeated_within",
        place: Place::Export,
        is_error: found.repeated as f64 >= REPEATED_MOST * found.rows as f64,
        text: format!(
            "source `{}`: {}{} of {} in {file} are there twice, equal in all declared columns and not beside each other, or all of them",
            source.name,
            if step > 1 { "about " } else { "" },
            count(found.repeated * step),
            rows(pinned.rows)
        ),
        example: String::new(),
        remedy: "export it again, or write distinct = true for the source in sources.toml if the export repeats rows"
            .to_owned(),
    }
}
