//! What was published last period, and what its model says of this period's customers.

use std::collections::BTreeMap;

use driftline_core::personas::segment_model::SegmentModel;
use driftline_core::tables::profile::NO_SEGMENT;
use driftline_lake::read::PublishedCustomer;

use super::people::People;
use super::place::assign;
use super::subject::{Fit, Last, Least};

/// Segment of last period by row; none where somebody was not active, or was in none.
pub(super) fn last_rows(people: &People, last: Option<&Last<'_>>) -> Vec<Option<u32>> {
    let published = last.map_or(&[][..], |last| last.published);
    people.known.keys.iter().map(|key| segment_of(published, *key)).collect()
}

fn segment_of(published: &[PublishedCustomer], key: i64) -> Option<u32> {
    let place = published.binary_search_by_key(&key, |customer| customer.key).ok()?;
    u32::try_from(published[place].segment).ok().filter(|segment| *segment != NO_SEGMENT)
}

/// This period's customers by last period's model. One that assigns nobody any more leaves everybody where they were published; who
/// was not there is where most of their new segment was.
pub(super) fn by_last(fit: &Fit<'_>, last: &Last<'_>, assigned: &[i64]) -> Vec<i64> {
    let people = fit.people;
    if people.can_use(last.model) && people.are_told_apart_by(last.model) {
        let at = people.coordinates(&last.model.habits);
        return assign(&at, last.model, &last_rows(people, Some(last)), fit.least);
    }
    as_published(&people.known.keys, assigned, last.published)
}

/// Segments as they were published, by key; who has none is where most of those are who are together with them now.
fn as_published(keys: &[i64], together: &[i64], published: &[PublishedCustomer]) -> Vec<i64> {
    let known: Vec<Option<u32>> = keys.iter().map(|key| segment_of(published, *key)).collect();
    let mut counts: BTreeMap<i64, BTreeMap<u32, u64>> = BTreeMap::new();
    for (with, segment) in together.iter().zip(&known) {
        if let Some(segment) = segment {
            *counts.entry(*with).or_default().entry(*segment).or_default() += 1;
        }
    }
    let most = |counts: &BTreeMap<u32, u64>| {
        counts.iter().max_by_key(|(segment, count)| (**count, u32::MAX - **segment)).map(|(segment, _)| *segment)
    };
    let all = counts.values().flatten().fold(BTreeMap::new(), |mut all: BTreeMap<u32, u64>, (segment, count)| {
        *all.entry(*segment).or_default() += count;
        all
    });
    let everyones = most(&all).unwrap_or(0);
    let usual: BTreeMap<i64, u32> = counts.iter().filter_map(|(with, counts)| Some((*with, most(counts)?))).collect();
    let place = |(with, segment): (&i64, &Option<u32>)| {
        i64::from(segment.unwrap_or_else(|| usual.get(with).copied().unwrap_or(everyones)))
    };
    together.iter().zip(&known).map(place).collect()
}

/// Last period's customers from today's data, by the model that they were published with.
pub fn restated(people: &People, model: &SegmentModel, published: &[PublishedCustomer], least: Least) -> Vec<i64> {
    if people.can_use(model) && people.are_told_apart_by(model) {
        let at = people.coordinates(&model.habits);
        let last = Last { model, is_own: true, published, months: 0.0 };
        return assign(&at, model, &last_rows(people, Some(&last)), least);
    }
    as_published(&people.known.keys, &vec![0; people.count()], published)
}
