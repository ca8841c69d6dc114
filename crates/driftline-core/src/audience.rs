//! Who reads a mail: the order of its sections, and the lines "for you". Same facts for everybody, other emphasis.
//!
//! Every line is made here from figures of the report and stored in it, so a mail shows nothing that `report.json` does not.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;
use crate::bridge::{Bar, Cause, Measure};
use crate::facet::told;
use crate::persona::{Persona, Role};
use crate::report::{HeadlineKind, Report};
use crate::sentence::Words;

mod lines;

/// Most lines that a mail says to one audience.
const LINES_MOST: usize = 4;

/// Of them, those of facets: they stand there in quiet periods, too.
const FACET_LINES_MOST: usize = 2;

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

/// What a report says to one audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForYou {
    pub audience: Audience,
    pub title: String,
    pub lines: Vec<String>,
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

/// The lines for every audience; none where there are too few customers to say anything.
pub fn for_everybody(report: &Report) -> Vec<ForYou> {
    if report.headline.kind == HeadlineKind::NotEnoughData {
        return Vec::new();
    }
    let words = Words { locale: report.locale, currency: report.currency.clone() };
    let of = |audience: Audience| {
        let mut lines = match audience {
            Audience::Everyone => Vec::new(),
            Audience::Marketing => lines::marketing(report, &words),
            Audience::Product => lines::product(report, &words),
            Audience::Sales => lines::sales(report, &words),
            Audience::Service => lines::service(report, &words),
            Audience::Finance => lines::finance(report, &words),
            Audience::Owner => lines::owner(report, &words),
        };
        let of_facets = told::lines(report, audience, FACET_LINES_MOST, &words);
        lines.truncate(LINES_MOST - of_facets.len());
        lines.extend(of_facets);
        ForYou { audience, title: format!("For {}", audience.label()), lines }
    };
    Audience::ALL.into_iter().map(of).filter(|block| !block.lines.is_empty()).collect()
}

/// A bar of the forecast's bridge that is shown by itself and is not empty.
fn value_bar(report: &Report, cause: Cause) -> Option<(&Bar, u64)> {
    let bridge = report.bridges.iter().find(|bridge| bridge.measure == Measure::Value12Months)?;
    let bar = bridge.bars.iter().find(|bar| bar.cause == cause)?;
    bar.customers.filter(|customers| *customers > 0).map(|customers| (bar, customers))
}

fn primaries(report: &Report) -> impl Iterator<Item = &Persona> {
    report.personas.personas.iter().filter(|persona| persona.role == Role::Primary)
}

fn money(words: &Words, amount: Minor) -> String {
    words.locale.money(amount, &words.currency)
}

fn signed(words: &Words, amount: Minor) -> String {
    words.locale.signed_money(amount, &words.currency)
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
