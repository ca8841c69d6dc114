//! Attribute drift: how one column differs between two samples, whether that can be chance, and whether it matters.
//!
//! Effect sizes are always computed, tests are two-sample tests, and cells come from the reference, so that the same files give
//! the same numbers. A missing value is no value: it is left out of every statistic, and its share is a finding of its
//! own. A statistic that cannot be computed is `None` and [`Finding::reason`] says why. P-values of small samples are exact.
//!
//! # ColumnVerdict
//!
//! A column *drifted* if its change is sure (q ≤ 0.05, Benjamini-Hochberg over all columns that have a p) and material:
//! a shift of at least 0.05 standard deviations of the reference ([`numeric::shift`], which neither the unit nor a single value
//! changes), or a total variation of at least 0.02 for categories. A column of another type, or of one sample alone, is a
//! finding without a test. A column can be set apart by the caller: ids say nothing by their distribution. With a million rows every change is sure and with a hundred none is small; neither half speaks alone.
//! A population stability index of .1 or .25 decides nothing here: those bands call +28 % of spend "no change".

mod exact;
mod kind;
mod kolmogorov;
pub mod numeric;
mod sample;
pub mod shares;
mod verdict;

pub use kind::Kind;
pub use sample::Sample;

use crate::significance::benjamini_hochberg;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Categories in both samples together beyond which shares are not compared: such a column names things, or is free text.
pub const CATEGORIES_MOST: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnVerdict {
    /// Sure and material.
    Drift,
    /// Only the share of missing values changed, surely and materially.
    NullDrift,
    /// Another type, or a column of one sample alone: no statistic tells how far.
    SchemaChange,
    /// Not sure, or too small to matter.
    NoDrift,
    /// An id, a time of loading, a free text: compared for missing values alone.
    SetApart,
    /// Nothing could be compared; the reason says why.
    NotComparable,
}

/// What was found in one column. Statistics without a value have a reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub column: String,
    pub kind: Kind,
    pub rows_ref: u64,
    pub rows_cur: u64,
    /// Values that are not missing.
    pub n_ref: u64,
    pub n_cur: u64,
    pub null_share_ref: Option<f64>,
    pub null_share_cur: Option<f64>,
    pub mean_ref: Option<f64>,
    pub mean_cur: Option<f64>,
    pub ks_d: Option<f64>,
    /// Of the Kolmogorov-Smirnov test for numbers, of χ² for categories.
    pub p: Option<f64>,
    pub w1: Option<f64>,
    /// In standard deviations of the reference; single values far out can rule both.
    pub w1_over_sd: Option<f64>,
    /// The same of the middle parts, which decides whether a change of numbers is material.
    #[serde(default)]
    pub shift: Option<f64>,
    pub cliffs_delta: Option<f64>,
    pub psi: Option<f64>,
    pub psi_null_p95: Option<f64>,
    pub tvd: Option<f64>,
    pub cramers_v: Option<f64>,
    pub js_distance: Option<f64>,
    /// False-discovery rate at which this column would just be called changed.
    pub q: Option<f64>,
    pub new_categories: Vec<String>,
    pub lost_categories: Vec<String>,
    pub verdict: ColumnVerdict,
    pub reason: String,
}

/// Compares one column. `q` and the verdict are still missing: they need all columns, see [`judge`].
pub fn compare(column: &str, reference: Sample, current: Sample) -> Finding {
    let mut finding = Finding::new(column, &reference, &current);
    match (reference, current) {
        (Sample::Absent, _) => finding.schema("the reference has no such column".to_owned()),
        (_, Sample::Absent) => finding.schema("the current file has no such column".to_owned()),
        (Sample::Unknown { what, .. }, _) => finding.give_up(format!("in the reference: {what}")),
        (_, Sample::Unknown { what, .. }) => finding.give_up(format!("in the current file: {what}")),
        _ if finding.n_ref == 0 && finding.n_cur == 0 => finding.give_up("no value in either file".to_owned()),
        _ if finding.n_ref == 0 => finding.give_up("no value in the reference".to_owned()),
        _ if finding.n_cur == 0 => finding.give_up("no value in the current file".to_owned()),
        (Sample::Numbers { values: reference, .. }, Sample::Numbers { values: current, .. }) => {
            finding.numbers(reference, current);
        }
        (
            Sample::Categories { counts: reference, is_complete: all_of_reference, .. },
            Sample::Categories { counts: current, is_complete: all_of_current, .. },
        ) => finding.categories(&reference, &current, all_of_reference && all_of_current),
        (reference, current) => {
            finding.schema(format!("the type changed from {} to {}", reference.kind(), current.kind()));
        }
    }
    finding
}

/// A column whose type changed, in the caller's words: nothing of it is compared but the share of missing values.
pub fn schema_change(column: &str, reference: &Sample, current: &Sample, reason: String) -> Finding {
    let mut finding = Finding::new(column, reference, current);
    finding.schema(reason);
    finding
}

/// A column that is set apart, with the reason: nothing of it is compared but the share of missing values.
pub fn set_apart(column: &str, reference: &Sample, current: &Sample, reason: String) -> Finding {
    let mut finding = Finding::new(column, reference, current);
    finding.verdict = ColumnVerdict::SetApart;
    finding.reason = reason;
    finding
}

