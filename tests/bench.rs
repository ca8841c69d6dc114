//! The bench dialect on a generated tree of 100,000 customers against the figures of an independent program.

use std::path::PathBuf;

use serde_json::Value;

use crate::bad_input::copy;
use crate::product::{self, NOW, TestResult, equal};

pub(crate) fn figures() -> TestResult {
    let exports = PathBuf::from(std::env::var("DRIFTLINE_BENCH_EXPORTS").map_err(|error| error.to_string())?);
    let expected = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let facts = product::read_json(&product::root().join(expected).join("bench/expected/facts-100k-gb.json"))?;
    let exports = product::root().join(exports);
    let folder = product::folder()?;
    let (from, to) =
        (format!("exports.url={}", exports.display()), format!("warehouse.url={}", folder.path().display()));
    let arguments = [
        "run",
        "jobs/bench.toml",
        "--market",
        "gb",
        "--period",
        "2025Q3..2025Q4",
        "--now",
        NOW,
        "--set",
        &from,
        "--set",
        &to,
    ];
    product::run(&arguments)?;
    for (period, key) in [("2025Q3", "previous"), ("2025Q4", "current")] {
        let run = product::run_folder(folder.path(), "bench", "gb", period)?;
        customers(&run.join("tables/customers.parquet"), &facts[key])
            .map_err(|problem| format!("{period}: {problem}"))?;
    }
    let run = product::run_folder(folder.path(), "bench", "gb", "2025Q4")?;
    lines(&run, &facts)?;
    bridge(&run, &facts["bridge_cents"])?;
    let report = product::read_json(&run.join("report.json"))?;
    pinned(&report["quality"]["source_rows"], &facts)?;
    consents(&from, &facts)?;
    // A likelihood is not lower than the other program's; a better optimum is welcome.
    let ours = report["models"]["purchase"]["log_likelihood"].as_f64().ok_or("no likelihood")?;
    let theirs = facts["current"]["value"]["bg_nbd_log_likelihood"].as_f64().ok_or("no likelihood in the facts")?;
    if ours >= theirs - 0.5 { Ok(()) } else { Err(format!("log-likelihood {ours} is below {theirs}")) }
}

fn customers(table: &std::path::Path, facts: &Value) -> TestResult {
    let rows = product::table(table)?;
    let integer =
        |row: &std::collections::BTreeMap<String, String>, name: &str| row[name].parse::<i64>().unwrap_or(i64::MIN);
    let sum = |name: &str| rows.iter().map(|row| integer(row, name)).sum::<i64>();
    let fact = |name: &str| facts[name].as_i64();
    equal("customers", Some(rows.len() as i64), fact("customers"))?;
    let active = rows.iter().filter(|row| row["segment"] != "0").count() as i64;
    equal("active customers", Some(active), fact("active_customers"))?;
    equal("orders", Some(sum("purchase_days")), fact("orders"))?;
    equal("recency", Some(sum("recency_days")), fact("recency_days_sum"))?;
    equal("age", Some(sum("age_days")), fact("age_days_sum"))?;
    let cents = rows.iter().map(|row| product::cents(&row["net_12_months"])).sum::<Result<i64, String>>()?;
    equal("net of 12 months", Some(cents), fact("net_12m_cents"))?;
    for (column, key) in [("recency_score", "r"), ("frequency_score", "f"), ("monetary_score", "m")] {
        let counts: Vec<i64> =
            (1..=5).map(|score| rows.iter().filter(|row| integer(row, column) == score).count() as i64).collect();
        equal(column, serde_json::json!(counts), facts["rfm_scores"][key].clone())?;
    }
    for (group, count) in facts["rfm_groups"].as_object().ok_or("no rfm_groups")? {
        let found = rows.iter().filter(|row| row["rfm_group"] == *group).count() as i64;
        equal(group, Some(found), count.as_i64())?;
    }
    Ok(())
}

