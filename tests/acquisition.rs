//! Acquisition costs and margins of the fictional company, against what is counted from its exports without the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use driftline_core::Minor;
use driftline_core::report::Report;

use crate::bad_input;
use crate::product::{self, TestResult, cents, equal, holds};

const PERIOD_START: &str = "2025-01-01";
const AS_OF: &str = "2025-04-01";
/// 182 days before as-of, the job's `active_days`.
const ACTIVE_START: &str = "2024-10-01";
/// Share of everything, and of one category.
const MARGINS: (f64, &str, f64) = (0.4, "coffee", 0.1);

type Row = BTreeMap<String, String>;

/// What is counted from the exports of a market: in ten-thousandths of a major unit, and customers.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    cost: i64,
    customers: u64,
    new_cost: i64,
    new_customers: u64,
}

fn ten_thousandths(text: &str) -> Result<i64, String> {
    text.replace('.', "").parse().map_err(|error| format!("{text}: {error}"))
}

fn quarter(day: &str) -> String {
    let month: u32 = day.get(5..7).and_then(|month| month.parse().ok()).unwrap_or_default();
    format!("{}-{:02}-01", &day[..4], (month - 1) / 3 * 3 + 1)
}

fn sheet(exports: &Path, name: &str) -> Result<Vec<Row>, String> {
    product::table(&exports.join(format!("market=de/{name}/part-00000.parquet")))
}

/// Each channel's spending of a quarter in equal parts to who joined by it then, rounded half up to four places.
fn costs(customers: &[Row], spent: &[Row]) -> Result<BTreeMap<String, i64>, String> {
    let key = |row: &Row| (row["acquisition_channel"].clone(), quarter(&row["joined_on"]));
    let mut joined: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in customers {
        *joined.entry(key(row)).or_default() += 1;
    }
    let mut of_channel = BTreeMap::new();
    for row in spent {
        of_channel.insert((row["channel"].clone(), row["quarter_start"].clone()), 100 * cents(&row["spent"])?);
    }
    let consenting = customers.iter().filter(|row| row["profiling_consent"] == "true");
    let each = |row: &Row| {
        let (all, parts) = (of_channel.get(&key(row))?, joined.get(&key(row))?);
        Some((row["customer_id"].clone(), (2 * all + parts) / (2 * parts)))
    };
    Ok(consenting.filter_map(each).collect())
}

fn counted(exports: &Path) -> Result<Counted, String> {
    let costs = costs(&sheet(exports, "customers")?, &sheet(exports, "acquisition_costs")?)?;
    let mut days: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in sheet(exports, "order_lines")? {
        let day = row["ordered_at"].get(..10).unwrap_or_default().to_owned();
        if row["is_return"] == "false" && day.as_str() < AS_OF {
            days.entry(row["customer_id"].clone()).or_default().insert(day);
        }
    }
    let mut found = Counted::default();
    for (customer, days) in &days {
        let (Some(cost), Some(first), Some(last)) = (costs.get(customer), days.first(), days.last()) else { continue };
        if last.as_str() < ACTIVE_START {
            continue;
        }
        found.cost += cost;
        found.customers += 1;
        if first.as_str() >= PERIOD_START {
            found.new_cost += cost;
            found.new_customers += 1;
        }
    }
    Ok(found)
}

fn published(row: &Row) -> Result<Counted, String> {
    let count = |name: &str| row[name].parse::<u64>().map_err(|error| format!("{name}: {error}"));
    Ok(Counted {
        cost: ten_thousandths(&row["acquisition_cost"])?,
        customers: count("customers_known")?,
        new_cost: ten_thousandths(&row["new_acquisition_cost"])?,
        new_customers: count("new_customers_known")?,
    })
}

/// Sums of the table are those of the exports, to the last of four places; the report shows them, rounded once.
pub(crate) fn costs_and_margins() -> TestResult {
    let folder = product::folder()?;
    let (demo, warehouse) = (folder.path().join("demo"), folder.path().join("warehouse"));
    product::json(&["simulate", &demo.to_string_lossy(), "--customers", "2000"])?;
    let exports = demo.join("exports");
    let settings = [
        format!("exports.url={}", exports.display()),
        format!("warehouse.url={}", warehouse.display()),
        "exports.time_zone=UTC".to_owned(),
        format!("value.margin_share={}", MARGINS.0),
        format!("value.margin_share_by_category={{ {} = {} }}", MARGINS.1, MARGINS.2),
    ];
    let run = ["run", "jobs/simulated.toml", "--market", "de", "--period", "2025Q1", "--now", product::NOW];
    let sets = settings.iter().flat_map(|setting| ["--set", setting.as_str()]);
    product::json(&run.into_iter().chain(sets).collect::<Vec<_>>())?;

    let place = product::run_folder(&warehouse, "simulated", "de", "2025Q1")?;
    let tables = product::table(&place.join("tables/segment_acquisition_costs.parquet"))?;
    let everyone = tables.iter().find(|row| row["segment"] == "0").ok_or("no row of everyone")?;
    let expected = counted(&exports)?;
    equal("some are new, some are not", (20..expected.customers).contains(&expected.new_customers), true)?;
    equal("costs of everyone active", published(everyone)?, expected)?;
    let mut sum = Counted::default();
    for row in tables.iter().filter(|row| row["segment"] != "0") {
        let part = published(row)?;
        sum.cost += part.cost;
        sum.customers += part.customers;
        sum.new_cost += part.new_cost;
        sum.new_customers += part.new_customers;
    }
    equal("costs of all segments", sum, published(everyone)?)?;

    let report = product::report(&warehouse, "simulated", "de", "2025Q1")?;
    let report: Report = serde_json::from_value(report).map_err(|error| error.to_string())?;
    let costs = report.acquisition.as_ref().ok_or("no acquisition costs")?;
    let market = costs.market.as_ref().ok_or("no cost of everyone active")?;
    equal("cost of everyone active", market.cost.0, cents(&everyone["acquisition_cost"])?)?;
    let new = costs.new.as_ref().ok_or("no cost of who is new")?;
    equal("cost of who is new", new.cost.0, cents(&everyone["new_acquisition_cost"])?)?;
    // In this company everybody's cost is known, so the value beside it is everyone's.
    let kpi = report.kpis.iter().find(|kpi| kpi.key == "value_12_months").and_then(|kpi| kpi.now);
    equal("value beside the cost", market.value.map(|value| value.0 as f64), kpi)?;
    margins(&report, &place)?;
    margins_of_the_export(folder.path(), &settings[..1], &report)?;
    let page = std::fs::read_to_string(place.join("report.html")).map_err(|error| error.to_string())?;
    holds("page", &page, "Acquisition cost and margin")?;
    let finance = report.for_you.iter().filter(|block| block.audience.to_string() == "finance");
    let lines: Vec<&String> =
        finance.flat_map(|block| &block.lines).filter(|line| line.starts_with("Acquisition")).collect();
    equal("lines for finance", lines.len(), 1)?;
    crate::disclosure::check(&warehouse, "simulated", "de", "2025Q1")
}

