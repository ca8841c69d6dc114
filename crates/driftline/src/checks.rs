//! What is odd about the exports of a run: what ends it, what an owner accepted, and what the report warns of.

use driftline_core::Period;
use driftline_core::fall::{self, Month, What};
use driftline_core::sentence::Locale;
use driftline_lake::inspect::Finding;
use driftline_lake::resume::Resume;
use driftline_lake::session::Limits;
use driftline_lake::source::{self, PinnedObject, PinnedSource};
use driftline_lake::{Lake, content};
use driftline_ledger::Publication;

use crate::error::{Error, InPlace, Result};
use crate::plan::RunPlan;
use crate::room::Room;
use crate::run::check_not_too_late;
use crate::scratch::Scratch;

/// Part of a source's rows that may be gone since the last run without a word: orders that were cancelled.
const GONE_MOST: f64 = 0.001;
/// Months before as-of in which a month without rows changes what the report compares.
const MONTHS_COMPARED: i32 = 15;
/// How many times a line's usual money is another unit.
const UNIT_TIMES: f64 = 5.0;
/// Part of what was sold by which returns rise at once above twice the most that they were.
const RETURNS_RISE: f64 = 0.05;
/// Part of what was sold that came back in every month before, from which on a month without returns is odd.
const RETURNS_USUAL: f64 = 0.01;
/// Orders of a month below which money a line and returns say nothing.
const ORDERS_LEAST: u64 = 100;

/// What was found, in the order in which it was.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    alarms: Vec<String>,
    warnings: Vec<String>,
    findings: Vec<Finding>,
}

impl Checks {
    /// Compares the objects of the exports with those that the last publication read.
    pub(crate) fn compare(&mut self, room: &Room, pinned: &[PinnedSource], last: Option<&Publication>) {
        let Some(last) = last else { return };
        let read = |input: &serde_json::Value| serde_json::from_value::<PinnedObject>(input.clone()).ok();
        let then: Vec<PinnedObject> = last.inputs.iter().filter_map(read).collect();
        for source in pinned {
            let before: Vec<&PinnedObject> = then.iter().filter(|object| object.source == source.name).collect();
            self.compare_source(source, &before, room.job.file.limits.rows_fall, last.period);
        }
    }

    fn compare_source(&mut self, source: &PinnedSource, before: &[&PinnedObject], bound: f64, last: Period) {
        let (last_end, period) = (last.as_of(), last.title());
        let count = |rows: u64| Locale::En.count(rows);
        let now_of = |name: &str| source.objects.iter().find(|object| object.object == name);
        // Objects of days after the last report cannot stand in for what is gone of the days before.
        let was_read = |name: &str| before.iter().any(|object| object.object == name);
        let begins_before =
            |place: usize| source.object_days.get(place).copied().flatten().is_none_or(|days| days.0 < last_end);
        let is_old = |(place, object): &(usize, &PinnedObject)| was_read(&object.object) || begins_before(*place);
        let old = source.objects.iter().enumerate().filter(is_old);
        let (then, now): (u64, u64) =
            (before.iter().map(|object| object.rows).sum(), old.map(|(_, object)| object.rows).sum());
        if (then - now.min(then)) as f64 <= GONE_MOST * then as f64 {
            return;
        }
        let is_less = |rows: u64, before: u64| (rows as f64) < (1.0 - bound) * before as f64;
        let gone: Vec<&str> = before
            .iter()
            .filter(|object| now_of(&object.object).is_none())
            .map(|object| object.object.as_str())
            .collect();
        let smaller = before.iter().find_map(|object| {
            now_of(&object.object).filter(|now| is_less(now.rows, object.rows)).map(|now| (now, object.rows))
        });
        let all =
            format!("source `{}` has {} rows, {} when {period} was published", source.name, count(now), count(then));
        match (smaller, gone.first()) {
            (Some((object, rows)), _) => self.alarms.push(format!(
                "{all}: {} has {} rows, {} then",
                file(&object.object),
                count(object.rows),
                count(rows)
            )),
            (None, Some(first)) => self.alarms.push(format!(
                "{all}: {} is not there any more{}",
                file(first),
                if gone.len() > 1 { format!(", like {} more objects", gone.len() - 1) } else { String::new() }
            )),
            (None, None) if is_less(now, then) => self.alarms.push(all),
            (None, None) => self.warnings.push(format!("{all}. Rows that are gone change the past.")),
        }
    }

