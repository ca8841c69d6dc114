//! A small shop in a project of `driftline init`, with exports made by the test: whoever and whatever it puts into them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;

use crate::product::{self, TestResult};

pub(crate) const RUN: [&str; 6] = ["run", "jobs/quarterly.toml", "--period", "2025Q4", "--now", "2026-01-05T06:00:00Z"];

/// A line of an export; days count from 2025-01-01.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) customer: String,
    pub(crate) day: i64,
    pub(crate) category: String,
}

pub(crate) struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn new() -> Result<Self, String> {
        let shop = Self { folder: product::folder()? };
        let made = Command::new(product::program()?).arg("init").arg(shop.path()).output();
        product::succeed(made.map_err(|error| error.to_string())?)?;
        Ok(shop)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// Writes a file of order lines, each so many times.
    pub(crate) fn export(&self, name: &str, lines: &[Line], times: usize) -> TestResult {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let folder = self.path().join("exports/market=de/order_lines");
        std::fs::create_dir_all(&folder).map_err(|error| text(&error))?;
        let batch = batch(lines).map_err(|error| text(&error))?;
        let file = std::fs::File::create(folder.join(name)).map_err(|error| text(&error))?;
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).map_err(|error| text(&error))?;
        for _ in 0..times {
            writer.write(&batch).map_err(|error| text(&error))?;
        }
        writer.close().map(|_| ()).map_err(|error| text(&error))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Command, String> {
        let mut command = Command::new(product::program()?);
        command
            .current_dir(self.folder.path())
            .arg("--project")
            .arg(self.path())
            .args(arguments)
            .env_remove("RUST_LOG");
        Ok(command)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Output, String> {
        self.command(arguments)?.output().map_err(|error| error.to_string())
    }

    pub(crate) fn warehouse(&self) -> PathBuf {
        self.path().join("warehouse")
    }

    /// Replaces text in a file of the project.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) -> TestResult {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        if !text.contains(from) {
            return Err(format!("{file}: nothing to replace: {from}"));
        }
        std::fs::write(&path, text.replacen(from, to, 1)).map_err(|error| error.to_string())
    }
}

/// Four hundred customers who buy for two years, each kind of thing in turn.
pub(crate) fn regulars(categories: &[&str]) -> Vec<Line> {
    let visits = |customer: i64| (0..20).map(move |visit| (customer, visit));
    (0..400i64)
        .flat_map(visits)
        .map(|(customer, visit)| Line {
            customer: format!("c{customer:04}"),
            day: -365 + (customer * 7) % 60 + visit * (40 + customer % 20),
            category: categories[(customer + visit) as usize % categories.len()].to_owned(),
        })
        .filter(|line| line.day < 365)
        .collect()
}

fn batch(lines: &[Line]) -> Result<RecordBatch, arrow::error::ArrowError> {
    /// 2025-01-01 12:00 UTC.
    const FIRST: i64 = 1_735_732_800_000_000;
    const DAY: i64 = 86_400_000_000;
    let texts =
        |of: &dyn Fn(&Line) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(lines.iter().map(of))) };
    let amounts = lines.iter().map(|line| 1_999 + i128::from(line.day.rem_euclid(7)) * 100);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("order_id", texts(&|line| format!("{}/{}", line.customer, line.day))),
        ("customer_id", texts(&|line| line.customer.clone())),
        ("full_name", texts(&|line| format!("Name of {}", line.customer))),
        (
            "ordered_at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(lines.iter().map(|line| FIRST + line.day * DAY))),
        ),
        ("category", texts(&|line| line.category.clone())),
        ("product", texts(&|line| format!("{} 1", line.category))),
        ("quantity", Arc::new(Int64Array::from_iter_values(lines.iter().map(|_| 1)))),
        ("net_amount", Arc::new(Decimal128Array::from_iter_values(amounts).with_precision_and_scale(18, 2)?)),
    ];
    RecordBatch::try_from_iter(columns)
}

/// All files in a folder and below it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    crate::operations::files_below(folder)
}
