//! Of whom each claim is true: conjunctions are counted a word at a time.

use super::choice::Counted;
use super::population::Population;
use super::tally::Tally;

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
