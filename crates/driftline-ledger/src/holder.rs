//! Who holds a lease: a name for people, and enough of the process to tell on its own machine whether it is still there.

use serde::{Deserialize, Serialize};

/// A process of a machine, so that no other one can be taken for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// This start of this machine.
    pub machine: String,
    /// The space in which its number is counted: containers of one machine have their own.
    pub namespace: String,
    /// Of another user's processes a machine may show nothing.
    pub user: u32,
    pub number: u32,
    /// When it started, in ticks since the machine did: numbers are given again.
    pub started: u64,
}

/// Who asks for a lease, and how they tell whether the last holder is gone.
#[derive(Clone, Debug)]
pub struct Holder {
    /// For people: machine and process.
    pub name: String,
    /// None where the system does not say.
    pub process: Option<Process>,
    /// Whether a process is over for sure, as seen from here; false for one that cannot be seen.
    pub is_gone: fn(&Process) -> bool,
}

impl From<&str> for Holder {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), process: None, is_gone: |_| false }
    }
}

impl From<&String> for Holder {
    fn from(name: &String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<&Self> for Holder {
    fn from(holder: &Self) -> Self {
        holder.clone()
    }
}
