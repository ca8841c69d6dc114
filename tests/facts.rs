//! Published totals against totals that were computed outside the project.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::product::{self, TestResult, cents, equal};

fn number(value: &Value, key: &str) -> String {
    value[key].to_string()
}

/// Compares `market_periods` of one published slot with facts by quarter; `pairs` are (our column, the facts' key).
fn compare(
    tables: &Path,
    facts: &BTreeMap<String, &Value>,
    counts: &[(&str, &str)],
    money: &[(&str, &str)],
) -> Result<usize, String> {
    let rows = product::table(&tables.join("market_periods.parquet"))?;
    for row in &rows {
        let quarter = &row["period"];
        let fact = facts.get(quarter).ok_or_else(|| format!("{quarter} is not in the facts"))?;
        for (ours, theirs) in counts {
            equal(&format!("{quarter} {ours}"), row[*ours].clone(), number(fact, theirs))?;
        }
        for (ours, theirs) in money {
            equal(&format!("{quarter} {ours}"), cents(&row[*ours])?, cents(&number(fact, theirs))?)?;
        }
    }
    Ok(rows.len())
}

pub(crate) fn complete_journey() -> TestResult {
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q4", &[])?;
    let facts = product::read_json(&product::root().join("tests/exports/complete_journey/facts.json"))?;
    let quarters = facts["quarters_local"].as_array().ok_or("no quarters_local")?;
    let by_quarter: BTreeMap<String, &Value> =
        quarters.iter().map(|fact| (fact["quarter"].as_str().unwrap_or_default().to_owned(), fact)).collect();
    let tables = product::run_folder(folder.path(), "complete-journey", "us", "2017Q4")?.join("tables");
    let compared = compare(
        &tables,
        &by_quarter,
        &[("customers", "active_customers"), ("orders", "orders"), ("lines", "lines")],
        &[("gross_amount", "revenue"), ("net_amount", "revenue")],
    )?;
    equal("quarters compared", compared, 4)
}

pub(crate) fn online_retail() -> TestResult {
    let folder = product::folder()?;
    let published = product::publish_online_retail(folder.path(), "2011Q4", &[])?;
    equal("markets published", published["runs"].as_array().map(Vec::len), Some(43))?;
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let facts = product::read_json(&product::root().join(shared).join("data/online_retail/facts.json"))?;
    let mut by_market: BTreeMap<String, BTreeMap<String, &Value>> = BTreeMap::new();
    for fact in facts["market_quarters"].as_array().ok_or("no market_quarters")? {
        let (market, quarter) =
            (fact["market"].as_str().unwrap_or_default(), fact["quarter"].as_str().unwrap_or_default());
        by_market.entry(market.to_owned()).or_default().insert(quarter.to_owned(), fact);
    }
    let mut compared = 0;
    for (market, facts) in &by_market {
        let tables = product::run_folder(folder.path(), "online-retail", market, "2011Q4")?.join("tables");
        let found = compare(
            &tables,
            facts,
            &[
                ("customers", "active_customers"),
                ("orders", "orders"),
                ("lines", "lines"),
                ("unidentified_lines", "lines_without_customer"),
            ],
            &[
                ("gross_amount", "gross_revenue"),
                ("returned_amount", "returns_value"),
                ("net_amount", "net_revenue"),
                ("unidentified_gross_amount", "anonymous_revenue"),
            ],
        )
        .map_err(|problem| format!("{market} {problem}"))?;
        equal(&format!("{market} quarters"), found, facts.len())?;
        compared += found;
    }
    equal("market-quarters compared", compared, 271)
}
