//! Scaling of feature columns: optional logarithm, winsorising, standardising; fitted once and carried with the model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done to one column, in this order: log1p of the non-negative part, clip to `[low, high]`, (value − mean) / sd.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColumnScale {
    pub log: bool,
    pub low: f64,
    pub high: f64,
    pub mean: f64,
    /// Zero for a constant column: it then scales to zero and cannot drive a cluster.
    pub sd: f64,
}

impl ColumnScale {
    /// Fits one column: winsorised at its 0.5 % and 99.5 % order statistics. `values` must be finite.
    pub fn fit(values: &[f64], log: bool) -> Self {
        let mut sorted: Vec<f64> = values.iter().map(|value| raw(*value, log)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (share * (sorted.len().max(1) - 1) as f64) as usize;
            sorted.get(index).copied().unwrap_or(0.0)
        };
        let (low, high) = (at(0.005), at(0.995));
        let count = sorted.len().max(1) as f64;
        // Sums run over the sorted values, so the order of customers never changes a bit.
        let mean = sorted.iter().map(|v| v.clamp(low, high)).sum::<f64>() / count;
        let variance =
            sorted.iter().map(|v| (v.clamp(low, high) - mean) * (v.clamp(low, high) - mean)).sum::<f64>() / count;
        let sd = libm::sqrt(variance);
        Self { log, low, high, mean, sd: if sd > 1e-9 { sd } else { 0.0 } }
    }

    pub fn apply(&self, value: f64) -> f64 {
        if self.sd == 0.0 {
            return 0.0;
        }
        (raw(value, self.log).clamp(self.low, self.high) - self.mean) / self.sd
    }

    /// The same without the clip: how far out a value really is, in the standard deviations of those who are not.
    pub fn apply_unclipped(&self, value: f64) -> f64 {
        if self.sd == 0.0 { 0.0 } else { (raw(value, self.log) - self.mean) / self.sd }
    }
}

fn raw(value: f64, log: bool) -> f64 {
    if log { libm::log1p(value.max(0.0)) } else { value }
}
