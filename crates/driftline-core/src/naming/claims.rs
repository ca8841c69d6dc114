//! Which claims can be made about a segment, and which one or two set its members apart best: exact counts over all rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use driftline_stats::cluster::Points;

use super::OTHER_SEGMENT;
use super::words::{HabitColumn, HabitUnit, Part, has_word};
use crate::rule::{Condition, Operand};

/// Share of members of whom a claim must be true.
const MEMBERS_MIN: f64 = 0.6;

/// Share of members from which on a claim is not a near thing.
const MEMBERS_SAFE: f64 = 0.7;

/// What a claim that is a near thing loses against others.
const NEAR_COST: f64 = 0.1;

/// How much more often a claim must be true of members than of everyone to set them apart clearly.
const GAP_CLEAR: f64 = 0.15;

/// Less than this may be another way round next period: for names that nothing else tells apart.
const GAP_FAINT: f64 = 0.05;

/// What a second claim must add.
const GAIN_MIN: f64 = 0.05;

/// Share of members of whom both claims must be true together, if there is a choice.
const BOTH_MIN: f64 = 0.5;

/// What people buy is what a marketer recognises: worth this much from this share of what they spend on, and once more where
/// it is most of it; and so is a rate that there is a word for.
const WORD_BONUS: f64 = 0.05;
const ITEM_STRONG: f64 = 0.2;
const ITEM_MOSTLY: f64 = 0.5;

/// That a share is small says little about members; that one item of many is less than some part of what they buy, less still.
const SMALL_SHARE_COST: f64 = 0.1;
const ABSENT_ITEM_COST: f64 = 0.2;

/// Claims that are tried in pairs, and thresholds of them a column and side: those nearly as good alone as the best, or a pair
/// would be made of the loosest.
const CLAIMS_MAX: usize = 36;
const THRESHOLDS_A_SIDE: usize = 3;
const NEARLY_AS_GOOD: f64 = 0.05;

/// Pairs to which a third claim is tried.
const PAIRS_EXTENDED: usize = 20;

/// How many customers a condition is true of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    everyone: u64,
    members: u64,
    matching: u64,
    matching_members: u64,
}

impl Tally {
    pub(super) fn of_members(self) -> f64 {
        share(self.matching_members, self.members)
    }

    pub(super) fn of_everyone(self) -> f64 {
        share(self.matching, self.everyone)
    }

    /// Share of members minus share of all others.
    fn youden(self) -> f64 {
        self.of_members() - share(self.matching - self.matching_members, self.everyone - self.members)
    }

    /// How much more often it is true of members than of everyone.
    fn gap(self) -> f64 {
        self.of_members() - self.of_everyone()
    }

    /// What no claim may fail.
    pub(super) fn is_true(self) -> bool {
        self.of_members() >= MEMBERS_MIN && self.of_members() > self.of_everyone()
    }

    fn is_clear(self) -> bool {
        self.is_true() && self.gap() >= GAP_CLEAR
    }

