//! Ids that are written in two ways: `00123` in one export and `123` in another are two people to every join.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use driftline_core::basics::locale::Locale;

use super::{FEW, Finding, Place, count, file_of};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::read::Cells;

/// Part of the ids that may be found as they are where many more would be in another spelling.
const FOUND_MOST: f64 = 0.05;
/// Part of the ids that another spelling finds, from which on it is meant.
const MEANT_LEAST: f64 = 0.25;
/// Part of the customers that may have ids of two spellings without a word.
const TWICE_MOST: f64 = 0.01;

/// An id without what is written in one way here and in another there: zeros before it, capitals, blanks.
fn plain(id: &str) -> String {
    let id = id.trim().to_lowercase();
    let bare = id.trim_start_matches('0');
    if bare.is_empty() { id } else { bare.to_owned() }
}

/// Some ids, and which of them are found elsewhere, as they are or in another spelling.
#[derive(Default)]
pub(super) struct Spelled {
    /// By the plain id: the id as it is, whether it was found, and as what if not so.
    met: BTreeMap<String, (String, bool, Option<String>)>,
    looked_up: u64,
}

/// Ids that are found in another spelling alone.
pub(super) struct Otherwise {
    pub(super) ids: u64,
    pub(super) found: u64,
    pub(super) otherwise: u64,
    /// What is other about the spelling.
    by: &'static str,
}

impl Spelled {
    /// Ids that are looked at: enough to tell.
    pub(super) const LOOKED_AT: usize = 20_000;

    pub(super) fn meet(&mut self, id: &str) {
        let id = id.trim();
        if !id.is_empty() && self.met.len() < Self::LOOKED_AT {
            self.met.entry(plain(id)).or_insert_with(|| (id.to_owned(), false, None));
        }
    }

    pub(super) fn look_up(&mut self, id: &str) {
        self.looked_up += 1;
        if let Some((own, is_found, otherwise)) = self.met.get_mut(&plain(id)) {
            match id.trim() == own {
                true => *is_found = true,
                false => *otherwise = Some(id.trim().to_owned()),
            }
        }
    }

    /// What is odd, if hardly any id is found and many would be.
    pub(super) fn verdict(&self) -> Option<Otherwise> {
        let ids = self.met.len() as u64;
        let found = self.met.values().filter(|(_, is_found, _)| *is_found).count() as u64;
        let missed = || {
            self.met
                .values()
                .filter_map(|(own, is_found, other)| other.as_ref().filter(|_| !is_found).map(|other| (own, other)))
        };
        let otherwise = missed().count() as u64;
        // Of few ids that are looked up, most of ours are not meant.
        let meant = ids.min(self.looked_up);
        let is_odd = otherwise >= FEW
            && found as f64 <= FOUND_MOST * meant as f64
            && otherwise as f64 >= MEANT_LEAST * meant as f64;
        let is_case = missed().all(|(own, other)| own.to_lowercase() == other.to_lowercase());
        let by = if is_case { "capitals" } else { "zeros before the number" };
        is_odd.then_some(Otherwise { ids, found, otherwise, by })
    }
}

/// The finding; `place` is what finds so few of them.
pub(super) fn told(place: &str, found: &Otherwise, file: String) -> Finding {
    Finding {
        name: "id_spellings",
        place: Place::Staging,
        is_error: false,
        text: format!(
            "{place} finds {} of {} ids as they are and {} in another spelling, with or without {}: one id is written in two ways",
            count(found.found),
            count(found.ids),
            count(found.otherwise),
            found.by
        ),
        example: String::new(),
        remedy: format!("write both in one way in {file}, like ltrim(customer_id, '0') or lower(customer_id)"),
    }
}

