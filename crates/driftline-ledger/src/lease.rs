//! Leases with fencing tokens: who works on a slot, so that work is not done twice.
//!
//! A token is an object `lease/<token>.json`; the next one is created only when the last one is released or silent for
//! longer than its time to live. Tokens have no gaps and are never deleted, so "a newer token exists" is the same as
//! "the next one exists", which is one look by name.
//!
//! No clock of any machine is asked. A contender creates a marker first and reads the signs of life (the token, its
//! heartbeats) afterwards; a lease is over when the newest of them is older than its time to live compared with the
//! marker, both by the store's last-modified. Where a holder worked on the contender's own machine and that says the process is
//! gone, nobody waits. What this promises: at the marker's creation the holder had been silent
//! for that long. What it does not: a holder that stops for longer and wakes up does not know, until it looks at the
//! next token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::create::{Created, leading_number};
use crate::error::{Error, Result};
use crate::holder::{Holder, Process};
use crate::ledger::Ledger;
use crate::slot::Slot;

/// How many tokens a contender may see taken before its eyes until it gives way.
const ACQUIRE_ROUNDS: usize = 8;

/// A token in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    token: u64,
    /// For people: the machine and process that work.
    holder: String,
    /// The same for its own machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<Process>,
    nonce: String,
    time_to_live_seconds: u64,
}

/// When a lease is over.
enum End {
    Past,
    /// At this instant, if there is no sign of life until then.
    Ahead(Option<DateTime<Utc>>),
}

/// A token that this process created. Clones are the same lease.
#[derive(Clone, Debug)]
pub struct Lease {
    slot: Slot,
    token: u64,
    nonce: String,
    heartbeats: Arc<AtomicU64>,
    /// Numbers what is signed under this lease, so that no two signatures are the same.
    signatures: Arc<AtomicU64>,
}

impl Lease {
    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// The fencing token: higher than that of every lease of the slot before it.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// A nonce that no one else signs with and that is never given twice.
    pub(crate) fn next_nonce(&self) -> String {
        format!("{}.{}", self.nonce, self.signatures.fetch_add(1, Ordering::Relaxed))
    }
}

/// The answer to [`Ledger::acquire`].
#[derive(Clone, Debug)]
pub enum Acquired {
    Mine(Lease),
    /// Someone else works on the slot; `holder` is what they call themselves, `ends_at` when the lease is over if they stay
    /// silent, by the store's clock.
    Held {
        holder: String,
        token: u64,
        ends_at: Option<DateTime<Utc>>,
    },
}

impl Ledger {
    /// Takes the next token of a slot if the last one is released or over, or its holder is gone. `nonce` must
    /// be fresh for every call; `time_to_live` is rounded up to whole seconds and should be several times the pause
    /// between two [`Ledger::renew`].
    ///
    /// # Errors
    /// `Error::Store` / `Error::Contended` / `Error::Unreadable`. After an error a token may have been created all the
    /// same; it ends by itself after its time to live.
    pub async fn acquire(
        &self,
        slot: &Slot,
        holder: impl Into<Holder>,
        nonce: &str,
        time_to_live: Duration,
    ) -> Result<Acquired> {
        let holder = holder.into();
        let mut newest = self.newest_claim(slot).await?;
        let mut ends_at = None;
        for _ in 0..ACQUIRE_ROUNDS {
            if let Some(claim) = &newest {
                let is_gone = claim.process.as_ref().is_some_and(holder.is_gone);
                let end = if is_gone { End::Past } else { self.end_of(slot, claim, nonce).await? };
                if let End::Ahead(end) = end {
                    ends_at = end;
                    break;
                }
            }
            let claim = Claim {
                token: newest.as_ref().map_or(1, |claim| claim.token + 1),
                holder: holder.name.clone(),
                process: holder.process.clone(),
                nonce: nonce.to_owned(),
                // A part of a second counts as a second.
                time_to_live_seconds: time_to_live.as_secs().saturating_add(u64::from(time_to_live.subsec_nanos() > 0)),
            };
            let location = self.claim_path(slot, claim.token);
            let text = self.json(&location, &claim)?;
            match self.create_signed(&location, &text, nonce).await? {
                Created::Mine => {
                    return Ok(Acquired::Mine(Lease {
                        slot: slot.clone(),
                        token: claim.token,
                        nonce: claim.nonce,
                        heartbeats: Arc::default(),
                        signatures: Arc::default(),
                    }));
                }
                Created::Theirs(found) => newest = Some(read_claim(&location, &found)?),
            }
        }
        let (holder, token) = newest.map_or_else(Default::default, |claim| (claim.holder, claim.token));
        Ok(Acquired::Held { holder, token, ends_at })
    }

