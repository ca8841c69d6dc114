//! A model of its own from this period's customers: as many segments as lie apart, else bands, else one.

use driftline_core::personas::segment_model::{Candidate, SegmentModel};
use driftline_stats::cluster::{self, Points};
use driftline_stats::groups::{self, Earlier, Found, Groups, Structure};
use driftline_stats::habit::Scale;

use super::evolve::{Newcomers, limits};
use super::people::{Coordinates, names_of};
use super::subject::{Fit, empty_model};

/// Looks for segments in the sample; nothing of last period is asked.
pub(super) fn draw(fit: &Fit<'_>, scales: Vec<Scale>, at: &Coordinates, sample_rows: &[usize]) -> SegmentModel {
    let sample = at.clipped.take(sample_rows);
    let limits = limits(fit, sample.rows());
    let own = |places: &[usize]| fit.people.own(fit.settings, &scales, sample_rows, places);
    let (before, rows) = fit.people.earlier(&scales, sample_rows);
    let earlier = Earlier { points: &before, rows: &rows };
    let Found { structure, centroids, tried } = groups::find(&sample, &own, Some(earlier), &limits);
    let mut groups = Groups::of(centroids);
    if structure == Structure::Kinds {
        // Groups that share a place in the whole may lie apart by themselves.
        let people = Newcomers::of(fit.people, &scales, sample_rows);
        groups::refine(&sample, &people.seen(), &mut groups, &limits);
    }
    let mut centroids = groups.centroids;
    if sample.rows() < at.rows && structure != Structure::One {
        centroids = cluster::lloyd(&at.clipped, centroids).centroids;
    }
    let groups = Groups::of(by_size(&at.clipped, centroids));
    let of = |count: usize| count as f64 / sample.rows().max(1) as f64;
    let candidates = tried.into_iter().map(|tried| Candidate {
        segments: tried.groups,
        valley: tried.valley,
        distance: tried.distance,
        strength: tried.strength,
        moved: tried.moved,
        smallest_share: of(tried.smallest),
    });
    SegmentModel {
        columns: names_of(&scales),
        habits: scales,
        centroids: groups.centroids,
        segments: groups.owners,
        next_segment: groups.next,
        structure,
        candidates: candidates.collect(),
        ..empty_model(fit.period)
    }
}

/// Segment 1 is the largest; ties go to the smaller centroid, so numbers do not depend on restarts.
fn by_size(points: &Points, centroids: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut sizes = vec![0usize; centroids.len()];
    for row in 0..points.rows() {
        sizes[cluster::nearest(&centroids, points.row(row)).0] += 1;
    }
    let mut order: Vec<(usize, Vec<f64>)> = sizes.into_iter().zip(centroids).collect();
    order.sort_by(|a, b| {
        b.0.cmp(&a.0).then_with(|| {
            a.1.iter().zip(&b.1).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        })
    });
    order.into_iter().map(|(_, centroid)| centroid).collect()
}
