//! The simulated daemon: acquires slots, publishes and sends with the ledger's own code, dies and comes back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use object_store::path::Path;

use super::courier::Line;
use super::store::SimulatedStore;
use super::world::{LocalClock, Who, World};
use crate::guard::Guard;
use crate::publication::SCHEMA;
use crate::{Acquired, Error, Event, Lease, Ledger, MailState, OnUnknown, Publication, Result, Slot, deliver};

/// What all daemons of a seed share.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) daemons: usize,
    pub(super) slots: Vec<Slot>,
    pub(super) revisions: u32,
    pub(super) mails: u64,
    pub(super) on_unknown: OnUnknown,
    pub(super) without: Option<Guard>,
}

pub(super) const JOB: &str = "j";
const TIME_TO_LIVE: Duration = Duration::from_secs(10);
/// Passes in which a healthy daemon must have brought everything to rest.
const HEALTHY_PASSES: u32 = 40;

pub(super) struct Daemon {
    world: Arc<World>,
    who: Who,
    ledger: Ledger,
    scenario: Scenario,
    nonces: u64,
}

impl Daemon {
    pub(super) fn new(world: &Arc<World>, who: Who, scenario: &Scenario) -> Self {
        let store = Arc::new(SimulatedStore { world: world.clone(), who });
        let mut ledger = Ledger::new(store, Path::from("w"), "simulated".to_owned());
        let hours = world.state().random.between(0, 4).cast_signed() - 2;
        ledger.local_clock = Some(LocalClock { world: world.clone(), skew: TimeDelta::hours(hours) });
        ledger.without = scenario.without;
        Self { world: world.clone(), who, ledger, scenario: scenario.clone(), nonces: 0 }
    }

    /// Works through the slots until it is stopped from outside.
    pub(super) async fn serve(mut self) {
        loop {
            self.rest(1_000, 20_000).await;
            self.pass().await;
        }
    }

    /// Works until nothing is left to do, and notes what it reads then.
    pub(super) async fn settle(mut self) {
        for _ in 0..HEALTHY_PASSES {
            self.pass().await;
            if self.prune().await.is_err() {
                self.world.state().truth.wrong("pruning fails in a healthy world".to_owned());
            }
            // A commit whose answer was lost may land at any time; the daemon that serves on would find it later.
            if self.is_settled().await.unwrap_or(false) && !self.world.state().has_writes_on_the_way() {
                return;
            }
            self.rest(12_000, 12_000).await;
        }
        self.world.state().truth.wrong("a healthy daemon alone does not come to an end".to_owned());
    }

    async fn rest(&self, shortest: u64, longest: u64) {
        let time = self.world.state().random.between(shortest, longest);
        self.world.sleep(self.who, time).await;
    }

    fn nonce(&mut self) -> String {
        self.nonces += 1;
        format!("d{}l{}n{}", self.who.daemon, self.who.life, self.nonces)
    }

    async fn pass(&mut self) {
        for slot in self.scenario.slots.clone() {
            match self.work_on(&slot).await {
                Err(Error::Superseded { .. }) => self.world.state().truth.superseded += 1,
                Err(Error::Fenced { .. }) => self.world.state().truth.fenced += 1,
                Ok(()) | Err(_) => {}
            }
        }
    }

    async fn work_on(&mut self, slot: &Slot) -> Result<()> {
        let nonce = self.nonce();
        {
            let mut state = self.world.state();
            let now = state.now;
            state.truth.contended.insert(nonce.clone(), now);
        }
        let holder = format!("daemon {}", self.who.daemon);
        let Acquired::Mine(lease) = self.ledger.acquire(slot, &holder, &nonce, TIME_TO_LIVE).await? else {
            return Ok(());
        };
        self.check_ours(&format!("{}/lease/{:06}.json", path(slot), lease.token()), &nonce);
        let worked = self.work_under(slot, &lease).await;
        if self.world.state().random.hits(800) {
            self.ledger.release(&lease).await?;
        }
        worked
    }

    async fn work_under(&mut self, slot: &Slot, lease: &Lease) -> Result<()> {
        let last = self.ledger.revisions(slot).await?.last().copied().unwrap_or(0);
        if last == 0 || (last < self.scenario.revisions && self.world.state().random.hits(300)) {
            self.publish(slot, lease, last + 1).await?;
        }
        for publication in self.ledger.publications(slot).await? {
            for mail in publication.mails() {
                {
                    let mut state = self.world.state();
                    let step = state.step;
                    state.truth.looked.entry(self.who).or_default().push(step);
                }
                let line = Line { world: self.world.clone(), who: self.who };
                deliver(&self.ledger, (&publication, mail), lease, self.scenario.on_unknown, &line).await?;
            }
            self.ledger.renew(lease).await?;
        }
        Ok(())
    }

