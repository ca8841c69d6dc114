//! What a reader could work out: published counts are sums over groups of customers, and sums can be subtracted.
//!
//! Customers who took the same way between two periods are an atom. Every published count is the sum of some atoms; a hidden
//! count is given away if its atoms are a linear combination of published ones; those rows are reduced modulo a prime, so there is
//! no rounding. It is also given away if the published sums, and that no count is below zero, leave it too narrow a range.
//!
//! Attacked are the migration table, the sizes of the personas of this report and of the last one, the active customers of both, and
//! the bars of every bridge. Not attacked: bands of attributes, topics and contacts (each is hidden by itself), the migration table
//! of the last report (it is of other pairs of periods, so that the two share the personas' sizes only), an earlier revision of the
//! same period (one that differs by the data of a few is refused), and money beside counts (`persona/dominance.rs` keeps what a few hold, and what a few
//! spent who objected to profiling).

use self::bounds::Feasible;
use crate::drift::accounts::{Ranks, cause_of};
use crate::drift::bridge::{Bar, Bridge, Cause};
use crate::drift::migration::{Migration, groups, place_of};
use crate::personas::PersonaSet;
use crate::tables::profile::{Flow, FlowKind, NO_SEGMENT, OTHER_SEGMENT};

mod bounds;

/// 2^61 − 1.
const PRIME: u128 = (1 << 61) - 1;

/// All sums that are published, as a reduced basis over atoms.
#[derive(Clone, Debug)]
pub struct PublishedSums {
    atoms: usize,
    /// Each with its pivot: the first atom that is not zero, which is one, and zero in all rows after it.
    rows: Vec<(usize, Vec<u128>)>,
}

impl PublishedSums {
    /// Nothing is known of so many atoms.
    pub fn nothing(atoms: usize) -> Self {
        Self { atoms, rows: Vec::new() }
    }

    /// The sum over a group of atoms is published.
    pub fn tell(&mut self, group: impl IntoIterator<Item = usize>) {
        let mut row = self.reduced(self.row(group));
        let Some(pivot) = row.iter().position(|value| *value != 0) else { return };
        let inverse = power(row[pivot], PRIME - 2);
        for value in &mut row {
            *value = *value * inverse % PRIME;
        }
        self.rows.push((pivot, row));
    }

    /// Whether the sum over a group follows from what is published.
    pub fn gives_away(&self, group: impl IntoIterator<Item = usize>) -> bool {
        self.reduced(self.row(group)).iter().all(|value| *value == 0)
    }

    fn row(&self, group: impl IntoIterator<Item = usize>) -> Vec<u128> {
        let mut row = vec![0; self.atoms];
        for atom in group {
            row[atom] = 1;
        }
        row
    }

    fn reduced(&self, mut row: Vec<u128>) -> Vec<u128> {
        for (pivot, known) in &self.rows {
            let factor = row[*pivot];
            if factor != 0 {
                for (value, other) in row.iter_mut().zip(known) {
                    *value = (*value + (PRIME - factor) * other) % PRIME;
                }
            }
        }
        row
    }
}

fn power(base: u128, mut exponent: u128) -> u128 {
    let (mut result, mut square) = (1, base % PRIME);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * square % PRIME;
        }
        square = square * square % PRIME;
        exponent >>= 1;
    }
    result
}

/// The counts that stand beside a migration table in the same report and in the last one.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    pub flows: &'a [Flow],
    pub ranks: &'a Ranks,
    pub bridges: &'a [Bridge],
    pub previous: &'a PersonaSet,
    pub current: &'a PersonaSet,
    pub min_cell: u64,
}

