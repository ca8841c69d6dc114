//! How many groups there are: as many kinds as lie apart, else bands of a continuum, else one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DISTANCE_LEAST, Limits, Own, VALLEY_MOST, goes_over};
use crate::cluster::{self, Points, Separation, prediction_strength, separation};

/// What kind of groups a market has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Structure {
    /// Groups with valleys between them.
    Kinds,
    /// Customers differ by degree: stable bands of a continuum.
    Bands,
    /// As many as the job asks for.
    Asked,
    /// Nothing tells customers apart.
    #[default]
    One,
}

/// One number of groups that was looked at. `valley` is the shallowest of all pairs, `distance` the least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    pub groups: usize,
    pub valley: f64,
    pub distance: f64,
    pub smallest: usize,
    /// Prediction strength, where bands were looked for.
    pub strength: Option<f64>,
    /// Share of customers who changed their band within the last months, where bands were looked for.
    pub moved: Option<f64>,
}

/// The same customers as they were some months before, with the rows of today's points that they are.
#[derive(Clone, Copy)]
pub struct Earlier<'a> {
    pub points: &'a Points,
    pub rows: &'a [usize],
}

#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub structure: Structure,
    pub centroids: Vec<Vec<f64>>,
    pub tried: Vec<Tried>,
}

/// Bands must be found again in the other half of the customers this well.
const STRENGTH_LEAST: f64 = 0.75;
const BANDS_MOST: usize = 6;

/// More than two bands must keep their people: not more than this share may have changed them within the last months.
const MOVED_MOST: f64 = 0.1;
const HALVINGS: usize = 16;

/// The largest number of groups of which all pairs lie apart; else the most bands that are found again; else one.
pub fn find(points: &Points, own: &Own<'_>, earlier: Option<Earlier<'_>>, limits: &Limits) -> Found {
    let one =
        || if points.dimensions == 0 { vec![Vec::new()] } else { cluster::kmeans(points, 1, 1, limits.seed).centroids };
    if limits.max <= 1 || points.dimensions == 0 || points.rows() < 2 * limits.members_min.max(1) {
        return Found { structure: Structure::One, centroids: one(), tried: Vec::new() };
    }
    let fit = |groups: usize| cluster::kmeans(points, groups, limits.restarts, limits.seed).centroids;
    if limits.min == limits.max {
        let centroids = fit(limits.min);
        let tried = vec![tried(points, &centroids)];
        return Found { structure: Structure::Asked, centroids, tried };
    }
    let mut looked_at: Vec<(Tried, Vec<Vec<f64>>)> = Vec::new();
    for groups in limits.min.max(2)..=limits.max {
        if points.rows() < groups * limits.members_min.max(1) {
            break;
        }
        let centroids = fit(groups);
        looked_at.push((tried(points, &centroids), centroids));
    }
    let is_large = |tried: &Tried| tried.smallest >= limits.members_min;
    let is_apart = |tried: &Tried| tried.valley <= VALLEY_MOST && tried.distance >= DISTANCE_LEAST;
    let kinds = looked_at.iter().rposition(|(tried, _)| is_large(tried) && is_apart(tried));
    if let Some(place) = kinds {
        let centroids = borne_out(points, own, looked_at[place].1.clone());
        if centroids.len() > 1 {
            let tried = looked_at.into_iter().map(|(tried, _)| tried).collect();
            return Found { structure: Structure::Kinds, centroids, tried };
        }
    }
    let place = bands(points, earlier, &mut looked_at, limits);
    // A job that asks for several gets them, as bands.
    let asked = (limits.min > 1 && !looked_at.is_empty()).then_some(0);
    let chosen = place.or(asked);
    let structure = if chosen.is_some() { Structure::Bands } else { Structure::One };
    let centroids = chosen.map_or_else(one, |place| looked_at[place].1.clone());
    Found { structure, centroids, tried: looked_at.into_iter().map(|(tried, _)| tried).collect() }
}

/// The kinds that their own members' purchases bear out, from the whole down: kinds are put together by nearness (Ward's distances of the
/// centres), and where the two sides of a joint do not lie apart by habits that are reliable among all their members, those that do not are one.
fn borne_out(points: &Points, own: &Own<'_>, centroids: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let members = cluster::members(points, &centroids);
    let mut open = vec![tree(&centroids, &members)];
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    while let Some(joint) = open.pop() {
        match joint {
            Joint::Leaf(leaf) => kinds.push(members[leaf].clone()),
            Joint::Of(left, right) => {
                let (a, b) = (left.leaves(), right.leaves());
                let mut all: Vec<usize> = a.iter().chain(&b).flat_map(|leaf| members[*leaf].iter().copied()).collect();
                all.sort_unstable();
                let apart = Apart { own: own(&all), all: &all, members: &members };
                if apart.are_all(&a, &b) {
                    open.push(*left);
                    open.push(*right);
                } else {
                    kinds.extend(apart.together([a, b].concat()));
                }
            }
        }
    }
    if kinds.len() == centroids.len() {
        return centroids;
    }
    let centres = kinds.iter().map(|rows| cluster::centre(points, rows)).collect();
    cluster::lloyd(points, centres).centroids
}

/// Some kinds by the habits that are reliable among all of their members.
struct Apart<'a> {
    own: Points,
    all: &'a [usize],
    members: &'a [Vec<usize>],
}

