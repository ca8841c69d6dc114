//! What a card does not know: facets without rows, and the tables that would tell.

use crate::facets::{Facet, NotAvailable};
use crate::personas::persona::Evidence;

/// What facets without rows would tell, and by which table.
pub fn gaps(facets: &[Facet]) -> impl Iterator<Item = Evidence> {
    facets.iter().filter(|facet| facet.not_available.is_some()).map(|facet| Evidence {
        field: facet.definition.title.clone(),
        state: "no evidence yet".to_owned(),
        source_needed: match facet.not_available {
            Some(NotAvailable::FewDiffer) => {
                "the next period: the answers of too few differ from the revision before, and would be theirs"
                    .to_owned()
            }
            Some(NotAvailable::NoRows) => {
                format!("{}: no row of it answers this for a customer of this market", facet.definition.source)
            }
            _ => format!("{}: {}", facet.definition.source, facet.source_about.trim_end_matches('.')),
        },
    })
}
