//! How segments differ from everyone, and how surely they are found again.

use std::collections::BTreeMap;

use driftline_core::personas::lineage::Continuity;
use driftline_core::personas::segment_model::SegmentModel;
use driftline_core::tables::profile::FeatureTilt;
use driftline_stats::cluster::{self, Points};
use driftline_stats::groups::Structure;
use driftline_stats::habit::{Kind, Scale};

use super::called::call;
use super::people::{Coordinates, People};
use super::subject::{Fit, Segmented};

use crate::setup::job::Segments;

pub(super) fn describe(
    fit: &Fit<'_>,
    (at, sample_rows): (&Coordinates, &[usize]),
    mut model: SegmentModel,
    (assigned, by_last): (Vec<i64>, Option<Vec<i64>>),
    continuity: Continuity,
) -> Segmented {
    let people = fit.people;
    let tilts = tilts(people, &at.clipped, &model.habits, &assigned);
    let stability = stability(&at.clipped, sample_rows, &mut model, fit.settings);
    model.sample_customers = sample_rows.len() as u64;
    let rates = people.rates(&model.habits);
    let called = call(fit, (&model.habits, &rates), &assigned, sample_rows, continuity);
    Segmented { keys: people.known.keys.clone(), model, assigned, by_last, rates, tilts, stability, called, continuity }
}

/// Of each segment, the mean of its members less everyone's in each coordinate, in everyone's deviations.
fn tilts(people: &People, points: &Points, scales: &[Scale], assigned: &[i64]) -> BTreeMap<u32, Vec<FeatureTilt>> {
    let dimensions = points.dimensions;
    let none = || (vec![0.0f64; dimensions], 0.0f64);
    let (mut sum, mut squares) = (vec![0.0; dimensions], vec![0.0; dimensions]);
    let mut own: BTreeMap<u32, (Vec<f64>, f64)> = BTreeMap::new();
    for (row, segment) in assigned.iter().enumerate().take(points.rows()) {
        let of_segment = own.entry(u32::try_from(*segment).unwrap_or(0)).or_insert_with(none);
        of_segment.1 += 1.0;
        for (at, value) in points.row(row).iter().enumerate() {
            sum[at] += value;
            squares[at] += value * value;
            of_segment.0[at] += value;
        }
    }
    // Who is in no segment is part of everyone only.
    own.remove(&driftline_core::tables::profile::OTHER_SEGMENT);
    let rows = points.rows().max(1) as f64;
    let words = words(people, scales);
    let tilt = |sums: &[f64], members: f64, at: usize| {
        let mean = sum[at] / rows;
        let deviation = (squares[at] / rows - mean * mean).max(0.0).sqrt();
        if deviation > 1e-9 { (sums[at] / members - mean) / deviation } else { 0.0 }
    };
    own.into_iter()
        .map(|(segment, (sums, members))| {
            let tilts = words.iter().enumerate().map(|(at, (column, label))| FeatureTilt {
                column: column.clone(),
                label: label.clone(),
                high: "more".to_owned(),
                low: "less".to_owned(),
                tilt: tilt(&sums, members, at),
            });
            (segment, tilts.collect())
        })
        .collect()
}

/// Name and label of each coordinate.
fn words(people: &People, scales: &[Scale]) -> Vec<(String, String)> {
    let used = scales.iter().filter(|scale| scale.is_in_use);
    used.flat_map(|scale| match scale.kind {
        Kind::Shares => {
            let item = |item: &String| (format!("{}: {item}", scale.name), item.clone());
            scale.items.iter().map(item).collect::<Vec<_>>()
        }
        _ => {
            let column = people.columns.iter().find(|(name, _)| *name == scale.name);
            let label = column.map_or_else(|| scale.name.clone(), |(_, habit)| habit.label.clone());
            vec![(scale.name.clone(), label)]
        }
    })
    .collect()
}

/// Bootstrap stability of the segments on the sample; one segment is found again always.
fn stability(
    points: &Points,
    sample_rows: &[usize],
    model: &mut SegmentModel,
    settings: &Segments,
) -> BTreeMap<u32, f64> {
    let mut found: BTreeMap<u32, f64> = model.segments.iter().map(|segment| (*segment, 1.0)).collect();
    (model.stability_min, model.relabelled_by_refit) = (1.0, 0.0);
    if points.dimensions == 0 || model.structure == Structure::One || model.centroids.len() < 2 {
        return found;
    }
    let sample = points.take(sample_rows);
    let resamples = cluster::resamples(&sample, model.centroids.len(), settings.bootstraps, settings.seed);
    let cluster::Stability { jaccards, relabelled } = cluster::stability(&sample, &model.centroids, &resamples);
    for (segment, jaccard) in model.segments.iter().zip(jaccards) {
        let least = found.entry(*segment).or_insert(1.0);
        *least = least.min(jaccard);
    }
    model.stability_min = found.values().copied().fold(1.0, f64::min);
    model.relabelled_by_refit = relabelled;
    found
}
