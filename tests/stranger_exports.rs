//! How far exports reach, which markets they have, and the exports that strangers sent.

use std::path::Path;

use crate::export_shop::{
    END, LAST_QUARTER, Line, MIDDLE, columns, command, expected, lines, project, put, run, said, split,
};
use crate::odd_exports::{both, exports};
use crate::product::{self, TestResult, equal, holds};

/// How far the exports reach is how far sales do.
pub(crate) fn reach() -> TestResult {
    let half = || split(lines(), MIDDLE).0;
    let row = |day: i64, quantity: i64| Line { customer: 1_000, day, quantity, cents: 100 * quantity };
    let cases: [(&str, Vec<Line>); 7] = [
        ("as it is", Vec::new()),
        ("9999-12-31", vec![row(2_932_896, 1)]),
        ("fifty rows in 2099", vec![row(47_117, 1); 50]),
        ("tomorrow", vec![row(END + 5, 1)]),
        ("one row on the last day", vec![row(END - 1, 1)]),
        ("returns to the end", (MIDDLE..END).map(|day| row(day, -1)).collect()),
        ("1900-01-01", vec![row(-25_567, 1)]),
    ];
    for (about, more) in cases {
        let folder = product::folder()?;
        let far = more.len() as i64 - 47 * i64::from(about == "returns to the end");
        put(folder.path(), "all.parquet", columns(&[half(), more].concat()))?;
        let ended = run(project()?, folder.path(), &[])?;
        holds(about, &ended.partial().unwrap_or_default(), "the exports end on 2025-11-14")?;
        equal(about, ended.figures().map(|figures| figures.0), Some(expected(&half()).0))?;
        let named = ended.notes().contains("of market=de/order_lines/all.parquet");
        equal(&format!("{about}: {}", ended.notes()), named, far > 0)?;
    }
    // A market that opens inside the period is not whole, and its first day is no end.
    let folder = product::folder()?;
    put(folder.path(), "all.parquet", columns(&split(lines(), LAST_QUARTER + 31).1))?;
    let young = run(project()?, folder.path(), &[])?;
    holds("young", &young.partial().unwrap_or_default(), "the exports start on 2025-11-01")
}

/// A market that cannot be read is named by every command, and a run of nothing is no success.
pub(crate) fn markets() -> TestResult {
    for (folders, code, named) in [
        (&["market=DE"][..], 22, "folder `market=DE` is left out"),
        (&["market=united kingdom"], 22, "folder `market=united kingdom` is left out"),
        (&["de"], 22, "looked for market={market}/order_lines/, found de"),
        (&[], 22, "no folder is there"),
        (&["market=de", "market=AT"], 0, "call it `market=at`"),
        (&["market=de", "market=österreich"], 0, "give the code a name in market_names"),
    ] {
        let folder = product::folder()?;
        for name in folders {
            put(&folder.path().join("written"), "all.parquet", columns(&lines()))?;
            let to = folder.path().join("exports").join(name);
            std::fs::create_dir_all(folder.path().join("exports")).map_err(|error| error.to_string())?;
            std::fs::rename(folder.path().join("written/market=de"), to).map_err(|error| error.to_string())?;
        }
        let exports = folder.path().join("exports");
        std::fs::create_dir_all(&exports).map_err(|error| error.to_string())?;
        let ended = run(project()?, &exports, &[])?;
        equal(&format!("run of {folders:?}: {}", ended.said), ended.code, Some(code))?;
        holds("run", &ended.said, named)?;
        for asked in [&["plan", "jobs/quarterly.toml", "--period", "2025Q4"][..], &["doctor", "quarterly"]] {
            let output = command(project()?, asked, &exports, &[])?;
            holds(asked[0], &said(&output), named)?;
            equal(asked[0], output.status.code() == Some(0), code == 0)?;
        }
    }
    let folder = exports(both)?;
    let missing = run(project()?, folder.path(), &["--set", "markets=[\"de\",\"fr\"]"])?;
    equal(&missing.said, missing.code, Some(11))?;
    holds("a listed market without files", &missing.said, "market `fr` is not in the exports")
}

