//! A line before the family of all lines has judged it.

use driftline_stats::significance::minimum_effect_p;

use crate::drift::change::{Change, MARKET, Metric, Verdict};
use crate::drift::history::PastChanges;
use crate::drift::materiality::Materiality;

/// Standard errors that an effect must lie beyond half of what is material.
const ERRORS: f64 = 2.5;

/// A line before the family of all lines has judged it. `effect`, `floor` and `error` are in one unit, that of a share or a part
/// of the figure, and for value that of its causes.
pub(super) struct Open {
    pub(super) change: Change,
    pub(super) effect: f64,
    pub(super) floor: f64,
    pub(super) error: f64,
    /// Whether it is enough data and material.
    pub(super) could_pass: bool,
}

impl Open {
    pub(super) fn p(&self) -> f64 {
        minimum_effect_p(self.effect, self.floor, self.error)
    }

    /// Passed but for the past: enough, material, and sure beyond the noise of so many lines; a persona's line, of which there are
    /// many, by so many standard errors too.
    pub(super) fn is_sure(&self, q: f64, rules: &Materiality) -> bool {
        let is_few = self.change.subject == MARKET;
        self.could_pass && q <= rules.false_discovery_rate && (is_few || is_beyond(self.effect, self.floor, self.error))
    }

    /// Adds the fourth condition, where there is a history to tell.
    pub(super) fn judged(self, is_sure: bool, history: &PastChanges) -> Change {
        let mut change = self.change;
        // Half of what is material and its noise: what two moves may differ by and still be alike.
        let scale = if change.metric == Metric::Value { change.restated().abs().max(1.0) } else { 1.0 };
        let alike = (self.floor + ERRORS * self.error) / scale;
        change.usual = history.usual(&change.subject, change.metric, change.moved(), alike).scaled(change.unit());
        if is_sure {
            change.verdict = if change.usual.is_inside() { Verdict::Usual } else { Verdict::Changed };
        }
        change
    }
}

/// Whether an effect is surely larger than half of what is material.
pub(super) fn is_beyond(effect: f64, floor: f64, error: f64) -> bool {
    effect.abs() - floor > ERRORS * error
}

/// Money lines are in minor units everywhere outside this module.
pub(super) fn minor(amount: f64) -> f64 {
    (100.0 * amount).round()
}
