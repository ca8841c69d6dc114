//! Exports as strangers write them, of a shop made here: money and grain. Each case is right, refused by name, or warned of on the
//! page and in the owner's mail.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use libtest_mimic::{Failed, Trial};

use crate::drift::write;
use crate::product::{self, TestResult, equal, holds, run_in};

mod cases;
mod looks;
mod told;

const DAY: i64 = 86_400_000_000;
/// 1 January 2024, and the days until the end of 2025.
const FIRST_DAY: i64 = 19_723;
const DAYS: i64 = 731;

/// A line of an order, as the shop's export has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) order: Option<String>,
    pub(crate) customer: Option<String>,
    /// Microseconds since 1970.
    pub(crate) at: Option<i64>,
    pub(crate) quantity: Option<i64>,
    pub(crate) cents: i64,
    pub(crate) currency: &'static str,
}

/// An export and the project that reads it, for a case to damage.
pub(crate) struct Shop {
    pub(crate) objects: Vec<(String, Vec<Line>)>,
    /// A number that stands in the place of a line's money, where money is a float.
    pub(crate) float: Option<Box<dyn Fn(usize, f64) -> f64>>,
    pub(crate) has_currency: bool,
    /// Further Parquet files: path below the market, columns.
    pub(crate) more: Vec<(&'static str, Vec<(&'static str, ArrayRef)>)>,
    /// Files of the project: path, text to find, text in its place; all of it is new if there is nothing to find.
    pub(crate) edits: Vec<(&'static str, String, String)>,
    /// Arguments of the run besides.
    pub(crate) arguments: Vec<String>,
    pub(crate) period: &'static str,
}

/// What a run comes to.
pub(crate) struct Expected {
    pub(crate) exit: i32,
    /// Parts of the message, or of the warnings on the page and in the owner's mail.
    pub(crate) says: &'static [&'static str],
    /// Net revenue of the quarter in cents, where it is known; of an exit 0.
    pub(crate) net: Option<i64>,
}

