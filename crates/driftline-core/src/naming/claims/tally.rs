//! How many customers a claim is true of.

/// Share of members of whom a claim must be true.
const MEMBERS_MIN: f64 = 0.6;

/// How much more often a claim must be true of members than of everyone to set them apart clearly.
pub(super) const GAP_CLEAR: f64 = 0.15;

/// How many customers a condition is true of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::naming) struct Tally {
    pub(super) everyone: u64,
    pub(super) members: u64,
    pub(super) matching: u64,
    pub(super) matching_members: u64,
}

impl Tally {
    pub(in crate::naming) fn of_members(self) -> f64 {
        share(self.matching_members, self.members)
    }

    pub(in crate::naming) fn of_everyone(self) -> f64 {
        share(self.matching, self.everyone)
    }

    /// Share of members minus share of all others.
    pub(super) fn youden(self) -> f64 {
        self.of_members() - share(self.matching - self.matching_members, self.everyone - self.members)
    }

    /// How much more often it is true of members than of everyone.
    pub(super) fn gap(self) -> f64 {
        self.of_members() - self.of_everyone()
    }

    /// What no claim may fail.
    pub(in crate::naming) fn is_true(self) -> bool {
        self.of_members() >= MEMBERS_MIN && self.of_members() > self.of_everyone()
    }

    pub(super) fn is_clear(self) -> bool {
        self.is_true() && self.gap() >= GAP_CLEAR
    }

    /// Members of whom it is true and is not, others of whom it is true and is not.
    pub(in crate::naming) fn cells(self) -> [u64; 4] {
        let others_matching = self.matching - self.matching_members;
        [
            self.matching_members,
            self.members - self.matching_members,
            others_matching,
            self.everyone - self.members - others_matching,
        ]
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
