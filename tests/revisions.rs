//! A revision says what it changed of the one before it, and why, on the page, in the mail and in `diff --revisions`.

use std::path::Path;

use driftline_core::report::{Part, Report};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::determinism::split_exports;
use crate::product::{self, TestResult, equal, holds};

const PERIOD: &str = "2017Q3";

fn report(warehouse: &Path) -> Result<Report, String> {
    let found = product::report(warehouse, "complete-journey", "us", PERIOD)?;
    serde_json::from_value(found).map_err(|error| error.to_string())
}

/// Moves rows of a Parquet file: the first `few` to one file, the others to another.
fn divide(from: &Path, few: usize, first: &Path, others: &Path) -> TestResult {
    let file = std::fs::File::open(from).map_err(|error| error.to_string())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let schema = builder.schema().clone();
    let writer = |path: &Path| {
        let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
        ArrowWriter::try_new(file, schema.clone(), None).map_err(|error| error.to_string())
    };
    let (mut first, mut others) = (writer(first)?, writer(others)?);
    let mut left = few;
    for batch in builder.build().map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        let here = left.min(batch.num_rows());
        first.write(&batch.slice(0, here)).map_err(|error| error.to_string())?;
        others.write(&batch.slice(here, batch.num_rows() - here)).map_err(|error| error.to_string())?;
        left -= here;
    }
    first.close().and(others.close()).map_err(|error| error.to_string())?;
    std::fs::remove_file(from).map_err(|error| error.to_string())
}

