//! Jobs on exports as strangers write them: right figures, or a refusal that names the file.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float64Array, Int16Array, Int64Array, NullArray, StringArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
};

use crate::export_shop::{
    Ended, Line, SECOND_YEAR, columns, expected, folder_of, lines, project, put, run, split, times, with,
};
use crate::product::{self, TestResult, equal, holds};

/// Writes exports of the shop's first and second year.
pub(crate) type Writes = fn(&Path, &[Line], &[Line]) -> TestResult;

pub(crate) fn exports(writes: Writes) -> Result<tempfile::TempDir, String> {
    let folder = product::folder()?;
    let (first, second) = split(lines(), SECOND_YEAR);
    writes(folder.path(), &first, &second)?;
    Ok(folder)
}

fn ended(writes: Writes) -> Result<Ended, String> {
    run(project()?, exports(writes)?.path(), &[])
}

/// Both years as they are, in files of these names.
pub(crate) fn both(exports: &Path, first: &[Line], second: &[Line]) -> TestResult {
    put(exports, "2024.parquet", columns(first))?;
    put(exports, "2025.parquet", columns(second))
}

/// The second year in a file whose column is another one.
fn other(
    exports: &Path,
    first: &[Line],
    second: &[Line],
    (column, name): (&str, &'static str),
    values: ArrayRef,
) -> TestResult {
    put(exports, "2024.parquet", columns(first))?;
    put(exports, "2025.parquet", with(second, column, name, values))
}

fn ids(lines: &[Line], written: impl Fn(i64) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(lines.iter().map(|line| written(line.customer))))
}

fn numbers(lines: &[Line]) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(lines.iter().map(|line| line.customer as f64)))
}

