//! Which lines of a facet may be shown: none of fewer than `min_cell` customers, on either side, nor one that others give away.
//!
//! Personas, who is in none, and everyone are a closed table, so that a line that is hidden alone follows by subtraction; the items of
//! a question to which everybody gives one answer are one, too. Lines are hidden until no sum of hidden ones is a handful.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{Counted, Sums};
use super::{Definition, Shape};
use crate::tables::small_cells::is_safe;

/// A line by the place of its question and its segment.
type Line = (usize, u32);

/// Segments with their customers, everyone (0) among them.
pub(super) type Sizes = BTreeMap<u32, u64>;

/// The lines that may be shown, as places of `counted.sums` in its order with segments; `told` are the segments that are told of, everyone among
/// them.
pub(super) fn shown(
    definition: &Definition,
    counted: &Counted,
    sizes: &Sizes,
    told: &BTreeSet<u32>,
    min_cell: u64,
) -> BTreeSet<Line> {
    let min_cell = definition.min_cell(min_cell);
    let mut table =
        Table { definition, counted: counted.sums.values().collect(), sizes, min_cell, shown: BTreeSet::new() };
    for place in 0..table.counted.len() {
        let lines = told.iter().filter(|segment| table.is_large(place, **segment));
        let lines: Vec<Line> = lines.map(|segment| (place, *segment)).collect();
        table.shown.extend(lines);
    }
    let closed = closed_questions(definition, counted);
    while let Some(line) = table.given_away(&closed) {
        table.shown.remove(&line);
    }
    table.shown
}

/// Places of the items of each question to which everybody gives exactly one answer, or whose amounts are parts of one.
fn closed_questions(definition: &Definition, counted: &Counted) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<&Option<String>, Vec<usize>> = BTreeMap::new();
    for (place, (group, _)) in counted.sums.keys().enumerate() {
        groups.entry(group).or_default().push(place);
    }
    let all: Vec<&BTreeMap<u32, Sums>> = counted.sums.values().collect();
    let everyone = |place: usize| all[place].get(&0).copied().unwrap_or_default();
    let is_closed = |places: &Vec<usize>| {
        let answers: u64 = places.iter().map(|place| everyone(*place).customers).sum();
        let is_of_people = definition.shape == Shape::Has && answers == everyone(places[0]).of;
        places.len() > 1 && (is_of_people || definition.shape == Shape::Amount)
    };
    groups.into_values().filter(is_closed).collect()
}

struct Table<'a> {
    definition: &'a Definition,
    counted: Vec<&'a BTreeMap<u32, Sums>>,
    sizes: &'a Sizes,
    min_cell: u64,
    shown: BTreeSet<Line>,
}

