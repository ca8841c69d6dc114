//! Seeded k-means: k-means++ starts, Lloyd's iterations, several restarts, bit-stable under any thread count.
//!
//! Sources: Arthur & Vassilvitskii (2007), "k-means++: the advantages of careful seeding", SODA; Lloyd (1982); stability of a
//! cluster as the mean of its best Jaccard overlap over bootstraps: Hennig (2007), "Cluster-wise assessment of cluster
//! stability", Computational Statistics & Data Analysis 52.

mod lloyd;
mod points;
mod separation;
mod strength;

pub use self::lloyd::lloyd;
use self::points::squared_distance;
pub use self::points::{Clustering, Points, nearest};
pub use self::separation::{Separation, separation};
pub(crate) use self::separation::{centre, farthest, members};
pub use self::strength::prediction_strength;
use crate::random::SplitMix64;

/// The best of `restarts` runs by inertia; ties go to the earlier restart. Restarts are independent, so threads change nothing.
pub fn kmeans(points: &Points, clusters: usize, restarts: usize, seed: u64) -> Clustering {
    let one = |restart: usize| {
        let mut random = SplitMix64::new(seed ^ (restart as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let start = plus_plus(points, clusters, &mut random);
        lloyd(points, start)
    };
    let runs = in_parallel(restarts.max(1), one);
    runs.into_iter().reduce(|best, next| if next.inertia < best.inertia { next } else { best }).unwrap_or(Clustering {
        centroids: Vec::new(),
        inertia: 0.0,
        iterations: 0,
    })
}

/// Starting centroids: of a few drawn with probability proportional to the squared distance from those before, the one that leaves
/// the least distance (greedy k-means++, Arthur & Vassilvitskii 2007, §5; with 2 + ln k draws as in their own code).
fn plus_plus(points: &Points, clusters: usize, random: &mut SplitMix64) -> Vec<Vec<f64>> {
    let rows = points.rows();
    if rows == 0 {
        return Vec::new();
    }
    let trials = 2 + libm::log(clusters.max(1) as f64) as usize;
    let mut centroids = vec![points.row(random.below(rows)).to_vec()];
    let mut distances: Vec<f64> = (0..rows).map(|row| squared_distance(points.row(row), &centroids[0])).collect();
    while centroids.len() < clusters {
        let total: f64 = distances.iter().sum();
        let draw = |random: &mut SplitMix64| {
            let mut target = random.next_f64() * total;
            let chosen = distances.iter().position(|distance| {
                target -= distance;
                target < 0.0
            });
            chosen.unwrap_or_else(|| random.below(rows))
        };
        let tried = (0..trials).map(|_| {
            let chosen = draw(random);
            let nearer: Vec<f64> = (0..rows)
                .map(|row| distances[row].min(squared_distance(points.row(row), points.row(chosen))))
                .collect();
            (nearer.iter().sum::<f64>(), chosen, nearer)
        });
        let best = tried.reduce(|best, next| if next.0 < best.0 { next } else { best });
        let Some((_, chosen, nearer)) = best else { break };
        distances = nearer;
        centroids.push(points.row(chosen).to_vec());
    }
    centroids
}

/// Mean simplified silhouette (b − a) / max(a, b), with distances to centroids: own, and the nearest other.
pub fn silhouette(points: &Points, centroids: &[Vec<f64>]) -> f64 {
    let rows = points.rows();
    if centroids.len() < 2 || rows == 0 {
        return 0.0;
    }
    let total: f64 = (0..rows)
        .map(|row| {
            let mut distances: Vec<f64> =
                centroids.iter().map(|centroid| libm::sqrt(squared_distance(centroid, points.row(row)))).collect();
            distances.sort_by(f64::total_cmp);
            let (own, other) = (distances[0], distances[1]);
            if other > 0.0 { (other - own) / other } else { 0.0 }
        })
        .sum();
    total / rows as f64
}

/// Points drawn again with replacement, and the clusters that they have by themselves.
#[derive(Clone, Debug)]
pub struct Resample {
    /// Rows that were drawn, each once, in order.
    rows: Vec<usize>,
    centroids: Vec<Vec<f64>>,
}

/// Draws the points again and finds clusters in them, `replicates` times.
pub fn resamples(points: &Points, clusters: usize, replicates: usize, seed: u64) -> Vec<Resample> {
    let count = points.rows();
    let one = |replicate: usize| {
        let mut random = SplitMix64::new(seed ^ (replicate as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03));
        let mut rows: Vec<usize> = (0..count).map(|_| random.below(count)).collect();
        rows.sort_unstable();
        let drawn = points.take(&rows);
        let refit = (0..3)
            .map(|_| lloyd(&drawn, plus_plus(&drawn, clusters, &mut random)))
            .reduce(|best, next| if next.inertia < best.inertia { next } else { best });
        rows.dedup();
        Resample { rows, centroids: refit.map_or_else(Vec::new, |refit| refit.centroids) }
    };
    in_parallel(replicates, one)
}

/// Bootstrap stability of each cluster: mean over [`resamples`] of its largest Jaccard overlap with a refitted cluster, on the
/// points drawn. At least .75 is stable, below .6 should not be trusted (Hennig).
pub fn stability(points: &Points, centroids: &[Vec<f64>], resamples: &[Resample]) -> Stability {
    let clusters = centroids.len();
    let labels: Vec<usize> = (0..points.rows()).map(|row| nearest(centroids, points.row(row)).0).collect();
    let one = |index: usize| {
        let again = &resamples[index];
        let mut both = vec![vec![0usize; clusters]; clusters];
        for row in &again.rows {
            both[labels[*row]][nearest(&again.centroids, points.row(*row)).0] += 1;
        }
        (best_jaccards(&both), relabelled(&both))
    };
    let runs = in_parallel(resamples.len(), one);
    let count = runs.len().max(1) as f64;
    Stability {
        jaccards: (0..clusters).map(|n| runs.iter().map(|(run, _)| run[n]).sum::<f64>() / count).collect(),
        relabelled: runs.iter().map(|(_, relabelled)| relabelled).sum::<f64>() / count,
    }
}

/// How well clusters are found again on resampled points.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// Of each cluster, the mean over resamples of the best Jaccard overlap with a cluster of the refit.
    pub jaccards: Vec<f64>,
    /// Share of points that the refit puts into another cluster, with clusters paired by their overlap: what a refit alone
    /// looks like as migration.
    pub relabelled: f64,
}

/// Of each row, the best Jaccard overlap with a column.
fn best_jaccards(both: &[Vec<usize>]) -> Vec<f64> {
    let refit_sizes: Vec<usize> = (0..both.len()).map(|j| both.iter().map(|line| line[j]).sum()).collect();
    both.iter()
        .map(|line| {
            let size: usize = line.iter().sum();
            let jaccard = |(j, overlap): (usize, &usize)| {
                let union = size + refit_sizes[j] - overlap;
                if union == 0 { 0.0 } else { *overlap as f64 / union as f64 }
            };
            line.iter().enumerate().map(jaccard).fold(0.0, f64::max)
        })
        .collect()
}

/// Share of all outside the cells of a pairing of rows and columns, the largest cells first. Not the best pairing of all
/// (the Hungarian method's), but the same wherever each cluster is mostly found again.
fn relabelled(both: &[Vec<usize>]) -> f64 {
    let clusters = both.len();
    let mut cells: Vec<(usize, usize, usize)> =
        (0..clusters).flat_map(|i| (0..clusters).map(move |j| (i, j))).map(|(i, j)| (both[i][j], i, j)).collect();
    cells.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut rows, mut columns, mut matched) = (vec![false; clusters], vec![false; clusters], 0);
    for (count, i, j) in cells {
        if !rows[i] && !columns[j] {
            (rows[i], columns[j]) = (true, true);
            matched += count;
        }
    }
    let all: usize = both.iter().flatten().sum();
    if all == 0 { 0.0 } else { 1.0 - matched as f64 / all as f64 }
}