/// What comes out as from plain files.
const RIGHT: [(&str, Writes); 22] = [
    ("plain", both),
    ("names of all kinds", |e, first, second| {
        let names = [
            "a%3Ab#1.parquet",
            "2025?.parquet",
            "x y*[z].PARQUET",
            "ü ß.parq",
            "part#7",
            "2025_no_ending",
            "a..b/c...pq",
            "%2e%2e.parquet",
            "it's \"so\".parquet",
            "_day=1 %25/p.parquet",
            "orders 2025.12",
        ];
        let size = first.len().div_ceil(names.len());
        for (name, lines) in names.iter().zip(first.chunks(size)) {
            put(e, name, columns(lines))?;
        }
        put(e, "100%.parquet", columns(second))
    }),
    ("what is hidden is no data", |e, first, second| {
        for name in ["_temporary/0/a.parquet", ".staging/a.parquet", "_a.parquet", ".a.parquet", "_SUCCESS"] {
            put(e, name, columns(second))?;
        }
        both(e, first, second)
    }),
    ("ids as whole numbers", |e, a, b| {
        other(
            e,
            a,
            b,
            ("customer_id", "customer_id"),
            Arc::new(Int64Array::from_iter_values(b.iter().map(|l| l.customer))),
        )
    }),
    ("ids as numbers with a point", |e, a, b| other(e, a, b, ("customer_id", "customer_id"), numbers(b))),
    ("ids as decimals", |e, a, b| {
        other(
            e,
            a,
            b,
            ("customer_id", "customer_id"),
            Arc::new(
                Decimal128Array::from_iter_values(b.iter().map(|l| i128::from(l.customer)))
                    .with_precision_and_scale(20, 0)
                    .map_err(|x| x.to_string())?,
            ),
        )
    }),
    ("ids as text with a point", |e, a, b| {
        other(e, a, b, ("customer_id", "customer_id"), ids(b, |id| format!("{id}.0")))
    }),
    ("ids with blanks", |e, a, b| other(e, a, b, ("customer_id", "customer_id"), ids(b, |id| format!(" {id}\t")))),
    ("ids as bytes", |e, a, b| {
        other(
            e,
            a,
            b,
            ("customer_id", "customer_id"),
            Arc::new(BinaryArray::from_iter_values(b.iter().map(|l| l.customer.to_string()))),
        )
    }),
    ("a category that is null in a year", |e, a, b| {
        other(e, a, b, ("category", "category"), Arc::new(NullArray::new(b.len())))
    }),
    ("a category that came later", |e, a, b| {
        let mut early = columns(a);
        early.remove("category");
        put(e, "2024.parquet", early)?;
        put(e, "2025.parquet", columns(b))
    }),
    ("products as numbers", |e, a, b| other(e, a, b, ("product", "product"), numbers(b))),
    ("quantities with a point", |e, a, b| {
        other(
            e,
            a,
            b,
            ("quantity", "quantity"),
            Arc::new(Float64Array::from_iter_values(b.iter().map(|l| l.quantity as f64))),
        )
    }),
    ("small quantities", |e, a, b| {
        other(
            e,
            a,
            b,
            ("quantity", "quantity"),
            Arc::new(Int16Array::from_iter_values(b.iter().map(|l| l.quantity as i16))),
        )
    }),
    ("milliseconds", |e, a, b| {
        other(
            e,
            a,
            b,
            ("ordered_at", "ordered_at"),
            Arc::new(TimestampMillisecondArray::from_iter_values(times(b).map(|t| t / 1000))),
        )
    }),
    ("nanoseconds", |e, a, b| {
        other(
            e,
            a,
            b,
            ("ordered_at", "ordered_at"),
            Arc::new(TimestampNanosecondArray::from_iter_values(times(b).map(|t| t * 1000))),
        )
    }),
    ("instants in both", |e, a, b| {
        for (name, lines) in [("2024.parquet", a), ("2025.parquet", b)] {
            put(
                e,
                name,
                with(
                    lines,
                    "ordered_at",
                    "ordered_at",
                    Arc::new(TimestampMicrosecondArray::from_iter_values(times(lines)).with_timezone("UTC")),
                ),
            )?;
        }
        Ok(())
    }),
    ("categories in the path", |e, a, b| {
        for (name, category, rest) in [("category=Tea", "Tea", 0), ("category=Coffee", "Coffee", 1)] {
            for (year, lines) in [("2024", a), ("2025", b)] {
                let lines: Vec<Line> = lines.iter().filter(|l| (l.customer % 3 == 0) == (rest == 0)).cloned().collect();
                let mut columns = columns(&lines);
                columns.remove("category");
                put(e, &format!("{name}/{year}.parquet"), columns).map_err(|error| format!("{category}: {error}"))?;
            }
        }
        Ok(())
    }),
    ("customers in the path", |e, a, b| {
        put(e, "2024.parquet", columns(a))?;
        for customer in 1_000..1_200 {
            let lines: Vec<Line> = b.iter().filter(|l| l.customer == customer).cloned().collect();
            let mut columns = columns(&lines);
            columns.remove("customer_id");
            put(e, &format!("customer_id={customer}/p.parquet"), columns)?;
        }
        Ok(())
    }),
    ("an empty file more", |e, a, b| {
        put(e, "2023.parquet", columns(&[]))?;
        both(e, a, b)
    }),
    ("files that are no Parquet", |e, a, b| {
        both(e, a, b)?;
        std::fs::write(folder_of(e).join("readme.txt"), "a;b").map_err(|error| error.to_string())
    }),
    ("a far row more", |e, a, b| {
        let far = Line { customer: 1_000, day: 2_932_896, quantity: 1, cents: 100 };
        both(e, a, &[b, &[far]].concat())
    }),
];

pub(crate) fn right() -> TestResult {
    let plain = expected(&lines());
    for (about, writes) in RIGHT {
        let ended = ended(writes)?;
        equal(&format!("{about}: {}", ended.said), ended.figures(), Some(plain))?;
        equal(about, ended.partial(), None)?;
        let note = match about {
            "what is hidden is no data" => "2 Parquet files are left out",
            "files that are no Parquet" => "1 file, 3 bytes): market=de/order_lines/readme.txt",
            "a far row more" => "1 row of market=de/order_lines/2025.parquet on 9999-12-31",
            _ => "",
        };
        holds(about, &ended.notes(), note)?;
        equal(&format!("{about}: {}", ended.notes()), ended.notes() == "null", note.is_empty())?;
    }
    Ok(())
}

fn empty_file(exports: &Path, name: &str) -> TestResult {
    let path = folder_of(exports).join(name);
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| error.to_string())?;
    std::fs::write(path, "{}").map_err(|error| error.to_string())
}

