//! Lloyd's iterations with Hamerly's bound: a point that cannot have changed its cluster is compared with one centroid instead
//! of all. The same assignments, and the same bits, as without it.
//!
//! Source: Hamerly (2010), "Making k-means even faster", SIAM International Conference on Data Mining, algorithm 1.

use core::ops::Range;

use super::{Clustering, Points, squared_distance};
use crate::chunks;

const ITERATIONS_MAX: usize = 100;

/// Points that one thread takes at a time. Fixed, so that sums have the same bits on any number of threads.
const CHUNK: usize = 32_768;

/// Rounding is far below this part of a distance: a bound that decides holds by more.
const SLACK: f64 = 1e-9;

/// Lloyd's iterations from given centroids until nothing moves (or 100 rounds).
pub fn lloyd(points: &Points, mut centroids: Vec<Vec<f64>>) -> Clustering {
    let rows = points.rows();
    let starts = (0..rows).step_by(CHUNK);
    let mut parts: Vec<Part> = starts.map(|start| Part::new(start..(start + CHUNK).min(rows))).collect();
    let mut inertia = f64::INFINITY;
    let mut moved = f64::INFINITY;
    for iteration in 1..=ITERATIONS_MAX {
        chunks::change(&mut parts, |part| part.assign(points, &centroids, moved));
        let none = Assigned::none(centroids.len(), points.dimensions);
        let Assigned { sums, counts, total } = parts.iter().fold(none, |sum, part| sum.and(&part.assigned));
        moved = 0.0;
        for ((centroid, sum), count) in centroids.iter_mut().zip(&sums).zip(&counts) {
            if *count > 0 {
                let mean: Vec<f64> = sum.iter().map(|value| value / *count as f64).collect();
                moved = f64::max(moved, libm::sqrt(squared_distance(centroid, &mean)));
                *centroid = mean;
            }
        }
        if total >= inertia * (1.0 - 1e-7) {
            return Clustering { centroids, inertia: total.min(inertia), iterations: iteration };
        }
        inertia = total;
    }
    Clustering { centroids, inertia, iterations: ITERATIONS_MAX }
}

/// Some of the points, with what is known of each from the rounds before.
struct Part {
    rows: Range<usize>,
    own: Vec<u32>,
    /// Of each point, a distance below which no centroid but its own can be.
    others_from: Vec<f64>,
    assigned: Assigned,
}

impl Part {
    fn new(rows: Range<usize>) -> Self {
        let count = rows.len();
        Self { rows, own: vec![0; count], others_from: vec![f64::NEG_INFINITY; count], assigned: Assigned::none(0, 0) }
    }

    /// One round; no centroid has moved farther than `moved` since the last one.
    fn assign(&mut self, points: &Points, centroids: &[Vec<f64>], moved: f64) {
        self.assigned = Assigned::none(centroids.len(), points.dimensions);
        if centroids.is_empty() || points.dimensions == 0 {
            return;
        }
        // The usual numbers of features are known to the compiler, which then writes out the loops over them.
        match points.dimensions {
            2 => self.assign_in::<2>(points, centroids, moved),
            3 => self.assign_in::<3>(points, centroids, moved),
            4 => self.assign_in::<4>(points, centroids, moved),
            5 => self.assign_in::<5>(points, centroids, moved),
            6 => self.assign_in::<6>(points, centroids, moved),
            _ => self.assign_in::<0>(points, centroids, moved),
        }
    }

    /// The same in `D` dimensions, or, with 0, in as many as there are.
    fn assign_in<const D: usize>(&mut self, points: &Points, centroids: &[Vec<f64>], moved: f64) {
        let dimensions = if D == 0 { points.dimensions } else { D };
        let places = centroids.concat();
        let place = |index: u32| &places[index as usize * dimensions..][..dimensions];
        let moved = moved * (1.0 + SLACK);
        let rows = points.values[self.rows.start * dimensions..self.rows.end * dimensions].chunks_exact(dimensions);
        for ((point, own), others_from) in rows.zip(&mut self.own).zip(&mut self.others_from) {
            let point = &point[..dimensions];
            *others_from -= moved;
            let mut distance = squared_distance(place(*own), point);
            if libm::sqrt(distance) * (1.0 + SLACK) >= *others_from {
                let other;
                (*own, distance, other) = nearest_two(places.chunks_exact(dimensions), &point[..dimensions]);
                *others_from = libm::sqrt(other);
            }
            self.assigned.add(*own as usize, distance, point);
        }
    }
}

