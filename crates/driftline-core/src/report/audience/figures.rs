//! Figures of a report as lines for readers write them.

use crate::Minor;
use crate::basics::locale::Words;
use crate::drift::bridge::{Bar, Cause, Measure};
use crate::personas::{Persona, Role};
use crate::report::Report;

/// A bar of the forecast's bridge that is shown by itself and is not empty.
pub(super) fn value_bar(report: &Report, cause: Cause) -> Option<(&Bar, u64)> {
    let bridge = report.bridges.iter().find(|bridge| bridge.measure == Measure::Value12Months)?;
    let bar = bridge.bars.iter().find(|bar| bar.cause == cause)?;
    bar.customers.filter(|customers| *customers > 0).map(|customers| (bar, customers))
}

pub(super) fn primaries(report: &Report) -> impl Iterator<Item = &Persona> {
    report.personas.personas.iter().filter(|persona| persona.role == Role::Primary)
}

pub(super) fn money(words: &Words, amount: Minor) -> String {
    words.locale.money(amount, &words.currency)
}

pub(super) fn signed(words: &Words, amount: Minor) -> String {
    words.locale.signed_money(amount, &words.currency)
}
