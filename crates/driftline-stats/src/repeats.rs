//! Rows that are there twice, by their hashes: in two groups, like a copy of a file, or in one, like a file that was appended to itself.
//!
//! Equal neighbours are usual, like two equal lines of one order. They lie beside each other where the rows are in the order of their
//! time; what is repeated with another time between, or as one block, is repeated as a whole.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A row: its hash, its group, its place there and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub hash: u64,
    pub group: u32,
    pub place: u32,
    pub time: i64,
}

/// What is repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    pub between: Option<Between>,
    pub within: Option<Within>,
}

/// The two groups with most rows in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Between {
    pub first: u32,
    pub second: u32,
    pub rows: u64,
    /// Sorted hashes of the rows in common.
    pub hashes: Vec<u64>,
    /// Further pairs of groups with rows in common.
    pub others: u64,
}

/// The group with most rows that are repeated in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    pub group: u32,
    pub repeated: u64,
    pub rows: u64,
}

/// Rows below which a group is too small to be called repeated as a whole.
const ROWS_LEAST: u64 = 20;
/// Part of neighbours that may be in another order than their time, in a group that is ordered by it.
const DISORDER_MOST: f64 = 0.001;

/// Rows of one hash.
type Equal<'a> = &'a [Row];

/// Finds what is repeated; without times only whole repetitions and blocks are found inside a group.
pub fn find(mut rows: Vec<Row>, has_times: bool) -> Repeats {
    rows.sort_unstable();
    let equal: Vec<Equal<'_>> =
        rows.chunk_by(|one, other| one.hash == other.hash).filter(|rows| rows.len() > 1).collect();
    if equal.is_empty() {
        return Repeats::default();
    }
    Repeats { between: between(&equal), within: within(&rows, &equal, has_times) }
}

/// The hashes that come more than once, sorted.
pub fn repeated(mut hashes: Vec<u64>) -> Vec<u64> {
    hashes.sort_unstable();
    hashes.chunk_by(|one, other| one == other).filter(|equal| equal.len() > 1).map(|equal| equal[0]).collect()
}

fn between(equal: &[Equal<'_>]) -> Option<Between> {
    let mut shared: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for rows in equal {
        let first = rows[0].group;
        let there = rows.iter().filter(|row| row.group == first).count();
        for here in rows.chunk_by(|one, other| one.group == other.group).skip(1) {
            // As often as both have it: three lines here and one there have one in common.
            *shared.entry((first, here[0].group)).or_default() += here.len().min(there) as u64;
        }
    }
    let ((first, second), rows) = shared.iter().max_by_key(|(pair, rows)| (**rows, Reverse(**pair)))?;
    let has = |rows: &Equal<'_>, group: u32| rows.iter().any(|row| row.group == group);
    let common = equal.iter().filter(|rows| has(rows, *first) && has(rows, *second));
    let hashes = common.map(|rows| rows[0].hash).collect();
    Some(Between { first: *first, second: *second, rows: *rows, hashes, others: shared.len() as u64 - 1 })
}

/// What one group has of repeated rows.
#[derive(Default)]
struct Of {
    rows: u64,
    different: u64,
    single: u64,
    pairs: Vec<(Row, Row)>,
}

fn within(rows: &[Row], equal: &[Equal<'_>], has_times: bool) -> Option<Within> {
    let mut groups: BTreeMap<u32, Of> = BTreeMap::new();
    for rows in equal {
        for pair in rows.windows(2).filter(|pair| pair[0].group == pair[1].group) {
            groups.entry(pair[0].group).or_default().pairs.push((pair[0], pair[1]));
        }
    }
    if groups.is_empty() {
        return None;
    }
    for rows in rows.chunk_by(|one, other| (one.hash, one.group) == (other.hash, other.group)) {
        if let Some(of) = groups.get_mut(&rows[0].group) {
            of.rows += rows.len() as u64;
            of.different += 1;
            of.single += u64::from(rows.len() == 1);
        }
    }
    let repeated = |(group, of): (&u32, &Of)| {
        let is_whole = of.different >= ROWS_LEAST && of.single * 100 <= of.different;
        let repeated = match is_whole {
            true => of.rows - of.different,
            false => block(&of.pairs).max(if has_times { away(rows, *group, &of.pairs) } else { 0 }),
        };
        Within { group: *group, repeated, rows: of.rows }
    };
    let most = groups.iter().map(repeated).max_by_key(|within| (within.repeated, Reverse(within.group)))?;
    (most.repeated > 0).then_some(most)
}

/// Rows of a block that is there again as far behind each other as one row is from its equal: a block does not overlap itself. Lines of
/// orders are as near as their orders are short.
fn block(pairs: &[(Row, Row)]) -> u64 {
    let mut apart: BTreeMap<u32, u64> = BTreeMap::new();
    for (one, other) in pairs {
        *apart.entry(other.place - one.place).or_default() += 1;
    }
    let is_block = |(distance, rows): &(u32, u64)| *rows >= ROWS_LEAST && u64::from(*distance) >= *rows;
    apart.into_iter().filter(is_block).map(|(_, rows)| rows).max().unwrap_or(0)
}

/// How many pairs of equal rows have another time between them, in a group that but for them is in the order of its time; none in
/// another group.
fn away(rows: &[Row], group: u32, pairs: &[(Row, Row)]) -> u64 {
    let mut times: Vec<(u32, i64)> =
        rows.iter().filter(|row| row.group == group).map(|row| (row.place, row.time)).collect();
    times.sort_unstable();
    let mut later: Vec<u32> = pairs.iter().map(|(_, later)| later.place).collect();
    later.sort_unstable();
    let first: Vec<i64> =
        times.iter().filter(|(place, _)| later.binary_search(place).is_err()).map(|(_, time)| *time).collect();
    let falls = first.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let rises = first.windows(2).filter(|pair| pair[1] > pair[0]).count();
    let most = (DISORDER_MOST * first.len() as f64).max(1.0) as usize;
    if falls > most && rises > most {
        return 0;
    }
    // By place, how many rows so far have another time than the row before them.
    let mut changes = vec![0usize; times.len()];
    for at in 1..times.len() {
        changes[at] = changes[at - 1] + usize::from(times[at].1 != times[at - 1].1);
    }
    let at = |row: &Row| times.partition_point(|(place, _)| *place < row.place);
    pairs.iter().filter(|(one, other)| changes[at(one)] != changes[at(other)]).count() as u64
}

#[cfg(test)]
mod tests;
