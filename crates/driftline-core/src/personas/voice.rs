//! Members' own words, where they agreed to be quoted.

use crate::tables::feedback::Quote;
use crate::tables::profile::SegmentProfile;

const QUOTES_MOST: usize = 2;
const QUOTE_LETTERS_MOST: usize = 160;

/// The first different quotes that are short enough, redacted.
pub(super) fn quotes(profile: &SegmentProfile) -> Vec<Quote> {
    let mut found: Vec<Quote> = Vec::new();
    for quote in &profile.quotes {
        let text = redacted(&quote.text);
        let fits = !text.is_empty() && text.chars().count() <= QUOTE_LETTERS_MOST;
        if found.len() < QUOTES_MOST && fits && found.iter().all(|other| other.text != text) {
            found.push(Quote { text, ..quote.clone() });
        }
    }
    found
}

/// A text without what could name somebody: words with an @, links, and numbers of four or more digits become a dash.
pub(super) fn redacted(text: &str) -> String {
    let hide = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        word.contains('@') || word.contains("://") || word.starts_with("www.") || digits >= 4
    };
    let words = text.split_whitespace().map(|word| if hide(word) { "—" } else { word });
    words.map(|word| word.replace(|c: char| c.is_control(), "")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_somebody_is_taken_out() {
        let cases = [
            ("Mail me at ada@example.com please", "Mail me at — please"),
            ("order 123456 came\nlate", "order — came late"),
            ("call +49-170-5551234", "call —"),
            ("see https://example.com/me", "see —"),
            ("It must be cheap.", "It must be cheap."),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
        }
    }
}