impl Shop {
    /// Regular customers, in one object a month.
    pub(crate) fn regular() -> Self {
        let mut lines = Vec::new();
        let mut state = 7u64;
        let mut random = move |below: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % below as u64) as i64
        };
        for customer in 0..500 {
            let mut day = random(60);
            while day < DAYS {
                lines.push(Line {
                    order: None,
                    customer: Some(format!("c{customer}")),
                    at: Some((FIRST_DAY + day) * DAY + DAY / 2 + customer),
                    quantity: Some(1),
                    cents: 1_000 + 10 * random(300),
                    currency: "EUR",
                });
                day += 15 + random(60);
            }
        }
        lines.sort_by_key(|line| line.at);
        for (number, line) in lines.iter_mut().enumerate() {
            line.order = Some(format!("o{number}"));
        }
        let mut shop = Self {
            objects: vec![("all.parquet".to_owned(), lines)],
            float: None,
            has_currency: false,
            more: Vec::new(),
            edits: Vec::new(),
            arguments: Vec::new(),
            period: "2025Q4",
        };
        shop.by_month();
        shop
    }

    pub(crate) fn one_object(&mut self) -> &mut Vec<Line> {
        let lines = self.objects.drain(..).flat_map(|(_, lines)| lines).collect();
        self.objects.push(("all.parquet".to_owned(), lines));
        &mut self.objects[0].1
    }

    fn by_month(&mut self) {
        let lines = std::mem::take(self.one_object());
        self.objects.clear();
        for line in lines {
            let name = format!("{}.parquet", month_of(&line));
            match self.objects.last_mut() {
                Some((last, lines)) if *last == name => lines.push(line),
                _ => self.objects.push((name, vec![line])),
            }
        }
    }

    pub(crate) fn month(&mut self, month: &str) -> &mut Vec<Line> {
        let name = format!("{month}.parquet");
        let at = self.objects.iter().position(|(object, _)| *object == name).unwrap_or(0);
        &mut self.objects[at].1
    }

    pub(crate) fn every(&mut self, step: usize, mut change: impl FnMut(&mut Line)) {
        let lines = self.objects.iter_mut().flat_map(|(_, lines)| lines).enumerate();
        lines.filter(|(number, _)| number % step == 0).for_each(|(_, line)| change(line));
    }

    pub(crate) fn edit(&mut self, file: &'static str, from: &str, to: &str) {
        self.edits.push((file, from.to_owned(), to.to_owned()));
    }

    pub(crate) fn set(&mut self, setting: &str) {
        self.arguments.extend(["--set".to_owned(), setting.to_owned()]);
    }

    /// Net revenue of the last quarter as the lines say it.
    fn net(&self) -> i64 {
        let lines = self.objects.iter().flat_map(|(_, lines)| lines);
        lines.filter(|line| month_of(line).as_str() >= "2025-10").map(|line| line.cents).sum()
    }

    fn write_exports(&self, folder: &Path) -> TestResult {
        let orders = folder.join("market=de/order_lines");
        std::fs::create_dir_all(&orders).map_err(|error| error.to_string())?;
        let mut number = 0;
        for (name, lines) in &self.objects {
            write(&orders.join(name), self.columns(lines, number)?)?;
            number += lines.len();
        }
        for (path, columns) in &self.more {
            let path = folder.join("market=de").join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(|error| error.to_string())?;
            write(&path, columns.clone())?;
        }
        Ok(())
    }

    fn columns(&self, lines: &[Line], first: usize) -> Result<Vec<(&'static str, ArrayRef)>, String> {
        let money: ArrayRef = match &self.float {
            None => {
                let cents = lines.iter().map(|line| Some(i128::from(line.cents)));
                let money = Decimal128Array::from_iter(cents).with_precision_and_scale(18, 2);
                Arc::new(money.map_err(|error| error.to_string())?)
            }
            Some(number_of) => Arc::new(Float64Array::from_iter_values(
                lines.iter().enumerate().map(|(row, line)| number_of(first + row, line.cents as f64 / 100.0)),
            )),
        };
        let mut columns: Vec<(&'static str, ArrayRef)> = vec![
            ("order_id", Arc::new(StringArray::from_iter(lines.iter().map(|line| line.order.clone())))),
            ("customer_id", Arc::new(StringArray::from_iter(lines.iter().map(|line| line.customer.clone())))),
            ("ordered_at", Arc::new(TimestampMicrosecondArray::from_iter(lines.iter().map(|line| line.at)))),
            ("quantity", Arc::new(Int64Array::from_iter(lines.iter().map(|line| line.quantity)))),
            ("net_amount", money),
        ];
        if self.has_currency {
            columns.push(("currency", Arc::new(StringArray::from_iter_values(lines.iter().map(|line| line.currency)))));
        }
        Ok(columns)
    }

    fn write_project(&self, project: &Path) -> TestResult {
        product::run(&["init", &project.display().to_string()])?;
        if self.float.is_some() {
            replace(project, "sql/staging/shop/sources.toml", "decimal(18,2)", "float64")?;
        }
        replace(project, "jobs/quarterly.toml", "    # { to = \"me@example.com\"", "    { to = \"me@example.com\"")?;
        self.edits.iter().try_for_each(|(file, from, to)| replace(project, file, from, to))
    }

    fn run(&self, folder: &Path, period: &str) -> Result<std::process::Output, String> {
        let (project, exports) = (folder.join("project"), folder.join("exports"));
        let setting = format!("exports.url={}", exports.display());
        let now = "2026-01-05T06:00:00Z";
        let mut arguments = vec!["run", "jobs/quarterly.toml", "--period", period, "--now", now, "--set", &setting];
        arguments.extend(self.arguments.iter().map(String::as_str));
        run_in(&project, &arguments)
    }
}

/// `2025-10`; nothing for a line without a day.
fn month_of(line: &Line) -> String {
    let Some(at) = line.at else { return String::new() };
    let (mut month, mut day) = (0, at / DAY - FIRST_DAY);
    const LENGTHS: [[i64; 12]; 2] =
        [[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]];
    let lengths = LENGTHS.concat();
    while month < 23 && day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    format!("{}-{:02}", 2024 + month / 12, month % 12 + 1)
}

