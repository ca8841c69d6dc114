//! What a card says: figures of a segment's profile against everyone's, with small cells hidden.

use std::collections::BTreeSet;

use super::identity::Identity;
use super::voice;
use super::{
    AttributeBand, AttributeSummary, CategoryShare, ContactSummary, Context, Evidence, Persona, PriorityScore, Role,
};
use crate::Minor;
use crate::disclosure::{hide_small, hide_table, is_safe};
use crate::profile::SegmentProfile;
use crate::scorecard::NextPeriod;

pub(super) fn card(
    profile: &SegmentProfile,
    everyone: &SegmentProfile,
    identity: Identity,
    context: &Context<'_>,
) -> Persona {
    let value_share = profile.value.zip(everyone.value).and_then(|(own, all)| own.ratio(all));
    let previous = context.previous.and_then(|set| set.personas.iter().find(|persona| persona.key == identity.key));
    let growth = match (value_share, previous.and_then(|persona| persona.value_share)) {
        (Some(now), Some(before)) => (0.5 + 5.0 * (now - before)).clamp(0.0, 1.0),
        _ => 0.5,
    };
    let quotes = voice::quotes(profile);
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let priority = PriorityScore {
        score: 0.0,
        rank: 0,
        value: value_share.unwrap_or_else(|| share(profile.customers, everyone.customers)).clamp(0.0, 1.0),
        margin: context.margins.get(&profile.segment).map(|share| share.max(0.0)),
        growth,
        brand: context.priority.brand_fit.get(&identity.key).copied().unwrap_or(0.5).clamp(0.0, 1.0),
        rank_change: None,
    };
    Persona {
        key: identity.key,
        label: identity.label,
        claims: identity.claims,
        is_own_name: identity.is_own_name,
        formerly: identity.formerly,
        rule: context.rules.get(&profile.segment).cloned(),
        role: Role::Secondary,
        segment: profile.segment,
        since: identity.since,
        provisional: context.provisional,
        lineage: identity.lineage,
        parents: identity.parents,
        customers: profile.customers,
        bought_once: None,
        share: share(profile.customers, everyone.customers),
        value: profile.value,
        value_range: None,
        value_share,
        value_per_customer: profile.value.map(|value| value.mean_over(profile.customers)),
        margin: None,
        acquisition: None,
        net_revenue: Some(profile.net_period),
        churn_risk: profile.churn_risk,
        risk_reasons: Vec::new(),
        next_period: profile.next_period.map(|value| NextPeriod { value, low_80: None, high_80: None }),
        stability: context.stability.get(&profile.segment).copied(),
        year_ago: None,
        joint_prevalence: joint_prevalence(profile, context),
        priority,
        tilts: context.tilts.get(&profile.segment).cloned().unwrap_or_default(),
        habits: profile.habits.clone(),
        categories: categories(profile, everyone, context.floor.min_cell),
        attributes: attributes(profile, everyone, context.floor.min_cell),
        contacts: contacts(profile, context.floor.min_cell),
        evidence: missing_evidence(context, everyone, !quotes.is_empty()),
        topics: voice::topics(profile, everyone, context.floor.min_cell),
        quotes,
        notes: Vec::new(),
        note: None,
    }
}

/// Not shown if those who match, or those who do not, are too few.
fn joint_prevalence(profile: &SegmentProfile, context: &Context<'_>) -> Option<f64> {
    let typical = *context.typical.get(&profile.segment)?;
    let others = profile.customers.checked_sub(typical)?;
    let min_cell = context.floor.min_cell;
    (typical >= min_cell && is_safe(others, min_cell)).then(|| typical as f64 / profile.customers as f64)
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

/// Takes habits off cards behind which fewer than `min_cell` members stand, like returns of a handful, and, if those are few all together,
/// the next smallest, or everyone's mean would give them away.
pub(super) fn hide_habits_of_few(personas: &mut [Persona], segments: &[&SegmentProfile], min_cell: u64) {
    let columns: BTreeSet<String> = segments.iter().flat_map(|of| &of.habits).map(|of| of.column.clone()).collect();
    for column in columns {
        let people = |segment: &&SegmentProfile| {
            segment.habits.iter().find(|habit| habit.column == column).and_then(|habit| habit.people)
        };
        let counts: Vec<Option<u64>> = segments.iter().map(people).collect();
        if counts.iter().all(Option::is_none) {
            continue;
        }
        let counts: Vec<u64> = counts.into_iter().map(Option::unwrap_or_default).collect();
        for (persona, shown) in personas.iter_mut().zip(hide_small(&counts, min_cell)) {
            persona.habits.retain(|habit| habit.column != column || shown.is_some());
        }
    }
}

/// Hides bands so that the other personas' bands and everyone's share do not give a hidden one away.
pub(super) fn hide_across(personas: &mut [Persona], segments: &[&SegmentProfile], min_cell: u64) {
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

fn missing_evidence(context: &Context<'_>, everyone: &SegmentProfile, has_quotes: bool) -> Vec<Evidence> {
    let mut fields = vec![
        ("Goals and motivations", "coded answers of a survey (stg_feedback), or interviews in a notes file"),
        ("Frustrations", "an export of support tickets, return reasons or reviews"),
        ("Objections", "lost reasons of deals or a cancellation survey"),
        ("Quotes", "survey or review texts with consent to be quoted"),
    ];
    let filled: BTreeSet<&str> = everyone.topics.iter().map(|topic| topic.kind.fills()).collect();
    fields.retain(|(field, _)| !filled.contains(field) && (*field != "Quotes" || !has_quotes));
    if !context.has_attributes {
        fields.push(("Who they are", "an export of declared attributes (stg_customer_attributes)"));
    }
    if !context.has_contacts {
        fields.push(("Reach", "an export of campaigns and responses (stg_contacts)"));
    }
    if !context.has_acquisition_costs {
        fields.push(("Acquisition cost", "an export of what customers cost to win (stg_acquisition_costs)"));
    }
    if context.margins.is_empty() {
        fields.push(("Margin", "the job (value.margin_share)"));
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
