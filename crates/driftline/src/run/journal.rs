//! What of a run is recorded in the ledger.

use std::sync::atomic::{AtomicBool, Ordering};

use driftline_ledger::Event;

use crate::setup::job_context::JobContext;

/// What of a run is recorded in the ledger: who did which step when. Records decide nothing, so one that fails is a warning.
pub struct Journal<'a> {
    context: &'a JobContext,
    folder: String,
    is_committing: AtomicBool,
}

impl<'a> Journal<'a> {
    pub fn new(context: &'a JobContext, folder: String) -> Self {
        Self { context, folder, is_committing: AtomicBool::new(false) }
    }
}

impl Journal<'_> {
    /// From here on a signal to stop waits until the mails are handed over.
    pub fn commits(&self) {
        self.is_committing.store(true, Ordering::Relaxed);
    }

    /// Ends when the run is to stop.
    pub async fn stopped(&self) {
        self.context.worker.stopped().await;
        if self.is_committing.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    pub async fn note(&self, event: Event) {
        if let Err(error) = self.context.ledger.record(&self.folder, &self.context.worker.nonce(), &event).await {
            tracing::warn!(%error, "event not recorded");
        }
    }
}
