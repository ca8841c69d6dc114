//! The fictional company's exports as Parquet: written while customers are made, so that size costs disk and no memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use driftline_core::Error as Planned;
use driftline_core::simulation::{
    CAMPAIGNS_A_QUARTER, CONTENT, Kind, Line, MERGED, PLANTED, Person, SPLIT_OFF, Settings, SimulatedMarket, markets,
    person,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::functions::date32;

/// Rows that are held before they are written.
const ROWS_HELD: usize = 65_536;

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
    let planned = |source: Planned| Error::Output { path: folder.to_owned(), source: std::io::Error::other(source) };
    let mut truth = Vec::new();
    for market in markets(settings).map_err(planned)? {
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
    let quarter = |number: u32| settings.quarter(number).to_string();
    let document = json!({
        "seed": settings.seed,
        "from": settings.start(),
        "until": settings.end(),
        "planted": {
            "born": { "kind": Kind::Premium.name(), "from": quarter(PLANTED.born) },
            "fading": { "kind": Kind::Faders.name(), "from": quarter(PLANTED.fading) },
            "split": { "kind": Kind::Gifters.name(), "from": quarter(PLANTED.split), "into": [Kind::Gifters.name(), SPLIT_OFF] },
            "merge": { "kinds": [Kind::Students.name(), Kind::Starters.name()], "from": quarter(PLANTED.merge), "into": MERGED },
            "mix_shift": { "kind": Kind::Families.name(), "from": quarter(PLANTED.mix_shift) },
            "rate_shift": { "kind": Kind::BargainHunters.name(), "from": quarter(PLANTED.rate_shift), "factor": PLANTED.rate_factor },
            "price_change": { "from": quarter(PLANTED.price_change), "factor": PLANTED.price_factor },
            "late_orders": { "quarter": quarter(PLANTED.late_quarter), "share": PLANTED.late_share },
            "new_market": { "market": "at", "from": quarter(PLANTED.new_market) },
            "family": "every hundredth customer has the e-mail address of the one before",
        },
        "groups": "truth/market=*/groups: whom each customer acts like, for every quarter by whose last day they have joined; the second \
                   half of a split under a name of its own, merged kinds under one, everybody else under their kind",
        "markets": truth,
    });
    let path = folder.join("truth.json");
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    std::fs::write(&path, text).map_err(|source| Error::Output { path, source })?;
    Ok(written)
}

/// Customers with an order and net revenue by kind and quarter; and what was late.
struct Counted {
    quarters: u32,
    active: BTreeMap<(Kind, u32), u64>,
    net: Vec<i64>,
    late_orders: u64,
    late_net: i64,
}

impl Counted {
    fn new(quarters: u32) -> Self {
        let net = vec![0; quarters as usize];
        Self { quarters, active: BTreeMap::new(), net, late_orders: 0, late_net: 0 }
    }

    fn add(&mut self, settings: &Settings, person: &Person) {
        for number in 0..self.quarters {
            let (from, to) = (settings.quarter(number).start(), settings.quarter(number + 1).start());
            let within = || person.lines.iter().filter(|line| line.day >= from && line.day < to);
            self.net[number as usize] += within().map(Line::net).sum::<i64>();
            if within().any(|line| !line.is_return) {
                *self.active.entry((person.kind, number)).or_default() += 1;
            }
        }
        let late = || person.lines.iter().filter(|line| line.is_late);
        self.late_orders += late().map(|line| line.order.as_str()).collect::<BTreeSet<&str>>().len() as u64;
        self.late_net += late().map(Line::net).sum::<i64>();
    }

    fn truth(&self, market: &SimulatedMarket) -> Value {
        let kinds: BTreeSet<Kind> = self.active.keys().map(|(kind, _)| *kind).collect();
        let of = |kind: &Kind| {
            let counts: Vec<u64> =
                (0..self.quarters).map(|n| self.active.get(&(*kind, n)).copied().unwrap_or(0)).collect();
            (kind.name().to_owned(), json!(counts))
        };
        json!({
            "market": market.code,
            "currency": market.currency,
            "customers": market.customers,
            "buyers_by_kind_and_quarter": kinds.iter().map(of).collect::<serde_json::Map<_, _>>(),
            "net_cents_by_quarter": self.net,
            "late_orders": self.late_orders,
            "late_net_cents": self.late_net,
        })
    }
}

/// What was planted on a customer: the kind, and whom they act like quarter by quarter.
fn truth_of(planted: &mut Sheets, settings: &Settings, person: &Person) -> Result<()> {
    let id = || Cell::text(&person.id);
    planted.add("customers", &[("customer_id", id()), ("kind", Cell::text(person.kind.name()))])?;
    for number in 0..settings.quarters {
        if let Some(group) = person.group(settings, number) {
            let period = Cell::text(&settings.quarter(number).to_string());
            planted.add("groups", &[("customer_id", id()), ("period", period), ("group", Cell::text(group))])?;
        }
    }
    Ok(())
}

fn customer(sheets: &mut Sheets, late: &mut Sheets, person: &Person) -> Result<()> {
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
    for line in &person.lines {
        let cells = [
            ("order_id", Cell::text(&line.order)),
            ("customer_id", id()),
            ("ordered_at", Cell::Time(line.day, line.seconds)),
            ("product_id", Cell::text(&format!("{}-{:02}", line.category, line.product))),
            ("category", Cell::text(line.category)),
            ("quantity", Cell::Number(Some(line.quantity))),
            ("unit_price", Cell::Money(line.price)),
            ("discount", Cell::Money(if line.is_return { -line.discount } else { line.discount })),
            ("net_amount", Cell::Money(line.net())),
            ("is_return", Cell::Flag(line.is_return)),
        ];
        let target = if line.is_late { &mut *late } else { &mut *sheets };
        target.add("order_lines", &cells)?;
    }
    for ticket in &person.tickets {
        sheets.add(
            "tickets",
            &[
                ("customer_id", id()),
                ("opened_on", Cell::Day(Some(ticket.day))),
                ("topic", Cell::text(ticket.topic)),
                ("text", Cell::text(&ticket.text)),
                ("satisfaction", Cell::Number(Some(ticket.satisfaction))),
            ],
        )?;
    }
    for visit in &person.visits {
        sheets.add(
            "web_events",
            &[
                ("customer_id", id()),
                ("happened_on", Cell::Day(Some(visit.day))),
                ("event", Cell::text(visit.event)),
                ("content_id", Cell::text(&format!("content-{:02}", visit.content))),
                ("device", Cell::text(visit.device)),
            ],
        )?;
    }
    for mail in &person.mails {
        sheets.add(
            "mailings",
            &[
                ("customer_id", id()),
                ("campaign_id", Cell::text(&format!("campaign-{:02}", mail.campaign))),
                ("sent_on", Cell::Day(Some(mail.sent_on))),
                ("opened", Cell::Flag(mail.opened)),
                ("clicked_on", Cell::Day(mail.clicked_on)),
            ],
        )?;
    }
    if let Some(survey) = &person.survey {
        sheets.add(
            "surveys",
            &[
                ("customer_id", id()),
                ("answered_on", Cell::Day(Some(survey.day))),
                ("recommends", Cell::Number(Some(survey.recommends))),
                ("text", Cell::text(&survey.text)),
                ("may_be_quoted", Cell::Flag(survey.may_be_quoted)),
                ("goal", Cell::text(survey.goal)),
                ("objection", Cell::text(survey.objection)),
            ],
        )?;
    }
    Ok(())
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

/// One value of a row.
#[derive(Clone, Debug)]
enum Cell {
    Text(Option<String>),
    Number(Option<i64>),
    /// In cents.
    Money(i64),
    Day(Option<NaiveDate>),
    /// A day and seconds of it, in UTC.
    Time(NaiveDate, u32),
    Flag(bool),
}

impl Cell {
    fn text(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

/// The tables of one folder, each one file.
struct Sheets {
    folder: PathBuf,
    sheets: BTreeMap<&'static str, Sheet>,
}

#[derive(Default)]
struct Sheet {
    names: Vec<&'static str>,
    columns: Vec<Vec<Cell>>,
    rows: u64,
    writer: Option<ArrowWriter<File>>,
}

impl Sheets {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), sheets: BTreeMap::new() }
    }

    fn add(&mut self, table: &'static str, row: &[(&'static str, Cell)]) -> Result<()> {
        let sheet = self.sheets.entry(table).or_default();
        if sheet.columns.is_empty() {
            sheet.names = row.iter().map(|(name, _)| *name).collect();
            sheet.columns = vec![Vec::new(); row.len()];
        }
        for (column, (_, cell)) in sheet.columns.iter_mut().zip(row) {
            column.push(cell.clone());
        }
        sheet.rows += 1;
        if sheet.columns[0].len() >= ROWS_HELD {
            flush(&self.folder, table, sheet)?;
        }
        Ok(())
    }

    /// Writes what is held and closes the files; rows by table.
    fn finish(mut self) -> Result<Vec<(String, u64)>> {
        let mut rows = Vec::new();
        for (table, sheet) in &mut self.sheets {
            flush(&self.folder, table, sheet)?;
            if let Some(writer) = sheet.writer.take() {
                writer.close().map_err(|error| failed(&self.folder, error))?;
            }
            rows.push(((*table).to_owned(), sheet.rows));
        }
        Ok(rows)
    }
}