impl Apart<'_> {
    fn lie(&self, first: usize, second: usize) -> bool {
        let places = |leaf: usize| -> Vec<usize> {
            self.members[leaf].iter().filter_map(|row| self.all.binary_search(row).ok()).collect()
        };
        let apart = |own| separation(own, &places(first), &places(second)).is_at_least(VALLEY_MOST, DISTANCE_LEAST);
        self.own.dimensions > 0 && apart(&self.own)
    }

    /// Whether every kind of one side lies apart from every kind of the other.
    fn are_all(&self, left: &[usize], right: &[usize]) -> bool {
        left.iter().all(|a| right.iter().all(|b| self.lie(*a, *b)))
    }

    /// Members of the kinds that are left when those that do not lie apart are one.
    fn together(&self, leaves: Vec<usize>) -> Vec<Vec<usize>> {
        let mut found: Vec<Vec<usize>> = Vec::new();
        for leaf in leaves {
            let is_near = |kind: &Vec<usize>| kind.iter().any(|other| !self.lie(*other, leaf));
            let (near, far): (Vec<_>, Vec<_>) = std::mem::take(&mut found).into_iter().partition(is_near);
            found = far;
            found.push(near.into_iter().flatten().chain([leaf]).collect());
        }
        let rows = |kind: Vec<usize>| {
            let mut rows: Vec<usize> = kind.iter().flat_map(|leaf| self.members[*leaf].iter().copied()).collect();
            rows.sort_unstable();
            rows
        };
        found.into_iter().map(rows).collect()
    }
}

/// Kinds put together by nearness.
enum Joint {
    Leaf(usize),
    Of(Box<Joint>, Box<Joint>),
}

impl Joint {
    fn leaves(&self) -> Vec<usize> {
        match self {
            Self::Leaf(leaf) => vec![*leaf],
            Self::Of(left, right) => [left.leaves(), right.leaves()].concat(),
        }
    }
}

/// Ward's joining of the centres: the two whose joining adds the least to the spread, until one is left.
fn tree(centroids: &[Vec<f64>], members: &[Vec<usize>]) -> Joint {
    let mut open: Vec<(Joint, Vec<f64>, f64)> = centroids
        .iter()
        .zip(members)
        .enumerate()
        .map(|(leaf, (centre, rows))| (Joint::Leaf(leaf), centre.clone(), rows.len() as f64))
        .collect();
    while open.len() > 1 {
        let cost = |(first, second): &(usize, usize)| {
            let (a, b) = (&open[*first], &open[*second]);
            let squares: f64 = a.1.iter().zip(&b.1).map(|(x, y)| (x - y) * (x - y)).sum();
            a.2 * b.2 / (a.2 + b.2).max(1.0) * squares
        };
        let pairs = (1..open.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        let nearest = pairs.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or((0, 1));
        let (right, centre, count) = open.remove(nearest.1);
        let (left, other, others) = open.remove(nearest.0);
        let all = (count + others).max(1.0);
        let middle = other.iter().zip(&centre).map(|(x, y)| (others * x + count * y) / all).collect();
        open.push((Joint::Of(Box::new(left), Box::new(right)), middle, all));
    }
    open.pop().map_or(Joint::Leaf(0), |(joint, ..)| joint)
}

/// The last of the numbers, from the least on, at which bands are found again, keep their people, and none is too small.
fn bands(
    points: &Points,
    earlier: Option<Earlier<'_>>,
    looked_at: &mut [(Tried, Vec<Vec<f64>>)],
    limits: &Limits,
) -> Option<usize> {
    let mut best = None;
    for (place, (tried, centroids)) in looked_at.iter_mut().enumerate() {
        if tried.groups > BANDS_MOST.max(limits.min) {
            break;
        }
        let strength = prediction_strength(points, tried.groups, HALVINGS, limits.seed);
        tried.strength = Some(strength);
        tried.moved = earlier.map(|earlier| moved(points, earlier, centroids));
        let keep_people = tried.groups == 2 || tried.moved.is_none_or(|moved| moved <= MOVED_MOST);
        if strength < STRENGTH_LEAST || tried.smallest < limits.members_min || !keep_people {
            break;
        }
        best = Some(place);
    }
    best
}

/// Share of those who were there before who would be in another band now, with the slack of its borders.
fn moved(points: &Points, earlier: Earlier<'_>, centroids: &[Vec<f64>]) -> f64 {
    let is_over = |place: &usize| {
        let (then, now) = (earlier.points.row(*place), points.row(earlier.rows[*place]));
        let own = cluster::nearest(centroids, then).0;
        let (nearest, distance) = cluster::nearest(centroids, now);
        nearest != own && goes_over(distance, cluster::nearest(&centroids[own..=own], now).1)
    };
    let over = (0..earlier.rows.len()).filter(is_over).count();
    over as f64 / earlier.rows.len().max(1) as f64
}

/// The worst pair and the smallest group.
fn tried(points: &Points, centroids: &[Vec<f64>]) -> Tried {
    let members = cluster::members(points, centroids);
    let Separation { valley, distance } = worst(points, &members);
    let smallest = members.iter().map(Vec::len).min().unwrap_or(0);
    Tried { groups: centroids.len(), valley, distance, smallest, strength: None, moved: None }
}

/// Over all pairs of groups the shallowest valley and the least distance.
pub(super) fn worst(points: &Points, members: &[Vec<usize>]) -> Separation {
    let mut worst = Separation { valley: 0.0, distance: f64::MAX };
    for second in 1..members.len() {
        for first in 0..second {
            let found = separation(points, &members[first], &members[second]);
            worst.valley = worst.valley.max(found.valley);
            worst.distance = worst.distance.min(found.distance);
        }
    }
    worst
}
