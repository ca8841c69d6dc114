//! Two runs with other threads and other file layouts, into two warehouses: not a byte differs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::product::{self, TestResult, equal};

/// Every published object by its name below the run's folder.
fn objects(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(&path).map_err(|error| error.to_string())?.flatten().map(|entry| entry.path()),
            );
        } else {
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            found.insert(name, std::fs::read(&path).map_err(|error| error.to_string())?);
        }
    }
    Ok(found)
}

/// Writes the same rows as other files: each monthly file in two halves, the second half first by name.
pub(crate) fn split_exports(from: &Path, to: &Path) -> Result<(), String> {
    for name in ["demographics", "campaigns", "coupon_redemptions"] {
        let target = to.join("market=us").join(name);
        std::fs::create_dir_all(&target).map_err(|error| error.to_string())?;
        let file = from.join("market=us").join(name).join("part-00000.parquet");
        std::fs::copy(file, target.join("all.parquet")).map_err(|error| error.to_string())?;
    }
    let months = from.join("market=us").join("basket_lines");
    let target = to.join("market=us").join("basket_lines");
    std::fs::create_dir_all(&target).map_err(|error| error.to_string())?;
    for month in std::fs::read_dir(months).map_err(|error| error.to_string())?.flatten() {
        let file = std::fs::File::open(month.path().join("part-00000.parquet")).map_err(|error| error.to_string())?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
        let schema = builder.schema().clone();
        let batches: Vec<RecordBatch> =
            builder.build().map_err(|e| e.to_string())?.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        let name = month.file_name().to_string_lossy().replace("month=", "");
        let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        for (part, range) in [("b", 0..rows / 2), ("a", rows / 2..rows)] {
            let path = target.join(format!("{part}-{name}.parquet"));
            let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
            let mut writer = ArrowWriter::try_new(file, schema.clone(), None).map_err(|error| error.to_string())?;
            let mut at = 0;
            for batch in &batches {
                let (start, end) = (range.start.max(at), range.end.min(at + batch.num_rows()));
                if start < end {
                    writer.write(&batch.slice(start - at, end - start)).map_err(|error| error.to_string())?;
                }
                at += batch.num_rows();
            }
            writer.close().map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

pub(crate) fn threads_and_layout() -> TestResult {
    let folder = product::folder()?;
    let exports = folder.path().join("exports");
    split_exports(&product::root().join("tests/exports/complete_journey"), &exports)?;
    let one = folder.path().join("one");
    let two = folder.path().join("two");
    product::publish_complete_journey(&one, "2017Q3..2017Q4", &["--threads", "1"])?;
    let setting = format!("exports.url={}", exports.display());
    product::publish_complete_journey(&two, "2017Q3..2017Q4", &["--threads", "2", "--set", &setting])?;
    for period in ["2017Q3", "2017Q4"] {
        let folder_of = |warehouse: &Path| product::run_folder(warehouse, "complete-journey", "us", period);
        let (first, second) = (objects(&folder_of(&one)?)?, objects(&folder_of(&two)?)?);
        let names: Vec<&String> = first.keys().collect();
        equal("objects", names, second.keys().collect())?;
        if first.len() < 9 {
            return Err(format!("only {} objects were published", first.len()));
        }
        for (name, bytes) in &first {
            // The mail links to the report's place, which is the warehouse's and not the result's.
            let place = |bytes: &[u8], warehouse: &Path| {
                let text = String::from_utf8_lossy(bytes).replace("=\r\n", "");
                text.replace(&warehouse.display().to_string(), "WAREHOUSE")
            };
            if name.ends_with(".eml") {
                equal(&format!("{period} {name}"), place(bytes, &one), place(&second[name], &two))?;
            } else if *bytes != second[name] {
                return Err(format!("{period} {name}: bytes differ"));
            }
        }
    }
    Ok(())
}