/// The exports that strangers sent, as the table beside them says.
pub(crate) fn cases() -> TestResult {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let folder = product::root().join(shared).join("cases/exports");
    let base = (1_551_065, 0, "");
    let half = (841_466, 0, "the exports end on 2025-11-15");
    let refused = |code, words| (0, code, words);
    for (name, (net, code, words)) in [
        ("base", base),
        ("01_names_with_percent_hash_question/exports_hash", base),
        ("01_names_with_percent_hash_question/exports_pct", base),
        ("01_names_with_percent_hash_question/exports_pct3A", base),
        ("01_names_with_percent_hash_question/exports_qm", base),
        ("02_future_row_defeats_completeness/halfq", half),
        ("02_future_row_defeats_completeness/halfq_9999", half),
        ("02_future_row_defeats_completeness/halfq_future", half),
        ("02_future_row_defeats_completeness/halfq_int96", half),
        ("02_future_row_defeats_completeness/halfq_nostats", half),
        ("02_future_row_defeats_completeness/int96_then_us", base),
        ("02_future_row_defeats_completeness/young", (3_257_344, 0, "the exports start on 2025-11-01")),
        ("02_future_row_defeats_completeness/zero_rows", refused(22, "no sale in its exports, which have 0 rows")),
        ("03_hidden_and_temporary_files_counted/delta", refused(20, "a Delta table")),
        ("03_hidden_and_temporary_files_counted/temp", base),
        ("05_int96_wraps/p2600_int96", (1_550_448, 0, "on 2600-01-01")),
        ("05_int96_wraps/p9999", (1_550_448, 0, "on 9999-12-31")),
        ("05_int96_wraps/p9999_int96", (1_550_448, 0, "on 9999-12-31")),
        ("05_int96_wraps/pdrop", (1_550_448, 0, "")),
        ("06_empty_id_is_a_customer_in_jobs/p0001", (1_550_448, 0, "on 0001-01-01")),
        ("07_markets_left_out_silently/mktmix", (1_551_065, 0, "`market=AT` is left out")),
        ("07_markets_left_out_silently/mktupper", refused(22, "`market=DE` is left out")),
        ("11_null_typed_column/catnull", base),
        ("12_files_left_out_by_extension/athena", base),
        ("12_files_left_out_by_extension/upperext", base),
        ("14_local_and_utc_mixed/tz_aware", (1_668_300, 0, "")),
        ("14_local_and_utc_mixed/tz_mixed", (1_668_300, 0, "were taken for those of Europe/Berlin")),
        ("16_advice_that_misleads/casemix", refused(20, "2025.parquet: column `customer_id` (utf8) is missing")),
        ("16_advice_that_misleads/hivecat", base),
    ] {
        let ended = run(project()?, &folder.join(name), &[])?;
        equal(&format!("{name}: {}", ended.said), ended.code, Some(code))?;
        let told = [ended.partial().unwrap_or_default(), ended.notes(), ended.said.clone()].join("\n");
        holds(name, &told, words)?;
        equal(name, ended.figures().map_or(0, |figures| figures.0), net)?;
    }
    empty_ids(&folder.join("06_empty_id_is_a_customer_in_jobs"))
}

/// Blank ids are none: every figure is that of nulls.
fn empty_ids(folder: &Path) -> TestResult {
    let of = |name: &str| run(project()?, &folder.join(name), &[]).map(|ended| ended.report.unwrap_or_default());
    let (blank, null) = (of("emptyid")?, of("nullid")?);
    equal("personas", &blank["personas"], &null["personas"])?;
    equal("totals", &blank["totals"], &null["totals"])?;
    let share = blank["quality"]["unidentified_gross_share"].as_f64().unwrap_or_default();
    equal("15.6 % of gross without a customer", (share * 1000.0).round(), 156.0)
}
