//! The level of risks: one shift of all logits.

use crate::chunks::{self, CHUNK};
use crate::special::logistic;

/// Between which shifts a level is sought.
const SHIFT_MOST: f64 = 4.0;

/// The order of both, at a mean risk of `total` over everyone: means of the logits, shifted by one number. A regression learns the
/// level of the past horizon; the purchase model knows how customers have aged since.
pub(super) fn levelled(of_regression: &[f64], of_model: &[f64], weight: f64, total: f64) -> Vec<f64> {
    let places: Vec<usize> = (0..of_regression.len()).collect();
    let logits =
        chunks::each(&places, |&place| weight * logit(of_regression[place]) + (1.0 - weight) * logit(of_model[place]));
    let by = shift_to(&logits, total);
    chunks::each(&logits, |logit| logistic(logit + by))
}

/// The sum of risks after a shift of their logits.
pub(super) fn at_level(risks: &[f64], shift: f64) -> f64 {
    if shift == 0.0 {
        return risks.iter().sum();
    }
    chunks::each(risks, |risk| logistic(logit(*risk) + shift)).iter().sum()
}

/// The shift of the logits of risks with which they add up to what happened, and its sampling variance; `None` if it happened to
/// all or to nobody.
pub(crate) fn right_shift(risks: &[f64], happened: f64) -> Option<(f64, f64)> {
    if happened <= 0.0 || happened >= risks.len() as f64 {
        return None;
    }
    let logits = chunks::each(risks, |risk| logit(*risk));
    let by = shift_to(&logits, happened);
    Some((by, 1.0 / sum_and_slope(&logits, by).1.max(1.0)))
}

fn logit(risk: f64) -> f64 {
    let risk = risk.clamp(1e-9, 1.0 - 1e-9);
    libm::log(risk / (1.0 - risk))
}

/// The sum of shifted risks and how it grows with the shift.
fn sum_and_slope(logits: &[f64], by: f64) -> (f64, f64) {
    let parts = chunks::map(logits.len(), CHUNK, |range| {
        logits[range].iter().fold((0.0, 0.0), |(sum, slope), logit| {
            let risk = logistic(logit + by);
            (sum + risk, slope + risk * (1.0 - risk))
        })
    });
    parts.iter().fold((0.0, 0.0), |(sum, slope), part| (sum + part.0, slope + part.1))
}

/// The shift with which risks add up to `total`: Newton's method, with bisection where its steps do not halve. Risks near 0 and 1
/// have next to no slope, and its steps alone then leap from end to end.
fn shift_to(logits: &[f64], total: f64) -> f64 {
    let (mut low, mut high, mut by) = (-SHIFT_MOST, SHIFT_MOST, 0.0);
    let mut last = high - low;
    for _ in 0..80 {
        let (sum, slope) = sum_and_slope(logits, by);
        if sum < total {
            low = by
        } else {
            high = by
        }
        let step = (total - sum) / slope.max(1e-12);
        let next = by + step;
        let is_fast = step.abs() < 0.5 * last && next > low && next < high;
        let next = if is_fast { next } else { 0.5 * (low + high) };
        last = (next - by).abs();
        by = next;
        if last < 1e-12 {
            break;
        }
    }
    by
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most are sure to buy or not to, a few are between.
    #[test]
    fn any_level_is_reached_where_risks_are_near_their_ends() {
        let risks: Vec<f64> = (0..2_000)
            .map(|n| match n % 40 {
                0..=27 => 1e-7,
                28..=37 => 1.0 - 1e-7,
                _ => 0.02 * f64::from(n / 40),
            })
            .map(|risk| risk.clamp(1e-9, 1.0 - 1e-9))
            .collect();
        for wanted in [510.0, 530.0, 560.0, 590.0] {
            let levelled = levelled(&risks, &risks, 0.5, wanted);
            assert!((levelled.iter().sum::<f64>() - wanted).abs() < 1e-6, "{wanted} {}", levelled.iter().sum::<f64>());
            let (shift, variance) = right_shift(&risks, wanted).unwrap_or_default();
            assert!((at_level(&risks, shift) - wanted).abs() < 1e-6 && variance > 0.0, "{shift} {variance}");
        }
        assert_eq!((right_shift(&risks, 0.0), right_shift(&risks, 2_000.0)), (None, None));
    }
}
