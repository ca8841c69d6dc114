//! What each command prints and leaves behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::bad_input;
use crate::figures::part_of;
use crate::product::{self, NOW, TestResult, equal, holds, run_in, succeed};

pub(crate) fn run_twice() -> TestResult {
    let folder = product::folder()?;
    let setting = format!("warehouse.url={}", folder.path().join("w").display());
    let arguments =
        ["run", "jobs/complete-journey.toml", "--period", "2017Q2..2017Q3", "--now", NOW, "--set", &setting];
    let first = product::run(&arguments)?;
    holds("first run", &first, "2 published, 0 already published")?;
    // Typed from anywhere: the program is called with its project here.
    let next = format!("next: driftline --project {} show us 2017Q3", product::root().display());
    holds("next step", &first, &next)?;
    let second = product::run(&arguments)?;
    holds("second run", &second, "0 published, 2 already published")
}

pub(crate) fn revise() -> TestResult {
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q3", &[])?;
    let revised = product::publish_complete_journey(folder.path(), "2017Q3", &["--revise", "late export"])?;
    equal("revision", revised["runs"][0]["revision"].as_u64(), Some(2))?;
    let slot = folder.path().join("complete-journey/us/2017Q3/published");
    equal(
        "both revisions stay",
        (slot.join("000001.json").is_file(), slot.join("000002.json").is_file()),
        (true, true),
    )?;
    let report = product::report(folder.path(), "complete-journey", "us", "2017Q3")?;
    equal("reason", report["revision_reason"].as_str(), Some("late export"))?;
    holds("subject", report["headline"]["subject"].as_str().unwrap_or_default(), "Corrected: ")
}

pub(crate) fn dry_run() -> TestResult {
    let folder = product::folder()?;
    let result = product::publish_complete_journey(folder.path(), "2017Q3", &["--dry-run"])?;
    equal("state", result["runs"][0]["state"].as_str(), Some("dry_run"))?;
    equal("nothing in the warehouse", folder.path().join("complete-journey").exists(), false)
}

pub(crate) fn check() -> TestResult {
    let text = product::run(&["check"])?;
    holds("check", &text, "ok: ")?;
    let counts = product::json(&["check"])?;
    let tests = counts["unit_tests"].as_u64().unwrap_or(0);
    if tests < 6 { Err(format!("only {tests} unit tests of models ran")) } else { Ok(()) }
}

pub(crate) fn init() -> TestResult {
    let folder = product::folder()?;
    let project = folder.path().join("shop");
    let shown = project.display().to_string();
    holds("init", &product::run(&["init", &shown])?, "next: ")?;
    holds("check", &succeed(run_in(&project, &["check"])?)?, "ok: 1 jobs, 1 dialects")?;
    // A new model or template belongs to the skeleton too.
    for shared in ["sql/intermediate", "sql/marts", "sql/audits", "sql/staging/canonical", "reports/site"] {
        equal(shared, names_in(&project.join(shared))?, names_in(&product::root().join(shared))?)?;
    }
    // A folder that is in use is never written to.
    let again = run_in(&product::root(), &["init", &shown])?;
    equal("second init", again.status.code(), Some(40))
}

fn names_in(folder: &std::path::Path) -> Result<std::collections::BTreeSet<String>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

pub(crate) fn readers() -> TestResult {
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q2..2017Q3", &[])?;
    let setting = format!("warehouse.url={}", folder.path().display());
    let show = ["show", "us", "2017Q3", "--job", "complete-journey", "--set", &setting];
    let cards = product::run(&show)?;
    holds("show", &cards, "[primary]")?;
    holds("show", &cards, "no evidence yet; would come from")?;
    holds(
        "show",
        &cards,
        "Frustrations, Goals, Motivations, Objections: stg_feedback: What customers said: support tickets, survey answers, reviews",
    )?;
    equal("show --json", product::json(&show)?["period"].as_str(), Some("2017Q3"))?;
    let diff = ["diff", "us", "2017Q2", "2017Q3", "--job", "complete-journey", "--set", &setting];
    holds("diff", &product::run(&diff)?, "~ market: Net revenue of the period $1,148,055 → $1,149,075")?;
    let site = ["site", "--job", "complete-journey", "--set", &setting];
    holds("site", &product::run(&site)?, "/complete-journey/_site/index.html")?;
    let index = folder.path().join("complete-journey/_site/index.html");
    let text = std::fs::read_to_string(&index).map_err(|error| format!("{}: {error}", index.display()))?;
    holds("index of the site", &text, "href=\"us/personas/us-2017q2-a.html\"")?;
    // The site is no market, and makes the same bytes again, there or elsewhere.
    let elsewhere = folder.path().join("site").display().to_string();
    let files = product::json(&["site", "--job", "complete-journey", "--set", &setting, "--out", &elsewhere])?;
    equal("files listed", files.as_array().map(|files| files.len() > 10), Some(true))?;
    let again = std::fs::read_to_string(folder.path().join("site/index.html")).map_err(|error| error.to_string())?;
    equal("the same index", again == text, true)?;
    site_files(&folder.path().join("site"), &setting)?;
    let none = run_in(&product::root(), &["site", "--job", "complete-journey", "--market", "de", "--set", &setting])?;
    equal("a market that is not published", none.status.code(), Some(42))?;
    let list = product::json(&["list"])?;
    equal("jobs listed", list.as_array().map(|jobs| jobs.len() >= 2), Some(true))?;
    let out = folder.path().join("preview").display().to_string();
    holds("preview", &product::run(&["preview", "drift", "--out", &out])?, "mail.html")?;
    holds("completions", &product::run(&["completions", "bash"])?, "driftline")
}

