//! How long a step of the dialogue may take, and the signal that ends it early.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;

/// The answer to a whole mail may take this many times the deadline of a step: servers look through the mail before they
/// answer. RFC 5321, section 4.5.3.2, has 10 minutes for it and 2 for the answer to DATA.
const OF_A_MAIL: u32 = 5;
/// What is left for the answer to a mail that is handed over when the process is told to stop: without it nobody knows whether
/// the mail was taken.
const AFTER_STOP: Duration = Duration::from_secs(5);

/// Becomes true when the process is told to stop; when the sender is gone nobody will.
pub type StopSignal = watch::Receiver<bool>;

#[derive(Clone)]
pub(super) struct Patience {
    step: Duration,
    stop: StopSignal,
}

/// Why a step did not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutOff {
    Silent(Duration),
    Stopped,
}

impl Patience {
    pub(super) fn new(step: Duration, stop: StopSignal) -> Self {
        Self { step, stop }
    }

    /// The deadline of a step.
    pub(super) fn step(&self) -> Duration {
        self.step
    }

    /// Waits for a step after which nothing is handed over yet: it ends at once when the process is told to stop.
    pub(super) async fn step_of<T>(&self, work: impl Future<Output = T>) -> Result<T, CutOff> {
        self.at_most(self.step, Duration::ZERO, work).await
    }

    /// Waits for the answer to a whole mail.
    pub(super) async fn mail_of<T>(&self, work: impl Future<Output = T>) -> Result<T, CutOff> {
        self.at_most(self.step * OF_A_MAIL, AFTER_STOP, work).await
    }

    async fn at_most<T>(&self, limit: Duration, grace: Duration, work: impl Future<Output = T>) -> Result<T, CutOff> {
        tokio::select! {
            biased;
            () = self.stopped(grace) => Err(CutOff::Stopped),
            done = tokio::time::timeout(limit, work) => done.map_err(|_| CutOff::Silent(limit)),
        }
    }

    /// A pause between two tries; whether it was ended by the signal to stop.
    pub(super) async fn pause(&self, length: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stopped(Duration::ZERO) => true,
            () = tokio::time::sleep(length) => false,
        }
    }

    async fn stopped(&self, grace: Duration) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
        if !grace.is_zero() {
            tokio::time::sleep(grace).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_ends_by_itself_by_its_deadline_or_by_the_signal() {
        let (short, long) = (Duration::from_millis(20), Duration::from_secs(3600));
        for (limit, is_stopped, is_ready, expected) in [
            (long, false, true, Ok(())),
            (short, false, false, Err(CutOff::Silent(short))),
            (long, true, false, Err(CutOff::Stopped)),
            (long, true, true, Err(CutOff::Stopped)),
        ] {
            let (_sender, stop) = watch::channel(is_stopped);
            let work = async {
                if !is_ready {
                    std::future::pending::<()>().await;
                }
            };
            assert_eq!(Patience::new(limit, stop).step_of(work).await, expected, "{limit:?} {is_stopped} {is_ready}");
        }
    }
}
