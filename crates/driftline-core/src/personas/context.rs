//! What the description of personas needs besides the profiles.

use std::collections::{BTreeMap, BTreeSet};

use super::lineage::{Continuity, SegmentEvent, Thresholds};
use super::persona::{Floor, PersonaSet, Priority};
use crate::Period;
use crate::naming::Name;
use crate::naming::own::OwnName;
use crate::naming::rule::MeasuredRule;
use crate::tables::moved::Moved;
use crate::tables::profile::{FeatureTilt, Flow};

/// Everything that a description needs besides the profiles.
pub struct Context<'a> {
    pub market: &'a str,
    pub period: Period,
    pub revision: u32,
    pub previous: Option<&'a PersonaSet>,
    /// The revision that this one replaces, and who went from its segments to these.
    pub replaced: Option<(&'a PersonaSet, &'a [Moved])>,
    pub flows: &'a [Flow],
    /// Tilt of every segment, by segment number.
    pub tilts: &'a BTreeMap<u32, Vec<FeatureTilt>>,
    pub stability: &'a BTreeMap<u32, f64>,
    pub typical: &'a BTreeMap<u32, u64>,
    /// Name of every segment; whether the company gave it; who belongs to it by rule.
    pub names: &'a BTreeMap<u32, Name>,
    pub own_named: &'a BTreeSet<u32>,
    pub rules: &'a BTreeMap<u32, MeasuredRule>,
    /// The company's own names, of which those by key are given here.
    pub own_names: &'a [OwnName],
    pub continuity: Continuity,
    pub events: &'a [SegmentEvent],
    pub thresholds: &'a Thresholds,
    pub priority: &'a Priority,
    pub floor: Floor,
    pub provisional: bool,
    /// Key and label of each segment when a parent market's model made them.
    pub adopted: Option<&'a BTreeMap<u32, (String, String)>>,
    pub has_acquisition_costs: bool,
    /// Whether fewer than `min_cell` customers of the period objected to profiling.
    pub has_few_objectors: bool,
    /// Share of net revenue that is margin, by segment; empty if none is known.
    pub margins: &'a BTreeMap<u32, f64>,
}
