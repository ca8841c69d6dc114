//! A facet is one file: what it says is counted right, and it is in every place where people look.

use std::path::Path;

use driftline_core::facets::Answer;
use driftline_core::report::Report;

use crate::bad_input::copy;
use crate::product::{self, TestResult, equal, holds};

const NAME: &str = "weekend_shoppers";

/// Who bought on a Saturday or Sunday inside the period, of those who bought in it at all.
const FILE: &str = r#"/*---
about = "Members who bought on a weekend in the period, of those who bought in it."

[facet]
title = "Weekend shoppers"
block = "journey"
shape = "has"
base = "has_bought"
window = "period"
roles = ["marketing", "service"]
source = "stg_order_lines"
says = "who bought in the period bought on a weekend"
---*/
select
    customer_key,
    bool_or(date_part('dow', order_date) in (0, 6)) as did,
    true as has_bought
from int_order_lines
where order_date >= $period_start
    and order_date < $as_of
group by customer_key
"#;

/// A project of one's own, with one file more.
fn project(folder: &Path, facet: &str) -> TestResult {
    for part in ["sql", "jobs", "reports", "tests/exports/complete_journey"] {
        copy(&product::root().join(part), &folder.join(part))?;
    }
    std::fs::write(folder.join(format!("sql/facets/{NAME}.sql")), facet).map_err(|error| error.to_string())
}

fn publish(project: &Path, period: &str) -> Result<Report, String> {
    let job = ["run", "jobs/complete-journey.toml", "--period", period, "--now", "2018-01-05T06:00:00Z"];
    product::succeed(product::run_in(project, &job)?)?;
    let report = product::report(&project.join("warehouse"), "complete-journey", "us", period)?;
    serde_json::from_value(report).map_err(|error| error.to_string())
}

fn answers<'a>(report: &'a Report, name: &str) -> Vec<(&'a str, &'a Answer)> {
    let personas = report.personas.personas.iter();
    let all = personas.flat_map(|persona| persona.facets.iter().map(move |answer| (persona.key.as_str(), answer)));
    all.filter(|(_, answer)| answer.facet == name).collect()
}

pub(crate) fn one_file() -> TestResult {
    let folder = product::folder()?;
    let project_folder = folder.path().join("project");
    project(&project_folder, FILE)?;
    let first = publish(&project_folder, "2017Q3")?;
    let facet = first.facets.iter().find(|facet| facet.name == NAME).ok_or("no such facet in the report")?;
    equal("why it has no answers", facet.not_available, None)?;
    let everyone = facet.everyone.first().ok_or("nothing of everyone")?;
    // All 2,436 who bought in the quarter, counted from the export by another program.
    equal("who counts", everyone.of > 2_000 && everyone.customers.is_some_and(|some| some < everyone.of), true)?;
    let of_personas = answers(&first, NAME);
    equal("on every card", of_personas.len(), first.personas.personas.len())?;
    for (key, answer) in &of_personas {
        let is_inside = answer.low_95 < answer.figure && answer.figure < answer.high_95;
        equal(&format!("{key}: inside its range"), is_inside && answer.others.is_some(), true)?;
    }

    let second = publish(&project_folder, "2017Q4")?;
    let compared = answers(&second, NAME);
    let is_compared =
        |(_, answer): &(&str, &Answer)| answer.last.as_ref().is_some_and(|last| last.period == first.period);
    equal("compared with last period", compared.iter().all(is_compared), true)?;
    places(&project_folder, &second)?;

    // Another question under the same name is not compared, and says so.
    project(&project_folder, &FILE.replace("in (0, 6)", "in (0, 5, 6)"))?;
    std::fs::remove_dir_all(project_folder.join("warehouse/complete-journey/us/2017Q4")).map_err(|e| e.to_string())?;
    let other = publish(&project_folder, "2017Q4")?;
    let facet = other.facets.iter().find(|facet| facet.name == NAME).ok_or("no such facet in the report")?;
    equal("why it is not compared", facet.not_compared.as_deref(), Some("its definition changed"))?;
    equal("not compared", answers(&other, NAME).iter().all(|(_, answer)| answer.last.is_none()), true)
}

/// Everywhere that people look.
fn places(project: &Path, report: &Report) -> TestResult {
    let run = product::run_folder(&project.join("warehouse"), "complete-journey", "us", "2017Q4")?;
    let rows = product::table(&run.join("tables/persona_facets.parquet"))?;
    let own = rows.iter().filter(|row| row["facet"] == NAME).count();
    equal("rows of persona_facets", own, report.personas.personas.len() + 1)?;
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    holds("page", &read(&run.join("report.html"))?, "Weekend shoppers")?;
    let show = ["show", "us", "2017Q4", "--job", "complete-journey"];
    holds("show", &product::succeed(product::run_in(project, &show)?)?, "Weekend shoppers")?;
    let site = project.join("site").display().to_string();
    product::succeed(product::run_in(project, &["site", "--job", "complete-journey", "--out", &site])?)?;
    let key = &report.personas.personas[0].key;
    holds("site", &read(&project.join(format!("site/us/personas/{key}.html")))?, "Weekend shoppers")?;
    holds("glossary", &read(&project.join("site/glossary.html"))?, "Members who bought on a weekend")
}
