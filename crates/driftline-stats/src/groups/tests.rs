use super::*;
use crate::cluster::Points;
use crate::random::SplitMix64;

const LIMITS: Limits = Limits { min: 1, max: 8, members_min: 30, restarts: 8, seed: 1 };

/// So many points about each centre, with deviation 1.
fn points(groups: &[(usize, [f64; 3])], seed: u64) -> Points {
    let mut random = SplitMix64::new(seed);
    let all = groups.iter().flat_map(|(count, centre)| vec![*centre; *count]);
    let values = all.flat_map(|centre| centre.map(|at| at + random.next_normal())).collect::<Vec<f64>>();
    Points { dimensions: 3, values }
}

/// Every coordinate is borne out.
fn find_all(points: &Points, earlier: Option<Earlier<'_>>, limits: &Limits) -> Found {
    find(points, &|rows| points.take(rows), earlier, limits)
}

const FAR: [[f64; 3]; 4] = [[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]];

/// Planted groups, and what is found: the structure and the number.
#[test]
fn as_many_groups_as_lie_apart() {
    let near = [[0.0; 3], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0]];
    type Case = (&'static str, Vec<(usize, [f64; 3])>, Structure, Option<usize>);
    let cases: [Case; 6] = [
        ("four", FAR.map(|centre| (300, centre)).to_vec(), Structure::Kinds, Some(4)),
        ("uneven", vec![(900, FAR[0]), (60, FAR[1]), (40, FAR[2])], Structure::Kinds, Some(3)),
        ("below the floor", vec![(900, FAR[0]), (400, FAR[1]), (20, FAR[2])], Structure::Kinds, Some(2)),
        ("a cloud", vec![(1500, near[0])], Structure::One, Some(1)),
        ("a stretched cloud", near.map(|centre| (500, centre)).to_vec(), Structure::One, None),
        ("few", vec![(40, FAR[0])], Structure::One, Some(1)),
    ];
    for (what, groups, structure, count) in cases {
        let found = find_all(&points(&groups, 5), None, &LIMITS);
        if let Some(count) = count {
            let bands = found.structure == Structure::Bands && structure == Structure::One;
            assert!(
                bands || (found.structure, found.centroids.len()) == (structure, count),
                "{what}: {:?}",
                found.tried
            );
        }
        assert_ne!((found.structure, structure), (Structure::Kinds, Structure::One), "{what}: {:?}", found.tried);
    }
    let asked = find_all(&points(&[(900, FAR[0])], 5), None, &Limits { min: 3, max: 3, ..LIMITS });
    assert_eq!((asked.structure, asked.centroids.len()), (Structure::Asked, 3));
}

/// Groups of before, points of now with who of them is new, and the events that must be told.
#[test]
fn groups_come_apart_begin_and_go_on() {
    let mut begun = Groups::of(vec![FAR[0].to_vec(), FAR[1].to_vec()]);
    let same = points(&[(300, FAR[0]), (300, FAR[1])], 6);
    assert_eq!(
        refine(&same, &People { are_new: &[false; 600], are_known: &[true; 600], halves: &[] }, &mut begun, &LIMITS),
        []
    );
    assert_eq!(begun, Groups::of(vec![FAR[0].to_vec(), FAR[1].to_vec()]), "what nothing happened to stands as it was");

    let more = points(&[(300, FAR[0]), (300, FAR[1]), (80, FAR[2])], 7);
    for (is_new, kind) in [(true, EventKind::Born), (false, EventKind::Split)] {
        let mut groups = begun.clone();
        let new: Vec<bool> = (0..680).map(|row| is_new && row >= 600).collect();
        let events =
            refine(&more, &People { are_new: &new, are_known: &[true; 680], halves: &[] }, &mut groups, &LIMITS);
        assert_eq!(events, [Event { kind, group: 3, from: Some(1) }]);
        assert_eq!((groups.owners.as_slice(), groups.next), ([1, 2, 3].as_slice(), 4));
        assert_eq!(groups.centroids[1], begun.centroids[1], "the other group stands as it was");
    }
}

