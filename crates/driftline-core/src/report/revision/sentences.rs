//! The three lines that a corrected mail says of what changed: the inputs, the figures, the personas.

use crate::Minor;
use crate::basics::locale::Words;
use crate::report::{FigureChange, Part, RevisionChanges, SourceChange, Unit};

/// Why, which figures, which personas; a line of nothing is left out.
pub(super) fn sentences(changes: &RevisionChanges, words: &Words, min_cell: u64, personas: usize) -> Vec<String> {
    let shown = |figure: &FigureChange| {
        let value = |value: Option<f64>| match (value, figure.unit) {
            (None, _) => "none".to_owned(),
            (Some(value), Unit::Count) => words.locale.number(value, 0),
            (Some(value), Unit::Money) => words.locale.money(Minor(value.round() as i64), &words.currency),
            (Some(value), Unit::Share) => words.locale.percent(value, 1),
        };
        format!("{} {} → {}", figure.label, value(figure.before), value(figure.now))
    };
    let small = match changes.withheld {
        0 => String::new(),
        _ => format!(" What fewer than {min_cell} customers changed is not shown."),
    };
    let first: Vec<String> = changes.figures.iter().take(2).map(shown).collect();
    let figures = match (first.is_empty(), changes.withheld) {
        (false, _) => format!("{}.{small}", first.join("; ")),
        (true, 0) => "No figure of the first page changed.".to_owned(),
        (true, _) => small.trim_start().to_owned(),
    };
    let mut keys: Vec<&str> = changes.personas.iter().map(|figure| figure.key.as_str()).collect();
    keys.dedup();
    let of_personas = match (keys.len(), changes.unmatched.len()) {
        (0, 0) => None,
        (changed, 0) => Some(format!("Personas with other figures: {changed} of {personas}.")),
        (_, others) => Some(format!("The personas are not the same: {others} came or went.")),
    };
    [Some(why(changes, words)), Some(figures), of_personas].into_iter().flatten().collect()
}

fn why(changes: &RevisionChanges, words: &Words) -> String {
    let mut whys: Vec<String> = changes.sources.iter().map(|source| of_source(source, words)).collect();
    let others = changes.parts.iter().filter(|change| change.part != Part::Exports || changes.sources.is_empty());
    whys.extend(others.map(|change| change.part.label().to_owned()));
    if whys.is_empty() {
        return format!("Since revision {} nothing that is recorded changed.", changes.from_revision);
    }
    format!("Changed since revision {}: {}.", changes.from_revision, whys.join(", "))
}

/// `order lines +1,204 rows`, or that other files hold as many.
fn of_source(source: &SourceChange, words: &Words) -> String {
    let name = source.source.replace('_', " ");
    let difference = source.rows_now as f64 - source.rows_before as f64;
    if difference == 0.0 {
        return format!("{name} (as many rows)");
    }
    let sign = if difference > 0.0 { "+" } else { "" };
    format!("{name} {sign}{} rows", words.locale.number(difference, 0))
}