fn flush(folder: &Path, table: &str, sheet: &mut Sheet) -> Result<()> {
    if sheet.columns.first().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    let arrays = sheet.names.iter().zip(&mut sheet.columns).map(|(name, cells)| Ok((*name, array(cells)?)));
    let arrays = arrays.collect::<std::result::Result<Vec<(&str, ArrayRef)>, ArrowError>>();
    let batch = arrays.and_then(|arrays| {
        RecordBatch::try_from_iter_with_nullable(arrays.into_iter().map(|(name, array)| (name, array, true)))
    });
    let batch = batch.map_err(|error| failed(folder, error))?;
    let mut writer = match sheet.writer.take() {
        Some(writer) => writer,
        None => {
            let folder = folder.join(table);
            std::fs::create_dir_all(&folder).map_err(|source| Error::Output { path: folder.clone(), source })?;
            let path = folder.join("part-00000.parquet");
            let file = File::create(&path).map_err(|source| Error::Output { path: path.clone(), source })?;
            let level = ZstdLevel::try_new(1).map_err(|error| failed(&path, error))?;
            let properties = WriterProperties::builder()
                .set_created_by("driftline".to_owned())
                .set_compression(Compression::ZSTD(level))
                // A row group is held until it is full.
                .set_max_row_group_row_count(Some(2 * ROWS_HELD))
                .build();
            ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(|error| failed(&path, error))?
        }
    };
    writer.write(&batch).map_err(|error| failed(folder, error))?;
    sheet.writer = Some(writer);
    Ok(())
}

