//! The readers of a mail, and the order of its sections for each.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The people that a mail is for. `Everyone` is a recipient whose role is not entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    #[default]
    Everyone,
    Marketing,
    Product,
    Sales,
    /// Customer service.
    Service,
    Finance,
    /// Who owns the refresh and is told when it fails.
    Owner,
}

/// A part of a mail that moves with the reader; headline, figures and notes stay where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Changes,
    ForYou,
    Bridges,
    Personas,
}

impl Audience {
    pub const ALL: [Self; 7] =
        [Self::Everyone, Self::Marketing, Self::Product, Self::Sales, Self::Service, Self::Finance, Self::Owner];

    /// As a reader calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Marketing => "marketing",
            Self::Product => "product",
            Self::Sales => "sales",
            Self::Service => "customer service",
            Self::Finance => "finance",
            Self::Owner => "owner of the refresh",
        }
    }

    /// Sections in the order that this reader needs them.
    pub fn sections(self) -> Vec<Section> {
        use Section::{Bridges, Changes, ForYou, Personas};
        match self {
            Self::Everyone => vec![Changes, Bridges, Personas],
            Self::Marketing | Self::Product => vec![Changes, ForYou, Personas, Bridges],
            Self::Sales | Self::Service => vec![ForYou, Personas, Changes, Bridges],
            Self::Finance => vec![Bridges, ForYou, Changes, Personas],
            Self::Owner => vec![ForYou, Changes, Bridges, Personas],
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Everyone => "everyone",
            Self::Marketing => "marketing",
            Self::Product => "product",
            Self::Sales => "sales",
            Self::Service => "service",
            Self::Finance => "finance",
            Self::Owner => "owner",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_audience_has_each_section_once_and_its_own_block() {
        for audience in Audience::ALL {
            let mut sections: Vec<String> = audience.sections().iter().map(|section| format!("{section:?}")).collect();
            let has_block = sections.contains(&"ForYou".to_owned());
            assert_eq!(has_block, audience != Audience::Everyone, "{audience}");
            let count = sections.len();
            sections.sort();
            sections.dedup();
            assert_eq!(sections.len(), count, "{audience}");
            for needed in ["Bridges", "Changes", "Personas"] {
                assert!(sections.contains(&needed.to_owned()), "{audience} lacks {needed}");
            }
        }
    }
}
