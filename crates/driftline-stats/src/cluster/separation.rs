//! Whether two groups are two: how deep the valley between them is, and how far apart they lie.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Points, squared_distance};

/// How two groups of points lie to each other, on the line between their centres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Separation {
    /// Points in the middle by points about the sparser of the two centres: near 0 for two groups, about 1 or more for one cut in two.
    pub valley: f64,
    /// Difference of the means by the pooled deviation. A normal distribution cut in two has 2.65.
    pub distance: f64,
}

impl Separation {
    /// Of groups too small to be told apart.
    pub const NONE: Self = Self { valley: 9.0, distance: 0.0 };

    pub fn is_at_least(self, valley_most: f64, distance_least: f64) -> bool {
        self.valley <= valley_most && self.distance >= distance_least
    }
}

/// Added to each variance, so that a habit in which a group does not vary at all does not decide alone.
const VARIANCE_LEAST: f64 = 0.02;

/// Half the width of a window in which points are counted, by the distance of the medians.
const HALF_WIDTH: f64 = 0.1;

/// Fewest members of a group.
const MEMBERS_MIN: usize = 5;

/// Separation of two groups, given by the rows of their members.
///
/// The axis is the difference of the centres by the pooled variance of each dimension (a diagonal discriminant); projections are
/// scaled so that the medians are 0 and 1. The valley is the least count within ±.1 of .4 to .6, by the lesser count about 0 and 1.
/// Never to be trusted alone: counts lie on a lattice with gaps.
pub fn separation(points: &Points, first: &[usize], second: &[usize]) -> Separation {
    if first.len() < MEMBERS_MIN || second.len() < MEMBERS_MIN {
        return Separation::NONE;
    }
    let (centre, other) = (moments(points, first), moments(points, second));
    let (n, m) = (first.len() as f64, second.len() as f64);
    let axis: Vec<f64> = (0..points.dimensions)
        .map(|at| (other.0[at] - centre.0[at]) / ((n * centre.1[at] + m * other.1[at]) / (n + m) + VARIANCE_LEAST))
        .collect();
    let project = |rows: &[usize]| -> Vec<f64> {
        let along = |row: &usize| points.row(*row).iter().zip(&axis).map(|(value, weight)| value * weight).sum();
        rows.iter().map(along).collect()
    };
    let (mut low, mut high) = (project(first), project(second));
    let distance = {
        let (a, b) = (mean_and_variance(&low), mean_and_variance(&high));
        (b.0 - a.0) / libm::sqrt((n * a.1 + m * b.1) / (n + m) + 1e-24)
    };
    let (zero, one) = (median(&mut low), median(&mut high));
    if one - zero <= 1e-12 {
        return Separation { valley: Separation::NONE.valley, distance };
    }
    let near = |at: f64| {
        let is_near = |value: &&f64| ((**value - zero) / (one - zero) - at).abs() < HALF_WIDTH;
        low.iter().chain(&high).filter(is_near).count() as f64
    };
    let middle = [0.4, 0.45, 0.5, 0.55, 0.6].into_iter().map(near).fold(f64::INFINITY, f64::min);
    let peak = near(0.0).min(near(1.0));
    Separation { valley: (middle + 0.5) / (peak + 0.5), distance }
}

/// Mean and variance of each dimension.
fn moments(points: &Points, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let mut mean = vec![0.0; points.dimensions];
    for row in rows {
        mean.iter_mut().zip(points.row(*row)).for_each(|(sum, value)| *sum += value);
    }
    let count = rows.len().max(1) as f64;
    mean.iter_mut().for_each(|sum| *sum /= count);
    let mut variance = vec![0.0; points.dimensions];
    for row in rows {
        let off = points.row(*row).iter().zip(&mean);
        variance.iter_mut().zip(off).for_each(|(sum, (value, mean))| *sum += (value - mean) * (value - mean));
    }
    variance.iter_mut().for_each(|sum| *sum /= count);
    (mean, variance)
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}

/// Centre of some of the points.
pub(crate) fn centre(points: &Points, rows: &[usize]) -> Vec<f64> {
    moments(points, rows).0
}

/// Rows by their nearest centroid.
pub(crate) fn members(points: &Points, centroids: &[Vec<f64>]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); centroids.len()];
    for row in 0..points.rows() {
        if let Some(own) = members.get_mut(super::nearest(centroids, points.row(row)).0) {
            own.push(row);
        }
    }
    members
}

/// The given share of rows that is farthest from a centre.
pub(crate) fn farthest(points: &Points, centre: &[f64], share: f64) -> Vec<usize> {
    let mut order: Vec<(f64, usize)> =
        (0..points.rows()).map(|row| (squared_distance(points.row(row), centre), row)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.truncate(((share * points.rows() as f64) as usize).max(1));
    order.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    #[test]
    fn two_groups_have_a_valley_and_one_cut_in_two_has_none() {
        // Distance of the centres in deviations, and whether they are two.
        for (apart, expected) in [(8.0, true), (5.0, true), (0.0, false), (1.5, false)] {
            let mut random = SplitMix64::new(3);
            let values: Vec<f64> = (0..4000)
                .flat_map(|row| [random.next_normal() + if row % 2 == 0 { apart } else { 0.0 }, random.next_normal()])
                .collect();
            let points = Points { dimensions: 2, values };
            let middle = 0.5 * apart;
            let (first, second): (Vec<usize>, Vec<usize>) =
                (0..points.rows()).partition(|row| points.row(*row)[0] < middle);
            let found = separation(&points, &first, &second);
            assert_eq!(found.is_at_least(0.5, 3.5), expected, "{apart}: {found:?}");
        }
        let one = Points { dimensions: 1, values: vec![1.0; 20] };
        assert_eq!(separation(&one, &[0, 1], &[2, 3]), Separation::NONE);
        let half: Vec<usize> = (0..10).collect();
        assert!(separation(&one, &half, &half).valley >= 9.0);
    }
}
