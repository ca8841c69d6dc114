//! What a headline is made of.

use driftline_core::basics::locale::Words;
use driftline_core::drift::assortment::Assortment;
use driftline_core::drift::bridge::{Bridge, Measure};
use driftline_core::drift::change::Change;
use driftline_core::tables::profile::Newcomers;

use super::parts::Parts;

/// Days of history below which a market is new: a year, less what its first customers took to come.
const YEAR_ABOUT: i64 = 350;

/// What a headline is made of.
pub(super) struct Facts<'a> {
    pub(super) words: &'a Words,
    pub(super) bridges: &'a [Bridge],
    pub(super) measure: Measure,
    pub(super) market: Option<&'a Change>,
    /// The changes that the mail tells in sentences.
    pub(super) told: &'a [&'a Change],
    /// Absent if it would give a few people away.
    pub(super) newcomers: Option<Newcomers>,
    /// What is new, gone and sent back.
    pub(super) assortment: Option<&'a Assortment>,
    pub(super) visible: bool,
    pub(super) comparable: bool,
}

/// Whether less than a year is known of the market: what is new in it is its growth.
pub(super) fn is_new_market(parts: &Parts<'_>) -> bool {
    parts.previous.is_some() && parts.base.history_days < YEAR_ABOUT
}
