//! Half-years and fiscal quarters from end to end: their totals are the sums of their months, and one calendar knows nothing of
//! another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use driftline_core::drift::bridge::Measure;
use driftline_core::report::{HeadlineKind, Report};

use crate::product::{self, TestResult, cents, equal, holds, run_in};

const HALF_YEARS: [&str; 4] = ["--set", "period.every=half-year", "--set", "schedule.start=2024H2"];
const FROM_FEBRUARY: [&str; 6] = [
    "--set",
    "period.fiscal_year_starts=02",
    "--set",
    "schedule.start=FY2024-02Q4",
    "--set",
    "schedule.cron=0 6 2 2,5,8,11 *",
];

/// What the exports say of one month, in UTC.
#[derive(Default)]
struct Month {
    lines: u64,
    gross_cents: i64,
    net_cents: i64,
    orders: BTreeSet<String>,
    customers: BTreeSet<String>,
}

/// Facts by month, like `2024-11`, counted from the exported rows and nothing else.
fn months(order_lines: &Path) -> Result<BTreeMap<String, Month>, String> {
    let mut months: BTreeMap<String, Month> = BTreeMap::new();
    for mut row in product::table(order_lines)? {
        let mut text = |name: &str| row.remove(name).unwrap_or_default();
        let (amount, time) = (cents(&text("net_amount"))?, text("ordered_at"));
        let month = months.entry(time.chars().take(7).collect()).or_default();
        month.lines += 1;
        month.net_cents += amount;
        if text("is_return") == "false" {
            month.gross_cents += amount;
            month.orders.insert(text("order_id"));
            month.customers.insert(text("customer_id"));
        }
    }
    Ok(months)
}

fn report(warehouse: &Path, period: &str) -> Result<Report, String> {
    let found = product::report(warehouse, "simulated", "de", period)?;
    serde_json::from_value(found).map_err(|error| error.to_string())
}

