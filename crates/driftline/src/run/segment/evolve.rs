//! Last period's model in this one: it stays, but for what happened to its segments.

use std::collections::BTreeMap;

use driftline_core::personas::lineage::{SegmentEvent, SegmentEventKind};
use driftline_core::personas::segment_model::{ExpectedBuyers, SegmentModel};
use driftline_core::tables::profile::{NO_SEGMENT, OTHER_SEGMENT};
use driftline_stats::cluster::{Points, nearest};
use driftline_stats::groups::{self, EventKind, Groups, Limits, Structure};
use driftline_stats::habit::{self, Halves, Kind, Scale};

use super::people::{Coordinates, People};
use super::subject::{Fit, Last};

/// Somebody is new who first bought within so many days: two quarters.
const NEW_DAYS: f64 = 184.0;

/// Enough is known of somebody with so many purchase days in the window to tell a habit from chance.
const KNOWN_DAYS: f64 = 3.0;

/// Fading: fewer than this part of the members who were expected to buy did, by this many deviations, of so many at least.
const FADED_RATIO: f64 = 0.7;
const FADED_DEVIATIONS: f64 = 4.0;
const FADED_EXPECTED_MIN: f64 = 10.0;

/// The market's own ratio of buyers to expected ones is believed up to here.
const MARKET_RATIO_MOST: f64 = 1.5;

/// Edits last period's model by what happened to its segments.
///
/// Only a market in which shares of items tell customers apart has its births, splits and mergers told: without what people buy the
/// other habits do not separate groups well enough, and events are missed or false (see `sql/DECISIONS.md`).
pub(super) fn evolve(fit: &Fit<'_>, last: &SegmentModel, at: &Coordinates, sample_rows: &[usize]) -> SegmentModel {
    let scales = &last.habits;
    let mut model = SegmentModel { events: Vec::new(), is_redrawn: false, ..last.clone() };
    let tells = scales.iter().any(|scale| scale.is_in_use && scale.kind == Kind::Shares);
    if at.clipped.dimensions == 0 || last.structure == Structure::Asked || !tells {
        model.reason = kept(last, fit, &[]);
        return model;
    }
    let sample = at.clipped.take(sample_rows);
    let limits = limits(fit, sample.rows());
    let mut groups =
        Groups { centroids: last.centroids.clone(), owners: last.segments.clone(), next: last.next_segment };
    let people = Newcomers::of(fit.people, scales, sample_rows);
    let mut events = groups::refine(&sample, &people.seen(), &mut groups, &limits);
    let fresh: Vec<u32> = events.iter().map(|event| event.group).collect();
    let (recent, rows) = fit.people.recent(scales, sample_rows);
    if last.structure != Structure::Bands {
        let now = groups::watch(&sample, (&recent, &rows), &groups);
        let size = |groups: &Groups, group: u32| members(&sample, groups, |place| groups.owners[place] == group);
        events.extend(groups.merge(&last.watched, &now, &fresh, size));
        events.extend(groups.part(&now, |groups, place| members(&sample, groups, |other| other == place)));
    }
    groups.join_centres(&sample);
    events.extend(groups.close(&sample, to_stay(fit, sample.rows())));
    model.events = events.iter().map(|event| told(*event)).collect();
    if !fresh.is_empty() && last.structure == Structure::One {
        model.structure = Structure::Kinds;
    }
    model.reason = kept(last, fit, &model.events);
    (model.centroids, model.segments, model.next_segment) = (groups.centroids, groups.owners, groups.next);
    model
}

/// The search's bounds on a sample: the smallest segment is `members_min`, or one in a hundred customers.
pub(super) fn limits(fit: &Fit<'_>, rows: usize) -> Limits {
    let settings = fit.settings;
    Limits {
        min: settings.min,
        max: settings.max,
        members_min: (fit.least.members as usize).max(rows.div_ceil(100)),
        restarts: settings.restarts,
        seed: settings.seed,
    }
}

/// Who of the rows first bought lately, and of whom enough is known.
pub(super) struct Newcomers {
    are_new: Vec<bool>,
    are_known: Vec<bool>,
    halves: Vec<Halves>,
}

impl Newcomers {
    pub(super) fn of(people: &People, scales: &[Scale], rows: &[usize]) -> Self {
        Self {
            halves: habit::halves(&people.known.year.take(rows), scales),
            are_new: rows.iter().map(|row| people.known.age_days[*row] <= NEW_DAYS).collect(),
            are_known: rows.iter().map(|row| people.known.year.days[*row] >= KNOWN_DAYS).collect(),
        }
    }

    pub(super) fn seen(&self) -> groups::People<'_> {
        groups::People { are_new: &self.are_new, are_known: &self.are_known, halves: &self.halves }
    }
}