    /// Takes what was found in the rows.
    pub(crate) fn add(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
    }

    /// Objects without rows beside others with rows: an alarm where the exports end early, else a word; engines that write in parts
    /// leave empty ones behind, and nobody minds those.
    pub(crate) fn empty_objects(&mut self, room: &Room, plan: &RunPlan, pinned: &[PinnedSource]) {
        for source in pinned.iter().filter(|source| !source.objects.is_empty()) {
            if source.objects.iter().all(|object| object.rows == 0) {
                let is_needed = room.sources.by_name.get(&source.name).is_some_and(|source| !source.optional);
                if is_needed {
                    self.alarms.push(format!("source `{}` has no rows in any object", source.name));
                }
                continue;
            }
            for object in source.objects.iter().filter(|object| object.rows == 0) {
                let name = file(&object.object);
                let text = format!("source `{}`: {name} has no rows", source.name);
                if source.days.is_some() && plan.as_of < plan.period.as_of() && plan.partial.is_some() {
                    self.alarms.push(text);
                } else if !name.starts_with("part-") {
                    self.warnings.push(format!("{}.", capitalised(&text)));
                }
            }
        }
    }

    /// Looks at the months of the staged lines; `all` are those of the exports, which may go on after the period.
    pub(crate) fn months(
        &mut self,
        room: &Room,
        plan: &RunPlan,
        pinned: &[PinnedSource],
        months: &[Month],
        all: &[Month],
    ) {
        let accepted = &room.job.file.exports.accept;
        // Months that are over before as-of, and one that is cut short though it is exported as a file of its own.
        let is_cut = room.job.file.exports.complete_until.is_none() && is_cut_month(plan, pinned);
        let until = month_number(plan.as_of) + i32::from(is_cut);
        let first = month_number(plan.period.start());
        let months = fall::filled(months, until - 1);
        let exported_late = plan.complete_from.map_or(i32::MIN, |day| month_number(day) - 1);
        let rests = |number: i32| fall::rests(all, number);
        let fallen = fall::fallen(&months, first, room.job.file.limits.rows_fall);
        for fallen in fallen.into_iter().filter(|fallen| !rests(fallen.number)) {
            let (noun, decimals) = match fallen.what {
                What::Lines => ("order lines", 0),
                What::Sold => ("of money sold", 2),
            };
            self.alarms.push(format!(
                "{} has {} {noun}, {} are usual (limits.rows_fall = {})",
                month_name(fallen.number),
                Locale::En.number(fallen.now, decimals),
                Locale::En.number(fallen.usual, decimals),
                room.job.file.limits.rows_fall
            ));
        }
        let gaps = fall::empty(&months, until);
        let is_told = |(from, to): &(i32, i32)| *from > exported_late && !(*from..=*to).all(rests);
        for (from, to) in gaps.into_iter().filter(is_told) {
            let text = if from == to {
                format!("no order line is dated {}, between months with lines", month_name(from))
            } else {
                format!("no order line is dated {} to {}, between months with lines", month_name(from), month_name(to))
            };
            let is_near = to >= until - MONTHS_COMPARED;
            if accepted.iter().any(|name| name == "empty_months") || !is_near {
                self.warnings.push(format!("{}.", capitalised(&text)));
            } else if to < first {
                self.alarms.push(format!("{text}; or accept it for good: exports.accept = [\"empty_months\"]"));
            } else {
                self.alarms.push(text);
            }
        }
        self.units(&months, first);
    }

