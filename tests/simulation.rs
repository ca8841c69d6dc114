//! The fictional company, from its exports to its reports: what was planted is what the reports say.

use std::path::Path;

use driftline_core::drift::bridge::{Cause, Measure};
use driftline_core::report::Report;
use serde_json::Value;

use crate::product::{self, TestResult, equal};

fn simulate(folder: &Path, customers: &str) -> Result<Value, String> {
    let path = folder.to_string_lossy().into_owned();
    product::json(&["simulate", &path, "--customers", customers])
}

fn publish(exports: &Path, warehouse: &Path, periods: &str) -> Result<Value, String> {
    let (exports, warehouse) =
        (format!("exports.url={}", exports.display()), format!("warehouse.url={}", warehouse.display()));
    let arguments = ["run", "jobs/simulated.toml", "--period", periods, "--now", "2026-01-05T06:00:00Z"];
    product::json(&[&arguments[..], &["--set", &exports, "--set", &warehouse]].concat())
}

fn report(warehouse: &Path, market: &str, period: &str) -> Result<Report, String> {
    let found = product::report(warehouse, "simulated", market, period)?;
    serde_json::from_value(found).map_err(|error| error.to_string())
}

/// The same seed writes the same bytes; another number of customers leaves those that both have alone.
pub(crate) fn same_bytes() -> TestResult {
    let folder = product::folder()?;
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    equal("results", simulate(&one, "200")?["rows"].clone(), simulate(&two, "200")?["rows"].clone())?;
    for file in [
        "truth.json",
        "exports/market=de/order_lines/part-00000.parquet",
        "late/market=fr/order_lines/part-00000.parquet",
        "truth/market=gb/groups/part-00000.parquet",
    ] {
        let read = |folder: &Path| std::fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"));
        equal(file, read(&one)? == read(&two)?, true)?;
    }
    Ok(())
}

/// Late orders are restated to the cent of the truth; the market that opens late leans on the others; faders fade; prices rise once.
pub(crate) fn planted() -> TestResult {
    let folder = product::folder()?;
    let demo = folder.path().join("demo");
    simulate(&demo, "3000")?;
    let truth = product::read_json(&demo.join("truth.json"))?;
    let (exports, warehouse) = (demo.join("exports"), folder.path().join("warehouse"));
    publish(&exports, &warehouse, "2024Q4..2025Q2")?;
    for market in ["de", "fr", "at"] {
        let file = format!("market={market}/order_lines");
        let late = demo.join("late").join(&file).join("part-00000.parquet");
        std::fs::copy(late, exports.join(&file).join("part-00001.parquet")).map_err(|error| error.to_string())?;
    }
    publish(&exports, &warehouse, "2025Q3")?;
    for market in ["de", "fr"] {
        let now = report(&warehouse, market, "2025Q3")?;
        let bridge = now.bridges.iter().find(|bridge| bridge.measure == Measure::NetRevenue).ok_or("no bridge")?;
        let restated = bridge.bars.iter().find(|bar| bar.cause == Cause::Restatement).map(|bar| bar.amount.0);
        let of_market = |row: &&Value| row["market"] == market;
        let planted = truth["markets"].as_array().and_then(|rows| rows.iter().find(of_market)).ok_or("no truth")?;
        equal(&format!("late orders of {market}"), restated, planted["late_net_cents"].as_i64())?;
    }
    prices(&warehouse, &truth)?;
    for market in ["de", "fr", "at"] {
        for period in ["2025Q2", "2025Q3"] {
            crate::disclosure::check(&warehouse, "simulated", market, period)?;
            let run = product::run_folder(&warehouse, "simulated", market, period)?;
            let page = std::fs::read_to_string(run.join("report.html")).map_err(|error| error.to_string())?;
            equal("addresses of customers in a page", page.contains("@example.com"), false)?;
        }
    }
    let new = report(&warehouse, "at", "2025Q3")?;
    equal("value of the new market", new.models.value_tier.label(), "provisional")?;
    equal("personas of the new market", new.personas.personas.iter().all(|persona| persona.provisional), true)?;
    let returns = |report: &Report| {
        let returned = |persona: &&driftline_core::personas::Persona| {
            persona.facets.iter().any(|answer| answer.facet == "return_rate" && answer.figure > 0.3)
        };
        report.personas.personas.iter().filter(returned).map(|persona| persona.share).sum::<f64>()
    };
    let (before, after) =
        (returns(&report(&warehouse, "de", "2024Q4")?), returns(&report(&warehouse, "de", "2025Q3")?));
    if !(before > 0.03 && after < 0.5 * before) {
        return Err(format!("those who send much back did not fade: {before} before, {after} after"));
    }
    Ok(())
}

/// All prices rise once: that quarter says so, and how far; the next ones do not, though bargain hunters buy dearer things in one and late
/// orders come in the other. Every line has a product here, so the parts are all of the market's gross amount.
fn prices(warehouse: &Path, truth: &Value) -> TestResult {
    let planted = &truth["planted"]["price_change"];
    let rise = planted["factor"].as_f64().ok_or("no factor")? - 1.0;
    let late = |market: &str| {
        let rows = truth["markets"].as_array().map(Vec::as_slice).unwrap_or_default();
        rows.iter().find(|row| row["market"] == market).and_then(|row| row["late_net_cents"].as_i64())
    };
    for market in ["de", "fr"] {
        let mut last_now = None;
        for (period, late) in [("2025Q1", Some(0)), ("2025Q2", Some(0)), ("2025Q3", late(market))] {
            let report = report(warehouse, market, period)?;
            let sales = report.sales_change.ok_or(format!("{market} {period}: no sales change"))?;
            let (found, is_planted) = (sales.price_change.ok_or("no price change")?, planted["from"] == period);
            let expected = if is_planted { rise } else { 0.0 };
            if (found - expected).abs() > 0.01 {
                return Err(format!("{market} {period}: prices moved by {found}, planted are {expected}"));
            }
            equal("lines without a product", sales.unmeasured, None)?;
            equal("parts", sales.volume + sales.price + sales.assortment, sales.change)?;
            equal("gross amount", Some(sales.now), report.totals.map(|totals| totals.gross))?;
            let rows: i64 = sales.moves.iter().map(|line| line.price.0).sum();
            equal("rows", Some(rows + sales.others.map_or(0, |others| others.price.0)), Some(sales.price.0))?;
            if let Some(last_now) = last_now.replace(sales.now.0) {
                equal("late orders", Some(sales.before.0 - last_now), late)?;
            }
        }
    }
    Ok(())
}
