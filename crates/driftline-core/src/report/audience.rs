//! Who reads a mail: the order of its sections, and the lines "for you". Same facts for everybody, other emphasis.
//!
//! Every line is made here from figures of the report and stored in it, so a mail shows nothing that `report.json` does not.

use crate::basics::locale::Words;
use crate::report::{Audience, ForYou, HeadlineKind, Report, facet_lines};

mod figures;
mod lines;

/// Most lines that a mail says to one audience.
const LINES_MOST: usize = 4;

/// Of them, those of facets: they stand there in quiet periods, too.
const FACET_LINES_MOST: usize = 2;

/// The lines for every audience; none where there are too few customers to say anything.
pub fn for_everybody(report: &Report) -> Vec<ForYou> {
    if report.headline.kind == HeadlineKind::NotEnoughData {
        return Vec::new();
    }
    let words = Words { locale: report.locale, currency: report.currency.clone() };
    let of = |audience: Audience| {
        let mut lines = match audience {
            Audience::Everyone => Vec::new(),
            Audience::Marketing => lines::marketing(report, &words),
            Audience::Product => lines::product(report, &words),
            Audience::Sales => lines::sales(report, &words),
            Audience::Service => lines::service(report, &words),
            Audience::Finance => lines::finance(report, &words),
            Audience::Owner => lines::owner(report, &words),
        };
        let of_facets = facet_lines::lines(report, audience, FACET_LINES_MOST, &words);
        lines.truncate(LINES_MOST - of_facets.len());
        lines.extend(of_facets.iter().cloned());
        ForYou { audience, title: format!("For {}", audience.label()), lines, of_facets }
    };
    Audience::ALL.into_iter().map(of).filter(|block| !block.lines.is_empty()).collect()
}
