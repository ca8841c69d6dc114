//! `ltv` and `churn` on the CDNOW log against published and independently computed values; the scorecards of reports.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::product::{self, TestResult, equal};

fn shared(path: &str) -> Result<PathBuf, String> {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    Ok(product::root().join(shared).join(path))
}

fn cdnow() -> Result<(String, Value), String> {
    let expected = product::read_json(&shared("data/cdnow/expected.json")?)?;
    Ok((shared("data/cdnow/transactions.parquet")?.to_string_lossy().into_owned(), expected))
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("{value} is not a number"))
}

fn near(what: &str, found: &Value, expected: &Value, tolerance: f64) -> TestResult {
    let (found, expected) = (number(found)?, number(expected)?);
    match (found - expected).abs() <= tolerance {
        true => Ok(()),
        false => Err(format!("{what}: {found} instead of {expected} ± {tolerance}")),
    }
}

/// Parameters, log-likelihood, holdout and value of each model, within the tolerances of the file.
pub(crate) fn lifetime_values() -> TestResult {
    let (log, expected) = cdnow()?;
    for model in ["bgnbd", "mbgnbd", "paretonbd"] {
        let arguments = ["ltv", log.as_str(), "--calibration-end", "1997-09-30", "--model", model, "--json"];
        let convention = ["--periods", "12", "--period-weeks", "4.345", "--discount", "0.01"];
        let found = product::json(&[&arguments[..], &convention[..]].concat())?;
        let facts = &expected["models"][model];
        equal("customers", found["customers"].clone(), expected["customers_in_calibration"].clone())?;
        equal("repeat customers", found["repeat_customers"].clone(), expected["repeat_customers"].clone())?;
        equal("repeat purchases", found["repeat_purchases"].clone(), expected["total_repeat_calibration"].clone())?;
        equal(model, found["converged"].clone(), Value::Bool(true))?;
        for (name, value) in facts["params"].as_object().ok_or("no params")? {
            near(&format!("{model} {name}"), &found["params"][name], value, 0.005 * number(value)?)?;
        }
        near(&format!("{model} log-likelihood"), &found["log_likelihood"], &facts["LL"], 0.02)?;
        let holdout = &facts["holdout"];
        let total = 0.002 * number(&holdout["total_expected"])?;
        near(&format!("{model} expected"), &found["holdout"]["expected"], &holdout["total_expected"], total)?;
        near(&format!("{model} actual"), &found["holdout"]["actual"], &holdout["total_actual"], 0.0)?;
        near(&format!("{model} error"), &found["holdout"]["mae"], &holdout["MAE"], 0.001)?;
        near(&format!("{model} RMSE"), &found["holdout"]["rmse"], &holdout["RMSE"], 0.002)?;
        near(&format!("{model} correlation"), &found["holdout"]["correlation"], &holdout["corr"], 0.001)?;
        if model == "bgnbd" {
            let value = &expected["models"]["gammagamma"]["clv12_lifetimes_convention"]["total"];
            near("value", &found["value_12_months"]["total"], value, 0.003 * number(value)?)?;
        }
        let spend = &expected["models"]["gammagamma"];
        near("spend log-likelihood", &found["spend"]["log_likelihood"], &spend["LL"], 0.02)?;
    }
    Ok(())
}

/// Single customers: history, P(alive), expected purchases of the holdout, spend and value, from the written scores.
pub(crate) fn customer_scores() -> TestResult {
    let (log, expected) = cdnow()?;
    let folder = product::folder()?;
    let scores = |periods: &str, weeks: &str, discount: &str| {
        let file = folder.path().join(format!("{periods}.parquet"));
        let out = file.to_string_lossy();
        let arguments = ["ltv", &log, "--calibration-end", "1997-09-30", "--model", "bgnbd", "--scores", &out];
        product::run(
            &[&arguments[..], &["--periods", periods, "--period-weeks", weeks, "--discount", discount]].concat(),
        )?;
        let rows = product::table(&file)?.into_iter();
        Ok::<_, String>(rows.map(|row| (row["customer_id"].clone(), row)).collect::<BTreeMap<_, _>>())
    };
    let (holdout, year) = (scores("1", "39", "0")?, scores("12", "4.345", "0.01")?);
    equal("customers", Value::from(year.len()), expected["customers_in_calibration"].clone())?;
    for customer in expected["customers"].as_array().ok_or("no customers")? {
        let id = customer["customer_id"].as_str().ok_or("no id")?;
        let (holdout, year) = (holdout.get(id).ok_or(id)?, year.get(id).ok_or(id)?);
        for (row, column, fact, absolute, relative) in [
            (year, "repeat_purchases", "x", 0.0, 0.0),
            (year, "recency", "t_x", 1e-5, 0.0),
            (year, "age", "T", 1e-5, 0.0),
            (year, "p_alive", "bg_pal", 0.001, 0.0),
            (holdout, "expected_purchases", "bg_e", 0.002, 0.0),
            (year, "expected_spend", "em", 0.0, 0.003),
            (year, "value", "clv", 1e-6, 0.003),
        ] {
            let found = Value::from(row[column].parse::<f64>().map_err(|error| format!("{column}: {error}"))?);
            let tolerance = absolute + relative * number(&customer[fact])?;
            near(&format!("{column} of {id}"), &found, &customer[fact], tolerance)?;
        }
        let [low, value, high] = ["value_low_95", "value", "value_high_95"].map(|name| year[name].parse::<f64>());
        if !matches!((&low, &value, &high), (Ok(low), Ok(value), Ok(high)) if low <= value && value <= high) {
            return Err(format!("range of {id}: {low:?} {value:?} {high:?}"));
        }
    }
    Ok(())
}