/// Two half-years, then two quarters of a year from February, of the same job in the same warehouse.
pub(crate) fn totals() -> TestResult {
    let folder = product::folder()?;
    let (demo, warehouse) = (folder.path().join("demo"), folder.path().join("warehouse"));
    product::json(&["simulate", &demo.to_string_lossy(), "--customers", "2000"])?;
    let exports = format!("exports.url={}", demo.join("exports").display());
    let place = format!("warehouse.url={}", warehouse.display());
    // Months are told apart in UTC, so that this test needs no time zones of its own.
    let settings = ["--set", &exports, "--set", &place, "--set", "exports.time_zone=UTC"];
    let drive = |command: &[&str], calendar: &[&str]| product::run(&[command, &settings, calendar].concat());
    let run = |periods: &str, calendar: &[&str]| {
        let now = "2026-01-05T06:00:00Z";
        let command = ["run", "jobs/simulated.toml", "--market", "de", "--period", periods, "--now", now];
        drive(&command, calendar)
    };
    run("2024H2..2025H1", &HALF_YEARS)?;
    run("FY2024-02Q4..FY2025-02Q1", &FROM_FEBRUARY)?;

    let months = months(&demo.join("exports/market=de/order_lines/part-00000.parquet"))?;
    let cases = [
        ("2024H2", "H2 2024", "half-year", None, 181, "2024-07 2024-08 2024-09 2024-10 2024-11 2024-12"),
        ("2025H1", "H1 2025", "half-year", Some("2024H2"), 184, "2025-01 2025-02 2025-03 2025-04 2025-05 2025-06"),
        ("FY2024-02Q4", "Q4 FY2024/25", "quarter", None, 89, "2024-11 2024-12 2025-01"),
        ("FY2025-02Q1", "Q1 FY2025/26", "quarter", Some("FY2024-02Q4"), 92, "2025-02 2025-03 2025-04"),
    ];
    let mut nets = BTreeMap::new();
    for (period, title, noun, previous, horizon_days, of_months) in cases {
        let report = report(&warehouse, period)?;
        let facts: Vec<&Month> = of_months.split(' ').filter_map(|month| months.get(month)).collect();
        let totals = report.totals.as_ref().ok_or("no totals")?;
        let customers: BTreeSet<&String> = facts.iter().flat_map(|month| &month.customers).collect();
        let net: i64 = facts.iter().map(|month| month.net_cents).sum();
        equal(&format!("net of {period}"), totals.net.0, net)?;
        equal(&format!("gross of {period}"), totals.gross.0, facts.iter().map(|month| month.gross_cents).sum())?;
        equal(&format!("lines of {period}"), totals.lines, facts.iter().map(|month| month.lines).sum())?;
        let orders: usize = facts.iter().map(|month| month.orders.len()).sum();
        equal(&format!("orders of {period}"), totals.orders as usize, orders)?;
        equal(&format!("customers of {period}"), totals.customers as usize, customers.len())?;
        equal(&format!("title of {period}"), report.period_title.as_str(), title)?;
        equal(&format!("noun of {period}"), report.period_noun.as_str(), noun)?;
        equal(&format!("horizon of {period}"), report.method.horizon_days, horizon_days)?;
        equal(&format!("partial {period}"), report.partial.as_deref(), None)?;
        // A calendar begins anew: what was published of another is no previous period.
        equal(&format!("previous of {period}"), report.previous_period.map(|p| p.to_string()).as_deref(), previous)?;
        equal(&format!("first {period}"), report.headline.kind == HeadlineKind::First, previous.is_none())?;
        nets.insert(period, net);
        if let Some(previous) = previous {
            let bridge = report.bridges.iter().find(|bridge| bridge.measure == Measure::NetRevenue);
            let ends = bridge.map(|bridge| (bridge.start.0, bridge.end.0));
            equal(&format!("bridge of {period}"), ends, Some((nets[previous], net)))?;
            let graded = report.scorecard.as_ref().map(|scorecard| scorecard.of.to_string());
            equal(&format!("scorecard of {period}"), graded.as_deref(), Some(previous))?;
        }
        every_period_of_the_table(&warehouse, period, &months)?;
    }

    let half_year = report(&warehouse, "2025H1")?;
    holds("page", &page(&warehouse, "2025H1")?, "half-year by half-year")?;
    equal("tree", half_year.tree.periods.len(), 2)?;
    let later = "2025-08-05T06:00:00Z";
    holds("show", &drive(&["show", "de", "--job", "simulated"], &HALF_YEARS)?, "H1 2025")?;
    holds("show", &drive(&["show", "de", "--job", "simulated"], &FROM_FEBRUARY)?, "Q1 FY2025/26")?;
    holds("diff", &drive(&["diff", "de", "2024H2", "2025H1", "--job", "simulated"], &HALF_YEARS)?, "+++ de 2025H1")?;
    holds("tree", &drive(&["tree", "de", "--job", "simulated"], &HALF_YEARS)?, " diff de 2024H2 2025H1")?;
    let plan = ["plan", "jobs/simulated.toml", "--market", "de", "--now"];
    holds("plan", &drive(&[&plan[..], &[later]].concat(), &HALF_YEARS)?, "nothing is due")?;
    let planned = drive(&[&plan[..], &["2026-01-05T06:00:00Z"]].concat(), &HALF_YEARS)?;
    holds("plan", &planned, "2025H2  run")?;
    holds("plan", &planned, "(against 2025H1 revision 1)")?;
    let planned = drive(&[&plan[..], &[later]].concat(), &FROM_FEBRUARY)?;
    holds("plan", &planned, "FY2025-02Q2  run")?;
    let site = folder.path().join("site");
    drive(&["site", "--job", "simulated", "--out", &site.to_string_lossy()], &HALF_YEARS)?;
    let compare = std::fs::read_to_string(site.join("de/compare.html")).map_err(|error| error.to_string())?;
    holds("site", &compare, "Compare half-years of Germany")?;
    equal("the other calendar on the site", compare.contains("FY2025"), false)
}

