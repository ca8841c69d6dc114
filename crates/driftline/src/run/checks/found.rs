//! What was found of exports, in the order in which it was, and how it is said.

use driftline_lake::inspect::Finding;

/// What ends a run unless a person accepts it, and what the report warns of.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) alarms: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// What is odd, and what to do about it.
pub(super) fn with_remedy(finding: &Finding) -> String {
    match finding.remedy.is_empty() {
        true => sentence(&finding.text),
        false => format!("{} {}", sentence(&finding.text), sentence(&finding.remedy)),
    }
}

/// As a sentence of its own; a question has its mark already.
pub(super) fn sentence(text: &str) -> String {
    format!("{}{}", capitalised(text), if text.ends_with('?') { "" } else { "." })
}

/// With a large first letter, unless it is that of a file.
pub(super) fn capitalised(text: &str) -> String {
    if text.starts_with("sql/") {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
