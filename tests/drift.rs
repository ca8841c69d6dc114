//! `drift` on two small files against independently computed values, and on files that hold every kind of odd column.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, NullArray, StringArray,
};
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::product::{self, TestResult, equal};

fn close(what: &str, found: &Value, expected: &Value, relative: f64) -> TestResult {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) if (found - expected).abs() <= relative * expected.abs() => Ok(()),
        // The file says "nan" where there is no number; ours is null.
        (None, None) if found.is_null() => Ok(()),
        _ => Err(format!("{what}: {found} instead of {expected}")),
    }
}

/// Every value of the file within 1e-9, p-values within 1e-6.
pub(crate) fn reference_values() -> TestResult {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let folder = product::root().join(shared).join("reference/drift");
    let expected = product::read_json(&folder.join("expected.json"))?;
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let found = product::json(&["drift", &path("ref.parquet"), &path("cur.parquet"), "--json"])?;
    let columns = found["columns"].as_array().ok_or("no columns")?;
    equal("columns", columns.len(), expected["columns"].as_object().map_or(0, serde_json::Map::len))?;
    for column in columns {
        let name = column["column"].as_str().ok_or("no name")?;
        let facts = &expected["columns"][name];
        let is_numeric = facts["type"] == "numeric";
        let cells = if is_numeric { &facts["deciles"] } else { facts };
        let mut checks = vec![
            ("psi", &cells["psi_def_halfcount"], 1e-9),
            ("psi_null_p95", &cells["psi_null"]["p95"], 1e-9),
            ("tvd", &cells["tvd"], 1e-9),
            ("js_distance", &cells["js_distance_base2"], 1e-9),
            ("q", &expected["benjamini_hochberg"]["q"][name], 1e-6),
        ];
        checks.extend(if is_numeric {
            vec![
                ("ks_d", &facts["scipy_ks_asymp"]["D"], 1e-9),
                ("p", &facts["scipy_ks_asymp"]["p"], 1e-6),
                ("w1", &facts["scipy_wasserstein"], 1e-9),
                ("w1_over_sd", &facts["wasserstein_normed_by_ref_popstd"], 1e-9),
                ("cliffs_delta", &facts["cliffs_delta_cur_vs_ref"], 1e-9),
                ("null_share_ref", &facts["null_share_ref"], 1e-9),
                ("null_share_cur", &facts["null_share_cur"], 1e-9),
            ]
        } else {
            vec![("p", &facts["scipy_chi2_two_sample"]["p"], 1e-6), ("cramers_v", &facts["cramers_v"], 1e-9)]
        });
        for (statistic, value, tolerance) in checks {
            close(&format!("{name} {statistic}"), &column[statistic], value, tolerance)?;
        }
    }
    let of = |name: &str| columns.iter().find(|column| column["column"] == name).cloned().unwrap_or_default();
    equal("new categories", of("segment")["new_categories"].to_string(), r#"["subscriber"]"#.to_owned())?;
    equal("only nulls drifted", of("churn_prob")["verdict"].clone(), Value::from("null_drift"))?;
    equal("a constant", of("const")["verdict"].clone(), Value::from("no_drift"))
}

/// Writes one batch of named columns as Parquet.
pub(crate) fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) -> TestResult {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)));
    let batch = batch.map_err(|error| error.to_string())?;
    let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).map_err(|error| error.to_string())?;
    writer.write(&batch).map_err(|error| error.to_string())?;
    writer.close().map_err(|error| error.to_string())?;
    Ok(())
}

/// Every odd column has a verdict and a reason, and what can be compared still is.
pub(crate) fn odd_columns() -> TestResult {
    const ROWS: i64 = 12_000;
    let folder = product::folder()?;
    let odd = |is_current: bool| -> Vec<(&str, ArrayRef)> {
        let shift = if is_current { 4_000 } else { 0 };
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("good", Arc::new(Int64Array::from_iter_values((0..ROWS).map(|n| n / 2 * 2 + shift)))),
            ("counts up", Arc::new(Int64Array::from_iter_values((0..ROWS).map(|n| n * 2 + shift)))),
            ("constant", Arc::new(Float64Array::from(vec![7.5; ROWS as usize]))),
            ("nothing", Arc::new(Float64Array::from(vec![None; ROWS as usize]))),
            ("no type", Arc::new(NullArray::new(ROWS as usize))),
            (
                "not a number",
                Arc::new(Float64Array::from_iter_values(
                    (0..ROWS).map(|n| if n % 3 > 0 { f64::NAN } else { f64::INFINITY }),
                )),
            ),
            ("id", Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| format!("id-{n}-{shift}"))))),
            ("free text", Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| format!("text {n}"))))),
            (
                "text",
                Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| format!("text {} {shift}", n % 10_500)))),
            ),
            ("day", Arc::new(Date32Array::from_iter_values((0..ROWS).map(|n| (n % 365 + shift / 100) as i32)))),
            ("money", Arc::new(Decimal128Array::from_iter_values((0..ROWS).map(|n| i128::from(n * 37 % 5_003))))),
            ("flag", Arc::new(BooleanArray::from_iter((0..ROWS).map(|n| Some(n % 4 == 0))))),
            (
                "list",
                Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>((0..ROWS).map(|_| Some(vec![Some(1)])))),
            ),
        ];
        columns.push(match is_current {
            false => ("retyped", Arc::new(Int64Array::from_iter_values(0..ROWS))),
            true => ("retyped", Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| n.to_string())))),
        });
        columns.push((if is_current { "added" } else { "dropped" }, Arc::new(Int64Array::from_iter_values(0..ROWS))));
        columns
    };
    let (reference, current) = (folder.path().join("ref.parquet"), folder.path().join("cur.parquet"));
    write(&reference, odd(false))?;
    write(&current, odd(true))?;
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let (reference, current) = (text(&reference), text(&current));
    let found = product::json(&["drift", &reference, &current, "--json"])?;
    let columns = found["columns"].as_array().ok_or("no columns")?;
    let expected = [
        ("good", "drift", "material"),
        ("counts up", "set_apart", "every value is another whole number"),
        ("constant", "no_drift", "neither"),
        ("nothing", "not_comparable", "no value in either file"),
        ("no type", "not_comparable", "no value in either file"),
        ("not a number", "not_comparable", "no value in either file"),
        ("id", "set_apart", "by its name and its many values an id"),
        ("free text", "set_apart", "nearly every value is another one"),
        ("text", "not_comparable", "more than 10000 categories"),
        ("day", "drift", "material"),
        ("money", "no_drift", "neither"),
        ("flag", "no_drift", "neither"),
        ("list", "not_comparable", "not compared"),
        ("retyped", "schema_change", "int64 became utf8"),
        ("dropped", "schema_change", "the current file has no such column"),
        ("added", "schema_change", "the reference has no such column"),
    ];
    equal("columns", columns.len(), expected.len())?;
    for (column, (name, verdict, reason)) in columns.iter().zip(expected) {
        equal("column", column["column"].clone(), Value::from(name))?;
        equal(name, column["verdict"].clone(), Value::from(verdict))?;
        product::holds(name, column["reason"].as_str().unwrap_or_default(), reason)?;
    }
    let output = product::run_in(&product::root(), &["drift", &reference, "README.md"])?;
    equal("exit code", output.status.code(), Some(21))?;
    let output = product::run_in(&product::root(), &["drift", &reference, &current, "--columns", "good,wrong"])?;
    equal("exit code", output.status.code(), Some(20))?;
    product::holds("message", &String::from_utf8_lossy(&output.stderr), "no column `wrong`")
}
