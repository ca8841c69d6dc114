//! Who a persona is: its key by its segment, by shared people where the model was drawn anew, or by a parent market's persona; its name
//! by what is true of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Ended, Former, Persona, PersonaSet};
use crate::Period;
use crate::naming::Claim;
use crate::naming::own::Named;
use crate::personas::lineage::{
    Continuity, Fate, Origin, Overlaps, PersonaEvent, SegmentEvent, SegmentEventKind, trace,
};
use crate::tables::moved::{Moved, is_same};
use crate::tables::profile::{Flow, SegmentProfile};

pub(super) struct Identity {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) claims: Vec<Claim>,
    pub(super) is_own_name: bool,
    pub(super) formerly: Vec<Former>,
    pub(super) since: Period,
    pub(super) lineage: String,
    pub(super) parents: Vec<String>,
}

pub(super) struct Identities {
    pub(super) born: Vec<Identity>,
    pub(super) ended: Vec<Ended>,
    pub(super) events: Vec<PersonaEvent>,
}

/// A key that a segment has, whose it was, and why.
struct Kept {
    key: String,
    before: Option<usize>,
    lineage: String,
    parents: Vec<String>,
}

pub(super) fn identify(segments: &[&SegmentProfile], context: &Context<'_>) -> Identities {
    let before: &[Persona] = context.previous.map_or(&[], |set| &set.personas);
    if let Some(adopted) = context.adopted {
        return adopt(segments, before, adopted, context);
    }
    match context.continuity {
        Continuity::Continued => follow(segments, before, context),
        Continuity::First | Continuity::Redrawn => redraw(segments, before, context),
    }
}

/// Keys of a parent market's personas: as long as one lives, so does the persona that is assigned by it.
fn adopt(
    segments: &[&SegmentProfile],
    before: &[Persona],
    adopted: &BTreeMap<u32, (String, String)>,
    context: &Context<'_>,
) -> Identities {
    let kept = |profile: &&SegmentProfile| {
        let (key, _) = adopted.get(&profile.segment).cloned().unwrap_or_default();
        let own_key = format!("{}-as-{key}", context.market);
        Kept {
            before: before.iter().position(|persona| persona.key == own_key),
            key: own_key,
            lineage: format!("assigned by the model of the parent market's persona {key}"),
            parents: vec![key],
        }
    };
    let born: Vec<Identity> = segments.iter().map(|profile| named(profile, kept(profile), before, context)).collect();
    let sentence = "faded: no group of the parent market's model stands for it any more";
    let ended = ended(before, &born, |_| sentence.to_owned());
    Identities { born, ended, events: Vec::new() }
}

/// The model was carried on: a persona follows its segment, and the model says what happened.
fn follow(segments: &[&SegmentProfile], before: &[Persona], context: &Context<'_>) -> Identities {
    let overlaps = overlaps(before, segments, context.flows);
    let place_of = |segment: u32| before.iter().position(|persona| persona.segment == segment);
    let event_of = |segment: u32, kinds: &[SegmentEventKind]| {
        context.events.iter().find(|event| event.segment == segment && kinds.contains(&event.kind))
    };
    let name = |segment: u32| place_of(segment).map(|place| before[place].label.clone());
    let mut keys = NewKeys::new(context);
    let mut born = Vec::new();
    for (child, profile) in segments.iter().enumerate() {
        let segment = profile.segment;
        let kept = match place_of(segment) {
            Some(parent) => {
                let (lineage, others) = survived(&overlaps, (parent, child), before, context);
                let parents = std::iter::once(before[parent].key.clone()).chain(others).collect();
                Kept { key: before[parent].key.clone(), before: Some(parent), lineage, parents }
            }
            None => {
                let event = event_of(segment, &[SegmentEventKind::Born, SegmentEventKind::Split]);
                let from = event.and_then(|event| event.from);
                let lineage = begun(event.map(|event| event.kind), from.and_then(name));
                let is_split = event.is_some_and(|event| event.kind == SegmentEventKind::Split);
                let parents = from.filter(|_| is_split).and_then(place_of).map(|place| before[place].key.clone());
                Kept { key: keys.of(segment), before: None, lineage, parents: parents.into_iter().collect() }
            }
        };
        born.push(named(profile, kept, before, context));
    }
    let label_of = |segment: u32| {
        let place = segments.iter().position(|profile| profile.segment == segment)?;
        Some(born[place].label.clone())
    };
    let ended = ended(before, &born, |persona| {
        let is_gone =
            |event: &&SegmentEvent| event.kind == SegmentEventKind::Merged && event.from == Some(persona.segment);
        let into = context.events.iter().find(is_gone).and_then(|event| label_of(event.segment));
        match into {
            Some(into) => format!("became one with {into}"),
            None => "faded: too few of its people are left to describe".to_owned(),
        }
    });
    let key_of = |segment: u32| {
        let now = segments.iter().position(|profile| profile.segment == segment).map(|place| born[place].key.clone());
        now.or_else(|| place_of(segment).map(|place| before[place].key.clone()))
    };
    let customers_of = |segment: u32| {
        let now = segments.iter().find(|profile| profile.segment == segment).map(|profile| profile.customers);
        now.or_else(|| place_of(segment).map(|place| before[place].customers)).unwrap_or(0)
    };
    let told = |event: &SegmentEvent| {
        let from = event.from.and_then(key_of).into_iter().collect();
        Some(PersonaEvent {
            kind: event.kind,
            key: key_of(event.segment)?,
            from,
            customers: customers_of(event.segment),
        })
    };
    let events = context.events.iter().filter_map(told).collect();
    Identities { born, ended, events }
}

