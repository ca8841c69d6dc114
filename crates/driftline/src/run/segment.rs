//! Segments of a market: last period's model stays but for what happened to its segments; a market without one gets its own.
//!
//! `people` are the customers as coordinates of habits, `last` what last period's model says of them, `choose` draws a model, `evolve` carries one on, `place` says who is where,
//! `describe` how segments differ, what they are called and by which rule they are told.

mod called;
mod choose;
mod describe;
mod evolve;
mod last;
mod people;
mod place;
mod subject;

use std::collections::BTreeSet;

use driftline_core::personas::lineage::{Continuity, SegmentEventKind};
use driftline_core::personas::segment_model::SegmentModel;
use driftline_core::tables::profile::OTHER_SEGMENT;
use driftline_stats::cluster::prediction_strength;
use driftline_stats::groups::{self, Groups, Structure};

pub use self::last::restated;
use self::last::{by_last, last_rows};
use self::people::Coordinates;
pub use self::people::{Items, People, items_of};
pub use self::place::assign;
use self::place::bounded;
pub use self::subject::{Called, Calling, Fit, Last, Least, Segmented};
use crate::setup::job::Segments;

/// Fits or keeps the model of a market with enough customers of its own.
pub fn fit(fit: &Fit<'_>, last: Option<&Last<'_>>) -> Segmented {
    let sample_rows = fit.people.drawn();
    let outdated = last.and_then(|last| outdated(fit, last));
    let Some(last_model) = last.filter(|_| outdated.is_none()).map(|last| last.model) else {
        let reason = outdated
            .map_or_else(|| "first model of this market".to_owned(), |why| format!("definition changed: {why}"));
        let (scales, at) = fresh(fit);
        let model = choose::draw(fit, scales, &at, &sample_rows);
        let model = SegmentModel { reason, is_redrawn: last.is_some(), ..model };
        return finish(fit, last, model, &at, &sample_rows);
    };
    if let Some((model, at)) = redrawn(fit, last_model, &sample_rows) {
        return finish(fit, last, model, &at, &sample_rows);
    }
    let at = fit.people.coordinates(&last_model.habits);
    let model = evolve::evolve(fit, last_model, &at, &sample_rows);
    finish(fit, last, model, &at, &sample_rows)
}

/// Assigns the customers of a small market by another market's model.
pub fn adopt(fit: &Fit<'_>, parent: &SegmentModel, last: Option<&Last<'_>>) -> Segmented {
    let at = fit.people.coordinates(&parent.habits);
    let model = SegmentModel {
        reason: "the parent market's model".to_owned(),
        events: Vec::new(),
        is_redrawn: last.is_some_and(|last| last.model.habits != parent.habits),
        ..parent.clone()
    };
    let sample_rows = fit.people.drawn();
    let last_rows = last_rows(fit.people, last.filter(|_| !model.is_redrawn));
    let assigned = assign(&at, &model, &last_rows, fit.least);
    let by_last = last.map(|last| by_last(fit, last, &assigned));
    let continuity = continuity(&model, last);
    describe::describe(fit, (&at, &sample_rows), model, (assigned, by_last), continuity)
}

/// Why last period's model cannot be carried on, if so.
fn outdated(fit: &Fit<'_>, last: &Last<'_>) -> Option<&'static str> {
    if !last.is_own {
        Some("last period's model was another market's")
    } else if !fit.people.can_use(last.model) {
        Some("last period's model was made of other habits")
    } else if !is_as_asked(last.model, fit.settings) {
        Some("the job asks for another number of segments")
    } else if !fit.people.are_told_apart_by(last.model) {
        Some("categories or channels have other names than last period's model was made of")
    } else {
        None
    }
}

/// A job that asks for a number of segments has a model of that number, and others have none.
fn is_as_asked(model: &SegmentModel, settings: &Segments) -> bool {
    let distinct: BTreeSet<&u32> = model.segments.iter().collect();
    let is_asked = settings.min == settings.max;
    is_asked == (model.structure == Structure::Asked) && (!is_asked || distinct.len() == settings.max)
}

/// Scales of this period's own, and everyone by them.
fn fresh(fit: &Fit<'_>) -> (Vec<driftline_stats::habit::Scale>, Coordinates) {
    let scales = fit.people.fit_scales(fit.settings, fit.items);
    let at = fit.people.coordinates(&scales);
    (scales, at)
}

/// More customers than this part beyond their bounds, and the bounds are fitted again.
const OTHERS_SHARE_MOST: f64 = 0.05;

/// How well kinds must be found again in either half of the customers to take the place of bands.
const REDRAW_STRENGTH_LEAST: f64 = 0.8;
const REDRAW_HALVINGS: usize = 6;

/// A habit that took no part must be this reliable to have kinds drawn anew.
const GAINED_LEAST: f64 = 0.6;