/// A second site into a folder removes pages that an earlier one wrote, and nothing else.
fn site_files(site: &Path, setting: &str) -> TestResult {
    let failed = |error: std::io::Error| error.to_string();
    let whole = site.join("us/reports/2017Q3-whole.html");
    let published = product::run_folder(site.parent().ok_or("no folder")?, "complete-journey", "us", "2017Q3")?;
    let bytes = std::fs::read(published.join("report.html")).map_err(failed)?;
    equal("the whole report as published", std::fs::read(&whole).map_err(failed)? == bytes, true)?;
    let list = site.join("files.json");
    let mut listed: BTreeMap<String, String> =
        serde_json::from_slice(&std::fs::read(&list).map_err(failed)?).map_err(|error| error.to_string())?;
    equal("the index is listed", listed.contains_key("index.html"), true)?;
    // Two pages of an earlier site that there is no persona for any more, one changed by hand since; a foreign file; and a list
    // that names a file outside.
    let outside = site.with_file_name("outside.html");
    let old = std::fs::read_to_string(site.join("index.html")).map_err(failed)?;
    let hash = listed["index.html"].clone();
    let files = [
        (site.join("us/personas/gone.html"), old.as_str(), Some("us/personas/gone.html")),
        (site.join("us/personas/edited.html"), "edited", Some("us/personas/edited.html")),
        (site.join("us/personas/foreign.html"), "foreign", None),
        (outside, old.as_str(), Some("../outside.html")),
    ];
    for (path, text, name) in &files {
        std::fs::write(path, text).map_err(failed)?;
        if let Some(name) = name {
            listed.insert((*name).to_owned(), hash.clone());
        }
    }
    std::fs::write(&list, serde_json::to_vec(&listed).map_err(|error| error.to_string())?).map_err(failed)?;
    let shown = site.display().to_string();
    let text = product::run(&["site", "--job", "complete-journey", "--set", setting, "--out", &shown])?;
    holds("site", &text, "1 files of an earlier site")?;
    equal("what is left", files.map(|(path, ..)| path.exists()), [false, true, true, true])?;
    let after: BTreeMap<String, String> =
        serde_json::from_slice(&std::fs::read(&list).map_err(failed)?).map_err(|error| error.to_string())?;
    let forgotten = ["us/personas/gone.html", "us/personas/edited.html", "../outside.html"];
    equal("what is listed", forgotten.map(|name| after.contains_key(name)), [false; 3])
}

pub(crate) fn select() -> TestResult {
    let text = product::run(&[
        "run",
        "jobs/complete-journey.toml",
        "--period",
        "2017Q3",
        "--now",
        NOW,
        "--select",
        "market_periods",
    ])?;
    holds("select", &text, "1149075.04")
}

/// What a company's export could hold: a formula of a spreadsheet, a tag, and a line like a header of a mail.
const HOSTILE: &str = "=HYPERLINK(\"x\") <script>alert(1)</script>\nBcc: thief@example.com";
const ESCAPED: &str = "&lt;script&gt;alert(1)";

