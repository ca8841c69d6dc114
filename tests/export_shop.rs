//! A small shop whose exports a test writes as a stranger would, and what a run of them comes to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray};
use serde_json::Value;

use crate::drift::write;
use crate::product::{self, TestResult, run_in};

const DAY: i64 = 86_400_000_000;
/// Days since 1970 of 2024-01-01, 2025-01-01, 2025-10-01, 2025-11-15 and 2026-01-01.
pub(crate) const START: i64 = 19_723;
pub(crate) const SECOND_YEAR: i64 = 20_089;
pub(crate) const LAST_QUARTER: i64 = 20_362;
pub(crate) const MIDDLE: i64 = 20_407;
pub(crate) const END: i64 = 20_454;

/// One order line; the day is since 1970, the time of day ten in the morning UTC.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) customer: i64,
    pub(crate) day: i64,
    pub(crate) quantity: i64,
    pub(crate) cents: i64,
}

/// Two years of 200 customers who come every three weeks to four months.
pub(crate) fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for customer in 0..200 {
        let every = 20 + customer * 7 % 100;
        let days = (START + customer % 60..END).step_by(every as usize).enumerate();
        lines.extend(days.map(|(n, day)| {
            let cents = 500 + (customer * 37 + n as i64 * 113) % 4_000;
            Line { customer: 1_000 + customer, day, quantity: 1, cents }
        }));
    }
    lines
}

/// Lines before and from a day on.
pub(crate) fn split(lines: Vec<Line>, day: i64) -> (Vec<Line>, Vec<Line>) {
    lines.into_iter().partition(|line| line.day < day)
}

/// Net revenue of the last quarter of 2025, and its customers.
pub(crate) fn expected(lines: &[Line]) -> (i64, i64) {
    let quarter = || lines.iter().filter(|line| (LAST_QUARTER..END).contains(&line.day));
    let customers: std::collections::BTreeSet<i64> = quarter().map(|line| line.customer).collect();
    (quarter().map(|line| line.cents).sum(), customers.len() as i64)
}

pub(crate) type Columns = BTreeMap<&'static str, ArrayRef>;

/// The columns that the staging of `driftline init` reads.
pub(crate) fn columns(lines: &[Line]) -> Columns {
    let ids = |prefix: &str| lines.iter().map(|line| format!("{prefix}{}", line.customer)).collect::<Vec<_>>();
    let orders = lines.iter().map(|line| format!("{}-{}", line.customer, line.day));
    let category = |line: &Line| if line.customer % 3 == 0 { "Tea" } else { "Coffee" };
    let money = Decimal128Array::from_iter_values(lines.iter().map(|line| i128::from(line.cents)));
    let columns: [(&str, ArrayRef); 7] = [
        ("order_id", Arc::new(StringArray::from_iter_values(orders))),
        ("customer_id", Arc::new(StringArray::from(ids("")))),
        ("ordered_at", Arc::new(TimestampMicrosecondArray::from_iter_values(times(lines)))),
        ("category", Arc::new(lines.iter().map(|line| Some(category(line))).collect::<StringArray>())),
        ("product", Arc::new(lines.iter().map(|line| Some(category(line))).collect::<StringArray>())),
        ("quantity", Arc::new(Int64Array::from_iter_values(lines.iter().map(|line| line.quantity)))),
        ("net_amount", Arc::new(money.with_precision_and_scale(18, 2).unwrap_or_else(|_| Vec::<i128>::new().into()))),
    ];
    columns.into_iter().collect()
}

/// Microseconds since 1970.
pub(crate) fn times(lines: &[Line]) -> impl Iterator<Item = i64> {
    lines.iter().map(|line| line.day * DAY + 10 * DAY / 24)
}

/// Writes one file below the folder of the market's order lines.
pub(crate) fn put(exports: &Path, name: &str, columns: Columns) -> TestResult {
    let path = folder_of(exports).join(name);
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| error.to_string())?;
    write(&path, columns.into_iter().collect())
}

pub(crate) fn folder_of(exports: &Path) -> PathBuf {
    exports.join("market=de/order_lines")
}

/// The same with one column in the place of another; the new name may be another one.
pub(crate) fn with(lines: &[Line], column: &str, name: &'static str, values: ArrayRef) -> Columns {
    let mut columns = columns(lines);
    columns.remove(column);
    columns.insert(name, values);
    columns
}

/// A project of `driftline init`, made once.
pub(crate) fn project() -> Result<&'static Path, String> {
    static PROJECT: OnceLock<Result<tempfile::TempDir, String>> = OnceLock::new();
    let made = PROJECT.get_or_init(|| {
        let folder = product::folder()?;
        product::run(&["init", &folder.path().join("shop").to_string_lossy()])?;
        Ok(folder)
    });
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let folder = made.as_ref().map_err(Clone::clone)?;
    Ok(PATH.get_or_init(|| folder.path().join("shop")))
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    pub(crate) report: Option<Value>,
}

impl Ended {
    /// Net revenue and customers of the report.
    pub(crate) fn figures(&self) -> Option<(i64, i64)> {
        let totals = &self.report.as_ref()?["totals"];
        Some((totals["net"].as_i64()?, totals["customers"].as_i64()?))
    }

    /// What the report says of its exports.
    pub(crate) fn notes(&self) -> String {
        self.report.as_ref().map_or_else(String::new, |report| report["quality"]["export_notes"].to_string())
    }

    pub(crate) fn partial(&self) -> Option<String> {
        self.report.as_ref()?["partial"].as_str().map(str::to_owned)
    }
}

/// Runs the last quarter of 2025 of some exports in a project.
pub(crate) fn run(project: &Path, exports: &Path, more: &[&str]) -> Result<Ended, String> {
    let folder = product::folder()?;
    let warehouse = format!("warehouse.url={}", folder.path().display());
    let output = command(
        project,
        &["run", "jobs/quarterly.toml", "--period", "2025Q4"],
        exports,
        &[&["--set", &warehouse], more].concat(),
    )?;
    let report = product::report(folder.path(), "quarterly", "de", "2025Q4").ok();
    Ok(Ended { code: output.status.code(), said: said(&output), report })
}

/// Runs a command with `--now` and the place of the exports.
pub(crate) fn command(project: &Path, command: &[&str], exports: &Path, more: &[&str]) -> Result<Output, String> {
    let setting = format!("exports.url={}", exports.display());
    let mut arguments = command.to_vec();
    if command[0] != "doctor" {
        arguments.extend(["--now", "2026-01-05T06:00:00Z"]);
    }
    arguments.extend(["--set", &setting]);
    arguments.extend(more);
    run_in(project, &arguments)
}

/// All that was printed.
pub(crate) fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
