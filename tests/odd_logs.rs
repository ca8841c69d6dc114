//! `ltv` and `churn` on logs as strangers write them: ids of another type in another file, old timestamps, names with dots and
//! blanks, columns without a type.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Decimal128Array, NullArray};
use parquet::data_type::{Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

use crate::drift::write;
use crate::odd_files::{Columns, column, days, drift_of, floats, near, texts, whole};
use crate::product::{self, TestResult, equal, holds};

/// Makes a column of ids.
type Ids = fn(&mut dyn Iterator<Item = i64>) -> ArrayRef;

/// A log of customers who come every few weeks: their ids in a type, and the rest.
fn log(range: std::ops::Range<i64>, name: &'static str, ids: Ids) -> Columns {
    let customer = |n: &i64| 1000 + n % 40;
    vec![
        (name, ids(&mut range.clone().map(|n| customer(&n)))),
        ("ordered_at", days(range.clone().map(|n| 19_723 + n * 29 % 360))),
        ("net_amount", floats(range.map(|n| 10.0 + (n % 23) as f64))),
    ]
}

const AS_OF: &str = "2024-12-31";

/// Customers, those who came again, repeat purchases and the notes.
fn counts(path: &Path, column: &str) -> Result<([u64; 3], String), String> {
    let path = path.to_string_lossy();
    let options = ["--customer-column", column, "--calibration-end", AS_OF, "--model", "bgnbd"];
    let found = product::json(&[&["ltv", &path][..], &options].concat())?;
    let count = |name: &str| found[name].as_u64().unwrap_or(u64::MAX);
    Ok((["customers", "repeat_customers", "repeat_purchases"].map(count), found["notes"].to_string()))
}

/// Ids of every type over two files are the customers of one file; names of columns as they are.
pub(crate) fn customers() -> TestResult {
    let folder = product::folder()?;
    let whole_log = folder.path().join("whole.parquet");
    write(&whole_log, log(0..600, "customer_id", |ids| whole(ids)))?;
    let (expected, _) = counts(&whole_log, "customer_id")?;
    equal("customers", expected[0], 40)?;
    let types: [(&str, Ids); 7] = [
        ("int64", |ids| whole(ids)),
        ("float64", |ids| floats(ids.map(|id| id as f64))),
        ("text", |ids| texts(ids.map(|id| id.to_string()))),
        ("text with a point", |ids| texts(ids.map(|id| format!("{id}.0")))),
        ("text with blanks", |ids| texts(ids.map(|id| format!("{id}   ")))),
        ("binary", |ids| Arc::new(BinaryArray::from_iter_values(ids.map(|id| id.to_string())))),
        ("decimal", |ids| Arc::new(Decimal128Array::from_iter_values(ids.map(|id| i128::from(id) * 10_i128.pow(10))))),
    ];
    for (what, ids) in types {
        let parts = folder.path().join(what.replace(' ', "_"));
        std::fs::create_dir_all(&parts).map_err(|error| error.to_string())?;
        write(&parts.join("1.parquet"), log(0..300, "customer_id", |ids| whole(ids)))?;
        write(&parts.join("2.parquet"), log(300..600, "customer_id", ids))?;
        equal(what, counts(&parts, "customer_id")?.0, expected)?;
    }
    for name in ["kunde.nr", "Kunde Nr.", "größe", "a b.c d", "Customer-ID"] {
        let file = folder.path().join("named.parquet");
        write(&file, log(0..600, name, |ids| whole(ids)))?;
        equal(name, counts(&file, name)?.0, expected)?;
    }
    let file = folder.path().join("missing.parquet");
    write(
        &file,
        log(0..600, "customer_id", |ids| {
            texts(ids.map(|id| {
                if id == 1000 {
                    " \t".to_owned()
                } else if id == 1001 {
                    "nan".to_owned()
                } else {
                    id.to_string()
                }
            }))
        }),
    )?;
    let (found, notes) = counts(&file, "customer_id")?;
    equal("without the blank one", found[0], 39)?;
    holds("notes", &notes, "15 of 600 rows have no customer")?;
    holds("notes", &notes, "15 rows have the customer `nan`")?;
    equal("no copies", notes.contains("equal to another one"), false)?;
    let copied = folder.path().join("copied");
    std::fs::create_dir_all(&copied).map_err(|error| error.to_string())?;
    for name in ["1.parquet", "2.parquet", "_3.parquet"] {
        write(&copied.join(name), log(0..600, "customer_id", |ids| whole(ids)))?;
    }
    let (_, notes) = counts(&copied, "customer_id")?;
    holds("copies", &notes, "600 of 1200 rows are equal to another one in customer, day and amount")?;
    holds(
        "hidden",
        &notes,
        "1 Parquet file is left out, for names that begin with `_` or `.` are no data: `_3.parquet`",
    )?;
    let file = folder.path().join("no_amounts.parquet");
    let mut columns = log(0..600, "customer_id", |ids| whole(ids));
    columns[2].1 = Arc::new(NullArray::new(600));
    write(&file, columns)?;
    let (found, notes) = counts(&file, "customer_id")?;
    equal("amounts of no type", found, expected)?;
    holds("notes", &notes, "no spend model")
}

/// One INT96 time after another, as Spark and Impala wrote them: Julian day and nanoseconds.
fn write_int96(path: &Path, days: &[i64], customers: &[i64]) -> TestResult {
    let message = "message m { required int64 customer_id; required int96 ordered_at; required double net_amount; }";
    let schema = Arc::new(parse_message_type(message).map_err(|error| error.to_string())?);
    let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    let properties = Arc::new(WriterProperties::builder().build());
    let failed = |error: parquet::errors::ParquetError| error.to_string();
    let mut writer = SerializedFileWriter::new(file, schema, properties).map_err(failed)?;
    let mut group = writer.next_row_group().map_err(failed)?;
    let times: Vec<Int96> = days.iter().map(|day| Int96::from(vec![0, 0, (day + 2_440_588) as u32])).collect();
    let amounts = vec![5.0; days.len()];
    let mut place = 0;
    while let Some(mut column) = group.next_column().map_err(failed)? {
        match place {
            0 => column.typed::<parquet::data_type::Int64Type>().write_batch(customers, None, None),
            1 => column.typed::<Int96Type>().write_batch(&times, None, None),
            _ => column.typed::<parquet::data_type::DoubleType>().write_batch(&amounts, None, None),
        }
        .map_err(failed)?;
        column.close().map_err(failed)?;
        place += 1;
    }
    group.close().map_err(failed)?;
    writer.close().map(|_| ()).map_err(failed)
}

/// What cannot be read is refused with the file, the row in it and what is there; old timestamps have their true year.
pub(crate) fn refused() -> TestResult {
    let folder = product::folder()?;
    let parts = folder.path().join("parts");
    std::fs::create_dir_all(&parts).map_err(|error| error.to_string())?;
    write(&parts.join("1.parquet"), log(0..300, "customer_id", |ids| whole(ids)))?;
    let second = parts.join("2.parquet");
    let day = |year: i64| (year - 1970) * 365 + (year - 1969) / 4 + 100;
    let said = |says: &str| {
        let path = parts.to_string_lossy();
        let output = product::run_in(&product::root(), &["ltv", &path, "--calibration-end", AS_OF])?;
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        equal(&message, output.status.code(), Some(20))?;
        holds("the message", &message, says)?;
        holds("the message", &message, "2.parquet")
    };
    let changed = |place: usize, column: ArrayRef| {
        let mut columns = log(0..3, "customer_id", |ids| whole(ids));
        columns[place].1 = column;
        write(&second, columns)
    };
    changed(2, floats([1.0, f64::INFINITY, 2.0]))?;
    said("column `net_amount` is inf in row 2")?;
    changed(2, texts(["1", "2", "12,50"].map(str::to_owned)))?;
    said("expected an amount of money in row 3")?;
    changed(1, Arc::new(NullArray::new(3)))?;
    said("column `ordered_at` is null in row 1")?;
    changed(0, floats([1.0, 2.0, 1e17]))?;
    said("row 3 has one; export ids as text or int64")?;
    for (year, says) in [(2600, "in the year 2600 in row 2"), (9998, "in the year 9998"), (1815, "in the year 1815")] {
        write_int96(&second, &[19_800, day(year)], &[1, 2])?;
        said(says)?;
    }
    let mut named = log(0..3, "customer_id", |ids| whole(ids));
    named[0].0 = "Customer_ID";
    write(&second, named)?;
    said("did you mean `Customer_ID`? --customer-column 'Customer_ID'")?;
    // Equal moments, one side in INT96 with a far one: no drift at all.
    let moments: Vec<i64> = (0..100).map(|n| 19_723 + n).chain([day(9998)]).collect();
    let [old, new] = ["old.parquet", "new.parquet"].map(|name| folder.path().join(name));
    write_int96(&old, &moments, &(0..101).map(|n| n % 7).collect::<Vec<i64>>())?;
    write(&new, vec![("ordered_at", days(moments.iter().copied()))])?;
    let (found, _) = drift_of(&old, &new)?;
    let times = column(&found, "ordered_at")?;
    equal("the shift of equal times", (times["shift"].as_f64(), times["ks_d"].as_f64()), (Some(0.0), Some(0.0)))
}

/// The logs that strangers sent, with the values of an independent program.
pub(crate) fn cases() -> TestResult {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let folder = product::root().join(shared).join("cases/exports");
    for (path, column, expected) in [
        ("04_ids_int_in_one_file_float_in_another/intint", "customer_id", [1499, 952, 3532]),
        ("04_ids_int_in_one_file_float_in_another/intfloat", "customer_id", [1499, 952, 3532]),
        ("17_dotted_names_in_ltv/n2.parquet", "kunde.nr", [1500, 953, 3534]),
        ("17_dotted_names_in_ltv/n4.parquet", "Kunde Nr.", [1500, 953, 3534]),
    ] {
        let path = folder.join(path).to_string_lossy().into_owned();
        let options = ["--customer-column", column, "--calibration-end", "2025-06-30", "--model", "bgnbd"];
        let found = product::json(&[&["ltv", &path][..], &options].concat())?;
        let count = |name: &str| found[name].as_u64().unwrap_or(u64::MAX);
        equal(&path, ["customers", "repeat_customers", "repeat_purchases"].map(count), expected)?;
    }
    for year in ["2600", "9999"] {
        let path = folder.join(format!("05_int96_wraps/sp_int96_{year}.parquet")).to_string_lossy().into_owned();
        let output = product::run_in(&product::root(), &["ltv", &path, "--calibration-end", "2025-06-30"])?;
        holds(year, &String::from_utf8_lossy(&output.stderr), &format!("in the year {year}"))?;
    }
    Ok(())
}

/// The files that strangers sent to `drift`.
pub(crate) fn drift_cases() -> TestResult {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let folder = product::root().join(shared).join("cases/exports");
    for (name, p) in [("k3_3", 0.1), ("small", 0.2), ("k30_1", 2.0 / 31.0), ("k2_6", 2.0 / 28.0)] {
        let path = |side: &str| folder.join(format!("08_drift_small_samples/d_{name}_{side}.parquet"));
        near(name, &column(&drift_of(&path("r"), &path("c"))?.0, "x")?["p"], p)?;
    }
    let path = |side: &str| folder.join(format!("09_drift_scale_and_outlier/d_scale_{side}.parquet"));
    let (found, _) = drift_of(&path("r"), &path("c"))?;
    equal("drifted", found["drifted"].clone(), Value::from(5))?;
    near("unit", &column(&found, "tiny")?["shift"], column(&found, "plain")?["shift"].as_f64().unwrap_or_default())?;
    let path = |side: &str| folder.join(format!("05_int96_wraps/d_spfar_{side}.parquet"));
    near("equal times", &column(&drift_of(&path("r"), &path("c"))?.0, "t")?["ks_d"], 0.0)
}
