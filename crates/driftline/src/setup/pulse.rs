//! Whether a daemon gets on. While it has nothing to do it ticks every minute; while it works every step of a run and every mail is
//! a sign of life. A process that only exists is not well.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Idle, it ticks every minute: two that are missing are a failure.
const IDLE: Duration = Duration::from_secs(180);

/// The last sign of life. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<Last>>);

#[derive(Debug)]
struct Last {
    sign: Instant,
    is_at_work: bool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Last { sign: Instant::now(), is_at_work: false })))
    }
}

impl Pulse {
    /// A step of the work, or a tick without any.
    pub(crate) fn beats(&self) {
        self.with(|last| last.sign = Instant::now());
    }

    /// A tick begins or ends.
    pub(crate) fn works(&self, is_at_work: bool) {
        self.with(|last| *last = Last { sign: Instant::now(), is_at_work });
    }

    /// # Errors
    /// What is wrong, if there was no sign for too long: `at_work` is the longest silence of a step.
    pub(crate) fn check(&self, at_work: Duration) -> Result<(), String> {
        self.with(|last| {
            let (silent, what, limit) = match last.is_at_work {
                true => (last.sign.elapsed(), "a step of a run or a mail takes", at_work),
                false => (last.sign.elapsed(), "no tick for", IDLE),
            };
            if silent <= limit {
                return Ok(());
            }
            Err(format!("{what} {} s, more than {} s", silent.as_secs(), limit.as_secs()))
        })
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Last) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_at_work_and_missing_ticks_are_failures() {
        for (seconds_ago, is_at_work, limit, is_well) in [
            (0, false, 0, true),
            (170, false, 0, true),
            (190, false, 3600, false),
            (50, true, 60, true),
            (70, true, 60, false),
        ] {
            let pulse = Pulse::default();
            let Some(sign) = Instant::now().checked_sub(Duration::from_secs(seconds_ago)) else { continue };
            pulse.with(|last| *last = Last { sign, is_at_work });
            let found = pulse.check(Duration::from_secs(limit));
            assert_eq!(found.is_ok(), is_well, "{seconds_ago} {is_at_work} {found:?}");
            pulse.beats();
            assert_eq!(pulse.check(Duration::from_secs(60)), Ok(()));
        }
    }
}
