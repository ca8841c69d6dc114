//! What segments are called, and by which rule one can tell who belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use driftline_core::naming::own::{Named, OwnName};
use driftline_core::naming::rule::{MeasuredRule, Operand, Rule, RuleCounts, measured};
use driftline_core::naming::{self, HabitColumn, HabitWords, Name, Naming, PURCHASE_DAYS, describe_rule};
use driftline_core::personas::lineage::Continuity;
use driftline_core::tables::profile::{NO_SEGMENT, OTHER_SEGMENT};
use driftline_stats::cluster::Points;
use driftline_stats::habit::{Kind, REST, Scale};
use driftline_stats::rule;

use super::people::Published;
use super::subject::{Called, Calling, Fit};

/// A company's own rule gives its name to the segment of whose members at least this part match.
const OWN_COVERAGE_LEAST: f64 = 0.6;

/// Names and rules of all segments, from the habits in use as they are published.
pub(super) fn call(
    fit: &Fit<'_>,
    (scales, rates): (&[Scale], &[Option<f64>]),
    assigned: &[i64],
    sample_rows: &[usize],
    continuity: Continuity,
) -> Called {
    let calling = fit.calling;
    let seen = Seen::new(fit, scales, rates);
    let segments: Vec<u32> = assigned.iter().map(|segment| u32::try_from(*segment).unwrap_or(0)).collect();
    let all: BTreeSet<u32> = segments.iter().copied().filter(|segment| is_segment(*segment)).collect();
    let mut called = Called::default();
    let mut kept = BTreeMap::new();
    let mut taken = BTreeSet::new();
    if let (Some(before), Continuity::Continued) = (&calling.before, continuity) {
        for persona in before.personas.iter().filter(|persona| !persona.is_own_name) {
            let name = Name { label: persona.label.clone(), claims: persona.claims.clone() };
            if all.contains(&persona.segment) {
                kept.insert(persona.segment, name);
            } else {
                taken.insert(name.label);
            }
        }
    }
    let by_key = own_by_key(&all, calling, continuity);
    for (segment, name) in own_by_rule(by_key, &seen, &segments, &all, calling) {
        called.own_named.insert(segment);
        kept.insert(segment, Name { label: name, claims: Vec::new() });
    }
    let own_labels: BTreeSet<String> = own_names(calling).map(|own| own.name.clone()).collect();
    let naming = Naming {
        columns: &seen.columns,
        rows: &seen.rows,
        segments: &segments,
        kept: &kept,
        own_named: &called.own_named,
        own_labels: &own_labels,
        taken: &taken,
        words: &calling.words,
        min_cell: calling.min_cell,
    };
    called.names = naming::names(&naming);
    called.rules = rules(&seen, &segments, &all, sample_rows, calling);
    called.typical = typical(&seen, &segments, &called.names);
    let shares = items(&called).into_iter().filter_map(|(habit, item)| {
        let scale = scales.iter().find(|scale| scale.name == habit)?;
        seen_shares(fit, scale)?.of_item(&item)
    });
    called.items = shares.collect();
    called
}

fn is_segment(segment: u32) -> bool {
    segment != NO_SEGMENT && segment != OTHER_SEGMENT
}

/// Shares of a habit that names speak of: of what is bought most now, whatever the model tells apart.
fn seen_shares<'a>(fit: &Fit<'a>, scale: &Scale) -> Option<&'a Published> {
    let now = fit.named.get(&scale.name).and_then(|items| fit.people.shares_of(&scale.name, items));
    now.or_else(|| fit.people.shares_of(&scale.name, &scale.items))
}

/// Habits in use as they are published, one column a habit and one an item; last, where there is a rate, on how many days they
/// ever bought, which tells who came once.
struct Seen {
    columns: Vec<HabitColumn>,
    rows: Points,
}

