//! The five guards of the protocol by name, so that tests can take one away and see what breaks.
//!
//! In a build without tests [`Ledger::is_without`] is the constant `false` and a ledger has no field for them.

use chrono::{DateTime, Utc};

use crate::ledger::Ledger;

/// One guard; the simulator runs the protocol without each of them and must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// A lease is checked for a newer token before a commit.
    Fencing,
    /// What exists already is ours only if it carries our nonce.
    Nonce,
    /// A receipt is written after the server took the mail, not before.
    ReceiptAfterData,
    /// Age is measured by the store's clock, not by this machine's.
    StoreClock,
    /// A commit needs all its objects in the store.
    ObjectsFirst,
}

impl Ledger {
    #[cfg(not(test))]
    pub(crate) const fn is_without(&self, _guard: Guard) -> bool {
        false
    }

    #[cfg(test)]
    pub(crate) fn is_without(&self, guard: Guard) -> bool {
        self.without == Some(guard)
    }

    /// What stands in for the store's clock when [`Guard::StoreClock`] is taken away.
    #[cfg(not(test))]
    pub(crate) const fn local_time(&self) -> Option<DateTime<Utc>> {
        None
    }

    #[cfg(test)]
    pub(crate) fn local_time(&self) -> Option<DateTime<Utc>> {
        self.local_clock.as_ref().map(crate::simulator::LocalClock::now)
    }
}
