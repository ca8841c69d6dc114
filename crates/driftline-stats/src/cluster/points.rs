//! Points, their centres, and how far they are from each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Points in row-major order: `values[row * dimensions + column]`, already scaled.
#[derive(Clone, Debug, Default)]
pub struct Points {
    pub dimensions: usize,
    pub values: Vec<f64>,
}

impl Points {
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dimensions).unwrap_or(0)
    }

    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.dimensions..(row + 1) * self.dimensions]
    }

    /// The given rows as points of their own.
    pub fn take(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|row| self.row(*row).iter().copied()).collect();
        Self { dimensions: self.dimensions, values }
    }

    /// The same with nothing in some of the dimensions.
    pub fn without(&self, dimensions: &[std::ops::Range<usize>]) -> Self {
        let is_out = |at: usize| dimensions.iter().any(|range| range.contains(&(at % self.dimensions.max(1))));
        let values = self.values.iter().enumerate().map(|(at, value)| if is_out(at) { 0.0 } else { *value });
        Self { dimensions: self.dimensions, values: values.collect() }
    }
}

/// Centroids and how well they fit. Sum of squared distances is `inertia`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Clustering {
    pub centroids: Vec<Vec<f64>>,
    pub inertia: f64,
    pub iterations: usize,
}

/// Index of the nearest centroid and the squared distance to it; ties go to the lower index.
pub fn nearest(centroids: &[Vec<f64>], point: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (index, centroid) in centroids.iter().enumerate() {
        let distance = squared_distance(centroid, point);
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

#[inline]
pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}