impl Seen {
    fn new(fit: &Fit<'_>, scales: &[Scale], rates: &[Option<f64>]) -> Self {
        let people = fit.people;
        let mut columns = Vec::new();
        let mut values: Vec<Box<dyn Fn(usize) -> f64 + '_>> = Vec::new();
        for scale in scales.iter().filter(|scale| scale.is_in_use) {
            if scale.kind == Kind::Shares {
                let Some(shares) = seen_shares(fit, scale) else { continue };
                for (place, item) in shares.items.iter().enumerate().filter(|(_, item)| *item != REST) {
                    let operand = Operand::Share { habit: scale.name.clone(), item: item.clone() };
                    let Some(words) = HabitWords::usual(&operand) else { continue };
                    columns.push(HabitColumn { operand, words, is_in_use: true });
                    values.push(Box::new(move |row| shares.share(row, place)));
                }
                continue;
            }
            let Some(place) = people.columns.iter().position(|(name, _)| *name == scale.name) else { continue };
            let operand = Operand::Column(scale.name.clone());
            let words = people.columns[place].1.words.clone().or_else(|| HabitWords::usual(&operand));
            let Some(words) = words else { continue };
            columns.push(HabitColumn { operand, words, is_in_use: true });
            match scale.kind {
                Kind::Rate => values.push(Box::new(|row| rates[row].unwrap_or(f64::NAN))),
                _ => values.push(Box::new(move |row| people.known.published.row(row)[place])),
            }
        }
        if scales.iter().any(|scale| scale.is_in_use && scale.kind == Kind::Rate) {
            let operand = Operand::Column(PURCHASE_DAYS.to_owned());
            if let Some(words) = HabitWords::usual(&operand) {
                columns.push(HabitColumn { operand, words, is_in_use: true });
                values.push(Box::new(move |row| people.known.purchase_days.get(row).copied().unwrap_or(f64::NAN)));
            }
        }
        let rows = (0..people.count()).flat_map(|row| values.iter().map(move |value| value(row))).collect();
        Self { rows: Points { dimensions: columns.len(), values: rows }, columns }
    }

    fn holds(&self, rule: &Rule, row: usize) -> bool {
        rule.holds(|operand| {
            let place = self.columns.iter().position(|column| column.operand == *operand)?;
            Some(self.rows.row(row)[place]).filter(|value| !value.is_nan())
        })
    }

    /// How many of each segment, and of everyone, match.
    fn counts(&self, rule: &Rule, segments: &[u32]) -> (u64, BTreeMap<u32, u64>) {
        let mut own: BTreeMap<u32, u64> = BTreeMap::new();
        let mut all = 0;
        for row in (0..self.rows.rows()).filter(|row| self.holds(rule, *row)) {
            all += 1;
            *own.entry(segments[row]).or_default() += 1;
        }
        (all, own)
    }
}

fn sizes(segments: &[u32]) -> BTreeMap<u32, u64> {
    let mut sizes = BTreeMap::new();
    segments.iter().for_each(|segment| *sizes.entry(*segment).or_default() += 1);
    sizes
}

/// The company's own names for this market.
fn own_names(calling: &Calling) -> impl Iterator<Item = &OwnName> {
    let is_here = move |own: &&OwnName| own.market.as_ref().is_none_or(|market| market.as_str() == calling.market);
    calling.own.iter().filter(is_here)
}

/// Own names of segments whose persona of last period has the key that they are for.
fn own_by_key(all: &BTreeSet<u32>, calling: &Calling, continuity: Continuity) -> BTreeMap<u32, String> {
    let (Some(before), Continuity::Continued) = (&calling.before, continuity) else { return BTreeMap::new() };
    let named = |segment: u32, key: &str| {
        let own = own_names(calling).find(|own| matches!(&own.of, Named::Key(of) if of == key))?;
        Some((segment, own.name.clone()))
    };
    let personas = before.personas.iter().filter(|persona| all.contains(&persona.segment));
    personas.filter_map(|persona| named(persona.segment, &persona.key)).collect()
}