/// Where a persona comes from that was not there before; `parent` is the label of whom it was split from.
fn begun(event: Option<SegmentEventKind>, parent: Option<String>) -> String {
    match (event, parent) {
        (Some(SegmentEventKind::Born), _) => {
            "born: mostly people who first bought within the last six months".to_owned()
        }
        (Some(_), Some(parent)) => format!("split from {parent}"),
        _ => "large enough to be described now".to_owned(),
    }
}

/// What became of a persona that is still there, and keys of others whose people it took over.
fn survived(
    overlaps: &Overlaps,
    (parent, child): (usize, usize),
    before: &[Persona],
    context: &Context<'_>,
) -> (String, Vec<String>) {
    let events = || context.events.iter().filter(|event| event.segment == before[parent].segment);
    let merged: Vec<&Persona> = events()
        .filter(|event| event.kind == SegmentEventKind::Merged)
        .filter_map(|event| before.iter().find(|persona| Some(persona.segment) == event.from))
        .collect();
    if !merged.is_empty() {
        let names =
            std::iter::once(&before[parent]).chain(merged.iter().copied()).map(|persona| persona.label.as_str());
        let lineage = format!("merged from {}", names.collect::<Vec<_>>().join(" and "));
        return (lineage, merged.into_iter().map(|persona| persona.key.clone()).collect());
    }
    if events().any(|event| event.kind == SegmentEventKind::Faded) {
        let lineage = "fading: far fewer of its returning members bought than were expected to".to_owned();
        return (lineage, Vec::new());
    }
    let both: u64 = overlaps.shared[parent][child];
    let kept: u64 = overlaps.shared[parent].iter().sum();
    let here: u64 = overlaps.shared.iter().map(|line| line[child]).sum();
    let union = (kept + here).saturating_sub(both);
    let jaccard = if union == 0 { 0.0 } else { both as f64 / union as f64 };
    let mostly_new = overlaps.children[child] > 0 && (here as f64) < 0.5 * overlaps.children[child] as f64;
    (survival(jaccard, jaccard >= context.thresholds.strong_jaccard, mostly_new), Vec::new())
}

fn survival(jaccard: f64, is_strong: bool, is_mostly_new: bool) -> String {
    let kind = if is_strong { "survived" } else { "survived, changed" };
    let people = if is_mostly_new { "; mostly new people" } else { "" };
    format!("{kind}: {:.0} % of the people of either period are in both{people}", 100.0 * jaccard)
}