/// Gives every column its `q`, verdict and reason.
pub fn judge(findings: &mut [Finding]) {
    let adjusted = |p: Vec<(usize, f64)>| -> Vec<(usize, f64)> {
        let q = benjamini_hochberg(&p.iter().map(|(_, p)| *p).collect::<Vec<_>>());
        p.iter().map(|(index, _)| *index).zip(q).collect()
    };
    let of = |p: &dyn Fn(&Finding) -> Option<f64>, findings: &[Finding]| -> Vec<(usize, f64)> {
        findings.iter().enumerate().filter_map(|(index, finding)| Some((index, p(finding)?))).collect()
    };
    for (index, q) in adjusted(of(&|finding| finding.p, findings)) {
        findings[index].q = Some(q);
    }
    let mut nulls = vec![None; findings.len()];
    for (index, q) in adjusted(of(&Finding::nulls_p, findings)) {
        nulls[index] = Some(q);
    }
    for (finding, nulls_q) in findings.iter_mut().zip(nulls) {
        finding.decide(nulls_q);
    }
}

impl Finding {
    fn new(column: &str, reference: &Sample, current: &Sample) -> Self {
        let share = |sample: &Sample| {
            let (values, nulls) = sample.counts();
            let is_known = !matches!(sample, Sample::Unknown { .. }) && values + nulls > 0;
            is_known.then(|| nulls as f64 / (values + nulls) as f64)
        };
        let kind = match (reference.kind(), current.kind()) {
            (Kind::Unknown, kind) | (kind, Kind::Unknown) => kind,
            (reference, current) if reference == current => reference,
            _ => Kind::Unknown,
        };
        Self {
            column: column.to_owned(),
            kind,
            rows_ref: reference.rows(),
            rows_cur: current.rows(),
            n_ref: reference.counts().0,
            n_cur: current.counts().0,
            null_share_ref: share(reference),
            null_share_cur: share(current),
            mean_ref: None,
            mean_cur: None,
            ks_d: None,
            p: None,
            w1: None,
            w1_over_sd: None,
            shift: None,
            cliffs_delta: None,
            psi: None,
            psi_null_p95: None,
            tvd: None,
            cramers_v: None,
            js_distance: None,
            q: None,
            new_categories: Vec::new(),
            lost_categories: Vec::new(),
            verdict: ColumnVerdict::NoDrift,
            reason: String::new(),
        }
    }

    fn give_up(&mut self, reason: String) {
        self.verdict = ColumnVerdict::NotComparable;
        self.reason = reason;
    }

    fn schema(&mut self, reason: String) {
        self.verdict = ColumnVerdict::SchemaChange;
        self.reason = reason;
    }

    fn numbers(&mut self, mut reference: Vec<f64>, mut current: Vec<f64>) {
        for values in [&mut reference, &mut current] {
            values.retain(|value| value.is_finite());
            numeric::sort(values);
        }
        let Some(found) = numeric::differences(&reference, &current) else {
            return self.give_up("no finite value in one of the files".to_owned());
        };
        self.mean_ref = Some(numeric::mean(&reference));
        self.mean_cur = Some(numeric::mean(&current));
        self.ks_d = Some(found.ks_d);
        self.p = Some(found.ks_p);
        self.w1 = Some(found.w1);
        self.w1_over_sd = found.w1_over_sd;
        self.shift = found.shift;
        self.cliffs_delta = Some(found.cliffs_delta);
        let edges = numeric::decile_edges(&reference);
        self.shares(&numeric::counted(&reference, &edges), &numeric::counted(&current, &edges));
    }

    fn categories(&mut self, reference: &BTreeMap<String, u64>, current: &BTreeMap<String, u64>, is_complete: bool) {
        let new = || current.keys().filter(|name| !reference.contains_key(*name));
        let categories = reference.len() + new().count();
        if !is_complete || categories > CATEGORIES_MOST {
            return self.give_up(format!(
                "more than {CATEGORIES_MOST} categories: a column of names or free text has no shares to compare"
            ));
        }
        self.new_categories = new().cloned().collect();
        self.lost_categories = reference.keys().filter(|name| !current.contains_key(*name)).cloned().collect();
        let names: Vec<&String> = reference.keys().chain(new()).collect();
        let counts = |of: &BTreeMap<String, u64>| -> Vec<u64> {
            names.iter().map(|name| of.get(*name).copied().unwrap_or_default()).collect()
        };
        let (reference, current) = (counts(reference), counts(current));
        self.shares(&reference, &current);
        if let Some(test) = shares::homogeneity(&reference, &current) {
            self.p = Some(test.p);
            self.cramers_v = Some(test.cramers_v);
        }
    }

    fn shares(&mut self, reference: &[u64], current: &[u64]) {
        let found = shares::distances(reference, current);
        self.tvd = found.tvd;
        self.js_distance = found.js_distance;
        self.psi = found.psi;
        self.psi_null_p95 = found.psi_null_p95;
    }
}

#[cfg(test)]
mod tests;
