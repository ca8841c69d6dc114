//! What members say more often than others, as a line: the topic that stands out most of those that a reader can act on.

use crate::persona::Persona;
use crate::persona::note::Topic;
use crate::persona::voice::TopicRate;
use crate::report::Report;
use crate::sentence::Words;

/// The line of the loudest topic of these kinds; `None` if no topic stands out.
pub(super) fn loudest(report: &Report, kinds: &[Topic], words: &Words) -> Option<String> {
    let over = |topic: &TopicRate| topic.share - topic.others_share;
    let all = report.personas.personas.iter();
    let (persona, topic) = all
        .flat_map(|persona| persona.topics.iter().map(move |topic| (persona, topic)))
        .filter(|(_, topic)| kinds.contains(&topic.kind))
        .max_by(|a, b| over(a.1).total_cmp(&over(b.1)).then(b.0.key.cmp(&a.0.key)))?;
    Some(sentence(persona, topic, words))
}

fn sentence(persona: &Persona, topic: &TopicRate, words: &Words) -> String {
    let said = match topic.kind {
        Topic::Goals => format!("name \u{201c}{}\u{201d} as their goal", topic.topic),
        Topic::Motivations => format!("name \u{201c}{}\u{201d} as their reason", topic.topic),
        Topic::Objections => format!("name \u{201c}{}\u{201d} as what keeps them from buying", topic.topic),
        Topic::Frustrations | Topic::Quotes => format!("raise {}", topic.topic),
    };
    let whom = topic.answered.map_or_else(
        || "them".to_owned(),
        |answered| format!("the {} members who answered", words.locale.count(answered)),
    );
    // Answers are few: a tenth of a percent would be more than they can say.
    let decimals = usize::from(topic.answered.is_none());
    let percent = |share| words.locale.percent(share, decimals);
    format!(
        "{} {said} more than others: {} of {whom}, {} of the rest.",
        persona.label,
        percent(topic.share),
        percent(topic.others_share)
    )
}
