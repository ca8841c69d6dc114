//! How many customers a claim is true of.

use super::Population;
use super::choice::Counted;

/// Share of members of whom a claim must be true.
const MEMBERS_MIN: f64 = 0.6;

/// How much more often a claim must be true of members than of everyone to set them apart clearly.
pub(super) const GAP_CLEAR: f64 = 0.15;

/// How many customers a condition is true of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::naming) struct Tally {
    pub(super) everyone: u64,
    pub(super) members: u64,
    pub(super) matching: u64,
    pub(super) matching_members: u64,
}

impl Tally {
    pub(in crate::naming) fn of_members(self) -> f64 {
        share(self.matching_members, self.members)
    }

    pub(in crate::naming) fn of_everyone(self) -> f64 {
        share(self.matching, self.everyone)
    }

    /// Share of members minus share of all others.
    pub(super) fn youden(self) -> f64 {
        self.of_members() - share(self.matching - self.matching_members, self.everyone - self.members)
    }

    /// How much more often it is true of members than of everyone.
    pub(super) fn gap(self) -> f64 {
        self.of_members() - self.of_everyone()
    }

    /// What no claim may fail.
    pub(in crate::naming) fn is_true(self) -> bool {
        self.of_members() >= MEMBERS_MIN && self.of_members() > self.of_everyone()
    }

    pub(super) fn is_clear(self) -> bool {
        self.is_true() && self.gap() >= GAP_CLEAR
    }

    /// Members of whom it is true and is not, others of whom it is true and is not.
    pub(in crate::naming) fn cells(self) -> [u64; 4] {
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

/// Of whom each claim is true, a bit a row, so that conjunctions are counted a word at a time.
pub(super) struct Sets {
    everyone: u64,
    members: Vec<u64>,
    claims: Vec<Vec<u64>>,
}

impl Sets {
    pub(super) fn new(population: &Population<'_>, segment: u32, claims: &[Counted]) -> Self {
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
    pub(super) fn tally(&self, claims: &[usize]) -> Tally {
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
