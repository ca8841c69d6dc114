//! Starts the program that `cargo` built and reads what it published.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

pub(crate) type TestResult = Result<(), String>;

/// The instant that every test takes for now.
pub(crate) const NOW: &str = "2026-01-02T06:00:00Z";

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap_or_default()
}

/// The program in the dev profile, built once if it is not there or old.
pub(crate) fn program() -> Result<&'static Path, String> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = PROGRAM.get_or_init(|| {
        // The whole workspace, as the README's commands do: one package alone would have other features. What `cargo test`
        // puts into the environment must not reach the build: build scripts that watch it would build everything again.
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--workspace", "--quiet"]).current_dir(root());
        for (name, _) in std::env::vars() {
            let of_this_test = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
            if of_this_test.iter().any(|prefix| name.starts_with(prefix)) {
                build.env_remove(name);
            }
        }
        let status = build.status().map_err(|error| error.to_string())?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        if status.success() {
            Ok(target.join("debug").join("driftline"))
        } else {
            Err("the program does not build".to_owned())
        }
    });
    built.as_deref().map_err(Clone::clone)
}

/// Runs the program in a project folder.
pub(crate) fn run_in(project: &Path, arguments: &[&str]) -> Result<Output, String> {
    Command::new(program()?)
        .arg("--project")
        .arg(project)
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .map_err(|error| error.to_string())
}

/// Runs the program on the shipped project and expects success.
pub(crate) fn run(arguments: &[&str]) -> Result<String, String> {
    succeed(run_in(&root(), arguments)?)
}

pub(crate) fn succeed(output: Output) -> Result<String, String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("exit {:?}: {}", output.status.code(), String::from_utf8_lossy(&output.stderr)))
}

pub(crate) fn json(arguments: &[&str]) -> Result<Value, String> {
    let mut with_json = vec!["--json"];
    with_json.extend(arguments);
    serde_json::from_str(&run(&with_json)?).map_err(|error| error.to_string())
}

/// A fresh folder that is removed at the end.
pub(crate) fn folder() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|error| error.to_string())
}

/// Publishes periods of the shipped complete-journey job into a warehouse.
pub(crate) fn publish_complete_journey(warehouse: &Path, periods: &str, more: &[&str]) -> Result<Value, String> {
    let setting = format!("warehouse.url={}", warehouse.display());
    let mut arguments = vec!["run", "jobs/complete-journey.toml", "--period", periods, "--now", NOW, "--set", &setting];
    arguments.extend(more);
    json(&arguments)
}

/// Publishes markets and periods of the shipped online-retail job.
pub(crate) fn publish_online_retail(warehouse: &Path, periods: &str, markets: &[&str]) -> Result<Value, String> {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let data = root().join(shared).join("data").join("online_retail");
    let (exports, warehouse) =
        (format!("exports.url={}", data.display()), format!("warehouse.url={}", warehouse.display()));
    let mut arguments = vec![
        "run",
        "jobs/online-retail.toml",
        "--period",
        periods,
        "--now",
        NOW,
        "--set",
        &exports,
        "--set",
        &warehouse,
    ];
    for market in markets {
        arguments.extend(["--market", market]);
    }
    json(&arguments)
}

/// The folder of the only run of a slot, in its newest revision.
pub(crate) fn run_folder(warehouse: &Path, job: &str, market: &str, period: &str) -> Result<PathBuf, String> {
    let runs = warehouse.join(job).join(market).join(period).join("runs");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&runs)
        .map_err(|error| format!("{}: {error}", runs.display()))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders.pop().ok_or_else(|| format!("no run in {}", runs.display()))
}

pub(crate) fn report(warehouse: &Path, job: &str, market: &str, period: &str) -> Result<Value, String> {
    read_json(&run_folder(warehouse, job, market, period)?.join("report.json"))
}

pub(crate) fn read_json(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Every row of a published table as name → value; decimals as text with their scale, times as `2025-01-31 12:00:00`.
pub(crate) fn table(path: &Path) -> Result<Vec<std::collections::BTreeMap<String, String>>, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.build())
        .map_err(|e| e.to_string())?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch: RecordBatch = batch.map_err(|error| error.to_string())?;
        for row in 0..batch.num_rows() {
            let cells = batch
                .schema()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| (field.name().clone(), cell(column, row)))
                .collect();
            rows.push(cells);
        }
    }
    Ok(rows)
}

fn cell(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Decimal128(_, scale) => {
            let value = column.as_primitive::<Decimal128Type>().value(row);
            let unit = 10i128.pow(u32::try_from(*scale).unwrap_or(0));
            let sign = if value < 0 { "-" } else { "" };
            format!(
                "{sign}{}.{:0width$}",
                value.abs() / unit,
                value.abs() % unit,
                width = usize::try_from(*scale).unwrap_or(0)
            )
        }
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Date32 => {
            column.as_primitive::<Date32Type>().value_as_date(row).map_or_else(String::new, |day| day.to_string())
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let time = column.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row);
            time.map_or_else(String::new, |time| time.to_string())
        }
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        other => format!("({other})"),
    }
}

/// An amount in cents from decimal text, rounded half away from zero.
pub(crate) fn cents(text: &str) -> Result<i64, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number =
        |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<i64>().map_err(|error| error.to_string()) };
    let padded = format!("{fraction:0<3}");
    let (two, third) = (number(&padded[..2])?, number(&padded[2..3])?);
    Ok(sign * (number(whole)? * 100 + two + i64::from(third >= 5)))
}

/// Fails with both sides if they differ.
pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> TestResult {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

pub(crate) fn holds(what: &str, text: &str, part: &str) -> TestResult {
    if text.contains(part) { Ok(()) } else { Err(format!("{what}: expected `{part}` in:\n{text}")) }
}
