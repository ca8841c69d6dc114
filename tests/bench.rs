//! The bench dialect on a generated tree of 100,000 customers against the figures of an independent program.

use std::path::PathBuf;

use serde_json::Value;

use crate::product::{self, NOW, TestResult, equal};

pub(crate) fn figures() -> TestResult {
    let exports = PathBuf::from(std::env::var("DRIFTLINE_BENCH_EXPORTS").map_err(|error| error.to_string())?);
    let expected = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let facts = product::read_json(&product::root().join(expected).join("bench/expected/facts-100k-gb.json"))?;
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
    // A likelihood is not lower than the other program's; a better optimum is welcome.
    let report = product::read_json(&run.join("report.json"))?;
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
    let integer = |name: &str| rows.iter().map(|row| row[name].parse::<i64>().unwrap_or(0)).sum::<i64>();
    equal("distinct lines", Some(integer("lines")), facts["lines_distinct"].as_i64())?;
    equal("lines without customer", Some(integer("unidentified_lines")), facts["lines_without_customer"].as_i64())?;
    let mut used = 0;
    for row in &rows {
        let net = product::cents(&row["net_amount"])?;
        equal(&row["period"], Some(net), facts["net_cents_by_quarter"][row["period"].as_str()].as_i64())?;
        used += net - product::cents(&row["unidentified_net_amount"])?;
    }
    equal("net of used lines", Some(used), facts["net_cents_used"].as_i64())
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
