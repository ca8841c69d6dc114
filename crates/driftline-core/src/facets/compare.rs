//! What stands out, and what changed: differences that are more than chance and enough to matter, over all facets together.

use std::collections::{BTreeMap, BTreeSet};

use driftline_stats::significance::{benjamini_hochberg, minimum_effect_p};

use super::count::{Counted, Sums, answer, round};
use super::safe;
use super::{Answer, Facet, NotAvailable, Past, Shape, Window};
use crate::Period;
use crate::tables::profile::EVERYONE_SEGMENT;

/// False discoveries among all that is said to stand out, or to have changed.
const FALSE_DISCOVERIES: f64 = 0.05;

/// A share matters from two points on, a mean from a tenth of a standard deviation, a rate from a tenth of itself.
fn floor(shape: Shape, everyone: &Sums) -> f64 {
    match shape {
        Shape::Has | Shape::Amount => 0.02,
        Shape::Mean => 0.1 * everyone.spread(shape),
        Shape::Rate => 0.1 * everyone.figure().unwrap_or(0.0),
    }
}

/// What an earlier report said, and of which windows the exports were full then.
#[derive(Clone, Copy)]
pub struct Earlier<'a> {
    pub period: Period,
    pub facets: &'a [Facet],
    /// Answers of each persona by its key.
    pub personas: &'a BTreeMap<&'a str, &'a [Answer]>,
    /// Whether a year's and a period's windows are full, then and now.
    pub is_year_full: bool,
    pub is_period_full: bool,
    /// Whether the personas are drawn as they were.
    pub is_same_personas: bool,
}

/// Everything that facets are made of.
pub struct Given<'a> {
    /// In the order of their files: name and about, with what was counted.
    pub counted: Vec<(Facet, Counted)>,
    /// Customers by segment, everyone (0) among them.
    pub sizes: &'a BTreeMap<u32, u64>,
    /// Keys of the personas by segment.
    pub keys: &'a BTreeMap<u32, String>,
    pub min_cell: u64,
    pub last: Option<Earlier<'a>>,
    pub year_ago: Option<Earlier<'a>>,
    /// Facets of the revision that this one replaces.
    pub replaced: Option<&'a [Facet]>,
}

/// Facets with everyone's answers, and the answers of each persona by its segment.
pub struct Told {
    pub facets: Vec<Facet>,
    pub personas: BTreeMap<u32, Vec<Answer>>,
}

/// A difference to be judged with all the others.
struct Test {
    /// Segment and place of the answer; segment 0 is everyone.
    segment: u32,
    place: usize,
    p: f64,
}

/// What is told so far, and the differences that are still to be judged.
#[derive(Default)]
struct Telling {
    /// By segment; segment 0 is everyone.
    answers: BTreeMap<u32, Vec<Answer>>,
    traits: Vec<Test>,
    changes: Vec<Test>,
}

/// Counts, hides and compares.
pub fn tell(mut given: Given<'_>) -> Told {
    let mut telling = Telling::default();
    let mut facets = Vec::new();
    for (mut facet, mut counted) in std::mem::take(&mut given.counted) {
        if given.replaced.is_some_and(|before| is_of_few(before, &facet, &counted, given.min_cell)) {
            facet.not_available = Some(NotAvailable::FewDiffer);
            counted = Counted::default();
        }
        facet.items_left_out = counted.items_left_out;
        let is_there = facet.not_available.is_none();
        facet.not_compared = given.last.as_ref().filter(|_| is_there).and_then(|last| last.refuses(&facet));
        telling.add(&given, &facet, &counted);
        facets.push(facet);
    }
    telling.judge();
    let everyone = telling.answers.remove(&EVERYONE_SEGMENT).unwrap_or_default();
    for facet in &mut facets {
        facet.everyone = everyone.iter().filter(|answer| answer.facet == facet.name).cloned().collect();
    }
    Told { facets, personas: telling.answers }
}

impl Telling {
    /// The lines of a facet that may be shown.
    fn add(&mut self, given: &Given<'_>, facet: &Facet, counted: &Counted) {
        let segments: BTreeSet<u32> = given.keys.keys().copied().chain([EVERYONE_SEGMENT]).collect();
        let shown = safe::shown(&facet.definition, counted, given.sizes, &segments, given.min_cell);
        for (place, (question, sums)) in counted.sums.iter().enumerate() {
            let all = sums.get(&EVERYONE_SEGMENT).copied().unwrap_or_default();
            let everyones = shown.contains(&(place, EVERYONE_SEGMENT)).then_some(all);
            for segment in segments.iter().filter(|segment| shown.contains(&(place, **segment))) {
                let own = sums.get(segment).copied().unwrap_or_default();
                if let Some(found) = answer(&facet.name, question, own, facet.definition.shape) {
                    let floor = floor(facet.definition.shape, &all);
                    self.compare(given, facet, (*segment, found), (everyones.map(|all| all - own), floor));
                }
            }
        }
    }

