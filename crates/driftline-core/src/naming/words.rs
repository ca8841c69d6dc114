//! Words for habits: units, readable thresholds, the text of a claim, and the name that claims make.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule::{Condition, Operand, Rule};
use crate::sentence::Words;

/// Days of a month, on average.
const MONTH_DAYS: f64 = 30.4375;

/// Intervals that are easy to picture: in days, and in months from one on.
const DAYS: [f64; 9] = [2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 14.0, 21.0, 45.0];
const MONTHS: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 6.0];

/// Numbers that are easy to picture, times powers of ten.
const STEPS: [f64; 10] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0];
const TENS: [f64; 8] = [0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

/// One word for buying at least every so many days: from, to, word. `Monthly` is not every 45 days.
const LEADS: [(f64, f64, &str); 4] = [
    (6.5, 8.5, "Weekly buyers"),
    (13.5, 15.5, "Fortnightly buyers"),
    (29.5, 31.5, "Monthly buyers"),
    (89.5, 92.5, "Quarterly buyers"),
];

/// The only threshold of [`HabitUnit::Once`]: who is below it bought on one day.
const ONCE: f64 = 2.0;

/// Longest name of an item that is written out.
const ITEM_MAX: usize = 40;

/// What a habit is measured in, and how readers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HabitUnit {
    /// Purchases a month, told as the days or months between two: `10 days`, `month`, `2 months`.
    RateAMonth,
    /// Major units of the job's currency.
    Money,
    Number,
    /// 0 to 1, told in whole percents.
    Share,
    /// Days with a purchase, of which only matters whether there was more than one: `once so far`, `more than once`.
    Once,
}

impl HabitUnit {
    /// The thresholds for names above `low` and up to `high`, ascending: few and easy to picture.
    pub fn grid(self, low: f64, high: f64) -> Vec<f64> {
        let mut found: Vec<f64> = match self {
            Self::RateAMonth => {
                let days = DAYS.iter().map(|days| four_decimals(MONTH_DAYS / days));
                days.chain(MONTHS.iter().map(|months| four_decimals(1.0 / months))).collect()
            }
            // Divided by ten, not times a tenth: 1.5 times .1 is not .15.
            Self::Money | Self::Number => TENS
                .iter()
                .flat_map(|ten| STEPS.map(|step| if *ten < 1.0 { step / 10.0 } else { step * ten }))
                .collect(),
            Self::Share => {
                (1..10).chain((2..=20).map(|five| 5 * five)).map(|points| f64::from(points) / 100.0).collect()
            }
            Self::Once => vec![ONCE],
        };
        // Half a thing is only easy to picture where there are few.
        found.retain(|threshold| self != Self::Number || *threshold < 3.0 || threshold.fract() == 0.0);
        found.retain(|threshold| *threshold > low && *threshold <= high);
        found.sort_by(f64::total_cmp);
        found
    }

    /// The nearest threshold that is told exactly, for rules: finer than [`HabitUnit::grid`]. Rates are of whole days or, from
    /// two months on, of whole months; money and numbers have two digits, shares are whole percents, and of purchases there are
    /// one or more.
    pub fn round(self, value: f64) -> f64 {
        if !value.is_finite() || value <= 0.0 {
            return 0.0;
        }
        match self {
            Self::RateAMonth if value <= 0.55 => four_decimals(1.0 / (1.0 / value).round()),
            Self::RateAMonth if (0.95..1.05).contains(&value) => 1.0,
            Self::RateAMonth => four_decimals(MONTH_DAYS / (MONTH_DAYS / value).round().max(1.0)),
            Self::Money | Self::Number => {
                let ten = TENS.iter().copied().rfind(|ten| value >= *ten).unwrap_or(0.1);
                // In tenths of that power: two digits.
                (value / ten * 10.0).round() * (ten * 10.0) / 100.0
            }
            Self::Share => (100.0 * value).round() / 100.0,
            Self::Once => ONCE,
        }
    }

