//! How a type is compared.

/// How a type is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Numbers,
    /// Dates and timestamps, in days.
    Days,
    Names,
    Truth,
    /// The type of a column that never held a value.
    Nothing,
    Not,
}
