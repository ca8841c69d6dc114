//! A persona is a segment of customers described from data, with a key that stays the same while its people do.
//!
//! Every field comes from named tables with the number of customers it rests on; what no source can say is listed as "no
//! evidence yet" with the source that would supply it. Nothing is invented.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::disclosure::{hide_small, hide_table};
use crate::label;
use crate::lineage::{Fate, Origin, Overlaps, Thresholds, trace};
use crate::profile::{FeatureTilt, Flow, FlowKind, Habit, SegmentProfile};
use crate::{Minor, Period};

/// Whether a persona leads the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Primary,
    Secondary,
    /// Costs more than it brings, by returns or net amount; causes are to be looked for on both sides.
    Negative,
}

/// Weights of the priority score, as entered in the job. They need not add up to one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Priority {
    pub value: f64,
    pub margin: f64,
    pub growth: f64,
    pub brand: f64,
    /// Brand fit by persona key, 0 to 1, entered by hand; 0.5 where nothing is entered.
    pub brand_fit: BTreeMap<String, f64>,
}

impl Default for Priority {
    fn default() -> Self {
        Self { value: 0.6, margin: 0.2, growth: 0.2, brand: 0.0, brand_fit: BTreeMap::new() }
    }
}

/// How many personas lead, and what a persona must have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Floor {
    pub primary_min: usize,
    pub primary_max: usize,
    pub members_min: u64,
    /// Primaries are added beyond the minimum until they hold this share of the value.
    pub coverage: f64,
    /// Bootstrap Jaccard below which a persona may not be primary.
    pub stability_min: f64,
    pub min_cell: u64,
}

impl Default for Floor {
    fn default() -> Self {
        Self { primary_min: 3, primary_max: 5, members_min: 30, coverage: 0.8, stability_min: 0.6, min_cell: 10 }
    }
}

/// Share of an amount or a count, with what it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryShare {
    pub category: String,
    pub share: f64,
    pub base_share: f64,
    pub customers: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttributeBand {
    pub value: String,
    /// `None`: fewer than `min_cell`, or hidden so that another cannot be worked out.
    pub customers: Option<u64>,
    /// Of those who answered.
    pub share: Option<f64>,
    pub base_share: Option<f64>,
}

/// One declared attribute: bands, and how many of the members answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttributeSummary {
    pub attribute: String,
    pub answered: u64,
    pub missing_share: f64,
    pub bands: Vec<AttributeBand>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactSummary {
    pub campaign_type: String,
    pub contacted: u64,
    pub contacted_share: f64,
    pub responded: Option<u64>,
    pub response_share: Option<f64>,
}

/// A field of the card that no source of this job can fill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub field: String,
    pub state: String,
    pub source_needed: String,
}

/// Parts of the priority score, each 0 to 1; `None` is left out of the mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorityScore {
    pub score: f64,
    pub rank: usize,
    pub value: f64,
    pub margin: Option<f64>,
    pub growth: f64,
    pub brand: f64,
    /// Why the rank differs from last period's: `data`, `weights`, `data and weights`; absent if it does not.
    pub rank_change: Option<String>,
}

/// A segment described. Shares are of active customers (`share`) or of their value (`value_share`), 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Persona {
    pub key: String,
    pub label: String,
    pub role: Role,
    pub segment: u32,
    pub since: Period,
    /// Marked when another market's model assigned it or the market is small.
    pub provisional: bool,
    /// One sentence on where it comes from.
    pub lineage: String,
    pub parents: Vec<String>,
    pub customers: u64,
    pub share: f64,
    pub value: Option<Minor>,
    pub value_share: Option<f64>,
    pub value_per_customer: Option<Minor>,
    pub net_revenue: Minor,
    pub churn_risk: Option<f64>,
    pub stability: Option<f64>,
    pub priority: PriorityScore,
    pub tilts: Vec<FeatureTilt>,
    pub habits: Vec<Habit>,
    pub categories: Vec<CategoryShare>,
    pub attributes: Vec<AttributeSummary>,
    pub contacts: Vec<ContactSummary>,
    pub evidence: Vec<Evidence>,
    pub note: Option<String>,
}

