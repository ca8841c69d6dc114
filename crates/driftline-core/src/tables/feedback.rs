//! What members say, as the tables have it: topics and their own words.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Goals,
    Motivations,
    Frustrations,
    Objections,
    Quotes,
}

impl Topic {
    /// A topic by the word for it in files and tables.
    pub fn named(word: &str) -> Option<Self> {
        let all = [Self::Goals, Self::Motivations, Self::Frustrations, Self::Objections, Self::Quotes];
        all.into_iter().find(|topic| topic.label().to_lowercase() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Goals => "Goals",
            Self::Motivations => "Motivations",
            Self::Frustrations => "Frustrations",
            Self::Objections => "Objections",
            Self::Quotes => "Quotes",
        }
    }
}

/// Words of one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    pub source: String,
    pub given_on: NaiveDate,
    pub text: String,
}
