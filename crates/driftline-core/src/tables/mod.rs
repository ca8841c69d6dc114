//! What is read from the computed tables, and which of their counts may be shown.

pub mod feedback;
pub mod moved;
pub mod profile;
pub mod small_cells;
