//! What segments are made from, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use driftline_core::Period;
use driftline_core::basics::locale::Words;
use driftline_core::naming::Name;
use driftline_core::naming::own::OwnName;
use driftline_core::naming::rule::MeasuredRule;
use driftline_core::personas::PersonaSet;
use driftline_core::personas::lineage::Continuity;
use driftline_core::personas::segment_model::SegmentModel;
use driftline_core::tables::profile::FeatureTilt;
use driftline_lake::fitted::ItemShares;
use driftline_lake::read::PublishedCustomer;
use driftline_stats::groups::Structure;

use super::people::{Items, People};
use crate::setup::job::{Job, Segments};

/// A model with what it says about this period's customers.
pub struct Segmented {
    pub model: SegmentModel,
    /// The keys that the lists below go with.
    pub keys: Vec<i64>,
    /// Segment of each customer, or `OTHER_SEGMENT`.
    pub assigned: Vec<i64>,
    /// The same by last period's model; none if nothing was published.
    pub by_last: Option<Vec<i64>>,
    /// Purchases a month to expect of each.
    pub rates: Vec<Option<f64>>,
    pub tilts: BTreeMap<u32, Vec<FeatureTilt>>,
    pub stability: BTreeMap<u32, f64>,
    pub called: Called,
    pub continuity: Continuity,
}

/// Fewest members of a segment, and fewest customers who are set apart from all segments: fewer stay with the nearest one, or
/// what is said of the segments and of everyone would give them away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Least {
    pub members: u64,
    pub others: u64,
    /// Fewest people of whom anything is shown.
    pub cell: u64,
}

impl Least {
    pub fn of(job: &Job) -> Self {
        Self { members: job.personas.members_min, others: job.others_least(), cell: job.personas.min_cell }
    }

    /// Fewest members of a segment that was there before: two thirds, so that none comes and goes at the border, but enough to be shown.
    pub fn to_stay(self) -> u64 {
        (2 * self.members).div_ceil(3).max(self.cell)
    }
}

/// What a model is made from.
#[derive(Clone, Copy)]
pub struct Fit<'a> {
    pub people: &'a People,
    /// Items that a new model would tell apart.
    pub items: &'a Items,
    /// Items that names may speak of.
    pub named: &'a Items,
    pub period: Period,
    /// Months of a period: how far ahead buyers are expected.
    pub months: f64,
    pub least: Least,
    pub settings: &'a Segments,
    pub calling: &'a Calling,
}

/// Last period's model with the segments that it was published with.
#[derive(Clone, Copy)]
pub struct Last<'a> {
    pub model: &'a SegmentModel,
    /// Whether it was made as this one is: by the market itself, or by its parent.
    pub is_own: bool,
    /// Everyone active then, by key.
    pub published: &'a [PublishedCustomer],
    /// From its as-of day to this one's.
    pub months: f64,
}

/// What names are made with.
pub struct Calling {
    pub market: String,
    pub words: Words,
    pub min_cell: u64,
    /// The company's own names.
    pub own: Vec<OwnName>,
    /// Last period's personas.
    pub before: Option<PersonaSet>,
}

/// Names and rules of the segments.
#[derive(Default)]
pub struct Called {
    pub names: BTreeMap<u32, Name>,
    /// Segments that have a name of the company's, by the key of their persona or by rule.
    pub own_named: BTreeSet<u32>,
    pub rules: BTreeMap<u32, MeasuredRule>,
    /// Members of whom all claims of the name are true.
    pub typical: BTreeMap<u32, u64>,
    /// Of the items that a name or a rule speaks of, what customers spend on them.
    pub items: Vec<ItemShares>,
}

/// A model of nothing yet.
pub(super) fn empty_model(period: Period) -> SegmentModel {
    SegmentModel {
        columns: Vec::new(),
        habits: Vec::new(),
        reliabilities: Vec::new(),
        centroids: Vec::new(),
        segments: Vec::new(),
        next_segment: 1,
        structure: Structure::One,
        distance_bounds: Vec::new(),
        reason: String::new(),
        fitted_in: period,
        sample_customers: 0,
        relabelled_by_refit: 0.0,
        stability_min: 0.0,
        candidates: Vec::new(),
        watched: Vec::new(),
        expected: Vec::new(),
        fading: Vec::new(),
        events: Vec::new(),
        is_redrawn: false,
    }
}