impl Beside<'_> {
    /// Groups of atoms whose sums are told, but for the migration table: personas of both periods, and the bars.
    fn told(&self) -> Vec<Vec<usize>> {
        let mut told = Vec::new();
        for persona in &self.previous.personas {
            told.push(self.which(|flow| flow.published_segment == persona.segment));
        }
        for persona in &self.current.personas {
            told.push(self.which(|flow| flow.now_segment == persona.segment));
        }
        if self.previous.other.is_some() {
            told.push(self.which(|flow| flow.published_segment == OTHER_SEGMENT));
        }
        if self.current.other.is_some() {
            told.push(self.which(|flow| flow.now_segment == OTHER_SEGMENT));
        }
        told.push(self.which(|flow| flow.published_segment != NO_SEGMENT));
        told.push(self.which(|flow| flow.now_segment != NO_SEGMENT));
        for bridge in self.bridges {
            let shown = |cause: Cause| bridge.bars.iter().any(|bar: &Bar| bar.cause == cause);
            for bar in bridge.bars.iter().filter(|bar| bar.customers.is_some()) {
                match bar.cause {
                    // Of customers inside atoms, in whatever part: no sum of atoms.
                    Cause::DefinitionChanged | Cause::Restatement | Cause::Unidentified => {}
                    Cause::SmallGroups => told.push(self.which(|flow| !shown(cause_of(flow, self.ranks)))),
                    cause => told.push(self.which(|flow| cause_of(flow, self.ranks) == cause)),
                }
            }
        }
        told
    }

    /// Everything that is told but the migration table.
    fn known(&self) -> PublishedSums {
        let mut known = PublishedSums::nothing(self.flows.len());
        self.told().into_iter().for_each(|group| known.tell(group));
        known
    }

    /// The counts that agree with everything that is told, the shown cells of the table included.
    fn feasible(&self, table: &Migration, places: &Places) -> Option<Feasible> {
        let shown = cells(table).filter(|(row, column)| table.customers[*row][*column].is_some());
        let groups = self.told().into_iter().chain(shown.map(|(row, column)| self.cell(places, row, column)));
        let mut known = PublishedSums::nothing(self.flows.len());
        let mut told = Vec::new();
        for group in groups {
            // What follows from the sums before would only be another row.
            if !known.gives_away(group.iter().copied()) {
                known.tell(group.iter().copied());
                told.push((group.clone(), self.sum(&group)));
            }
        }
        Feasible::new(self.flows.len(), &told)
    }

    fn sum(&self, group: &[usize]) -> u64 {
        group.iter().map(|atom| self.flows[*atom].customers).sum()
    }

    fn which(&self, belongs: impl Fn(&Flow) -> bool) -> Vec<usize> {
        (0..self.flows.len()).filter(|index| belongs(&self.flows[*index])).collect()
    }

    /// Atoms of one cell of the migration table.
    fn cell(&self, places: &Places, row: usize, column: usize) -> Vec<usize> {
        self.which(|flow| flow.kind != FlowKind::Outside && places.of(flow) == (row, column))
    }

    /// Hides further cells of a migration table until no hidden one of fewer than `min_cell` customers follows from what is told,
    /// and each may still be any of at least `min_cell` counts, `min_cell` or more among them; `None` if that takes all of it.
    /// `columns` are the personas that the table's columns are of.
    pub fn secured(&self, table: Migration, columns: &PersonaSet) -> Option<Migration> {
        self.widened(self.unsubtractable(table, columns)?, columns)
    }

    /// Hides until the range of each hidden small cell is wide. What is wide stays so when more is hidden, so each is looked at
    /// once.
    fn widened(&self, mut table: Migration, columns: &PersonaSet) -> Option<Migration> {
        let places = Places::new(self.previous, columns, self.flows);
        let is_small = |count: u64| (1..self.min_cell).contains(&count);
        let hidden: Vec<(usize, usize)> = cells(&table)
            .filter(|(row, column)| table.customers[*row][*column].is_none())
            .filter(|(row, column)| is_small(self.sum(&self.cell(&places, *row, *column))))
            .collect();
        let mut feasible = if hidden.is_empty() { return Some(table) } else { self.feasible(&table, &places)? };
        for (row, column) in hidden {
            let group = self.cell(&places, row, column);
            loop {
                let (low, high) = feasible.range(&group)?;
                if is_wide(low, high, self.min_cell) {
                    break;
                }
                let (next_row, next_column) = self.next_to_hide(&table, &places, (row, column))?;
                table.customers[next_row][next_column] = None;
                feasible = self.feasible(&table, &places)?;
            }
        }
        Some(table)
    }

    /// The smallest cell that is still shown, in the same row or column before others.
    fn next_to_hide(&self, table: &Migration, places: &Places, leak: (usize, usize)) -> Option<(usize, usize)> {
        cells(table).filter(|(row, column)| table.customers[*row][*column].is_some_and(|shown| shown > 0)).min_by_key(
            |(row, column)| {
                (*row != leak.0 && *column != leak.1, self.sum(&self.cell(places, *row, *column)), *row, *column)
            },
        )
    }

    /// Hides further cells until no hidden small one is a combination of published sums.
    fn unsubtractable(&self, mut table: Migration, columns: &PersonaSet) -> Option<Migration> {
        let places = Places::new(self.previous, columns, self.flows);
        let beside = self.known();
        loop {
            let mut known = beside.clone();
            for (row, column) in cells(&table).filter(|(row, column)| table.customers[*row][*column].is_some()) {
                known.tell(self.cell(&places, row, column));
            }
            let leaks = cells(&table).find(|(row, column)| {
                table.customers[*row][*column].is_none()
                    && (1..self.min_cell).contains(&self.sum(&self.cell(&places, *row, *column)))
                    && known.gives_away(self.cell(&places, *row, *column))
            });
            let Some(leak) = leaks else { return Some(table) };
            let (row, column) = self.next_to_hide(&table, &places, leak)?;
            table.customers[row][column] = None;
        }
    }
}

/// Every place of a table, row by row.
fn cells(table: &Migration) -> impl Iterator<Item = (usize, usize)> + use<> {
    let widths: Vec<usize> = table.customers.iter().map(Vec::len).collect();
    widths.into_iter().enumerate().flat_map(|(row, width)| (0..width).map(move |column| (row, column)))
}

/// Whether a reader who knows this range of a count knows little enough: it may be as large as what is shown, and is one of many.
fn is_wide(low: u64, high: u64, min_cell: u64) -> bool {
    high >= min_cell && high.saturating_sub(low) + 1 >= min_cell
}

/// Where a flow stands in the migration table.
struct Places {
    rows: Vec<u32>,
    columns: Vec<u32>,
}

impl Places {
    fn new(previous: &PersonaSet, columns: &PersonaSet, flows: &[Flow]) -> Self {
        let of = |set: &PersonaSet, segment_of: fn(&Flow) -> u32| {
            groups(set, flows.iter().map(segment_of)).into_iter().map(|(segment, _)| segment).collect()
        };
        Self { rows: of(previous, |flow| flow.from_segment), columns: of(columns, |flow| flow.to_segment) }
    }

    fn of(&self, flow: &Flow) -> (usize, usize) {
        let place = |list: &[u32], segment: u32, active: bool| {
            let found = if active { place_of(list.iter().copied(), segment) } else { None };
            found.unwrap_or(list.len())
        };
        let was = matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost);
        (place(&self.rows, flow.from_segment, was), place(&self.columns, flow.to_segment, flow.kind != FlowKind::Lost))
    }
}

#[cfg(test)]
mod tests;
