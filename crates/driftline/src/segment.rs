//! Step 7 for segments: last period's model is kept unless a refit wins by the job's margin; every rename costs trust.

mod choose;
mod place;

use std::collections::BTreeMap;

use driftline_core::Period;
use driftline_core::profile::FeatureTilt;
use driftline_core::report::SegmentModel;
use driftline_lake::model::Feature;
use driftline_stats::cluster::{self, Points, Resample};
use driftline_stats::random::mix;

use self::choose::{Chosen, choose, keep, resamples};
pub use self::place::assign;
use self::place::{bounded, fit_scales, scaled};
use crate::job::{Job, Segments};

/// A model with what it says about this period's customers.
pub struct Segmented {
    pub model: SegmentModel,
    /// Segment of each customer, 1 and up or `OTHER_SEGMENT`, in the order of the keys.
    pub assigned: Vec<i64>,
    /// The keys that `assigned` goes with.
    pub keys: Vec<i64>,
    pub tilts: BTreeMap<u32, Vec<FeatureTilt>>,
    pub stability: BTreeMap<u32, f64>,
    /// Members of each segment who are on its side of everyone's mean in all of its claims, its strongest tilts.
    pub typical: BTreeMap<u32, u64>,
}

/// Active customers with their raw features.
pub struct Customers<'a> {
    pub keys: &'a [i64],
    pub raw: &'a Points,
    pub columns: &'a [(String, Feature)],
}

/// Fewest members of a segment, and fewest customers who are set apart from all segments: fewer stay with the nearest one, or
/// what is said of the segments and of everyone would give them away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Least {
    pub members: u64,
    pub others: u64,
}

impl Least {
    pub fn of(job: &Job) -> Self {
        Self { members: job.file.personas.members_min, others: job.others_least() }
    }
}

/// Fits or keeps the model of a market with enough customers of its own.
pub fn fit(
    customers: &Customers<'_>,
    previous: Option<&SegmentModel>,
    period: Period,
    least: Least,
    settings: &Segments,
) -> Segmented {
    let names: Vec<String> = customers.columns.iter().map(|(name, _)| name.clone()).collect();
    let usable = previous.filter(|model| model.columns == names);
    let scales = match usable {
        Some(model) => model.scales.clone(),
        None => fit_scales(customers),
    };
    let points = scaled(customers.raw, &scales);
    let sample_rows = hash_sample(customers.keys, settings.sample_max);
    let sample = points.take(&sample_rows);
    if let Some(model) = usable
        && let Some(kept) = keep(model, &points, &sample, least.members, settings)
    {
        let kept = if kept.distance_bounds.is_empty() {
            let reason = format!("{}; from now on with bounds beyond which customers are in none", kept.reason);
            bounded(SegmentModel { reason, ..kept }, customers, &sample_rows)
        } else {
            kept
        };
        let resamples = resamples(&sample, kept.centroids.len(), settings);
        return describe(customers, &points, (&sample, &resamples), kept, least);
    }
    // A refit starts from this period's own scales.
    let scales = fit_scales(customers);
    let points = scaled(customers.raw, &scales);
    let sample = points.take(&sample_rows);
    let Chosen { clustering, resamples, candidates, silhouette } =
        choose(&sample, least.members, points.rows(), settings);
    let refined =
        if sample.rows() < points.rows() { cluster::lloyd(&points, clustering.centroids) } else { clustering };
    let reason = match previous {
        None => "first model of this market".to_owned(),
        Some(_) if usable.is_none() => "the features changed, so last period's model could not be kept".to_owned(),
        Some(_) => {
            format!("a refit fitted better than last period's model by more than {:.0} %", 100.0 * settings.keep_margin)
        }
    };
    let model = SegmentModel {
        columns: names,
        scales,
        centroids: by_size(&points, refined.centroids),
        distance_bounds: Vec::new(),
        reason,
        fitted_in: period,
        sample_customers: sample.rows() as u64,
        silhouette,
        relabelled_by_refit: 0.0,
        stability_min: 0.0,
        candidates,
    };
    let model = bounded(model, customers, &sample_rows);
    describe(customers, &points, (&sample, &resamples), model, least)
}

/// Assigns the customers of a small market by another market's model.
pub fn adopt(customers: &Customers<'_>, parent: &SegmentModel, least: Least, settings: &Segments) -> Segmented {
    let points = scaled(customers.raw, &parent.scales);
    let sample = points.take(&hash_sample(customers.keys, settings.sample_max));
    let model = SegmentModel { reason: "the parent market's model".to_owned(), ..parent.clone() };
    let resamples = resamples(&sample, model.centroids.len(), settings);
    describe(customers, &points, (&sample, &resamples), model, least)
}