fn replace(project: &Path, file: &str, from: &str, to: &str) -> TestResult {
    let path = project.join(file);
    if from.is_empty() {
        return std::fs::write(&path, to).map_err(|error| format!("{file}: {error}"));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
    if !text.contains(from) {
        return Err(format!("{file}: nothing to replace: {from}"));
    }
    std::fs::write(&path, text.replacen(from, to, 1)).map_err(|error| error.to_string())
}

pub(crate) fn trials() -> Vec<Trial> {
    let of = |(name, damage, expected): (&'static str, fn(&mut Shop), Expected)| {
        Trial::test(format!("odd_money::{name}"), move || check(damage, &expected).map_err(Failed::from))
    };
    let again = |(name, damage, expected): (&'static str, fn(&mut Shop), Expected)| {
        Trial::test(format!("odd_money::next_time_{name}"), move || check_next(damage, &expected).map_err(Failed::from))
    };
    let told =
        Trial::test("odd_money::a_fall_is_told_once_for_each_state", || told::once_a_state().map_err(Failed::from));
    type Look = (&'static str, fn() -> TestResult);
    let looks: [Look; 2] = [
        ("plan_and_doctor_say_how_a_run_would_end", looks::as_a_run_would_end),
        ("models_that_changed_are_told", looks::changed_models),
    ];
    let looks =
        looks.map(|(name, test)| Trial::test(format!("odd_money::{name}"), move || test().map_err(Failed::from)));
    cases::once().into_iter().map(of).chain(cases::next().into_iter().map(again)).chain([told]).chain(looks).collect()
}

/// One run of a damaged export.
fn check(damage: fn(&mut Shop), expected: &Expected) -> TestResult {
    let folder = product::folder()?;
    let mut shop = Shop::regular();
    damage(&mut shop);
    shop.write_project(&folder.path().join("project"))?;
    shop.write_exports(&folder.path().join("exports"))?;
    judge(&shop, folder.path(), shop.period, expected)
}

/// A run of the right export, and one of the next quarter when it is damaged.
fn check_next(damage: fn(&mut Shop), expected: &Expected) -> TestResult {
    let folder = product::folder()?;
    let mut shop = Shop::regular();
    shop.write_project(&folder.path().join("project"))?;
    shop.write_exports(&folder.path().join("exports"))?;
    judge(&shop, folder.path(), "2025Q3", &Expected { exit: 0, says: &[], net: None })?;
    std::fs::remove_dir_all(folder.path().join("exports")).map_err(|error| error.to_string())?;
    damage(&mut shop);
    shop.write_exports(&folder.path().join("exports"))?;
    judge(&shop, folder.path(), "2025Q4", expected)
}

fn judge(shop: &Shop, folder: &Path, period: &str, expected: &Expected) -> TestResult {
    let output = shop.run(folder, period)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    equal(&format!("exit code; it said {said}"), output.status.code(), Some(expected.exit))?;
    let slot = folder.join("project/warehouse/quarterly/de").join(period);
    equal("published", slot.join("published").exists(), expected.exit == 0)?;
    if expected.exit != 0 {
        return expected.says.iter().try_for_each(|part| holds("the message", &said, part));
    }
    let run = only(&slot.join("runs"), |path| path.join("report.json").exists())?;
    let report = product::read_json(&run.join("report.json"))?;
    let warnings = report["quality"]["warnings"].as_array().cloned().unwrap_or_default();
    let warnings: Vec<&str> = warnings.iter().filter_map(|warning| warning.as_str()).collect();
    if expected.says.is_empty() {
        equal("warnings", warnings.clone(), Vec::new())?;
    }
    let page = std::fs::read_to_string(run.join("report.html")).map_err(|error| error.to_string())?;
    for part in expected.says {
        holds("the warnings", &warnings.join("\n"), part)?;
    }
    equal("the page warns", page.contains("Look at the exports"), !warnings.is_empty())?;
    equal("mails that warn", mails_with(&run, "LOOK AT THE EXPORTS")?, usize::from(!warnings.is_empty()))?;
    let net = report["totals"]["net"].as_i64();
    let right = expected.net.unwrap_or_else(|| shop.net());
    equal("net revenue of the quarter", net, (period == "2025Q4").then_some(right).or(net))
}

/// How many of a run's mails have a line in their text.
fn mails_with(run: &Path, line: &str) -> Result<usize, String> {
    let mails = std::fs::read_dir(run.join("mails")).map_err(|error| error.to_string())?;
    let texts = mails.flatten().map(|mail| std::fs::read_to_string(mail.path()).unwrap_or_default());
    Ok(texts.filter(|text| text.contains(line)).count())
}

fn only(folder: &Path, is_meant: impl Fn(&Path) -> bool) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    entries.flatten().map(|entry| entry.path()).find(|path| is_meant(path)).ok_or_else(|| "no run".to_owned())
}
