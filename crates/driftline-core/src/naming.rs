//! Names that are true: a persona is called by at most two claims about its members, in plain words and real units.
//!
//! A claim is a condition with a readable threshold that three in five members satisfy or more, and more often than everyone does.
//! Of those that set the members apart clearly, the one or two are taken whose conjunction does it best: the share of members of
//! whom it is true minus the share of all others (Youden 1950, *Cancer* 3). A name says nothing else, so whoever reads
//! `Weekly buyers, mostly bakery` can look up of how many of them that is true.
//!
//! A name stays with its persona as long as its claims stay true, by the lower bar of the two: what was chosen with a margin does
//! not change because a share moved by a point.

mod claims;
pub mod own;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};

use driftline_stats::cluster::Points;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::claims::{Choice, Population, Tally};
pub use self::words::{HabitColumn, HabitUnit, HabitWords, describe_rule};
use crate::disclosure::is_safe;
use crate::profile::OTHER_SEGMENT;
use crate::rule::Condition;
use crate::sentence::Words;

/// Name of the only persona of a market that has no customers outside it.
pub const ALL: &str = "All active customers";

/// Name of the only persona where no claim can be made and a few customers are outside it.
pub const MOST: &str = "Most active customers";

/// Name of a persona that nothing sets apart clearly; of one persona at most.
pub const MIXED: &str = "Mixed buyers";

/// Something that is true of most members of a persona, and of fewer of everyone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    pub condition: Condition,
    /// With its number, as said of one member: `buys at least every 10 days`.
    pub text: String,
    /// Share of members of whom it is true; absent if either side of it is too few people.
    pub members: Option<f64>,
    /// Share of all active customers of whom it is true; absent if either side of it, inside or outside the persona, is too few.
    pub everyone: Option<f64>,
}

/// What a persona is called, and why. A company's own name has no claims.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Name {
    pub label: String,
    #[serde(default)]
    pub claims: Vec<Claim>,
}

/// What names are made from.
pub struct Naming<'a> {
    /// Of each column of `rows`.
    pub columns: &'a [HabitColumn],
    /// Habits of active customers as they are published, unscaled; what is not known is not a number.
    pub rows: &'a Points,
    /// Segment of each row. [`OTHER_SEGMENT`] and 0 are of everyone only: they get no name.
    pub segments: &'a [u32],
    /// Names that segments had last period.
    pub kept: &'a BTreeMap<u32, Name>,
    /// Labels of personas that are no more: a new one must not be mistaken for them.
    pub taken: &'a BTreeSet<String>,
    pub words: &'a Words,
    pub min_cell: u64,
}

/// A name for every segment, no two alike but for a number.
///
/// A kept name stays while each of its claims is true of three in five members and more often than of everyone, with its shares
/// measured again; one without claims always, unless it is one that this module gives to what has none. Where two kept names are
/// alike, that of the higher segment is made anew. The answer depends on nothing but its input.
pub fn names(naming: &Naming<'_>) -> BTreeMap<u32, Name> {
    let population = Population::new(naming.columns, naming.rows, naming.segments);
    let mut found: BTreeMap<u32, Name> = BTreeMap::new();
    let mut used: BTreeSet<String> = BTreeSet::new();

    let of_companies = |name: &Name| name.claims.is_empty() && !is_stopgap(&name.label);
    let (given, earned): (Vec<_>, Vec<_>) = population
        .named()
        .filter_map(|segment| Some((segment, naming.kept.get(&segment)?)))
        .filter(|(_, name)| of_companies(name) || !name.claims.is_empty())
        .partition(|(_, name)| of_companies(name));
    for (segment, name) in given {
        used.insert(words::key(&name.label));
        found.insert(segment, name.clone());
    }
    for (segment, name) in earned {
        if let Some(name) = measured_again(name, segment, &population, naming)
            && used.insert(words::key(&name.label))
        {
            found.insert(segment, name);
        }
    }

    // A stopgap was never anybody's own.
    used.extend(naming.taken.iter().filter(|label| !is_stopgap(label)).map(|label| words::key(label)));
    let fresh: Vec<u32> = population.named().filter(|segment| !found.contains_key(segment)).collect();
    if let ([segment], true) = (&fresh[..], population.named().count() == 1)
        && population.size(*segment) == naming.rows.rows() as u64
    {
        found.insert(*segment, Name { label: ALL.to_owned(), claims: Vec::new() });
        return found;
    }
    let mut choices: Vec<(u32, Vec<Choice>)> =
        fresh.iter().map(|segment| (*segment, population.choices(*segment))).collect();
    // Who is set apart best is named first; what nothing sets apart clearly, last.
    let first = |choices: &[Choice]| choices.first().map_or(f64::NEG_INFINITY, Choice::rank);
    choices.sort_by(|a, b| first(&b.1).total_cmp(&first(&a.1)).then(a.0.cmp(&b.0)));
    for (segment, choices) in choices {
        let name = fresh_name(segment, &choices, &used, &population, naming);
        used.insert(words::key(&name.label));
        found.insert(segment, name);
    }
    found
}

