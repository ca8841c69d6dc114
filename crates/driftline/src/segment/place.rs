//! Where a customer is by a segment model: the nearest segment that is large enough, or in none when beyond its bound.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use driftline_core::profile::OTHER_SEGMENT;
use driftline_core::report::SegmentModel;
use driftline_stats::cluster::{self, Points};
use driftline_stats::outlier;
use driftline_stats::scale::ColumnScale;

use super::{Customers, Least};

/// The segment of each customer by a model as it is; at least `least.others` who are beyond its bounds are set apart.
///
/// A segment of fewer than `least.members` cannot be described, and its people would be in no row: they go to the nearest of the
/// others, the smallest segment first, until all that are left are large enough or one is left.
pub fn assign(customers: &Customers<'_>, model: &SegmentModel, least: Least) -> Vec<i64> {
    let points = scaled(customers.raw, &model.scales);
    let mut open = Open::all(model);
    let mut places = open.places(customers.raw, &points);
    // In a market smaller than a segment must be there is nothing to be had by merging.
    let members_least = if places.len() as u64 >= least.members { least.members } else { 0 };
    let mut others_least = least.others.max(1);
    loop {
        let others = places.iter().filter(|place| place.is_beyond(model)).count() as u64;
        let are_apart = others >= others_least;
        let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
        for place in places.iter().filter(|place| !(are_apart && place.is_beyond(model))) {
            *sizes.entry(place.segment).or_default() += 1;
        }
        let smallest = sizes
            .iter()
            .filter(|(_, size)| **size < members_least)
            .min_by_key(|(segment, size)| (**size, Reverse(**segment)))
            .map(|(segment, _)| *segment);
        match smallest {
            Some(segment) if sizes.len() > 1 => {
                open.close(segment);
                for row in (0..places.len()).filter(|row| places[*row].segment == segment).collect::<Vec<usize>>() {
                    places[row] = open.place(customers.raw.row(row), points.row(row));
                }
            }
            // Hardly anybody is inside a bound: nobody is set apart.
            Some(_) if are_apart => others_least = u64::MAX,
            _ => {
                let segment = |place: &Place| {
                    let is_other = are_apart && place.is_beyond(model);
                    if is_other { i64::from(OTHER_SEGMENT) } else { place.segment as i64 + 1 }
                };
                return places.iter().map(segment).collect();
            }
        }
    }
}

/// The nearest segment, from 0, and how far its centroid really is.
struct Place {
    segment: usize,
    distance: f64,
}

impl Place {
    fn is_beyond(&self, model: &SegmentModel) -> bool {
        model.distance_bounds.get(self.segment).is_some_and(|bound| self.distance > *bound)
    }
}

/// The segments of a model that may have members, from 0.
struct Open<'a> {
    model: &'a SegmentModel,
    segments: Vec<usize>,
    centroids: Vec<Vec<f64>>,
}

impl<'a> Open<'a> {
    fn all(model: &'a SegmentModel) -> Self {
        Self { model, segments: (0..model.centroids.len()).collect(), centroids: model.centroids.clone() }
    }

    fn close(&mut self, segment: usize) {
        if let Some(at) = self.segments.iter().position(|open| *open == segment) {
            self.segments.remove(at);
            self.centroids.remove(at);
        }
    }

    /// The nearest centroid is found among clipped features, as the centroids were; the distance to it is without the clip, or
    /// the farthest customers would look like the last half percent.
    fn place(&self, raw: &[f64], scaled: &[f64]) -> Place {
        let at = cluster::nearest(&self.centroids, scaled).0;
        let centroid = self.centroids.get(at).map_or(&[][..], Vec::as_slice);
        let columns = raw.iter().zip(&self.model.scales).zip(centroid);
        let squares: f64 =
            columns.map(|((value, scale), centre)| scale.apply_unclipped(*value) - centre).map(|by| by * by).sum();
        Place { segment: self.segments.get(at).copied().unwrap_or(at), distance: squares.sqrt() }
    }