/// Runs `count` independent pieces on the machine's threads and gives their results in order.
fn in_parallel<T: Send>(count: usize, piece: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(count.max(1));
    let mut slots: Vec<Option<T>> = (0..count).map(|_| None).collect();
    std::thread::scope(|scope| {
        for (offset, chunk) in slots.chunks_mut(count.div_ceil(threads).max(1)).enumerate() {
            let piece = &piece;
            let first = offset * count.div_ceil(threads).max(1);
            scope.spawn(move || {
                for (index, slot) in chunk.iter_mut().enumerate() {
                    *slot = Some(piece(first + index));
                }
            });
        }
    });
    slots.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_groups() -> Points {
        let mut random = SplitMix64::new(5);
        let centres = [[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]];
        let values = (0..900)
            .flat_map(|row| {
                let centre = centres[row % 3];
                [centre[0] + random.next_normal(), centre[1] + random.next_normal()]
            })
            .collect();
        Points { dimensions: 2, values }
    }

    #[test]
    fn planted_groups_are_found_and_stable() {
        let points = three_groups();
        let found = kmeans(&points, 3, 10, 1);
        let label = |row: usize| nearest(&found.centroids, points.row(row)).0;
        let strays = (3..points.rows()).filter(|row| label(*row) != label(row % 3)).count();
        assert!(strays < 9, "{strays} of 897 points are not with the first of their planted group");
        let again = |clusters: usize| resamples(&points, clusters, 20, 2);
        let Stability { jaccards: stable, relabelled } = stability(&points, &found.centroids, &again(3));
        assert!(relabelled < 0.02, "{relabelled}");
        assert!(stable.iter().all(|jaccard| *jaccard > 0.95), "{stable:?}");
        let split = kmeans(&points, 5, 10, 1);
        let unstable = stability(&points, &split.centroids, &again(5)).jaccards;
        assert!(unstable.iter().any(|jaccard| *jaccard < 0.75), "{unstable:?}");
        assert!(silhouette(&points, &found.centroids) > silhouette(&points, &split.centroids));
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        let points = three_groups();
        assert_eq!(kmeans(&points, 4, 7, 3), kmeans(&points, 4, 7, 3));
    }

    #[test]
    fn degenerate_points_do_not_stop_it() {
        let constant = Points { dimensions: 1, values: vec![2.0; 50] };
        assert_eq!(kmeans(&constant, 3, 2, 1).inertia, 0.0);
        let none = Points { dimensions: 2, values: Vec::new() };
        assert!(kmeans(&none, 3, 2, 1).centroids.is_empty());
    }
}
