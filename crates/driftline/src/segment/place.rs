//! Where a customer is by a segment model: the nearest segment, or in none when beyond its bound.

use driftline_core::profile::OTHER_SEGMENT;
use driftline_core::report::SegmentModel;
use driftline_stats::cluster::{self, Points};
use driftline_stats::outlier;
use driftline_stats::scale::ColumnScale;

use super::Customers;

/// The segment of each customer by a model as it is; at least `others_least` who are beyond its bounds are set apart.
pub fn assign(customers: &Customers<'_>, model: &SegmentModel, others_least: u64) -> Vec<i64> {
    let nearest = placed(customers.raw, model);
    let beyond = |place: &Place| model.distance_bounds.get(place.segment).is_some_and(|bound| place.distance > *bound);
    let others = nearest.iter().filter(|place| beyond(place)).count() as u64;
    let are_apart = others >= others_least.max(1);
    let segment = |place: &Place| {
        if are_apart && beyond(place) { i64::from(OTHER_SEGMENT) } else { place.segment as i64 + 1 }
    };
    nearest.iter().map(segment).collect()
}

/// The nearest segment, from 0, and how far its centroid really is.
struct Place {
    segment: usize,
    distance: f64,
}

/// The nearest centroid is found among clipped features, as the centroids were; the distance to it is without the clip, or the
/// farthest customers would look like the last half percent.
fn placed(raw: &Points, model: &SegmentModel) -> Vec<Place> {
    let points = scaled(raw, &model.scales);
    let place = |row: usize| {
        let segment = cluster::nearest(&model.centroids, points.row(row)).0;
        let centroid = model.centroids.get(segment).map_or(&[][..], Vec::as_slice);
        let columns = raw.row(row).iter().zip(&model.scales).zip(centroid);
        let squares: f64 =
            columns.map(|((value, scale), centre)| scale.apply_unclipped(*value) - centre).map(|by| by * by).sum();
        Place { segment, distance: squares.sqrt() }
    };
    (0..points.rows()).map(place).collect()
}

/// The model with bounds from its learning sample.
pub(super) fn bounded(model: SegmentModel, customers: &Customers<'_>, sample_rows: &[usize]) -> SegmentModel {
    let sample = placed(&customers.raw.take(sample_rows), &model);
    let labels: Vec<usize> = sample.iter().map(|place| place.segment).collect();
    let distances: Vec<f64> = sample.iter().map(|place| place.distance).collect();
    SegmentModel { distance_bounds: outlier::bounds(&labels, &distances, model.centroids.len()), ..model }
}

pub(super) fn scaled(raw: &Points, scales: &[ColumnScale]) -> Points {
    let dimensions = scales.len().max(1);
    let values = raw.values.iter().enumerate().map(|(index, value)| scales[index % dimensions].apply(*value)).collect();
    Points { dimensions: raw.dimensions, values }
}

/// Scales of this period's customers.
pub(super) fn fit_scales(customers: &Customers<'_>) -> Vec<ColumnScale> {
    let column =
        |index: usize| (0..customers.raw.rows()).map(|row| customers.raw.row(row)[index]).collect::<Vec<f64>>();
    customers
        .columns
        .iter()
        .enumerate()
        .map(|(index, (_, feature))| ColumnScale::fit(&column(index), driftline_lake::read::is_log(feature)))
        .collect()
}
