//! Spreads a computation over threads so that its result does not depend on how many there are: work is cut into chunks
//! of a fixed size, and results come back in the order of the chunks.

use core::ops::Range;
use std::sync::OnceLock;

/// Items that one thread takes at a time where each costs little.
pub(crate) const CHUNK: usize = 16_384;

/// Computes something of each item, in order.
pub(crate) fn each<I: Sync, T: Send>(items: &[I], of: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let parts = map(items.len(), CHUNK, |range| items[range].iter().map(&of).collect::<Vec<T>>());
    parts.into_iter().flatten().collect()
}

/// Computes `work` for each chunk of `0..count`, in order. Chunks are spread over threads if there are several.
pub(crate) fn map<T: Send>(count: usize, chunk: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    map_on(threads(), count, chunk, work)
}

/// Changes each item in its place; items are spread over threads if there are several.
pub(crate) fn change<I: Send>(items: &mut [I], change: impl Fn(&mut I) + Sync) {
    let (share, change) = (items.len().div_ceil(threads()).max(1), &change);
    if share >= items.len() {
        return items.iter_mut().for_each(change);
    }
    std::thread::scope(|scope| {
        for part in items.chunks_mut(share) {
            scope.spawn(move || part.iter_mut().for_each(change));
        }
    });
}

fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

fn map_on<T: Send>(threads: usize, count: usize, chunk: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let chunks = count.div_ceil(chunk);
    let of_chunk = |index: usize| work(index * chunk..((index + 1) * chunk).min(count));
    let threads = threads.min(chunks);
    if threads < 2 {
        return (0..chunks).map(of_chunk).collect();
    }
    let share = chunks.div_ceil(threads);
    let (of_chunk, part) = (&of_chunk, |thread: usize| thread * share..((thread + 1) * share).min(chunks));
    std::thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads).map(|thread| scope.spawn(move || part(thread).map(of_chunk).collect::<Vec<T>>())).collect();
        let mut results: Vec<T> = part(0).map(of_chunk).collect();
        for other in others {
            match other.join() {
                Ok(more) => results.extend(more),
                Err(cause) => std::panic::resume_unwind(cause),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_on_any_number_of_threads() {
        let sum = |range: Range<usize>| range.map(|n| 1.0 / (1.0 + n as f64)).sum::<f64>();
        let expected = map_on(1, 10_001, 64, sum);
        for threads in [2, 3, 7, 1000] {
            assert_eq!(map_on(threads, 10_001, 64, sum), expected);
        }
        assert!(map_on(4, 0, 64, sum).is_empty());
    }
}
