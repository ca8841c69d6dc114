//! `drift` on files as strangers write them: tiny samples, other types in the later file, ids that count up, folders with
//! leftovers, damaged columns.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, NullArray,
    StringArray, TimestampMicrosecondArray, TimestampSecondArray,
};
use serde_json::Value;

use crate::drift::write;
use crate::product::{self, TestResult, equal, holds};

pub(crate) type Columns = Vec<(&'static str, ArrayRef)>;

pub(crate) fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

pub(crate) fn whole(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

pub(crate) fn texts(values: impl IntoIterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Midnights of days since 1970.
pub(crate) fn days(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values.into_iter().map(|day| day * 86_400_000_000)))
}

/// What `drift` finds between two sets of columns: the document, and what it prints.
fn drift(before: Columns, now: Columns) -> Result<(Value, String), String> {
    let folder = product::folder()?;
    let (reference, current) = (folder.path().join("ref.parquet"), folder.path().join("cur.parquet"));
    write(&reference, before)?;
    write(&current, now)?;
    drift_of(&reference, &current)
}

pub(crate) fn drift_of(reference: &Path, current: &Path) -> Result<(Value, String), String> {
    let [reference, current] = [reference, current].map(|path| path.to_string_lossy().into_owned());
    let document = product::json(&["drift", &reference, &current, "--json"])?;
    Ok((document, product::run(&["drift", &reference, &current])?))
}

pub(crate) fn column(document: &Value, name: &str) -> Result<Value, String> {
    let columns = document["columns"].as_array().ok_or("no columns")?;
    columns.iter().find(|column| column["column"] == name).cloned().ok_or_else(|| format!("no column {name}"))
}

pub(crate) fn near(what: &str, found: &Value, expected: f64) -> TestResult {
    match found.as_f64() {
        Some(found) if (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3) => Ok(()),
        _ => Err(format!("{what}: {found} instead of {expected}")),
    }
}

/// Two samples that do not overlap: of all ways to deal the values out, two are as far apart.
pub(crate) fn few_values() -> TestResult {
    let run = |count: u32, from: f64| floats((0..count).map(move |n| from + f64::from(n)));
    for (n, m, p) in [(3, 3, 0.1), (3, 2, 0.2), (30, 1, 2.0 / 31.0), (2, 6, 2.0 / 28.0), (2, 2, 1.0 / 3.0), (1, 1, 1.0)]
    {
        let (found, _) = drift(vec![("x", run(n, 0.0))], vec![("x", run(m, 100.0))])?;
        let x = column(&found, "x")?;
        near(&format!("{n} against {m}"), &x["p"], p)?;
        equal(&format!("{n} against {m}"), x["verdict"].clone(), Value::from("no_drift"))?;
    }
    // Four against four is 2 of 70 ways; and few categories are dealt out, too.
    let found = drift(vec![("x", run(4, 0.0))], vec![("x", run(4, 9.0))])?.0;
    near("four against four", &column(&found, "x")?["p"], 2.0 / 70.0)?;
    equal("sure", column(&found, "x")?["verdict"].clone(), Value::from("drift"))?;
    let names = |list: &[&str]| texts(list.iter().map(|name| (*name).to_owned()));
    let found = drift(vec![("c", names(&["a", "b", "a"]))], vec![("c", names(&["z", "z"]))])?.0;
    near("a b a against z z", &column(&found, "c")?["p"], 0.2)
}

/// The same columns in another unit, or with one value far out, are found as drifted by the same effect.
pub(crate) fn units_and_single_values() -> TestResult {
    let side = |shift: f64, far: bool| -> Columns {
        let value = move |n: i32| f64::from(n * 7919 % 1009) + 0.25 + shift;
        let of = move |unit: f64| (0..1000).map(move |n| unit * value(n));
        let out = move |at: f64| (0..1000).map(move |n| if n == 0 && far { at } else { value(n) });
        vec![
            ("plain", floats(of(1.0))),
            ("micro", floats(of(1e-6))),
            ("pico", floats(of(1e-12))),
            ("giga", floats(of(1e9))),
            ("one far out", floats(out(1e9))),
            ("one far below", floats(out(-1e30))),
        ]
    };
    let (found, _) = drift(side(0.0, true), side(250.0, false))?;
    let plain = column(&found, "plain")?["shift"].as_f64().ok_or("no shift")?;
    for (name, tolerance) in
        [("micro", 1e-9), ("pico", 1e-9), ("giga", 1e-9), ("one far out", 0.02), ("one far below", 0.02)]
    {
        let other = column(&found, name)?;
        equal(name, other["verdict"].clone(), Value::from("drift"))?;
        let shift = other["shift"].as_f64().ok_or("no shift")?;
        if (shift / plain - 1.0).abs() > tolerance {
            return Err(format!("{name}: {shift} instead of {plain}"));
        }
    }
    // And one value far out alone is no drift.
    let (found, _) = drift(side(0.0, true), side(0.0, false))?;
    equal("drifted", found["drifted"].clone(), Value::from(0))
}

/// Verdicts of columns whose type changed, of ids and of times of loading; what only looks like them is compared.
pub(crate) fn columns() -> TestResult {
    const ROWS: i64 = 400;
    let n = || 0..ROWS;
    let side = |now: bool| -> Columns {
        let late = if now { 91 } else { 0 };
        let pick = |before: ArrayRef, after: ArrayRef| if now { after } else { before };
        let random = |n: i64| (n + 1 + 1000 * late).wrapping_mul(0x1e37_79b9_7f4a_7c15);
        vec![
            ("became a number", pick(days(n().map(|n| 20_000 + n)), whole(n().map(|n| (20_000 + n) * 86_400_000)))),
            ("became text", pick(whole(n().map(|n| n % 7)), texts(n().map(|n| (n % 7).to_string())))),
            (
                "became flags",
                pick(
                    texts(n().map(|n| (n % 2 == 0).to_string())),
                    Arc::new(BooleanArray::from_iter(n().map(|n| Some(n % 2 == 0)))),
                ),
            ),
            ("became float", pick(whole(n().map(|n| n % 7)), floats(n().map(|n| (n % 7) as f64)))),
            (
                "became decimal",
                pick(
                    floats(n().map(|n| (n % 7) as f64)),
                    Arc::new(Decimal128Array::from_iter_values(n().map(|n| i128::from(n % 7) * 10_i128.pow(10)))),
                ),
            ),
            (
                "became date",
                pick(
                    days(n().map(|n| 20_000 + n)),
                    Arc::new(Date32Array::from_iter_values(n().map(|n| 20_000 + n as i32))),
                ),
            ),
            (
                "became seconds",
                pick(
                    days(n().map(|n| 20_000 + n)),
                    Arc::new(
                        TimestampSecondArray::from_iter_values(n().map(|n| (20_000 + n) * 86_400)).with_timezone("UTC"),
                    ),
                ),
            ),
            ("became nothing", pick(whole(n().map(|n| n % 7)), Arc::new(NullArray::new(ROWS as usize)))),
            ("binary text", Arc::new(BinaryArray::from_iter_values(n().map(|n| ["web", "shop"][n as usize % 2])))),
            ("row", whole(n().map(|n| n + late * 1000))),
            ("token", whole(n().map(random))),
            ("customerId", whole(n().map(|n| 1000 + n * 13 % 211))),
            ("Kunde Nr.", texts(n().map(|n| format!("K{}", n * 13 % 211)))),
            (
                "user id",
                texts(n().map(|n| if n % 9 == 0 { " ".repeat(usize::from(now)) } else { format!("U{}", n % 199) })),
            ),
            ("store_id", whole(n().map(|n| n % 5 + i64::from(now && n % 3 == 0)))),
            ("_fivetran_synced", days(n().map(|n| 20_000 + n % 9))),
            ("loaded_at", texts(n().map(|n| format!("2025-01-{:02}", n % 9 + 1)))),
            ("ordered_at", days(n().map(|n| 20_000 + n % 90 + late))),
            ("born on", days(n().map(|n| 7000 + n * 37 % 9000))),
            ("amount in cents", whole(n().map(|n| 100 + n * n * 7 % 30_011))),
        ]
    };
    let (found, printed) = drift(side(false), side(true))?;
    for (name, verdict, reason) in [
        ("became a number", "schema_change", "timestamp became int64"),
        ("became text", "schema_change", "int64 became utf8"),
        ("became flags", "schema_change", "utf8 became boolean"),
        ("became float", "no_drift", "int64 became float64"),
        ("became decimal", "no_drift", "float64 became decimal(38,10)"),
        ("became date", "no_drift", "timestamp became date"),
        ("became seconds", "no_drift", "timestamp became timestamp with zone UTC"),
        ("became nothing", "null_drift", "from 0.0 % to 100.0 %"),
        ("binary text", "no_drift", "neither"),
        ("row", "set_apart", "every value is another whole number"),
        ("token", "set_apart", "every value is another whole number"),
        ("customerId", "set_apart", "an id"),
        ("Kunde Nr.", "set_apart", "an id"),
        ("user id", "set_apart", "an id"),
        ("store_id", "drift", "of all in other categories"),
        ("_fivetran_synced", "set_apart", "a time of loading"),
        ("loaded_at", "set_apart", "a time of loading"),
        ("ordered_at", "set_apart", "2024-10-04 to 2025-01-01 and 2025-01-03 to 2025-04-02"),
        ("born on", "no_drift", "neither"),
        ("amount in cents", "no_drift", "neither"),
    ] {
        let column = column(&found, name)?;
        equal(name, column["verdict"].clone(), Value::from(verdict))?;
        holds(name, column["reason"].as_str().unwrap_or_default(), reason)?;
        let is_no_effect = column["shift"].as_f64().is_none_or(|shift| shift == 0.0);
        if !is_no_effect {
            return Err(format!("{name}: {column}"));
        }
    }
    // Blank ids are none.
    near("missing ids", &column(&found, "user id")?["null_share_ref"], 45.0 / 400.0)?;
    holds("what is printed", &printed, "3 new, gone or of another type")
}

/// No text of a column of persons or of many categories is printed, and none that few rows have.
pub(crate) fn persons() -> TestResult {
    let side = |now: i64| -> Columns {
        let of = |what: &'static str, of: i64| texts((0..600).map(move |n| format!("{what}{}", n % of + now * of)));
        vec![
            ("e_mail", texts((0..600).map(|n| format!("anna{}@example.org", n % 30 + 30 * now)))),
            ("contact", texts((0..600).map(|n| format!("bert{}@example.org", n % 30 + 30 * now)))),
            ("Vorname", of("Carla", 12)),
            ("customer_name", of("Dora", 12)),
            ("city", of("Erfurt", 200)),
            (
                "remark",
                texts((0..600).map(|n| format!("Frau Fritz rief an, bitte um Rückruf wegen Nummer {}", n % 20 + now))),
            ),
            ("notes", of("Gerda", 600)),
            ("plan", texts((0..600).map(|n| if n % 4 == 0 && now == 1 { "plus" } else { "basic" }.to_owned()))),
            ("tier", texts((0..600).map(|n| if n == 0 && now == 1 { "Heinz" } else { "gold" }.to_owned()))),
        ]
    };
    let (found, printed) = drift(side(0), side(1))?;
    let both = format!("{found}\n{printed}");
    for person in ["anna", "bert", "Carla", "Dora", "Erfurt", "Fritz", "Gerda", "Heinz"] {
        if both.contains(person) {
            return Err(format!("{person} is printed: {printed}"));
        }
    }
    equal("a new plan", column(&found, "plan")?["new_categories"].to_string(), r#"["plus"]"#.to_owned())?;
    holds("first names", column(&found, "Vorname")?["reason"].as_str().unwrap_or_default(), "12 categories new")?;
    holds("one row", column(&found, "tier")?["reason"].as_str().unwrap_or_default(), "fewer than 10 rows")
}

/// A folder is what its files are together; leftovers are no data; a damaged column is told and the others are compared.
pub(crate) fn folders_and_damage() -> TestResult {
    let folder = product::folder()?;
    let place = |name: &str| folder.path().join(name);
    let rows = |range: std::ops::Range<i64>| -> Columns {
        vec![
            ("x", floats(range.clone().map(|n| (n * 37 % 101) as f64))),
            ("y", texts(range.map(|n| (n % 3).to_string()))),
        ]
    };
    write(&place("whole.parquet"), rows(0..900))?;
    write(&place("other.parquet"), rows(100..700))?;
    for name in ["parts/month=1", "parts/_temporary/0", "parts/.staging", "delta/_delta_log"] {
        std::fs::create_dir_all(place(name)).map_err(|error| error.to_string())?;
    }
    write(&place("parts/month=1/a.parquet"), rows(0..300))?;
    write(&place("parts/b.PARQUET"), rows(300..500))?;
    write(&place("parts/c.parq"), rows(500..600))?;
    write(&place("parts/20250101_00012"), rows(600..900))?;
    write(&place("parts/_temporary/0/x.parquet"), rows(0..50))?;
    write(&place("parts/.staging/x.parquet"), rows(0..50))?;
    write(&place("delta/a.parquet"), rows(0..50))?;
    std::fs::write(place("parts/readme.csv"), "x;y").map_err(|error| error.to_string())?;
    let (whole, _) = drift_of(&place("whole.parquet"), &place("other.parquet"))?;
    let (parts, printed) = drift_of(&place("parts"), &place("other.parquet"))?;
    equal("a folder", &parts["columns"], &whole["columns"])?;
    holds("what is left out", &parts["notes"].to_string(), "readme.csv")?;
    holds("files", &printed, "900 rows in 4 files")?;
    let text = |path: &str| place(path).to_string_lossy().into_owned();
    let output = product::run_in(&product::root(), &["drift", &text("delta"), &text("other.parquet")])?;
    equal("a table's folder", output.status.code(), Some(20))?;
    holds("a table's folder", &String::from_utf8_lossy(&output.stderr), "a Delta table")?;

    // The pages of `y` are overwritten.
    let damaged = place("damaged.parquet");
    let bytes = std::fs::read(place("other.parquet")).map_err(|error| error.to_string())?;
    let (start, length) = chunk(&place("other.parquet"), 1)?;
    let mut broken = bytes;
    broken[start..start + length].fill(0xff);
    std::fs::write(&damaged, broken).map_err(|error| error.to_string())?;
    let (found, printed) = drift_of(&place("whole.parquet"), &damaged)?;
    equal("the other column", &column(&found, "x")?, &column(&whole, "x")?)
        .or_else(|_| equal("the other column", &column(&found, "x")?["p"], &column(&whole, "x")?["p"]))?;
    equal("the damaged one", found["unreadable"].to_string(), r#"["y"]"#.to_owned())?;
    holds("what is printed", &printed, "damaged.parquet cannot be read")
}

/// Where a column's bytes lie in a file.
fn chunk(path: &Path, column: usize) -> Result<(usize, usize), String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let reader = parquet::file::reader::SerializedFileReader::new(file).map_err(|error| error.to_string())?;
    let metadata = parquet::file::reader::FileReader::metadata(&reader);
    let (start, length) = metadata.row_group(0).column(column).byte_range();
    Ok((start as usize, length as usize))
}