fn failed(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Output { path: path.to_owned(), source: std::io::Error::other(error) }
}

/// Empties a column of cells of one kind.
fn array(cells: &mut Vec<Cell>) -> std::result::Result<ArrayRef, ArrowError> {
    let cells = std::mem::take(cells);
    let day = |date: NaiveDate| date32(date);
    Ok(match cells.first() {
        Some(Cell::Text(_)) => {
            let text = |cell| if let Cell::Text(text) = cell { text } else { None };
            Arc::new(StringArray::from_iter(cells.into_iter().map(text)))
        }
        Some(Cell::Number(_)) => {
            let number = |cell| if let Cell::Number(number) = cell { number } else { None };
            Arc::new(Int64Array::from_iter(cells.into_iter().map(number)))
        }
        Some(Cell::Money(_)) => {
            let cents = |cell| if let Cell::Money(cents) = cell { Some(i128::from(cents)) } else { None };
            let amounts = Decimal128Array::from_iter(cells.into_iter().map(cents));
            Arc::new(amounts.with_precision_and_scale(18, 2)?)
        }
        Some(Cell::Day(_)) => {
            let date = |cell| if let Cell::Day(date) = cell { date.map(day) } else { None };
            Arc::new(Date32Array::from_iter(cells.into_iter().map(date)))
        }
        Some(Cell::Time(..)) => {
            let micros = |cell| {
                if let Cell::Time(date, seconds) = cell {
                    Some((i64::from(day(date)) * 86_400 + i64::from(seconds)) * 1_000_000)
                } else {
                    None
                }
            };
            Arc::new(TimestampMicrosecondArray::from_iter(cells.into_iter().map(micros)))
        }
        Some(Cell::Flag(_)) => {
            let flag = |cell| if let Cell::Flag(flag) = cell { Some(flag) } else { None };
            Arc::new(BooleanArray::from_iter(cells.into_iter().map(flag)))
        }
        None => Arc::new(StringArray::new_null(0)),
    })
}
