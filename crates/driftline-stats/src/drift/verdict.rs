//! Whether a column drifted, and the sentence that says why.

use super::{ColumnVerdict, Finding, Kind};
use crate::significance::normal_upper_tail;

/// The false-discovery rate.
const SURE: f64 = 0.05;

/// A change of numbers that matters, in standard deviations of the reference.
const MATERIAL_SHIFT: f64 = 0.05;

/// A change of shares that matters: two points of a hundred are in other categories.
const MATERIAL_SHARE: f64 = 0.02;

/// A change of the share of missing values that matters.
const MATERIAL_NULLS: f64 = 0.01;

impl Finding {
    /// P-value of no change of the share of missing values, by the pooled two-sample test of proportions.
    pub(super) fn nulls_p(&self) -> Option<f64> {
        let (reference, current) = (self.null_share_ref?, self.null_share_cur?);
        let (n, m) = (self.rows_ref as f64, self.rows_cur as f64);
        let pooled = (reference * n + current * m) / (n + m);
        let error = libm::sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m));
        (error > 0.0).then(|| (2.0 * normal_upper_tail((current - reference).abs() / error)).min(1.0))
    }

    /// Sets the verdict and the reason; `nulls_q` is the q of the share of missing values.
    pub(super) fn decide(&mut self, nulls_q: Option<f64>) {
        let (before, now) = (self.null_share_ref.unwrap_or_default(), self.null_share_cur.unwrap_or_default());
        let nulls_drifted = nulls_q.is_some_and(|q| q <= SURE) && (now - before).abs() >= MATERIAL_NULLS;
        let nulls_said = format!("missing values went from {:.1} % to {:.1} %", 100.0 * before, 100.0 * now);
        if matches!(self.verdict, ColumnVerdict::NotComparable | ColumnVerdict::SetApart | ColumnVerdict::SchemaChange)
        {
            if nulls_drifted {
                self.reason = format!("{}; {nulls_said}", self.reason);
                if self.verdict != ColumnVerdict::SchemaChange {
                    self.verdict = ColumnVerdict::NullDrift;
                }
            }
            return;
        }
        let (effect, least, named) = self.effect();
        let is_sure = self.q.is_some_and(|q| q <= SURE);
        let mut said = match (self.q, is_sure, effect >= least) {
            (None, ..) => vec!["no test: one value everywhere, or too few of them".to_owned()],
            (_, true, true) => vec![format!("sure and material: {effect:.3} {named}")],
            (_, true, false) => {
                vec![format!("sure but small: {effect:.3} {named}, from {least} on it matters")]
            }
            (_, false, true) => vec![format!("may be chance: {effect:.3} {named}, but q is above {SURE}")],
            (_, false, false) => vec!["neither sure nor material".to_owned()],
        };
        if nulls_drifted {
            said.push(nulls_said);
        }
        said.extend(counted(&self.new_categories, "new"));
        said.extend(counted(&self.lost_categories, "lost"));
        if self.kind == Kind::Numeric && self.psi_null_p95.is_none() {
            said.push("one cell only, so no null value of the stability index".to_owned());
        }
        self.verdict = match (is_sure && effect >= least, nulls_drifted) {
            (true, _) => ColumnVerdict::Drift,
            (false, true) => ColumnVerdict::NullDrift,
            (false, false) => ColumnVerdict::NoDrift,
        };
        self.reason = said.join("; ");
    }

    /// What says how far a column moved, from where on that matters, and its unit.
    fn effect(&self) -> (f64, f64, &'static str) {
        match (self.kind, self.shift) {
            (Kind::Numeric, Some(shift)) => (shift, MATERIAL_SHIFT, "standard deviations"),
            // The reference is one value but for single ones: no deviation to count in.
            (Kind::Numeric, None) => {
                (self.ks_d.unwrap_or_default(), MATERIAL_SHARE, "of all on the other side of a value")
            }
            _ => (self.tvd.unwrap_or_default(), MATERIAL_SHARE, "of all in other categories"),
        }
    }
}

fn counted(names: &[String], what: &str) -> Option<String> {
    match names.len() {
        0 => None,
        1 => Some(format!("1 category {what}")),
        many => Some(format!("{many} categories {what}")),
    }
}
