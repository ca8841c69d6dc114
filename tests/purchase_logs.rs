//! `ltv` and `churn` on purchase logs that are odd but legal, or hold nothing: every figure is finite, and what cannot be
//! computed has its exit code and says why.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::product::{self, TestResult, equal, holds};

/// A customer (none: null), a day after 2024-01-01, an amount (none: null).
type Row = (Option<String>, u32, Option<f64>);

/// A log, and what `ltv` and `churn` end with.
struct Case {
    name: &'static str,
    rows: Vec<Row>,
    exits: (i32, i32),
    /// A part of the message, or of the notes if `ltv` succeeds.
    says: &'static str,
}

const AS_OF: &str = "2024-12-31";

/// Customers who come every so many days, from a day of their own on, all through 2024 unless they leave earlier.
fn regular(customers: u32) -> Vec<Row> {
    let of = |customer: u32| {
        let (first, every, last) = (customer * 7 % 200, 5 + customer % 40, 365 - customer % 3 * 90);
        let days = (first..last.max(first + 1)).step_by(every as usize);
        days.map(move |day| (Some(format!("c{customer:04}")), day, Some(10.0 + f64::from((customer + day) % 23))))
    };
    (0..customers).flat_map(of).collect()
}

fn with(mut rows: Vec<Row>, more: impl IntoIterator<Item = (Option<&'static str>, u32, Option<f64>)>) -> Vec<Row> {
    rows.extend(more.into_iter().map(|(customer, day, amount)| (customer.map(str::to_owned), day, amount)));
    rows
}

fn changed(rows: Vec<Row>, change: impl Fn(&mut Row)) -> Vec<Row> {
    let mut rows = rows;
    rows.iter_mut().for_each(change);
    rows
}

fn cases() -> Vec<Case> {
    let case = |name, rows, exits, says| Case { name, rows, exits, says };
    let daily = |day| (Some("c9999"), day, Some(1.0));
    vec![
        case("a plain one", regular(300), (0, 0), ""),
        case(
            "one customer who came again",
            with(vec![], [(Some("a"), 3, Some(5.0)), (Some("a"), 40, Some(7.0))]),
            (0, 0),
            "",
        ),
        case("one customer who did not", with(vec![], [(Some("a"), 3, Some(5.0))]), (0, 0), ""),
        case(
            "everybody once",
            changed(regular(300), |row| row.0 = Some(format!("{}-{}", row.0.clone().unwrap_or_default(), row.1))),
            (0, 0),
            "",
        ),
        case("one who came every day", with(regular(200), (0..366).map(daily)), (0, 0), ""),
        case(
            "only one came again",
            with(changed(regular(300), |row| row.1 = 20), [(Some("c0001"), 90, Some(4.0))]),
            (0, 0),
            "",
        ),
        case("everybody spends the same", changed(regular(200), |row| row.2 = Some(12.5)), (0, 0), ""),
        case("amounts of nothing", changed(regular(200), |row| row.2 = Some(0.0)), (0, 0), ""),
        case("huge amounts", with(regular(200), [(Some("c0003"), 100, Some(1e15))]), (0, 0), ""),
        case("tiny amounts", changed(regular(200), |row| row.2 = row.2.map(|amount| amount * 1e-12)), (0, 0), ""),
        case("no amounts", changed(regular(200), |row| row.2 = None), (0, 0), "no spend model"),
        case("some amounts missing", with(regular(200), [(Some("c0003"), 100, None)]), (0, 0), "no spend model"),
        case(
            "refunds",
            with(regular(200), [(Some("c0003"), 100, Some(-400.0)), (Some("r"), 9, Some(-3.0))]),
            (0, 0),
            "negative amount",
        ),
        case("refunds alone", changed(regular(200), |row| row.2 = Some(-1.0)), (20, 20), "is a purchase"),
        case(
            "rows without a customer",
            with(regular(200), [(None, 100, Some(4.0)), (Some(""), 101, Some(4.0))]),
            (0, 0),
            "2 of",
        ),
        case(
            "nobody is known",
            changed(regular(20), |row| row.0 = Some(String::new())),
            (20, 20),
            "no row has a customer",
        ),
        case("no rows", vec![], (20, 20), "no row has a customer"),
        case(
            "all in one day but one",
            with(changed(regular(60), |row| row.1 = 364), [(Some("c0001"), 363, Some(4.0))]),
            (0, 0),
            "",
        ),
    ]
}

pub(crate) fn odd_ones() -> TestResult {
    let folder = product::folder()?;
    for case in cases() {
        let file = folder.path().join("log.parquet");
        write(&file, &case.rows)?;
        let (log, scores) = (file.to_string_lossy(), folder.path().join("scores.parquet"));
        let out = scores.to_string_lossy();
        let ltv = ["--json", "ltv", &log, "--calibration-end", AS_OF, "--scores", &out];
        check(&case, &ltv, case.exits.0, &scores)?;
        let churn = ["--json", "churn", &log, "--as-of", AS_OF, "--horizon-days", "60", "--scores", &out];
        check(&case, &churn, case.exits.1, &scores)?;
    }
    Ok(())
}

/// A folder of folders is read as one log, and the zone of its times is told.
pub(crate) fn folders() -> TestResult {
    let folder = product::folder()?;
    let rows = regular(200);
    let whole = folder.path().join("whole.parquet");
    write(&whole, &rows)?;
    for (n, part) in rows.chunks(rows.len().div_ceil(3)).enumerate() {
        let place = folder.path().join(format!("parts/market=de/month={n}"));
        std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
        write(&place.join("part-0.parquet"), part)?;
    }
    let parts = folder.path().join("parts");
    let ltv = |path: &Path, zone: &str| {
        let path = path.to_string_lossy();
        product::json(&["ltv", &path, "--calibration-end", AS_OF, "--model", "bgnbd", "--time-zone", zone])
    };
    let [of_whole, of_parts] = [ltv(&whole, "UTC")?, ltv(&parts, "UTC")?];
    equal("a folder of folders", &of_parts, &of_whole)?;
    if of_whole["notes"].to_string().contains("marked as") {
        return Err(format!("a zone that is the same is noted: {}", of_whole["notes"]));
    }
    let elsewhere = ltv(&whole, "America/New_York")?;
    holds("notes", &elsewhere["notes"].to_string(), "marked as UTC; days are counted in America/New_York")
}

fn check(case: &Case, arguments: &[&str], exit: i32, scores: &Path) -> TestResult {
    let what = format!("{} on {}", arguments[1], case.name);
    let output = product::run_in(&product::root(), arguments)?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    equal(&format!("exit code of {what}: {message}"), output.status.code(), Some(exit))?;
    if exit != 0 {
        return holds(&what, &message, case.says);
    }
    let document: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{what}: {error}"))?;
    if document["repeat_purchases"] == 0 || document["chosen"].is_null() && document["model"].is_null() {
        // Nobody bought twice: a plain answer, and no figure that is none.
        holds(&what, &document["reason"].to_string(), "nobody bought on a second day")?;
        let share = &document[if arguments[1] == "ltv" { "share_back_high_95" } else { "churn_rate_low_95" }];
        if share.as_f64().is_none_or(|share| !(0.0..=1.0).contains(&share)) {
            return Err(format!("{what}: {share} is no share"));
        }
    } else if arguments[1] == "ltv" {
        holds(&what, &document["notes"].to_string(), case.says)?;
        equal(&format!("convergence of {what}"), &document["converged"], &Value::Bool(true))?;
        let params = document["params"].as_object().ok_or("no parameters")?;
        if params.values().any(|value| value.as_f64().is_none_or(|value| value <= 0.0)) {
            return Err(format!("{what}: {params:?}"));
        }
        let value = &document["value_12_months"];
        let bounds = ["low_95", "total", "high_95"].map(|name| value[name].as_f64());
        if !value.is_null()
            && !matches!(bounds, [Some(low), Some(total), Some(high)] if 0.0 <= low && low <= total && total <= high)
        {
            return Err(format!("{what}: {value}"));
        }
    }
    let customers: std::collections::BTreeSet<&String> = case
        .rows
        .iter()
        .filter_map(|(customer, ..)| customer.as_ref())
        .filter(|customer| !customer.is_empty())
        .collect();
    let table = product::table(scores)?;
    // Who only gave back is known but no customer.
    if table.is_empty() || table.len() > customers.len() {
        return Err(format!("{what}: {} rows of scores for {} customers", table.len(), customers.len()));
    }
    for (name, cell) in table.iter().flatten().filter(|(name, _)| *name != "customer_id") {
        if cell != "null" && !cell.parse::<f64>().is_ok_and(|value| value.is_finite() && value >= 0.0) {
            return Err(format!("{what}: {name} is {cell}"));
        }
    }
    Ok(())
}

fn write(path: &Path, rows: &[Row]) -> TestResult {
    const DAY: i64 = 86_400_000_000;
    // 2024-01-01 is the day 19,723; noon.
    let times = rows.iter().map(|(_, day, _)| (19_723 + i64::from(*day)) * DAY + DAY / 2);
    let columns: [(&str, ArrayRef); 3] = [
        ("customer_id", Arc::new(rows.iter().map(|(customer, ..)| customer.as_deref()).collect::<StringArray>())),
        ("ordered_at", Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))),
        ("net_amount", Arc::new(rows.iter().map(|(.., amount)| *amount).collect::<Float64Array>())),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)));
    let batch = batch.map_err(|error| error.to_string())?;
    let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).map_err(|error| error.to_string())?;
    writer.write(&batch).and_then(|()| writer.close().map(|_| ())).map_err(|error| error.to_string())
}