    /// A threshold in words, without what it is of; `None` for one that has none, such as a rate of nothing.
    fn told(self, threshold: f64, words: &Words) -> Option<String> {
        let number = |value: f64, most: usize| {
            let power = [1.0, 10.0, 100.0];
            let is_exact = |decimals: &usize| {
                let scaled = value * power[*decimals];
                (scaled - scaled.round()).abs() < 1e-6
            };
            words.locale.number(value, (0..most).find(is_exact).unwrap_or(most))
        };
        match self {
            Self::RateAMonth if threshold <= 0.0 => None,
            Self::RateAMonth => {
                let (days, months) = (MONTH_DAYS / threshold, 1.0 / threshold);
                let is_of_months = months > 0.9 && (months - months.round()).abs() < 0.001 * months;
                let (count, unit) = if is_of_months { (months.round(), "month") } else { (days, "day") };
                let text = number(if count >= 10.0 { count.round() } else { (10.0 * count).round() / 10.0 }, 1);
                Some(if text == "1" { unit.to_owned() } else { format!("{text} {unit}s") })
            }
            // Whole units without cents.
            Self::Money => {
                let amount = number(threshold.abs(), 2);
                let is_whole = amount == number(threshold.abs().round(), 0);
                let amount = if is_whole { amount } else { words.locale.number(threshold.abs(), 2) };
                let sign = if threshold < 0.0 { "−" } else { "" };
                Some(format!("{sign}{}{amount}", words.currency.sign()))
            }
            Self::Number | Self::Once => Some(number(threshold, 2)),
            Self::Share => Some(format!("{} %", number((1000.0 * threshold).round() / 10.0, 1))),
        }
    }
}

/// As a rate of purchases is published.
fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// How a habit is talked about. In the templates `{}` is the threshold with its unit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HabitWords {
    pub unit: HabitUnit,
    /// What one member does: `spends`, as in `spends under $40 an order`.
    pub verb: String,
    /// What follows `buyers` in a name: `spending`, `of`, `with`.
    pub link: String,
    /// From the threshold on: `{} or more an order`.
    pub at_least: String,
    /// Below it: `under {} an order`.
    pub below: String,
}

/// A column of the matrix that names are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HabitColumn {
    pub operand: Operand,
    pub words: HabitWords,
    /// Whether claims may be made of it.
    pub is_in_use: bool,
}

/// The column that tells who bought once from who came back. It is no habit of its own.
pub const PURCHASE_DAYS: &str = "purchase_days";

/// Column; unit; verb; link; from a threshold on; below it.
const DEFAULTS: [(&str, HabitUnit, [&str; 4]); 6] = [
    ("purchases_a_month", HabitUnit::RateAMonth, ["buys", "buying", "at least every {}", "less often than every {}"]),
    ("mean_order", HabitUnit::Money, ["spends", "spending", "{} or more an order", "under {} an order"]),
    ("lines_per_order", HabitUnit::Number, ["buys", "of", "{} or more lines an order", "fewer than {} lines an order"]),
    ("return_rate", HabitUnit::Share, ["returns", "returning", "{} or more by value", "under {} by value"]),
    ("discount_share", HabitUnit::Share, ["gets", "with", "{} or more off", "under {} off"]),
    (PURCHASE_DAYS, HabitUnit::Once, ["bought", "who bought", "more than once", "once so far"]),
];

impl HabitWords {
    /// The words of a column or an item unless something else says them; `None` of a column that is not known.
    pub fn usual(operand: &Operand) -> Option<Self> {
        let words = |unit, [verb, link, at_least, below]: [&str; 4]| Self {
            unit,
            verb: verb.to_owned(),
            link: link.to_owned(),
            at_least: at_least.to_owned(),
            below: below.to_owned(),
        };
        match operand {
            Operand::Column(column) => {
                DEFAULTS.iter().find(|(name, ..)| name == column).map(|(_, unit, texts)| words(*unit, *texts))
            }
            Operand::Share { habit, item } => {
                let preposition = if habit == "category" { "on" } else { "via" };
                let item = plain_item(item);
                let at_least = format!("{{}} or more {preposition} {item}");
                let below = format!("under {{}} {preposition} {item}");
                Some(words(HabitUnit::Share, ["spends", "spending", &at_least, &below]))
            }
        }
    }
}