    /// Months of the period in which money or returns are of another kind than ever before.
    fn units(&mut self, months: &[Month], first: i32) {
        let a_line = |month: &Month| month.sold as f64 / 10_000.0 / month.lines.max(1) as f64;
        let returned = |month: &Month| if month.sold > 0 { month.returned as f64 / month.sold as f64 } else { 0.0 };
        for month in months.iter().filter(|month| month.number >= first && month.orders >= ORDERS_LEAST) {
            let past = months.iter().filter(|other| {
                other.number < month.number && other.number >= month.number - 12 && other.orders >= ORDERS_LEAST
            });
            let past: Vec<&Month> = past.collect();
            if past.len() < 3 {
                continue;
            }
            let highest = past.iter().map(|month| a_line(month)).fold(0.0, f64::max);
            if highest > 0.0 && a_line(month) > UNIT_TIMES * highest {
                self.warnings.push(format!(
                    "A line of {} is of {} on average, at most {} in the months before: another unit, or wrong amounts?",
                    month_name(month.number),
                    Locale::En.number(a_line(month), 2),
                    Locale::En.number(highest, 2)
                ));
            }
            let most = past.iter().map(|month| returned(month)).fold(0.0, f64::max);
            let least = past.iter().map(|month| returned(month)).fold(f64::INFINITY, f64::min);
            if month.returned == 0 && least >= RETURNS_USUAL {
                self.warnings.push(format!(
                    "Nothing that was sold in {} was sent back, at least {} in the months before: are returns exported, and not as sales?",
                    month_name(month.number),
                    Locale::En.percent(least, 1)
                ));
            }
            if returned(month) > 2.0 * most + RETURNS_RISE {
                self.warnings.push(format!(
                    "{} of what was sold in {} was sent back, at most {} in the months before: is the sign of sales right?",
                    Locale::En.percent(returned(month), 1),
                    month_name(month.number),
                    Locale::En.percent(most, 1)
                ));
            }
        }
    }

    /// Ends the run if something is wrong that nobody accepted: rows first, then what fell.
    ///
    /// # Errors
    /// `Error::Lake` with what is wrong, `Error::ExportsFell` with what fell.
    pub(crate) fn end(&mut self, room: &Room, place: &str, pinned: &[PinnedSource]) -> Result<()> {
        for finding in std::mem::take(&mut self.findings) {
            let is_accepted = room.job.file.exports.accept.iter().any(|name| name == finding.name);
            match (finding.is_error, is_accepted) {
                (true, false) => return Err(finding.into_error()).in_place(place),
                (true, true) => self.warnings.push(format!("{} (accepted by the job).", capitalised(&finding.text))),
                (false, false) => self.warnings.push(with_remedy(&finding)),
                (false, true) => {}
            }
        }
        let alarms = std::mem::take(&mut self.alarms);
        match &room.accept {
            Some(reason) => {
                let accepted = alarms.iter().map(|alarm| format!("{}. Accepted by hand: {reason}", capitalised(alarm)));
                self.warnings.extend(accepted);
                Ok(())
            }
            None if alarms.is_empty() => Ok(()),
            None => {
                Err(Error::ExportsFell { place: place.to_owned(), problem: alarms.join("; "), state: state_of(pinned) })
            }
        }
    }

    /// The sentences that the page and the owner's mail warn with.
    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }
}

/// Looks at the staged lines of a run before anything is computed from them.
///
/// # Errors
/// What is wrong with the exports, by the company's own files; what ends a run, if nobody accepted it.
pub(crate) async fn lines(
    room: &Room,
    plan: &RunPlan,
    lake: &Lake,
    pinned: &[PinnedSource],
    last: Option<&Publication>,
) -> Result<Checks> {
    let place = format!("{} {}", plan.market, plan.period);
    let mut checks = Checks::default();
    checks.warnings.extend(room.pseudonym_key.warning(&room.job).map(|warning| sentence(&warning)));
    checks.findings.extend(plan.findings.iter().cloned());
    checks.compare(room, pinned, last);
    if let Err(error) = lake.build(&["int_order_lines"]).await {
        return Err(lake.diagnose(error, pinned).await).in_place(&place);
    }
    let inspected = lake.inspect_lines().await.in_place(&place)?;
    checks.add(inspected.findings);
    checks.empty_objects(room, plan, pinned);
    let last = inspected.months.iter().map(|month| month.number).max().unwrap_or_default();
    let all = fall::filled(&inspected.all_months, inspected.all_months.last().map_or(last, |month| month.number));
    checks.months(room, plan, pinned, &inspected.months, &all);
    Ok(checks)
}