/// What became of a persona that is no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub key: String,
    pub label: String,
    pub sentence: String,
}

/// All personas of a market in a period, best first, and the weights they were ranked with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonaSet {
    pub personas: Vec<Persona>,
    pub ended: Vec<Ended>,
    pub priority: Priority,
    pub primary_customer_share: f64,
    pub primary_value_share: Option<f64>,
    /// Why there are fewer primaries than asked for, if so.
    pub primaries_note: Option<String>,
}

/// Everything that a description needs besides the profiles.
pub struct Context<'a> {
    pub market: &'a str,
    pub period: Period,
    pub revision: u32,
    pub previous: Option<&'a PersonaSet>,
    pub flows: &'a [Flow],
    /// Tilt of every segment, by segment number.
    pub tilts: &'a BTreeMap<u32, Vec<FeatureTilt>>,
    pub stability: &'a BTreeMap<u32, f64>,
    pub thresholds: &'a Thresholds,
    pub priority: &'a Priority,
    pub floor: Floor,
    pub provisional: bool,
    /// Key and label of each segment when a parent market's model made them.
    pub adopted: Option<&'a BTreeMap<u32, (String, String)>>,
    /// Whether the job has sources of declared attributes and of contacts.
    pub has_attributes: bool,
    pub has_contacts: bool,
}

/// Describes the segments as personas: keys by lineage, labels by rule, roles by priority.
pub fn describe(profiles: &[SegmentProfile], context: &Context<'_>) -> PersonaSet {
    let Some(everyone) = profiles.iter().find(|profile| profile.segment == 0) else {
        return PersonaSet {
            personas: Vec::new(),
            ended: Vec::new(),
            priority: context.priority.clone(),
            primary_customer_share: 0.0,
            primary_value_share: None,
            primaries_note: Some("nobody is active in this market".to_owned()),
        };
    };
    let segments: Vec<&SegmentProfile> = profiles
        .iter()
        .filter(|profile| profile.segment > 0 && profile.customers >= context.floor.members_min)
        .collect();
    let identities = identify(&segments, context);
    let mut personas: Vec<Persona> = segments
        .iter()
        .zip(identities.born)
        .map(|(profile, identity)| card(profile, everyone, identity, context))
        .collect();
    hide_across(&mut personas, &segments, context.floor.min_cell);
    let primaries_note = assign_roles(&mut personas, everyone, context);
    let primaries = || personas.iter().filter(|persona| persona.role == Role::Primary);
    PersonaSet {
        primary_customer_share: primaries().map(|persona| persona.share).sum(),
        primary_value_share: everyone.value.map(|_| primaries().filter_map(|persona| persona.value_share).sum()),
        personas,
        ended: identities.ended,
        priority: context.priority.clone(),
        primaries_note,
    }
}

struct Identity {
    key: String,
    label: String,
    since: Period,
    lineage: String,
    parents: Vec<String>,
}

struct Identities {
    born: Vec<Identity>,
    ended: Vec<Ended>,
}