/// On the 91 days of the file: as good as its best candidates, calibrated, and the plain ones give its figures.
pub(crate) fn churn_risks() -> TestResult {
    let (log, expected) = cdnow()?;
    let found = product::json(&["churn", &log, "--as-of", "1997-12-30", "--horizon-days", "91", "--json"])?;
    let scores = expected["churn_91_days"]["scores"].as_object().ok_or("no scores")?;
    near("churn rate", &found["churn_rate"], &expected["churn_91_days"]["test_churn_rate"], 1e-6)?;
    let candidates = &found["candidates"];
    near("AUC of recency", &candidates["recency"]["auc"], &scores["recency_days"]["auc"], 1e-5)?;
    let model = &scores["mbgnbd_p_no_purchase_in_horizon"];
    for (ours, theirs) in [("auc", "auc"), ("brier", "brier"), ("log_loss", "log_loss"), ("ece", "ece_10_equal_count")]
    {
        // Ties at the edges of the tenths are split differently, which the calibration error feels.
        let tolerance = if ours == "ece" { 0.002 } else { 1e-4 };
        near(&format!("{ours} of the model"), &candidates["purchase_model"][ours], &model[theirs], tolerance)?;
    }
    let chosen = &candidates[found["chosen"].as_str().ok_or("nothing chosen")?];
    let best = scores.values().filter_map(|score| score["auc"].as_f64()).fold(0.0, f64::max);
    let least = scores.values().filter_map(|score| score["ece_10_equal_count"].as_f64()).fold(1.0, f64::min);
    let (auc, ece) = (number(&chosen["auc"])?, number(&chosen["ece"])?);
    if auc < best - 0.005 || ece > f64::max(0.03, least + 0.005) {
        return Err(format!("the chosen one has AUC {auc} (best {best}) and calibration error {ece} (least {least})"));
    }
    Ok(())
}

/// Broken files and dates end with their own exit codes and say what to do.
pub(crate) fn bad_input() -> TestResult {
    let discounted = ["ltv", "README.md", "--calibration-end", "1997-09-30"];
    for (arguments, code, says) in [
        (vec!["ltv", "nowhere.parquet", "--calibration-end", "1997-09-30"], 21, "nowhere.parquet"),
        (vec!["ltv", "README.md", "--calibration-end", "1997-09-30"], 21, "not a readable Parquet file"),
        (vec!["churn", "README.md", "--as-of", "1997-09-30", "--horizon-days", "0"], 2, "horizon-days"),
        (vec!["ltv", "README.md", "--calibration-end", "soon"], 2, "calibration-end"),
        (vec!["ltv", "README.md", "--calibration-end", "9999-12-31"], 2, "from 1900 to 2199"),
        (vec!["churn", "README.md", "--as-of", "0001-01-01", "--horizon-days", "30"], 2, "from 1900 to 2199"),
        (
            [&discounted[..], &["--periods", "12", "--period-weeks", "4.345", "--discount", "nan"]].concat(),
            2,
            "discount",
        ),
        ([&discounted[..], &["--periods", "0", "--period-weeks", "4.345"]].concat(), 2, "periods"),
        ([&discounted[..], &["--periods", "12", "--period-weeks", "inf"]].concat(), 2, "up to 522"),
    ] {
        let output = product::run_in(&product::root(), &arguments)?;
        equal(&format!("exit code of {arguments:?}"), output.status.code(), Some(code))?;
        product::holds(&format!("{arguments:?}"), &String::from_utf8_lossy(&output.stderr), says)?;
    }
    Ok(())
}

