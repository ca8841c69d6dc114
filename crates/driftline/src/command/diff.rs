//! `driftline diff`: two published periods of a market, as in git: `+ persona`, `- persona`, `~ field old → new`.

use driftline_core::Minor;
use driftline_core::personas::Persona;
use driftline_core::report::facet_lines::{Figure, figures};
use driftline_core::report::{Report, Unit};
use driftline_ledger::Slot;
use serde::Serialize;

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::command::revisions;
use crate::command::show::published_report;
use crate::command::which_job::{Asked, job_of_market};
use crate::error::{Error, Result};
use crate::setup::environment::Environment;
use crate::setup::project::Project;

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    /// `+`, `-` or `~`.
    sign: char,
    subject: String,
    field: Option<String>,
    old: Option<String>,
    new: Option<String>,
}

pub(super) async fn execute(cli: &Cli, args: &args::Diff, project: &Project, environment: &Environment) -> Result<()> {
    let market: driftline_core::Market = args.market.parse().map_err(|source| Error::Period { source })?;
    let asked = Asked { named: args.job.as_deref(), overrides: &args.job_options.overrides };
    let (job, ledger) = job_of_market(project, environment, asked, &args.market).await?;
    let slot = |period| Slot { job: job.name.clone(), market: market.clone(), period };
    let from = job.period(&args.from)?;
    let Some(to) = &args.to else {
        return revisions::execute(cli, &ledger, &slot(from)).await;
    };
    let to = job.period(to)?;
    let old = published_report(&ledger, &slot(from)).await?;
    let new = published_report(&ledger, &slot(to)).await?;
    let lines = compare(&old, &new);
    if cli.json {
        say_json(&lines)?;
        return Ok(());
    }
    say(format!(
        "--- {} {} (revision {})\n+++ {} {} (revision {})",
        old.market, old.period, old.revision, new.market, new.period, new.revision
    ));
    for line in &lines {
        match (&line.field, &line.old, &line.new) {
            (Some(field), Some(old), Some(new)) => say(format!("~ {}: {field} {old} → {new}", line.subject)),
            (_, _, detail) => say(format!(
                "{} {}{}",
                line.sign,
                line.subject,
                detail.as_ref().map_or_else(String::new, |text| format!("  ({text})"))
            )),
        }
    }
    if lines.is_empty() {
        say("no differences");
    }
    Ok(())
}

fn compare(old: &Report, new: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    let money = |amount: Minor| new.locale.money(amount, &new.currency);
    // A risk by another method is another figure, as in the report.
    let method = |report: &Report| {
        report.models.churn.as_ref().map_or_else(|| "none".to_owned(), |churn| churn.chosen.to_string())
    };
    let is_same_risk = method(old) == method(new);
    field(&mut lines, "market", "method of the risk", method(old), method(new));
    for kpi in new.kpis.iter().filter(|kpi| is_same_risk || kpi.key != "churn_risk") {
        let before = old.kpis.iter().find(|other| other.key == kpi.key).and_then(|other| other.now);
        let shown = |value: Option<f64>| match (value, kpi.unit) {
            (None, _) => "not available".to_owned(),
            (Some(value), Unit::Count) => new.locale.number(value, 0),
            (Some(value), Unit::Money) => money(Minor(value as i64)),
            (Some(value), Unit::Share) => new.locale.percent(value, 1),
        };
        field(&mut lines, "market", &kpi.label, shown(before), shown(kpi.now));
    }
    for persona in &new.personas.personas {
        let Some(before) = old.personas.personas.iter().find(|other| other.key == persona.key) else {
            lines.push(Line {
                sign: '+',
                subject: persona.label.clone(),
                field: None,
                old: None,
                new: Some(format!("{}; {}", persona.key, persona.lineage)),
            });
            continue;
        };
        persona_fields(&mut lines, (old, before), (new, persona), is_same_risk);
    }
    for persona in &old.personas.personas {
        if !new.personas.personas.iter().any(|other| other.key == persona.key) {
            let why =
                new.personas.ended.iter().find(|ended| ended.key == persona.key).map(|ended| ended.sentence.clone());
            lines.push(Line {
                sign: '-',
                subject: persona.label.clone(),
                field: None,
                old: None,
                new: Some(why.unwrap_or_else(|| persona.key.clone())),
            });
        }
    }
    lines
}

fn persona_fields(
    lines: &mut Vec<Line>,
    (earlier, old): (&Report, &Persona),
    (report, new): (&Report, &Persona),
    is_same_risk: bool,
) {
    let locale = report.locale;
    let money = |amount: Option<Minor>| {
        amount.map_or_else(|| "not available".to_owned(), |amount| locale.money(amount, &report.currency))
    };
    let share = |share: Option<f64>| share.map_or_else(|| "not available".to_owned(), |share| locale.percent(share, 1));
    let subject = &new.label;
    field(lines, subject, "label", old.label.clone(), new.label.clone());
    field(lines, subject, "role", format!("{:?}", old.role).to_lowercase(), format!("{:?}", new.role).to_lowercase());
    field(lines, subject, "customers", locale.count(old.customers), locale.count(new.customers));
    field(lines, subject, "share of customers", locale.percent(old.share, 1), locale.percent(new.share, 1));
    field(lines, subject, "12-month value", money(old.value), money(new.value));
    field(lines, subject, "value a customer", money(old.value_per_customer), money(new.value_per_customer));
    field(lines, subject, "net revenue of the period", money(old.net_revenue), money(new.net_revenue));
    if is_same_risk {
        field(lines, subject, "churn risk", share(old.churn_risk), share(new.churn_risk));
    }
    let told = |report: &Report, persona: &Persona, also: &[Figure]| {
        figures(report, persona, &also.iter().map(|figure| figure.key.clone()).collect())
    };
    let now = told(report, new, &[]);
    let before = told(earlier, old, &now);
    for figure in now {
        let same = before.iter().find(|other| other.key == figure.key && other.fingerprint == figure.fingerprint);
        if let Some(other) = same {
            field(lines, subject, &figure.name, other.text.clone(), figure.text);
        }
    }
}

/// Only what a reader would see differ is a difference.
fn field(lines: &mut Vec<Line>, subject: &str, name: &str, old: String, new: String) {
    if old != new {
        lines.push(Line {
            sign: '~',
            subject: subject.to_owned(),
            field: Some(name.to_owned()),
            old: Some(old),
            new: Some(new),
        });
    }
}
