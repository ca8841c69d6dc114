//! Facets as a card shows them: by block, what stands out first. A template only formats.

use driftline_core::facets::{Answer, Block, Facet, Shape};
use driftline_core::personas::Persona;
use serde::Serialize;

use crate::chart;

/// A part of the card.
#[derive(Clone, Debug, Serialize)]
pub struct BlockView<'a> {
    pub title: &'static str,
    /// Facets of one answer, as rows of one table.
    pub lines: Vec<Row<'a>>,
    pub tables: Vec<TableView<'a>>,
}

/// A facet of several answers.
#[derive(Clone, Debug, Serialize)]
pub struct TableView<'a> {
    pub facet: &'a Facet,
    /// What stands out or changed, the strongest first.
    pub told: Vec<Row<'a>>,
    /// Every answer that may be shown, in the order of its bands or the largest first.
    pub all: Vec<Row<'a>>,
    pub has_last: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Row<'a> {
    pub facet: &'a Facet,
    pub answer: &'a Answer,
    /// The item; of a facet without items its title.
    pub label: String,
    pub svg: String,
}

/// Most rows of a facet on the face of a card.
const TOLD_MOST: usize = 5;

/// The blocks of a persona's card that have anything to say.
pub fn blocks<'a>(facets: &'a [Facet], persona: &'a Persona) -> Vec<BlockView<'a>> {
    let mut order: Vec<Block> = facets.iter().map(|facet| facet.definition.block).collect();
    order.sort_unstable();
    order.dedup();
    let views = order.into_iter().map(|block| block_view(block, facets, persona));
    views.filter(|view| !view.lines.is_empty() || !view.tables.is_empty()).collect()
}

fn block_view<'a>(block: Block, facets: &'a [Facet], persona: &'a Persona) -> BlockView<'a> {
    let mut view = BlockView { title: block.title(), lines: Vec::new(), tables: Vec::new() };
    for facet in facets.iter().filter(|facet| facet.definition.block == block) {
        let rows: Vec<Row<'_>> = persona
            .facets
            .iter()
            .filter(|answer| answer.facet == facet.name)
            .map(|answer| row(facet, answer))
            .collect();
        match facet.definition.item {
            None => view.lines.extend(rows),
            Some(_) if rows.is_empty() => {}
            Some(_) => view.tables.push(table(facet, rows)),
        }
    }
    view
}

fn row<'a>(facet: &'a Facet, answer: &'a Answer) -> Row<'a> {
    Row {
        facet,
        answer,
        label: answer.label().unwrap_or_else(|| facet.definition.title.clone()),
        svg: answer.others.map_or_else(String::new, |others| chart::dumbbell(answer.figure, others)),
    }
}

/// Difference to the others, that more of a share weighs more than less of it: who has something is told before who lacks it.
fn strength(row: &Row<'_>) -> f64 {
    let difference = row.answer.figure - row.answer.others.unwrap_or(row.answer.figure);
    let is_share = matches!(row.facet.definition.shape, Shape::Has | Shape::Amount);
    if is_share && difference < 0.0 { -0.5 * difference } else { difference.abs() }
}

fn table<'a>(facet: &'a Facet, rows: Vec<Row<'a>>) -> TableView<'a> {
    let is_told =
        |row: &&Row<'_>| row.answer.stands_out || row.answer.last.as_ref().is_some_and(|last| last.is_changed);
    let mut told: Vec<Row<'a>> = rows.iter().filter(is_told).cloned().collect();
    told.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.label.cmp(&b.label)));
    told.truncate(TOLD_MOST);
    let mut all = rows;
    let number = |row: &Row<'_>| row.answer.item.as_deref().and_then(first_number);
    if all.iter().all(|row| number(row).is_some()) {
        all.sort_by(|a, b| {
            let by_band = number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0));
            a.answer.group.cmp(&b.answer.group).then(by_band)
        });
    } else {
        all.sort_by(|a, b| {
            let by_size = b.answer.figure.total_cmp(&a.answer.figure).then(a.label.cmp(&b.label));
            a.answer.group.cmp(&b.answer.group).then(by_size)
        });
    }
    let has_last = all.iter().any(|row| row.answer.last.is_some());
    TableView { facet, told, all, has_last }
}

/// The number that a band's name begins with: 15 of `15-24K`, a little less of `Under 15K`.
fn first_number(band: &str) -> Option<f64> {
    let lower = band.to_lowercase();
    let below = ["under", "below", "less than", "<"].iter().find_map(|word| lower.strip_prefix(word));
    let rest = below.unwrap_or(&lower).trim_start();
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let number: f64 = digits.parse().ok()?;
    Some(if below.is_some() { number - 0.5 } else { number })
}

/// Items that a persona has more of than others, most first: for lists and searches.
pub fn more_of<'a>(facets: &'a [Facet], persona: &'a Persona) -> Vec<&'a str> {
    let is_share = |answer: &&Answer| {
        let facet = facets.iter().find(|facet| facet.name == answer.facet);
        facet.is_some_and(|facet| matches!(facet.definition.shape, Shape::Has | Shape::Amount))
    };
    let over = |answer: &Answer| answer.figure - answer.others.unwrap_or(answer.figure);
    let told = persona.facets.iter().filter(|answer| answer.stands_out && over(answer) > 0.0).filter(is_share);
    let mut found: Vec<(f64, &str)> = told.filter_map(|answer| Some((over(answer), answer.item.as_deref()?))).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    found.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_ordered_by_the_number_they_begin_with() {
        let found = ["Under 15K", "15-24K", "250K+", "3+", "<5", "Renter"].map(first_number);
        assert_eq!(found, [Some(14.5), Some(15.0), Some(250.0), Some(3.0), Some(4.5), None]);
    }
}
