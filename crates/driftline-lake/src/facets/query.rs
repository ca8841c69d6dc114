//! The queries that add a facet's rows up by segment.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::Schema;
use driftline_core::facets::count::Sums;
use driftline_core::facets::{Definition, Shape};

/// Numbers as they are added up: exact, with squares that fit into 38 digits.
const MONEY: &str = "decimal(18, 2)";
const NUMBER: &str = "decimal(18, 6)";

/// The active customers with their segments.
const MEMBERS: &str = "(select customer_key, segment from customers where is_active) as members";

/// What is asked of a facet's table.
pub(super) struct Query<'a> {
    pub(super) facet: &'a str,
    definition: &'a Definition,
    has_did: bool,
    has_exposure: bool,
}

impl<'a> Query<'a> {
    pub(super) fn new(facet: &'a str, definition: &'a Definition, schema: &Schema) -> Self {
        let has = |column: &str| schema.column_with_name(column).is_some();
        Self { facet, definition, has_did: has("did"), has_exposure: has("exposure") }
    }

    fn column(&self, name: Option<&String>) -> String {
        name.map_or_else(|| "cast(null as varchar)".to_owned(), |name| format!("\"{}\"", name.replace('"', "\"\"")))
    }

    /// Name of the table of [`Query::by_customer`].
    pub(super) fn rows(&self) -> String {
        format!("facet_rows_of_{}", self.facet)
    }

    /// Rows of customers, one for each question and item: what each adds above the line.
    pub(super) fn by_customer(&self) -> String {
        let base = self.definition.base.as_ref().map_or_else(|| "true".to_owned(), |base| self.column(Some(base)));
        let part = match self.definition.shape {
            Shape::Has if self.has_did => "case when bool_or(did) then 1 else 0 end".to_owned(),
            Shape::Has => "1".to_owned(),
            Shape::Amount => format!("cast(round(sum(amount), 2) as {MONEY})"),
            Shape::Mean => format!("cast(avg(cast(value as {NUMBER})) as {NUMBER})"),
            Shape::Rate => format!("cast(sum(events) as {NUMBER})"),
        };
        let exposure =
            if self.has_exposure { format!("cast(sum(exposure) as {NUMBER})") } else { format!("cast(1 as {NUMBER})") };
        // A missing answer is none, never a no; who is exposed to nothing has no rate.
        let is_told = match self.definition.shape {
            Shape::Mean => "value is not null",
            Shape::Has if self.has_did => "did is not null",
            Shape::Rate if self.has_exposure => "events is not null and exposure > 0",
            Shape::Rate => "events is not null",
            Shape::Amount => "amount is not null",
            Shape::Has => "true",
        };
        format!(
            "select customer_key, {group} as question, {item} as item, {part} as part, {exposure} as exposure from \"{facet}\" \
             where customer_key is not null and {base} and {is_told} group by customer_key, {group}, {item}",
            group = self.column(self.definition.group.as_ref()),
            item = self.column(self.definition.item.as_ref()),
            facet = self.facet,
        )
    }

    /// Who counts, where it is not every member nor a matter of each item; `None` if no query is needed.
    pub(super) fn bases(&self) -> Option<String> {
        let is_of_items = self.has_did || self.has_exposure;
        let whole = match self.definition.shape {
            Shape::Amount => "sum(part)",
            Shape::Has if self.definition.base.is_some() && !is_of_items => "1",
            _ => return None,
        };
        Some(format!(
            "with by_customer as (select * from {}), by_question as (select customer_key, question, cast({whole} as {MONEY}) as whole \
             from by_customer group by customer_key, question) \
             select segment, question, count(*) as people, sum(whole) as whole, sum(whole * whole) as whole_squares \
             from by_question inner join {MEMBERS} on by_question.customer_key = members.customer_key group by segment, question",
            self.rows()
        ))
    }

    /// Sums by segment, question and item.
    pub(super) fn parts(&self) -> String {
        let is_named = if self.definition.item.is_some() { "item is not null" } else { "true" };
        let (whole, join) = match self.definition.shape {
            Shape::Amount => (
                "wholes.whole",
                "inner join (select customer_key, question, sum(part) as whole from by_customer group by customer_key, question) as wholes \
                 on by_customer.customer_key = wholes.customer_key and by_customer.question is not distinct from wholes.question",
            ),
            Shape::Rate => ("exposure", ""),
            _ => ("1", ""),
        };
        format!(
            "with by_customer as (select * from {rows}) select segment, by_customer.question as question, item, count(*) as people, \
             count(*) filter (where part <> 0) as customers, sum(part) as part, sum(abs(part)) as part_size, sum(part * part) as part_squares, \
             sum({whole}) as whole, sum({whole} * {whole}) as whole_squares, sum(part * {whole}) as products \
             from by_customer inner join {MEMBERS} on by_customer.customer_key = members.customer_key {join} where {is_named} \
             group by segment, by_customer.question, item",
            rows = self.rows(),
        )
    }

    /// Puts who counts and has no row of the item into the lines of one item, and everyone as their sum.
    pub(super) fn complete(
        &self,
        lines: &mut BTreeMap<u32, Sums>,
        question: Option<&String>,
        bases: &BTreeMap<(u32, Option<String>), Sums>,
        sizes: &BTreeMap<u32, u64>,
    ) {
        // Those without a segment are everyone's only; where there are no segments, they are everyone.
        let without = lines.remove(&0).unwrap_or_default();
        let base = |segment: u32| bases.get(&(segment, question.cloned())).copied().unwrap_or_default();
        let is_of_rows = match self.definition.shape {
            Shape::Has => self.has_did,
            Shape::Mean => true,
            Shape::Rate => self.has_exposure,
            Shape::Amount => false,
        };
        let whole_of = |segment: u32, own: Sums| match self.definition.shape {
            _ if is_of_rows => own,
            Shape::Amount => Sums {
                of: base(segment).of,
                whole: base(segment).whole,
                whole_squares: base(segment).whole_squares,
                ..own
            },
            _ if self.definition.base.is_some() => of_members(own, base(segment).of),
            _ => of_members(own, sizes.get(&segment).copied().unwrap_or(0)),
        };
        let segments: Vec<u32> = sizes.keys().copied().filter(|segment| *segment != 0).collect();
        let mut everyone = if is_of_rows { without } else { Sums { of: 0, whole: 0.0, whole_squares: 0.0, ..without } };
        for segment in &segments {
            let own = whole_of(*segment, lines.get(segment).copied().unwrap_or_default());
            everyone += own;
            lines.insert(*segment, own);
        }
        if !is_of_rows {
            let rest = match self.definition.shape {
                Shape::Amount => base(0),
                _ if self.definition.base.is_some() => of_members(Sums::default(), base(0).of),
                _ => {
                    let placed: u64 = segments.iter().filter_map(|segment| sizes.get(segment)).sum();
                    of_members(Sums::default(), sizes.get(&0).copied().unwrap_or(0).saturating_sub(placed))
                }
            };
            everyone += Sums { customers: 0, part: 0.0, part_size: 0.0, part_squares: 0.0, products: 0.0, ..rest };
        }
        lines.insert(0, everyone);
    }
}

/// Every one of so many members counts once.
fn of_members(own: Sums, members: u64) -> Sums {
    Sums { of: members, whole: members as f64, whole_squares: members as f64, ..own }
}