    /// Members of whom it is true and is not, others of whom it is true and is not.
    pub(super) fn cells(self) -> [u64; 4] {
        let others_matching = self.matching - self.matching_members;
        [
            self.matching_members,
            self.members - self.matching_members,
            others_matching,
            self.everyone - self.members - others_matching,
        ]
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// All customers, counted by segment, column and readable threshold.
pub(super) struct Population<'a> {
    columns: &'a [HabitColumn],
    rows: &'a Points,
    segments: &'a [u32],
    sizes: BTreeMap<u32, u64>,
    /// Of each column, ascending; none of one that is not in use.
    thresholds: Vec<Vec<f64>>,
    /// Of each segment, column and bin: bin `b` is from threshold `b - 1` to below threshold `b`.
    bins: BTreeMap<u32, Vec<Vec<u64>>>,
}

impl<'a> Population<'a> {
    pub(super) fn new(columns: &'a [HabitColumn], rows: &'a Points, segments: &'a [u32]) -> Self {
        let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); columns.len()];
        for row in 0..rows.rows() {
            for (range, value) in ranges.iter_mut().zip(rows.row(row)).filter(|(_, value)| value.is_finite()) {
                *range = (range.0.min(*value), range.1.max(*value));
            }
        }
        let thresholds: Vec<Vec<f64>> = columns
            .iter()
            .zip(ranges)
            .map(|(column, (low, high))| if column.is_in_use { column.words.unit.grid(low, high) } else { Vec::new() })
            .collect();
        let empty: Vec<Vec<u64>> = thresholds.iter().map(|edges| vec![0; edges.len() + 1]).collect();
        let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
        let mut bins: BTreeMap<u32, Vec<Vec<u64>>> = BTreeMap::new();
        for (row, segment) in segments.iter().enumerate() {
            *sizes.entry(*segment).or_default() += 1;
            let bins = bins.entry(*segment).or_insert_with(|| empty.clone());
            for ((bins, edges), value) in bins.iter_mut().zip(&thresholds).zip(rows.row(row)) {
                if !edges.is_empty() && !value.is_nan() {
                    bins[edges.partition_point(|edge| edge <= value)] += 1;
                }
            }
        }
        Self { columns, rows, segments, sizes, thresholds, bins }
    }

    /// Segments that have a name, in order.
    pub(super) fn named(&self) -> impl Iterator<Item = u32> {
        self.sizes.keys().copied().filter(|segment| *segment != 0 && *segment != OTHER_SEGMENT)
    }

    pub(super) fn size(&self, segment: u32) -> u64 {
        self.sizes.get(&segment).copied().unwrap_or(0)
    }

    /// Counts of any condition; `None` if its column is not there or not in use.
    pub(super) fn tally(&self, segment: u32, condition: &Condition) -> Option<Tally> {
        let is_it = |column: &HabitColumn| column.is_in_use && column.operand == condition.operand;
        let column = self.columns.iter().position(is_it)?;
        let mut tally = Tally { everyone: self.segments.len() as u64, members: self.size(segment), ..Tally::default() };
        for (row, of) in self.segments.iter().enumerate() {
            let is_true = condition.is_true_of(self.rows.row(row)[column]);
            tally.matching += u64::from(is_true);
            tally.matching_members += u64::from(is_true && *of == segment);
        }
        Some(tally)
    }

    /// Everything that a segment may be called: what sets it apart clearly, best first, and then all else.
    pub(super) fn choices(&self, segment: u32) -> Vec<Choice> {
        let claims = self.claims(segment);
        let sets = Sets::new(self, segment, &claims);
        let singles: Vec<Choice> = claims.iter().map(|claim| Choice::new(vec![*claim], claim.tally)).collect();
        let mut pairs: Vec<Choice> = Vec::new();
        for (first, one) in claims.iter().enumerate() {
            for (second, other) in claims.iter().enumerate().skip(first + 1) {
                if one.column != other.column {
                    let mut pair = Choice::new(vec![*one, *other], sets.tally(&[first, second]));
                    let alone = singles[first].strength.max(singles[second].strength);
                    pair.is_clear &= pair.tally.of_members() >= BOTH_MIN && pair.strength >= alone + GAIN_MIN;
                    pairs.push(pair);
                }
            }
        }
        rank(&mut pairs);
        let mut threes: Vec<Choice> = Vec::new();
        for pair in pairs.iter().take(PAIRS_EXTENDED) {
            for third in claims.iter().filter(|claim| pair.claims.iter().all(|other| other.column != claim.column)) {
                let mut three = [pair.claims[0], pair.claims[1], *third];
                three.sort_by(Counted::order);
                let places: Vec<usize> =
                    three.iter().filter_map(|claim| claims.iter().position(|other| other == claim)).collect();
                let three = Choice::new(three.to_vec(), sets.tally(&places));
                threes.push(Choice { is_clear: false, ..three });
            }
        }
        rank(&mut threes);
        let mut all = singles;
        all.append(&mut pairs);
        rank(&mut all);
        all.append(&mut threes);
        all
    }

    /// The best claims about a segment, a few of each column and side.
    fn claims(&self, segment: u32) -> Vec<Counted> {
        let mut found: Vec<Counted> = Vec::new();
        for column in 0..self.columns.len().min(self.thresholds.len()) {
            for at_least in [true, false] {
                let mut side = self.claims_of(segment, column, at_least);
                side.sort_by(Counted::best_first);
                side.truncate(THRESHOLDS_A_SIDE);
                let best = side.first().map_or(0.0, Counted::score);
                side.retain(|claim| claim.score() >= best - NEARLY_AS_GOOD);
                found.append(&mut side);
            }
        }
        found.sort_by(Counted::best_first);
        found.truncate(CLAIMS_MAX);
        found.sort_by(Counted::order);
        found
    }

    /// All claims about a segment on one side of one column.
    fn claims_of(&self, segment: u32, column: usize, at_least: bool) -> Vec<Counted> {
        let edges = &self.thresholds[column];
        let HabitColumn { operand, words, .. } = &self.columns[column];
        let own = from_each_on(self.bins.get(&segment).into_iter(), column, edges.len());
        let all = from_each_on(self.bins.values(), column, edges.len());
        let members = self.size(segment);
        let inside =
            |counts: &[u64], edge: usize| if at_least { counts[edge + 1] } else { counts[0] - counts[edge + 1] };
        let claim = |edge: usize| {
            let threshold = edges[edge];
            let tally = Tally {
                everyone: self.segments.len() as u64,
                members,
                matching: inside(&all, edge),
                matching_members: inside(&own, edge),
            };
            // Nine tenths of the double: the nearest readable rate may be a little lower.
            let double = edges.partition_point(|other| *other < 1.9 * threshold);
            let often = own.get(double + 1).copied().unwrap_or(0);
            let says_how_often = at_least && words.unit == HabitUnit::RateAMonth && 2 * often < members;
            let (bonus, cost) = match operand {
                Operand::Share { .. } if !at_least => (0.0, ABSENT_ITEM_COST),
                Operand::Share { .. } if threshold < ITEM_STRONG => (0.0, SMALL_SHARE_COST),
                Operand::Share { .. } if threshold >= ITEM_MOSTLY => (2.0 * WORD_BONUS, 0.0),
                Operand::Share { habit, .. } if habit == "category" => (WORD_BONUS, 0.0),
                // That little is returned or taken off is how most people buy.
                _ if words.unit == HabitUnit::Share && !at_least => (0.0, SMALL_SHARE_COST),
                _ if says_how_often && has_word(threshold) => (WORD_BONUS, 0.0),
                _ => (0.0, 0.0),
            };
            Counted { column, at_least, threshold, tally, says_how_often, bonus, cost }
        };
        (0..edges.len()).map(claim).filter(|claim| claim.tally.is_true()).collect()
    }
}

