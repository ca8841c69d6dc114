//! The segment model as a report carries it: the next period starts from it.

use driftline_stats::{groups, habit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;
use crate::personas::lineage::SegmentEvent;

/// The segment model; the next period starts from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentModel {
    /// What the coordinates are, in their order: habits, and items of shares as `category: coffee`.
    pub columns: Vec<String>,
    /// Every habit that was looked at, with how reliable it is and what turns a customer's days into a coordinate. Empty in models
    /// published before segments were made of habits: such a model assigns nobody any more.
    #[serde(default)]
    pub habits: Vec<habit::Scale>,
    /// How reliable each habit is in this period.
    #[serde(default)]
    pub reliabilities: Vec<habit::Reliability>,
    /// In coordinates. A segment may own several.
    pub centroids: Vec<Vec<f64>>,
    /// Segment of each centroid; a number is never used for another segment again.
    #[serde(default)]
    pub segments: Vec<u32>,
    #[serde(default)]
    pub next_segment: u32,
    /// Whether segments are kinds with valleys between them, bands of a continuum, or one.
    #[serde(default)]
    pub structure: groups::Structure,
    /// Of each centroid, the distance (coordinates not clipped) beyond which a customer is in none;
    /// empty in models published before there were such bounds.
    #[serde(default)]
    pub distance_bounds: Vec<f64>,
    /// Why this model: kept from last period, or fitted now and on how many customers.
    pub reason: String,
    pub fitted_in: Period,
    /// Customers of this period that its stability is judged on; it was fitted on those of `fitted_in`.
    pub sample_customers: u64,
    /// Share of customers that a refit on resampled customers puts elsewhere: the noise beside every migration rate.
    #[serde(default)]
    pub relabelled_by_refit: f64,
    /// Smallest bootstrap Jaccard of its segments.
    pub stability_min: f64,
    /// What was tried: number of segments, how far apart they lie, smallest segment.
    pub candidates: Vec<Candidate>,
    /// How the centroids lie to each other: the next period tells mergers by it.
    #[serde(default)]
    pub watched: Vec<groups::Watched>,
    /// How many members of each segment are expected to buy in the coming months: the next period tells fading by it.
    #[serde(default)]
    pub expected: Vec<ExpectedBuyers>,
    /// Segments that fade, as told once.
    #[serde(default)]
    pub fading: Vec<u32>,
    /// What happened to segments in this period.
    #[serde(default)]
    pub events: Vec<SegmentEvent>,
    /// Whether this model took the place of another one, so that nothing may be read as people who moved.
    #[serde(default)]
    pub is_redrawn: bool,
}

impl SegmentModel {
    /// Whether both put every customer into the same segment.
    pub fn assigns_as(&self, other: &Self) -> bool {
        self.centroids == other.centroids
            && self.habits == other.habits
            && self.segments == other.segments
            && self.distance_bounds == other.distance_bounds
    }

    /// Whether last period's model is this one, edited at most where something happened.
    pub fn continues(&self, last: &Self) -> bool {
        !self.is_redrawn && !last.habits.is_empty() && self.habits == last.habits
    }
}

/// Members of a segment with more than one purchase day who are expected to buy within `months` after as-of, by their rates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedBuyers {
    pub segment: u32,
    pub months: f64,
    pub buyers: f64,
    pub variance: f64,
}

/// One number of segments that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    pub segments: usize,
    /// The shallowest valley between two segments: customers in the middle by customers about the sparser centre.
    #[serde(default)]
    pub valley: f64,
    /// The least distance of two segments, in their own deviations.
    #[serde(default)]
    pub distance: f64,
    /// Prediction strength, where bands were looked for.
    #[serde(default)]
    pub strength: Option<f64>,
    /// Share of customers who changed their band within the last 91 days, where bands were looked for.
    #[serde(default)]
    pub moved: Option<f64>,
    pub smallest_share: f64,
}
