//! The drift report: its data, and the words that they are shown in.

pub mod audience;
mod document;
pub mod facet_lines;
mod for_you;
mod kpi;
mod models;
pub mod past;
pub mod revision;
mod revision_changes;
pub mod scorecard;
mod sentences;

pub use self::document::{
    AttributeDrift, DriftedColumn, Headline, HeadlineKind, Method, Quality, Report, SCHEMA, Status,
};
pub use self::for_you::ForYou;
pub use self::kpi::{Kpi, Unit};
pub use self::models::Models;
pub use self::revision_changes::{FigureChange, Part, PartChange, RevisionChanges, SourceChange};
pub use crate::basics::audience::{Audience, Section};