/// How many of some segments are in a bin or a later one, for each bin of a column.
fn from_each_on<'b>(segments: impl Iterator<Item = &'b Vec<Vec<u64>>>, column: usize, edges: usize) -> Vec<u64> {
    let mut counts = vec![0; edges + 1];
    for bins in segments {
        for (count, bin) in counts.iter_mut().zip(&bins[column]) {
            *count += bin;
        }
    }
    for bin in (0..edges).rev() {
        counts[bin] += counts[bin + 1];
    }
    counts
}

/// A claim with what it is true of.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Counted {
    column: usize,
    at_least: bool,
    threshold: f64,
    tally: Tally,
    /// Whether a rate is not only reached: half of the members or more do not buy twice as often.
    says_how_often: bool,
    bonus: f64,
    cost: f64,
}

impl Counted {
    /// As ties are broken: earlier columns, lower bounds, and of thresholds the one that says most first.
    fn order(&self, other: &Self) -> Ordering {
        let place = |claim: &Self| (claim.column, !claim.at_least);
        let says = |claim: &Self| if claim.at_least { -claim.threshold } else { claim.threshold };
        place(self).cmp(&place(other)).then(says(self).total_cmp(&says(other)))
    }

    fn score(&self) -> f64 {
        score(&[*self], self.tally)
    }