/// What a run would be told of its exports, without the run: the months, and the rows too if they are looked at.
///
/// # Errors
/// What would end it.
pub(crate) async fn tried(
    room: &Room,
    plan: &RunPlan,
    last: Option<&Publication>,
    looks_at_rows: bool,
) -> Result<Vec<String>> {
    let place = format!("{} {}", plan.market, plan.period);
    let pinned = source::pin(&room.exports, &room.sources, plan.market.as_str()).await.in_place(&place)?;
    check_not_too_late(&pinned, plan).in_place(&place)?;
    let scratch = Scratch::new(&room.limits.scratch)?;
    let limits = Limits { scratch: scratch.path.clone(), resume: Resume::default(), ..room.limits.clone() };
    let parameters = plan.parameters(&room.job, room.pseudonym_key.secret());
    let lake =
        Lake::open(&limits, room.graph.clone(), parameters, room.exports.store.clone(), &pinned).in_place(&place)?;
    let mut checks = lines(room, plan, &lake, &pinned, last).await?;
    if looks_at_rows {
        match lake.inspect(&room.sources, &pinned, room.job.file.currency.as_str()).await {
            Ok(findings) => checks.add(findings),
            Err(error) => return Err(lake.diagnose(error, &pinned).await).in_place(&place),
        }
    }
    checks.end(room, &place, &pinned)?;
    Ok(checks.into_warnings())
}

/// Whether the last month of a period ends early in an object that begins with it, as the only one of that month: a file of a month
/// is meant to be whole, where one file of everything, or one a day, is only not written yet.
fn is_cut_month(plan: &RunPlan, pinned: &[PinnedSource]) -> bool {
    use chrono::Datelike;
    const LATE_FIRST_DAYS: u32 = 5;
    let last = month_number(plan.period.last_day());
    if plan.as_of >= plan.period.as_of() || month_number(plan.as_of) != last {
        return false;
    }
    let mut begins = pinned.iter().flat_map(|source| &source.object_days).flatten().map(|days| days.0);
    let of_month: Vec<_> = begins.by_ref().filter(|first| month_number(*first) == last).collect();
    matches!(of_month.as_slice(), [first] if first.day() <= LATE_FIRST_DAYS)
}

/// A name of the state of the exports, in letters alone: told once as long as it is the same, whatever numbers a message has.
fn state_of(pinned: &[PinnedSource]) -> String {
    let objects = pinned.iter().flat_map(|source| &source.objects);
    let texts: Vec<String> =
        objects.map(|object| format!("{} {} {:?}", object.object, object.size, object.e_tag)).collect();
    let hash = content::sha256(texts.join("\n").as_bytes());
    hash.bytes().take(12).map(|digit| char::from(b'a' + char::from(digit).to_digit(16).unwrap_or(0) as u8)).collect()
}

fn month_number(day: chrono::NaiveDate) -> i32 {
    use chrono::Datelike;
    day.year() * 12 + day.month0() as i32
}

/// `2025-12`.
fn month_name(number: i32) -> String {
    format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1)
}

fn file(object: &str) -> &str {
    object.rsplit('/').next().unwrap_or(object)
}

/// What is odd, and what to do about it.
fn with_remedy(finding: &Finding) -> String {
    match finding.remedy.is_empty() {
        true => sentence(&finding.text),
        false => format!("{} {}", sentence(&finding.text), sentence(&finding.remedy)),
    }
}

/// As a sentence of its own; a question has its mark already.
fn sentence(text: &str) -> String {
    format!("{}{}", capitalised(text), if text.ends_with('?') { "" } else { "." })
}

/// With a large first letter, unless it is that of a file.
fn capitalised(text: &str) -> String {
    if text.starts_with("sql/") {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
