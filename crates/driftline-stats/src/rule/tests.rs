use super::*;
use crate::random::SplitMix64;

/// Uniform columns from 0 to 100; some rows have no value in the last column.
fn cloud(rows: usize, columns: usize, seed: u64) -> Points {
    let mut random = SplitMix64::new(seed);
    let mut value = |index: usize| {
        let value = 100.0 * random.next_f64();
        if index % columns == columns - 1 && random.below(20) == 0 { f64::NAN } else { value }
    };
    Points { dimensions: columns, values: (0..rows * columns).map(&mut value).collect() }
}

fn tens(columns: usize) -> Vec<Vec<f64>> {
    vec![(1..10).map(|ten| 10.0 * f64::from(ten)).collect(); columns]
}

const fn at_least(column: usize, threshold: f64) -> Bound {
    Bound { column, at_least: true, threshold }
}

const fn below(column: usize, threshold: f64) -> Bound {
    Bound { column, at_least: false, threshold }
}

/// The rule found for members planted by a rule, one in `noise` of whom is anybody instead.
fn check(planted: &[Bound], noise: usize, expected: &[Bound]) {
    let points = cloud(4000, 4, 7);
    let mut random = SplitMix64::new(8);
    let member = |row| {
        let is_planted = planted.iter().all(|bound| bound.holds(points.row(row)));
        if random.below(noise) == 0 { random.below(2) == 0 } else { is_planted }
    };
    let is_member: Vec<bool> = (0..points.rows()).map(member).collect();
    assert_eq!(search(&points, &is_member, &tens(4), 3), expected, "{planted:?} with one in {noise} at random");
}

#[test]
fn planted_rules_are_found_and_nothing_is_added_to_them() {
    let corner = [at_least(0, 60.0), below(1, 40.0)];
    let three = [at_least(0, 30.0), below(1, 70.0), at_least(3, 40.0)];
    let band = [at_least(2, 30.0), below(2, 60.0)];
    for (planted, noise, expected) in [
        (&corner[..1], 1000, &corner[..1]),
        (&corner, 1000, &corner),
        (&corner, 10, &corner),
        (&three, 1000, &three),
        (&three, 15, &three),
        (&band, 1000, &band),
        // A bound on a column with missing values.
        (&[below(3, 20.0)], 1000, &[below(3, 20.0)]),
    ] {
        check(planted, noise, expected);
    }
}

#[test]
fn what_cannot_be_told_apart_has_no_rule() {
    let points = cloud(2000, 3, 1);
    let mut random = SplitMix64::new(2);
    let anybody: Vec<bool> = (0..points.rows()).map(|_| random.below(3) == 0).collect();
    for (is_member, what) in
        [(anybody, "anybody"), (vec![false; points.rows()], "nobody"), (vec![true; points.rows()], "everybody")]
    {
        assert_eq!(search(&points, &is_member, &tens(3), 3), [], "{what}");
    }
    let none = Points { dimensions: 3, values: Vec::new() };
    assert_eq!(search(&none, &[], &tens(3), 3), []);
    let is_member: Vec<bool> = (0..points.rows()).map(|row| points.row(row)[0] < 50.0).collect();
    assert_eq!(search(&points, &is_member, &vec![Vec::new(); 3], 3), [], "no thresholds");
}

#[test]
fn of_two_columns_that_say_the_same_the_first_is_taken() {
    let one = cloud(1000, 2, 4);
    let values = (0..one.rows()).flat_map(|row| [one.row(row)[1], one.row(row)[0], one.row(row)[0]]).collect();
    let points = Points { dimensions: 3, values };
    let is_member: Vec<bool> = (0..points.rows()).map(|row| points.row(row)[2] >= 70.0).collect();
    assert_eq!(search(&points, &is_member, &tens(3), 3), [at_least(1, 70.0)]);
}

#[test]
fn thresholds_are_round_and_have_values_on_both_sides() {
    let whole = f64::round as fn(f64) -> f64;
    let tens = |value: f64| 10.0 * (value / 10.0).round();
    let hundred: Vec<f64> = (0..=100).map(f64::from).collect();
    for (everyone, members, round, expected) in [
        (
            &hundred[..],
            &[][..],
            &tens as &dyn Fn(f64) -> f64,
            &[10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0][..],
        ),
        (&[0.0, 0.0, 0.0, 2.0], &[2.0], &whole, &[2.0]),
        (&[5.0; 9], &[5.0], &whole, &[]),
        (&[f64::NAN], &[], &whole, &[]),
        (&[1.0, f64::NAN, 3.0], &[3.0], &whole, &[3.0]),
    ] {
        assert_eq!(thresholds(everyone, members, round), expected, "{everyone:?} {members:?}");
    }
}

/// Ten groups of twenty thousand rows with twenty columns: about a second in release.
#[test]
#[ignore = "a measurement: cargo test --release -p driftline-stats rule -- --ignored --nocapture"]
fn search_of_many_rows_is_quick() {
    let points = cloud(20_000, 20, 5);
    let edges: Vec<Vec<f64>> = vec![(1..40).map(|edge| 2.5 * f64::from(edge)).collect(); 20];
    let start = std::time::Instant::now();
    for group in 0..10 {
        let is_member: Vec<bool> = (0..points.rows())
            .map(|row| points.row(row)[group] > 55.0 && points.row(row)[group + 5] < 45.0 && points.row(row)[0] > 9.0)
            .collect();
        assert!(!search(&points, &is_member, &edges, 1).is_empty());
    }
    println!("{:?}", start.elapsed());
}
