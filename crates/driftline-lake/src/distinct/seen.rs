//! The hashes of rows that were met, in a table that many threads fill.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;

use crate::row_hash::row_hashes;

/// Parts of the table of hashes, each with its own lock.
const SHARDS: usize = 16;

/// What a place without a hash holds. Not 0: a table of zeros is memory that nobody has written to yet, where the first look at a
/// place and the first hash put into it would each stop the processor, the second one all of them.
const FREE: u128 = u128::MAX;

/// Bytes that a hash takes, with the room that a growing table keeps, on average.
const BYTES_A_HASH: usize = 32;

/// The hashes met so far, by all partitions.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Rows that the files say they have, or 0.
    expected: usize,
    shards: [Mutex<Hashes>; SHARDS],
}

impl Seen {
    /// None yet, of so many that are expected.
    pub(super) fn of(expected: usize) -> Self {
        Self { expected, ..Self::default() }
    }

    /// Which rows nobody has met before; none if that is all of them.
    pub(super) fn are_new(
        &self,
        batch: &RecordBatch,
        reservation: &mut MemoryReservation,
    ) -> Result<Option<BooleanArray>> {
        let rows = batch.num_rows();
        let hashes = row_hashes(batch.columns(), rows)?;
        let mut of_shards: [Vec<(usize, u128)>; SHARDS] =
            std::array::from_fn(|_| Vec::with_capacity(2 * rows / SHARDS));
        for (row, hash) in hashes.into_iter().enumerate() {
            of_shards[(hash >> 64) as usize % SHARDS].push((row, hash.min(FREE - 1)));
        }
        let mut is_new = vec![false; rows];
        let mut added = 0;
        for (seen, hashes) in self.shards.iter().zip(&of_shards) {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let more = if seen.places.is_empty() { self.expected / SHARDS } else { 0 };
            seen.make_room(more.max(hashes.len()));
            // All places are looked at before any is filled: the processor waits for many at a time instead of for each.
            black_box(hashes.iter().fold(0, |sum, (_, hash)| sum ^ seen.places[seen.place_of(*hash)]));
            for (row, hash) in hashes {
                is_new[*row] = seen.insert(*hash);
                added += usize::from(is_new[*row]);
            }
        }
        reservation.try_grow(added * BYTES_A_HASH)?;
        Ok((added < rows).then(|| BooleanArray::from(is_new)))
    }
}

/// A set of hashes other than [`FREE`]: open addressing, with the next place if one is taken.
#[derive(Debug, Default)]
struct Hashes {
    /// A power of two, at most three quarters of them taken.
    places: Vec<u128>,
    taken: usize,
}

impl Hashes {
    fn place_of(&self, hash: u128) -> usize {
        hash as usize & (self.places.len() - 1)
    }

    /// Whether it was not there yet.
    fn insert(&mut self, hash: u128) -> bool {
        let mut place = self.place_of(hash);
        while self.places[place] != FREE {
            if self.places[place] == hash {
                return false;
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = hash;
        self.taken += 1;
        true
    }

    fn make_room(&mut self, more: usize) {
        let needed = (self.taken + more) * 4 / 3 + 1;
        if needed > self.places.len() {
            let larger = vec![FREE; needed.next_power_of_two().max(1024)];
            let smaller = std::mem::replace(&mut self.places, larger);
            self.taken = 0;
            for hash in smaller.into_iter().filter(|hash| *hash != FREE) {
                self.insert(hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn hashes_are_new_once_while_the_table_grows() {
        let (mut hashes, mut expected) = (Hashes::default(), HashSet::new());
        for number in 0..40_000u128 {
            // Runs of neighbours, repeats and numbers that are equal in their lower half.
            let hash = (number * number % 14_009) << (number % 3 * 40) | 1;
            hashes.make_room(1);
            assert_eq!(hashes.insert(hash), expected.insert(hash), "{number}");
        }
        assert_eq!(hashes.taken, expected.len());
        assert!(hashes.places.len() >= expected.len() * 4 / 3);
    }
}
