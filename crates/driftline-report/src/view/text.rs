//! The report's sentences as lines of a plain mail, and as HTML in which figures stay whole.

use driftline_core::report::{ForYou, HeadlineKind, Report};
use serde::Serialize;

use super::mail::{Letter, export_warnings};
use crate::chart;

/// Columns of a plain-text mail.
const COLUMNS: usize = 76;

/// The report's sentences broken into lines for `body.txt`; a line after the first of a list item is indented by two.
#[derive(Clone, Debug, Serialize)]
pub struct Plain {
    pub headline: String,
    pub partial: Option<String>,
    pub revision_reason: Option<String>,
    /// What a revision changed: at most three.
    pub revision_sentences: Vec<String>,
    pub change_sentences: Vec<String>,
    /// Why sales moved, where the mail tells of changes.
    pub why_sales_moved: Vec<String>,
    pub unchanged: String,
    /// How the last forecast turned out.
    pub scorecard: Option<String>,
    pub notes: Vec<String>,
    pub export_warnings: Vec<String>,
    pub for_you: Vec<String>,
    pub of_facets: Vec<String>,
    pub recipient_reason: String,
}

/// Sentences as HTML, already escaped: for `| safe`. No line breaks between a minus and its amount or a number and its unit.
#[derive(Clone, Debug, Serialize)]
pub struct Html {
    pub headline: String,
    /// What a revision changed: at most three.
    pub revision_sentences: Vec<String>,
    pub change_sentences: Vec<String>,
    /// Why sales moved, where the mail tells of changes.
    pub why_sales_moved: Vec<String>,
    pub for_you: Vec<String>,
    pub of_facets: Vec<String>,
}

fn revision_sentences(report: &Report) -> &[String] {
    report.revision_changes.as_ref().map_or(&[], |changes| &changes.sentences)
}

impl Plain {
    pub(super) fn new(report: &Report, for_you: Option<&ForYou>, letter: &Letter<'_>, notes: &[&str]) -> Self {
        let items = |texts: &[String]| texts.iter().map(|text| broken(text, COLUMNS - 2, "  ")).collect();
        Self {
            headline: broken(&report.headline.sentence, COLUMNS, ""),
            partial: report.partial.as_ref().map(|text| broken(text, COLUMNS, "")),
            revision_reason: report.revision_reason.as_ref().map(|text| broken(text, COLUMNS, "")),
            revision_sentences: items(revision_sentences(report)),
            change_sentences: items(&report.change_sentences),
            why_sales_moved: items(why_sales_moved(report)),
            unchanged: broken(&report.unchanged, COLUMNS, ""),
            scorecard: report.scorecard.as_ref().map(|scorecard| broken(&scorecard.sentence, COLUMNS, "")),
            notes: notes.iter().map(|note| broken(note, COLUMNS - 2, "  ")).collect(),
            export_warnings: items(export_warnings(report, letter.audience)),
            for_you: items(for_you.map_or(&[], |block| &block.lines)),
            of_facets: items(for_you.map_or(&[], |block| &block.of_facets)),
            recipient_reason: broken(letter.reason, COLUMNS, ""),
        }
    }
}

impl Html {
    pub(super) fn new(report: &Report, for_you: Option<&ForYou>) -> Self {
        let unbroken_all = |lines: &[String]| lines.iter().map(|line| unbroken(line)).collect();
        Self {
            headline: unbroken(&report.headline.sentence),
            revision_sentences: unbroken_all(revision_sentences(report)),
            change_sentences: unbroken_all(&report.change_sentences),
            why_sales_moved: unbroken_all(why_sales_moved(report)),
            for_you: unbroken_all(for_you.map_or(&[], |block| &block.lines)),
            of_facets: unbroken_all(for_you.map_or(&[], |block| &block.of_facets)),
        }
    }
}

fn why_sales_moved(report: &Report) -> &[String] {
    let is_told = matches!(report.headline.kind, HeadlineKind::Changed | HeadlineKind::LargeNotSure);
    report.assortment.as_ref().filter(|_| is_told).map_or(&[], |assortment| &assortment.why)
}

pub(crate) fn unbroken(text: &str) -> String {
    let whole = |word: &String| {
        let escaped = chart::escape(word);
        if word.contains([' ', '−', '+']) {
            format!("<span style=\"white-space:nowrap\">{escaped}</span>")
        } else {
            escaped
        }
    };
    words(text).iter().map(whole).collect::<Vec<_>>().join(" ")
}

/// The words of a text; a unit stays with its number as one word, so that no line begins with `%` or `pts`.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    // Not at every white space: some locales group digits with a narrow one.
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if word.starts_with('%') || word.starts_with("pts") => *last = format!("{last} {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Breaks a text into lines between words.
fn broken(text: &str, columns: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                *line = format!("{line} {word}")
            }
            _ => lines.push(word),
        }
    }
    lines.join(&format!("\n{indent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_never_before_a_unit() {
        let cases = [
            ("value fell 1.1 % to $4", 13, "", "value fell\n1.1 % to $4"),
            ("one  two\nthree", 8, "  ", "one two\n  three"),
            ("+12\u{202f}345 here", 7, "", "+12\u{202f}345\nhere"),
            ("", 8, "", ""),
        ];
        for (text, columns, indent, expected) in cases {
            assert_eq!(broken(text, columns, indent), expected);
        }
    }

    #[test]
    fn figures_stay_whole_and_text_is_escaped() {
        let whole = |text: &str| format!("<span style=\"white-space:nowrap\">{text}</span>");
        let expected = format!("a&lt;b fell {} {}", whole("1.1 %:"), whole("(−$5)."));
        assert_eq!(unbroken("a<b fell 1.1 %: (−$5)."), expected);
    }
}
