//! One purchase of a log.

/// One row of a log: customer, day, amount; the amount is NaN if it is not known.
pub(super) type Row = (u32, i32, f64);
