//! Categories whose text is nobody's business: one is shown if it stands for many rows of a column of few categories that names
//! no person.

use std::collections::BTreeMap;

use driftline_stats::drift::{Finding, Sample};

/// Categories of a column at most whose names are shown.
const SHOWN_OF: usize = 50;

/// Rows that a category needs to be named; jobs show no smaller cell either.
const SHOWN_ROWS_LEAST: u64 = 10;

const SHOWN_LETTERS_MOST: usize = 40;

const PERSONAL_WORDS: [&str; 31] = [
    "firstname",
    "lastname",
    "surname",
    "fullname",
    "forename",
    "vorname",
    "nachname",
    "email",
    "mail",
    "phone",
    "telephone",
    "telefon",
    "mobile",
    "address",
    "adresse",
    "street",
    "strasse",
    "iban",
    "card",
    "ip",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "user",
    "username",
    "login",
    "comment",
    "note",
    "message",
    "kommentar",
];
const WHOSE_NAME: [&str; 12] =
    ["first", "last", "full", "sur", "customer", "client", "user", "contact", "person", "kunde", "kunden", "member"];

/// The words of a column's name: `customerId`, `customer_id` and `Customer ID` have the same.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a column is of persons, by its name.
pub(crate) fn is_personal(name: &str) -> bool {
    let words = words(name);
    let is_name = words.last().is_some_and(|last| last == "name")
        && (words.len() == 1 || words.iter().any(|word| WHOSE_NAME.contains(&word.as_str())));
    is_name || words.iter().any(|word| PERSONAL_WORDS.contains(&word.as_str()))
}

/// How often each category comes in either file, if their names may be shown.
pub(super) fn may_be_shown(name: &str, before: &Sample, now: &Sample) -> Option<BTreeMap<String, u64>> {
    let (Sample::Categories { counts: before, .. }, Sample::Categories { counts: now, .. }) = (before, now) else {
        return None;
    };
    let mut counts = before.clone();
    for (category, count) in now {
        *counts.entry(category.clone()).or_default() += count;
    }
    let is_long = |text: &String| text.contains('@') || text.chars().count() > SHOWN_LETTERS_MOST;
    (counts.len() <= SHOWN_OF && !is_personal(name) && !counts.keys().any(is_long)).then_some(counts)
}

/// Takes the names of categories out that may not be shown, and says how many.
pub(super) fn withhold(finding: &mut Finding, shown: Option<&BTreeMap<String, u64>>) {
    let is_shown = |category: &String| {
        shown.is_some_and(|counts| counts.get(category).is_some_and(|count| *count >= SHOWN_ROWS_LEAST))
    };
    let before = finding.new_categories.len() + finding.lost_categories.len();
    finding.new_categories.retain(is_shown);
    finding.lost_categories.retain(is_shown);
    let withheld = before - finding.new_categories.len() - finding.lost_categories.len();
    if withheld > 0 {
        let why = match shown {
            Some(_) => format!("fewer than {SHOWN_ROWS_LEAST} rows have it"),
            None => "names of persons, or many categories".to_owned(),
        };
        finding.reason.push_str(&format!("; {withheld} not named: {why}"));
    }
}
