//! A column of currencies that the staging does not read: money of two currencies would be one sum.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

use super::{Finding, Place, rows};
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::scan::SourceTable;
use crate::source::PinnedSource;

/// Words that name a column of currencies, alone or in a longer name.
const WORDS: [&str; 11] =
    ["currency", "currencies", "waehrung", "währung", "devise", "moneda", "valuta", "curr", "ccy", "cur", "iso"];

/// Whether a column is called like one of currencies: `currency`, `order_currency_code`, `CurrencyISO`.
fn is_currency(column: &str) -> bool {
    let lower = column.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    let is_word = |word: &str| WORDS.contains(&word) || (word.len() > 6 && word.starts_with("currency"));
    words.into_iter().any(is_word) && !lower.contains("rate")
}

impl Lake {
    /// Reads the currencies of a source whose staging does not read them; `currency` is the job's.
    pub(super) async fn inspect_currency(&self, source: &PinnedSource, currency: &str) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let declared = source.schema.fields().iter().map(|field| field.name());
        for column in declared.chain(&source.ignored_columns).filter(|column| is_currency(column)) {
            if self.is_read(&source.name, column) {
                continue;
            }
            let found = self.currencies(source, column).await?;
            findings.extend(self.of_currencies(source, column, &found, currency));
        }
        Ok(findings)
    }

    /// Whether a staging model that reads the source names the column.
    pub(super) fn is_read(&self, source: &str, column: &str) -> bool {
        let read = format!("source.{source}");
        let mut readers = self.graph().models.values().filter(|model| model.references.contains(&read));
        readers.any(|model| without_comments(&model.sql).to_lowercase().contains(&column.to_lowercase()))
    }

    async fn currencies(&self, source: &PinnedSource, column: &str) -> Result<BTreeMap<String, u64>> {
        let table = SourceTable::of_text(source, column, self.store.clone());
        let frame = self.context.read_table(Arc::new(table))?;
        let mut found = BTreeMap::new();
        // A column that is no text is no name of a currency.
        let Ok(batches) = frame.collect().await else { return Ok(found) };
        for batch in batches {
            count_values(&batch, &mut found)?;
        }
        Ok(found)
    }

    fn of_currencies(
        &self,
        source: &PinnedSource,
        column: &str,
        found: &BTreeMap<String, u64>,
        currency: &str,
    ) -> Option<Finding> {
        let is_code = |code: &str| code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_alphabetic());
        let is_other = found.keys().any(|code| is_code(code) && !code.eq_ignore_ascii_case(currency));
        if found.len() < 2 && !is_other {
            return None;
        }
        let shown: Vec<String> =
            found.iter().take(5).map(|(code, number)| format!("{code} in {}", rows(*number))).collect();
        Some(Finding {
            name: "currencies",
            place: Place::Export,
            is_error: true,
            text: format!(
                "source `{}`: column `{column}` has {}, the job's currency is {currency}, and {} does not read the column; money of several currencies is no sum",
                source.name,
                shown.join(", "),
                self.staged_file()
            ),
            example: String::new(),
            remedy: format!(
                "declare `{column} = \"utf8\"` in sources.toml and take one currency in the staging (where {} = '{currency}'), or change the job's currency",
                quoted(column)
            ),
        })
    }
}

/// SQL without what stands in comments, where a column is named and not read.
fn without_comments(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, rest)| rest))
}

/// A column as SQL needs it: what has capitals or marks stands in quotes.
fn quoted(column: &str) -> String {
    let is_plain = column.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if is_plain { column.to_owned() } else { format!("\"{}\"", column.replace('"', "\"\"")) }
}

fn count_values(batch: &RecordBatch, found: &mut BTreeMap<String, u64>) -> Result<()> {
    let text = cast(batch.column(0), &DataType::Utf8).map_err(|error| Error::Engine(Box::new(error.into())))?;
    let text = text.as_string::<i32>();
    for row in 0..text.len() {
        let value = if text.is_null(row) { "" } else { text.value(row).trim() };
        if value.is_empty() {
            continue;
        }
        // Far too many values are no currencies, and each is counted by its own name.
        match found.get_mut(value) {
            Some(number) => *number += 1,
            None => {
                found.insert(value.to_owned(), 1);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_currencies_are_known_by_their_names() {
        for name in ["currency", "Currency", "order_currency", "currency_code", "currencyCode", "Währung", "curr"] {
            assert!(is_currency(name), "{name}");
        }
        for name in ["current_price", "concurrency", "currency_rate", "recurring", "amount"] {
            assert!(!is_currency(name), "{name}");
        }
    }
}
