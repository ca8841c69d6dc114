//! Months that fell or are missing, and months in which money or returns are of another kind than ever before.

use driftline_core::basics::locale::Locale;
use driftline_core::exports::fall::{self, Month, What};
use driftline_lake::source::PinnedSource;

use super::found::{Found, capitalised};
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;

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

impl Found {
    /// Looks at the months of the staged lines; `all` are those of the exports, which may go on after the period.
    pub(super) fn months(
        &mut self,
        (context, plan): (&JobContext, &RunPlan),
        pinned: &[PinnedSource],
        months: &[Month],
        all: &[Month],
    ) {
        let accepted = &context.job.exports.accept;
        // Months that are over before as-of, and one that is cut short though it is exported as a file of its own.
        let is_cut = context.job.exports.complete_until.is_none() && is_cut_month(plan, pinned);
        let until = month_number(plan.as_of) + i32::from(is_cut);
        let first = month_number(plan.period.start());
        let months = fall::filled(months, until - 1);
        let exported_late = plan.complete_from.map_or(i32::MIN, |day| month_number(day) - 1);
        let rests = |number: i32| fall::rests(all, number);
        let fallen = fall::fallen(&months, first, context.job.limits.rows_fall);
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
                context.job.limits.rows_fall
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

fn month_number(day: chrono::NaiveDate) -> i32 {
    use chrono::Datelike;
    day.year() * 12 + day.month0() as i32
}

/// `2025-12`.
fn month_name(number: i32) -> String {
    format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1)
}
