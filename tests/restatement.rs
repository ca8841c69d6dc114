//! Data that arrive after their period was published: told as restatement, never as customers who moved.

use std::path::Path;

use driftline_core::drift::bridge::{Bridge, Cause, Measure};
use driftline_core::report::Report;

use crate::determinism::split_exports;
use crate::product::{self, TestResult, equal};

fn report(warehouse: &Path, period: &str) -> Result<Report, String> {
    let found = product::report(warehouse, "complete-journey", "us", period)?;
    serde_json::from_value(found).map_err(|error| error.to_string())
}

fn bridge(report: &Report, measure: Measure) -> Result<&Bridge, String> {
    report.bridges.iter().find(|bridge| bridge.measure == measure).ok_or_else(|| format!("no bridge of {measure:?}"))
}

fn amount(bridge: &Bridge, cause: Cause) -> i64 {
    bridge.bars.iter().find(|bar| bar.cause == cause).map_or(0, |bar| bar.amount.0)
}

/// Half of September arrives after the third quarter was published. The fourth quarter's bridge starts at what was published,
/// names the late half exactly, and shows who came and who left as if nothing had been late.
pub(crate) fn late_orders() -> TestResult {
    let folder = product::folder()?;
    let exports = folder.path().join("exports");
    split_exports(&product::root().join("tests/exports/complete_journey"), &exports)?;
    let lines = exports.join("market=us/basket_lines");
    let late = std::fs::read_dir(&lines)
        .map_err(|error| error.to_string())?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("a-2017-09")))
        .ok_or("no file of September")?;
    let aside = folder.path().join("late.parquet");
    let setting = format!("exports.url={}", exports.display());
    let (warehouse, control) = (folder.path().join("late"), folder.path().join("control"));
    let moved = |from: &Path, to: &Path| std::fs::rename(from, to).map_err(|error| error.to_string());
    moved(&late, &aside)?;
    // Half of September is less than a run lets pass by itself.
    let allowed = "limits.rows_fall=0.9";
    product::publish_complete_journey(&warehouse, "2017Q3", &["--set", &setting, "--set", allowed])?;
    moved(&aside, &late)?;
    product::publish_complete_journey(&warehouse, "2017Q4", &["--set", &setting])?;
    product::publish_complete_journey(&control, "2017Q3..2017Q4", &["--set", &setting])?;

    let (before, now) = (report(&warehouse, "2017Q3")?, report(&warehouse, "2017Q4")?);
    let (whole, undisturbed) = (report(&control, "2017Q3")?, report(&control, "2017Q4")?);
    let net = |report: &Report| report.totals.as_ref().map_or(0, |totals| totals.net.0);
    let (found, expected) = (bridge(&now, Measure::NetRevenue)?, bridge(&undisturbed, Measure::NetRevenue)?);
    equal("start", found.start.0, net(&before))?;
    equal("restatement", amount(found, Cause::Restatement), net(&whole) - net(&before))?;
    if net(&whole) <= net(&before) {
        return Err("nothing was late".to_owned());
    }
    equal("nothing is restated without late data", amount(expected, Cause::Restatement), 0)?;
    let has = |bridge: &Bridge, cause: Cause| bridge.bars.iter().any(|bar| bar.cause == cause);
    let came_or_left = [Cause::New, Cause::Returning, Cause::Lost];
    let in_both = came_or_left.into_iter().filter(|cause| has(found, *cause) && has(expected, *cause)).count();
    for cause in came_or_left.into_iter().filter(|cause| has(found, *cause) && has(expected, *cause)) {
        equal(cause.label(), amount(found, cause), amount(expected, cause))?;
    }
    equal("most of who came or left has a bar of its own in both", in_both >= 2, true)?;
    let customers = |bridge: &Bridge| {
        // Moves of a few are pooled, and with them the next smallest bar; the sum is the same.
        let stayed = [Cause::Within, Cause::MovedUp, Cause::MovedDown, Cause::Other, Cause::SmallGroups];
        stayed.into_iter().chain(came_or_left).map(|cause| amount(bridge, cause)).sum::<i64>()
    };
    equal("what customers did", customers(found), customers(expected))?;
    let value = bridge(&now, Measure::Value12Months)?;
    if amount(value, Cause::Restatement) == 0 {
        return Err("the value of last period is not restated".to_owned());
    }
    let sum: i64 = value.bars.iter().map(|bar| bar.amount.0).sum();
    equal("the value bridge closes", value.start.0 + sum, value.end.0)?;
    for line in now.changes.iter().chain(&now.market_change) {
        let causes = line.causes;
        let sum = causes.customers_moved + causes.definition_changed + causes.restatement;
        if (sum - line.change).abs() > 1e-9 * line.change.abs().max(1.0) {
            return Err(format!("causes of {} do not add up: {causes:?}, {}", line.label, line.change));
        }
    }
    let (late, never_late) = (risks_add_up(&before, &now)?, risks_add_up(&whole, &undisturbed)?);
    equal("half of September changes no risk of last period", late == 0.0, false)?;
    equal("risk restated without late data", never_late, 0.0)
}

/// Every mean risk starts at what was published, ends at what is, and its three causes are what is between, to six decimals.
/// Returns what of the market's was restated.
fn risks_add_up(before: &Report, now: &Report) -> Result<f64, String> {
    let risks = now.risk_changes.as_ref().ok_or("no risks are compared")?;
    let published = |report: &Report, subject: &str| match subject {
        "market" => report.kpis.iter().find(|kpi| kpi.key == "churn_risk").and_then(|kpi| kpi.now),
        "other" => report.personas.other.as_ref().and_then(|other| other.churn_risk),
        key => report.personas.personas.iter().find(|persona| persona.key == key).and_then(|p| p.churn_risk),
    };
    for line in &risks.lines {
        equal(&format!("risk of {} before", line.label), Some(line.from), published(before, &line.subject))?;
        equal(&format!("risk of {} now", line.label), Some(line.to), published(now, &line.subject))?;
        let causes = line.causes;
        let parts = [line.from, causes.restatement, causes.customers_moved, causes.definition_changed];
        let sum: i64 = parts.iter().map(|share| (1e6 * share).round() as i64).sum();
        equal(&format!("risk of {} by its causes", line.label), sum, (1e6 * line.to).round() as i64)?;
    }
    equal("lines of risk, the market's and each persona's", risks.lines.len(), 1 + now.personas.personas.len())?;
    risks.lines.first().map(|line| line.causes.restatement).ok_or_else(|| "no line of the market".to_owned())
}
