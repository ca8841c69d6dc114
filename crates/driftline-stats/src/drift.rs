//! Attribute drift: how one column differs between two samples, whether that can be chance, and whether it matters.
//!
//! Effect sizes are always computed, tests are two-sample tests, and cells come from the reference, so that the same files give
//! the same numbers. A missing value is no value: it is left out of every statistic, and its share is a finding of its
//! own. A statistic that cannot be computed is `None` and [`Finding::reason`] says why.
//!
//! # Verdict
//!
//! A column *drifted* if its change is sure (q ≤ 0.05, Benjamini-Hochberg over all columns that have a p) and material:
//! Wasserstein-1 of at least 0.05 standard deviations of the reference, or a total variation of at least 0.02 for
//! categories. With a million rows every change is sure and with a hundred none is small; neither half speaks alone.
//! A population stability index of .1 or .25 decides nothing here: those bands call +28 % of spend "no change".

mod kolmogorov;
pub mod numeric;
pub mod shares;

use crate::significance::{benjamini_hochberg, normal_upper_tail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Categories in both samples together beyond which shares are not compared: such a column names things, or is free text.
pub const CATEGORIES_MOST: usize = 10_000;

/// The false-discovery rate.
const SURE: f64 = 0.05;

/// A change of numbers that matters, in standard deviations of the reference.
const MATERIAL_SHIFT: f64 = 0.05;

/// A change of shares that matters: two points of a hundred are in other categories.
const MATERIAL_SHARE: f64 = 0.02;

/// A change of the share of missing values that matters.
const MATERIAL_NULLS: f64 = 0.01;

/// One column of one sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// Numbers in any order. What is not finite counts as missing.
    Numbers { values: Vec<f64>, nulls: u64 },
    /// How often each category comes. `is_complete` is false if counting was given up at [`CATEGORIES_MOST`].
    Categories { counts: BTreeMap<String, u64>, values: u64, nulls: u64, is_complete: bool },
    /// A column without a type: nothing but missing values.
    Empty { nulls: u64 },
    /// A type that is not compared, or no such column.
    Unknown { what: String, rows: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Numeric,
    Categorical,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Sure and material.
    Drift,
    /// Only the share of missing values changed, surely and materially.
    NullDrift,
    /// Not sure, or too small to matter.
    NoDrift,
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
    pub w1_over_sd: Option<f64>,
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
    pub verdict: Verdict,
    pub reason: String,
}

/// Compares one column. `q` and the verdict are still missing: they need all columns, see [`judge`].
pub fn compare(column: &str, reference: Sample, current: Sample) -> Finding {
    let mut finding = Finding::new(column, &reference, &current);
    match (reference, current) {
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
            finding.give_up(format!("the type changed from {} to {}", reference.kind(), current.kind()));
        }
    }
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

impl Sample {
    fn counts(&self) -> (u64, u64) {
        match self {
            Self::Numbers { values, nulls } => {
                let finite = values.iter().filter(|value| value.is_finite()).count() as u64;
                (finite, nulls + values.len() as u64 - finite)
            }
            Self::Categories { values, nulls, .. } => (*values, *nulls),
            Self::Empty { nulls } => (0, *nulls),
            Self::Unknown { rows, .. } => (*rows, 0),
        }
    }

    fn rows(&self) -> u64 {
        let (values, nulls) = self.counts();
        values + nulls
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Numbers { .. } => Kind::Numeric,
            Self::Categories { .. } => Kind::Categorical,
            Self::Empty { .. } | Self::Unknown { .. } => Kind::Unknown,
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(match self {
            Self::Numeric => "numbers",
            Self::Categorical => "categories",
            Self::Unknown => "an unknown type",
        })
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
            cliffs_delta: None,
            psi: None,
            psi_null_p95: None,
            tvd: None,
            cramers_v: None,
            js_distance: None,
            q: None,
            new_categories: Vec::new(),
            lost_categories: Vec::new(),
            verdict: Verdict::NoDrift,
            reason: String::new(),
        }
    }

    fn give_up(&mut self, reason: String) {
        self.verdict = Verdict::NotComparable;
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
        self.p = found.ks_p;
        self.w1 = Some(found.w1);
        self.w1_over_sd = Some(found.w1_over_sd);
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

    /// P-value of no change of the share of missing values, by the pooled two-sample test of proportions.
    fn nulls_p(&self) -> Option<f64> {
        let (reference, current) = (self.null_share_ref?, self.null_share_cur?);
        let (n, m) = (self.rows_ref as f64, self.rows_cur as f64);
        let pooled = (reference * n + current * m) / (n + m);
        let error = libm::sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m));
        (error > 0.0).then(|| (2.0 * normal_upper_tail((current - reference).abs() / error)).min(1.0))
    }

    fn decide(&mut self, nulls_q: Option<f64>) {
        let (before, now) = (self.null_share_ref.unwrap_or_default(), self.null_share_cur.unwrap_or_default());
        let nulls_drifted = nulls_q.is_some_and(|q| q <= SURE) && (now - before).abs() >= MATERIAL_NULLS;
        let nulls_said = format!("missing values went from {:.1} % to {:.1} %", 100.0 * before, 100.0 * now);
        if self.verdict == Verdict::NotComparable {
            if nulls_drifted {
                self.verdict = Verdict::NullDrift;
                self.reason = format!("{}; {nulls_said}", self.reason);
            }
            return;
        }
        let (effect, least, named) = match self.kind {
            Kind::Numeric => (self.w1_over_sd, MATERIAL_SHIFT, "standard deviations"),
            _ => (self.tvd, MATERIAL_SHARE, "of all in other categories"),
        };
        let effect = effect.unwrap_or_default();
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
        let count = |names: &[String], what: &str| match names.len() {
            0 => None,
            1 => Some(format!("1 category {what}")),
            many => Some(format!("{many} categories {what}")),
        };
        said.extend(count(&self.new_categories, "new"));
        said.extend(count(&self.lost_categories, "lost"));
        if self.kind == Kind::Numeric && self.psi_null_p95.is_none() {
            said.push("one cell only, so no null value of the stability index".to_owned());
        }
        self.verdict = match (is_sure && effect >= least, nulls_drifted) {
            (true, _) => Verdict::Drift,
            (false, true) => Verdict::NullDrift,
            (false, false) => Verdict::NoDrift,
        };
        self.reason = said.join("; ");
    }
}

#[cfg(test)]
mod tests;
