//! How good probabilities of a label were, once the label is known.

use crate::significance::normal_quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bins of the reliability table, of equal numbers of customers.
const BINS: usize = 10;

/// The quality of scores for a label of 0 or 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    /// Probability that one with label 1 scores above one with label 0, ties counting half.
    pub auc: f64,
    /// 95 % interval of the AUC (DeLong, DeLong & Clarke-Pearson 1988, *Biometrics* 44(3)), on the logit scale.
    pub auc_low_95: f64,
    pub auc_high_95: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Mean of −ln of the probability given to what happened; probabilities are kept 1e-12 from 0 and 1.
    pub log_loss: f64,
    /// Expected calibration error: mean over ten bins of equal size of |mean probability − share of label 1|.
    pub ece: f64,
    /// Share of label 1 among the tenth with the highest scores over that among all; ties count in part.
    pub lift_10: f64,
    /// Share of all with label 1 that are in that tenth.
    pub recall_10: f64,
    pub mean_predicted: f64,
    pub reliability: Vec<ReliabilityBin>,
}

/// A tenth of the customers by score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReliabilityBin {
    pub customers: f64,
    pub mean_predicted: f64,
    pub happened: f64,
}

/// Judges `scores` in [0, 1] by `labels` of 0 or 1, of the same length and not empty.
pub fn quality(scores: &[f64], labels: &[f64]) -> Quality {
    let count = scores.len() as f64;
    let ties = ties(scores, labels);
    let positives: f64 = labels.iter().sum();
    let (auc, deviation) = auc(&ties, positives, count - positives);
    let (auc_low_95, auc_high_95) = logit_range(auc, deviation);
    let mean = |of: &dyn Fn(f64, f64) -> f64| {
        scores.iter().zip(labels).map(|(score, label)| of(*score, *label)).sum::<f64>() / count
    };
    let brier = mean(&|score, label| (score - label) * (score - label));
    let log_loss = mean(&|score, label| {
        let score = score.clamp(1e-12, 1.0 - 1e-12);
        -(label * libm::log(score) + (1.0 - label) * libm::log1p(-score))
    });
    let reliability = reliability(&ties, count);
    let ece =
        reliability.iter().map(|bin| bin.customers * (bin.mean_predicted - bin.happened).abs()).sum::<f64>() / count;
    let top = (0.1 * count).round().max(1.0);
    let caught = caught(&ties, top);
    let base = (positives / count).max(f64::MIN_POSITIVE);
    Quality {
        auc,
        auc_low_95,
        auc_high_95,
        brier,
        log_loss,
        ece,
        lift_10: if positives > 0.0 { caught / top / base } else { 0.0 },
        recall_10: if positives > 0.0 { caught / positives } else { 0.0 },
        mean_predicted: mean(&|score, _| score),
        reliability,
    }
}

/// Customers with one score: the score, how many, and how many of them have label 1. Lowest score first.
struct Tie {
    score: f64,
    customers: f64,
    positives: f64,
}

fn ties(scores: &[f64], labels: &[f64]) -> Vec<Tie> {
    let mut pairs: Vec<(f64, f64)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let groups = pairs.chunk_by(|a, b| a.0 == b.0);
    groups
        .map(|group| Tie {
            score: group[0].0,
            customers: group.len() as f64,
            positives: group.iter().map(|(_, label)| label).sum(),
        })
        .collect()
}

/// AUC and its standard deviation by the placements of each customer among those with the other label.
fn auc(ties: &[Tie], positives: f64, negatives: f64) -> (f64, f64) {
    if positives <= 0.0 || negatives <= 0.0 {
        return (0.5, 0.0);
    }
    let (mut below_negatives, mut below_positives) = (0.0, 0.0);
    let (mut sum, mut squares_of_positives, mut squares_of_negatives) = (0.0, 0.0, 0.0);
    for tie in ties {
        let tied_negatives = tie.customers - tie.positives;
        let of_positive = (below_negatives + 0.5 * tied_negatives) / negatives;
        let of_negative = (positives - below_positives - 0.5 * tie.positives) / positives;
        sum += tie.positives * of_positive;
        squares_of_positives += tie.positives * of_positive * of_positive;
        squares_of_negatives += tied_negatives * of_negative * of_negative;
        below_negatives += tied_negatives;
        below_positives += tie.positives;
    }
    let auc = sum / positives;
    let variance = |squares: f64, count: f64| {
        if count > 1.0 { ((squares / count - auc * auc).max(0.0)) / (count - 1.0) } else { 0.25 }
    };
    let variance = variance(squares_of_positives, positives) + variance(squares_of_negatives, negatives);
    (auc, libm::sqrt(variance))
}

fn logit_range(auc: f64, deviation: f64) -> (f64, f64) {
    if deviation <= 0.0 || auc <= 0.0 || auc >= 1.0 {
        return (auc, auc);
    }
    let logit = libm::log(auc / (1.0 - auc));
    let width = normal_quantile(0.975) * deviation / (auc * (1.0 - auc));
    let back = |logit: f64| 1.0 / (1.0 + libm::exp(-logit));
    (back(logit - width), back(logit + width))
}

/// Ten bins by score; those tied at an edge are split between bins in proportion, so that no order is needed.
fn reliability(ties: &[Tie], count: f64) -> Vec<ReliabilityBin> {
    let size = count / BINS as f64;
    let mut bins = vec![ReliabilityBin { customers: 0.0, mean_predicted: 0.0, happened: 0.0 }; BINS];
    let mut passed = 0.0;
    for tie in ties {
        let mut left = tie.customers;
        while left > 1e-9 {
            let index = ((passed / size + 1e-9) as usize).min(BINS - 1);
            let room = if index == BINS - 1 { left } else { (index as f64 + 1.0) * size - passed };
            let taken = left.min(room);
            let bin = &mut bins[index];
            bin.customers += taken;
            bin.mean_predicted += taken * tie.score;
            bin.happened += taken * tie.positives / tie.customers;
            passed += taken;
            left -= taken;
        }
    }
    bins.retain(|bin| bin.customers > 1e-9);
    for bin in &mut bins {
        bin.mean_predicted /= bin.customers;
        bin.happened /= bin.customers;
    }
    bins
}

/// How many with label 1 are among the `top` highest scores.
fn caught(ties: &[Tie], top: f64) -> f64 {
    let (mut left, mut caught) = (top, 0.0);
    for tie in ties.iter().rev() {
        let taken = left.min(tie.customers);
        caught += taken * tie.positives / tie.customers;
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    caught
}
