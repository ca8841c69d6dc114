//! What a mail says to one kind of reader alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::basics::audience::Audience;

/// What a report says to one audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForYou {
    pub audience: Audience,
    pub title: String,
    pub lines: Vec<String>,
    /// Those of them that are of facets: a mail of a quiet period has these alone.
    #[serde(default)]
    pub of_facets: Vec<String>,
}
