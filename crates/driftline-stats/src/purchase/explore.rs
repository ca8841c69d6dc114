//! Where a fit looks for the highest peak: from many starts on a sample, and once more from elsewhere if it ended at a limit.

use super::coordinates::Coordinates;
use super::counted::Counted;
use crate::optimise::{Matrix, Peak, climb, scaled_identity};

/// Up to this many distinct histories a search starts afresh as well, besides going on from the sample's maximum,
/// and is not content with a limit.
pub(super) const AFRESH: usize = 8192;

/// Finds the highest peaks of a level, at most two, highest first: from those of the level before, or else from all
/// starts.
pub(super) fn explore(
    space: &Coordinates,
    level: &Counted,
    starts: &[Vec<[f64; 4]>],
    before: &[Peak<4>],
    curvature: Option<Matrix<4>>,
) -> Vec<Peak<4>> {
    let (function, bounds) = (|point: &[f64; 4]| space.log_likelihood(level, point), space.bounds());
    let plain = scaled_identity(4.0 / level.customers);
    let at = |point: [f64; 4], inverse| Peak::new(&function, bounds.clamp(point), inverse);
    let best_of = |group: &Vec<[f64; 4]>| group.iter().map(|&point| at(point, plain)).max_by(by_value);
    let mut peaks: Vec<Peak<4>> = before.iter().map(|peak| at(peak.point, curvature.unwrap_or(plain))).collect();
    if before.is_empty() {
        peaks.extend(starts.iter().filter_map(best_of));
    } else if level.histories() <= AFRESH {
        peaks.extend(starts.iter().filter_map(best_of).max_by(by_value));
    }
    // A parameter that ran to a limit on a sample has no gradient left to come back by.
    if let Some(peak) = before.first() {
        let inside = space.inside(peak.point);
        if inside != peak.point {
            peaks.push(at(inside, plain));
        }
    }
    // The poorer ones are dropped after a few steps, and nothing is taken to the end yet.
    let tolerance = 1e-6 * level.customers.max(1e3);
    for (keep, steps) in [(6, 15), (2, 60)] {
        peaks = peaks.into_iter().map(|peak| climb(&function, peak, &bounds, tolerance, steps)).collect();
        peaks.sort_by(|a, b| by_value(b, a));
        peaks.truncate(keep);
    }
    peaks
}

pub(super) fn by_value(a: &Peak<4>, b: &Peak<4>) -> core::cmp::Ordering {
    a.value.total_cmp(&b.value)
}

/// Looks for a higher peak than one near a limit, where the likelihood is flat: a climb that came there cannot tell, and
/// its early height may have put aside slower ones that would have gone further.
pub(super) fn elsewhere(space: &Coordinates, level: &Counted, found: Peak<4>) -> Option<Peak<4>> {
    let (function, bounds) = (|point: &[f64; 4]| space.log_likelihood(level, point), space.bounds());
    let at = |point: [f64; 4]| Peak::new(&function, bounds.clamp(point), scaled_identity(4.0 / level.customers));
    let tolerance = 1e-6 * level.customers.max(1e3);
    let best_of = |group: Vec<[f64; 4]>| group.into_iter().map(at).max_by(by_value);
    let mut peaks: Vec<Peak<4>> = space.beyond(&found.point).into_iter().filter_map(best_of).collect();
    for (keep, steps) in [(5, 25), (2, 200)] {
        peaks.sort_by(|a, b| by_value(b, a));
        peaks.truncate(keep);
        peaks = peaks.into_iter().map(|peak| climb(&function, peak, &bounds, tolerance, steps)).collect();
        peaks.retain(|peak| peak.value > found.value || !space.is_on_plateau(&peak.point, &peak.gradient));
    }
    peaks.into_iter().max_by(by_value).filter(|end| end.value > found.value + 1e-9)
}
