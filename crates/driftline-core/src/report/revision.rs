//! What a revision changed of the one before it, and why: inputs, definitions, and figures old and new.
//!
//! Both revisions stay published. This section puts no difference of fewer than `min_cell` customers into words: such a figure is
//! withheld, with a second one where the first could be worked out from the others.

mod evidence;
mod people;
mod sentences;
#[cfg(test)]
mod tests;

pub use self::evidence::RevisionEvidence;
use self::evidence::{cause, is_small, reads_otherwise};
pub use crate::tables::moved::Moved;

use crate::basics::locale::Words;
use crate::report::{FigureChange, Kpi, Part, Report, RevisionChanges};

/// Compares a revision with the one before it.
pub fn compare(old: &Report, new: &Report, evidence: RevisionEvidence) -> RevisionChanges {
    let min_cell = new.method.min_cell.max(old.method.min_cell);
    let (figures, hidden_figures) = figures(&old.kpis, &new.kpis, &evidence, min_cell);
    let (before, now) = (&old.personas.personas, &new.personas.personas);
    let (personas, unmatched, hidden_personas) = people::personas(before, now, &evidence, min_cell);
    // Of fewer than `min_cell` customers not even the rows are told.
    let is_visible = !old.kpis.is_empty() && !new.kpis.is_empty();
    let mut changes = RevisionChanges {
        from_revision: old.revision,
        reason: new.revision_reason.clone(),
        sources: if is_visible { evidence.sources } else { Vec::new() },
        parts: evidence.parts,
        figures,
        personas,
        unmatched,
        withheld: hidden_figures + hidden_personas,
        sentences: Vec::new(),
    };
    let words = Words { locale: new.locale, currency: new.currency.clone() };
    changes.sentences = sentences::sentences(&changes, &words, min_cell, now.len());
    changes
}

/// Figures of the strip that changed, and how many are withheld: all of them if fewer than `min_cell` customers' data changed, and
/// a count of customers that differs by fewer.
fn figures(old: &[Kpi], new: &[Kpi], evidence: &RevisionEvidence, min_cell: u64) -> (Vec<FigureChange>, u64) {
    let touched = evidence.touched();
    let before = |key: &str| old.iter().find(|kpi| kpi.key == key).and_then(|kpi| kpi.now);
    let mut shown = Vec::new();
    let mut withheld = 0;
    for kpi in new.iter().filter(|kpi| reads_otherwise(kpi.unit, before(&kpi.key), kpi.now)) {
        let before = before(&kpi.key);
        let difference = (kpi.now.unwrap_or(0.0) - before.unwrap_or(0.0)).abs().round() as u64;
        if is_small(touched, min_cell) || (kpi.key == "active_customers" && is_small(difference, min_cell)) {
            withheld += 1;
        } else {
            shown.push(of_market(kpi, before, evidence));
        }
    }
    (shown, withheld)
}

fn of_market(kpi: &Kpi, before: Option<f64>, evidence: &RevisionEvidence) -> FigureChange {
    let is_total = matches!(kpi.key.as_str(), "active_customers" | "net_revenue" | "orders");
    let moves = if is_total { Part::moves_totals } else { Part::moves_forecasts };
    FigureChange {
        key: kpi.key.clone(),
        subject: String::new(),
        label: kpi.label.clone(),
        unit: kpi.unit,
        before,
        now: kpi.now,
        cause: cause(&evidence.parts, moves),
    }
}
