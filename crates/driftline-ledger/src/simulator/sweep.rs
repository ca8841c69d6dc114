//! Runs many seeds: none may break an invariant, and without any one guard some must.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Instant;

use super::{Figures, simulate};
use crate::guard::Guard;

/// Seeds of a normal test run; `DRIFTLINE_SEEDS` sets another number.
const SEEDS: u64 = 10_000;

/// Seeds within which every missing guard must be noticed.
const SEEDS_WITHOUT: u64 = 2_000;

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn reproduction(seed: u64, problem: &str) -> String {
    format!("DRIFTLINE_SEED={seed} cargo test -p driftline-ledger simulator # {problem}")
}

/// Runs every `step`th seed from `start`; a seed is its own world, so shares may run side by side.
fn share(start: u64, end: u64, step: usize) -> (Figures, Vec<String>) {
    let mut sum = Figures::default();
    let mut failures = Vec::new();
    for seed in (start..end).step_by(step) {
        match std::panic::catch_unwind(|| simulate(seed, None)) {
            Ok(outcome) if outcome.violations.is_empty() => sum.add(&outcome.figures),
            Ok(outcome) => failures.push(reproduction(seed, &outcome.violations.join("; "))),
            Err(_) => failures.push(reproduction(seed, "it panicked")),
        }
    }
    (sum, failures)
}

#[test]
fn no_seed_breaks_an_invariant() {
    let (start, end) = match number_from("DRIFTLINE_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, number_from("DRIFTLINE_SEEDS").unwrap_or(SEEDS)),
    };
    let count = end - start;
    let shares = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let (mut sum, mut failures) = (Figures::default(), Vec::new());
    std::thread::scope(|scope| {
        let begin = |number| scope.spawn(move || share(start + number as u64, end, shares));
        let running: Vec<_> = (0..shares).map(begin).collect();
        for share in running {
            let (figures, failed) = share.join().unwrap();
            sum.add(&figures);
            failures.extend(failed);
        }
    });
    println!("{count} seeds in {:.1} seconds on {shares} threads: {sum:?}", began.elapsed().as_secs_f64());
    assert!(failures.is_empty(), "{} seeds fail:\n{}", failures.len(), failures[..failures.len().min(5)].join("\n"));
    if count >= 1_000 {
        // The faults that the invariants are about do happen.
        let rare = [
            sum.superseded as usize,
            sum.fenced as usize,
            sum.unknown,
            sum.extra_copies,
            sum.held,
            sum.refused,
            sum.pruned,
        ];
        assert!(
            rare.iter().all(|count| *count > 5) && sum.copies > sum.mails / 2 && sum.lives > sum.mails / 2,
            "{sum:?}"
        );
    }
}

#[test]
fn every_missing_guard_is_noticed() {
    for (guard, sign) in [
        (Guard::Fencing, "was published under token"),
        (Guard::Nonce, "who was told so"),
        (Guard::ReceiptAfterData, "has a receipt and was never sent"),
        (Guard::StoreClock, "was taken from a holder that gave a sign"),
        (Guard::ObjectsFirst, "was published without"),
    ] {
        let found = (0..SEEDS_WITHOUT)
            .find(|seed| simulate(*seed, Some(guard)).violations.iter().any(|violation| violation.contains(sign)));
        println!("without {guard:?}: noticed at seed {found:?}");
        assert!(found.is_some(), "no seed below {SEEDS_WITHOUT} notices that {guard:?} is missing");
    }
}

#[test]
fn a_seed_is_the_same_every_time() {
    for seed in 0..20 {
        let (one, other) = (simulate(seed, None), simulate(seed, None));
        assert_eq!((one.violations, one.figures), (other.violations, other.figures), "seed {seed}");
    }
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.publications += other.publications;
        self.mails += other.mails;
        self.copies += other.copies;
        self.tokens += other.tokens;
        self.lives += other.lives;
        self.superseded += other.superseded;
        self.fenced += other.fenced;
        self.unknown += other.unknown;
        self.extra_copies += other.extra_copies;
        self.held += other.held;
        self.refused += other.refused;
        self.pruned += other.pruned;
    }
}
