use super::*;

/// Rows of one group: their hashes, which are their times too.
fn group(number: u32, values: &[u64]) -> Vec<Row> {
    let row =
        |(place, hash): (usize, &u64)| Row { hash: *hash, group: number, place: place as u32, time: *hash as i64 };
    values.iter().enumerate().map(row).collect()
}

fn within(values: &[u64]) -> Option<(u64, u64)> {
    find(group(0, values), true).within.map(|within| (within.repeated, within.rows))
}

#[test]
fn a_copy_is_found_with_what_it_has_in_common() {
    let rows = |range: std::ops::Range<u64>| range.collect::<Vec<u64>>();
    let found = find([group(0, &rows(0..100)), group(1, &rows(90..200)), group(2, &rows(0..100))].concat(), true);
    let expected = Between { first: 0, second: 2, rows: 100, hashes: rows(0..100), others: 1 };
    assert_eq!(found.between, Some(expected));
    assert_eq!(found.within, None);
    assert_eq!(find([group(0, &rows(0..100)), group(1, &rows(100..200))].concat(), true), Repeats::default());
}

#[test]
fn equal_lines_of_an_order_are_no_repeats_and_what_is_appended_is() {
    let orders: Vec<u64> = (0..100).collect();
    let half_twice: Vec<u64> = orders.iter().flat_map(|order| vec![*order; 1 + *order as usize % 2]).collect();
    assert_eq!(within(&half_twice), None, "half of the orders have two equal lines");
    assert_eq!(within(&[&orders[..], &orders[40..60]].concat()), Some((20, 120)));
    assert_eq!(within(&[&half_twice[..], &half_twice[50..60]].concat()).map(|found| found.1), Some(160));
    let whole = [&orders[..], &orders[..]].concat();
    assert_eq!(within(&whole), Some((100, 200)));
    let mut sorted = whole.clone();
    sorted.sort_unstable();
    assert_eq!(within(&sorted), Some((100, 200)), "every row twice, beside each other");
}

#[test]
fn in_no_order_a_block_and_a_whole_repetition_are_told() {
    let shuffled: Vec<u64> = (0..100).map(|number| number * 37 % 101).collect();
    assert_eq!(within(&[&shuffled[..], &shuffled[10..40]].concat()), Some((30, 130)));
    assert_eq!(within(&[&shuffled[..], &shuffled[10..20]].concat()), None, "too few to be no chance");
    let scattered: Vec<u64> = (0..40).map(|number| shuffled[number * number % 97]).collect();
    assert_eq!(within(&[&shuffled[..], &scattered[..]].concat()), None);
    let baskets: Vec<u64> = shuffled.chunks(2).flat_map(|pair| [pair, pair].concat()).chain(200..300).collect();
    assert_eq!(within(&baskets), None, "orders of two lines, each there twice");
    assert_eq!(within(&[&shuffled[..], &shuffled[..]].concat()), Some((100, 200)));
    let rows = [&(0..100).collect::<Vec<u64>>()[..], &[7, 8]].concat();
    assert_eq!(find(group(0, &rows), false).within, None, "without times");
}

#[test]
fn hashes_that_come_again_are_listed_once() {
    assert_eq!(repeated(vec![3, 1, 3, 2, 1, 3]), [1, 3]);
}