/// All files in a folder and below it.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|error| error.to_string())?;
            open.extend(entries.flatten().map(|entry| entry.path()));
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Writes a file of an export again, with hostile text before every name in a column.
fn spoil(path: &Path, column: &str) -> TestResult {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let schema = builder.schema().clone();
    let place = schema.index_of(column).map_err(|error| error.to_string())?;
    let batches: Vec<RecordBatch> =
        builder.build().map_err(|e| e.to_string())?.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    let mut writer = ArrowWriter::try_new(file, schema.clone(), None).map_err(|error| error.to_string())?;
    for batch in batches {
        let mut columns = batch.columns().to_vec();
        let names = columns[place].as_string_opt::<i32>().ok_or_else(|| format!("{column} is no text"))?;
        let names: StringArray = names.iter().map(|name| name.map(|name| format!("{HOSTILE} {name}"))).collect();
        columns[place] = Arc::new(names);
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|error| error.to_string())?;
        writer.write(&batch).map_err(|error| error.to_string())?;
    }
    writer.close().map(|_| ()).map_err(|error| error.to_string())
}

/// The items of a facet on every persona's card.
fn items_of(report: &Value, facet: &str) -> Vec<String> {
    let personas = report["personas"]["personas"].as_array().into_iter().flatten();
    let answers = personas.flat_map(|persona| persona["facets"].as_array().into_iter().flatten());
    let of_facet = answers.filter(|answer| answer["facet"] == facet);
    of_facet.filter_map(|answer| answer["item"].as_str().map(str::to_owned)).collect()
}

/// Names of categories, campaigns and answers are text wherever they are shown: they end no tag, add no header and no line.
pub(crate) fn hostile_names() -> TestResult {
    let folder = product::folder()?;
    let (exports, warehouse) = (folder.path().join("exports"), folder.path().join("w"));
    bad_input::copy(&product::root().join("tests/exports/complete_journey/market=us"), &exports.join("market=us"))?;
    for (source, column) in [("basket_lines", "department"), ("campaigns", "campaign_type"), ("demographics", "age")] {
        for file in files_below(&exports.join("market=us").join(source))? {
            spoil(&file, column)?;
        }
    }
    let place = format!("exports.url={}", exports.display());
    product::publish_complete_journey(&warehouse, "2017Q3", &["--set", &place])?;
    let run = product::run_folder(&warehouse, "complete-journey", "us", "2017Q3")?;
    let report = product::read_json(&run.join("report.json"))?;
    let categories = items_of(&report, "categories");
    for names in [&categories, &items_of(&report, "campaigns_received")] {
        let are_whole = !names.is_empty() && names.iter().all(|name| name.starts_with(HOSTILE));
        equal(&format!("names in report.json are those of the exports: {names:?}"), are_whole, true)?;
    }
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let page = read(&run.join("report.html"))?;
    holds("page", &page, ESCAPED)?;
    equal("a tag in the page", page.contains("<script>alert"), false)?;

    let mut told = 0;
    for path in files_below(&run.join("mails"))? {
        let mail = read(&path)?;
        // The mail's headers, with its subject, and those of its parts.
        let heads = mail.split("\r\n--driftline-").map(|part| part.split("\r\n\r\n").next().unwrap_or_default());
        for head in heads {
            let is_clean = ["thief", "<script", "HYPERLINK"].iter().all(|word| !head.contains(word));
            equal(&format!("nothing of a name in headers: {head}"), is_clean, true)?;
        }
        let (text, html) = (part_of(&mail, "text/plain"), part_of(&mail, "text/html"));
        equal("a tag in a mail", html.contains("<script"), false)?;
        equal("a line of its own in a mail", text.lines().any(|line| line.starts_with("Bcc:")), false)?;
        told += usize::from(text.contains("<script>alert(1)</script>") && html.contains(ESCAPED));
    }
    equal("mails that name a category or a campaign", told > 0, true)?;

    let setting = format!("warehouse.url={}", warehouse.display());
    let show = ["show", "us", "2017Q3", "--job", "complete-journey", "--set", &setting];
    let cards = product::run(&show)?;
    holds("show", &cards, &format!("Categories bought: {}", HOSTILE.replace('\n', " ")))?;
    equal("a line of its own in show", cards.lines().any(|line| line.starts_with("Bcc:")), false)?;
    equal("show --json", items_of(&product::json(&show)?, "categories"), categories)?;
    let site = folder.path().join("site");
    product::run(&["site", "--job", "complete-journey", "--set", &setting, "--out", &site.display().to_string()])?;
    let mut pages = 0;
    for path in files_below(&site)?.iter().filter(|path| path.extension().is_some_and(|kind| kind == "html")) {
        let page = read(path)?;
        equal(&format!("a tag in {}", path.display()), page.contains("<script>alert"), false)?;
        pages += usize::from(page.contains(ESCAPED));
    }
    equal("pages of the site that name a category", pages > 0, true)
}