/// A persona's margin is the mean over what it bought, as the published table of categories says; those of all segments together are the
/// market's.
fn margins(report: &Report, place: &Path) -> TestResult {
    let categories = product::table(&place.join("tables/segment_categories.parquet"))?;
    let share = |segment: &str| -> Result<f64, String> {
        let (mut sold, mut kept) = (0.0, 0.0);
        for row in categories.iter().filter(|row| row["segment"] == segment) {
            let amount = cents(&row["sold_amount"])? as f64;
            let buyers: u64 = row["customers"].parse().map_err(|error| format!("{error}"))?;
            let has_own = row["category"] == MARGINS.1 && buyers >= report.method.min_cell;
            sold += amount;
            kept += amount * if has_own { MARGINS.2 } else { MARGINS.0 };
        }
        Ok(kept / sold)
    };
    let part = |value: Option<Minor>, share: f64| value.map_or(0, |value| (value.0 as f64 * share).round() as i64);
    // Segments too small for a persona are in the market's margin too.
    let mut all = 0;
    for row in
        product::table(&place.join("tables/segment_profiles.parquet"))?.iter().filter(|row| row["segment"] != "0")
    {
        all += part(Some(Minor(cents(&row["value_12_months"])?)), share(&row["segment"])?);
    }
    let mut with_own = 0;
    for persona in &report.personas.personas {
        let (margin, expected) = (persona.margin.ok_or("no margin")?, share(&persona.segment.to_string())?);
        equal(&format!("margin of {}", persona.key), (margin.share - expected).abs() < 1e-12, true)?;
        let value = part(persona.value, margin.share);
        equal(&format!("margin value of {}", persona.key), margin.value.map(|value| value.0), Some(value))?;
        with_own += u32::from(margin.share < MARGINS.0);
    }
    equal("some personas bought the category of its own share, some did not", (1..4).contains(&with_own), true)?;
    let market = report.acquisition.as_ref().and_then(|costs| costs.margin).and_then(|margin| margin.value);
    equal("margin of the market", market.map(|value| value.0), Some(all))
}

/// The same shares from the export, in a project whose dialect has them, give the same margins, and are published.
fn margins_of_the_export(folder: &Path, settings: &[String], of_job: &Report) -> TestResult {
    let (project, warehouse) = (folder.join("project"), folder.join("warehouse-of-export"));
    for part in ["jobs", "reports", "sql"] {
        bad_input::copy(&product::root().join(part), &project.join(part))?;
    }
    let (everything, category, share) = MARGINS;
    let select = format!(
        "select cast(null as varchar) as category, cast({everything} as decimal(9, 6)) as margin_share\nunion all\n\
         select '{category}' as category, cast({share} as decimal(9, 6)) as margin_share\n"
    );
    let model = "/*---\nabout = \"Margins.\"\ngrain = [\"category\"]\nkind = \"view\"\n---*/\n".to_owned() + &select;
    let staging = project.join("sql/staging/simulated/stg_category_margins.sql");
    std::fs::write(staging, model).map_err(|error| error.to_string())?;
    let run = ["run", "jobs/simulated.toml", "--market", "de", "--period", "2025Q1", "--now", product::NOW, "--json"];
    let warehouse_set = format!("warehouse.url={}", warehouse.display());
    let own = ["--set", &settings[0], "--set", &warehouse_set, "--set", "exports.time_zone=UTC"];
    product::succeed(product::run_in(&project, &[&run[..], &own[..]].concat())?)?;
    let report = product::report(&warehouse, "simulated", "de", "2025Q1")?;
    let report: Report = serde_json::from_value(report).map_err(|error| error.to_string())?;
    let margin = |report: &Report| report.acquisition.as_ref().and_then(|costs| costs.margin);
    equal("margin of the market, as the export says it", margin(&report), margin(of_job))?;
    let place = product::run_folder(&warehouse, "simulated", "de", "2025Q1")?;
    equal("published margins", product::table(&place.join("tables/category_margins.parquet"))?.len(), 2)
}
