//! The fictional company's exports: written while customers are made.

use std::collections::BTreeMap;
use std::path::Path;

use crate::company::{CAMPAIGNS_A_QUARTER, CONTENT, Line, Mail, Person, Settings, Survey, Ticket, Visit, markets};
use crate::error::{Error, Result};
use crate::person::person;
use crate::sheets::{Cell, Sheets};
use crate::truth::{Counted, document, truth_of};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub markets: Vec<String>,
    pub customers: u64,
    /// Rows by table, all markets together.
    pub rows: BTreeMap<String, u64>,
}

/// Writes exports, late orders and the truth below a folder. `progress` is told how many customers are done.
///
/// # Errors
/// `Error::Output` with the path if something cannot be written.
pub fn write(folder: &Path, settings: &Settings, progress: &mut dyn FnMut(u64)) -> Result<Written> {
    let mut written = Written::default();
    let mut truth = Vec::new();
    for market in markets(settings).map_err(|source| Error::Market { source })? {
        let exports = folder.join("exports").join(format!("market={}", market.code));
        let mut sheets = Sheets::new(&exports);
        let mut late = Sheets::new(&folder.join("late").join(format!("market={}", market.code)));
        let mut planted = Sheets::new(&folder.join("truth").join(format!("market={}", market.code)));
        let mut count = Counted::new(settings.quarters);
        for number in 0..market.customers {
            let person = person(settings, &market, number);
            count.add(settings, &person);
            truth_of(&mut planted, settings, &person)?;
            customer(&mut sheets, &mut late, &person)?;
            written.customers += 1;
            if written.customers % 10_000 == 0 {
                progress(written.customers);
            }
        }
        company(&mut sheets, settings)?;
        for (table, rows) in sheets.finish()? {
            *written.rows.entry(table).or_default() += rows;
        }
        late.finish()?;
        planted.finish()?;
        truth.push(count.truth(&market));
        written.markets.push(market.code.to_string());
    }
    let document = document(settings, &truth);
    let path = folder.join("truth.json");
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    std::fs::write(&path, text).map_err(|source| Error::Output { path, source })?;
    Ok(written)
}

fn customer(sheets: &mut Sheets, late: &mut Sheets, person: &Person) -> Result<()> {
    registered(sheets, person)?;
    for line in &person.lines {
        let target = if line.is_late { &mut *late } else { &mut *sheets };
        bought(target, person, line)?;
    }
    for ticket in &person.tickets {
        complained(sheets, person, ticket)?;
    }
    for visit in &person.visits {
        visited(sheets, person, visit)?;
    }
    for mail in &person.mails {
        mailed(sheets, person, mail)?;
    }
    if let Some(survey) = &person.survey {
        answered(sheets, person, survey)?;
    }
    Ok(())
}

/// Who they are, and the loyalty programme if they are in it.
fn registered(sheets: &mut Sheets, person: &Person) -> Result<()> {
    let id = || Cell::text(&person.id);
    sheets.add(
        "customers",
        &[
            ("customer_id", id()),
            ("email", Cell::text(&person.email)),
            ("joined_on", Cell::Day(Some(person.joined_on))),
            ("birth_year", Cell::Number(person.birth_year.map(i64::from))),
            ("gender", Cell::Text(person.gender.map(str::to_owned))),
            ("region", Cell::text(person.region)),
            ("acquisition_channel", Cell::text(person.acquisition_channel)),
            ("profiling_consent", Cell::Flag(person.profiling_consent)),
            ("marketing_consent", Cell::Flag(person.marketing_consent)),
        ],
    )?;
    if let Some(tier) = person.loyalty_tier {
        let joined = Cell::Day(Some(person.joined_on));
        sheets.add("loyalty", &[("customer_id", id()), ("tier", Cell::text(tier)), ("joined_on", joined)])?;
    }
    Ok(())
}

/// A line of an order, or of what was sent back.
fn bought(sheets: &mut Sheets, person: &Person, line: &Line) -> Result<()> {
    let cells = [
        ("order_id", Cell::text(&line.order)),
        ("customer_id", Cell::text(&person.id)),
        ("ordered_at", Cell::Time(line.day, line.seconds)),
        ("product_id", Cell::text(&format!("{}-{:02}", line.category, line.product))),
        ("category", Cell::text(line.category)),
        ("quantity", Cell::Number(Some(line.quantity))),
        ("unit_price", Cell::Money(line.price)),
        ("discount", Cell::Money(if line.is_return { -line.discount } else { line.discount })),
        ("net_amount", Cell::Money(line.net())),
        ("is_return", Cell::Flag(line.is_return)),
    ];
    sheets.add("order_lines", &cells)
}