const OTHER_MIXED: &str = "Other mixed buyers";

/// Whether a name is one that this module gives to what has no claims, not a company's own.
fn is_stopgap(label: &str) -> bool {
    [ALL, MOST, OTHER_MIXED].contains(&label) || label.starts_with(MIXED)
}

fn fresh_name(
    segment: u32,
    choices: &[Choice],
    used: &BTreeSet<String>,
    population: &Population<'_>,
    naming: &Naming<'_>,
) -> Name {
    let name = |choice: &Choice| {
        let parts: Vec<words::Part<'_>> = choice.parts(population);
        let claim = |part: &words::Part<'_>| Claim {
            condition: part.condition.clone(),
            text: words::claim(part.column, &part.condition, naming.words),
            members: None,
            everyone: None,
        };
        Name { label: words::label(&parts, naming.words), claims: parts.iter().map(claim).collect() }
    };
    let is_free = |label: &str| !used.contains(&words::key(label));
    let mixed = |label: &str| Name { label: label.to_owned(), claims: Vec::new() };
    let is_only = population.named().count() == 1;
    let plain = [if is_only { MOST } else { MIXED }].into_iter().map(mixed);
    let clear = choices.iter().filter(|choice| choice.is_clear).map(name);
    let others = choices.iter().filter(|choice| !choice.is_clear).map(name);
    let has_clear = choices.iter().any(|choice| choice.is_clear);
    let found = clear
        .chain(plain.filter(|_| !has_clear))
        .chain(others)
        .chain([mixed(MIXED), mixed(OTHER_MIXED)])
        .find(|name| is_free(&name.label))
        .unwrap_or_else(|| {
            let letters = (2..).map(|number| mixed(&format!("{MIXED} {}", "I".repeat(number))));
            letters.into_iter().find(|name| is_free(&name.label)).unwrap_or_default()
        });
    measured(found, segment, population, naming)
}

/// A kept name with its shares of now; `None` if a claim is not true any more or cannot be measured.
fn measured_again(name: &Name, segment: u32, population: &Population<'_>, naming: &Naming<'_>) -> Option<Name> {
    let is_true = |claim: &Claim| population.tally(segment, &claim.condition).is_some_and(Tally::is_true);
    name.claims.iter().all(is_true).then(|| measured(name.clone(), segment, population, naming))
}

/// Puts the shares in, where the counts behind them may be shown.
fn measured(mut name: Name, segment: u32, population: &Population<'_>, naming: &Naming<'_>) -> Name {
    for claim in &mut name.claims {
        let tally = population.tally(segment, &claim.condition);
        let is_shown = |cells: &[u64]| cells.iter().all(|cell| is_safe(*cell, naming.min_cell));
        claim.members = tally.filter(|tally| is_shown(&tally.cells()[..2])).map(Tally::of_members);
        claim.everyone = tally.filter(|tally| is_shown(&tally.cells())).map(Tally::of_everyone);
    }
    name
}
