//! Segments become personas: identity, card, what must be hidden, and roles, in this order.

use super::context::Context;
use super::lineage::Continuity;
use super::persona::{Persona, PersonaSet, Role};
use super::{card, dominance, identity, once, other, role};
use crate::tables::profile::{EVERYONE_SEGMENT, OTHER_SEGMENT, SegmentProfile};

/// Describes the segments as personas: keys by lineage, labels by rule, roles by priority.
pub fn describe(profiles: &[SegmentProfile], context: &Context<'_>) -> PersonaSet {
    let Some(everyone) = profiles.iter().find(|profile| profile.segment == EVERYONE_SEGMENT) else {
        return PersonaSet {
            priority: context.priority.clone(),
            primaries_note: Some("nobody is active in this market".to_owned()),
            ..PersonaSet::of_nobody()
        };
    };
    let segments: Vec<&SegmentProfile> = profiles
        .iter()
        .filter(|profile| profile.segment != EVERYONE_SEGMENT && profile.segment != OTHER_SEGMENT)
        .filter(|profile| profile.customers >= context.floor.members_to_stay())
        .collect();
    let identities = identity::identify(&segments, context);
    let mut personas: Vec<Persona> = segments
        .iter()
        .zip(identities.born)
        .map(|(profile, identity)| card::card(profile, everyone, identity, context))
        .collect();
    let mut other = other::describe(profiles, everyone, context.floor.min_cell);
    let bought_once = once::count(&mut personas, &segments, &mut other, (profiles, everyone), context.floor.min_cell);
    let cell = (context.floor.min_cell, context.has_few_objectors);
    dominance::hide(&mut personas, &mut other, &segments, profiles, cell);
    let primaries_note = role::assign_roles(&mut personas, &segments, everyone, context);
    let primaries = || personas.iter().filter(|persona| persona.role == Role::Primary);
    PersonaSet {
        primary_customer_share: primaries().map(|persona| persona.share).sum(),
        primary_value_share: everyone.value.map(|_| primaries().filter_map(|persona| persona.value_share).sum()),
        personas,
        other,
        ended: identities.ended,
        events: identities.events,
        is_redrawn: context.continuity == Continuity::Redrawn,
        bought_once,
        priority: context.priority.clone(),
        primaries_note,
    }
}
