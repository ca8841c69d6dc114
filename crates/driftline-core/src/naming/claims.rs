//! Which claims can be made about a segment, and which one or two set its members apart best: exact counts over all rows.

mod choice;
mod population;
mod sets;
mod tally;

pub(super) use self::choice::Choice;
use self::choice::{Counted, GAP_FAINT, is_band, rank};
pub(super) use self::population::Population;
use self::sets::Sets;
pub(super) use self::tally::Tally;
use super::OTHER_SEGMENT;
use super::words::{HabitColumn, HabitUnit, has_word};
use crate::naming::rule::{Condition, Operand};
use crate::tables::profile::NO_SEGMENT;

/// That so little is spent on an item, or that any share is so little or more, says nothing either.
const HOLLOW_BELOW: f64 = 0.15;
const HOLLOW_FROM: f64 = 0.05;

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

/// How often people buy says more than that they did it more than once.
const MORE_THAN_ONCE_COST: f64 = 0.2;

/// What a threshold loses for each step of the grid from halfway between the medians of members and of all others, and at most:
/// among claims that are as good the threshold is near that of the rule.
const STEP_COST: f64 = 0.01;
const STEPS_COUNTED: f64 = 3.0;

/// Claims that are tried in pairs, and thresholds of them a column and side: those nearly as good alone as the best, or a pair
/// would be made of the loosest.
const CLAIMS_MAX: usize = 36;
const THRESHOLDS_A_SIDE: usize = 3;
const NEARLY_AS_GOOD: f64 = 0.05;

/// Pairs to which a third claim is tried.
const PAIRS_EXTENDED: usize = 20;

impl<'a> Population<'a> {
    /// Segments that have a name, in order.
    pub(super) fn named(&self) -> impl Iterator<Item = u32> {
        self.sizes.keys().copied().filter(|segment| *segment != NO_SEGMENT && *segment != OTHER_SEGMENT)
    }

    pub(super) fn size(&self, segment: u32) -> u64 {
        self.sizes.get(&segment).copied().unwrap_or(0)
    }

    /// Whether a claim about a column may be made of a segment: not how often they buy of people of whom half bought once.
    fn may_claim(&self, segment: u32, column: &HabitColumn) -> bool {
        let is_once = 2 * self.once.get(&segment).copied().unwrap_or(0) >= self.size(segment).max(1);
        column.is_in_use && !(is_once && column.words.unit == HabitUnit::RateAMonth)
    }

    /// Counts of any condition; `None` if its column is not there, or no claim may be made of it.
    pub(super) fn tally(&self, segment: u32, condition: &Condition) -> Option<Tally> {
        let is_it = |column: &HabitColumn| column.operand == condition.operand && self.may_claim(segment, column);
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
                if one.column != other.column || is_band(one, other) {
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
        let mut spared: Vec<Counted> = Vec::new();
        let may_claim = |column: &usize| self.may_claim(segment, &self.columns[*column]);
        for column in (0..self.columns.len().min(self.thresholds.len())).filter(may_claim) {
            for at_least in [true, false] {
                let mut side = self.claims_of(segment, column, at_least);
                side.sort_by(Counted::best_first);
                side.truncate(THRESHOLDS_A_SIDE);
                let best = side.first().map_or(0.0, Counted::score);
                side.retain(|claim| claim.score() >= best - NEARLY_AS_GOOD);
                // A bound that says little alone may be one side of a band.
                let is_plain = matches!(self.columns[column].operand, Operand::Column(_));
                spared.extend(side.first().filter(|claim| is_plain && claim.tally.gap() >= GAP_FAINT));
                found.append(&mut side);
            }
        }
        found.sort_by(Counted::best_first);
        found.truncate(CLAIMS_MAX);
        found.append(&mut spared);
        found.sort_by(Counted::order);
        found.dedup();
        found
    }

    /// All claims about a segment on one side of one column.
    fn claims_of(&self, segment: u32, column: usize, at_least: bool) -> Vec<Counted> {
        let edges = &self.thresholds[column];
        let HabitColumn { operand, words, .. } = &self.columns[column];
        let own = from_each_on(self.bins.get(&segment).into_iter(), column, edges.len());
        let all = from_each_on(self.bins.values(), column, edges.len());
        let members = self.size(segment);
        let others: Vec<u64> = all.iter().zip(&own).map(|(all, own)| all - own).collect();
        let halfway = halfway(words.unit, edges, median_bin(&own), median_bin(&others));
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
                _ if words.unit == HabitUnit::Once && at_least => (0.0, MORE_THAN_ONCE_COST),
                _ if says_how_often && has_word(threshold) => (WORD_BONUS, 0.0),
                _ => (0.0, 0.0),
            };
            let is_hollow = match (words.unit, operand) {
                (HabitUnit::Share, Operand::Share { .. }) if !at_least => threshold < HOLLOW_BELOW,
                (HabitUnit::Share, _) => at_least && threshold < HOLLOW_FROM,
                (HabitUnit::Once, _) => !tally.is_clear(),
                _ => false,
            };
            let off = STEP_COST * (edge as f64 - halfway).abs().min(STEPS_COUNTED);
            Counted { column, at_least, threshold, tally, says_how_often, is_hollow, bonus, cost, off }
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

/// The bin of the middle one, given how many are in each bin or a later one.
fn median_bin(from_each_on: &[u64]) -> usize {
    let all = from_each_on.first().copied().unwrap_or(0);
    from_each_on.iter().rposition(|count| 2 * count >= all).unwrap_or(0)
}

/// The place among the edges that is halfway between two bins: in the middle of the edges between them, which are at even ratios,
/// but for shares, whose edges are closer together where they are small.
fn halfway(unit: HabitUnit, edges: &[f64], one: usize, other: usize) -> f64 {
    if unit == HabitUnit::Share {
        let from = |bin: usize| if bin == 0 { 0.0 } else { edges[bin - 1] };
        let value = (from(one) + from(other)) / 2.0;
        return edges.partition_point(|edge| *edge < value) as f64;
    }
    // Edge `e` is between bin `e` and bin `e + 1`.
    (one + other) as f64 / 2.0 - 0.5
}
