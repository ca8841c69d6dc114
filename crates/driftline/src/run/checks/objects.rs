//! Objects of exports against those that the last publication read, and objects without rows.

use driftline_core::Period;
use driftline_core::basics::locale::Locale;
use driftline_lake::source::{PinnedObject, PinnedSource};
use driftline_ledger::Publication;

use super::found::{Found, capitalised};
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;

/// Part of a source's rows that may be gone since the last run without a word: orders that were cancelled.
const GONE_MOST: f64 = 0.001;

impl Found {
    /// Compares the objects of the exports with those that the last publication read.
    pub(super) fn compare(&mut self, context: &JobContext, pinned: &[PinnedSource], last: Option<&Publication>) {
        let Some(last) = last else { return };
        let read = |input: &serde_json::Value| serde_json::from_value::<PinnedObject>(input.clone()).ok();
        let then: Vec<PinnedObject> = last.inputs.iter().filter_map(read).collect();
        for source in pinned {
            let before: Vec<&PinnedObject> = then.iter().filter(|object| object.source == source.name).collect();
            self.compare_source(source, &before, context.job.limits.rows_fall, last.period);
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

    /// Objects without rows beside others with rows: an alarm where the exports end early, else a word; engines that write in parts
    /// leave empty ones behind, and nobody minds those.
    pub(super) fn empty_objects(&mut self, context: &JobContext, plan: &RunPlan, pinned: &[PinnedSource]) {
        for source in pinned.iter().filter(|source| !source.objects.is_empty()) {
            if source.objects.iter().all(|object| object.rows == 0) {
                let is_needed = context.sources.by_name.get(&source.name).is_some_and(|source| !source.optional);
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
}

fn file(object: &str) -> &str {
    object.rsplit('/').next().unwrap_or(object)
}
