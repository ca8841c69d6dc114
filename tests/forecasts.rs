//! What reports publish for the next period, customer by customer, against what the next report's table then says, and against
//! plain guesses that are computed here from the tables.

use std::collections::BTreeMap;
use std::path::Path;

use crate::product::{self, TestResult};

type Row = BTreeMap<String, String>;

/// A published period whose next one is published too.
struct Case {
    job: &'static str,
    market: &'static str,
    /// What to publish, in order.
    publish: &'static [&'static str],
    as_of: &'static str,
    next: &'static str,
    /// The period a year before the next one, if the exports reach back that far.
    year_before: Option<&'static str>,
    next_days: f64,
    settings: &'static [&'static str],
}

const ONLINE_RETAIL: [Case; 2] = [
    Case {
        job: "online-retail",
        market: "gb",
        publish: &["2010Q3", "2011Q2..2011Q3"],
        as_of: "2011Q2",
        next: "2011Q3",
        year_before: Some("2010Q3"),
        next_days: 92.0,
        settings: &[],
    },
    Case {
        job: "online-retail",
        market: "gb",
        publish: &["2010H1..2011H1"],
        as_of: "2010H2",
        next: "2011H1",
        year_before: Some("2010H1"),
        next_days: 181.0,
        settings: &["period.every=half-year"],
    },
];

const COMPLETE_JOURNEY: Case = Case {
    job: "complete-journey",
    market: "us",
    publish: &["2017Q3..2017Q4"],
    as_of: "2017Q3",
    next: "2017Q4",
    year_before: None,
    next_days: 92.0,
    settings: &[],
};

pub(crate) fn online_retail() -> TestResult {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let exports = format!("exports.url={}", product::root().join(shared).join("data/online_retail").display());
    ONLINE_RETAIL.iter().try_for_each(|case| check(case, &["--set", &exports]))
}

pub(crate) fn complete_journey() -> TestResult {
    check(&COMPLETE_JOURNEY, &[])
}

fn check(case: &Case, settings: &[&str]) -> TestResult {
    let folder = product::folder()?;
    publish(case, folder.path(), settings)?;
    let customers = |period: &str| {
        let run = product::run_folder(folder.path(), case.job, case.market, period)?;
        product::table(&run.join("tables/customers.parquet"))
    };
    let net_of = |period: &str| -> Result<BTreeMap<String, f64>, String> {
        Ok(customers(period)?.iter().map(|row| (row["customer_key"].clone(), cell(row, "net_period"))).collect())
    };
    let (known, came) = (customers(case.as_of)?, net_of(case.next)?);
    let actual = |row: &Row| came.get(&row["customer_key"]).copied().unwrap_or(0.0);
    let longest = known.iter().map(|row| cell(row, "age_days")).fold(1.0, f64::max);
    let error = |forecast: &dyn Fn(&Row) -> f64| {
        let missed: f64 = known.iter().map(|row| (forecast(row) - actual(row)).abs()).sum();
        let expected: f64 = known.iter().map(forecast).sum();
        let happened: f64 = known.iter().map(actual).sum();
        (missed / known.len() as f64, (expected / happened - 1.0).abs(), happened)
    };
    let days = case.next_days;
    let mut plain = vec![
        error(&|row| cell(row, "net_period")),
        error(&|row| cell(row, "net_lifetime") * days / cell(row, "age_days").max(days)),
        error(&|row| cell(row, "net_lifetime") * days / longest),
    ];
    if let Some(period) = case.year_before {
        let then = net_of(period)?;
        plain.push(error(&|row| then.get(&row["customer_key"]).copied().unwrap_or(0.0)));
    }
    let first = (f64::INFINITY, 0.0, 0.0);
    let best = plain.into_iter().fold(first, |best, next| if next.0 < best.0 { next } else { best });
    let ours = error(&|row| cell(row, "next_period_value"));
    let what = format!("{} {} after {}", case.job, case.market, case.as_of);
    // Each published forecast is rounded to a cent.
    let rounding = 0.005 * known.len() as f64 / ours.2;
    if ours.0 > 1.01 * best.0 || ours.1 > f64::max(0.05, best.1) + rounding {
        return Err(format!("{what}: mean error and total error {ours:?}, of the best plain guess {best:?}"));
    }
    let top = |column: &str| {
        let mut order: Vec<&Row> = known.iter().collect();
        let by_value = |a: &&Row, b: &&Row| cell(b, column).total_cmp(&cell(a, column));
        order.sort_by(|a, b| by_value(a, b).then(a["customer_key"].cmp(&b["customer_key"])));
        order.iter().take(known.len() / 10).map(|row| actual(row)).sum::<f64>()
    };
    let (ours, models) = (top("next_period_value"), top("value_12_months"));
    if ours < models {
        return Err(format!("{what}: the top tenth brought {ours}, that of the models alone {models}"));
    }
    Ok(())
}

fn publish(case: &Case, warehouse: &Path, settings: &[&str]) -> TestResult {
    let (file, place) = (format!("jobs/{}.toml", case.job), format!("warehouse.url={}", warehouse.display()));
    for periods in case.publish {
        let mut arguments = vec!["run", &file, "--market", case.market, "--period", periods, "--now", product::NOW];
        arguments.extend(["--set", &place].iter().chain(settings));
        case.settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
        product::json(&arguments)?;
    }
    Ok(())
}

fn cell(row: &Row, name: &str) -> f64 {
    row[name].parse().unwrap_or(0.0)
}