fn page(warehouse: &Path, period: &str) -> Result<String, String> {
    let run = product::run_folder(warehouse, "simulated", "de", period)?;
    std::fs::read_to_string(run.join("report.html")).map_err(|error| error.to_string())
}

/// Every row of `market_periods`, also of periods before the reported one, has the net amount of the months from its first day.
fn every_period_of_the_table(warehouse: &Path, period: &str, months: &BTreeMap<String, Month>) -> TestResult {
    let run = product::run_folder(warehouse, "simulated", "de", period)?;
    let rows = product::table(&run.join("tables/market_periods.parquet"))?;
    let mut starts: Vec<&String> = rows.iter().map(|row| &row["first_day"]).collect();
    starts.sort();
    for row in &rows {
        let first = &row["first_day"];
        let next = starts.iter().copied().find(|start| *start > first);
        let reported: driftline_core::Period = period.parse().map_err(|error| format!("{error}"))?;
        let end = next.cloned().unwrap_or_else(|| reported.as_of().to_string());
        let within = months.iter().filter(|(month, _)| {
            let day = format!("{month}-01");
            *first <= day && day < end
        });
        let net: i64 = within.map(|(_, month)| month.net_cents).sum();
        equal(&format!("{} in the table of {period}", row["period"]), cents(&row["net_amount"])?, net)?;
        let named: driftline_core::Period = row["period"].parse().map_err(|error| format!("{error}"))?;
        equal("name and first day", named.start().to_string(), first.clone())?;
    }
    equal("at least two periods in the table", rows.len() >= 2, true)
}

/// Command, period, settings, exit code and words of the message.
type Refusal<'a> = (&'a [&'a str], &'a str, &'a [&'a str], i32, &'a str);

/// Every command that takes a period refuses one of another calendar, and says how the job writes those days.
pub(crate) fn refused() -> TestResult {
    let folder = product::folder()?;
    let place = format!("warehouse.url={}", folder.path().display());
    let run = ["run", "jobs/complete-journey.toml", "--period"];
    let plan = ["plan", "jobs/complete-journey.toml", "--period"];
    let cases: [Refusal<'_>; 8] = [
        (
            &run,
            "2017Q4",
            &["period.every=half-year"],
            12,
            "counts half-years of the calendar year; the one with its last day is 2017H2",
        ),
        (&run, "2017H1..2017H2", &[], 12, "counts quarters of the calendar year; the one with its last day is 2017Q2"),
        (
            &plan,
            "2017Q4",
            &["period.fiscal_year_starts=02"],
            12,
            "starts in February; the one with its last day is FY2017-02Q4",
        ),
        (
            &plan,
            "FY2017-04Q1",
            &["period.fiscal_year_starts=07"],
            12,
            "starts in July; the one with its last day is FY2016-07Q4",
        ),
        (&run, "FY2017Q1", &[], 12, "with the month that it starts in, like FY2011-04Q3"),
        (&["show", "us"], "2017H1", &[], 12, "the one with its last day is 2017Q2"),
        (&run, "2017Q4", &["period.every=month"], 10, "period.every = `month`: expected `quarter` or `half-year`"),
        (
            &run,
            "2017H1",
            &["period.every=half-year", "schedule.cron=0 6 2 1 *", "schedule.time_zone=UTC", "schedule.start=2017Q1"],
            10,
            "schedule.start: period 2017Q1",
        ),
    ];
    for (command, period, settings, code, words) in cases {
        let mut arguments = [command, &[period, "--set", &place]].concat();
        for setting in settings {
            arguments.extend(["--set", setting]);
        }
        if command[0] == "show" {
            arguments.extend(["--job", "complete-journey"]);
        } else {
            arguments.extend(["--now", product::NOW]);
        }
        let output = run_in(&product::root(), &arguments)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        equal(&format!("exit of {arguments:?}: {said}"), output.status.code(), Some(code))?;
        holds(&format!("{arguments:?}"), &said, words)?;
    }
    equal("nothing published", folder.path().join("complete-journey").exists(), false)
}