/// Rows of the customers with the smallest hashes, in the order of the keys: the same people whatever the order or the run.
fn hash_sample(keys: &[i64], size: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..keys.len()).collect();
    if rows.len() > size {
        rows.sort_by_key(|row| mix(keys[*row] as u64));
        rows.truncate(size);
        rows.sort_unstable();
    }
    rows
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

fn describe(
    customers: &Customers<'_>,
    points: &Points,
    (sample, resamples): (&Points, &[Resample]),
    mut model: SegmentModel,
    least: Least,
) -> Segmented {
    let cluster::Stability { jaccards, relabelled } = cluster::stability(sample, &model.centroids, resamples);
    let assigned = assign(customers, &model, least);
    let mut sums = vec![vec![0.0; points.dimensions]; model.centroids.len()];
    let mut sizes = vec![0usize; model.centroids.len()];
    let mut base = vec![0.0; points.dimensions];
    for (row, segment) in assigned.iter().enumerate() {
        base.iter_mut().zip(points.row(row)).for_each(|(sum, value)| *sum += value);
        let segment = usize::try_from(*segment - 1).unwrap_or(usize::MAX);
        // Who is in no segment is part of everyone only.
        if let (Some(size), Some(sums)) = (sizes.get_mut(segment), sums.get_mut(segment)) {
            *size += 1;
            sums.iter_mut().zip(points.row(row)).for_each(|(sum, value)| *sum += value);
        }
    }
    let rows = points.rows().max(1) as f64;
    // A segment whose people went to others because they were too few says nothing.
    let with_members: Vec<usize> = (0..sizes.len()).filter(|segment| sizes[*segment] > 0).collect();
    let tilts: BTreeMap<u32, Vec<FeatureTilt>> = with_members
        .iter()
        .map(|&segment| {
            let tilts = customers
                .columns
                .iter()
                .enumerate()
                .map(|(index, (column, feature))| FeatureTilt {
                    column: column.clone(),
                    label: feature.label.clone(),
                    high: feature.high.clone(),
                    low: feature.low.clone(),
                    tilt: sums[segment][index] / sizes[segment] as f64 - base[index] / rows,
                })
                .collect();
            (segment as u32 + 1, tilts)
        })
        .collect();
    let typical = typical(points, &assigned, &tilts, &base, rows);
    let stability: BTreeMap<u32, f64> =
        with_members.iter().map(|&segment| (segment as u32 + 1, jaccards[segment])).collect();
    // Stability is of this period's sample, wherever the model was fitted.
    model.sample_customers = sample.rows() as u64;
    model.relabelled_by_refit = relabelled;
    model.stability_min = stability.values().copied().fold(1.0, f64::min);
    Segmented { model, assigned, keys: customers.keys.to_vec(), tilts, stability, typical }
}

/// A tilt that a card claims: half a standard deviation from everyone's mean, at most three of them.
const CLAIM: f64 = 0.5;
const CLAIMS_MOST: usize = 3;

/// Features that a segment's card claims, by their place, with the side that they are on.
fn claims(tilts: &[FeatureTilt]) -> Vec<(usize, f64)> {
    let mut claimed: Vec<(usize, f64)> = tilts
        .iter()
        .enumerate()
        .map(|(place, tilt)| (place, tilt.tilt))
        .filter(|(_, tilt)| tilt.abs() >= CLAIM)
        .collect();
    claimed.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    claimed.truncate(CLAIMS_MOST);
    claimed
}

/// How many members of each segment match all of its claims; segments without a claim are left out.
fn typical(
    points: &Points,
    assigned: &[i64],
    tilts: &BTreeMap<u32, Vec<FeatureTilt>>,
    sums: &[f64],
    rows: f64,
) -> BTreeMap<u32, u64> {
    let claims: BTreeMap<u32, Vec<(usize, f64)>> = tilts
        .iter()
        .map(|(segment, tilts)| (*segment, claims(tilts)))
        .filter(|(_, claims)| !claims.is_empty())
        .collect();
    let mut counts: BTreeMap<u32, u64> = claims.keys().map(|segment| (*segment, 0)).collect();
    for (row, segment) in assigned.iter().enumerate() {
        let segment = u32::try_from(*segment).unwrap_or(0);
        let matches = |(place, side): &(usize, f64)| (points.row(row)[*place] - sums[*place] / rows) * side > 0.0;
        if let (Some(claims), Some(count)) = (claims.get(&segment), counts.get_mut(&segment)) {
            *count += u64::from(claims.iter().all(matches));
        }
    }
    counts
}