/// A ticket of customer service.
fn complained(sheets: &mut Sheets, person: &Person, ticket: &Ticket) -> Result<()> {
    let id = Cell::text(&person.id);
    sheets.add(
        "tickets",
        &[
            ("customer_id", id),
            ("opened_on", Cell::Day(Some(ticket.day))),
            ("topic", Cell::text(ticket.topic)),
            ("text", Cell::text(&ticket.text)),
            ("satisfaction", Cell::Number(Some(ticket.satisfaction))),
        ],
    )
}

/// An event of the shop's web site.
fn visited(sheets: &mut Sheets, person: &Person, visit: &Visit) -> Result<()> {
    let id = Cell::text(&person.id);
    sheets.add(
        "web_events",
        &[
            ("customer_id", id),
            ("happened_on", Cell::Day(Some(visit.day))),
            ("event", Cell::text(visit.event)),
            ("content_id", Cell::text(&format!("content-{:02}", visit.content))),
            ("device", Cell::text(visit.device)),
        ],
    )
}

/// A mail of a campaign.
fn mailed(sheets: &mut Sheets, person: &Person, mail: &Mail) -> Result<()> {
    let id = Cell::text(&person.id);
    sheets.add(
        "mailings",
        &[
            ("customer_id", id),
            ("campaign_id", Cell::text(&format!("campaign-{:02}", mail.campaign))),
            ("sent_on", Cell::Day(Some(mail.sent_on))),
            ("opened", Cell::Flag(mail.opened)),
            ("clicked_on", Cell::Day(mail.clicked_on)),
        ],
    )
}

/// An answer to the survey.
fn answered(sheets: &mut Sheets, person: &Person, survey: &Survey) -> Result<()> {
    let id = Cell::text(&person.id);
    sheets.add(
        "surveys",
        &[
            ("customer_id", id),
            ("answered_on", Cell::Day(Some(survey.day))),
            ("recommends", Cell::Number(Some(survey.recommends))),
            ("text", Cell::text(&survey.text)),
            ("may_be_quoted", Cell::Flag(survey.may_be_quoted)),
            ("goal", Cell::text(survey.goal)),
            ("objection", Cell::text(survey.objection)),
        ],
    )
}

/// What is not of one customer: campaigns, the content library, what acquisition cost.
fn company(sheets: &mut Sheets, settings: &Settings) -> Result<()> {
    let campaigns = settings.quarters * CAMPAIGNS_A_QUARTER;
    let days = (settings.end() - settings.start()).num_days();
    let day = |number: i64| settings.start() + chrono::Days::new(number.max(0) as u64);
    for number in 0..campaigns {
        let start = i64::from(number) * days / i64::from(campaigns);
        sheets.add(
            "campaigns",
            &[
                ("campaign_id", Cell::text(&format!("campaign-{number:02}"))),
                ("kind", Cell::text(["newsletter", "sale"][number as usize % 2])),
                ("start_date", Cell::Day(Some(day(start)))),
                ("end_date", Cell::Day(Some(day(start + 30)))),
            ],
        )?;
    }
    for number in 0..CONTENT {
        sheets.add(
            "content_library",
            &[
                ("content_id", Cell::text(&format!("content-{number:02}"))),
                ("title", Cell::text(&format!("Guide no. {}", number + 1))),
                ("format", Cell::text(["article", "video", "checklist"][number as usize % 3])),
                ("stage", Cell::text(["awareness", "consideration", "purchase", "loyalty"][number as usize % 4])),
            ],
        )?;
    }
    for (place, channel) in ["search", "social", "referral", "shop", "affiliate"].into_iter().enumerate() {
        for quarter in 0..settings.quarters {
            let spent = 40_000 + 15_000 * place as i64 + 1_000 * i64::from(quarter);
            sheets.add(
                "acquisition_costs",
                &[
                    ("channel", Cell::text(channel)),
                    ("quarter_start", Cell::Day(Some(settings.quarter(quarter).start()))),
                    ("spent", Cell::Money(spent)),
                ],
            )?;
        }
    }
    Ok(())
}
