//! Who works: the lease of a slot while a run computes, publishes and sends, and the signal to stop.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use driftline_ledger::{Acquired, Holder, Lease, Ledger, Slot};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{Error, InPlace, Result};
use crate::setup::pulse::Pulse;

/// This process, as others see it.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Its name for people, and how its machine knows it.
    pub holder: Holder,
    /// What no other process has.
    entropy: u64,
    count: Arc<AtomicU64>,
    stop: watch::Receiver<bool>,
    /// Whether it gets on.
    pub(crate) pulse: Pulse,
    /// By job, the trouble that this process told its owner of.
    troubles: Arc<Mutex<BTreeMap<String, String>>>,
}

/// Tells workers to stop; when it is dropped they are never told.
pub type StopSender = watch::Sender<bool>;

impl Worker {
    pub fn new(holder: Holder, entropy: u64) -> (Self, StopSender) {
        let (sender, stop) = watch::channel(false);
        (
            Self { holder, entropy, count: Arc::default(), stop, pulse: Pulse::default(), troubles: Arc::default() },
            sender,
        )
    }

    /// Fresh for every call, and of this process alone.
    pub fn nonce(&self) -> String {
        format!("{:016x}-{}", self.entropy, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Remembers the trouble of a job, or that it is over; gives the one that was known.
    pub(crate) fn trouble(&self, job: &str, now: Option<String>) -> Option<String> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match now {
            Some(problem) => troubles.insert(job.to_owned(), problem),
            None => troubles.remove(job),
        }
    }

    /// The signal to stop, for waits elsewhere.
    pub(crate) fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Ends when the process was told to stop.
    pub async fn stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            // Nobody is left who could say so.
            std::future::pending::<()>().await;
        }
    }

    /// Takes a slot and keeps it alive until it is released; after `time_to_live` without a heartbeat others may take it over.
    ///
    /// # Errors
    /// `Error::Busy` if another process works on it, `Error::Ledger` if the store does not answer.
    pub async fn hold(&self, ledger: &Ledger, slot: &Slot, time_to_live: Duration) -> Result<LeaseGuard> {
        let place = format!("{} {}", slot.market, slot.period);
        match ledger.acquire(slot, &self.holder, &self.nonce(), time_to_live).await.in_place(&place)? {
            Acquired::Held { holder, token, ends_at } => {
                Err(Error::Busy { place, holder, token, ends_at: until(ends_at) })
            }
            Acquired::Mine(lease) => {
                let (keeper, kept) = (ledger.clone(), lease.clone());
                let heartbeat = tokio::spawn(async move {
                    loop {
                        tokio::time::sleep(time_to_live / 4).await;
                        if let Err(error) = keeper.renew(&kept).await {
                            tracing::warn!(%error, "heartbeat");
                        }
                    }
                });
                Ok(LeaseGuard { ledger: ledger.clone(), lease, heartbeat })
            }
        }
    }
}

/// When a lease is over if its holder stays silent, as a person reads it.
fn until(ends_at: Option<DateTime<Utc>>) -> String {
    match ends_at {
        Some(end) => format!("ends at {} unless it gives a sign of life", end.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "ends when it is silent for limits.lease_seconds".to_owned(),
    }
}

/// A slot that this process works on.
pub struct LeaseGuard {
    ledger: Ledger,
    pub lease: Lease,
    heartbeat: JoinHandle<()>,
}

impl LeaseGuard {
    /// Lets others in at once; without it they wait until the lease is over.
    pub async fn release(self) {
        self.heartbeat.abort();
        if let Err(error) = self.ledger.release(&self.lease).await {
            tracing::warn!(%error, "the lease was not released; it ends by itself");
        }
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}
