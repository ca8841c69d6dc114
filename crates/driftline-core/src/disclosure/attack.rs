//! What a reader could work out: published counts are sums over groups of customers, and sums can be subtracted.
//!
//! Customers who took the same way between two periods are an atom. Every published count is the sum of some atoms; a hidden
//! count is given away if its atoms are a linear combination of published ones. The rows are reduced modulo a prime, so there is
//! no rounding. Bounds that follow from counts not being negative are not used.

use crate::bridge::{Bar, Bridge, Cause, Ranks, cause_of};
use crate::persona::PersonaSet;
use crate::profile::{Flow, FlowKind, OTHER_SEGMENT};
use crate::report::{Migration, groups};

/// 2^61 − 1.
const PRIME: u128 = (1 << 61) - 1;

/// All sums that are published, as a reduced basis over atoms.
#[derive(Clone, Debug)]
pub struct Known {
    atoms: usize,
    /// Each with its pivot: the first atom that is not zero, which is one, and zero in all rows after it.
    rows: Vec<(usize, Vec<u128>)>,
}

impl Known {
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
    /// Everything that is told but the migration table: personas of both periods, and the bars.
    fn known(&self) -> Known {
        let mut known = Known::nothing(self.flows.len());
        for persona in &self.previous.personas {
            known.tell(self.which(|flow| flow.published_segment == persona.segment));
        }
        for persona in &self.current.personas {
            known.tell(self.which(|flow| flow.now_segment == persona.segment));
        }
        if self.previous.other.is_some() {
            known.tell(self.which(|flow| flow.published_segment == OTHER_SEGMENT));
        }
        if self.current.other.is_some() {
            known.tell(self.which(|flow| flow.now_segment == OTHER_SEGMENT));
        }
        known.tell(self.which(|flow| flow.published_segment > 0));
        known.tell(self.which(|flow| flow.now_segment > 0));
        for bridge in self.bridges {
            let shown = |cause: Cause| bridge.bars.iter().any(|bar: &Bar| bar.cause == cause);
            for bar in bridge.bars.iter().filter(|bar| bar.customers.is_some()) {
                match bar.cause {
                    // Of customers inside atoms, in whatever part: no sum of atoms.
                    Cause::DefinitionChanged | Cause::Restatement | Cause::Unidentified => {}
                    Cause::SmallGroups => known.tell(self.which(|flow| !shown(cause_of(flow, self.ranks)))),
                    cause => known.tell(self.which(|flow| cause_of(flow, self.ranks) == cause)),
                }
            }
        }
        known
    }

    fn which(&self, belongs: impl Fn(&Flow) -> bool) -> Vec<usize> {
        (0..self.flows.len()).filter(|index| belongs(&self.flows[*index])).collect()
    }

    /// Atoms of one cell of the migration table.
    fn cell(&self, places: &Places, row: usize, column: usize) -> Vec<usize> {
        self.which(|flow| flow.kind != FlowKind::Outside && places.of(flow) == (row, column))
    }

    /// Hides further cells of a migration table until no hidden one follows from what is told; `None` if that takes all of it.
    /// `columns` are the personas that the table's columns are of.
    pub fn secured(&self, mut table: Migration, columns: &PersonaSet) -> Option<Migration> {
        let places = Places::new(self.previous, columns, self.flows);
        let beside = self.known();
        let count = |row: usize, column: usize| -> u64 {
            self.cell(&places, row, column).iter().map(|atom| self.flows[*atom].customers).sum()
        };
        loop {
            let cells = || {
                (0..table.customers.len())
                    .flat_map(|row| (0..table.customers[row].len()).map(move |column| (row, column)))
            };
            let mut known = beside.clone();
            for (row, column) in cells().filter(|(row, column)| table.customers[*row][*column].is_some()) {
                known.tell(self.cell(&places, row, column));
            }
            let leaks = cells().find(|(row, column)| {
                table.customers[*row][*column].is_none()
                    && (1..self.min_cell).contains(&count(*row, *column))
                    && known.gives_away(self.cell(&places, *row, *column))
            });
            let Some((leak_row, leak_column)) = leaks else { return Some(table) };
            // The smallest cell that is still shown, in the same row or column before others.
            let next = cells()
                .filter(|(row, column)| table.customers[*row][*column].is_some_and(|shown| shown > 0))
                .min_by_key(|(row, column)| {
                    (*row != leak_row && *column != leak_column, count(*row, *column), *row, *column)
                });
            let (row, column) = next?;
            table.customers[row][column] = None;
        }
    }
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
            if active { list.iter().position(|number| *number == segment) } else { None }.unwrap_or(list.len())
        };
        let was = matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost);
        (place(&self.rows, flow.from_segment, was), place(&self.columns, flow.to_segment, flow.kind != FlowKind::Lost))
    }
}

#[cfg(test)]
mod tests;