/// Of each of the company's rules, the segment that it describes best, if it is true of enough members; each segment once, and
/// none that has a name already.
fn own_by_rule(
    mut given: BTreeMap<u32, String>,
    seen: &Seen,
    segments: &[u32],
    all: &BTreeSet<u32>,
    calling: &Calling,
) -> BTreeMap<u32, String> {
    let sizes = sizes(segments);
    for own in own_names(calling) {
        let Named::Rule(rule) = &own.of else { continue };
        let (matches, of) = seen.counts(rule, segments);
        let score = |segment: &u32| {
            let (both, size) = (of.get(segment).copied().unwrap_or(0) as f64, sizes[segment] as f64);
            (both / size.max(1.0), 2.0 * both / (size + matches as f64).max(1.0))
        };
        let free = all.iter().filter(|segment| !given.contains_key(*segment) && score(segment).0 >= OWN_COVERAGE_LEAST);
        let best = free.max_by(|a, b| score(a).1.total_cmp(&score(b).1).then(b.cmp(a)));
        if let Some(segment) = best {
            given.insert(*segment, own.name.clone());
        }
    }
    given
}

/// The rule of each segment, learnt on the sample and counted on everyone.
fn rules(
    seen: &Seen,
    segments: &[u32],
    all: &BTreeSet<u32>,
    sample_rows: &[usize],
    calling: &Calling,
) -> BTreeMap<u32, MeasuredRule> {
    if all.len() < 2 || seen.columns.is_empty() {
        return BTreeMap::new();
    }
    let sample = seen.rows.take(sample_rows);
    let operands: Vec<Operand> = seen.columns.iter().map(|column| column.operand.clone()).collect();
    let everyone: Vec<Vec<f64>> = (0..seen.columns.len()).map(|place| column(&sample, place, |_| true)).collect();
    let sizes = sizes(segments);
    let learn = |segment: u32| {
        let is_member: Vec<bool> = sample_rows.iter().map(|row| segments[*row] == segment).collect();
        let thresholds: Vec<Vec<f64>> = (0..seen.columns.len())
            .map(|place| {
                let members = column(&sample, place, |row| is_member[row]);
                let unit = seen.columns[place].words.unit;
                rule::thresholds(&everyone[place], &members, |value| unit.round(value))
            })
            .collect();
        let bounds = rule::search(&sample, &is_member, &thresholds, u64::from(segment));
        let rule = Rule::of_bounds(&bounds, &operands).ok().flatten()?;
        let (matching, of) = seen.counts(&rule, segments);
        let counts = RuleCounts {
            everyone: segments.len() as u64,
            members: sizes.get(&segment).copied().unwrap_or(0),
            matching,
            matching_members: of.get(&segment).copied().unwrap_or(0),
        };
        let text = describe_rule(&rule, &seen.columns, &calling.words);
        Some(measured(rule, text, counts, calling.min_cell))
    };
    all.iter().filter_map(|segment| Some((*segment, learn(*segment)?))).collect()
}

fn column(points: &Points, place: usize, is_wanted: impl Fn(usize) -> bool) -> Vec<f64> {
    let values = (0..points.rows()).filter(|row| is_wanted(*row)).map(|row| points.row(row)[place]);
    values.filter(|value| !value.is_nan()).collect()
}

/// How many members of each segment match all claims of its name; segments without a claim are left out.
fn typical(seen: &Seen, segments: &[u32], names: &BTreeMap<u32, Name>) -> BTreeMap<u32, u64> {
    let mut found = BTreeMap::new();
    for (segment, name) in names {
        let conditions = name.claims.iter().map(|claim| claim.condition.clone()).collect();
        if let Ok(rule) = Rule::new(conditions) {
            let members = (0..segments.len()).filter(|row| segments[*row] == *segment && seen.holds(&rule, *row));
            found.insert(*segment, members.count() as u64);
        }
    }
    found
}

fn items(called: &Called) -> Vec<(String, String)> {
    let claims = called.names.values().flat_map(|name| &name.claims).map(|claim| &claim.condition);
    let rules = called.rules.values().flat_map(|rule| rule.rule.conditions());
    let items: BTreeSet<(String, String)> = claims
        .chain(rules)
        .filter_map(|condition| match &condition.operand {
            Operand::Share { habit, item } => Some((habit.clone(), item.clone())),
            Operand::Column(_) => None,
        })
        .collect();
    items.into_iter().collect()
}
