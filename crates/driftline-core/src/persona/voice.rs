//! What members say: topics that they raise more often than others, and their own words where they agreed to be quoted.

use chrono::NaiveDate;
use driftline_stats::significance::normal_quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::note::Topic;
use crate::profile::{SegmentProfile, TopicCount};

/// A topic that stands out: its rate among members is surely above that among everyone else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopicRate {
    pub source: String,
    /// What it tells of them; reports of earlier versions had tickets only.
    #[serde(default = "frustrations")]
    pub kind: Topic,
    pub topic: String,
    pub customers: u64,
    /// Those who answered, of whom the share is; `None` where nobody was asked and the share is of all members.
    #[serde(default)]
    pub answered: Option<u64>,
    /// Share of those who raised it in 12 months, with Wilson's 95 % range.
    pub share: f64,
    pub low_95: f64,
    pub high_95: f64,
    /// The same share of everyone active who is not a member.
    pub others_share: f64,
}

fn frustrations() -> Topic {
    Topic::Frustrations
}

/// Words of one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    pub source: String,
    pub given_on: NaiveDate,
    pub text: String,
}

/// Topics of one kind on a card.
const TOPICS_MOST: usize = 3;
const QUOTES_MOST: usize = 2;
const QUOTE_LETTERS_MOST: usize = 160;

/// The topics that stand out, by kind and most first; none of fewer than `min_cell` members, or that leaves fewer outside.
pub(super) fn topics(profile: &SegmentProfile, everyone: &SegmentProfile, min_cell: u64) -> Vec<TopicRate> {
    let is_safe = |count: u64| count == 0 || count >= min_cell;
    let rate = |own: &TopicCount| {
        let is_same = |all: &&TopicCount| (&all.source, all.kind, &all.topic) == (&own.source, own.kind, &own.topic);
        let all = everyone.topics.iter().find(is_same)?;
        let of_others = all.customers.checked_sub(own.customers)?;
        let is_asked = own.kind.is_asked();
        let of = if is_asked { own.answered } else { profile.customers };
        let others = if is_asked { all.answered } else { everyone.customers }.checked_sub(of)?;
        let is_shown = own.customers >= min_cell.max(1)
            && is_safe(of.checked_sub(own.customers)?)
            && is_safe(profile.customers.checked_sub(of)?)
            && is_safe(of_others)
            && is_safe(others.checked_sub(of_others)?)
            && others >= min_cell;
        let (low_95, high_95) = wilson(own.customers, of);
        let others_share = of_others as f64 / others.max(1) as f64;
        (is_shown && low_95 > others_share).then(|| TopicRate {
            source: own.source.clone(),
            kind: own.kind,
            topic: own.topic.clone(),
            customers: own.customers,
            answered: is_asked.then_some(of),
            share: own.customers as f64 / of as f64,
            low_95,
            high_95,
            others_share,
        })
    };
    let mut found: Vec<TopicRate> = profile.topics.iter().filter_map(rate).collect();
    let over = |rate: &TopicRate| rate.share - rate.others_share;
    found.sort_by(|a, b| a.kind.cmp(&b.kind).then(over(b).total_cmp(&over(a))).then(a.topic.cmp(&b.topic)));
    let most_of_each = found.chunk_by(|a, b| a.kind == b.kind).flat_map(|kind| kind.iter().take(TOPICS_MOST));
    most_of_each.cloned().collect()
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

    fn count(kind: Topic, topic: &str, customers: u64, answered: u64) -> TopicCount {
        TopicCount { source: "survey".to_owned(), kind, topic: topic.to_owned(), customers, answered }
    }

    #[test]
    fn answers_are_of_those_who_answered_and_complaints_of_all() {
        let profile = |customers, topics| SegmentProfile { customers, topics, ..SegmentProfile::default() };
        let own =
            profile(500, vec![count(Topic::Goals, "advice", 30, 40), count(Topic::Frustrations, "delivery", 30, 40)]);
        let everyone = profile(
            2500,
            vec![count(Topic::Goals, "advice", 50, 240), count(Topic::Frustrations, "delivery", 50, 240)],
        );
        let found = topics(&own, &everyone, 10);
        let shares: Vec<_> =
            found.iter().map(|rate| (rate.kind, rate.share, rate.others_share, rate.answered)).collect();
        let expected = vec![(Topic::Goals, 0.75, 0.1, Some(40)), (Topic::Frustrations, 0.06, 0.01, None)];
        assert_eq!(shares, expected);
        // Six who answered something else, or five who did not answer, could be worked out.
        for (named, answered, customers) in [(34, 40, 500), (30, 495, 500)] {
            let own = profile(customers, vec![count(Topic::Goals, "advice", named, answered)]);
            let everyone = profile(2500, vec![count(Topic::Goals, "advice", named + 20, answered + 200)]);
            assert_eq!(topics(&own, &everyone, 10), vec![]);
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