    fn places(&self, raw: &Points, points: &Points) -> Vec<Place> {
        (0..points.rows()).map(|row| self.place(raw.row(row), points.row(row))).collect()
    }
}

/// The model with bounds from its learning sample.
pub(super) fn bounded(model: SegmentModel, customers: &Customers<'_>, sample_rows: &[usize]) -> SegmentModel {
    let raw = customers.raw.take(sample_rows);
    let sample = Open::all(&model).places(&raw, &scaled(&raw, &model.scales));
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const LEAST: Least = Least { members: 30, others: 20 };

    /// Customers on a line, so many at each place, by a model with centroids and bounds on it: members by segment.
    fn sizes(centroids: &[f64], bounds: &[f64], customers: &[(usize, f64)], least: Least) -> Vec<(i64, usize)> {
        let values: Vec<f64> = customers.iter().flat_map(|(count, at)| vec![*at; *count]).collect();
        let keys: Vec<i64> = (0..).take(values.len()).collect();
        let raw = Points { dimensions: 1, values };
        let model = SegmentModel {
            columns: vec!["x".to_owned()],
            scales: vec![ColumnScale { log: false, low: -1_000.0, high: 1_000.0, mean: 0.0, sd: 1.0 }],
            centroids: centroids.iter().map(|centroid| vec![*centroid]).collect(),
            distance_bounds: bounds.to_vec(),
            reason: String::new(),
            fitted_in: "2017Q3".parse().unwrap(),
            sample_customers: 0,
            silhouette: 0.0,
            relabelled_by_refit: 0.0,
            stability_min: 0.0,
            candidates: Vec::new(),
        };
        let assigned = assign(&Customers { keys: &keys, raw: &raw, columns: &[] }, &model, least);
        assert_eq!(assigned.len(), keys.len());
        let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
        assigned.into_iter().for_each(|segment| *sizes.entry(segment).or_default() += 1);
        sizes.into_iter().collect()
    }

    #[test]
    fn a_segment_of_a_handful_goes_to_the_nearest_that_is_left() {
        let other = i64::from(OTHER_SEGMENT);
        type Case<'a> = (&'a [f64], &'a [f64], &'a [(usize, f64)], &'a [(i64, usize)]);
        let centroids: &[f64] = &[0.0, 10.0, 14.0];
        let cases: [Case<'_>; 9] = [
            (centroids, &[], &[(100, 0.0), (12, 10.0), (40, 14.0)], &[(1, 100), (3, 52)]),
            (centroids, &[], &[(100, 0.0), (12, 6.0), (40, 14.0)], &[(1, 112), (3, 40)]),
            (centroids, &[], &[(100, 0.0), (30, 10.0), (40, 14.0)], &[(1, 100), (2, 30), (3, 40)]),
            // The smallest first; of two alike the one with the higher number, whose people then fill the other up.
            (centroids, &[], &[(100, 0.0), (15, 10.0), (15, 14.0)], &[(1, 100), (2, 30)]),
            (&[0.0], &[], &[(40, 1.0)], &[(1, 40)]),
            // A market smaller than a segment must be.
            (centroids, &[], &[(9, 0.0), (9, 10.0)], &[(1, 9), (2, 9)]),
            // With those beyond its bound apart, the second segment is too small; the third has a wider bound.
            (centroids, &[5.0, 1.0, 5.0], &[(100, 0.0), (25, 10.0), (25, 11.5), (40, 14.0)], &[(1, 100), (3, 90)]),
            (
                centroids,
                &[5.0, 5.0, 3.0],
                &[(100, 0.0), (12, 10.0), (10, 18.0), (40, 14.0)],
                &[(1, 100), (3, 40), (other, 22)],
            ),
            // Hardly anybody is inside a bound.
            (centroids, &[1.0, 1.0, 1.0], &[(10, 0.0), (80, 4.0)], &[(1, 90)]),
        ];
        for (centroids, bounds, customers, expected) in cases {
            assert_eq!(sizes(centroids, bounds, customers, LEAST), expected, "{customers:?}, bounds {bounds:?}");
        }
    }
}
