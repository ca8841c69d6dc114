//! What an error may show of the rows that it is about: never whose they are, and a text only if many people have it.

use std::collections::HashSet;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::DataType;

use crate::drift::{is_personal, words};

/// Customers that a text must have to be shown; jobs show no smaller cell either.
const CUSTOMERS_LEAST: usize = 10;
const LETTERS_MOST: usize = 40;
/// Columns that say whose a row is.
const WHOSE: [&str; 2] = ["customer_key", "customer_id"];

/// One value as text, for messages.
pub(crate) fn shown(values: &dyn Array, row: usize) -> String {
    datafusion::arrow::util::display::array_value_to_string(values, row).unwrap_or_else(|_| "?".to_owned())
}

/// One cell of a row as `name = value`, with `…` for what names somebody: ids, keys and every text.
pub(crate) fn cell(name: &str, column: &dyn Array, row: usize) -> String {
    let is_whose = words(name).iter().any(|word| matches!(word.as_str(), "customer" | "id" | "key" | "number"));
    let is_measure = column.data_type().is_numeric()
        || matches!(column.data_type(), DataType::Date32 | DataType::Boolean | DataType::Null);
    if is_measure && !is_whose && !is_personal(name) {
        format!("{name} = {}", shown(column, row))
    } else {
        format!("{name} = …")
    }
}

/// A text of a column, if enough customers of the batch have it, or the table is not of customers.
pub(crate) fn common<'a>(text: &'a str, rows: &[usize], batch: &RecordBatch) -> Option<&'a str> {
    let whose = WHOSE.iter().find_map(|name| batch.column_by_name(name));
    let is_common = whose.is_none_or(|whose| {
        let mut found = HashSet::new();
        rows.iter().any(|row| found.insert(shown(whose.as_ref(), *row)) && found.len() >= CUSTOMERS_LEAST)
    });
    (is_common && !text.contains('@') && text.chars().count() <= LETTERS_MOST).then_some(text)
}

/// What the engine says of a value that it could not compute with, without the value: texts in quotes and numbers that stand by
/// themselves are `…`; names of types and what is in backquotes stay.
pub(crate) fn without_values(text: &str) -> String {
    let (mut shown, mut depth, mut before) = (String::with_capacity(text.len()), 0usize, ' ');
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\'' | '"' => {
                // To the last one of its kind, since a value may hold some itself.
                let end = rest[1..].rfind(c).map_or(rest.len(), |place| place + 2);
                shown.push('…');
                end
            }
            '`' => {
                let end = rest[1..].find('`').map_or(rest.len(), |place| place + 2);
                shown.push_str(&rest[..end]);
                end
            }
            '0'..='9' | '-' if depth == 0 && !before.is_alphanumeric() && number(rest) > 0 => {
                shown.push('…');
                number(rest)
            }
            _ => {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                shown.push(c);
                c.len_utf8()
            }
        };
        before = rest[..taken].chars().last().unwrap_or(' ');
        rest = &rest[taken..];
    }
    shown
}

/// How many bytes a number at the start of a text takes, with its sign and point.
fn number(text: &str) -> usize {
    let digits = text.trim_start_matches('-');
    let sign = text.len() - digits.len();
    let length = digits.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(digits.len());
    if digits.starts_with(|c: char| c.is_ascii_digit()) { sign + length } else { 0 }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Date32Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn values_are_taken_out_of_the_engines_words() {
        for (text, expected) in [
            ("Cannot cast string 'Ada O'Hara' to value of Int64 type", "Cannot cast string … to value of Int64 type"),
            (
                "Cannot cast to Decimal128(18, 4). Overflowing on 99123.5",
                "Cannot cast to Decimal128(18, 4). Overflowing on …",
            ),
            ("Overflow happened on: 4915112345678 * -12", "Overflow happened on: … * …"),
            ("error parsing \"ada@example.com\" as date", "error parsing … as date"),
            ("local_date: `Europe/Nowhere` is not a time zone", "local_date: `Europe/Nowhere` is not a time zone"),
            ("Divide by zero error", "Divide by zero error"),
        ] {
            assert_eq!(without_values(text), expected);
        }
    }

    #[test]
    fn a_row_is_shown_without_whose_it_is() {
        let key: ArrayRef = Arc::new(Int64Array::from(vec![77]));
        let name: ArrayRef = Arc::new(StringArray::from(vec!["Ada"]));
        let day: ArrayRef = Arc::new(Date32Array::from(vec![0]));
        let shown = [("customer_key", &key), ("phone", &key), ("orders", &key), ("city", &name), ("day", &day)];
        let shown = shown.map(|(name, column)| cell(name, column.as_ref(), 0));
        assert_eq!(shown, ["customer_key = …", "phone = …", "orders = 77", "city = …", "day = 1970-01-01"]);
    }

    #[test]
    fn a_text_is_shown_if_ten_customers_have_it() {
        let batch = |customers: i64| {
            let keys: ArrayRef = Arc::new(Int64Array::from_iter_values((0..30).map(|row| row % customers)));
            RecordBatch::try_from_iter([("customer_key", keys)]).unwrap()
        };
        let rows: Vec<usize> = (0..30).collect();
        assert_eq!(common("gift", &rows, &batch(10)), Some("gift"));
        assert_eq!(common("Ada", &rows, &batch(9)), None, "thirty rows of nine people");
        assert_eq!(common("ada@example.com", &rows, &batch(30)), None);
    }
}
