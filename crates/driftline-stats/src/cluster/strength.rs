//! Prediction strength: whether groups found in one half of the points are those of the other half.
//!
//! Source: Tibshirani & Walther (2005), "Cluster validation by prediction strength", *Journal of Computational and Graphical
//! Statistics* 14(3). Groups of real data are usually called found from .8 on.

use super::{Points, in_parallel, kmeans, nearest};
use crate::random::SplitMix64;

/// Points of a half: more change nothing but the time.
const HALF_MOST: usize = 1500;
const RESTARTS: usize = 3;

/// Mean over `halvings` random halvings of the least share, over the groups of one half, of pairs of members who are together by the
/// other half's groups too. 1 for one group.
pub fn prediction_strength(points: &Points, clusters: usize, halvings: usize, seed: u64) -> f64 {
    let one = |halving: usize| {
        let mut random = SplitMix64::new(seed ^ (halving as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut order: Vec<usize> = (0..points.rows()).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place + 1));
        }
        order.truncate(2 * HALF_MOST);
        let (first, second) = order.split_at(order.len() / 2);
        let (first, second) = (points.take(first), points.take(second));
        let found = |half: &Points| kmeans(half, clusters, RESTARTS, seed ^ halving as u64).centroids;
        together(&second, &found(&first), &found(&second))
    };
    in_parallel(halvings, one).iter().sum::<f64>() / halvings.max(1) as f64
}

/// The least share of pairs of a group that the other centroids leave together.
fn together(points: &Points, others: &[Vec<f64>], own: &[Vec<f64>]) -> f64 {
    let mut counts = vec![vec![0.0f64; others.len()]; own.len()];
    for row in 0..points.rows() {
        let point = points.row(row);
        counts[nearest(own, point).0][nearest(others, point).0] += 1.0;
    }
    let share = |counts: &Vec<f64>| {
        let size: f64 = counts.iter().sum();
        let pairs: f64 = counts.iter().map(|count| count * (count - 1.0)).sum();
        if size < 2.0 { 1.0 } else { pairs / (size * (size - 1.0)) }
    };
    counts.iter().map(share).fold(1.0, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_groups_are_strong_and_more_of_them_are_not() {
        let mut random = SplitMix64::new(9);
        let centre = |row: usize| [[0.0, 0.0], [7.0, 0.0], [0.0, 7.0]][row % 3];
        let values = (0..1200).flat_map(|row| centre(row).map(|at| at + random.next_normal())).collect::<Vec<f64>>();
        let points = Points { dimensions: 2, values };
        let strength = |clusters: usize| prediction_strength(&points, clusters, 4, 7);
        assert!(strength(3) > 0.95, "{}", strength(3));
        assert!(strength(5) < 0.75, "{}", strength(5));
        assert!((strength(1) - 1.0).abs() < 1e-12);
    }
}
