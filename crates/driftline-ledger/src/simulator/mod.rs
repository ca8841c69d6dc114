//! A deterministic simulator of up to eight daemons over one store: a seed is an interleaving with its faults.
//!
//! The daemons run the ledger's own code. The store delays, loses answers of writes that landed or not or land later,
//! says "exists" where nothing is, answers 503 and shows new objects late in lists; daemons die at any store operation
//! and any step of SMTP, pause for longer than a lease lives, and come back; their clocks are hours off. When the
//! faults stop, one healthy daemon must bring everything to rest. A seed that fails is run again with
//! `DRIFTLINE_SEED=<seed>`.

mod courier;
mod daemon;
mod faults;
mod store;
mod sweep;
mod truth;
mod world;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;

pub(crate) use daemon::draft;
pub(crate) use faults::WriteFault;
pub(crate) use store::SimulatedStore;
pub(crate) use world::{LocalClock, Who, World};

use crate::guard::Guard;
use crate::{MailState, OnUnknown, Slot};
use daemon::{Daemon, JOB, Scenario};
use faults::{Faults, Random};
use world::Happens;

/// What a seed came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<String>,
    pub(crate) figures: Figures,
}

/// What happened in a seed, to see that the faults do happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) operations: u64,
    pub(crate) publications: usize,
    pub(crate) mails: usize,
    pub(crate) copies: usize,
    pub(crate) tokens: usize,
    pub(crate) lives: usize,
    pub(crate) superseded: u64,
    pub(crate) fenced: u64,
    /// Attempts of unknown fate after which another one began.
    pub(crate) unknown: usize,
    pub(crate) extra_copies: usize,
    pub(crate) held: usize,
    pub(crate) refused: usize,
    pub(crate) pruned: usize,
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Runs one seed, with a guard of the protocol taken away or not.
pub(crate) fn simulate(seed: u64, without: Option<Guard>) -> Outcome {
    let mut random = Random::new(seed);
    let slot = |market: &str| Slot {
        job: JOB.to_owned(),
        market: market.parse().unwrap_or_else(|_| unreachable!("a plain code")),
        period: "2011Q3".parse().unwrap_or_else(|_| unreachable!("a quarter")),
    };
    let mut slots = vec![slot("de"), slot("fr")];
    slots.truncate(random.between(1, 2) as usize);
    let scenario = Scenario {
        daemons: random.between(1, 8) as usize,
        slots,
        revisions: random.between(1, 2) as u32,
        mails: random.between(1, 3),
        on_unknown: if random.hits(700) { OnUnknown::Resend } else { OnUnknown::Hold },
        without,
    };
    let faults = Faults::draw(&mut random);
    let end = random.between(25_000, 100_000);
    let world = World::new(random, faults);
    let mut tasks: BTreeMap<Who, Task> = BTreeMap::new();
    for daemon in 0..scenario.daemons {
        world.state().schedule(0, Happens::Restart(daemon));
    }
    run_until(&world, &mut tasks, &scenario, end);

    // The faults stop; whoever works dies; one healthy daemon comes, while late writes still land.
    let lives: Vec<Who> = std::mem::take(&mut tasks).into_keys().collect();
    let healthy = Who { daemon: scenario.daemons, life: 0 };
    {
        let mut state = world.state();
        state.truth.ended.extend(lives);
        state.faults = Faults::healthy();
        let now = state.now;
        state.schedule(now, Happens::Wake(healthy));
    }
    tasks.insert(healthy, Box::pin(Daemon::new(&world, healthy, &scenario).settle()));
    run_until(&world, &mut tasks, &scenario, u64::MAX);
    outcome(&world, &scenario)
}

/// Lets things happen in their order up to an instant; crashed daemons come back only before it.
fn run_until(world: &Arc<World>, tasks: &mut BTreeMap<Who, Task>, scenario: &Scenario, end: u64) {
    let mut context = Context::from_waker(futures::task::noop_waker_ref());
    loop {
        let next = {
            let mut state = world.state();
            match state.agenda.peek() {
                Some(Reverse((at, ..))) if *at <= end => {}
                _ => return,
            }
            let Some(Reverse((at, _, happens))) = state.agenda.pop() else { return };
            state.now = state.now.max(at);
            happens
        };
        let who = match next {
            Happens::Lands(write) => {
                world.state().land(*write);
                continue;
            }
            Happens::Restart(_) if end == u64::MAX => continue,
            Happens::Restart(daemon) => {
                let life = tasks.keys().filter(|who| who.daemon == daemon).count();
                let dead = world.state().truth.ended.iter().filter(|who| who.daemon == daemon).count();
                let who = Who { daemon, life: (life + dead) as u32 };
                tasks.insert(who, Box::pin(Daemon::new(world, who, scenario).serve()));
                who
            }
            Happens::Wake(who) => who,
        };
        let Some(task) = tasks.get_mut(&who) else { continue };
        let is_done = task.as_mut().poll(&mut context).is_ready();
        let crashed = world.state().crashed.take();
        if is_done || crashed.is_some() {
            tasks.remove(&who);
        }
        if let Some(daemon) = crashed {
            let mut state = world.state();
            let at = state.now + state.random.between(1_000, 40_000);
            state.schedule(at, Happens::Restart(daemon));
        }
    }
}

fn outcome(world: &Arc<World>, scenario: &Scenario) -> Outcome {
    let mut state = world.state();
    let state = &mut *state;
    let published: Vec<_> = state
        .objects
        .iter()
        .filter(|(path, _)| path.contains("/published/"))
        .filter_map(|(path, stored)| Some((path, serde_json::from_slice::<crate::Publication>(&stored.bytes).ok()?)))
        .collect();
    let mut mails = Vec::new();
    for (path, publication) in &published {
        state.truth.check_objects(path, publication, &state.objects);
        let folder = path.replace("/published/", "/outbox/").replace(".json", "");
        mails.extend(publication.mails().map(|mail| format!("{folder}/{mail}")));
    }
    let publications = published.len();
    state.truth.check_rest(&mails, scenario.on_unknown);
    let ends = |matches: fn(&MailState) -> bool| state.truth.finals.values().filter(|end| matches(end)).count();
    Outcome {
        violations: state.truth.violations.clone(),
        figures: Figures {
            operations: state.operations,
            publications,
            mails: mails.len(),
            copies: state.truth.mails.values().map(|mail| mail.copies).sum(),
            tokens: state.truth.tokens.values().map(Vec::len).sum(),
            lives: state.truth.ended.len(),
            superseded: state.truth.superseded,
            fenced: state.truth.fenced,
            unknown: state.truth.mails.values().map(|mail| mail.unknown).sum(),
            extra_copies: state.truth.mails.values().map(|mail| mail.copies.saturating_sub(1)).sum(),
            pruned: state.truth.pruned,
            held: ends(|end| *end == MailState::Held),
            refused: ends(|end| matches!(end, MailState::Refused { .. })),
        },
    }
}