/// An item as it may stand in a sentence or the subject of a mail: one short line, written as in the exports.
fn plain_item(item: &str) -> String {
    let line: Vec<&str> =
        item.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = line.join(" ");
    if line.chars().count() <= ITEM_MAX {
        return line;
    }
    let cut: String = line.chars().take(ITEM_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// A claim in a name.
pub(super) struct Part<'a> {
    pub(super) column: &'a HabitColumn,
    pub(super) condition: Condition,
    /// Whether a rate is how often they buy, not only the least of it.
    pub(super) says_how_often: bool,
}

/// `under $40 an order`; the condition itself where there are no words for its threshold.
fn phrase(column: &HabitColumn, condition: &Condition, words: &Words) -> String {
    let template = if condition.at_least { &column.words.at_least } else { &column.words.below };
    let is_other_count =
        column.words.unit == HabitUnit::Once && !(1.0 < condition.threshold && condition.threshold <= ONCE);
    match column.words.unit.told(condition.threshold, words) {
        // Nobody says `at least every month`.
        Some(one) if one == "day" || one == "month" => template.replacen("every {}", &format!("once a {one}"), 1),
        // Only a company's own rule asks for another number of days.
        Some(days) if is_other_count && condition.at_least => format!("on {days} or more days"),
        Some(days) if is_other_count => format!("on fewer than {days} days"),
        Some(threshold) => template.replacen("{}", &threshold, 1),
        None => condition.to_string(),
    }
}

/// `spends under $40 an order`.
pub(super) fn claim(column: &HabitColumn, condition: &Condition, words: &Words) -> String {
    format!("{} {}", column.words.verb, phrase(column, condition, words))
}

/// A rule in words: `buys at least every 9 days and spends under $25 an order`. Conditions on columns without words stay as
/// they are written.
pub fn describe_rule(rule: &Rule, columns: &[HabitColumn], words: &Words) -> String {
    let mut said = String::new();
    let mut last_verb = "";
    for condition in rule.conditions() {
        if !said.is_empty() {
            said.push_str(" and ");
        }
        match columns.iter().find(|column| column.operand == condition.operand) {
            Some(column) if column.words.verb == last_verb => said.push_str(&phrase(column, condition, words)),
            Some(column) => {
                said.push_str(&claim(column, condition, words));
                last_verb = &column.words.verb;
            }
            None => {
                said.push_str(&condition.to_string());
                last_verb = "";
            }
        }
    }
    said
}

/// What a name says of one column: a claim, or a lower and an upper bound.
struct Said<'a> {
    column: &'a HabitColumn,
    bounds: Vec<&'a Part<'a>>,
}

impl<'a> Said<'a> {
    /// In the order of the parts.
    fn of(parts: &'a [Part<'a>]) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for part in parts {
            match found.iter_mut().find(|said| said.column.operand == part.column.operand) {
                Some(said) => said.bounds.push(part),
                None => found.push(Self { column: part.column, bounds: vec![part] }),
            }
        }
        found
    }

    fn is_rate(&self) -> bool {
        self.column.words.unit == HabitUnit::RateAMonth
    }

    /// The only bound.
    fn alone(&self) -> Option<&'a Part<'a>> {
        if let [one] = self.bounds[..] { Some(one) } else { None }
    }

    /// `under $40 an order`, `$20 or more and under $40 an order`.
    fn phrase(&self, words: &Words) -> String {
        let mut bounds = self.bounds.clone();
        bounds.sort_by_key(|bound| !bound.condition.at_least);
        let told: Vec<String> = bounds.iter().map(|bound| phrase(self.column, &bound.condition, words)).collect();
        match &told[..] {
            [lower, upper] if self.is_rate() => format!("{lower} but {upper}"),
            [lower, upper] => format!("{} and {upper}", without_end_of(lower, upper)),
            _ => told.join(" and "),
        }
    }

    /// The item that makes up half of what they buy, or more.
    fn mostly(&self) -> Option<String> {
        let part = self.alone()?;
        match &part.column.operand {
            Operand::Share { item, .. } if part.condition.at_least && part.condition.threshold >= 0.5 => {
                Some(plain_item(item))
            }
            _ => None,
        }
    }

    /// What stands nearest to the buyers comes first.
    fn place(&self) -> u8 {
        match self.column.words.unit {
            _ if self.mostly().is_some() => 0,
            _ if self.column.words.link == "of" => 1,
            HabitUnit::Once => 2,
            _ => 3,
        }
    }
}

/// A text without the last words that another ends with as well: what is said of both bounds is said once.
fn without_end_of<'t>(text: &'t str, other: &str) -> &'t str {
    let (mut short, mut rest) = (text, other);
    while let (Some(end), Some(other_end)) = (short.rfind(' '), rest.rfind(' ')) {
        if short[end..] != rest[other_end..] {
            break;
        }
        (short, rest) = (&short[..end], &rest[..other_end]);
    }
    short
}

