//! One to three claims as a name may make them, and which of them is best.

use std::cmp::Ordering;

use super::population::Population;
use super::tally::{GAP_CLEAR, Tally};
use crate::naming::rule::Condition;
use crate::naming::words::ClaimPart;

/// Share of members from which on a claim is not a near thing.
const MEMBERS_SAFE: f64 = 0.7;

/// What a claim that is a near thing loses against others.
const NEAR_COST: f64 = 0.1;

/// Less than this may be another way round next period, and says nothing: for names that nothing else tells apart.
pub(super) const GAP_FAINT: f64 = 0.05;

/// Whether two claims are the lower and the upper bound of one column.
pub(super) fn is_band(one: &Counted, other: &Counted) -> bool {
    one.column == other.column && one.at_least && !other.at_least && one.threshold < other.threshold
}

/// A claim with what it is true of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Counted {
    pub(super) column: usize,
    pub(super) at_least: bool,
    pub(super) threshold: f64,
    pub(super) tally: Tally,
    /// Whether a rate is not only reached: half of the members or more do not buy twice as often.
    pub(super) says_how_often: bool,
    /// Whether it says nothing although it may be true of many more members than others.
    pub(super) is_hollow: bool,
    pub(super) bonus: f64,
    pub(super) cost: f64,
    /// What it loses for a threshold that is not halfway.
    pub(super) off: f64,
}

impl Counted {
    /// As ties are broken: earlier columns, lower bounds, and of thresholds the one that says most first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let place = |claim: &Self| (claim.column, !claim.at_least);
        let says = |claim: &Self| if claim.at_least { -claim.threshold } else { claim.threshold };
        place(self).cmp(&place(other)).then(says(self).total_cmp(&says(other)))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.tally.gap() >= GAP_FAINT && !self.is_hollow
    }

    pub(super) fn score(&self) -> f64 {
        score(&[*self], self.tally)
    }

    pub(super) fn best_first(&self, other: &Self) -> Ordering {
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
    // A band has no halfway: others are on both sides. Nor does one claim more make it worse.
    let off = if let [one, other] = claims
        && is_band(one, other)
    {
        0.0
    } else {
        claims.iter().map(|claim| claim.off).fold(0.0, f64::max)
    };
    strength(claims, tally) + claims.iter().map(|claim| claim.bonus).sum::<f64>() - off
}

/// One to three claims that a segment may be called by, on different columns but for the two bounds of one.
#[derive(Clone, Debug)]
pub(in crate::naming) struct Choice {
    /// In the order of columns.
    pub(super) claims: Vec<Counted>,
    pub(super) tally: Tally,
    pub(super) strength: f64,
    pub(super) score: f64,
    /// Whether it sets the segment apart clearly, and no claim less would do as well.
    pub(in crate::naming) is_clear: bool,
}

impl Choice {
    pub(super) fn new(claims: Vec<Counted>, tally: Tally) -> Self {
        let is_clear = match &claims[..] {
            // Half of the others are on either side of a band: what sets it apart is both bounds together.
            [one, other] if is_band(one, other) => tally.gap() >= GAP_CLEAR && claims.iter().all(Counted::is_sound),
            _ => claims.iter().all(|claim| claim.tally.is_clear() && claim.is_sound()),
        };
        Self { strength: strength(&claims, tally), score: score(&claims, tally), claims, tally, is_clear }
    }

    /// What is clear is above what is not, that above what may be chance, and that above what says nothing.
    pub(in crate::naming) fn rank(&self) -> f64 {
        match (self.is_clear, self.is_sound()) {
            (true, _) => self.score,
            (false, true) => self.score - 10.0,
            (false, false) if !self.claims.iter().any(|claim| claim.is_hollow) => self.score - 20.0,
            (false, false) => self.score - 30.0,
        }
    }

    /// Whether each claim is worth making; others are for names that nothing else tells apart.
    pub(in crate::naming) fn is_sound(&self) -> bool {
        self.claims.iter().all(Counted::is_sound)
    }

    /// Whether this is a band which lies in the upper, or in the lower, half of everyone.
    pub(in crate::naming) fn half(&self) -> Option<bool> {
        match &self.claims[..] {
            [one, other] if is_band(one, other) && one.tally.of_everyone() <= 0.5 => Some(true),
            [one, other] if is_band(one, other) && other.tally.of_everyone() <= 0.5 => Some(false),
            _ => None,
        }
    }

    pub(in crate::naming) fn parts<'b>(&self, population: &Population<'b>) -> Vec<ClaimPart<'b>> {
        let part = |claim: &Counted| {
            let column = &population.columns[claim.column];
            let condition =
                Condition { operand: column.operand.clone(), at_least: claim.at_least, threshold: claim.threshold };
            ClaimPart { column, condition, says_how_often: claim.says_how_often }
        };
        self.claims.iter().map(part).collect()
    }
}

/// Best first, each once.
pub(super) fn rank(choices: &mut Vec<Choice>) {
    let order = |a: &Choice, b: &Choice| {
        let claims = a.claims.iter().zip(&b.claims).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
        claims.unwrap_or_else(|| a.claims.len().cmp(&b.claims.len()))
    };
    choices.sort_by(|a, b| b.rank().total_cmp(&a.rank()).then_with(|| order(a, b)));
    choices.dedup_by(|a, b| a.claims == b.claims);
}
