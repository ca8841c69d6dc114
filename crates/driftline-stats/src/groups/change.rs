//! What became of groups since last time: one came apart, one began, two became one, one is too small to go on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::worst;
use super::{DISTANCE_LEAST, Groups, Limits, VALLEY_MOST};
use crate::cluster::{self, Points, Separation, centre, farthest, members, prediction_strength, separation};
use crate::habit::Halves;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A new group, mostly of people who were not there before.
    Born,
    /// A new group out of another one's people.
    Split,
    /// Two groups became one.
    Merged,
    /// Too few are left.
    Closed,
}

/// Something that happened to `group`; `from` is the group that it came out of, or that it took over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: EventKind,
    pub group: u32,
    pub from: Option<u32>,
}

/// Separation of two centres as of one time, by places in [`Groups::centroids`]: over all of the window, and over its last months alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Watched {
    pub first: usize,
    pub second: usize,
    pub whole: Separation,
    pub recent: Separation,
    /// Whether the last months tell something of enough members of both.
    pub is_recent_enough: bool,
    /// As they lay one time earlier, if both were there: what becomes one in the middle of a period is half way at its end.
    #[serde(default)]
    pub before: Option<Lay>,
}

/// How a pair lay at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lay {
    pub whole: Separation,
    pub recent: Separation,
}

impl Lay {
    /// Whether it was two groups then, by all of the window and by its last months, and lies far nearer in those of now.
    fn came_together(&self, now: &Watched) -> bool {
        self.whole.is_at_least(VALLEY_MOST, DISTANCE_LEAST)
            && self.recent.distance >= APART_DISTANCE
            && self.recent.distance >= NEARER_BY * now.recent.distance
    }
}

impl Watched {
    pub fn lay(&self) -> Lay {
        Lay { whole: self.whole, recent: self.recent }
    }
}

/// Parts of a group must lie apart like this, and be found again in either half of its people: stricter than for groups that are
/// looked for together, since every group is tried every time.
const PART_VALLEY_MOST: f64 = 0.35;
const PART_STRENGTH_LEAST: f64 = 0.8;
const PARTS_MOST: usize = 4;

/// Of a third of the fewest members, and of a quarter of its own, enough must be known.
const KNOWN_PART: usize = 3;
const KNOWN_SHARE: usize = 4;
const PART_RESTARTS: usize = 6;
const PART_HALVINGS: usize = 6;

/// Two groups become one when their last months lie nearer than this, and did not before.
const MERGED_DISTANCE: f64 = 1.5;
const APART_DISTANCE: f64 = 2.0;
const NEARER_BY: f64 = 1.5;

/// And are two again when their last months lie this far apart.
const PARTED_DISTANCE: f64 = 2.5;
const RECENT_MIN: usize = 20;

/// From this valley on two centres of one group are one.
const SAME_VALLEY: f64 = 1.0;

/// Rounds in which the centres that an event touched settle.
const SETTLE_ROUNDS: usize = 8;
const SPLITS_MOST: usize = 6;

/// What is known of the people behind the points.
#[derive(Clone, Copy)]
pub struct People<'a> {
    /// Who came lately.
    pub are_new: &'a [bool],
    /// Of whom enough is known: who bought at least three times in the window.
    pub are_known: &'a [bool],
    /// What they bought on odd and on even days, where that is known.
    pub halves: &'a [Halves],
}

/// Looks for groups that came apart or began; edits the groups and tells the events.
///
/// Splits are to be looked for before mergers: newcomers between two groups fill the valley that tells them apart.
pub fn refine(points: &Points, people: &People<'_>, groups: &mut Groups, limits: &Limits) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for _ in 0..SPLITS_MOST {
        let members = members(points, &groups.centroids);
        let found = (0..members.len()).find_map(|place| Some((place, parts(points, &members[place], people, limits)?)));
        let Some((place, parts)) = found else { break };
        let first = groups.centroids.len();
        let from = groups.owners[place];
        // The largest part keeps the place.
        groups.centroids[place] = centre(points, &parts[0]);
        for part in &parts[1..] {
            groups.centroids.push(centre(points, part));
            groups.owners.push(groups.next);
            events.push(Event { kind: EventKind::Split, group: groups.next, from: Some(from) });
            groups.next += 1;
        }
        let edited: Vec<usize> = std::iter::once(place).chain(first..groups.centroids.len()).collect();
        settle(points, groups, &edited, limits.members_min);
    }
    let members = members(points, &groups.centroids);
    for event in &mut events {
        let own = members.iter().zip(&groups.owners).filter(|(_, owner)| **owner == event.group);
        let (new, all) = own.flat_map(|(rows, _)| rows).fold((0, 0), |(new, all), row| {
            (new + usize::from(people.are_new.get(*row).copied().unwrap_or(false)), all + 1)
        });
        if 2 * new >= all.max(1) {
            event.kind = EventKind::Born;
        }
    }
    events
}

