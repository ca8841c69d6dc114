//! What members say: topics that they raise more often than others, and their own words where they agreed to be quoted.

use chrono::NaiveDate;
use driftline_stats::significance::normal_quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Persona;
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

/// Takes topics from cards until none gives away a small group by subtraction: the same topic's count in all other personas
/// together, or, where everybody ticked one answer, those who ticked what is not shown.
pub(super) fn hide_across(personas: &mut [Persona], everyone: &SegmentProfile, min_cell: u64) {
    while let Some((persona, topic)) = gives_away(personas, everyone, min_cell) {
        personas[persona].topics.remove(topic);
    }
}

/// Places of a persona and its topic that has to go: of those that together give a small group away, the one of fewest members.
fn gives_away(personas: &[Persona], everyone: &SegmentProfile, min_cell: u64) -> Option<(usize, usize)> {
    let is_small = |count: Option<u64>| count.is_some_and(|count| count > 0 && count < min_cell);
    for total in &everyone.topics {
        let shown = || {
            personas.iter().enumerate().flat_map(|(persona, card)| {
                let topics = card.topics.iter().enumerate();
                let same = topics.filter(|(_, rate)| (&rate.source, rate.kind) == (&total.source, total.kind));
                same.map(move |(topic, rate)| (persona, topic, rate))
            })
        };
        let same = || shown().filter(|(_, _, rate)| rate.topic == total.topic);
        let base = |persona: usize, rate: &TopicRate| rate.answered.unwrap_or(personas[persona].customers);
        let of_all = if total.kind.is_asked() { total.answered } else { everyone.customers };
        let rest = total.customers.checked_sub(same().map(|(_, _, rate)| rate.customers).sum());
        let rest_of = of_all.checked_sub(same().map(|(persona, _, rate)| base(persona, rate)).sum());
        let silent = rest_of.zip(rest).and_then(|(of, rest)| of.checked_sub(rest));
        if (is_small(rest) || is_small(rest_of) || is_small(silent)) && same().next().is_some() {
            return same().min_by_key(|(_, _, rate)| rate.customers).map(|(persona, topic, _)| (persona, topic));
        }
        for persona in 0..personas.len() {
            let ticked = || shown().filter(|(place, _, rate)| *place == persona && rate.answered.is_some());
            let Some((_, _, first)) = ticked().next() else { continue };
            if is_small(base(persona, first).checked_sub(ticked().map(|(_, _, rate)| rate.customers).sum())) {
                return ticked().min_by_key(|(_, _, rate)| rate.customers).map(|(persona, topic, _)| (persona, topic));
            }
        }
    }
    None
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
    fn what_others_said_cannot_be_worked_out() {
        let card = |segment, customers, topics: &[(Topic, &str, u64, u64)]| {
            let counts = topics.iter().map(|&(kind, topic, raised, answered)| count(kind, topic, raised, answered));
            let mut card = crate::change::tests::persona(segment, customers, 0.3, crate::Minor::ZERO);
            card.topics = counts
                .map(|own| TopicRate {
                    source: own.source,
                    kind: own.kind,
                    topic: own.topic,
                    customers: own.customers,
                    answered: own.kind.is_asked().then_some(own.answered),
                    share: 0.5,
                    low_95: 0.4,
                    high_95: 0.6,
                    others_share: 0.1,
                })
                .collect();
            card
        };
        let everyone = |topics: &[(Topic, &str, u64, u64)]| SegmentProfile {
            customers: 2800,
            topics: topics.iter().map(|&(kind, topic, raised, of)| count(kind, topic, raised, of)).collect(),
            ..SegmentProfile::default()
        };
        let delivery = |raised| (Topic::Frustrations, "delivery", raised, 0);
        let goal = |topic, raised, answered| (Topic::Goals, topic, raised, answered);
        // Name, who says what, all together, and how many topics stay on each card.
        let cases = [
            ("five are left", vec![vec![delivery(100)], vec![delivery(50)]], vec![delivery(155)], [1, 0]),
            ("fifty are left", vec![vec![delivery(100)], vec![delivery(50)]], vec![delivery(200)], [1, 1]),
            ("nobody is left", vec![vec![delivery(100)], vec![delivery(50)]], vec![delivery(150)], [1, 1]),
            (
                "four of forty ticked something else",
                vec![vec![goal("advice", 20, 40), goal("price", 16, 40)], vec![]],
                vec![goal("advice", 60, 240), goal("price", 60, 240)],
                [1, 0],
            ),
            (
                "six who answered are nobody's",
                vec![vec![goal("advice", 20, 40)], vec![goal("advice", 20, 60)]],
                vec![goal("advice", 50, 106)],
                [0, 1],
            ),
        ];
        for (name, cards, all, expected) in cases {
            let mut personas: Vec<Persona> =
                cards.iter().zip(1..).map(|(topics, segment)| card(segment, 500, topics)).collect();
            hide_across(&mut personas, &everyone(&all), 10);
            let left: Vec<usize> = personas.iter().map(|persona| persona.topics.len()).collect();
            assert_eq!(left, expected, "{name}");
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