/// The name that claims make: `Weekly buyers, mostly bakery`, `Buyers of 6 or more lines an order, spending under $40`.
pub(super) fn label(parts: &[Part<'_>], words: &Words) -> String {
    let mut rest = Said::of(parts);
    let rate = rest.iter().position(Said::is_rate).map(|place| rest.remove(place));
    rest.sort_by_key(Said::place);
    let (mut text, mut is_open) = match (rate, rest.first().and_then(Said::mostly)) {
        (Some(rate), _) => how_often(&rate, words),
        (None, Some(item)) => {
            rest.remove(0);
            (format!("Mostly {item} buyers"), true)
        }
        (None, None) => ("Buyers".to_owned(), true),
    };
    let mut before: Option<(&str, String)> = None;
    for said in &rest {
        let link = said.column.words.link.as_str();
        let phrase = said.phrase(words);
        // What the last one ended with is not said again: `… an order, spending under $40`.
        let phrase = match before.as_ref().and_then(|(_, before)| last_two(before)) {
            Some(unit) => phrase.strip_suffix(unit).map(str::to_owned).unwrap_or(phrase),
            None => phrase,
        };
        if let Some(item) = said.mostly() {
            text.push_str(&format!(", mostly {item}"));
        } else if before.as_ref().is_some_and(|(before, _)| *before == link) {
            text.push_str(&format!(" and {phrase}"));
        } else {
            let mark = if is_open { "" } else { "," };
            let link = if !is_open && link == "of" { String::new() } else { format!("{link} ") };
            text.push_str(&format!("{mark} {link}{phrase}"));
        }
        before = Some((link, phrase));
        is_open = false;
    }
    short(text, parts)
}

/// `20 %+` for `20 % or more`: a name is read many times in one mail. Items keep their words.
fn short(text: String, parts: &[Part<'_>]) -> String {
    const OR_MORE: &str = " or more";
    let has = |operand: &Operand| matches!(operand, Operand::Share { item, .. } if item.contains(OR_MORE));
    if parts.iter().any(|part| has(&part.column.operand)) { text } else { text.replace(OR_MORE, "+") }
}

/// The name of a band that lies in one half of everyone, for where another band of the same column has the plain one:
/// `Buyers in the upper half, spending $40 or more and under $75 an order`.
pub(super) fn label_of_half(parts: &[Part<'_>], is_upper: bool, words: &Words) -> String {
    let half = if is_upper { "upper" } else { "lower" };
    let plain = label(parts, words);
    format!("Buyers in the {half} half,{}", plain.strip_prefix("Buyers").unwrap_or(&plain))
}

/// The last two words with the space before them.
fn last_two(text: &str) -> Option<&str> {
    let last = text.rfind(' ')?;
    let first = text[..last].rfind(' ')?;
    Some(&text[first..])
}

/// Whether there is one word for buying at least at a rate.
pub(super) fn has_word(rate: f64) -> bool {
    lead(rate).is_some()
}

fn lead(rate: f64) -> Option<&'static str> {
    let days = MONTH_DAYS / rate;
    LEADS.iter().find(|(from, to, _)| (*from..=*to).contains(&days)).map(|(_, _, lead)| *lead)
}

/// Buyers by how often they buy, and whether more may follow without a comma.
fn how_often(said: &Said<'_>, words: &Words) -> (String, bool) {
    let is_word = |part: &&Part<'_>| part.condition.at_least && part.says_how_often;
    match said.alone().filter(is_word).and_then(|part| lead(part.condition.threshold)) {
        Some(lead) => (lead.to_owned(), true),
        None => (format!("Buyers {}", said.phrase(words)), false),
    }
}

/// What two names must differ in: the words without numbers and units of time.
pub(super) fn key(label: &str) -> String {
    let plain = label
        .to_lowercase()
        .replace("once a ", "every ")
        .replace(|c: char| c.is_numeric() || ".,\u{202f}".contains(c), "");
    let is_said = |word: &&str| !["day", "days", "month", "months"].contains(word);
    plain.split_whitespace().filter(is_said).collect::<Vec<_>>().join(" ")
}
