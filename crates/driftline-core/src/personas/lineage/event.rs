//! What happens to segments from one period to the next, as the model that carries them on tells it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SegmentEventKind {
    /// A new group, mostly of people who first bought within the last two quarters.
    Born,
    /// A new group out of another one's people.
    Split,
    /// Two groups became one.
    Merged,
    /// Far fewer of its people buy than their habits would have it.
    Faded,
    /// Too few are left to go on.
    Closed,
}

/// Something that happened to a segment; `from` is the segment that it came out of, or that it took over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentEvent {
    pub kind: SegmentEventKind,
    pub segment: u32,
    pub from: Option<u32>,
}

/// What a segment's event means for personas: `key` is the persona that it happened to, `from` those that it came out of or took over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonaEvent {
    pub kind: SegmentEventKind,
    pub key: String,
    pub from: Vec<String>,
    /// Members now; of a closed persona, of last period.
    pub customers: u64,
}

/// How a market's segments follow from last period's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Nothing was published before, or nothing that has segments.
    First,
    /// The same model, edited where something happened: personas follow their segments.
    Continued,
    /// Another model took its place: personas are told by the people that they share, and nothing of it is a change of customers.
    Redrawn,
}
