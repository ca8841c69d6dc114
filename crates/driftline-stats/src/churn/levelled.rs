//! The level of risks: one shift of all logits.

use crate::chunks::{self, CHUNK};
use crate::expectation::steps_a_year;
use crate::level::{self, Shift};
use crate::special::logistic;

/// Between which shifts a level is sought.
const SHIFT_MOST: f64 = 4.0;

/// Origins from which on a shift is forecast: one more than a year has, so that a season is seen again. With fewer the last
/// season is taken for the level, and the models' own level is nearer.
const SHIFTS_LEAST: usize = 5;

/// Origins up to which a log is too young for its models to be nearer than a regression on the horizon before.
const SHIFTS_FEW: usize = 2;

/// The shift to expect at a step, by those that were over by then; `None` while these are so few that it is to go half-way to the
/// regression's mean risk.
pub(super) fn known_shift(shifts: &[Shift], step: i32, horizon_days: i32) -> Option<f64> {
    let past: Vec<Shift> = shifts.iter().filter(|shift| shift.step < step).copied().collect();
    match past.len() {
        0..=SHIFTS_FEW => None,
        few if few < SHIFTS_LEAST => Some(0.0),
        _ => {
            let a_year = steps_a_year(horizon_days);
            Some(level::levels(&past, &[step], a_year, &level::OF_RISKS)[0].mean)
        }
    }
}

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

/// The shift of the logits of a model's risks that goes half of the way to those with which they add up to the regression's.
pub(super) fn half_way(of_regression: &[f64], of_model: &[f64]) -> f64 {
    let logits = chunks::each(of_model, |risk| logit(*risk));
    0.5 * shift_to(&logits, of_regression.iter().sum())
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

    /// A model that says .1 and a regression that says .3 of everybody: half-way between their logits.
    #[test]
    fn a_young_log_takes_half_of_what_the_regression_says_and_a_season_waits_for_five_origins() {
        let shift = half_way(&[0.3; 50], &[0.1; 50]);
        let middle = 0.5 * (logit(0.1) + logit(0.3));
        assert!((logit(0.1) + shift - middle).abs() < 1e-9, "{shift}");
        assert!((at_level(&[0.1; 50], shift) / 50.0 - logistic(middle)).abs() < 1e-9);
        let shifts = |count: i32| -> Vec<Shift> {
            (1..=count).rev().map(|back| Shift { step: -back, off: 0.2, variance: 1e-3 }).collect()
        };
        for count in 0..8 {
            let known = known_shift(&shifts(count), 0, 91);
            match count {
                0..=2 => assert_eq!(known, None),
                3..=4 => assert_eq!(known, Some(0.0)),
                _ => assert!(known.is_some_and(|shift| shift > 0.1 && shift < 0.21), "{count} {known:?}"),
            }
            // The judged horizon knows one origin less.
            assert_eq!(known_shift(&shifts(count), -1, 91).is_none(), count <= 3);
        }
    }
}