/// What is refused, by which exit code and in which words.
const REFUSED: [(&str, i32, &[&str], Writes); 17] = [
    ("a Delta table", 20, &["market=de/order_lines: ", "a Delta table"], |e, a, b| {
        both(e, a, b).and_then(|()| empty_file(e, "_delta_log/0.json"))
    }),
    ("a Delta table further up", 20, &["market=de: ", "a Delta table"], |e, a, b| {
        both(e, a, b).and_then(|()| empty_file(e, "../_delta_log/0.json"))
    }),
    ("a Hudi table of all markets", 20, &["a Hudi table"], |e, a, b| {
        both(e, a, b).and_then(|()| empty_file(e, "../../.hoodie/a.properties"))
    }),
    ("an Iceberg table", 20, &["an Iceberg table"], |e, a, b| {
        both(e, a, b).and_then(|()| empty_file(e, "metadata/v1.metadata.json"))
    }),
    ("a copy beside", 20, &["2025.parquet.bak", "another ending"], |e, a, b| {
        both(e, a, b).and_then(|()| put(e, "2025.parquet.bak", columns(b)))
    }),
    ("a name that cannot be read", 20, &["name that cannot be read"], |e, a, b| {
        both(e, a, b).and_then(|()| put(e, "a\tb.parquet", columns(b)))
    }),
    ("another case", 20, &["2025.parquet: column `customer_id`", "`Customer_ID` is there"], |e, a, b| {
        other(e, a, b, ("customer_id", "Customer_ID"), numbers(b))
    }),
    ("another case of an optional column", 20, &["column `category`", "`CATEGORY` is there"], |e, a, b| {
        other(e, a, b, ("category", "CATEGORY"), ids(b, |_| "Tea".to_owned()))
    }),
    ("a byte-order mark", 20, &[r"`\u{feff}order_id`, which begins with a byte-order mark"], |e, a, b| {
        other(e, a, b, ("order_id", "\u{feff}order_id"), ids(b, |id| id.to_string()))
    }),
    ("a blank behind a name", 20, &["column `net_amount`", "`net_amount ` is there"], |e, a, b| {
        other(e, a, b, ("net_amount", "net_amount "), numbers(b))
    }),
    ("another case in the path", 20, &["its path has `Category`"], |e, a, b| {
        let mut columns = columns(b);
        columns.remove("category");
        put(e, "2024.parquet", crate::export_shop::columns(a))?;
        put(e, "Category=Tea/2025.parquet", columns)
    }),
    (
        "a missing customer",
        20,
        &["column `customer_id`", "found category", "export it again, or write the name"],
        |e, a, b| other(e, a, b, ("customer_id", "kunde"), numbers(b)),
    ),
    ("half a piece", 20, &["2025.parquet: column `quantity` is 1.5 in row 1;"], |e, a, b| {
        other(e, a, b, ("quantity", "quantity"), Arc::new(Float64Array::from_iter_values(b.iter().map(|_| 1.5))))
    }),
    ("days for times", 20, &["column `ordered_at` is date"], |e, a, b| {
        other(
            e,
            a,
            b,
            ("ordered_at", "ordered_at"),
            Arc::new(Date32Array::from_iter_values(b.iter().map(|l| l.day as i32))),
        )
    }),
    ("ids that are too large for their type", 20, &["row 1 has one", "export ids as text or int64"], |e, a, b| {
        other(
            e,
            a,
            b,
            ("customer_id", "customer_id"),
            Arc::new(Float64Array::from_iter_values(b.iter().map(|l| l.customer as f64 * 1e15))),
        )
    }),
    ("no rows", 22, &["market `de`: no sale in its exports, which have 0 rows"], |e, _, _| {
        put(e, "all.parquet", columns(&[]))
    }),
    ("nothing but another kind of file", 22, &["no object under", "1 file, 2 bytes", "a.csv"], |e, _, _| {
        empty_file(e, "a.csv")
    }),
];

pub(crate) fn refused() -> TestResult {
    for (about, code, words, writes) in REFUSED {
        let ended = ended(writes)?;
        equal(&format!("{about}: {}", ended.said), ended.code, Some(code))?;
        for part in words {
            holds(about, &ended.said, part)?;
        }
        equal(about, ended.report.is_none(), true)?;
    }
    Ok(())
}
