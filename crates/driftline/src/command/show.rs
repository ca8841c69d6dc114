//! `driftline show`: the personas of a market as readable cards.

mod card;

use driftline_core::Minor;
use driftline_core::basics::locale::Words;
use driftline_core::personas::Other;
use driftline_core::personas::acquisition::AcquisitionCosts;
use driftline_core::report::{Report, Unit};
use driftline_core::value::acquired::Acquired;
use driftline_ledger::Slot;

use self::card::{FEW_HOLD_MOST, card};
use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::command::which_job::{Asked, job_of_market};
use crate::error::{Error, InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::project::Project;

pub(super) async fn execute(cli: &Cli, args: &args::Show, project: &Project, environment: &Environment) -> Result<()> {
    let market = args.market.parse().map_err(|source| Error::Period { source })?;
    let asked = Asked { named: args.job.as_deref(), overrides: &args.job_options.overrides };
    let (job, ledger) = job_of_market(project, environment, asked, &args.market).await?;
    let period = match &args.period {
        Some(text) => job.period(text)?,
        None => {
            let periods = job.published(&ledger, &market).await?;
            periods
                .last()
                .copied()
                .ok_or_else(|| Error::NotPublished { what: format!("market {market} of job {}", job.name) })?
        }
    };
    let slot = Slot { job: job.name.clone(), market, period };
    let report = published_report(&ledger, &slot).await?;
    if cli.json {
        say_json(&report)?;
        return Ok(());
    }
    print(&report);
    say(format!(
        "next: driftline diff {} {} {}",
        report.market,
        report.previous_period.unwrap_or(report.period.previous()),
        report.period
    ));
    Ok(())
}

/// The report of a slot in its highest revision.
///
/// # Errors
/// `Error::NotPublished` if there is none, `Error::Ledger` if it cannot be read.
pub(crate) async fn published_report(ledger: &driftline_ledger::Ledger, slot: &Slot) -> Result<Report> {
    let place = format!("{} {}", slot.market, slot.period);
    let publication = ledger.latest(slot).await.in_place(&place)?;
    let publication =
        publication.ok_or_else(|| Error::NotPublished { what: format!("{place} of job {}", slot.job) })?;
    let bytes = ledger.read(&publication, "report.json").await.in_place(&place)?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn print(report: &Report) {
    let locale = report.locale;
    let money = |amount: Minor| locale.money(amount, &report.currency);
    say(format!(
        "{}  {}  {}  (as of {}, revision {})",
        report.title, report.market_name, report.period_title, report.as_of, report.revision
    ));
    say(&report.headline.sentence);
    say("");
    for kpi in &report.kpis {
        let shown = |value: f64| match kpi.unit {
            Unit::Count => locale.number(value, 0),
            Unit::Money => money(Minor(value as i64)),
            Unit::Share => locale.percent(value, 1),
        };
        let change = match (kpi.change, kpi.relative_change) {
            (Some(change), None) if kpi.unit == Unit::Share => locale.points(change),
            (_, Some(relative)) => locale.signed_percent(relative, 1),
            _ => kpi.note.clone().unwrap_or_default(),
        };
        say(format!("  {:<32} {:>14}  {change}", kpi.label, kpi.now.map_or_else(|| "–".to_owned(), shown)));
    }
    for persona in &report.personas.personas {
        say("");
        card(persona, report);
    }
    if let Some(other) = &report.personas.other {
        say("");
        in_no_persona(other, report);
    }
    if let Some(costs) = &report.acquisition {
        say("");
        economics(costs, report);
    }
    for ended in &report.personas.ended {
        say(format!("\n- {} ({}): {}", ended.label, ended.key, ended.sentence));
    }
    if !report.notes.is_empty() {
        say("");
        for note in &report.notes {
            say(format!("note: {note}"));
        }
    }
}

/// Customers who are unlike any persona.
fn in_no_persona(other: &Other, report: &Report) {
    let locale = report.locale;
    let money = |amount: Minor| locale.money(amount, &report.currency);
    say(format!("{}  [no persona]", other.label));
    say(format!(
        "  {} customers, {} of active; net revenue of the period {}",
        locale.count(other.customers),
        locale.percent(other.share, 1),
        other.net_revenue.map_or_else(|| FEW_HOLD_MOST.to_owned(), money)
    ));
    if let (Some(value), Some(each), Some(share)) = (other.value, other.value_per_customer, other.value_share) {
        let (value, share, each) = (money(value), locale.percent(share, 1), money(each));
        say(format!("  12-month value {value} ({share} of the market), {each} a customer"));
    }
    if let Some(risk) = other.churn_risk {
        say(format!("  risk ({}) {}", report.method.churn_event, locale.percent(risk, 1)));
    }
}

/// What customers cost to win, and margins, of the market.
fn economics(costs: &AcquisitionCosts, report: &Report) {
    let words = Words { locale: report.locale, currency: report.currency.clone() };
    let missing = [&costs.not_available, &costs.margin_not_available];
    let of = |label: &str, acquired: &Option<Acquired>| {
        acquired.as_ref().map(|acquired| format!("{label}: {}", acquired.sentence(&words)))
    };
    let shown = [of("acquisition, everyone active", &costs.market), of("acquisition, new", &costs.new)];
    for line in missing.into_iter().flatten().chain(shown.iter().flatten()).chain(&costs.payback) {
        say(line);
    }
}