    async fn publish(&mut self, slot: &Slot, lease: &Lease, revision: u32) -> Result<()> {
        let nonce = self.nonce();
        let run = self.ledger.run_folder(slot, &nonce);
        let started = Event::Started { holder: self.who.daemon.to_string(), fencing_token: Some(lease.token()) };
        let signature = self.nonce();
        self.ledger.record(&run, &signature, &started).await?;
        let mut objects = vec![("tables/one.parquet".to_owned(), format!("table {run}"))];
        for number in 0..self.scenario.mails {
            let text = format!("{}/outbox/{revision:06}/m{number} {run}", path(slot));
            objects.push((format!("mails/m{number}.eml"), text));
        }
        let mut publication = draft(slot, revision, &run, &nonce);
        publication.objects = objects.iter().map(|(name, text)| record(name, text)).collect();
        // Taking this guard away also takes away the program's order: the commit comes first.
        let mut commits_first = self.scenario.without == Some(Guard::ObjectsFirst);
        for (name, text) in objects {
            if std::mem::take(&mut commits_first) {
                self.commit(slot, lease, &publication).await?;
            }
            self.rest(300, 3_000).await;
            self.ledger.put(&run, &name, Bytes::from(text)).await?;
            self.ledger.renew(lease).await?;
        }
        self.commit(slot, lease, &publication).await?;
        let signature = self.nonce();
        self.ledger.record(&run, &signature, &Event::Published { revision }).await.map(|_| ())
    }

    async fn commit(&self, slot: &Slot, lease: &Lease, publication: &Publication) -> Result<()> {
        let newest = self.world.state().truth.tokens_of(&path(slot));
        self.ledger.publish_as(publication, lease).await?;
        self.check_ours(&format!("{}/published/{:06}.json", path(slot), publication.revision), &publication.nonce);
        if newest as u64 > lease.token() {
            let problem = format!("{slot:?} was published under token {} when there was {newest}", lease.token());
            self.world.state().truth.wrong(problem);
        }
        Ok(())
    }

    /// What the ledger said is ours carries our nonce.
    fn check_ours(&self, path: &str, nonce: &str) {
        let mut state = self.world.state();
        let text = state.objects.get(path).map(|stored| String::from_utf8_lossy(&stored.bytes).into_owned());
        if !text.is_some_and(|text| text.contains(&format!("\"{nonce}\""))) {
            state.truth.wrong(format!("{path} is not {nonce}'s, who was told so"));
        }
    }

    /// Removes what has been silent for longer than any pause or late write takes.
    async fn prune(&mut self) -> Result<()> {
        if self.world.state().random.hits(700) {
            return Ok(());
        }
        let nonce = self.nonce();
        for run in self.ledger.unpublished_runs(JOB, 0, Duration::from_secs(90), &nonce).await? {
            let nonce = self.nonce();
            if let Acquired::Mine(lease) = self.ledger.acquire(&run.slot, "prune", &nonce, TIME_TO_LIVE).await? {
                self.world.state().truth.pruned += self.ledger.remove_run(&lease, &run.run).await?;
                self.ledger.release(&lease).await?;
            }
        }
        Ok(())
    }

    async fn is_settled(&self) -> Result<bool> {
        let mut is_settled = true;
        let mut unsent = 0;
        for slot in &self.scenario.slots {
            let publications = self.ledger.publications(slot).await?;
            is_settled &= !publications.is_empty();
            for publication in &publications {
                for mail in publication.mails() {
                    let state = self.ledger.mail_state(publication, mail).await?;
                    is_settled &= !matches!(state, MailState::Waiting | MailState::Unknown { .. });
                    unsent += usize::from(state != MailState::Sent);
                    let key = format!("{}/outbox/{:06}/{mail}", path(slot), publication.revision);
                    self.world.state().truth.finals.insert(key, state);
                }
            }
        }
        Ok(is_settled && self.ledger.outbox(JOB).await?.len() == unsent)
    }
}

pub(super) fn path(slot: &Slot) -> String {
    format!("w/{}/{}/{}", slot.job, slot.market, slot.period)
}

fn record(name: &str, text: &str) -> crate::ObjectRecord {
    let sha256 = crate::ledger::sha256(text.as_bytes());
    crate::ObjectRecord { name: name.to_owned(), bytes: text.len() as u64, sha256 }
}

/// A publication without objects.
pub(crate) fn draft(slot: &Slot, revision: u32, run: &str, nonce: &str) -> Publication {
    Publication {
        schema: SCHEMA.to_owned(),
        job: slot.job.clone(),
        market: slot.market.clone(),
        period: slot.period,
        revision,
        reason: None,
        accepted: None,
        run: run.to_owned(),
        content_id: "c".to_owned(),
        program_version: "0".to_owned(),
        published_at: "2026-01-01T00:00:00Z".to_owned(),
        previous_period: None,
        previous_revision: None,
        objects: Vec::new(),
        inputs: Vec::new(),
        nonce: nonce.to_owned(),
        fencing_token: None,
        mails: crate::MailPlan::Send,
    }
}