/// The nearest centroid, ties going to the lower index, the squared distance to it, and that to the nearest other one.
#[inline]
fn nearest_two<'a>(centroids: impl Iterator<Item = &'a [f64]>, point: &[f64]) -> (u32, f64, f64) {
    let (mut own, mut least, mut second) = (0, f64::INFINITY, f64::INFINITY);
    for (index, centroid) in centroids.enumerate() {
        let distance = squared_distance(centroid, point);
        if distance < least {
            (own, least, second) = (index as u32, distance, least);
        } else if distance < second {
            second = distance;
        }
    }
    (own, least, second)
}

/// What one round of assignments adds up to.
struct Assigned {
    sums: Vec<Vec<f64>>,
    counts: Vec<usize>,
    total: f64,
}

impl Assigned {
    fn none(clusters: usize, dimensions: usize) -> Self {
        Self { sums: vec![vec![0.0; dimensions]; clusters], counts: vec![0; clusters], total: 0.0 }
    }

    fn add(&mut self, cluster: usize, distance: f64, point: &[f64]) {
        self.total += distance;
        self.counts[cluster] += 1;
        self.sums[cluster].iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
    }

    fn and(mut self, other: &Self) -> Self {
        for (sums, others) in self.sums.iter_mut().zip(&other.sums) {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
        self.total += other.total;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::nearest;
    use super::*;
    use crate::random::SplitMix64;

    /// Without bounds: every point against every centroid.
    fn plain(points: &Points, mut centroids: Vec<Vec<f64>>) -> Clustering {
        let mut inertia = f64::INFINITY;
        for iteration in 1..=ITERATIONS_MAX {
            let mut all = Assigned::none(centroids.len(), points.dimensions);
            for start in (0..points.rows()).step_by(CHUNK) {
                let mut part = Assigned::none(centroids.len(), points.dimensions);
                for row in start..(start + CHUNK).min(points.rows()) {
                    let (cluster, distance) = nearest(&centroids, points.row(row));
                    part.add(cluster, distance, points.row(row));
                }
                all = all.and(&part);
            }
            for ((centroid, sum), count) in centroids.iter_mut().zip(&all.sums).zip(&all.counts) {
                if *count > 0 {
                    *centroid = sum.iter().map(|value| value / *count as f64).collect();
                }
            }
            if all.total >= inertia * (1.0 - 1e-7) {
                return Clustering { centroids, inertia: all.total.min(inertia), iterations: iteration };
            }
            inertia = all.total;
        }
        Clustering { centroids, inertia, iterations: ITERATIONS_MAX }
    }

    #[test]
    fn bounds_change_no_bit() {
        let mut random = SplitMix64::new(11);
        for (rows, dimensions, clusters) in [(70_000, 3, 5), (400, 8, 12), (300, 1, 4), (5, 2, 5), (0, 2, 3)] {
            // Rounded, so that there are ties.
            let values = (0..rows * dimensions).map(|_| (random.next_normal() * 4.0).round() / 4.0).collect();
            let points = Points { dimensions, values };
            let mut starts = |_| (0..dimensions).map(|_| random.next_normal()).collect::<Vec<f64>>();
            let centroids: Vec<Vec<f64>> = (0..clusters).map(&mut starts).collect();
            assert_eq!(lloyd(&points, centroids.clone()), plain(&points, centroids), "{rows} rows");
        }
        assert_eq!(lloyd(&Points { dimensions: 2, values: vec![1.0, 2.0] }, Vec::new()).iterations, 2);
    }
}
