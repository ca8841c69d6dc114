//! Groups of customers that stay the same while their people do: how many there are, and which one has come apart, begun, or become one
//! with another.
//!
//! There is no refit of all groups: only centres that an event touches are moved, so a local change leaves all others alone. A group may
//! own several centres: two that became one keep both until nothing tells them apart any more.
//!
//! What was tried, on what, and what lost, is in `sql/DECISIONS.md`.

mod change;
mod number;

use crate::cluster::Points;

pub use self::change::{Event, EventKind, Lay, People, Watched, refine, watch};
pub use self::number::{Earlier, Found, Structure, Tried, find};

/// Coordinates of some of the points by habits that are reliable among them alone, in the order of the rows.
///
/// Where people buy rarely, what each of them happened to buy makes gaps between customers who are alike: kinds must lie apart by what all
/// members of both bear out.
pub type Own<'a> = dyn Fn(&[usize]) -> Points + Sync + 'a;

/// Bounds of the search. Sizes are in points of the sample that is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Fewest and most groups.
    pub min: usize,
    pub max: usize,
    /// Members that a group must have, in points of the sample.
    pub members_min: usize,
    pub restarts: usize,
    pub seed: u64,
}

/// Centres, and the group that each belongs to. Numbers of groups are never used again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    pub centroids: Vec<Vec<f64>>,
    pub owners: Vec<u32>,
    /// The number that the next new group gets.
    pub next: u32,
}

impl Groups {
    /// One group a centre, numbered from 1.
    pub fn of(centroids: Vec<Vec<f64>>) -> Self {
        let count = centroids.len() as u32;
        Self { centroids, owners: (1..=count).collect(), next: count + 1 }
    }

    /// Whether two centres belong to one group.
    fn are_one(&self, first: usize, second: usize) -> bool {
        self.owners[first] == self.owners[second]
    }
}

/// In bands somebody goes over only to a centre that is nearer than this part of the distance to the own one, so that nobody
/// flickers at a border.
const SLACK: f64 = 0.8;

/// Whether somebody in a band goes over to another one, by squared distances to its centre and to the own one's.
pub fn goes_over(to: f64, own: f64) -> bool {
    to < SLACK * SLACK * own
}

/// Two groups are two from this depth of the valley and this distance on: what all pairs must have for groups to be *kinds*.
pub const VALLEY_MOST: f64 = 0.5;
pub const DISTANCE_LEAST: f64 = 3.5;

#[cfg(test)]
mod tests;
