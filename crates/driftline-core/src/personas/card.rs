//! What a card says: figures of a segment's profile against everyone's, with small cells hidden.

use super::identity::Identity;
use super::{Context, Evidence, Persona, PriorityScore, Role, voice};
use crate::tables::profile::SegmentProfile;
use crate::tables::small_cells::is_safe;
use crate::value::forecast::NextPeriod;

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
        evidence: missing_evidence(context, !quotes.is_empty()),
        quotes,
        facets: Vec::new(),
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

/// What no table tells; the facets that have no rows are added to it by [`crate::facet::gaps`].
fn missing_evidence(context: &Context<'_>, has_quotes: bool) -> Vec<Evidence> {
    let mut fields = Vec::new();
    if !has_quotes {
        fields.push(("Quotes", "survey or review texts with consent to be quoted"));
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
