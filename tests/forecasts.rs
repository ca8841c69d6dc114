//! What reports publish for the next period, customer by customer (value, risk of no purchase), against what the next report's
//! table then says, and against plain guesses that are computed here from the tables.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

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
    /// Within which the risks are calibrated a period after their method was judged; none if one Christmas is all there is to
    /// know of a year, and every method is far off in the half-year after it.
    calibrated: Option<f64>,
    /// How far behind the best plain guess the mean and the total error may be, as parts of it. One Christmas tells no season, and there
    /// the forecast is known to be the worse one (`sql/DECISIONS.md`).
    behind: [f64; 2],
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
        calibrated: Some(0.05),
        behind: [0.01, 0.0],
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
        calibrated: None,
        behind: [0.15, 0.45],
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
    calibrated: Some(0.05),
    behind: [0.01, 0.0],
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
    let (known, after) = (customers(case.as_of)?, customers(case.next)?);
    risks(case, &known, &after)?;
    for period in [case.as_of, case.next] {
        let report = product::report(folder.path(), case.job, case.market, period)?;
        judged_risks(&report).map_err(|error| format!("{} of {period}: {error}", case.market))?;
    }
    let came = net_of(case.next)?;
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
    let [mean, total] = case.behind.map(|part| 1.0 + part);
    if ours.0 > mean * best.0 || ours.1 > f64::max(0.05, total * best.1) + rounding {
        return Err(format!("{what}: mean error and total error {ours:?}, of the best plain guess {best:?}"));
    }
    let top = |column: &str| {
        let mut order: Vec<&Row> = known.iter().collect();
        let by_value = |a: &&Row, b: &&Row| cell(b, column).total_cmp(&cell(a, column));
        order.sort_by(|a, b| by_value(a, b).then(a["customer_key"].cmp(&b["customer_key"])));
        order.iter().take(known.len() / 10).map(|row| actual(row)).sum::<f64>()
    };
    // Both come from one set of models; the order of the period to come is the better one, or as good.
    let (ours, of_year) = (top("next_period_value"), top("value_12_months"));
    if ours < 0.99 * of_year {
        return Err(format!("{what}: the top tenth brought {ours}, that by 12-month value {of_year}"));
    }
    Ok(())
}

/// The published risks of no purchase in the next period, against who then bought: ranked as well as by any plain number of the
/// table, and calibrated.
fn risks(case: &Case, known: &[Row], after: &[Row]) -> TestResult {
    let days: BTreeMap<&String, f64> =
        after.iter().map(|row| (&row["customer_key"], cell(row, "purchase_days"))).collect();
    let scored: Vec<(&Row, bool)> = known
        .iter()
        .filter(|row| row["churn_risk"] != "null")
        .map(|row| (row, days.get(&row["customer_key"]).is_none_or(|days| *days <= cell(row, "purchase_days"))))
        .collect();
    let what = format!("{} {} after {}", case.job, case.market, case.as_of);
    if scored.len() < 2_000 {
        return Err(format!("{what}: {} customers are too few to tell", scored.len()));
    }
    let auc = |column: &str, sign: f64| {
        area_under_curve(scored.iter().map(|(row, left)| (sign * cell(row, column), *left)).collect())
    };
    let ours = auc("churn_risk", 1.0);
    for (column, sign) in
        [("recency_days", 1.0), ("p_alive", -1.0), ("expected_purchases", -1.0), ("purchase_days", -1.0)]
    {
        let plain = auc(column, sign);
        if ours < plain - 0.005 {
            return Err(format!("{what}: AUC {ours:.4}, by {column} alone {plain:.4}"));
        }
    }
    let error = calibration_error(scored.iter().map(|(row, left)| (cell(row, "churn_risk"), *left)).collect());
    match case.calibrated {
        Some(most) if error > most => Err(format!("{what}: calibration error {error:.4}")),
        _ => Ok(()),
    }
}

/// On the horizon that a report judges its candidates on: the chosen one is within .005 of the best AUC, not below recency by
/// more than its interval, and calibrated to .03, or to .005 more than the best.
fn judged_risks(report: &Value) -> TestResult {
    let churn = &report["models"]["churn"];
    let candidates = churn["backtest"]["candidates"].as_array().ok_or("no candidates")?;
    let of = |candidate: &Value, name: &str| candidate["quality"][name].as_f64().unwrap_or(f64::NAN);
    let find =
        |method: &Value| candidates.iter().find(|candidate| candidate["method"] == *method).ok_or("no such candidate");
    let (chosen, recency) = (find(&churn["chosen"])?, find(&Value::from("recency"))?);
    let best = candidates.iter().map(|candidate| of(candidate, "auc")).fold(0.0, f64::max);
    let least = candidates.iter().map(|candidate| of(candidate, "ece")).fold(1.0, f64::min);
    let holds = [
        of(chosen, "auc") >= best - 0.005,
        of(chosen, "auc_high_95") >= of(recency, "auc"),
        of(chosen, "ece") <= f64::max(0.03, least + 0.005),
    ];
    if holds == [true; 3] { Ok(()) } else { Err(format!("{holds:?}: {churn}")) }
}

/// How often one who left has a higher score than one who stayed; ties count half.
fn area_under_curve(mut scores: Vec<(f64, bool)>) -> f64 {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut stayed, mut ranked_above) = (0.0, 0.0);
    for ties in scores.chunk_by(|a, b| a.0 == b.0) {
        let left = ties.iter().filter(|(_, left)| *left).count() as f64;
        let here = ties.len() as f64 - left;
        ranked_above += left * (stayed + 0.5 * here);
        stayed += here;
    }
    ranked_above / (stayed * (scores.len() as f64 - stayed))
}

/// Mean distance of ten equal groups' mean risk from the share of them that left.
fn calibration_error(mut risks: Vec<(f64, bool)>) -> f64 {
    risks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = risks.len();
    let group = |n: usize| &risks[n * count / 10..(n + 1) * count / 10];
    let off =
        |group: &[(f64, bool)]| group.iter().map(|(risk, left)| risk - f64::from(u8::from(*left))).sum::<f64>().abs();
    (0..10).map(|n| off(group(n))).sum::<f64>() / count as f64
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
