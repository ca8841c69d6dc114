//! The rule by hand, on random overlaps, and on towns whose groups are found by k-means.

use super::*;

fn trace_of(parents: &[u64], children: &[u64], shared: &[&[u64]]) -> (Vec<Origin>, Vec<Fate>) {
    let overlaps = Overlaps {
        parents: parents.to_vec(),
        children: children.to_vec(),
        shared: shared.iter().map(|line| line.to_vec()).collect(),
    };
    trace(&overlaps, &Thresholds::default())
}

#[test]
fn a_group_that_keeps_its_people_survives_under_any_number() {
    let (origins, fates) = trace_of(&[100, 200], &[190, 110], &[&[5, 90], &[170, 10]]);
    assert!(matches!(origins[1], Origin::Survived { parent: 0, strong: true, .. }), "{origins:?}");
    assert!(matches!(origins[0], Origin::Survived { parent: 1, strong: true, .. }));
    assert_eq!(fates, [Fate::Survived { child: 1 }, Fate::Survived { child: 0 }]);
}

#[test]
fn a_group_in_two_halves_is_split_and_the_larger_keeps_the_key() {
    let (origins, fates) = trace_of(&[100], &[60, 45], &[&[55, 40]]);
    assert_eq!(origins[0], Origin::SplitFrom { parent: 0, keeps_key: true });
    assert_eq!(origins[1], Origin::SplitFrom { parent: 0, keeps_key: false });
    assert_eq!(fates, [Fate::Split { children: vec![0, 1] }]);
}

#[test]
fn two_groups_in_one_are_merged() {
    let (origins, fates) = trace_of(&[100, 80], &[170], &[&[90], &[70]]);
    assert_eq!(origins, [Origin::Merged { parents: vec![0, 1], keeps_key_of: Some(0) }]);
    assert_eq!(fates, [Fate::Merged { child: 0 }, Fate::Merged { child: 0 }]);
}

#[test]
fn new_people_make_an_emerged_group_and_leavers_a_faded_one() {
    let (origins, fates) = trace_of(&[100, 100], &[100, 300], &[&[95, 0], &[3, 2]]);
    assert!(matches!(origins[0], Origin::Survived { parent: 0, .. }));
    assert_eq!(origins[1], Origin::Emerged { of_new_people: true });
    assert_eq!(fates[1], Fate::PeopleLeft);
}

#[test]
fn the_rule_is_total_on_random_overlaps() {
    let mut random = driftline_stats::random::SplitMix64::new(11);
    for _ in 0..2000 {
        let (parents, children) = (1 + random.below(6), 1 + random.below(6));
        let shared: Vec<Vec<u64>> =
            (0..parents).map(|_| (0..children).map(|_| random.below(120) as u64).collect()).collect();
        let overlaps = Overlaps {
            parents: shared.iter().map(|line| line.iter().sum::<u64>() + random.below(50) as u64).collect(),
            children: (0..children)
                .map(|j| shared.iter().map(|line| line[j]).sum::<u64>() + random.below(50) as u64)
                .collect(),
            shared,
        };
        let (origins, fates) = trace(&overlaps, &Thresholds::default());
        assert_eq!((origins.len(), fates.len()), (children, parents));
        for (i, fate) in fates.iter().enumerate() {
            match fate {
                Fate::Survived { child } => {
                    assert!(matches!(origins[*child], Origin::Survived { parent, .. } if parent == i))
                }
                Fate::Merged { child } => {
                    assert!(matches!(&origins[*child], Origin::Merged { parents, .. } if parents.contains(&i)))
                }
                Fate::Split { children } => {
                    for child in children {
                        assert!(matches!(origins[*child], Origin::SplitFrom { parent, .. } if parent == i));
                    }
                }
                Fate::PeopleLeft | Fate::PeopleDispersed => {}
            }
        }
    }
}

/// Customers with two habits, at the centres of their groups.
struct Town {
    random: driftline_stats::random::SplitMix64,
    /// Key and place of each customer.
    people: Vec<(u64, [f64; 2])>,
}

/// What happens between two quarters of a town of four groups.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// The same people, seen again.
    Nothing,
    /// Two groups become one each other's neighbours.
    Merge,
    /// A group falls apart into two.
    Split,
    /// New people come with habits of their own.
    Emerge,
    /// A group's people leave.
    Fade,
}

const CENTRES: [[f64; 2]; 4] = [[0.0, 0.0], [12.0, 0.0], [0.0, 12.0], [12.0, 12.0]];