    /// Puts a line beside the others, `rest`, and beside what was said of the same group before.
    fn compare(
        &mut self,
        given: &Given<'_>,
        facet: &Facet,
        (segment, mut found): (u32, Answer),
        (rest, floor): (Option<Sums>, f64),
    ) {
        let shape = facet.definition.shape;
        let place = self.answers.entry(segment).or_default().len();
        let test = |from: f64, error: f64| {
            let p = minimum_effect_p(found.figure - from, floor, found.standard_error.hypot(error));
            Test { segment, place, p }
        };
        let min_cell = facet.definition.min_cell(given.min_cell);
        let rest = rest.filter(|rest| segment != EVERYONE_SEGMENT && rest.of >= min_cell);
        let others = rest.and_then(|rest| Some((rest.figure()?, rest.standard_error(shape))));
        self.traits.extend(others.map(|(others, error)| test(others, error)));
        let key = given.keys.get(&segment).map(String::as_str);
        let before = |earlier: &Option<Earlier<'_>>| earlier.as_ref().and_then(|it| it.past(facet, &found, key));
        let (last, year_ago) = (before(&given.last), before(&given.year_ago));
        self.changes.extend(last.as_ref().map(|(past, error)| test(past.figure, *error)));
        found.others = others.map(|(others, _)| others);
        found.last = last.map(|(past, _)| past);
        found.year_ago = year_ago.map(|(past, _)| past);
        round(&mut found, shape, facet.definition.protected);
        self.answers.entry(segment).or_default().push(found);
    }

    /// Marks what stands out and what changed.
    fn judge(&mut self) {
        for test in passed(&self.traits) {
            let answer = self.answers.get_mut(&test.segment).and_then(|answers| answers.get_mut(test.place));
            answer.into_iter().for_each(|answer| answer.stands_out = true);
        }
        for test in passed(&self.changes) {
            let answer = self.answers.get_mut(&test.segment).and_then(|answers| answers.get_mut(test.place));
            answer.and_then(|answer| answer.last.as_mut()).into_iter().for_each(|past| past.is_changed = true);
        }
    }
}

/// Whether a revision differs from the one before by the answers of fewer than `min_cell` customers, which would tell them. Who bought
/// otherwise is counted by the revision itself, so that facets of order lines are not judged here.
fn is_of_few(before: &[Facet], facet: &Facet, counted: &Counted, min_cell: u64) -> bool {
    let same = before.iter().find(|other| other.name == facet.name && other.fingerprint == facet.fingerprint);
    let Some(before) = same.filter(|_| facet.definition.source != "stg_order_lines") else { return false };
    let (shape, is_protected) = (facet.definition.shape, facet.definition.protected);
    // What the revision would publish, rounded in the same way: what reads the same tells nothing.
    let now = |before: &Answer| {
        let question = (before.group.clone(), before.item.clone());
        let sums = counted.sums.get(&question)?.get(&EVERYONE_SEGMENT)?;
        let mut found = answer(&facet.name, &question, *sums, shape)?;
        round(&mut found, shape, is_protected);
        Some((found, sums.customers))
    };
    let (mut moved, mut is_other) = (0, false);
    for before in &before.everyone {
        let Some((found, customers)) = now(before) else { continue };
        moved += found.of.abs_diff(before.of) + before.customers.map_or(0, |then| then.abs_diff(customers));
        is_other |= found.figure != before.figure;
    }
    (moved > 0 || is_other) && moved < facet.definition.min_cell(min_cell)
}

fn passed(tests: &[Test]) -> impl Iterator<Item = &Test> {
    let q = benjamini_hochberg(&tests.iter().map(|test| test.p).collect::<Vec<f64>>());
    tests.iter().zip(q).filter(|(_, q)| *q <= FALSE_DISCOVERIES).map(|(test, _)| test)
}

impl Earlier<'_> {
    /// Why a facet is not compared with this report; `None` if it is.
    fn refuses(&self, facet: &Facet) -> Option<String> {
        let Some(before) = self.facets.iter().find(|before| before.name == facet.name) else {
            return Some("no earlier report has it".to_owned());
        };
        if before.fingerprint != facet.fingerprint {
            return Some("its definition changed".to_owned());
        }
        if !facet.definition.compared {
            return Some("it grows with the calendar".to_owned());
        }
        let is_full = match facet.definition.window {
            Window::AsOf => true,
            Window::Period => self.is_period_full,
            Window::Year => self.is_year_full,
        };
        (!is_full).then(|| "the exports do not hold all days of both windows".to_owned())
    }

    /// What was said of the same group, with its standard error; everyone's without a key.
    fn past(&self, facet: &Facet, now: &Answer, key: Option<&str>) -> Option<(Past, f64)> {
        if self.refuses(facet).is_some() {
            return None;
        }
        let answers = match key {
            Some(key) => self.personas.get(key).copied().filter(|_| self.is_same_personas)?,
            None => &self.facets.iter().find(|before| before.name == facet.name)?.everyone,
        };
        let before = answers.iter().find(|before| before.is_same_question(now))?;
        Some((Past { period: self.period, figure: before.figure, is_changed: false }, before.standard_error))
    }
}
