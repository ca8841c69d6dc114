//! All customers, counted by segment, column and readable threshold.

use std::collections::BTreeMap;

use driftline_stats::cluster::Points;

use crate::naming::words::{HabitColumn, HabitUnit};

/// All customers, counted by segment, column and readable threshold.
pub(in crate::naming) struct Population<'a> {
    pub(super) columns: &'a [HabitColumn],
    pub(super) rows: &'a Points,
    pub(super) segments: &'a [u32],
    pub(super) sizes: BTreeMap<u32, u64>,
    /// Of each column, ascending; none of one that is not in use.
    pub(super) thresholds: Vec<Vec<f64>>,
    /// Of each segment, column and bin: bin `b` is from threshold `b - 1` to below threshold `b`.
    pub(super) bins: BTreeMap<u32, Vec<Vec<u64>>>,
    /// Of each segment those who bought once so far, whether or not a claim may be made of it.
    pub(super) once: BTreeMap<u32, u64>,
}

impl<'a> Population<'a> {
    pub(in crate::naming) fn new(columns: &'a [HabitColumn], rows: &'a Points, segments: &'a [u32]) -> Self {
        let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); columns.len()];
        for row in 0..rows.rows() {
            for (range, value) in ranges.iter_mut().zip(rows.row(row)).filter(|(_, value)| value.is_finite()) {
                *range = (range.0.min(*value), range.1.max(*value));
            }
        }
        let thresholds: Vec<Vec<f64>> = columns
            .iter()
            .zip(ranges)
            .map(|(column, (low, high))| if column.is_in_use { column.words.unit.grid(low, high) } else { Vec::new() })
            .collect();
        let empty: Vec<Vec<u64>> = thresholds.iter().map(|edges| vec![0; edges.len() + 1]).collect();
        let counts_once = columns.iter().position(|column| column.words.unit == HabitUnit::Once);
        let mut once: BTreeMap<u32, u64> = BTreeMap::new();
        let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
        let mut bins: BTreeMap<u32, Vec<Vec<u64>>> = BTreeMap::new();
        for (row, segment) in segments.iter().enumerate() {
            *sizes.entry(*segment).or_default() += 1;
            let is_once = counts_once.is_some_and(|column| rows.row(row)[column] < 2.0);
            *once.entry(*segment).or_default() += u64::from(is_once);
            let bins = bins.entry(*segment).or_insert_with(|| empty.clone());
            for ((bins, edges), value) in bins.iter_mut().zip(&thresholds).zip(rows.row(row)) {
                if !edges.is_empty() && !value.is_nan() {
                    bins[edges.partition_point(|edge| edge <= value)] += 1;
                }
            }
        }
        Self { columns, rows, segments, sizes, thresholds, bins, once }
    }
}