fn identify(segments: &[&SegmentProfile], context: &Context<'_>) -> Identities {
    let tilts_of = |profile: &SegmentProfile| context.tilts.get(&profile.segment).cloned().unwrap_or_default();
    if let Some(adopted) = context.adopted {
        let identity = |profile: &&SegmentProfile| {
            let (key, label) = adopted.get(&profile.segment).cloned().unwrap_or_default();
            let lineage = format!("assigned by the model of the parent market's persona {key}");
            Identity {
                key: format!("{}-as-{key}", context.market),
                label,
                since: context.period,
                lineage,
                parents: vec![key],
            }
        };
        return Identities { born: segments.iter().map(identity).collect(), ended: Vec::new() };
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
            .filter(|flow| flow.kind == FlowKind::Stayed)
            .filter(|flow| flow.from_segment == persona.segment && flow.to_segment == profile.segment)
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

fn card(profile: &SegmentProfile, everyone: &SegmentProfile, identity: Identity, context: &Context<'_>) -> Persona {
    let value_share = profile.value.zip(everyone.value).and_then(|(own, all)| own.ratio(all));
    let previous = context.previous.and_then(|set| set.personas.iter().find(|persona| persona.key == identity.key));
    let growth = match (value_share, previous.and_then(|persona| persona.value_share)) {
        (Some(now), Some(before)) => (0.5 + 5.0 * (now - before)).clamp(0.0, 1.0),
        _ => 0.5,
    };
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let priority = PriorityScore {
        score: 0.0,
        rank: 0,
        value: value_share.unwrap_or_else(|| share(profile.customers, everyone.customers)).clamp(0.0, 1.0),
        margin: None,
        growth,
        brand: context.priority.brand_fit.get(&identity.key).copied().unwrap_or(0.5).clamp(0.0, 1.0),
        rank_change: None,
    };
    Persona {
        key: identity.key,
        label: identity.label,
        role: Role::Secondary,
        segment: profile.segment,
        since: identity.since,
        provisional: context.provisional,
        lineage: identity.lineage,
        parents: identity.parents,
        customers: profile.customers,
        share: share(profile.customers, everyone.customers),
        value: profile.value,
        value_share,
        value_per_customer: profile.value.map(|value| value.mean_over(profile.customers)),
        net_revenue: profile.net_period,
        churn_risk: profile.churn_risk,
        stability: context.stability.get(&profile.segment).copied(),
        priority,
        tilts: context.tilts.get(&profile.segment).cloned().unwrap_or_default(),
        habits: profile.habits.clone(),
        categories: categories(profile, everyone, context.floor.min_cell),
        attributes: attributes(profile, everyone, context.floor.min_cell),
        contacts: contacts(profile, context.floor.min_cell),
        evidence: missing_evidence(context),
        note: None,
    }
}

/// The five categories that this persona buys most above the base, among those with enough buyers.
fn categories(profile: &SegmentProfile, everyone: &SegmentProfile, min_cell: u64) -> Vec<CategoryShare> {
    let total = |of: &SegmentProfile| of.categories.iter().map(|category| category.sold).sum::<Minor>();
    let (own_total, base_total) = (total(profile), total(everyone));
    let mut shares: Vec<CategoryShare> = profile
        .categories
        .iter()
        .filter(|category| {
            category.customers >= min_cell.max(1) && is_safe(profile.customers - category.customers, min_cell)
        })
        .filter_map(|category| {
            let base = everyone.categories.iter().find(|other| other.category == category.category)?;
            // Everyone else who buys it must be many enough too, or the base gives them away.
            if base.customers - category.customers > 0 && base.customers - category.customers < min_cell {
                return None;
            }
            Some(CategoryShare {
                category: category.category.clone(),
                share: category.sold.ratio(own_total)?,
                base_share: base.sold.ratio(base_total)?,
                customers: category.customers,
            })
        })
        .filter(|category| category.share >= 0.02 && category.share > category.base_share)
        .collect();
    let over = |category: &CategoryShare| category.share - category.base_share;
    shares.sort_by(|a, b| over(b).total_cmp(&over(a)).then(a.category.cmp(&b.category)));
    shares.truncate(5);
    shares
}

fn attributes(profile: &SegmentProfile, everyone: &SegmentProfile, min_cell: u64) -> Vec<AttributeSummary> {
    let names: BTreeSet<&str> = profile.attributes.iter().map(|count| count.attribute.as_str()).collect();
    let answered = |of: &SegmentProfile, name: &str| -> u64 {
        of.attributes.iter().filter(|count| count.attribute == name).map(|count| count.customers).sum()
    };
    names
        .into_iter()
        .filter(|name| answered(profile, name) >= 2 * min_cell)
        .filter(|name| is_safe(profile.customers - answered(profile, name), min_cell))
        .map(|name| {
            let own: Vec<_> = profile.attributes.iter().filter(|count| count.attribute == name).collect();
            let shown = hide_small(&own.iter().map(|count| count.customers).collect::<Vec<_>>(), min_cell);
            let (own_answered, base_answered) = (answered(profile, name), answered(everyone, name));
            let bands = own
                .iter()
                .zip(shown)
                .map(|(count, customers)| {
                    let base = everyone
                        .attributes
                        .iter()
                        .find(|other| other.attribute == name && other.value == count.value)
                        .map_or(0, |other| other.customers);
                    AttributeBand {
                        value: count.value.clone(),
                        customers,
                        share: customers.map(|customers| customers as f64 / own_answered as f64),
                        base_share: customers.map(|_| base as f64 / base_answered.max(1) as f64),
                    }
                })
                .collect();
            AttributeSummary {
                attribute: name.to_owned(),
                answered: own_answered,
                missing_share: 1.0 - own_answered as f64 / profile.customers.max(1) as f64,
                bands,
            }
        })
        .collect()
}

/// Nobody, or enough people that a figure about them may be shown.
fn is_safe(count: u64, min_cell: u64) -> bool {
    count == 0 || count >= min_cell
}

/// Hides bands so that the other personas' bands and everyone's share do not give a hidden one away.
fn hide_across(personas: &mut [Persona], segments: &[&SegmentProfile], min_cell: u64) {
    let attributes: BTreeSet<String> =
        personas.iter().flat_map(|persona| &persona.attributes).map(|summary| summary.attribute.clone()).collect();
    for attribute in attributes {
        let of = |profile: &SegmentProfile, value: &str| -> u64 {
            let same = profile.attributes.iter().filter(|count| count.attribute == attribute && count.value == value);
            same.map(|count| count.customers).sum()
        };
        let values: BTreeSet<&str> = segments
            .iter()
            .flat_map(|profile| &profile.attributes)
            .filter(|count| count.attribute == attribute)
            .map(|count| count.value.as_str())
            .collect();
        let counts: Vec<Vec<u64>> =
            segments.iter().map(|profile| values.iter().map(|value| of(profile, value)).collect()).collect();
        let shown = hide_table(&counts, min_cell);
        for (persona, row) in personas.iter_mut().zip(shown) {
            let bands = persona.attributes.iter_mut().filter(|summary| summary.attribute == attribute);
            for band in bands.flat_map(|summary| &mut summary.bands) {
                let place = values.iter().position(|value| *value == band.value);
                if place.and_then(|place| row[place]).is_none() {
                    band.customers = None;
                    band.share = None;
                    band.base_share = None;
                }
            }
        }
    }
}

fn contacts(profile: &SegmentProfile, min_cell: u64) -> Vec<ContactSummary> {
    profile
        .contacts
        .iter()
        .filter(|contact| contact.contacted >= min_cell && is_safe(profile.customers - contact.contacted, min_cell))
        .map(|contact| {
            let safe = |part: u64| part == 0 || part >= min_cell;
            let shown =
                (safe(contact.responded) && safe(contact.contacted - contact.responded)).then_some(contact.responded);
            ContactSummary {
                campaign_type: contact.campaign_type.clone(),
                contacted: contact.contacted,
                contacted_share: contact.contacted as f64 / profile.customers.max(1) as f64,
                responded: shown,
                response_share: shown.map(|responded| responded as f64 / contact.contacted as f64),
            }
        })
        .collect()
}

fn missing_evidence(context: &Context<'_>) -> Vec<Evidence> {
    let mut fields = vec![
        ("Goals and motivations", "a survey export, or interviews coded into a notes file"),
        ("Frustrations", "an export of support tickets, return reasons or reviews"),
        ("Objections", "lost reasons of deals or a cancellation survey"),
        ("Quotes", "survey or review texts with consent to be quoted"),
    ];
    if !context.has_attributes {
        fields.push(("Who they are", "an export of declared attributes (stg_customer_attributes)"));
    }
    if !context.has_contacts {
        fields.push(("Reach", "an export of campaigns and responses (stg_contacts)"));
    }
    fields
        .into_iter()
        .map(|(field, source)| Evidence {
            field: field.to_owned(),
            state: "no evidence yet".to_owned(),
            source_needed: source.to_owned(),
        })
        .collect()
}

fn weighted(parts: &PriorityScore, weights: &Priority) -> f64 {
    let pairs = [
        (Some(parts.value), weights.value),
        (parts.margin, weights.margin),
        (Some(parts.growth), weights.growth),
        (Some(parts.brand), weights.brand),
    ];
    let known = pairs.iter().filter_map(|(part, weight)| part.map(|part| (part, *weight)));
    let (sum, total) = known.fold((0.0, 0.0), |(sum, total), (part, weight)| (sum + part * weight, total + weight));
    if total > 0.0 { sum / total } else { 0.0 }
}

/// Place of each persona by a score, best first; ties go to the key.
fn ranks(personas: &[Persona], weights: &Priority) -> BTreeMap<String, usize> {
    let mut order: Vec<(&Persona, f64)> =
        personas.iter().map(|persona| (persona, weighted(&persona.priority, weights))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.key.cmp(&b.0.key)));
    order.iter().enumerate().map(|(place, (persona, _))| (persona.key.clone(), place + 1)).collect()
}

fn assign_roles(personas: &mut [Persona], everyone: &SegmentProfile, context: &Context<'_>) -> Option<String> {
    let largest = personas.iter().map(|persona| persona.priority.value).fold(0.0, f64::max);
    for persona in personas.iter_mut() {
        persona.priority.value = if largest > 0.0 { persona.priority.value / largest } else { 0.0 };
        if let Some(reason) = negative_reason(persona, everyone) {
            persona.role = Role::Negative;
            persona.note = Some(format!(
                "{reason} Look for causes on both sides first: defects, descriptions, late delivery, prices."
            ));
        }
    }
    let now = ranks(personas, context.priority);
    let by_old_weights = context.previous.map(|set| ranks(personas, &set.priority));
    for persona in personas.iter_mut() {
        persona.priority.score = weighted(&persona.priority, context.priority);
        persona.priority.rank = now.get(&persona.key).copied().unwrap_or(0);
        let before = context
            .previous
            .and_then(|set| set.personas.iter().find(|old| old.key == persona.key))
            .map(|old| old.priority.rank);
        let old_weights = by_old_weights.as_ref().and_then(|ranks| ranks.get(&persona.key)).copied();
        persona.priority.rank_change = match (before, old_weights) {
            (Some(before), Some(old)) if before != persona.priority.rank => Some(
                match (old != before, old != persona.priority.rank) {
                    (true, true) => "data and weights",
                    (false, true) => "weights",
                    _ => "data",
                }
                .to_owned(),
            ),
            _ => None,
        };
    }
    personas.sort_by_key(|persona| persona.priority.rank);
    let mut primaries = 0;
    let mut covered = 0.0;
    for persona in personas.iter_mut() {
        let stable = persona.stability.is_none_or(|jaccard| jaccard >= context.floor.stability_min);
        let wanted = primaries < context.floor.primary_min || covered < context.floor.coverage;
        if persona.role == Role::Secondary && stable && wanted && primaries < context.floor.primary_max {
            persona.role = Role::Primary;
            primaries += 1;
            covered += persona.value_share.unwrap_or(persona.share);
        }
    }
    (primaries < context.floor.primary_min).then(|| {
        format!(
            "{primaries} primary instead of {}: only so many segments have at least {} members, are stable and are not negative",
            context.floor.primary_min, context.floor.members_min
        )
    })
}

/// Why a persona costs more than others, if it does: by value, or by returns far above everyone's.
fn negative_reason(persona: &Persona, everyone: &SegmentProfile) -> Option<&'static str> {
    let rate =
        |habits: &[Habit]| habits.iter().find(|habit| habit.column == "return_rate").map_or(0.0, |habit| habit.mean);
    let (own, base) = (rate(&persona.habits), rate(&everyone.habits));
    if persona.value.is_some_and(|value| value.0 <= 0) {
        return Some("Expected to bring nothing or less.");
    }
    (own >= 0.3 && own >= 2.0 * base).then_some("Sends back a far larger share of what it buys than others.")
}
