//! One clock for all files of a source, whatever each of them marks its times as.

use chrono_tz::Tz;

use super::Source;
use super::columns::{Marked, Origin, marked};
use super::footer::Footer;
use crate::conform::Clock;

/// Gives all files of a source one clock. Files say whether their times are instants or local; where they say the same, the
/// declaration tells what they are; where they do not, their own marks tell them apart. Notes what was told apart.
pub(super) fn one_clock(source: &Source, footers: &mut [Footer], zone: Tz) -> Vec<String> {
    let mut notes = Vec::new();
    for (place, column) in source.columns.keys().enumerate() {
        let of_files: Vec<Option<Marked>> = footers
            .iter()
            .map(|footer| marked(&footer.file.origins[place], &footer.file.footer, &footer.plain))
            .collect();
        let count = |mark| of_files.iter().filter(|marked| **marked == Some(mark)).count();
        let (instants, locals) = (count(Marked::Instant), count(Marked::Local));
        let is_mixed = instants > 0 && locals > 0;
        for (footer, marked) in footers.iter_mut().zip(&of_files) {
            let Origin::Field { clock, .. } = &mut footer.file.origins[place] else { continue };
            *clock = match (source.time_zone.is_some(), marked) {
                (true, Some(Marked::Local)) if is_mixed => Clock::LocalToInstant(zone),
                (false, Some(Marked::Instant)) => Clock::InstantToLocal(zone),
                _ => Clock::Same,
            };
        }
        if is_mixed {
            notes.push(format!(
                "`{column}` has a time zone in {instants} of its files and is local in {locals}: the local times were taken for those of {zone}"
            ));
        }
    }
    notes
}