/// Parts that a group's members lie in, the largest first; none if they are one.
fn parts(points: &Points, rows: &[usize], people: &People<'_>, limits: &Limits) -> Option<Vec<Vec<usize>>> {
    let least = limits.members_min;
    if rows.len() < 2 * least.max(1) {
        return None;
    }
    let own = points.take(rows);
    let mut best: Option<(Separation, Vec<Vec<usize>>)> = None;
    for count in 2..=PARTS_MOST {
        if rows.len() < count * least {
            break;
        }
        for centroids in starts(&own, rows, people.are_new, count, limits) {
            let parts = members(&own, &centroids);
            if parts.iter().any(|part| part.len() < least) {
                continue;
            }
            let apart = worst(&own, &parts);
            let is_better =
                best.as_ref().is_none_or(|(before, parts)| parts.len() < count || apart.valley < before.valley);
            let is_apart = apart.is_at_least(PART_VALLEY_MOST, DISTANCE_LEAST);
            if is_apart && is_better && are_borne_out(&own, &parts, rows, people, least) {
                best = Some((apart, parts));
            }
        }
    }
    let (_, mut parts) = best?;
    if prediction_strength(&own, parts.len(), PART_HALVINGS, limits.seed) < PART_STRENGTH_LEAST {
        return None;
    }
    parts.sort_by_key(|part| (std::cmp::Reverse(part.len()), part.first().copied()));
    Some(parts.into_iter().map(|part| part.into_iter().map(|row| rows[row]).collect()).collect())
}

/// Whether parts lie apart among those of whom enough is known, too, and by habits. What people who buy rarely happened to buy makes gaps
/// between customers who are alike: who bought more often fills them, or their own other days deny them.
fn are_borne_out(own: &Points, parts: &[Vec<usize>], rows: &[usize], people: &People<'_>, least: usize) -> bool {
    let is_known = |place: &&usize| people.are_known.get(rows[**place]).copied().unwrap_or(false);
    let known: Vec<Vec<usize>> = parts.iter().map(|part| part.iter().filter(is_known).copied().collect()).collect();
    let are_enough = known
        .iter()
        .zip(parts)
        .all(|(known, part)| KNOWN_PART * known.len() >= least && KNOWN_SHARE * known.len() >= part.len());
    let are_two = |first: &[usize], second: &[usize]| {
        let of = |places: &[usize]| places.iter().map(|place| rows[*place]).collect::<Vec<usize>>();
        let (a, b) = (of(first), of(second));
        let by_chance =
            people.halves.iter().filter(|halves| !halves.tell_apart(&a, &b)).map(|halves| halves.at.clone());
        let habits = own.without(&by_chance.collect::<Vec<_>>());
        separation(&habits, first, second).is_at_least(VALLEY_MOST, DISTANCE_LEAST)
    };
    are_enough && (1..known.len()).all(|second| (0..second).all(|first| are_two(&known[first], &known[second])))
}

/// Ways to cut a group in so many parts: by k-means; in two also from its farthest tenth, and from its newcomers.
fn starts(own: &Points, rows: &[usize], is_new: &[bool], count: usize, limits: &Limits) -> Vec<Vec<Vec<f64>>> {
    let mut found = vec![cluster::kmeans(own, count, PART_RESTARTS, limits.seed).centroids];
    if count > 2 {
        return found;
    }
    let all: Vec<usize> = (0..own.rows()).collect();
    let middle = centre(own, &all);
    let far = centre(own, &farthest(own, &middle, 0.1));
    found.push(cluster::lloyd(own, vec![middle, far]).centroids);
    let (new, old): (Vec<usize>, Vec<usize>) =
        all.iter().partition(|row| is_new.get(rows[**row]).copied().unwrap_or(false));
    if new.len() >= limits.members_min && old.len() >= limits.members_min {
        found.push(cluster::lloyd(own, vec![centre(own, &old), centre(own, &new)]).centroids);
    }
    found
}

/// A few rounds in which only the edited centres move; one that loses its members stays where it is.
fn settle(points: &Points, groups: &mut Groups, edited: &[usize], least: usize) {
    for _ in 0..SETTLE_ROUNDS {
        let members = members(points, &groups.centroids);
        for place in edited {
            if 2 * members[*place].len() >= least {
                groups.centroids[*place] = centre(points, &members[*place]);
            }
        }
    }
}

