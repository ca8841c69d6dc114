//! Who went from the segments of one revision to those of the next.

/// Customers by segment in both revisions; segment 0 is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub old_segment: u32,
    pub new_segment: u32,
    pub customers: u64,
    /// Those whose purchases or money changed.
    pub changed_customers: u64,
}

/// Most of the people of either segment are in both; at most one persona of the other revision can be.
pub(crate) fn is_same(old: u32, new: u32, moved: &[Moved]) -> bool {
    let (mut both, mut either) = (0, 0);
    for row in moved {
        let (was, is) = (row.old_segment == old, row.new_segment == new);
        both += if was && is { row.customers } else { 0 };
        either += if was || is { row.customers } else { 0 };
    }
    2 * both > either
}
