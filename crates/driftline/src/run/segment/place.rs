//! Where a customer is by a segment model: the nearest segment that is large enough, or in none when beyond its bound.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use driftline_core::personas::segment_model::SegmentModel;
use driftline_core::tables::profile::OTHER_SEGMENT;
use driftline_stats::groups::{self, Structure};
use driftline_stats::{cluster, outlier};

use super::people::Coordinates;
use super::subject::Least;

/// The segment of each customer by a model as it is; at least `least.others` who are beyond its bounds are set apart. `last` has the
/// segments of last period by row; none where somebody was not active.
///
/// A segment of fewer than `least.members` cannot be described, and its people would be in no row: they go to the nearest of the
/// others, the smallest segment first, until all that are left are large enough or one is left. A segment that was published last
/// period, or that began in this one, stays down to two thirds of that.
pub fn assign(at: &Coordinates, model: &SegmentModel, last: &[Option<u32>], least: Least) -> Vec<i64> {
    if at.clipped.dimensions == 0 {
        let only = model.segments.first().copied().unwrap_or(1);
        return vec![i64::from(only); at.rows];
    }
    let mut open = Open::all(model);
    let mut places: Vec<Place> = (0..at.rows).map(|row| open.place(at, row, last)).collect();
    let begun = model.events.iter().map(|event| event.segment);
    let known: BTreeSet<u32> = last.iter().flatten().copied().chain(begun).collect();
    // In a market smaller than a segment must be there is nothing to be had by merging.
    let members_least = |segment: u32| match (places.len() as u64) < least.members {
        true => 0,
        false if known.contains(&segment) => least.to_stay(),
        false => least.members,
    };
    let least_of: BTreeMap<u32, u64> =
        model.segments.iter().map(|segment| (*segment, members_least(*segment))).collect();
    let mut others_least = least.others.max(1);
    loop {
        let others = places.iter().filter(|place| place.is_beyond(model)).count() as u64;
        let are_apart = others >= others_least;
        let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
        for place in places.iter().filter(|place| !(are_apart && place.is_beyond(model))) {
            *sizes.entry(place.segment).or_default() += 1;
        }
        let smallest = sizes
            .iter()
            .filter(|(segment, size)| **size < least_of.get(*segment).copied().unwrap_or(0))
            .min_by_key(|(segment, size)| (**size, Reverse(**segment)))
            .map(|(segment, _)| *segment);
        match smallest {
            Some(segment) if sizes.len() > 1 => {
                open.close(segment);
                for row in (0..places.len()).filter(|row| places[*row].segment == segment).collect::<Vec<usize>>() {
                    places[row] = open.place(at, row, last);
                }
            }
            // Hardly anybody is inside a bound: nobody is set apart.
            Some(_) if are_apart => others_least = u64::MAX,
            _ => {
                let segment = |place: &Place| {
                    let is_other = are_apart && place.is_beyond(model);
                    i64::from(if is_other { OTHER_SEGMENT } else { place.segment })
                };
                return places.iter().map(segment).collect();
            }
        }
    }
}

/// The nearest segment, its centroid's place in the model, and how far that really is.
struct Place {
    segment: u32,
    centroid: usize,
    distance: f64,
}

impl Place {
    fn is_beyond(&self, model: &SegmentModel) -> bool {
        model.distance_bounds.get(self.centroid).is_some_and(|bound| self.distance > *bound)
    }
}

/// The centroids of a model that may have members, by their places.
struct Open<'a> {
    model: &'a SegmentModel,
    places: Vec<usize>,
    centroids: Vec<Vec<f64>>,
}

impl<'a> Open<'a> {
    fn all(model: &'a SegmentModel) -> Self {
        Self { model, places: (0..model.centroids.len()).collect(), centroids: model.centroids.clone() }
    }

    fn close(&mut self, segment: u32) {
        self.places.retain(|place| self.model.segments[*place] != segment);
        self.centroids = self.places.iter().map(|place| self.model.centroids[*place].clone()).collect();
    }

    fn place(&self, at: &Coordinates, row: usize, last: &[Option<u32>]) -> Place {
        let point = at.clipped.row(row);
        let (mut nearest, distance) = cluster::nearest(&self.centroids, point);
        let segment_at = |place: usize| self.places.get(place).map_or(0, |place| self.model.segments[*place]);
        if matches!(self.model.structure, Structure::Bands | Structure::Asked)
            && let Some(own) = last.get(row).copied().flatten().filter(|own| *own != segment_at(nearest))
        {
            let owns = |place: &usize| segment_at(*place) == own;
            let squares = |place: usize| cluster::nearest(&self.centroids[place..=place], point).1;
            let back = (0..self.centroids.len()).filter(owns).min_by(|a, b| squares(*a).total_cmp(&squares(*b)));
            if let Some(back) = back.filter(|back| !groups::goes_over(distance, squares(*back))) {
                nearest = back;
            }
        }
        let centroid = self.centroids.get(nearest).map_or(&[][..], Vec::as_slice);
        let squares: f64 = at.raw.row(row).iter().zip(centroid).map(|(value, centre)| (value - centre).powi(2)).sum();
        let place = self.places.get(nearest).copied().unwrap_or(nearest);
        Place { segment: segment_at(nearest), centroid: place, distance: (squares + at.aside[row]).sqrt() }
    }
}

/// The model with bounds from its learning sample; centroids that stand as they were in `before` keep theirs.
pub(super) fn bounded(
    model: SegmentModel,
    at: &Coordinates,
    sample_rows: &[usize],
    before: Option<&SegmentModel>,
) -> SegmentModel {
    if at.clipped.dimensions == 0 {
        return model;
    }
    let open = Open::all(&model);
    let places: Vec<Place> = sample_rows.iter().map(|row| open.place(at, *row, &[])).collect();
    let labels: Vec<usize> = places.iter().map(|place| place.centroid).collect();
    let distances: Vec<f64> = places.iter().map(|place| place.distance).collect();
    let mut bounds = outlier::bounds(&labels, &distances, model.centroids.len());
    if let Some(before) = before {
        for (bound, centroid) in bounds.iter_mut().zip(&model.centroids) {
            let same = before.centroids.iter().position(|old| old == centroid);
            *bound = same.and_then(|place| before.distance_bounds.get(place).copied()).unwrap_or(*bound);
        }
    }
    SegmentModel { distance_bounds: bounds, ..model }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use driftline_stats::cluster::Points;

    use super::*;

    const LEAST: Least = Least { members: 30, others: 20, cell: 10 };

    /// Customers on a line, so many at each place, by a model with centroids and bounds on it: members by segment.
    fn sizes(centroids: &[f64], bounds: &[f64], customers: &[(usize, f64)], least: Least) -> Vec<(i64, usize)> {
        let values: Vec<f64> = customers.iter().flat_map(|(count, at)| vec![*at; *count]).collect();
        let model = SegmentModel {
            centroids: centroids.iter().map(|centroid| vec![*centroid]).collect(),
            segments: (1..=centroids.len() as u32).collect(),
            distance_bounds: bounds.to_vec(),
            ..super::super::subject::empty_model("2017Q3".parse().unwrap())
        };
        let rows = values.len();
        let points = Points { dimensions: 1, values };
        let at = Coordinates { clipped: points.clone(), raw: points, aside: vec![0.0; rows], rows };
        let assigned = assign(&at, &model, &[], least);
        assert_eq!(assigned.len(), rows);
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