#[test]
fn two_groups_become_one_by_their_last_months() {
    let year = points(&[(300, FAR[0]), (200, FAR[1]), (200, FAR[2])], 8);
    let groups = Groups::of(FAR[..3].iter().map(|centre| centre.to_vec()).collect());
    let rows: Vec<usize> = (0..700).collect();
    let before = watch(&year, (&year, &rows), &groups);
    // The last months of the second and third lie together.
    let together = points(&[(300, FAR[0]), (400, FAR[3])], 9);
    let now = watch(&year, (&together, &rows), &groups);
    let sizes = |_: &Groups, group: u32| if group == 3 { 250 } else { 200 };
    let mut merged = groups.clone();
    let events = merged.merge(&before, &now, &[], sizes);
    assert_eq!(events, [Event { kind: EventKind::Merged, group: 3, from: Some(2) }]);
    assert_eq!(merged.owners, [1, 3, 3]);
    // Not with a group that has just begun, and not if they lay as near before.
    assert_eq!(groups.clone().merge(&before, &now, &[2], sizes), []);
    assert_eq!(groups.clone().merge(&now, &now, &[], sizes), []);
    // What lies apart in the last months again was never one.
    let mut parted = merged.clone();
    assert_eq!(parted.part(&now, |_, _| 1), []);
    assert_eq!(parted.part(&before, |_, place| place), [Event { kind: EventKind::Split, group: 4, from: Some(3) }]);
    assert_eq!(parted.owners, [1, 4, 3]);
    // In the middle of a period: half way at its end, and by then near.
    let half_way = points(&[(300, FAR[0]), (200, [0.0, 1.4, 9.0]), (200, [1.4, 0.0, 9.0])], 13);
    let mut then = watch(&year, (&half_way, &rows), &groups);
    assert_eq!(groups.clone().merge(&before, &then, &[], sizes), [], "not near yet: {then:?}");
    then.iter_mut().zip(&before).for_each(|(then, before)| then.before = Some(before.lay()));
    assert_eq!(groups.clone().merge(&then, &now, &[], sizes).len(), 1, "{then:?}");
    // Both centres stay while the year tells them apart, and become one when it does not.
    let mut settled = merged.clone();
    settled.join_centres(&year);
    assert_eq!(settled, merged);
    settled.join_centres(&points(&[(300, FAR[0]), (2000, [6.5, 6.5, 0.0])], 10));
    assert_eq!(settled.owners, [1, 3]);
}

#[test]
fn a_handful_is_closed() {
    let mut groups = Groups::of(FAR[..2].iter().map(|centre| centre.to_vec()).collect());
    let few = points(&[(300, FAR[0]), (12, FAR[1])], 11);
    assert_eq!(groups.close(&few, 20), [Event { kind: EventKind::Closed, group: 2, from: None }]);
    assert_eq!((groups.owners.as_slice(), groups.next), ([1].as_slice(), 3));
    assert_eq!(groups.close(&few, 20), []);
}

/// A long cloud is found again in two and in three bands; three are taken only if their people stay in them.
#[test]
fn bands_keep_their_people() {
    let mut random = SplitMix64::new(12);
    let along: Vec<f64> = (0..2000).map(|_| random.next_f64() * 12.0).collect();
    let at = |noise: f64, random: &mut SplitMix64| {
        let values = along.iter().flat_map(|place| [place + noise * random.next_normal(), 0.2 * random.next_normal()]);
        Points { dimensions: 2, values: values.collect() }
    };
    let now = at(0.1, &mut random);
    let rows: Vec<usize> = (0..2000).collect();
    let bands = |noise: f64, random: &mut SplitMix64| {
        let points = at(noise, random);
        let found = find_all(&now, Some(Earlier { points: &points, rows: &rows }), &LIMITS);
        assert_eq!(found.structure, Structure::Bands, "{:?}", found.tried);
        found.centroids.len()
    };
    let (steady, restless) = (bands(0.1, &mut random), bands(4.0, &mut random));
    assert!(steady > 2 && restless == 2, "{steady} {restless}");
}

/// What only some coordinates tell apart, which the members' own purchases do not bear out, is no kind and no event.
#[test]
fn gaps_of_chance_are_no_groups() {
    let all = points(&[(300, FAR[0]), (300, FAR[1]), (200, FAR[2]), (200, [9.0, 9.0, 0.0])], 14);
    // Among all, and among the two on either side, only the first coordinate is reliable.
    let first = |rows: &[usize]| {
        let taken = all.take(rows);
        Points { dimensions: 1, values: (0..taken.rows()).map(|row| taken.row(row)[0]).collect() }
    };
    let found = find(&all, &first, None, &LIMITS);
    assert_eq!((found.structure, found.centroids.len()), (Structure::Kinds, 2), "{:?}", found.tried);
    // Nor does a group come apart if all that make the gap are people who bought once.
    let mut groups = Groups::of(found.centroids.clone());
    let known: Vec<bool> = (0..1000).map(|row| row < 600).collect();
    let people = People { are_new: &[false; 1000], are_known: &known, halves: &[] };
    assert_eq!(refine(&all, &people, &mut groups, &LIMITS), []);
    assert_eq!(refine(&all, &People { are_known: &[true; 1000], ..people }, &mut groups, &LIMITS).len(), 2);
    let none = |_: &[usize]| Points { dimensions: 0, values: Vec::new() };
    assert_ne!(find(&all, &none, None, &LIMITS).structure, Structure::Kinds);
}