impl Table<'_> {
    fn sums(&self, (place, segment): Line) -> Sums {
        self.counted[place].get(&segment).copied().unwrap_or_default()
    }

    /// Whether a line is of enough customers by itself: those who have it, who do not, who were not asked, and who hold its money.
    fn is_large(&self, place: usize, segment: u32) -> bool {
        let sums = self.sums((place, segment));
        let rest = self.sizes.get(&segment).copied().unwrap_or(0).saturating_sub(sums.of);
        let is_held_by_enough = self.definition.shape == Shape::Has || 2.0 * sums.held_by() >= self.min_cell as f64;
        sums.of >= self.min_cell
            && is_held_by_enough
            && self.parts(&sums).chain([rest]).all(|count| is_safe(count, self.min_cell))
    }

    /// The counts that a line tells: who says yes and who does not, of a sum in which all have the same too; of other sums who has any.
    fn parts(&self, sums: &Sums) -> impl Iterator<Item = u64> + use<> {
        let not = sums.of.saturating_sub(sums.customers);
        let tells_both = self.definition.shape == Shape::Has || sums.is_of_equals();
        if tells_both { vec![sums.customers, not] } else { vec![sums.customers] }.into_iter()
    }

    /// A line to hide next: of those that give a handful away together, the one of fewest customers. Everyone's line is the last to go.
    fn given_away(&self, closed: &[Vec<usize>]) -> Option<Line> {
        (0..self.counted.len()).find_map(|place| self.across_segments(place)).or_else(|| {
            let segments: BTreeSet<u32> = self.sizes.keys().copied().collect();
            closed.iter().find_map(|places| segments.iter().find_map(|segment| self.across_items(places, *segment)))
        })
    }

    /// Everyone's line less those that are shown is of nobody or of enough.
    fn across_segments(&self, place: usize) -> Option<Line> {
        if !self.shown.contains(&(place, 0)) {
            return None;
        }
        let of_place = self.shown.iter().filter(|(other, segment)| *other == place && *segment != 0);
        let lines: Vec<Line> = of_place.copied().collect();
        let rest = lines.iter().fold(self.sums((place, 0)), |rest, line| rest - self.sums(*line));
        // Nor is who was not asked, of those who are left.
        let size = |segment: u32| self.sizes.get(&segment).copied().unwrap_or(0);
        let left = lines.iter().fold(size(0), |left, (_, segment)| left.saturating_sub(size(*segment)));
        let is_few = |count: u64| !is_safe(count, self.min_cell);
        let is_given = self.parts(&rest).chain([rest.of, left.saturating_sub(rest.of)]).any(is_few)
            || (rest.of > 0 && !self.is_held_by_enough(&rest));
        is_given.then(|| self.least(&lines).unwrap_or((place, 0)))
    }

    /// Amounts and numbers must not be those of a few.
    fn is_held_by_enough(&self, sums: &Sums) -> bool {
        self.definition.shape == Shape::Has || 2.0 * sums.held_by() >= self.min_cell as f64
    }

    /// Who answered less those whose answers are shown is nobody or enough.
    fn across_items(&self, places: &[usize], segment: u32) -> Option<Line> {
        let lines: Vec<Line> =
            places.iter().map(|place| (*place, segment)).filter(|line| self.shown.contains(line)).collect();
        if self.definition.shape == Shape::Amount {
            // What is left of the amount is that of the one item that is hidden.
            let is_hidden = |line: &Line| !self.shown.contains(line) && self.sums(*line).part != 0.0;
            let hidden: Vec<Line> = places.iter().map(|place| (*place, segment)).filter(is_hidden).collect();
            return (hidden.len() == 1 && !lines.is_empty()).then(|| self.least(&lines)).flatten();
        }
        let of = lines.iter().map(|line| self.sums(*line).of).max()?;
        let named: u64 = lines.iter().map(|line| self.sums(*line).customers).sum();
        (!is_safe(of.saturating_sub(named), self.min_cell)).then(|| self.least(&lines)).flatten()
    }

    fn least(&self, lines: &[Line]) -> Option<Line> {
        lines.iter().copied().min_by_key(|line| (self.sums(*line).customers, *line))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::definition;
    use super::*;

    /// Of a segment, who says yes, of whom.
    type Line = (u32, u64, u64);

    fn counted(questions: &[(&str, &[Line])]) -> Counted {
        let mut counted = Counted::default();
        for (item, lines) in questions {
            let sums: BTreeMap<u32, Sums> =
                lines.iter().map(|(segment, customers, of)| (*segment, Sums::of_people(*customers, *of))).collect();
            counted.sums.insert((None, Some((*item).to_owned())), sums);
        }
        counted
    }

    fn lines(counted: &Counted, sizes: &[(u32, u64)], protected: bool) -> Vec<(usize, u32)> {
        let sizes: Sizes = sizes.iter().copied().collect();
        let told = sizes.keys().copied().filter(|segment| *segment != 99).collect();
        let definition = Definition { protected, ..definition(Shape::Has) };
        shown(&definition, counted, &sizes, &told, 10).into_iter().collect()
    }

    #[test]
    fn a_handful_is_hidden_and_cannot_be_worked_out() {
        let sizes = [(0, 300), (1, 100), (2, 100), (3, 100)];
        // Four of segment 1 say yes; so that they are not what is left, segment 2 goes too.
        let of_few = counted(&[("late", &[(0, 54, 300), (1, 4, 100), (2, 20, 100), (3, 30, 100)])]);
        assert_eq!(lines(&of_few, &sizes, false), [(0, 0), (0, 3)]);
        // Four who say no are as few as four who say yes.
        let nearly_all = counted(&[("late", &[(0, 246, 300), (1, 96, 100), (2, 80, 100), (3, 70, 100)])]);
        assert_eq!(lines(&nearly_all, &sizes, false), [(0, 0), (0, 2)]);
        // All are many: all are shown.
        let many = counted(&[("late", &[(0, 60, 300), (1, 15, 100), (2, 20, 100), (3, 25, 100)])]);
        assert_eq!(lines(&many, &sizes, false), [(0, 0), (0, 1), (0, 2), (0, 3)]);
        // Of a protected trait fifteen are few.
        assert_eq!(lines(&many, &sizes, true), [(0, 0), (0, 3)]);
        // Five were not asked, of segment 1 and so of everyone.
        let asked = counted(&[("late", &[(0, 60, 295), (1, 15, 95), (2, 20, 100), (3, 25, 100)])]);
        assert_eq!(lines(&asked, &sizes, false), [(0, 2), (0, 3)]);
    }

    #[test]
    fn one_hidden_answer_of_a_closed_question_takes_another_with_it() {
        let sizes = [(0, 200), (1, 100), (2, 100)];
        let bands = counted(&[
            ("old", &[(0, 104, 200), (1, 44, 100), (2, 60, 100)]),
            ("young", &[(0, 24, 200), (1, 4, 100), (2, 20, 100)]),
            ("middle", &[(0, 72, 200), (1, 52, 100), (2, 20, 100)]),
        ]);
        let found = lines(&bands, &sizes, false);
        let hidden = |segment: u32| (0..3).filter(|place| !found.contains(&(*place, segment))).count();
        assert!(hidden(1) != 1 && hidden(1) > 0, "{found:?}");
    }

    #[test]
    fn money_of_a_few_is_hidden() {
        let mut counted = Counted::default();
        let sums = |customers: u64, part: f64, part_squares: f64| Sums {
            of: 100,
            customers,
            part,
            part_size: part,
            whole: 10_000.0,
            part_squares,
            whole_squares: 1e6,
            products: part * 100.0,
        };
        let lines_of =
            BTreeMap::from([(0, sums(90, 3_000.0, 1e5)), (1, sums(40, 1_000.0, 9e5)), (2, sums(50, 2_000.0, 8e4))]);
        counted.sums.insert((None, Some("wine".to_owned())), lines_of);
        let sizes = BTreeMap::from([(0, 200), (1, 100), (2, 100)]);
        let told = BTreeSet::from([0, 1, 2]);
        let found = shown(&definition(Shape::Amount), &counted, &sizes, &told, 10);
        assert!(!found.contains(&(0, 1)), "one of forty holds nearly all");
    }
}
