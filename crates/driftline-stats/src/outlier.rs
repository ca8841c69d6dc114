//! Bounds beyond which a point is unlike its nearest cluster: fences of the learning sample's distances, fitted once and frozen.
//!
//! Source: Tukey (1977), *Exploratory Data Analysis*, §2D: beyond the upper quartile by three times the distance between the
//! quartiles a value is "far out".

/// Times the distance between the quartiles.
const FAR_OUT: f64 = 3.0;

/// No bound is nearer than this many standard deviations of the scaled features: where most distances are alike, the quartiles
/// coincide and would call everything else far out.
const NEAREST: f64 = 3.0;

/// The bound of each cluster's distances, in the unit of the distances: the far-out fence of all of them or that of its own
/// members, whichever is farther. `labels[i]` is the cluster of `distances[i]`.
///
/// The fence of all keeps a tight cluster from shedding its rim; its own keeps a wide cluster whole, whose members are far from
/// its centre by nature.
pub fn bounds(labels: &[usize], distances: &[f64], clusters: usize) -> Vec<f64> {
    let all = fence(distances.to_vec()).max(NEAREST);
    (0..clusters)
        .map(|cluster| {
            let own =
                labels.iter().zip(distances).filter(|(label, _)| **label == cluster).map(|(_, distance)| *distance);
            fence(own.collect()).max(all)
        })
        .collect()
}

/// The upper far-out fence; 0 of nothing. Quartiles are order statistics, so the order of values changes no bit.
fn fence(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (share * (values.len().max(1) - 1) as f64) as usize;
        values.get(index).copied().unwrap_or(0.0)
    };
    let (lower, upper) = (at(0.25), at(0.75));
    upper + FAR_OUT * (upper - lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    /// Distances of points with `dimensions` independent standard normal coordinates from their centre, times `spread`.
    fn cloud(points: usize, dimensions: usize, spread: f64, random: &mut SplitMix64) -> Vec<f64> {
        let distance = |_| {
            let squares: f64 = (0..dimensions).map(|_| random.next_normal()).map(|value| value * value).sum();
            spread * libm::sqrt(squares)
        };
        (0..points).map(distance).collect()
    }

    #[test]
    fn a_cloud_without_outliers_has_hardly_any_and_planted_ones_are_found() {
        let mut random = SplitMix64::new(11);
        let distances = cloud(20_000, 5, 1.0, &mut random);
        let labels = vec![0; distances.len()];
        let bound = bounds(&labels, &distances, 1)[0];
        let beyond = distances.iter().filter(|distance| **distance > bound).count();
        assert!(beyond <= 2, "{beyond} of 20,000 normal points are beyond {bound}");
        // Two in a hundred planted far away neither hide themselves nor draw others in.
        let planted: Vec<f64> = distances.iter().copied().chain((0..400).map(|n| 9.0 + f64::from(n))).collect();
        let bound = bounds(&vec![0; planted.len()], &planted, 1)[0];
        let beyond = planted.iter().filter(|distance| **distance > bound).count();
        assert!((400..=402).contains(&beyond), "{beyond} beyond {bound}");
    }

    #[test]
    fn a_wide_cluster_keeps_its_members_and_a_tight_one_is_not_fenced_in() {
        let mut random = SplitMix64::new(12);
        let (tight, wide) = (cloud(5_000, 3, 0.4, &mut random), cloud(100, 3, 2.5, &mut random));
        let labels: Vec<usize> = tight.iter().map(|_| 0).chain(wide.iter().map(|_| 1)).collect();
        let distances: Vec<f64> = tight.iter().chain(&wide).copied().collect();
        let bounds = bounds(&labels, &distances, 2);
        assert_eq!(bounds[0], NEAREST);
        let beyond = |cluster: usize| {
            let own = labels.iter().zip(&distances).filter(|(label, _)| **label == cluster);
            own.filter(|(_, distance)| **distance > bounds[cluster]).count()
        };
        assert_eq!((beyond(0), beyond(1)), (0, 0), "{bounds:?}");
    }

    #[test]
    fn degenerate_distances_have_a_finite_bound() {
        for distances in [vec![], vec![0.0; 9], vec![0.0, 0.0, 0.0, 0.0, 2.0]] {
            let bounds = bounds(&vec![0; distances.len()], &distances, 3);
            assert_eq!(bounds, [NEAREST; 3], "{distances:?}");
        }
    }
}