/// How every pair of centres lies now. `recent` are the coordinates of the same people over the last months, and the rows that have any.
pub fn watch(points: &Points, recent: (&Points, &[usize]), groups: &Groups) -> Vec<Watched> {
    let own = members(points, &groups.centroids);
    let mut place_of = vec![usize::MAX; points.rows()];
    for (place, rows) in own.iter().enumerate() {
        rows.iter().for_each(|row| place_of[*row] = place);
    }
    let (recent, rows) = recent;
    let mut own_recent = vec![Vec::new(); own.len()];
    for (row, of) in rows.iter().enumerate() {
        own_recent[place_of[*of]].push(row);
    }
    let mut watched = Vec::new();
    for second in 1..own.len() {
        for first in 0..second {
            watched.push(Watched {
                first,
                second,
                whole: separation(points, &own[first], &own[second]),
                recent: separation(recent, &own_recent[first], &own_recent[second]),
                is_recent_enough: own_recent[first].len().min(own_recent[second].len()) >= RECENT_MIN,
                before: None,
            });
        }
    }
    watched
}

impl Groups {
    /// Groups whose last months no longer tell them apart become one: the larger takes over the other's centre. `before` is how they
    /// lay last time, by the same places; groups of `fresh` are not looked at. `size` gives the members of a group.
    pub fn merge(
        &mut self,
        before: &[Watched],
        now: &[Watched],
        fresh: &[u32],
        size: impl Fn(&Self, u32) -> usize,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for pair in now {
            let owners = [self.owners[pair.first], self.owners[pair.second]];
            let Some(then) = before.iter().find(|then| (then.first, then.second) == (pair.first, pair.second)) else {
                continue;
            };
            let enough = pair.is_recent_enough && then.is_recent_enough;
            let is_near = pair.recent.distance < MERGED_DISTANCE;
            let came_together = std::iter::once(then.lay()).chain(then.before).any(|lay| lay.came_together(pair));
            let may = owners[0] != owners[1] && !owners.iter().any(|owner| fresh.contains(owner));
            if !(may && enough && is_near && came_together) {
                continue;
            }
            let (kept, gone) = if size(self, owners[0]) >= size(self, owners[1]) {
                (owners[0], owners[1])
            } else {
                (owners[1], owners[0])
            };
            self.owners.iter_mut().filter(|owner| **owner == gone).for_each(|owner| *owner = kept);
            events.push(Event { kind: EventKind::Merged, group: kept, from: Some(gone) });
        }
        events
    }

    /// Centres of one group that lie apart in their last months, too, are two groups after all: the smaller gets a number of its own.
    pub fn part(&mut self, now: &[Watched], size: impl Fn(&Self, usize) -> usize) -> Vec<Event> {
        let mut events = Vec::new();
        for pair in now {
            let are_apart = pair.is_recent_enough
                && pair.whole.is_at_least(VALLEY_MOST, DISTANCE_LEAST)
                && pair.recent.distance >= PARTED_DISTANCE;
            if !self.are_one(pair.first, pair.second) || !are_apart {
                continue;
            }
            let is_first = size(self, pair.first) < size(self, pair.second);
            let (from, group) = (self.owners[pair.first], self.next);
            self.owners[if is_first { pair.first } else { pair.second }] = group;
            self.next += 1;
            events.push(Event { kind: EventKind::Split, group, from: Some(from) });
        }
        events
    }

    /// Centres of one group between which there is no valley any more become one.
    pub fn join_centres(&mut self, points: &Points) {
        loop {
            let own = members(points, &self.centroids);
            let pairs = (1..own.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
            let same = pairs.into_iter().find(|(first, second)| {
                self.are_one(*first, *second)
                    && own[*first].len().min(own[*second].len()) >= RECENT_MIN
                    && separation(points, &own[*first], &own[*second]).valley >= SAME_VALLEY
            });
            let Some((first, second)) = same else { return };
            let both: Vec<usize> = own[first].iter().chain(&own[second]).copied().collect();
            self.centroids[first] = centre(points, &both);
            self.remove(second);
        }
    }

    /// Centres with fewer members than `least` are given up, the smallest first, as long as another is left; a group without a centre
    /// is closed.
    pub fn close(&mut self, points: &Points, least: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while self.centroids.len() > 1 {
            let sizes: Vec<usize> = members(points, &self.centroids).iter().map(Vec::len).collect();
            let smallest = (0..sizes.len()).filter(|place| sizes[*place] < least).min_by_key(|place| sizes[*place]);
            let Some(place) = smallest else { break };
            let owner = self.owners[place];
            self.remove(place);
            if !self.owners.contains(&owner) {
                events.push(Event { kind: EventKind::Closed, group: owner, from: None });
            }
        }
        events
    }

    fn remove(&mut self, place: usize) {
        self.centroids.remove(place);
        self.owners.remove(place);
    }
}
