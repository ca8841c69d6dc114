//! What exports say of themselves: how far they reach, and whether a month has fallen.

pub mod fall;
pub mod reach;