    /// Gives a sign of life.
    ///
    /// # Errors
    /// `Error::Fenced` if a newer token exists, `Error::Store` if the sign may not have been written.
    pub async fn renew(&self, lease: &Lease) -> Result<()> {
        self.check_current(lease).await?;
        // The number is taken once it is written: after an error the same one is tried again, so there are no gaps.
        let number = lease.heartbeats.load(Ordering::Relaxed) + 1;
        self.sign_off(lease, &format!("heartbeat-{number:04}")).await?;
        lease.heartbeats.fetch_max(number, Ordering::Relaxed);
        Ok(())
    }

    /// Ends a lease before its time, so that the next one need not wait.
    ///
    /// # Errors
    /// `Error::Store` if it may not have been written; the lease then ends after its time to live.
    pub async fn release(&self, lease: &Lease) -> Result<()> {
        self.sign_off(lease, "released").await
    }

    /// Whether no newer token exists at this moment. The next moment one may.
    ///
    /// # Errors
    /// `Error::Store` if the store does not answer.
    pub async fn is_current(&self, lease: &Lease) -> Result<bool> {
        let next = self.claim_path(&lease.slot, lease.token + 1);
        Ok(self.head_if_any(&next).await?.is_none())
    }

    pub(crate) async fn check_current(&self, lease: &Lease) -> Result<()> {
        if self.is_current(lease).await? {
            return Ok(());
        }
        Err(Error::Fenced {
            job: lease.slot.job.clone(),
            market: lease.slot.market.to_string(),
            period: lease.slot.period.to_string(),
            token: lease.token,
            newer: lease.token + 1,
        })
    }

    pub(crate) fn check_slot(lease: &Lease, slot: &Slot) -> Result<()> {
        let shown = |slot: &Slot| format!("{} {} of job `{}`", slot.market, slot.period, slot.job);
        if lease.slot == *slot {
            return Ok(());
        }
        Err(Error::LeaseOfAnotherSlot { token: lease.token, leased: shown(&lease.slot), asked: shown(slot) })
    }

    async fn sign_off(&self, lease: &Lease, kind: &str) -> Result<()> {
        let location = self.lease_folder(&lease.slot).join(format!("{:06}.{kind}.json", lease.token));
        let text = Bytes::from(format!("{{\"nonce\": \"{}\"}}\n", lease.nonce));
        self.create_signed(&location, &text, &lease.nonce).await.map(|_| ())
    }

    /// The newest token: a list says where to start, then token after token is read by name until one is missing.
    async fn newest_claim(&self, slot: &Slot) -> Result<Option<Claim>> {
        let folder = self.lease_folder(slot);
        let listed = self.listed(&folder).await?;
        let seen = listed.iter().filter_map(|meta| leading_number::<u64>(meta.location.filename()?)).max();
        let mut token = seen.unwrap_or(1);
        let mut newest = None;
        loop {
            let location = self.claim_path(slot, token);
            match self.get_if_any(&location).await? {
                Some(found) => newest = Some(read_claim(&location, &found)?),
                None => return Ok(newest),
            }
            token += 1;
        }
    }

    async fn end_of(&self, slot: &Slot, claim: &Claim, nonce: &str) -> Result<End> {
        let folder = self.lease_folder(slot);
        let named = |kind: &str| folder.clone().join(format!("{:06}.{kind}.json", claim.token));
        if self.head_if_any(&named("released")).await?.is_some() {
            return Ok(End::Past);
        }
        // The marker first: what is read after it holds every sign of life from before it.
        let now = self.store_time(&format!("{nonce}-{}", claim.token)).await?;
        let Some(meta) = self.head_if_any(&self.claim_path(slot, claim.token)).await? else {
            return Ok(End::Ahead(None));
        };
        let mut newest = meta.last_modified;
        let start = format!("{:06}.heartbeat-", claim.token);
        let listed = self.listed(&folder).await?;
        let beats = listed.iter().filter_map(|meta| leading_number(meta.location.filename()?.strip_prefix(&start)?));
        let mut beat: u64 = beats.max().unwrap_or(1);
        while let Some(meta) = self.head_if_any(&named(&format!("heartbeat-{beat:04}"))).await? {
            newest = newest.max(meta.last_modified);
            beat += 1;
        }
        // Both times are rounded the same way by the store, to whole seconds by most, so more than whole seconds is
        // really more.
        let time_to_live = i64::try_from(claim.time_to_live_seconds).ok().and_then(TimeDelta::try_seconds);
        let is_over = time_to_live.is_some_and(|time_to_live| now - newest > time_to_live);
        let ends_at = time_to_live.and_then(|time_to_live| newest.checked_add_signed(time_to_live));
        Ok(if is_over { End::Past } else { End::Ahead(ends_at) })
    }

    fn lease_folder(&self, slot: &Slot) -> Path {
        slot.path(self).join("lease")
    }

    fn claim_path(&self, slot: &Slot, token: u64) -> Path {
        self.lease_folder(slot).join(format!("{token:06}.json"))
    }
}

fn read_claim(location: &Path, found: &[u8]) -> Result<Claim> {
    serde_json::from_slice(found).map_err(|source| Error::Unreadable { location: location.to_string(), source })
}
