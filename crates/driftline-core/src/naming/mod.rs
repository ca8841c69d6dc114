//! Names that are true: a persona is called by at most two claims about its members, in plain words and real units.
//!
//! A claim is a condition with a readable threshold that three in five members satisfy or more, and more often than everyone does.
//! Of those that set the members apart clearly, the one or two are taken whose conjunction does it best: the share of members of
//! whom it is true minus the share of all others (Youden 1950, *Cancer* 3). The two may be the lower and the upper bound of one
//! habit. A name says nothing else, so whoever reads `Weekly buyers, mostly bakery` can look up of how many of them that is true.
//!
//! How often people buy is not said where half of them bought once so far: that they came at all is not how often they come.
//!
//! A name stays with its persona as long as its claims stay true, by the lower bar of the two: what was chosen with a margin does
//! not change because a share moved by a point.

mod claims;
pub mod own;
pub mod rule;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};

use driftline_stats::cluster::Points;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::claims::{Choice, Population, Tally};
pub use self::words::{HabitColumn, HabitUnit, HabitWords, PURCHASE_DAYS, describe_rule};
use crate::basics::locale::Words;
use crate::naming::own::{Named, OwnName};
use crate::naming::rule::{Condition, Operand};
use crate::tables::profile::OTHER_SEGMENT;
use crate::tables::small_cells::is_safe;

/// Name of the only persona of a market that has no customers outside it.
pub const ALL: &str = "All active customers";

/// Name of the only persona where no claim can be made and a few customers are outside it.
pub const MOST: &str = "Nearly all active customers";

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
    /// Of these the segments whose name is the company's own, whatever it is.
    pub own_named: &'a BTreeSet<u32>,
    /// The company's own names, given to a segment or not: no other name may be like them.
    pub own_labels: &'a BTreeSet<String>,
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
    let mut used: BTreeSet<String> = naming.own_labels.iter().map(|label| words::key(label)).collect();

    let of_companies = |segment: u32, name: &Name| {
        naming.own_named.contains(&segment) || name.claims.is_empty() && !is_stopgap(&name.label)
    };
    let (given, earned): (Vec<_>, Vec<_>) = population
        .named()
        .filter_map(|segment| Some((segment, naming.kept.get(&segment)?)))
        .filter(|(segment, name)| of_companies(*segment, name) || !name.claims.is_empty())
        .partition(|(segment, name)| of_companies(*segment, name));
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
        && !used.contains(&words::key(ALL))
    {
        found.insert(*segment, Name { label: ALL.to_owned(), claims: Vec::new() });
        return found;
    }
    let mut choices: Vec<(u32, Vec<Choice>)> =
        fresh.iter().map(|segment| (*segment, population.choices(*segment))).collect();
    // Who is set apart best is named first; what nothing sets apart clearly, last.
    let first = |choices: &[Choice]| choices.first().map_or(f64::NEG_INFINITY, Choice::rank);
    choices.sort_by(|a, b| first(&b.1).total_cmp(&first(&a.1)).then(a.0.cmp(&b.0)));
    // Bands of one column that would be told apart by their numbers only say in which half of everyone they are, if they can.
    let firsts: Vec<String> = choices
        .iter()
        .filter_map(|(_, choices)| choices.first().filter(|choice| choice.is_clear))
        .map(|choice| words::key(&words::label(&choice.parts(&population), naming.words)))
        .collect();
    for (segment, choices) in choices {
        let is_contested = |label: &str| {
            let key = words::key(label);
            firsts.iter().filter(|first| **first == key).count() > 1
        };
        let labels = Labels { used: &used, is_contested: &is_contested };
        let name = fresh_name(segment, &choices, &labels, &population, naming);
        used.insert(words::key(&name.label));
        found.insert(segment, name);
    }
    found
}

const OTHER_MIXED: &str = "Other mixed buyers";

/// What [`MOST`] was before: it was read as those who are the most active.
const MOST_BEFORE: &str = "Most active customers";

/// Whether a name is one that this module gives to what has no claims, not a company's own.
fn is_stopgap(label: &str) -> bool {
    [ALL, MOST, MOST_BEFORE, OTHER_MIXED].contains(&label) || label.starts_with(MIXED)
}

/// Items that names and a company's own rules speak of, by habit, in order and each once: their shares are needed whether or not
/// they are among the items that most is spent on.
pub fn items_of<'a>(claims: impl Iterator<Item = &'a Claim>, own: &[OwnName]) -> BTreeMap<String, Vec<String>> {
    let of_rules = own.iter().filter_map(|own| if let Named::Rule(rule) = &own.of { Some(rule) } else { None });
    let conditions = claims.map(|claim| &claim.condition).chain(of_rules.flat_map(|rule| rule.conditions()));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for condition in conditions {
        if let Operand::Share { habit, item } = &condition.operand {
            found.entry(habit.clone()).or_default().insert(item.clone());
        }
    }
    found.into_iter().map(|(habit, items)| (habit, items.into_iter().collect())).collect()
}

/// What is known of labels while names are given.
struct Labels<'a> {
    /// Keys of those that somebody has.
    used: &'a BTreeSet<String>,
    /// Whether several segments would have one.
    is_contested: &'a dyn Fn(&str) -> bool,
}

fn fresh_name(
    segment: u32,
    choices: &[Choice],
    labels: &Labels<'_>,
    population: &Population<'_>,
    naming: &Naming<'_>,
) -> Name {
    let named = |choice: &Choice| {
        let parts: Vec<words::ClaimPart<'_>> = choice.parts(population);
        let claim = |part: &words::ClaimPart<'_>| Claim {
            condition: part.condition.clone(),
            text: words::claim(part.column, &part.condition, naming.words),
            members: None,
            everyone: None,
        };
        let claims: Vec<Claim> = parts.iter().map(claim).collect();
        let plain = words::label(&parts, naming.words);
        let half = choice.half().map(|is_upper| words::label_of_half(&parts, is_upper, naming.words));
        let is_contested = (labels.is_contested)(&plain);
        let labels = if is_contested { [half, Some(plain)] } else { [Some(plain), half] };
        labels.into_iter().flatten().map(move |label| Name { label, claims: claims.clone() })
    };
    let is_free = |label: &str| !labels.used.contains(&words::key(label));
    let mixed = |label: &str| Name { label: label.to_owned(), claims: Vec::new() };
    let is_only = population.named().count() == 1;
    let plain = [if is_only { MOST } else { MIXED }].into_iter().map(mixed);
    let has_clear = choices.iter().any(|choice| choice.is_clear);
    let clear = choices.iter().filter(|choice| choice.is_clear).flat_map(named);
    let others = choices.iter().filter(|choice| !choice.is_clear && choice.is_sound()).flat_map(named);
    let faint = choices.iter().filter(|choice| !choice.is_sound()).flat_map(named);
    let found = clear
        .chain(plain.filter(|_| !has_clear))
        .chain(others)
        .chain([mixed(MIXED)])
        .chain(faint)
        .chain([mixed(OTHER_MIXED)])
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
