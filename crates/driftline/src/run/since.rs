//! What of the exports and the models is not what a publication was made of.

use driftline_core::basics::locale::Locale;
use driftline_core::report::{Part, Report};
use driftline_lake::source;
use driftline_ledger::Publication;

use crate::error::{InPlace, Result};
use crate::run::pin;
use crate::run::revised::{ObjectChange, object_changes, objects};
use crate::setup::job_context::JobContext;

/// Changes that are named one by one.
const NAMED_MOST: usize = 3;

/// What changed since a publication in words, like `2025-11.parquet has 60 rows, 320 then`; nothing if all is as it was.
///
/// # Errors
/// `Error::Lake` if the exports cannot be read.
pub(crate) async fn changes(context: &JobContext, publication: &Publication) -> Result<Option<String>> {
    let place = format!("{} {}", publication.market, publication.period);
    let pinned = source::pin(&context.exports, &context.sources, publication.market.as_str()).await.in_place(&place)?;
    let changes = object_changes(&objects(&publication.inputs)?, &objects(&pin::inputs(&pinned)?)?);
    Ok(words(&changes))
}

/// Whether the SQL models are not those that a report was made by; of one from before they were recorded nobody knows.
pub(crate) fn has_other_models(context: &JobContext, report: &Report) -> bool {
    let then = report.quality.fingerprints.get(&Part::Models);
    then.is_some_and(|then| *then != crate::run::record::models_hash(context))
}

fn words(changes: &[ObjectChange]) -> Option<String> {
    let mut texts: Vec<String> = changes.iter().take(NAMED_MOST).map(word).collect();
    if changes.len() > NAMED_MOST {
        texts.push(format!("{} more objects changed", changes.len() - NAMED_MOST));
    }
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn word(change: &ObjectChange) -> String {
    let name = &change.object;
    let count = |rows: u64| Locale::En.count(rows);
    match (&change.before, &change.now) {
        (Some(before), Some(now)) if before.rows != now.rows => {
            format!("{name} has {} rows, {} then", count(now.rows), count(before.rows))
        }
        (Some(_), Some(now)) => format!("{name} is in another version, with {} rows as then", count(now.rows)),
        (None, Some(now)) => format!("{name} is new, {} rows", count(now.rows)),
        (Some(before), None) => format!("{name} with {} rows is not there any more", count(before.rows)),
        (None, None) => name.clone(),
    }
}
