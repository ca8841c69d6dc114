//! `driftline show`: the personas of a market as readable cards.

use driftline_core::Minor;
use driftline_core::acquisition::{Acquired, AcquisitionCosts};
use driftline_core::persona::{Persona, Role};
use driftline_core::report::{Report, Unit};
use driftline_core::sentence::{Locale, Words};
use driftline_ledger::Slot;

use crate::command::args::{self, Cli};
use crate::command::output::{one_line, say, say_json};
use crate::command::which_job::job_of_market;
use crate::error::{Error, InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::project::Project;

/// In the place of a sum that would tell of single customers.
const FEW_HOLD_MOST: &str = "not shown: a few hold most of it";

pub(super) async fn execute(cli: &Cli, args: &args::Show, project: &Project, environment: &Environment) -> Result<()> {
    let market = args.market.parse().map_err(|source| Error::Period { source })?;
    let (job, ledger) =
        job_of_market(project, args.job.as_deref(), &args.market, &args.job_options.overrides, environment).await?;
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
    let report = super::show::published_report(&ledger, &slot).await?;
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

/// What the name says, by which rule one can tell who belongs to it, and what it was called.
fn name(persona: &Persona, locale: Locale) {
    for former in &persona.formerly {
        say(format!("  formerly {} (until {})", one_line(&former.label), former.until));
    }
    for claim in &persona.claims {
        let share =
            |share: Option<f64>| share.map_or_else(|| "nearly all".to_owned(), |share| locale.percent(share, 0));
        let everyone =
            claim.everyone.map_or_else(String::new, |share| format!(", {} of everyone", locale.percent(share, 0)));
        say(format!("  {}: {} of them{everyone}", one_line(&claim.text), share(claim.members)));
    }
    if let Some(rule) = &persona.rule {
        let told = match (rule.precision, rule.coverage) {
            (Some(precision), Some(coverage)) => format!(
                ": {} of matches are members, {} of members match",
                locale.percent(precision, 0),
                locale.percent(coverage, 0)
            ),
            _ => String::new(),
        };
        say(format!("  rule: {}{told}", one_line(&rule.text)));
        say(format!("        {}", one_line(&rule.rule.to_string())));
    }
    if let Some(once) = persona.bought_once {
        say(format!("  bought once, this period: {} of them", locale.count(once)));
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

fn card(persona: &Persona, report: &Report) {
    let locale = report.locale;
    let money = |amount: Minor| locale.money(amount, &report.currency);
    let role = match persona.role {
        Role::Primary => "primary",
        Role::Secondary => "secondary",
        Role::Negative => "negative",
    };
    let provisional = if persona.provisional { ", provisional" } else { "" };
    say(format!("{}  [{role}{provisional}]  {}", persona.label, persona.key));
    say(format!(
        "  {} customers, {} of active; {}",
        locale.count(persona.customers),
        locale.percent(persona.share, 1),
        persona.lineage
    ));
    name(persona, locale);
    if let (Some(value), Some(each), Some(share)) = (persona.value, persona.value_per_customer, persona.value_share) {
        say(format!(
            "  12-month value {} ({} of the market), {} a customer",
            money(value),
            locale.percent(share, 1),
            money(each)
        ));
    }
    if let Some((margin, amount)) = persona.margin.and_then(|margin| Some((margin, margin.value?))) {
        say(format!("  12-month margin {} ({} of the value)", money(amount), locale.percent(margin.share, 1)));
    }
    if let Some(acquired) = &persona.acquisition {
        let words = Words { locale, currency: report.currency.clone() };
        say(format!("  acquisition: {}", acquired.sentence(&words)));
    }
    let risk = persona.churn_risk.map_or_else(|| "not available".to_owned(), |risk| locale.percent(risk, 1));
    say(format!(
        "  net revenue of the period {}; risk ({}) {risk}",
        persona.net_revenue.map_or_else(|| FEW_HOLD_MOST.to_owned(), money),
        report.method.churn_event
    ));
    for habit in &persona.habits {
        let shown = |value: f64| match habit.unit.as_str() {
            "money" => locale.money(Minor((100.0 * value).round() as i64), &report.currency),
            "share" => locale.percent(value, usize::from(habit.decimals)),
            unit => format!("{} {unit}", locale.number(value, usize::from(habit.decimals))),
        };
        say(format!("    {:<28} {:>22}   everyone {}", habit.label, shown(habit.mean), shown(habit.base_mean)));
    }
    if !persona.categories.is_empty() {
        let list: Vec<String> = persona
            .categories
            .iter()
            .map(|c| {
                format!(
                    "{} {} (everyone {}; n {})",
                    one_line(&c.category),
                    locale.percent(c.share, 1),
                    locale.percent(c.base_share, 1),
                    c.customers
                )
            })
            .collect();
        say(format!("  buys more of: {}", list.join(", ")));
    }
    for attribute in &persona.attributes {
        let top = attribute
            .bands
            .iter()
            .filter(|band| band.share.is_some())
            .max_by(|a, b| a.share.unwrap_or(0.0).total_cmp(&b.share.unwrap_or(0.0)));
        if let Some(band) = top {
            say(format!(
                "  {}: most often {} ({} of {} who answered; {} did not)",
                one_line(&attribute.attribute),
                one_line(&band.value),
                locale.percent(band.share.unwrap_or(0.0), 0),
                attribute.answered,
                locale.percent(attribute.missing_share, 0)
            ));
        }
    }
    for contact in &persona.contacts {
        let response =
            contact.response_share.map_or_else(|| "too few to say".to_owned(), |share| locale.percent(share, 1));
        say(format!(
            "  {}: reached {} ({}), responded {response}",
            one_line(&contact.campaign_type),
            contact.contacted,
            locale.percent(contact.contacted_share, 1)
        ));
    }
    for topic in &persona.topics {
        say(format!(
            "  {}: {} ({}): {} of {}, {} of others; n {}",
            topic.kind.label(),
            one_line(&topic.topic),
            one_line(&topic.source),
            locale.percent(topic.share, 1),
            if topic.answered.is_some() { "those who answered" } else { "them" },
            locale.percent(topic.others_share, 1),
            topic.customers
        ));
    }
    for note in &persona.notes {
        say(format!(
            "  {}: {} ({}, {}; {})",
            note.label,
            one_line(&note.text),
            one_line(&note.author),
            note.written_on,
            one_line(&note.evidence)
        ));
        for review in &note.review {
            say(format!("    to review: {}", one_line(review)));
        }
    }
    if !persona.evidence.is_empty() {
        say("  no evidence yet; would come from");
    }
    // Fields beside each other that one source would fill are one line.
    for missing in persona.evidence.chunk_by(|a, b| a.source_needed == b.source_needed) {
        let fields: Vec<&str> = missing.iter().map(|evidence| evidence.field.as_str()).collect();
        let source = missing.first().map_or("", |evidence| evidence.source_needed.as_str());
        say(format!("    {}: {source}", fields.join(", ")));
    }
    if let Some(note) = &persona.note {
        say(format!("  {note}"));
    }
}
