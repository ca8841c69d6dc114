//! Bridges close to the cent, and every number of a mail is in `report.json`.

use std::path::Path;

use driftline_core::Minor;
use driftline_core::basics::locale::Locale;
use driftline_core::report::{Report, Unit};

use crate::product::{self, TestResult, equal};

fn read(warehouse: &Path, job: &str, market: &str, period: &str) -> Result<Report, String> {
    serde_json::from_value(product::report(warehouse, job, market, period)?).map_err(|error| error.to_string())
}

fn bridges_close(report: &Report) -> TestResult {
    for bridge in &report.bridges {
        let bars: Minor = bridge.bars.iter().map(|bar| bar.amount).sum();
        equal(&format!("{} {}", report.period, bridge.label), bridge.start + bars, bridge.end)?;
    }
    // The realised bridge ends at the market's published net revenue.
    if let (Some(totals), Some(bridge)) =
        (&report.totals, report.bridges.iter().find(|b| b.label.starts_with("net revenue of the period")))
    {
        equal("end of the realised bridge", bridge.end, totals.net)?;
    }
    Ok(())
}

/// Personas and the customers unlike any are everyone active and all their value; so are the rows of the migration table.
fn groups_are_everyone(report: &Report) -> TestResult {
    let set = &report.personas;
    let kpi = |key: &str| report.kpis.iter().find(|kpi| kpi.key == key).and_then(|kpi| kpi.now);
    let other = set.other.as_ref();
    let customers = set.personas.iter().map(|persona| persona.customers).chain(other.map(|other| other.customers));
    equal("customers of all groups", Some(customers.sum::<u64>() as f64), kpi("active_customers"))?;
    // A market with too little history for a model has no values.
    if let Some(value) = kpi("value_12_months") {
        let values = set.personas.iter().map(|persona| persona.value).chain(other.map(|other| other.value));
        equal("value of all groups", values.flatten().sum::<Minor>().0 as f64, value)?;
    }
    let shares: f64 = set.personas.iter().map(|persona| persona.share).chain(other.map(|other| other.share)).sum();
    equal("shares of all groups", (shares * 1e9).round(), 1e9)
}

/// Every figure that the report can be quoted with, as a reader sees it.
fn quotable(report: &Report) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    let locale = report.locale;
    let text = serde_json::to_value(report).unwrap_or_default();
    let mut open = vec![&text];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Object(map) => open.extend(map.values()),
            serde_json::Value::Array(list) => open.extend(list),
            serde_json::Value::String(words) => found.extend(figures(words)),
            serde_json::Value::Number(number) => {
                let value = number.as_f64().unwrap_or(0.0);
                for decimals in 0..=2 {
                    found.insert(plain(&locale.number(value, decimals)));
                    found.insert(plain(&locale.number(100.0 * value, decimals)));
                    found.insert(plain(&locale.number(value / 100.0, decimals)));
                }
            }
            _ => {}
        }
    }
    found
}

fn plain(text: &str) -> String {
    text.trim_start_matches('−').to_owned()
}

/// Runs of digits with separators: `4,439,786`, `1.1`.
fn figures(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() || ((c == ',' || c == '.') && !current.is_empty()) {
            current.push(c);
        } else if !current.is_empty() {
            found.push(current.trim_end_matches(['.', ',']).to_owned());
            current.clear();
        }
    }
    found
}

/// A part of a stored mail, such as `text/plain`, decoded.
pub(crate) fn part_of(mail: &str, content_type: &str) -> String {
    let part = mail.split_once(&format!("Content-Type: {content_type}")).map_or("", |(_, part)| part);
    let body = part.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let end = body.find("\r\n--driftline-").unwrap_or(body.len());
    let joined = body[..end].replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (first, hex) {
            (b'=', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn complete_journey() -> TestResult {
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q2..2017Q4", &[])?;
    let mut bridges = 0;
    for period in ["2017Q2", "2017Q3", "2017Q4"] {
        let report = read(folder.path(), "complete-journey", "us", period)?;
        bridges_close(&report)?;
        groups_are_everyone(&report)?;
        bridges += report.bridges.len();
        // Data of a year: the 12 months before a quarter are nowhere full on both sides.
        let columns = || report.attribute_drift.iter().flat_map(|group| &group.columns);
        equal("sums over a window that fills", columns().any(|one| one.finding.column == "net_12_months"), false)?;
        equal("habits are compared", columns().next().is_some(), period != "2017Q2")?;
        equal("unit of a share", report.kpis.iter().any(|kpi| kpi.unit == Unit::Share), true)?;
        equal("locale", report.locale, Locale::En)?;
        let run = product::run_folder(folder.path(), "complete-journey", "us", period)?;
        let quotable = quotable(&report);
        for mail in std::fs::read_dir(run.join("mails")).map_err(|error| error.to_string())?.flatten() {
            let mail = std::fs::read_to_string(mail.path()).map_err(|error| error.to_string())?;
            let text = part_of(&mail, "text/plain");
            // Below the figures: places, ids and addresses are no figures of the report.
            let text = text.split("Full report").next().unwrap_or_default();
            let quoted = figures(text);
            if quoted.len() < 12 {
                return Err(format!("{period}: only {} figures found in the mail:\n{text}", quoted.len()));
            }
            if let Some(unknown) = quoted.iter().find(|figure| !quotable.contains(*figure)) {
                return Err(format!("{period}: the mail says {unknown}, which report.json does not:\n{text}"));
            }
        }
    }
    equal("bridges of two compared quarters", bridges, 4)
}

pub(crate) fn online_retail() -> TestResult {
    let folder = product::folder()?;
    product::publish_online_retail(folder.path(), "2010Q4..2011Q3", &["gb", "de", "fr", "hk"])?;
    let (mut bridges, mut others) = (0, 0);
    for market in ["gb", "de", "fr", "hk"] {
        for period in ["2010Q4", "2011Q1", "2011Q2", "2011Q3"] {
            let report = read(folder.path(), "online-retail", market, period)?;
            bridges_close(&report)?;
            bridges += report.bridges.len();
            // Smaller markets have the personas of gb's model, or none.
            if market == "gb" || !report.personas.personas.is_empty() {
                groups_are_everyone(&report).map_err(|error| format!("{market} {period}: {error}"))?;
            }
            others += report.personas.other.as_ref().map_or(0, |other| other.customers);
        }
    }
    // A gift shop on the web has wholesalers among its customers.
    equal("customers unlike any persona", others > 0, true)?;
    if bridges < 6 { Err(format!("only {bridges} bridges were published")) } else { Ok(()) }
}
