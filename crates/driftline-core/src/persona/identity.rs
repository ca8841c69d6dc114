//! Who a persona is: its key and label by lineage, or new ones, or those of a parent market's persona.

use std::collections::BTreeSet;

use super::{Context, Ended, Persona};
use crate::Period;
use crate::label;
use crate::lineage::{Fate, Origin, Overlaps, trace};
use crate::profile::{FeatureTilt, Flow, SegmentProfile};

pub(super) struct Identity {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) since: Period,
    pub(super) lineage: String,
    pub(super) parents: Vec<String>,
}

pub(super) struct Identities {
    pub(super) born: Vec<Identity>,
    pub(super) ended: Vec<Ended>,
}

pub(super) fn identify(segments: &[&SegmentProfile], context: &Context<'_>) -> Identities {
    let tilts_of = |profile: &SegmentProfile| context.tilts.get(&profile.segment).cloned().unwrap_or_default();
    if let Some(adopted) = context.adopted {
        let before: &[Persona] = context.previous.map_or(&[], |set| &set.personas);
        let identity = |profile: &&SegmentProfile| {
            let (key, label) = adopted.get(&profile.segment).cloned().unwrap_or_default();
            let lineage = format!("assigned by the model of the parent market's persona {key}");
            let own_key = format!("{}-as-{key}", context.market);
            // As long as the parent market's persona lives, so does the one that is assigned by it.
            let since = before.iter().find(|persona| persona.key == own_key).map(|persona| persona.since);
            Identity { key: own_key, label, since: since.unwrap_or(context.period), lineage, parents: vec![key] }
        };
        let born: Vec<Identity> = segments.iter().map(identity).collect();
        let ended = before
            .iter()
            .filter(|persona| born.iter().all(|identity| identity.key != persona.key))
            .map(|persona| Ended {
                key: persona.key.clone(),
                label: persona.label.clone(),
                sentence: "faded: no group of the parent market's model stands for it any more".to_owned(),
            })
            .collect();
        return Identities { born, ended };
    }
    let parents: &[Persona] = context.previous.map_or(&[], |set| &set.personas);
    let (origins, fates) = trace(&overlaps(parents, segments, context.flows), context.thresholds);

    let inherited: Vec<Option<usize>> = origins
        .iter()
        .map(|origin| match origin {
            Origin::Survived { parent, .. } | Origin::SplitFrom { parent, keeps_key: true } => Some(*parent),
            Origin::Merged { keeps_key_of, .. } => *keeps_key_of,
            _ => None,
        })
        .collect();
    let taken: BTreeSet<String> = parents.iter().map(|persona| persona.label.clone()).collect();
    let unnamed: Vec<Vec<FeatureTilt>> = segments
        .iter()
        .zip(&inherited)
        .filter(|(_, parent)| parent.is_none())
        .map(|(profile, _)| tilts_of(profile))
        .collect();
    let mut fresh_labels = label::labels(&unnamed, &taken).into_iter();
    let mut letters = 'a'..='z';
    let born = origins
        .iter()
        .zip(&inherited)
        .map(|(origin, parent)| {
            let lineage = sentence_of(origin, parents);
            let from = match origin {
                Origin::Survived { parent, .. } | Origin::SplitFrom { parent, .. } => vec![*parent],
                Origin::Merged { parents, .. } => parents.clone(),
                Origin::Emerged { .. } => Vec::new(),
            };
            let from = from.into_iter().map(|index| parents[index].key.clone()).collect();
            match parent {
                Some(index) => {
                    let parent = &parents[*index];
                    Identity {
                        key: parent.key.clone(),
                        label: parent.label.clone(),
                        since: parent.since,
                        lineage,
                        parents: from,
                    }
                }
                None => {
                    let letter = letters.next().unwrap_or('z');
                    let revision = if context.revision > 1 { format!("-r{}", context.revision) } else { String::new() };
                    let key =
                        format!("{}-{}-{letter}{revision}", context.market, context.period.to_string().to_lowercase());
                    let label = fresh_labels.next().unwrap_or_default();
                    let lineage = if context.previous.is_none() {
                        "first seen in the first published period".to_owned()
                    } else {
                        lineage
                    };
                    Identity { key, label, since: context.period, lineage, parents: from }
                }
            }
        })
        .collect::<Vec<_>>();
    let keys: BTreeSet<&str> = born.iter().map(|identity| identity.key.as_str()).collect();
    let ended = parents
        .iter()
        .zip(&fates)
        .filter(|(persona, _)| !keys.contains(persona.key.as_str()))
        .map(|(persona, fate)| {
            let sentence = match fate {
                Fate::Survived { child } | Fate::Merged { child } => format!("merged into {}", born[*child].label),
                Fate::Split { children } => {
                    let names: Vec<&str> = children.iter().map(|child| born[*child].label.as_str()).collect();
                    format!("split into {}", names.join(" and "))
                }
                Fate::PeopleLeft => "faded: its people are no longer active".to_owned(),
                Fate::PeopleDispersed => "faded: its people spread over other personas".to_owned(),
            };
            Ended { key: persona.key.clone(), label: persona.label.clone(), sentence }
        })
        .collect();
    Identities { born, ended }
}

fn overlaps(parents: &[Persona], segments: &[&SegmentProfile], flows: &[Flow]) -> Overlaps {
    let shared = |persona: &Persona, profile: &SegmentProfile| {
        flows
            .iter()
            .filter(|flow| flow.published_segment == persona.segment && flow.now_segment == profile.segment)
            .map(|flow| flow.customers)
            .sum()
    };
    Overlaps {
        parents: parents.iter().map(|persona| persona.customers).collect(),
        children: segments.iter().map(|profile| profile.customers).collect(),
        shared: parents
            .iter()
            .map(|persona| segments.iter().map(|profile| shared(persona, profile)).collect())
            .collect(),
    }
}

fn sentence_of(origin: &Origin, parents: &[Persona]) -> String {
    let name = |index: &usize| parents[*index].label.clone();
    match origin {
        Origin::Survived { jaccard, strong, mostly_new_people, .. } => {
            let kind = if *strong { "survived" } else { "survived, changed" };
            let people = if *mostly_new_people { "; mostly new people" } else { "" };
            format!("{kind}: {:.0} % of the people of either period are in both{people}", 100.0 * jaccard)
        }
        Origin::SplitFrom { parent, .. } => format!("split from {}", name(parent)),
        Origin::Merged { parents: from, .. } => {
            format!("merged from {}", from.iter().map(name).collect::<Vec<_>>().join(" and "))
        }
        Origin::Emerged { of_new_people: true } => "emerged, mostly of new people".to_owned(),
        Origin::Emerged { of_new_people: false } => "emerged from people of several personas".to_owned(),
    }
}
