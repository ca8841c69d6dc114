//! Personas of two revisions: which are the same by their people, and which of their figures may be told.

use super::evidence::{RevisionEvidence, cause, is_small, reads_otherwise};
use crate::personas::Persona;
use crate::report::{FigureChange, Part, Unit};
use crate::tables::moved::{Moved, is_same};
use crate::tables::profile::NO_SEGMENT;

/// A persona of each revision with the same people.
struct Pair<'a> {
    old: &'a Persona,
    new: &'a Persona,
    /// Customers who are in one of the two only, and whose data changed.
    different: u64,
    changed: u64,
}

/// Figures of personas that changed, those that only one revision has, and how many figures are withheld.
pub(super) fn personas(
    old: &[Persona],
    new: &[Persona],
    evidence: &RevisionEvidence,
    min_cell: u64,
) -> (Vec<FigureChange>, Vec<String>, u64) {
    let (mut pairs, mut unmatched) = (Vec::new(), Vec::new());
    let mut left: Vec<&Persona> = old.iter().collect();
    for persona in new {
        match left.iter().position(|other| is_same(other.segment, persona.segment, &evidence.moved)) {
            Some(place) => pairs.push(pair(left.remove(place), persona, &evidence.moved)),
            None => unmatched.push(format!("{} ({}) is new", persona.label, persona.key)),
        }
    }
    unmatched.extend(left.iter().map(|persona| format!("{} ({}) is gone", persona.label, persona.key)));
    let few = is_small(evidence.touched(), min_cell);
    let mut hidden: Vec<bool> = pairs
        .iter()
        .map(|pair| {
            let net = pair.old.customers.abs_diff(pair.new.customers);
            few || [pair.different, pair.changed, net].into_iter().any(|count| is_small(count, min_cell))
        })
        .collect();
    // One group alone could be worked out from everyone's figures; the persona that changed least is withheld with it. Those who
    // are in no persona are such a group, whose figures are told nowhere.
    let is_nobodys = |row: &&Moved| row.old_segment == NO_SEGMENT && row.new_segment == NO_SEGMENT;
    let nobodys = evidence.moved.iter().filter(is_nobodys).map(|row| row.changed_customers).sum();
    if hidden.iter().filter(|hide| **hide).count() + usize::from(is_small(nobodys, min_cell)) == 1 {
        let size = |place: usize| pairs[place].different + pairs[place].changed;
        let next =
            (0..pairs.len()).filter(|place| !hidden[*place] && size(*place) > 0).min_by_key(|place| size(*place));
        if let Some(next) = next.or_else(|| (0..pairs.len()).find(|place| !hidden[*place])) {
            hidden[next] = true;
        }
    }
    let mut shown = Vec::new();
    let mut withheld = 0;
    for (pair, hide) in pairs.iter().zip(hidden) {
        let lines = of_persona(pair, evidence);
        if hide {
            withheld += lines.len() as u64;
        } else {
            shown.extend(lines);
        }
    }
    (shown, unmatched, withheld)
}

fn pair<'a>(old: &'a Persona, new: &'a Persona, moved: &[Moved]) -> Pair<'a> {
    let touches = |row: &&Moved| row.old_segment == old.segment || row.new_segment == new.segment;
    let is_in_both = |row: &Moved| row.old_segment == old.segment && row.new_segment == new.segment;
    Pair {
        old,
        new,
        different: moved.iter().filter(touches).filter(|row| !is_in_both(row)).map(|row| row.customers).sum(),
        changed: moved.iter().filter(touches).map(|row| row.changed_customers).sum(),
    }
}

fn of_persona(pair: &Pair<'_>, evidence: &RevisionEvidence) -> Vec<FigureChange> {
    let (old, new) = (pair.old, pair.new);
    let money = |amount: Option<crate::Minor>| amount.map(|amount| amount.0 as f64);
    let count = |customers: u64| Some(customers as f64);
    let lines = [
        ("customers", Unit::Count, count(old.customers), count(new.customers)),
        ("net revenue of the period", Unit::Money, money(old.net_revenue), money(new.net_revenue)),
        ("12-month value", Unit::Money, money(old.value), money(new.value)),
        ("risk", Unit::Share, old.churn_risk, new.churn_risk),
    ];
    lines
        .into_iter()
        .filter(|(_, unit, before, now)| reads_otherwise(*unit, *before, *now))
        .map(|(label, unit, before, now)| FigureChange {
            key: new.key.clone(),
            subject: new.label.clone(),
            label: label.to_owned(),
            unit,
            before,
            now,
            cause: cause(&evidence.parts, Part::moves_forecasts),
        })
        .collect()
}