/// Members in the sample below which a segment is closed: two thirds of the least, in proportion.
fn to_stay(fit: &Fit<'_>, rows: usize) -> usize {
    let all = fit.people.count().max(1);
    ((fit.least.to_stay() * rows as u64) as usize).div_ceil(all).max(1)
}

/// How many of the sample are nearest to a centre of some places.
fn members(sample: &Points, groups: &Groups, is_counted: impl Fn(usize) -> bool) -> usize {
    (0..sample.rows()).filter(|row| is_counted(nearest(&groups.centroids, sample.row(*row)).0)).count()
}

fn told(event: groups::Event) -> SegmentEvent {
    let kind = match event.kind {
        EventKind::Born => SegmentEventKind::Born,
        EventKind::Split => SegmentEventKind::Split,
        EventKind::Merged => SegmentEventKind::Merged,
        EventKind::Closed => SegmentEventKind::Closed,
    };
    SegmentEvent { kind, segment: event.group, from: event.from }
}

fn kept(last: &SegmentModel, fit: &Fit<'_>, events: &[SegmentEvent]) -> String {
    let since = if last.fitted_in == fit.period { String::new() } else { format!(" from {}", last.fitted_in) };
    match events.len() {
        0 => format!("kept{since}: no segment came apart, began, or became one with another"),
        1 => format!("kept{since}, but for one segment that changed"),
        count => format!("kept{since}, but for {count} changes of segments"),
    }
}

/// Of each segment, how many members are expected to buy in the coming months, by their rates; of those who bought on more than one day,
/// for whoever bought once has no rate of their own to fall behind.
pub(super) fn expected(people: &People, scales: &[Scale], assigned: &[i64], months: f64) -> Vec<ExpectedBuyers> {
    let Some(scale) = scales.iter().find(|scale| scale.kind == Kind::Rate && scale.is_in_use) else {
        return Vec::new();
    };
    let mut found: BTreeMap<u32, ExpectedBuyers> = BTreeMap::new();
    let sums = people.sums();
    for (row, segment) in assigned.iter().enumerate().filter(|(row, _)| people.known.purchase_days[*row] > 1.0) {
        let segment = u32::try_from(*segment).unwrap_or(0);
        let buys = scale.returns_within(sums.repeats[row], sums.months[row], months);
        let none = ExpectedBuyers { segment, months, buyers: 0.0, variance: 0.0 };
        let own = found.entry(segment).or_insert(none);
        own.buyers += buys;
        own.variance += buys * (1.0 - buys);
    }
    found.into_values().collect()
}

/// Segments of last period of whom far fewer bought than their habits would have it, and who were not told to fade before.
pub(super) fn fading(people: &People, last: &Last<'_>) -> Vec<SegmentEvent> {
    let model = last.model;
    let is_near = |months: f64| (months - last.months).abs() < 0.5;
    if model.expected.is_empty() || model.expected.iter().any(|expected| !is_near(expected.months)) {
        return Vec::new();
    }
    let days = last.months * 30.4375;
    let mut bought: BTreeMap<u32, f64> = BTreeMap::new();
    for customer in last.published.iter().filter(|customer| customer.had_repeated) {
        if let Ok(row) = people.known.keys.binary_search(&customer.key)
            && people.known.recency_days[row] <= days
        {
            *bought.entry(u32::try_from(customer.segment).unwrap_or(0)).or_default() += 1.0;
        }
    }
    let sum = |of: &dyn Fn(&ExpectedBuyers) -> f64| model.expected.iter().map(of).sum::<f64>();
    let of = |segment: u32| bought.get(&segment).copied().unwrap_or(0.0);
    let market = (sum(&|own| of(own.segment)) / sum(&|own| own.buyers).max(1e-9)).min(MARKET_RATIO_MOST);
    let judge = |own: &ExpectedBuyers| {
        let expected = own.buyers * market;
        let ratio = of(own.segment) / expected.max(1e-9);
        let deviations = (of(own.segment) - expected) / (own.variance + 1e-9).sqrt();
        let is_fading = expected >= FADED_EXPECTED_MIN && ratio <= FADED_RATIO && deviations < -FADED_DEVIATIONS;
        let is_segment = own.segment != NO_SEGMENT && own.segment != OTHER_SEGMENT;
        (is_fading && is_segment && !model.fading.contains(&own.segment)).then_some(SegmentEvent {
            kind: SegmentEventKind::Faded,
            segment: own.segment,
            // No ratio is told: with the expected number it would give a handful of buyers away.
            from: None,
        })
    };
    model.expected.iter().filter_map(judge).collect()
}
