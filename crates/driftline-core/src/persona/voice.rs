//! What members say: topics that they raise more often than others, and their own words where they agreed to be quoted.

use chrono::NaiveDate;
use driftline_stats::significance::normal_quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::{SegmentProfile, TopicCount};

/// A topic that stands out: its rate among members is surely above that among everyone else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopicRate {
    pub source: String,
    pub topic: String,
    pub customers: u64,
    /// Share of members who raised it in 12 months, with Wilson's 95 % range.
    pub share: f64,
    pub low_95: f64,
    pub high_95: f64,
    /// The same share of everyone active who is not a member.
    pub others_share: f64,
}

/// Words of one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    pub source: String,
    pub given_on: NaiveDate,
    pub text: String,
}

const TOPICS_MOST: usize = 3;
const QUOTES_MOST: usize = 2;
const QUOTE_LETTERS_MOST: usize = 160;

/// The topics that stand out, most first; none of fewer than `min_cell` members, or that leaves fewer outside.
pub(super) fn topics(profile: &SegmentProfile, everyone: &SegmentProfile, min_cell: u64) -> Vec<TopicRate> {
    let is_safe = |count: u64| count == 0 || count >= min_cell;
    let others = everyone.customers.saturating_sub(profile.customers);
    let rate = |own: &TopicCount| {
        let all = everyone.topics.iter().find(|all| (&all.source, &all.topic) == (&own.source, &own.topic))?;
        let of_others = all.customers.checked_sub(own.customers)?;
        let is_shown = own.customers >= min_cell.max(1)
            && is_safe(profile.customers.checked_sub(own.customers)?)
            && is_safe(of_others)
            && others >= min_cell;
        let (low_95, high_95) = wilson(own.customers, profile.customers);
        let others_share = of_others as f64 / others.max(1) as f64;
        (is_shown && low_95 > others_share).then(|| TopicRate {
            source: own.source.clone(),
            topic: own.topic.clone(),
            customers: own.customers,
            share: own.customers as f64 / profile.customers as f64,
            low_95,
            high_95,
            others_share,
        })
    };
    let mut found: Vec<TopicRate> = profile.topics.iter().filter_map(rate).collect();
    found.sort_by(|a, b| (b.share - b.others_share).total_cmp(&(a.share - a.others_share)).then(a.topic.cmp(&b.topic)));
    found.truncate(TOPICS_MOST);
    found
}

/// Wilson's (1927) score interval of a share at 95 %.
fn wilson(count: u64, of: u64) -> (f64, f64) {
    let (z, n) = (normal_quantile(0.975), of.max(1) as f64);
    let share = count as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

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
pub fn redacted(text: &str) -> String {
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

    #[test]
    fn intervals_are_wilsons() {
        // Newcombe (1998, Statistics in Medicine 17), table I: 81 of 263 gives .2553 to .3662, 15 of 148 .0624 to .1605.
        for (count, of, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)] {
            let (found_low, found_high) = wilson(count, of);
            assert!((found_low - low).abs() < 5e-5 && (found_high - high).abs() < 5e-5, "{found_low} {found_high}");
        }
    }
}