fn lines(run: &std::path::Path, facts: &Value) -> TestResult {
    let rows = product::table(&run.join("tables/market_periods.parquet"))?;
    let integer = |name: &str| {
        let cells = rows.iter().map(|row| row.get(name).and_then(|cell| cell.parse::<i64>().ok()));
        cells.sum::<Option<i64>>().ok_or_else(|| format!("market_periods has no whole numbers in `{name}`"))
    };
    let (all, of_nobody, objected) = (integer("lines")?, integer("unidentified_lines")?, integer("objected_lines")?);
    equal("distinct lines", Some(all), facts["lines_distinct"].as_i64())?;
    equal("lines without customer", Some(of_nobody), facts["lines_without_customer"].as_i64())?;
    equal("lines without consent", Some(objected), facts["lines_without_consent"].as_i64())?;
    equal("lines used", Some(all - of_nobody - objected), facts["lines_used"].as_i64())?;
    let quarters = facts["net_cents_by_quarter"].as_object().ok_or("no net_cents_by_quarter")?;
    equal("quarters", rows.len(), quarters.len())?;
    let mut used = 0;
    for row in &rows {
        let net = product::cents(&row["net_amount"])?;
        equal(&row["period"], Some(net), facts["net_cents_by_quarter"][row["period"].as_str()].as_i64())?;
        used += net - product::cents(&row["unidentified_net_amount"])?;
    }
    equal("net of used lines", Some(used), facts["net_cents_used"].as_i64())
}

/// Rows of the objects that the run read, before equal ones were read once.
fn pinned(rows: &Value, facts: &Value) -> TestResult {
    equal("lines read", rows["orders"].as_i64(), facts["lines_read"].as_i64())?;
    equal("customers in the file", rows["customers"].as_i64(), facts["customers_in_file"].as_i64())?;
    let twice = rows["orders"].as_i64().zip(facts["lines_distinct"].as_i64()).map(|(read, distinct)| read - distinct);
    equal("duplicate lines", twice, facts["duplicate_lines"].as_i64())
}

/// No published table counts the customers who object; a model that a user could add does.
fn consents(exports: &str, facts: &Value) -> TestResult {
    const MODEL: &str = "/*---
about = \"How many customers agree to profiling.\"
kind = \"table\"
[columns]
customers = { type = \"int64\", about = \"Customers whose attributes may be read.\" }
---*/
select count(distinct customer_id) as customers
from stg_customer_attributes
";
    let folder = product::folder()?;
    let project = folder.path().join("project");
    for part in ["sql", "jobs", "reports"] {
        copy(&product::root().join(part), &project.join(part))?;
    }
    let path = project.join("sql/intermediate/int_consents_counted.sql");
    std::fs::write(&path, MODEL).map_err(|error| format!("{}: {error}", path.display()))?;
    let arguments = [
        "run",
        "jobs/bench.toml",
        "--market",
        "gb",
        "--period",
        "2025Q4",
        "--now",
        NOW,
        "--set",
        exports,
        "--select",
        "int_consents_counted",
    ];
    let said = product::succeed(product::run_in(&project, &arguments)?)?;
    let in_file = facts["customers_in_file"].as_i64().ok_or("no customers_in_file")?;
    let objecting = facts["customers_without_consent"].as_i64().ok_or("no customers_without_consent")?;
    product::holds("customers who agree", &said, &format!("| {} ", in_file - objecting))
}

fn bridge(run: &std::path::Path, facts: &Value) -> TestResult {
    let report = product::read_json(&run.join("report.json"))?;
    let bridges = report["bridges"].as_array().ok_or("no bridges")?;
    let bridge = bridges.iter().find(|bridge| bridge["measure"] == "trailing_12_months").ok_or("no trailing bridge")?;
    equal("start", bridge["start"].as_i64(), facts["start"].as_i64())?;
    equal("end", bridge["end"].as_i64(), facts["end"].as_i64())?;
    let amount = |cause: &str| {
        let bars = bridge["bars"].as_array().into_iter().flatten();
        bars.filter(|bar| bar["cause"] == cause).filter_map(|bar| bar["amount"].as_i64()).sum::<i64>()
    };
    for cause in ["new", "returning", "lost"] {
        equal(cause, Some(amount(cause)), facts[cause].as_i64())?;
    }
    let moved = ["moved_up", "moved_down", "within", "other"].iter().map(|cause| amount(cause)).sum::<i64>();
    let expected = ["up", "down", "within"].iter().map(|key| facts[*key].as_i64().unwrap_or(0)).sum::<i64>();
    equal("up, down and within together", moved, expected)
}
