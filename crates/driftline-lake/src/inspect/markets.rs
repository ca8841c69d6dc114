//! Order lines that two markets have in common, like the export of one market in the folder of another.

use std::collections::BTreeSet;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use driftline_core::basics::locale::Locale;

use super::steps::few;
use super::{FEW, Finding, Place, count};
use crate::error::Result;
use crate::lake::Lake;
use crate::source::PinnedSource;

/// Lines of a market that are looked at: enough to tell.
const LINES_MOST: u64 = 50_000;
/// Part of the smaller market's lines that the other one may have without a word, and without ending the run.
const SHARED_LEAST: f64 = 0.01;
const SHARED_MOST: f64 = 0.5;

/// Sales of some of a market's orders by their order, customer, day and money, in hashes.
#[derive(Clone, Debug, Default)]
pub struct Sample(BTreeSet<i64>);

impl Lake {
    /// Draws the same orders of every market, whatever their number; `rows` are those of the market. `stg_order_lines` must be built.
    ///
    /// # Errors
    /// As [`Lake::rows`].
    pub async fn sample_lines(&self, rows: u64) -> Result<Sample> {
        // Powers of two: of two markets of different size one draws a part of what the other one does.
        let step = rows.div_ceil(LINES_MOST).max(1).next_power_of_two();
        let sql = format!(
            "select text_key(concat(order_id, ' ', customer_id, ' ', cast(order_date as varchar), ' ', cast(amount as varchar))) as line \
             from stg_order_lines where kind = 'sale' and order_id is not null and text_key(order_id) % {step} = 0"
        );
        let mut lines = BTreeSet::new();
        self.each_batch(&sql, |batch| {
            lines.extend(batch.column(0).as_primitive::<Int64Type>().iter().flatten());
            Ok(())
        })
        .await?;
        Ok(Sample(lines))
    }
}

/// What is odd about two markets that have lines in common, each with its name, its sample and its objects.
pub fn shared(
    (one, ours, our_objects): (&str, &Sample, &[PinnedSource]),
    (other, theirs, their_objects): (&str, &Sample, &[PinnedSource]),
) -> Option<Finding> {
    let both = ours.0.intersection(&theirs.0).count() as u64;
    let all = ours.0.len().min(theirs.0.len()).max(1) as u64;
    let share = both as f64 / all as f64;
    if both < FEW || share < SHARED_LEAST {
        return None;
    }
    Some(Finding {
        name: "two_markets",
        place: Place::Export,
        is_error: share >= SHARED_MOST,
        text: format!(
            "markets `{one}` and `{other}` have {} of {} order lines that were looked at ({}) in common, with the same order, customer, day and money{}: each market counts them",
            few(both),
            count(all),
            Locale::En.percent(share, 1),
            same_object(our_objects, their_objects)
                .map_or_else(String::new, |(one, other)| format!(", like {one} and {other}"))
        ),
        example: String::new(),
        remedy: "take the lines out of the folder of the market that they are not of".to_owned(),
    })
}

/// Two objects that are as large as each other and have as many rows.
fn same_object(ours: &[PinnedSource], theirs: &[PinnedSource]) -> Option<(String, String)> {
    let mut pairs = ours.iter().flat_map(|source| &source.objects).flat_map(|one| {
        let there = theirs.iter().flat_map(|source| &source.objects);
        there
            .filter(|other| {
                other.source == one.source && other.size == one.size && other.rows == one.rows && one.rows > 0
            })
            .map(move |other| (one, other))
    });
    pairs.next().map(|(one, other)| (one.object.clone(), other.object.clone()))
}
