//! Rules that tell a group from everyone else: at most three one-sided bounds, all of which must hold.
//!
//! A beam search over conjunctions (Clark & Niblett 1989, "The CN2 induction algorithm", *Machine Learning* 3) for the highest F1,
//! the harmonic mean of precision and coverage (van Rijsbergen 1979, *Information Retrieval*, chapter 7). Bounds are searched on
//! three fifths of the rows; how many of them there are is decided on the rest, so that a bound which only fits the sample is
//! left out. Every column is binned once; what an extension would match is then counted, never tried row by row.

use crate::cluster::Points;
use crate::random::mix;

/// Conditions that a rule may have.
pub const CONDITIONS_MAX: usize = 3;

/// What one more condition must add to F1 on the rows that the bounds were not searched on.
const GAIN_MIN: f64 = 0.01;

/// Conjunctions of one length that are extended.
const BEAM: usize = 10;

/// Rounds in which the thresholds of a conjunction are chosen again, each with the others as they are.
const REFINEMENTS: usize = 3;

/// One side of one column. A value that is not a number is on no side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    pub column: usize,
    /// Whether values from the threshold on are in (`value >= threshold`), or those below it (`value < threshold`).
    pub at_least: bool,
    pub threshold: f64,
}

impl Bound {
    /// Whether a row is on the bound's side.
    pub fn holds(&self, row: &[f64]) -> bool {
        if self.at_least { row[self.column] >= self.threshold } else { row[self.column] < self.threshold }
    }
}

/// The rule that tells members best from all others, by column, lower bounds first; empty if no bound is better than taking
/// everyone. At most one lower and one upper bound a column.
///
/// `thresholds` are the candidates of each column, sorted, each once; none of a column that is not to be used. Ties go to the
/// earlier column, to lower bounds, to the lower threshold. The same points and seed give the same rule on every machine.
pub fn search(points: &Points, is_member: &[bool], thresholds: &[Vec<f64>], seed: u64) -> Vec<Bound> {
    let table = Table::new(points, is_member, thresholds);
    let (training, held_out): (Vec<usize>, Vec<usize>) =
        (0..points.rows()).partition(|row| mix(*row as u64 ^ mix(seed)) % 5 < 3);
    let members = table.members(&training);

    let mut best = Candidate { f1: table.f1(&training, &[], members), picks: Vec::new() };
    let mut kept = (table.f1(&held_out, &[], table.members(&held_out)), Vec::new());
    let mut beam = vec![best.clone()];
    for _ in 0..CONDITIONS_MAX {
        let mut next: Vec<Candidate> =
            beam.iter().flat_map(|candidate| table.extensions(&training, &candidate.picks, members)).collect();
        rank(&mut next);
        next.truncate(BEAM);
        for candidate in &mut next {
            table.refine(&training, candidate, members);
        }
        rank(&mut next);
        let Some(first) = next.first() else { break };
        if first.f1 > best.f1 {
            best = first.clone();
            let f1 = table.f1(&held_out, &best.picks, table.members(&held_out));
            let added = best.picks.len() - kept.1.len();
            if f1 >= kept.0 + GAIN_MIN * added as f64 {
                kept = (f1, best.picks.clone());
            }
        }
        beam = next;
    }
    let bound = |pick: &Pick| Bound {
        column: pick.column,
        at_least: !pick.is_upper,
        threshold: thresholds[pick.column][pick.threshold],
    };
    kept.1.iter().map(bound).collect()
}

/// Candidate thresholds of a column: every twentieth of everyone's values and of the members', rounded by `round`, sorted, each
/// once; none that all values, or no value, are on one side of.
pub fn thresholds(everyone: &[f64], members: &[f64], round: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    let mut range: Option<(f64, f64)> = None;
    for values in [everyone, members] {
        let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
        range.get_or_insert((*first, *last));
        found.extend((1..20).map(|part| round(values[part * (values.len() - 1) / 20])));
    }
    found.retain(|value| range.is_some_and(|(first, last)| *value > first && *value <= last));
    found.sort_unstable_by(f64::total_cmp);
    found.dedup();
    found
}

/// A bound by the number of its threshold, ordered as ties are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pick {
    column: usize,
    /// Lower bounds come first.
    is_upper: bool,
    threshold: usize,
}

#[derive(Clone, Debug)]
struct Candidate {
    f1: f64,
    /// Sorted.
    picks: Vec<Pick>,
}

/// Best first, each once.
fn rank(candidates: &mut Vec<Candidate>) {
    candidates.sort_by(|a, b| b.f1.total_cmp(&a.f1).then_with(|| a.picks.cmp(&b.picks)));
    candidates.dedup_by(|a, b| a.picks == b.picks);
}

/// Counts of all and of members by bin of one column.
type Bins = Vec<[u32; 2]>;

/// The points as numbers of bins.
struct Table<'a> {
    columns: usize,
    is_member: &'a [bool],
    /// Row-major. Bin `b` holds values from threshold `b - 1` to below threshold `b`; one more is of what is not a number.
    bins: Vec<u16>,
    /// Thresholds of each column.
    counts: Vec<usize>,
}