/// Another model took the place of last period's: keys are kept where the people are, and nothing of it is an event.
fn redraw(segments: &[&SegmentProfile], before: &[Persona], context: &Context<'_>) -> Identities {
    let (origins, fates) = trace(&overlaps(before, segments, context.flows), context.thresholds);
    let mut keys = NewKeys::new(context);
    let kept = |profile: &SegmentProfile, origin: &Origin, keys: &mut NewKeys<'_>| {
        let parent = match origin {
            Origin::Survived { parent, .. } | Origin::SplitFrom { parent, keeps_key: true } => Some(*parent),
            Origin::Merged { keeps_key_of, .. } => *keeps_key_of,
            _ => None,
        };
        let from = match origin {
            Origin::Survived { parent, .. } | Origin::SplitFrom { parent, .. } => vec![*parent],
            Origin::Merged { parents, .. } => parents.clone(),
            Origin::Emerged { .. } => Vec::new(),
        };
        let lineage = match origin {
            _ if context.previous.is_none() => "first seen in the first published period".to_owned(),
            _ if before.is_empty() => "first described in this period".to_owned(),
            Origin::Survived { jaccard, strong, mostly_new_people, .. } => {
                format!("{}; drawn anew by a changed definition", survival(*jaccard, *strong, *mostly_new_people))
            }
            _ => "drawn anew by a changed definition".to_owned(),
        };
        Kept {
            key: parent.map_or_else(|| keys.of(profile.segment), |parent| before[parent].key.clone()),
            before: parent,
            lineage,
            parents: from.into_iter().map(|index| before[index].key.clone()).collect(),
        }
    };
    let born: Vec<Identity> = segments
        .iter()
        .zip(&origins)
        .map(|(profile, origin)| named(profile, kept(profile, origin, &mut keys), before, context))
        .collect();
    let fate_of =
        |persona: &Persona| before.iter().position(|other| other.key == persona.key).map(|place| &fates[place]);
    let ended = ended(before, &born, |persona| match fate_of(persona) {
        Some(Fate::PeopleLeft) => "faded: its people are no longer active".to_owned(),
        _ => "no longer drawn by the changed definition: its people are in other personas".to_owned(),
    });
    Identities { born, ended, events: Vec::new() }
}

/// A persona's identity with its name: the company's own by key, or that of its segment; another one than before is told for a year.
fn named(profile: &SegmentProfile, kept: Kept, before: &[Persona], context: &Context<'_>) -> Identity {
    let Kept { key, before: place, lineage, parents } = kept;
    let is_here =
        |market: &Option<crate::Market>| market.as_ref().is_none_or(|market| market.as_str() == context.market);
    let own = context.own_names.iter().find(|own| own.of == Named::Key(key.clone()) && is_here(&own.market));
    let name = context.names.get(&profile.segment).cloned().unwrap_or_default();
    let old = place.map(|place| &before[place]);
    let label = own.map_or(name.label, |own| own.name.clone());
    let year_ago = context.period.year_before();
    let renamed = old
        .filter(|old| old.label != label)
        .map(|old| Former { label: old.label.clone(), until: context.period.previous() });
    let earlier = old.map(|old| old.formerly.clone()).unwrap_or_default();
    let formerly =
        renamed.into_iter().chain(earlier).filter(|former| former.label != label && former.until >= year_ago);
    Identity {
        formerly: formerly.collect(),
        is_own_name: own.is_some() || context.own_named.contains(&profile.segment),
        claims: name.claims,
        since: old.map_or(context.period, |old| old.since),
        key,
        label,
        lineage,
        parents,
    }
}

/// Keys of personas that are seen for the first time: market, period and a letter.
/// In a revision a persona has the key that the revision before gave to the same people.
struct NewKeys<'a> {
    stem: String,
    suffix: String,
    next: u32,
    replaced: Option<(&'a PersonaSet, &'a [Moved])>,
    taken: BTreeSet<String>,
}

impl<'a> NewKeys<'a> {
    fn new(context: &Context<'a>) -> Self {
        let suffix = if context.revision > 1 { format!("-r{}", context.revision) } else { String::new() };
        let before = context.previous.map_or(&[][..], |set| &set.personas);
        Self {
            stem: format!("{}-{}", context.market, context.period.to_string().to_lowercase()),
            suffix,
            next: 0,
            replaced: context.replaced,
            taken: before.iter().map(|persona| persona.key.clone()).collect(),
        }
    }

    fn of(&mut self, segment: u32) -> String {
        let key = self.replaced.and_then(|(set, moved)| {
            let same = set.personas.iter().find(|persona| is_same(persona.segment, segment, moved))?;
            Some(same.key.clone()).filter(|key| !self.taken.contains(key))
        });
        let key = key.unwrap_or_else(|| self.next());
        self.taken.insert(key.clone());
        key
    }

    fn next(&mut self) -> String {
        let letter = char::from_u32(u32::from('a') + self.next.min(25)).unwrap_or('z');
        self.next += 1;
        format!("{}-{letter}{}", self.stem, self.suffix)
    }
}

fn ended(before: &[Persona], born: &[Identity], sentence: impl Fn(&Persona) -> String) -> Vec<Ended> {
    let keys: BTreeSet<&str> = born.iter().map(|identity| identity.key.as_str()).collect();
    let is_gone = |persona: &&Persona| !keys.contains(persona.key.as_str());
    let gone = before.iter().filter(is_gone);
    gone.map(|persona| Ended { key: persona.key.clone(), label: persona.label.clone(), sentence: sentence(persona) })
        .collect()
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