/// A model that knows more takes the place of one that knew less: kinds that of bands, more kinds by a habit that was chance before that
/// of fewer, anything that of one segment.
fn redrawn(fit: &Fit<'_>, last: &SegmentModel, sample_rows: &[usize]) -> Option<(SegmentModel, Coordinates)> {
    if last.structure == Structure::Asked {
        return None;
    }
    let (scales, at) = fresh(fit);
    let took_part = |name: &str| last.habits.iter().any(|scale| scale.name == name && scale.is_in_use);
    let gained =
        scales.iter().any(|scale| scale.is_in_use && scale.reliability >= GAINED_LEAST && !took_part(&scale.name));
    if at.clipped.dimensions == 0 || (last.structure == Structure::Kinds && !gained) {
        return None;
    }
    let model = choose::draw(fit, scales, &at, sample_rows);
    let kinds = |model: &SegmentModel| model.segments.iter().collect::<BTreeSet<_>>().len();
    let is_better = match (last.structure, model.structure) {
        (Structure::One, Structure::Bands) => true,
        (Structure::Kinds, Structure::Kinds) if kinds(&model) <= kinds(last) => false,
        (_, Structure::Kinds) => {
            let sample = at.clipped.take(sample_rows);
            let strength = prediction_strength(&sample, model.centroids.len(), REDRAW_HALVINGS, fit.settings.seed);
            strength >= REDRAW_STRENGTH_LEAST
        }
        _ => false,
    };
    let reason = match last.structure {
        Structure::One => "definition changed: customers can be told apart now",
        Structure::Kinds => "definition changed: a habit that was mostly chance before tells customers apart now",
        _ => "definition changed: customers fall into kinds now, with valleys between them",
    };
    is_better.then(|| (SegmentModel { reason: reason.to_owned(), is_redrawn: true, ..model }, at))
}

/// Who is where, what the next period needs to know, and how the segments differ.
fn finish(
    fit: &Fit<'_>,
    last: Option<&Last<'_>>,
    model: SegmentModel,
    at: &Coordinates,
    sample_rows: &[usize],
) -> Segmented {
    let continued = last.filter(|last| model.continues(last.model));
    let mut model = match continued {
        Some(last) if last.model.centroids == model.centroids => model,
        _ => bounded(model, at, sample_rows, continued.map(|last| last.model)),
    };
    let last_rows = last_rows(fit.people, continued);
    let mut assigned = assign(at, &model, &last_rows, fit.least);
    let others = assigned.iter().filter(|segment| **segment == i64::from(OTHER_SEGMENT)).count();
    if others as f64 > OTHERS_SHARE_MOST * assigned.len() as f64 {
        // So many are not unlike anybody: what people buy has moved away from where the bounds were fitted.
        model = bounded(model, at, sample_rows, None);
        assigned = assign(at, &model, &last_rows, fit.least);
    }
    if let Some(last) = continued {
        let faded = evolve::fading(fit.people, last);
        let goes_on = |segment: &u32| model.segments.contains(segment);
        model.fading.extend(faded.iter().map(|event| event.segment));
        let faded = faded.into_iter().filter(|event| goes_on(&event.segment)).collect::<Vec<_>>();
        model.fading.retain(|segment| model.segments.contains(segment));
        model.events.extend(faded);
        model.events.sort_by_key(|event| (event.kind == SegmentEventKind::Closed, event.segment, event.kind));
    }
    model.reliabilities = fit.people.reliabilities(&fit.people.fit_scales(fit.settings, fit.items), &model.habits);
    model.expected = evolve::expected(fit.people, &model.habits, &assigned, fit.months);
    model.watched = watched(fit.people, &model, at, sample_rows);
    if let Some(last) = continued.filter(|last| model.segments.len() >= last.model.segments.len()) {
        // Places stay unless a centre was given up.
        let is_same = |place: usize| last.model.segments.get(place) == model.segments.get(place);
        for pair in model.watched.iter_mut().filter(|pair| is_same(pair.first) && is_same(pair.second)) {
            let then = last.model.watched.iter().find(|then| (then.first, then.second) == (pair.first, pair.second));
            pair.before = then.map(groups::Watched::lay);
        }
    }
    let by_last = last.map(|last| by_last(fit, last, &assigned));
    let continuity = continuity(&model, last);
    describe::describe(fit, (at, sample_rows), model, (assigned, by_last), continuity)
}

fn continuity(model: &SegmentModel, last: Option<&Last<'_>>) -> Continuity {
    match last {
        None => Continuity::First,
        Some(last) if model.continues(last.model) => Continuity::Continued,
        Some(_) => Continuity::Redrawn,
    }
}

fn watched(people: &People, model: &SegmentModel, at: &Coordinates, sample_rows: &[usize]) -> Vec<groups::Watched> {
    if at.clipped.dimensions == 0 || model.structure != Structure::Kinds {
        return Vec::new();
    }
    let groups =
        Groups { centroids: model.centroids.clone(), owners: model.segments.clone(), next: model.next_segment };
    let (recent, rows) = people.recent(&model.habits, sample_rows);
    groups::watch(&at.clipped.take(sample_rows), (&recent, &rows), &groups)
}
