//! What customers of each kind write: topics that differ from kind to kind, so that evidence can be told from chance.

use driftline_stats::random::SplitMix64;

use crate::habits::Kind;

const TICKETS: [(&str, &str); 6] = [
    ("delivery", "My parcel came days late, and nobody told me."),
    ("returns", "I sent it back three weeks ago and still wait for the money."),
    ("prices", "The reduced price did not show at the till."),
    ("quality", "One of the glasses arrived broken."),
    ("account", "I cannot log in since the last change."),
    ("stock", "What I come for was sold out again on Saturday."),
];

/// A ticket's topic and text: every second one is about what this kind cares for.
pub(crate) fn ticket(kind: Kind, random: &mut SplitMix64) -> (&'static str, String) {
    let own = match kind {
        Kind::Gifters | Kind::Premium => 3,
        Kind::BargainHunters => 2,
        Kind::Faders => 1,
        Kind::Families | Kind::Regulars => 5,
        Kind::Students | Kind::Starters => 0,
    };
    let (topic, text) = TICKETS[if random.next_f64() < 0.5 { own } else { random.below(TICKETS.len()) }];
    (topic, text.to_owned())
}

/// How likely somebody is to recommend the shop, and why.
pub(crate) fn survey(kind: Kind, random: &mut SplitMix64) -> (i64, String) {
    let (middle, text) = match kind {
        Kind::Regulars => (8, "I pass by every morning; it has to be quick."),
        Kind::Families => (8, "One trip for everything saves my week."),
        Kind::BargainHunters => (6, "I look for what is reduced first."),
        Kind::Gifters => (7, "I want it wrapped and on time."),
        Kind::Students => (6, "It must be cheap."),
        Kind::Starters => (7, "We are furnishing our first flat."),
        Kind::Premium => (9, "I come for the wine and the advice."),
        Kind::Faders => (3, "Sizes never fit, so most of it goes back."),
    };
    ((middle + random.below(5) as i64 - 2).clamp(0, 10), text.to_owned())
}

const GOALS: [&str; 5] = ["a quick stop", "one trip for everything", "the lowest price", "a good present", "advice"];
const OBJECTIONS: [&str; 4] = ["too far away", "too expensive", "does not fit", "waiting at the till"];

/// What they ticked as their goal and as what keeps them from buying more: two of three as their kind does.
pub(crate) fn ticked(kind: Kind, random: &mut SplitMix64) -> (&'static str, &'static str) {
    let (goal, objection) = match kind {
        Kind::Regulars => (0, 3),
        Kind::Families => (1, 3),
        Kind::BargainHunters | Kind::Students => (2, 1),
        Kind::Gifters => (3, 0),
        Kind::Starters => (1, 0),
        Kind::Premium => (4, 0),
        Kind::Faders => (2, 2),
    };
    let mut tick = |own: usize, of: usize| if random.below(3) < 2 { own } else { random.below(of) };
    (GOALS[tick(goal, GOALS.len())], OBJECTIONS[tick(objection, OBJECTIONS.len())])
}
