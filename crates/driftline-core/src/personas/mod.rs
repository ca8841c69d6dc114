//! Personas: segments described, with a key that survives from period to period.

pub mod acquisition;
mod card;
pub mod carried_notes;
mod context;
mod describe;
mod dominance;
mod gaps;
mod identity;
pub mod lineage;
pub mod note;
mod once;
pub(crate) mod other;
mod persona;
mod role;
pub mod segment_model;
pub mod tree;
mod voice;
pub mod year_ago;

pub use self::context::Context;
pub use self::describe::describe;
pub use self::gaps::gaps;
pub use self::persona::{
    Ended, Evidence, Floor, Former, OTHER_LABEL, Other, Persona, PersonaSet, Priority, PriorityScore, RiskReason, Role,
    YearAgo,
};