/// The report grades what the one before published: the sums of its table, by persona and for everyone.
pub(crate) fn scorecard() -> TestResult {
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q3..2017Q4", &[])?;
    let before = product::report(folder.path(), "complete-journey", "us", "2017Q3")?;
    let report = product::report(folder.path(), "complete-journey", "us", "2017Q4")?;
    let scorecard = &report["scorecard"];
    equal("first report has none", before["scorecard"].clone(), Value::Null)?;
    equal(
        "everyone's forecast",
        scorecard["everyone"]["forecast"].clone(),
        before["models"]["forecast"]["next_period"].clone(),
    )?;
    let personas = before["personas"]["personas"].as_array().ok_or("no personas")?;
    let graded = scorecard["personas"].as_array().ok_or("no grades")?;
    equal("personas graded", graded.len(), personas.len())?;
    let year = scorecard["twelve_months"].as_str().ok_or("nothing about the 12 months")?;
    product::holds("12 months", year, "not yet due: the 12 months end on 2018-10-01")?;
    for grade in graded {
        let published =
            personas.iter().find(|persona| persona["label"] == grade["label"]).ok_or("a persona is missing")?;
        equal("a persona's forecast", grade["forecast"].clone(), published["next_period"].clone())?;
    }
    let sentence = scorecard["sentence"].as_str().ok_or("no sentence")?;
    product::holds("notes", &report["notes"].to_string(), sentence)
}

/// Once its 12 months are over, the forecast of a year ago is graded: what was published then against the table of now.
pub(crate) fn year_scorecard() -> TestResult {
    let folder = product::folder()?;
    for period in ["2010Q3", "2011Q2..2011Q3"] {
        product::publish_online_retail(folder.path(), period, &["gb", "de"])?;
    }
    let report = |period| product::report(folder.path(), "online-retail", "gb", period);
    let (then, now) = (report("2010Q3")?, report("2011Q3")?);
    let year = &now["scorecard"]["year"];
    let values = then["personas"]["personas"].as_array().ok_or("no personas")?;
    let everyone = values.iter().chain([&then["personas"]["other"]]);
    let expected: i64 = everyone.filter_map(|group| group["value"].as_i64()).sum();
    equal("forecast", year["everyone"]["forecast"].as_i64(), Some(expected))?;
    let customers = |period| -> Result<_, String> {
        let run = product::run_folder(folder.path(), "online-retail", "gb", period)?;
        product::table(&run.join("tables/customers.parquet"))
    };
    let came: BTreeMap<String, String> = customers("2011Q3")?
        .into_iter()
        .map(|row| (row["customer_key"].clone(), row["net_12_months"].clone()))
        .collect();
    // Ten-thousandths, exactly; the table rounds the sum once, half away from zero.
    let net = |row: &BTreeMap<String, String>| {
        let text = came.get(&row["customer_key"]).map_or("0", String::as_str);
        (text.parse::<f64>().unwrap_or(0.0) * 10_000.0).round() as i64
    };
    let active = |row: &&BTreeMap<String, String>| row["segment"].parse::<i64>().unwrap_or(0) > 0;
    let actual: i64 = customers("2010Q3")?.iter().filter(active).map(net).sum();
    equal("actual", year["everyone"]["actual"].as_i64(), Some((actual + 50).div_euclid(100)))?;
    equal("personas", year["personas"].as_array().map(Vec::len), Some(values.len()))?;
    // A small market leans on the larger one of its job, and says so.
    let small = product::report(folder.path(), "online-retail", "de", "2011Q3")?;
    equal("tier", small["models"]["value_tier"].clone(), Value::from("provisional"))?;
    equal("pool", small["models"]["pool"]["markets"].to_string(), r#"["gb 2011Q3 r1"]"#.to_owned())?;
    // One that is smaller still has its history and no forecast.
    product::publish_online_retail(folder.path(), "2011Q3", &["ch"])?;
    let least = product::report(folder.path(), "online-retail", "ch", "2011Q3")?;
    equal("tier", least["models"]["value_tier"].clone(), Value::from("history only"))?;
    let note = least["models"]["value_note"].as_str().ok_or("no note")?;
    product::holds("note", note, "too little history for a forecast")?;
    equal("models", (&least["models"]["purchase"], &least["models"]["spend"]), (&Value::Null, &Value::Null))
}