/// The mail of a revision, with lines put together.
fn mail(warehouse: &Path) -> Result<String, String> {
    let mails = product::run_folder(warehouse, "complete-journey", "us", PERIOD)?.join("mails");
    let first = std::fs::read_dir(mails).map_err(|error| error.to_string())?.flatten().next().ok_or("no mail")?;
    let text = std::fs::read_to_string(first.path()).map_err(|error| error.to_string())?;
    let plain = text.split("text/html").next().unwrap_or_default().replace("=\r\n", "").replace("=E2=86=92", "→");
    Ok(plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A late export, then three orders more, then another setting of the job, then nothing at all.
pub(crate) fn late_export() -> TestResult {
    let folder = product::folder()?;
    let (exports, warehouse) = (folder.path().join("exports"), folder.path().join("warehouse"));
    split_exports(&product::root().join("tests/exports/complete_journey"), &exports)?;
    let lines = exports.join("market=us/basket_lines");
    let (few, late) = (folder.path().join("few.parquet"), folder.path().join("late.parquet"));
    divide(&lines.join("a-2017-09.parquet"), 3, &few, &late)?;
    let moved = |from: &Path, name: &str| std::fs::rename(from, lines.join(name)).map_err(|error| error.to_string());
    let place = format!("exports.url={}", exports.display());
    let publish = |more: &[&str]| {
        product::publish_complete_journey(
            &warehouse,
            PERIOD,
            &[&["--set", place.as_str(), "--set", "limits.rows_fall=0.9"], more].concat(),
        )
    };
    publish(&[])?;
    let first = report(&warehouse)?;
    equal("the first revision corrects nothing", first.revision_changes.is_none(), true)?;

    moved(&late, "late-2017-09.parquet")?;
    publish(&["--revise", "half of September was late"])?;
    let second = report(&warehouse)?;
    let changes = second.revision_changes.as_ref().ok_or("no changes")?;
    equal("from", (changes.from_revision, changes.reason.as_deref()), (1, Some("half of September was late")))?;
    let source = changes.sources.first().ok_or("no source")?;
    equal("source", (source.source.as_str(), changes.sources.len()), ("basket_lines", 1))?;
    equal("objects", (source.changed, source.appeared, source.vanished), (0, 1, 0))?;
    let rows = |report: &Report| report.quality.source_rows.get("basket_lines").copied().unwrap_or(0);
    equal("rows", (source.rows_before, source.rows_now), (rows(&first), rows(&second)))?;
    equal("parts", changes.parts.iter().map(|part| part.part).collect(), vec![Part::Exports])?;
    let net = |report: &Report| report.totals.as_ref().map(|totals| totals.net.0 as f64);
    let figure = changes.figures.iter().find(|figure| figure.key == "net_revenue").ok_or("no net revenue")?;
    equal("net revenue", (figure.before, figure.now), (net(&first), net(&second)))?;
    equal("cause", figure.cause.as_str(), "the exports")?;
    equal("personas", changes.personas.is_empty() && changes.unmatched.is_empty(), false)?;
    no_small_difference(&second)?;
    let page = product::run_folder(&warehouse, "complete-journey", "us", PERIOD)?.join("report.html");
    let page = std::fs::read_to_string(page).map_err(|error| error.to_string())?;
    holds("page", &page, "What changed from revision 1</h2>")?;
    let text = mail(&warehouse)?;
    equal("lines of the mail", (1..=3).contains(&changes.sentences.len()), true)?;
    holds("mail", &text, &changes.sentences[0])?;
    holds("mail", &text, "Changed since revision 1: basket lines +")?;

    moved(&few, "few-2017-09.parquet")?;
    let refused = publish(&["--revise", "three orders were missing"]);
    holds(
        "refused",
        &refused.err().unwrap_or_default(),
        "differs from revision 2 by the data of fewer than 10 customers",
    )?;
    equal("nothing is published", report(&warehouse)?.revision, 2)?;
    publish(&["--revise", "three orders were missing", "--set", "privacy.revisions_of_few=true"])?;
    let third = report(&warehouse)?;
    let changes = third.revision_changes.as_ref().ok_or("no changes")?;
    equal("rows", changes.sources.first().map(|source| source.rows_now - source.rows_before), Some(3))?;
    let keys = |report: &Report| report.personas.personas.iter().map(|persona| persona.key.clone()).collect::<Vec<_>>();
    equal("keys of a revision of a first report", keys(&third), keys(&second))?;
    equal("figures of a handful", (changes.figures.len(), changes.personas.len()), (0, 0))?;
    equal("withheld", changes.withheld > 0, true)?;
    no_small_difference(&third)?;
    holds("mail", &mail(&warehouse)?, "What fewer than 10 customers changed is not shown.")?;

    publish(&["--revise", "another window", "--set", "active_days=60"])?;
    let fourth = report(&warehouse)?;
    let changes = fourth.revision_changes.as_ref().ok_or("no changes")?;
    equal("sources", changes.sources.len(), 0)?;
    equal("parts", changes.parts.iter().map(|part| part.part).collect(), vec![Part::Job])?;
    let active = changes.figures.iter().find(|figure| figure.key == "active_customers").ok_or("no active customers")?;
    equal("cause", active.cause.as_str(), "the job's settings")?;
    equal("net revenue is what it was", changes.figures.iter().any(|figure| figure.key == "net_revenue"), false)?;

    publish(&["--revise", "by mistake", "--set", "active_days=60"])?;
    let fifth = report(&warehouse)?;
    let changes = fifth.revision_changes.as_ref().ok_or("no changes")?;
    equal("nothing changed", (changes.parts.len(), changes.figures.len(), changes.personas.len()), (0, 0, 0))?;
    equal("nothing withheld", (changes.withheld, changes.unmatched.len()), (0, 0))?;
    told_by_diff(&warehouse)
}

/// `diff --revisions` goes through all of them and names the objects, which the reports do not.
fn told_by_diff(warehouse: &Path) -> TestResult {
    let place = format!("warehouse.url={}", warehouse.display());
    let command = ["diff", "us", PERIOD, "--revisions", "--job", "complete-journey", "--set", &place];
    let text = product::run(&command)?;
    for part in [
        "--- us 2017Q3 (revision 1)",
        "why: half of September was late",
        "late-2017-09.parquet  (",
        "why: three orders were missing",
        "figures are not shown: fewer than 10 customers changed",
        "~ the job's settings: ",
        "+++ us 2017Q3 (revision 5",
    ] {
        holds("diff --revisions", &text, part)?;
    }
    let steps = product::json(&command)?;
    equal("steps", steps.as_array().map(Vec::len), Some(4))?;
    equal("objects of the first", steps[0]["objects"].as_array().map(Vec::len), Some(1))?;
    equal("objects of the last", steps[3]["objects"].as_array().map(Vec::len), Some(0))?;
    let json = product::run_folder(warehouse, "complete-journey", "us", PERIOD)?.join("report.json");
    let json = std::fs::read_to_string(json).map_err(|error| error.to_string())?;
    equal("objects in the report", json.contains(".parquet"), false)
}

/// No two counts of customers that the section shows differ by a handful.
fn no_small_difference(report: &Report) -> TestResult {
    let changes = report.revision_changes.as_ref().ok_or("no changes")?;
    let counts = changes.figures.iter().chain(&changes.personas);
    for figure in counts.filter(|figure| figure.key == "active_customers" || figure.label == "customers") {
        let difference = (figure.now.unwrap_or(0.0) - figure.before.unwrap_or(0.0)).abs();
        if difference > 0.0 && difference < report.method.min_cell as f64 {
            return Err(format!("{figure:?} differs by {difference} customers"));
        }
    }
    Ok(())
}
