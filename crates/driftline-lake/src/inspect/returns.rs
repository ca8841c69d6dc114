//! Returns that the staging does not know: an export that writes them where nobody reads counts them as sold.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use futures::TryStreamExt;

use super::steps::few;
use super::{FEW, Finding, Place, rows};
use crate::drift::is_key;
use crate::error::Result;
use crate::lake::Lake;
use crate::scan::SourceTable;
use crate::source::PinnedSource;

/// How words begin that say of a column, or of a value, that something came back.
const RETURNED: [&str; 16] = [
    "return",
    "refund",
    "credit",
    "storn",
    "retour",
    "retoure",
    "rückgabe",
    "rueckgabe",
    "ruckgabe",
    "gutschrift",
    "rücksend",
    "ruecksend",
    "cancel",
    "void",
    "reso",
    "devoluc",
];
/// Words of columns that say what a row is.
const KINDS: [&str; 8] = ["type", "kind", "status", "state", "art", "typ", "action", "event"];
/// Words of columns whose sign says which way goods or money went.
const SIGNED: [&str; 16] = [
    "quantity",
    "qty",
    "quantities",
    "units",
    "pieces",
    "menge",
    "anzahl",
    "stück",
    "amount",
    "betrag",
    "net",
    "gross",
    "total",
    "value",
    "price",
    "revenue",
];
/// What a column of yes and no says for no.
const NO: [&str; 13] =
    ["0", "0.0", "0.00", "false", "f", "no", "n", "nein", "none", "null", "-", "not returned", "0000-00-00"];

/// The words of a name: `isReturn`, `return_date`, `Return Reason`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = letter.is_lowercase();
        if let Some(last) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            last.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn speaks_of_returns(text: &str) -> bool {
    words(text).iter().any(|word| RETURNED.iter().any(|start| word.starts_with(start)))
}

/// What of a column's values says that a row is one that came back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Any value but no.
    Filled,
    /// A word for returns.
    Word,
    /// Below zero.
    Negative,
}

fn sign_of(column: &str, kind: &DataType) -> Option<Sign> {
    let words = words(column);
    let is = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if kind.is_numeric() && is(&SIGNED) && !is_key(column) {
        return Some(Sign::Negative);
    }
    // A policy or a limit is no return.
    if speaks_of_returns(column) && !is(&["policy", "limit", "card", "rate", "days", "window", "until", "eligible"]) {
        return Some(if kind.is_numeric() && is_key(column) { return None } else { Sign::Filled });
    }
    let is_text = matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..));
    (is_text && is(&KINDS)).then_some(Sign::Word)
}

impl Lake {
    /// Columns of the lines' sources that speak of returns, of a market without any: returns and cancellations may be staged as sales.
    pub(super) async fn inspect_returns(&self, sources: &[&PinnedSource]) -> Result<Vec<Finding>> {
        // The lines of the period are computed already; those after it are staged only if these have no return.
        for table in ["int_order_lines", "stg_order_lines"] {
            let returned =
                format!("select count(*) as lines from {table} where kind in ('return', 'cancellation') or amount < 0");
            let found = self.query(&returned).await?;
            let lines = found.first().map(|batch| crate::read::Cells { table, batch }.count("lines", 0));
            if lines.transpose()?.unwrap_or(0) > 0 {
                return Ok(Vec::new());
            }
        }
        let mut findings = Vec::new();
        for source in sources {
            let declared = source.schema.fields().iter().map(|field| field.name());
            for column in declared.chain(&source.ignored_columns) {
                let Some(kind) = source.type_in_files(column) else { continue };
                let Some(sign) = sign_of(column, &kind) else { continue };
                // A sign that the staging reads may still be lost in it; what else it reads it knows.
                if sign != Sign::Negative && self.is_read(&source.name, column) {
                    continue;
                }
                findings.extend(self.returned_by(source, column, &kind, sign).await?);
            }
        }
        findings.truncate(1);
        Ok(findings)
    }

    async fn returned_by(
        &self,
        source: &PinnedSource,
        column: &str,
        kind: &DataType,
        sign: Sign,
    ) -> Result<Option<Finding>> {
        let (mut all, mut meant) = (0u64, BTreeMap::<String, u64>::new());
        let as_read = match (sign, kind) {
            (Sign::Negative, _) => DataType::Float64,
            (_, DataType::Boolean) => DataType::Boolean,
            (_, kind) if kind.is_temporal() || kind.is_floating() || matches!(kind, DataType::Decimal128(..)) => {
                kind.clone()
            }
            _ => DataType::Utf8,
        };
        let table = SourceTable::of_column(source, column, as_read, self.store.clone());
        let Ok(mut stream) = self.context.read_table(Arc::new(table))?.execute_stream().await else { return Ok(None) };
        loop {
            // A column that cannot be read so says nothing of returns.
            let batch = match stream.try_next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(_) => return Ok(None),
            };
            all += batch.num_rows() as u64;
            let values = batch.column(0);
            if sign == Sign::Negative {
                let below = values.as_primitive::<Float64Type>().iter().flatten().filter(|value| *value < 0.0).count();
                *meant.entry("below zero".to_owned()).or_default() += below as u64;
                continue;
            }
            let Ok(texts) = cast(values, &DataType::Utf8) else { return Ok(None) };
            for text in texts.as_string::<i32>().iter().flatten().map(str::trim).filter(|text| !text.is_empty()) {
                match sign {
                    Sign::Word if speaks_of_returns(text) => *meant.entry(format!("`{text}`")).or_default() += 1,
                    Sign::Filled if !NO.contains(&text.to_lowercase().as_str()) => {
                        *meant.entry("filled".to_owned()).or_default() += 1;
                    }
                    _ => {}
                }
            }
        }
        let number: u64 = meant.values().sum();
        // A column that says it of most rows speaks of something else.
        if number == 0 || 2 * number > all {
            return Ok(None);
        }
        // A word of a few rows may be about somebody.
        let most = meant.into_iter().filter(|(_, rows)| *rows >= FEW).max_by_key(|(_, rows)| *rows);
        let most = most.map_or_else(|| "a word for returns".to_owned(), |(text, _)| text);
        Ok(Some(Finding {
            name: "unread_returns",
            place: Place::Staging,
            is_error: false,
            text: format!(
                "source `{}`: column `{column}` is {most} in {} of {}, and no line of {} is a return, a cancellation or below zero: what came back may count as sold",
                source.name,
                few(number),
                rows(all),
                self.staged_file()
            ),
            example: String::new(),
            remedy: "give these rows the kind return and negative money there".to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_speak_of_returns_are_known_by_their_names() {
        for name in ["is_return", "isReturned", "Return Reason", "refund_amount", "storniert", "credit_note", "RETOURE"]
        {
            assert!(sign_of(name, &DataType::Utf8) == Some(Sign::Filled), "{name}");
        }
        for (name, kind) in [("quantity", DataType::Int64), ("Net Amount", DataType::Float64)] {
            assert!(sign_of(name, &kind) == Some(Sign::Negative), "{name}");
        }
        assert!(sign_of("order_status", &DataType::Utf8) == Some(Sign::Word));
        for name in ["category", "returning_customer_until", "return_policy", "credit_card", "product", "start"] {
            assert!(sign_of(name, &DataType::Utf8).is_none(), "{name}");
        }
    }
}
