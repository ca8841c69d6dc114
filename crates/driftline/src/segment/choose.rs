//! How many segments there are, and whether last period's are kept.

use driftline_core::report::{Candidate, SegmentModel};
use driftline_stats::cluster::{self, Clustering, Points, Resample};

use crate::job::Segments;

/// Last period's model, if no refit of the same number of segments beats it by the margin and no segment has become too small.
pub(super) fn keep(
    model: &SegmentModel,
    points: &Points,
    sample: &Points,
    members_min: u64,
    settings: &Segments,
) -> Option<SegmentModel> {
    let mut sizes = vec![0u64; model.centroids.len()];
    for row in 0..points.rows() {
        sizes[cluster::nearest(&model.centroids, points.row(row)).0] += 1;
    }
    if sizes.iter().any(|size| *size < members_min) {
        return None;
    }
    let inertia = |centroids: &[Vec<f64>]| {
        (0..sample.rows()).map(|row| cluster::nearest(centroids, sample.row(row)).1).sum::<f64>()
    };
    let old = inertia(&model.centroids);
    let refit = cluster::kmeans(sample, model.centroids.len(), settings.restarts, settings.seed);
    let gain = if old > 0.0 { 1.0 - refit.inertia / old } else { 0.0 };
    (gain < settings.keep_margin).then(|| SegmentModel {
        reason: format!(
            "kept from {}: a refit would lower the spread within segments by {:.1} %, less than the margin of {:.0} %",
            model.fitted_in,
            100.0 * gain.max(0.0),
            100.0 * settings.keep_margin
        ),
        ..model.clone()
    })
}

pub(super) fn resamples(sample: &Points, clusters: usize, settings: &Segments) -> Vec<Resample> {
    cluster::resamples(sample, clusters, settings.bootstraps, settings.seed)
}

/// Clusters of the sample, what they were chosen from, and the resamples that they were judged on.
#[derive(Default)]
pub(super) struct Chosen {
    pub(super) clustering: Clustering,
    pub(super) resamples: Vec<Resample>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) silhouette: f64,
}

/// The number of segments: among those whose least stable segment is stable, the best separated; see `sql/DECISIONS.md`.
pub(super) fn choose(sample: &Points, members_min: u64, customers: usize, settings: &Segments) -> Chosen {
    let floor = members_min as f64 / customers.max(1) as f64;
    let mut tried: Vec<(Clustering, Vec<Resample>, Candidate)> = Vec::new();
    for segments in settings.min..=settings.max {
        let clustering = cluster::kmeans(sample, segments, settings.restarts, settings.seed);
        let resamples = resamples(sample, segments, settings);
        let stable = cluster::stability(sample, &clustering.centroids, &resamples).jaccards;
        let mut sizes = vec![0usize; clustering.centroids.len()];
        for row in 0..sample.rows() {
            sizes[cluster::nearest(&clustering.centroids, sample.row(row)).0] += 1;
        }
        let candidate = Candidate {
            segments,
            silhouette: cluster::silhouette(sample, &clustering.centroids),
            stability_min: stable.iter().copied().fold(1.0, f64::min),
            smallest_share: sizes.iter().copied().min().unwrap_or(0) as f64 / sample.rows().max(1) as f64,
        };
        tried.push((clustering, resamples, candidate));
    }
    let large = |candidate: &Candidate| candidate.smallest_share >= floor;
    let bars = [0.75, 0.6, 0.0];
    let best = bars.iter().find_map(|bar| {
        (0..tried.len())
            .filter(|at| large(&tried[*at].2) && tried[*at].2.stability_min >= *bar)
            .reduce(|best, next| if tried[next].2.silhouette > tried[best].2.silhouette { next } else { best })
    });
    let best = best.unwrap_or(0);
    let candidates = tried.iter().map(|(_, _, candidate)| candidate.clone()).collect();
    tried.into_iter().nth(best).map_or_else(Chosen::default, |(clustering, resamples, candidate)| Chosen {
        clustering,
        resamples,
        candidates,
        silhouette: candidate.silhouette,
    })
}
