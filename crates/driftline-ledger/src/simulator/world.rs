//! The simulated world: one clock, one agenda of what happens when, the objects of the store, and what is true of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use object_store::path::Path;

use super::faults::{Faults, Random, WriteFault};
use super::truth::Truth;

/// A daemon in one of its lives; a crash ends the life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Who {
    pub(crate) daemon: usize,
    pub(crate) life: u32,
}

/// A write on its way to the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Write {
    pub(super) path: String,
    pub(super) location: Path,
    pub(super) bytes: Bytes,
    pub(super) is_create: bool,
    /// Step of the world at which it was sent off.
    pub(super) issued: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happens {
    Wake(Who),
    /// A write lands whose sender no longer waits for it.
    Lands(Box<Write>),
    Restart(usize),
}

pub(super) struct Stored {
    pub(super) location: Path,
    pub(super) bytes: Bytes,
    pub(super) landed_at: u64,
    /// When lists begin to show it.
    pub(super) listed_at: u64,
}

pub(crate) struct State {
    pub(super) random: Random,
    /// Milliseconds; the store's clock.
    pub(super) now: u64,
    /// Counts what happened, to tell the order of things at one instant.
    pub(super) step: u64,
    pub(super) agenda: BinaryHeap<Reverse<(u64, u64, Happens)>>,
    pub(super) objects: BTreeMap<String, Stored>,
    pub(super) faults: Faults,
    /// What happens to the next writes, before any fault is drawn.
    pub(super) script: VecDeque<WriteFault>,
    /// The daemon that the last poll crashed.
    pub(super) crashed: Option<usize>,
    pub(crate) truth: Truth,
    pub(super) operations: u64,
}

impl State {
    pub(super) fn schedule(&mut self, at: u64, happens: Happens) {
        self.step += 1;
        self.agenda.push(Reverse((at, self.step, happens)));
    }

    pub(super) fn has_writes_on_the_way(&self) -> bool {
        self.agenda.iter().any(|Reverse((_, _, happens))| matches!(happens, Happens::Lands(_)))
    }

    /// Something went wrong for a daemon that it cannot see through.
    pub(super) fn disturb(&mut self, who: Who) {
        self.step += 1;
        self.truth.disturbed.insert(who, self.step);
    }

    /// A write reaches the store; `false` if it was a create and there is an object.
    pub(super) fn land(&mut self, write: Write) -> bool {
        if write.is_create && self.objects.contains_key(&write.path) {
            return false;
        }
        self.step += 1;
        self.truth.landed(&write, self.now, self.step, &self.objects);
        let listed_at = self.now + self.faults.list_lag(&write.path, &mut self.random);
        self.objects.insert(
            write.path,
            Stored { location: write.location, bytes: write.bytes, landed_at: self.now, listed_at },
        );
        true
    }
}

/// The world, shared by the store's handles, the couriers and the clocks.
pub(crate) struct World {
    state: Mutex<State>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

/// The instant 0 of the store's clock.
const EPOCH_SECONDS: i64 = 1_700_000_000;

impl World {
    pub(super) fn new(random: Random, faults: Faults) -> Arc<Self> {
        let state = State {
            random,
            now: 0,
            step: 0,
            agenda: BinaryHeap::new(),
            objects: BTreeMap::new(),
            faults,
            script: VecDeque::new(),
            crashed: None,
            truth: Truth::default(),
            operations: 0,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// A world without faults and without delays, for tests of one thing at a time; [`World::pass`] moves its clock.
    pub(crate) fn calm() -> Arc<Self> {
        Self::new(Random::new(1), Faults::none())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock of a calm world.
    pub(crate) fn pass(&self, seconds: u64) {
        self.state().now += seconds * 1000;
    }

    /// What is to happen to the next writes.
    pub(crate) fn expect_faults(&self, faults: &[WriteFault]) {
        self.state().script = faults.iter().copied().collect();
    }

    /// The paths of all objects, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Waits in simulated time. One life waits for one thing at a time.
    pub(super) fn sleep(self: &Arc<Self>, who: Who, milliseconds: u64) -> Sleep {
        let mut state = self.state();
        let until = state.now + milliseconds;
        if milliseconds > 0 {
            state.schedule(until, Happens::Wake(who));
        }
        Sleep { world: self.clone(), until }
    }

    /// Ends the life of a daemon: it never goes on from here.
    pub(super) async fn crash(&self, who: Who) {
        {
            let mut state = self.state();
            state.crashed = Some(who.daemon);
            state.truth.ended.insert(who);
        }
        futures::future::pending().await
    }
}

/// The store's clock as stores show it: whole seconds, rounded down.
pub(super) fn shown_time(milliseconds: u64) -> DateTime<Utc> {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX);
    DateTime::from_timestamp(EPOCH_SECONDS + seconds, 0).unwrap_or_default()
}

pub(super) struct Sleep {
    world: Arc<World>,
    until: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if self.world.state().now >= self.until { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The clock of a daemon's machine.
#[derive(Clone, Debug)]
pub(crate) struct LocalClock {
    pub(super) world: Arc<World>,
    pub(super) skew: TimeDelta,
}

impl LocalClock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        shown_time(self.world.state().now) + self.skew
    }
}