impl Town {
    fn new(seed: u64) -> Self {
        Self { random: driftline_stats::random::SplitMix64::new(seed), people: Vec::new() }
    }

    fn near(&mut self, centre: [f64; 2]) -> [f64; 2] {
        centre.map(|middle| middle + self.random.next_normal())
    }

    /// Group of each customer is their key by 4, but for those who came later.
    fn first_quarter(&mut self) {
        for key in 0..600u64 {
            let place = self.near(CENTRES[(key % 4) as usize]);
            self.people.push((key, place));
        }
    }

    /// The same people a quarter later: a tenth stays away, everyone's habits are drawn again.
    fn second_quarter(&mut self, event: Event) {
        let people = std::mem::take(&mut self.people);
        for (key, _) in people {
            let group = key % 4;
            if self.random.next_f64() < 0.1 || (event == Event::Fade && group == 3) {
                continue;
            }
            let centre = match (event, group) {
                (Event::Merge, 2 | 3) => [6.0, 14.0],
                (Event::Split, 3) if key % 8 == 3 => [24.0, 12.0],
                (Event::Split, 3) => [12.0, 24.0],
                _ => CENTRES[group as usize],
            };
            let place = self.near(centre);
            self.people.push((key, place));
        }
        if event == Event::Emerge {
            for key in 1000..1150 {
                let place = self.near([30.0, 30.0]);
                self.people.push((key, place));
            }
        }
    }

    /// Segments by k-means on the rows in some order, as numbers that mean nothing.
    fn segments(&mut self, count: usize, shuffle: bool, seed: u64) -> std::collections::BTreeMap<u64, usize> {
        if shuffle {
            for place in (1..self.people.len()).rev() {
                let other = self.random.below(place + 1);
                self.people.swap(place, other);
            }
        }
        let values: Vec<f64> = self.people.iter().flat_map(|(_, place)| *place).collect();
        let points = driftline_stats::cluster::Points { dimensions: 2, values };
        let found = driftline_stats::cluster::kmeans(&points, count, 10, seed);
        let nearest = |row: usize| driftline_stats::cluster::nearest(&found.centroids, points.row(row)).0;
        self.people.iter().enumerate().map(|(row, (key, _))| (*key, nearest(row))).collect()
    }
}

fn lineage_of(event: Event, seed: u64) -> (Vec<Origin>, Vec<Fate>) {
    let mut town = Town::new(seed);
    town.first_quarter();
    let before = town.segments(4, false, seed);
    town.second_quarter(event);
    let groups = match event {
        Event::Nothing => 4,
        Event::Merge | Event::Fade => 3,
        Event::Split | Event::Emerge => 5,
    };
    // Another seed numbers the segments otherwise, another order of rows too.
    let now = town.segments(groups, true, seed ^ 0xABCD);
    let mut overlaps = Overlaps { parents: vec![0; 4], children: vec![0; groups], shared: vec![vec![0; groups]; 4] };
    for segment in before.values() {
        overlaps.parents[*segment] += 1;
    }
    for (key, segment) in &now {
        overlaps.children[*segment] += 1;
        if let Some(parent) = before.get(key) {
            overlaps.shared[*parent][*segment] += 1;
        }
    }
    trace(&overlaps, &Thresholds::default())
}

#[test]
fn planted_events_are_told_right_on_every_seed() {
    const SEEDS: u64 = 200;
    for event in [Event::Nothing, Event::Merge, Event::Split, Event::Emerge, Event::Fade] {
        for seed in 0..SEEDS {
            let (origins, fates) = lineage_of(event, seed);
            let count = |of: &dyn Fn(&Origin) -> bool| origins.iter().filter(|origin| of(origin)).count();
            let found = [
                count(&|origin| matches!(origin, Origin::Survived { .. })),
                count(&|origin| matches!(origin, Origin::Merged { .. })),
                count(&|origin| matches!(origin, Origin::SplitFrom { .. })),
                count(&|origin| matches!(origin, Origin::Emerged { of_new_people: true })),
                fates.iter().filter(|fate| matches!(fate, Fate::PeopleLeft)).count(),
            ];
            let expected = match event {
                Event::Nothing => [4, 0, 0, 0, 0],
                Event::Merge => [2, 1, 0, 0, 0],
                Event::Split => [3, 0, 2, 0, 0],
                Event::Emerge => [4, 0, 0, 1, 0],
                Event::Fade => [3, 0, 0, 0, 1],
            };
            assert_eq!(found, expected, "{event:?}, seed {seed}: {origins:?} {fates:?}");
        }
    }
}