impl<'a> Table<'a> {
    fn new(points: &Points, is_member: &'a [bool], thresholds: &[Vec<f64>]) -> Self {
        let bin = |(value, edges): (&f64, &Vec<f64>)| {
            let bin = if value.is_nan() { edges.len() + 1 } else { edges.partition_point(|edge| edge <= value) };
            u16::try_from(bin).unwrap_or(u16::MAX)
        };
        let bins = (0..points.rows()).flat_map(|row| points.row(row).iter().zip(thresholds).map(bin)).collect();
        Self {
            columns: thresholds.len().min(points.dimensions),
            is_member,
            bins,
            counts: thresholds.iter().map(Vec::len).collect(),
        }
    }

    fn members(&self, rows: &[usize]) -> usize {
        rows.iter().filter(|row| self.is_member[**row]).count()
    }

    fn bins_of(&self, row: usize) -> &[u16] {
        &self.bins[row * self.columns..(row + 1) * self.columns]
    }

    fn matches(&self, row: usize, picks: &[Pick]) -> bool {
        let bins = self.bins_of(row);
        picks.iter().all(|pick| {
            let bin = usize::from(bins[pick.column]);
            // The bin past the last threshold's holds what is not a number, which is on no side.
            if pick.is_upper { bin <= pick.threshold } else { bin > pick.threshold && bin <= self.counts[pick.column] }
        })
    }

    fn f1(&self, rows: &[usize], picks: &[Pick], members: usize) -> f64 {
        let matching = || rows.iter().filter(|row| self.matches(**row, picks));
        f1(matching().count(), matching().filter(|row| self.is_member[**row]).count(), members)
    }

    /// Of each column and side the best bound that may be added.
    fn extensions(&self, rows: &[usize], picks: &[Pick], members: usize) -> Vec<Candidate> {
        let mut bins: Vec<Bins> = self.counts.iter().map(|count| vec![[0; 2]; count + 2]).collect();
        for row in rows.iter().filter(|row| self.matches(**row, picks)) {
            let is_member = u32::from(self.is_member[*row]);
            for (bins, bin) in bins.iter_mut().zip(self.bins_of(*row)) {
                let counts = &mut bins[usize::from(*bin)];
                counts[0] += 1;
                counts[1] += is_member;
            }
        }
        let sides = (0..self.columns).flat_map(|column| [(column, true), (column, false)]);
        sides
            .filter(|side| picks.iter().all(|pick| (pick.column, !pick.is_upper) != *side))
            .filter_map(|(column, at_least)| {
                let (f1, threshold) = best_threshold(&bins[column], at_least, members)?;
                let mut picks = picks.to_vec();
                picks.push(Pick { column, is_upper: !at_least, threshold });
                picks.sort_unstable();
                Some(Candidate { f1, picks })
            })
            .collect()
    }

    /// Chooses each threshold again with the others as they are, until none is better.
    fn refine(&self, rows: &[usize], candidate: &mut Candidate, members: usize) {
        for _ in 0..REFINEMENTS {
            let before = candidate.f1;
            for place in 0..candidate.picks.len() {
                let pick = candidate.picks[place];
                let mut others = candidate.picks.clone();
                others.remove(place);
                if others.is_empty() {
                    continue;
                }
                let mut bins: Bins = vec![[0; 2]; self.counts[pick.column] + 2];
                for row in rows.iter().filter(|row| self.matches(**row, &others)) {
                    let counts = &mut bins[usize::from(self.bins_of(*row)[pick.column])];
                    counts[0] += 1;
                    counts[1] += u32::from(self.is_member[*row]);
                }
                if let Some((f1, threshold)) = best_threshold(&bins, !pick.is_upper, members)
                    && f1 > candidate.f1
                {
                    candidate.f1 = f1;
                    candidate.picks[place].threshold = threshold;
                }
            }
            if candidate.f1 <= before {
                break;
            }
        }
    }
}

/// The threshold with the highest F1 and that F1; `None` if no bound matches a member.
fn best_threshold(bins: &[[u32; 2]], at_least: bool, members: usize) -> Option<(f64, usize)> {
    let thresholds = bins.len() - 2;
    let known = &bins[..=thresholds];
    let all = known.iter().fold([0; 2], |sum, bin| [sum[0] + bin[0], sum[1] + bin[1]]);
    let mut below = [0; 2];
    let mut best: Option<(f64, usize)> = None;
    for (threshold, bin) in known[..thresholds].iter().enumerate() {
        below = [below[0] + bin[0], below[1] + bin[1]];
        let inside = if at_least { [all[0] - below[0], all[1] - below[1]] } else { below };
        let score = f1(inside[0] as usize, inside[1] as usize, members);
        if inside[1] > 0 && best.is_none_or(|(best, _)| score > best) {
            best = Some((score, threshold));
        }
    }
    best
}

fn f1(matching: usize, matching_members: usize, members: usize) -> f64 {
    let both = matching + members;
    if both == 0 { 0.0 } else { 2.0 * matching_members as f64 / both as f64 }
}

#[cfg(test)]
mod tests;