    fn best_first(&self, other: &Self) -> Ordering {
        other.score().total_cmp(&self.score()).then_with(|| self.order(other))
    }
}

/// How well claims set members apart together.
fn strength(claims: &[Counted], tally: Tally) -> f64 {
    let is_near = claims.iter().any(|claim| claim.tally.of_members() < MEMBERS_SAFE);
    let cost: f64 = claims.iter().map(|claim| claim.cost).sum();
    tally.youden() - cost - if is_near { NEAR_COST } else { 0.0 }
}

/// The same with how good they are to read.
fn score(claims: &[Counted], tally: Tally) -> f64 {
    strength(claims, tally) + claims.iter().map(|claim| claim.bonus).sum::<f64>()
}

/// One to three claims on different columns that a segment may be called by.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// In the order of columns.
    claims: Vec<Counted>,
    tally: Tally,
    strength: f64,
    score: f64,
    /// Whether it sets the segment apart clearly, and no claim less would do as well.
    pub(super) is_clear: bool,
}

impl Choice {
    fn new(claims: Vec<Counted>, tally: Tally) -> Self {
        let is_clear = claims.iter().all(|claim| claim.tally.is_clear());
        Self { strength: strength(&claims, tally), score: score(&claims, tally), claims, tally, is_clear }
    }

    /// What is clear is above what is not, and that above what may be chance.
    pub(super) fn rank(&self) -> f64 {
        let is_faint = self.claims.iter().any(|claim| claim.tally.gap() < GAP_FAINT);
        match (self.is_clear, is_faint) {
            (true, _) => self.score,
            (false, false) => self.score - 10.0,
            (false, true) => self.score - 20.0,
        }
    }

    pub(super) fn parts<'b>(&self, population: &Population<'b>) -> Vec<Part<'b>> {
        let part = |claim: &Counted| {
            let column = &population.columns[claim.column];
            let condition =
                Condition { operand: column.operand.clone(), at_least: claim.at_least, threshold: claim.threshold };
            Part { column, condition, says_how_often: claim.says_how_often }
        };
        self.claims.iter().map(part).collect()
    }
}

/// Best first, each once.
fn rank(choices: &mut Vec<Choice>) {
    let order = |a: &Choice, b: &Choice| {
        let claims = a.claims.iter().zip(&b.claims).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
        claims.unwrap_or_else(|| a.claims.len().cmp(&b.claims.len()))
    };
    choices.sort_by(|a, b| b.rank().total_cmp(&a.rank()).then_with(|| order(a, b)));
    choices.dedup_by(|a, b| a.claims == b.claims);
}

/// Of whom each claim is true, a bit a row, so that conjunctions are counted a word at a time.
struct Sets {
    everyone: u64,
    members: Vec<u64>,
    claims: Vec<Vec<u64>>,
}

impl Sets {
    fn new(population: &Population<'_>, segment: u32, claims: &[Counted]) -> Self {
        let words = population.segments.len().div_ceil(64);
        let mut sets = Self {
            everyone: population.segments.len() as u64,
            members: vec![0; words],
            claims: vec![vec![0; words]; claims.len()],
        };
        for (row, of) in population.segments.iter().enumerate() {
            let (word, bit) = (row / 64, row % 64);
            let values = population.rows.row(row);
            sets.members[word] |= u64::from(*of == segment) << bit;
            for (set, claim) in sets.claims.iter_mut().zip(claims) {
                let value = values[claim.column];
                let is_true = if claim.at_least { value >= claim.threshold } else { value < claim.threshold };
                set[word] |= u64::from(is_true) << bit;
            }
        }
        sets
    }

    /// Counts of the conjunction of some claims.
    fn tally(&self, claims: &[usize]) -> Tally {
        let mut tally = Tally { everyone: self.everyone, ..Tally::default() };
        for (word, members) in self.members.iter().enumerate() {
            let matching = claims.iter().fold(u64::MAX, |all, claim| all & self.claims[*claim][word]);
            tally.members += u64::from(members.count_ones());
            tally.matching += u64::from(matching.count_ones());
            tally.matching_members += u64::from((matching & members).count_ones());
        }
        tally
    }
}