impl Lake {
    /// Ids of customers in two spellings, among order lines and between these and the other staged tables.
    pub(super) async fn inspect_spellings(&self) -> Result<Vec<Finding>> {
        let mut findings: Vec<Finding> = self.inspect_customers().await?.into_iter().collect();
        let customers = "select distinct customer_id from stg_order_lines where customer_id is not null";
        let mut met = Vec::new();
        for name in &self.graph().order {
            let Some(model) = self.graph().models.get(name) else { continue };
            let has_customers = model.front.columns.contains_key("customer_id");
            let is_other = model.is_staging() && !self.graph().absent.contains(name) && name != "stg_order_lines";
            if !has_customers || !is_other {
                continue;
            }
            if met.is_empty() {
                let limited = format!("{customers} limit {}", Spelled::LOOKED_AT);
                self.each_id(&limited, |id| met.push(id.to_owned())).await?;
            }
            self.build(&[name]).await?;
            let mut spelled = Spelled::default();
            met.iter().for_each(|id| spelled.meet(id));
            let mut seen = BTreeSet::new();
            let theirs = format!("select customer_id from {name} where customer_id is not null");
            self.each_id(&theirs, |id| {
                if seen.len() > Spelled::LOOKED_AT || seen.insert(id.to_owned()) {
                    spelled.look_up(id);
                }
            })
            .await?;
            let found = spelled.verdict();
            findings.extend(found.map(|found| {
                told(&format!("{}: customer_id of {}", file_of(model), self.staged_file()), &found, file_of(model))
            }));
        }
        Ok(findings)
    }

    /// Customers who are there with and without zeros before their number.
    async fn inspect_customers(&self) -> Result<Option<Finding>> {
        // The first half million lines tell; more would be staged again for nothing.
        let counted = "
            select
                count_distinct_keys(text_key(trim(customer_id))) as ids,
                count_distinct_keys(text_key(ltrim(trim(customer_id), '0'))) as people
            from (select customer_id from stg_order_lines limit 500000) as lines
            where customer_id is not null";
        let found = self.query(counted).await?;
        let Some(batch) = found.first() else { return Ok(None) };
        let cells = Cells { table: "stg_order_lines", batch };
        let (ids, people) = (cells.count("ids", 0)?, cells.count("people", 0)?);
        let twice = ids.saturating_sub(people);
        Ok((twice >= FEW && twice as f64 >= TWICE_MOST * people as f64).then(|| Finding {
            name: "id_spellings",
            place: Place::Staging,
            is_error: false,
            text: format!(
                "{}: {} of {} customers ({}) are there with zeros before their number and without: each counts as two people",
                self.staged_file(),
                count(twice),
                count(people),
                Locale::En.percent(twice as f64 / people as f64, 1)
            ),
            example: String::new(),
            remedy: "write ltrim(customer_id, '0') there".to_owned(),
        }))
    }

    async fn each_id(&self, sql: &str, mut visit: impl FnMut(&str)) -> Result<()> {
        self.each_batch(sql, |batch| {
            let text = cast(batch.column(0), &DataType::Utf8).map_err(|error| Error::Engine(Box::new(error.into())))?;
            text.as_string::<i32>().iter().flatten().for_each(&mut visit);
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ours: impl Fn(u32) -> String, theirs: impl Fn(u32) -> String) -> Option<(u64, &'static str)> {
        let mut spelled = Spelled::default();
        (1..=100).for_each(|number| spelled.meet(&ours(number)));
        (1..=100).for_each(|number| spelled.look_up(&theirs(number)));
        spelled.verdict().map(|found| (found.otherwise, found.by))
    }

    #[test]
    fn ids_are_one_though_they_are_written_in_two_ways() {
        let (padded, bare) = (|number| format!("{number:05}"), |number: u32| number.to_string());
        assert_eq!(verdict(padded, bare), Some((100, "zeros before the number")));
        assert_eq!(verdict(bare, padded), Some((100, "zeros before the number")));
        assert_eq!(verdict(|number| format!("C{number}"), |number| format!("c{number}")), Some((100, "capitals")));
        assert_eq!(verdict(bare, bare), None);
        assert_eq!(verdict(bare, |number| format!("x{number}")), None, "none is meant");
        assert_eq!(
            verdict(bare, |number| if number < 50 { bare(number) } else { padded(number) }),
            None,
            "half is found"
        );
    }
}
