//! From sums over customers to a figure with its range.
//!
//! Every shape is a ratio of two sums over customers: who said yes by who was asked, money of an item by all money, a sum of numbers
//! by how many have one, events by exposure. Its error is that of a ratio estimate with customers drawn at random (Cochran 1977,
//! *Sampling Techniques*, eq. 6.13), never that of independent events; a share of people has Wilson's range.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};

use driftline_stats::significance::normal_quantile;

use super::{Answer, Shape};

/// Sums over the customers of a group: `part` and `whole` are what each adds above and below the line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Customers who count.
    pub of: u64,
    /// Those whose part is not zero.
    pub customers: u64,
    pub part: f64,
    /// The same without its sign, by which one sees who holds it.
    pub part_size: f64,
    pub whole: f64,
    pub part_squares: f64,
    pub whole_squares: f64,
    pub products: f64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.of += other.of;
        self.customers += other.customers;
        self.part += other.part;
        self.part_size += other.part_size;
        self.whole += other.whole;
        self.part_squares += other.part_squares;
        self.whole_squares += other.whole_squares;
        self.products += other.products;
    }
}

impl Sub for Sums {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            of: self.of.saturating_sub(other.of),
            customers: self.customers.saturating_sub(other.customers),
            part: self.part - other.part,
            part_size: self.part_size - other.part_size,
            whole: self.whole - other.whole,
            part_squares: self.part_squares - other.part_squares,
            whole_squares: self.whole_squares - other.whole_squares,
            products: self.products - other.products,
        }
    }
}

impl Sums {
    /// Sums of people, each of whom counts once.
    pub fn of_people(customers: u64, of: u64) -> Self {
        let (part, whole) = (customers as f64, of as f64);
        Self { of, customers, part, part_size: part, whole, part_squares: part, whole_squares: whole, products: part }
    }

    /// The ratio; `None` of nothing.
    pub fn figure(&self) -> Option<f64> {
        (self.of > 0 && self.whole > 0.0).then(|| self.part / self.whole)
    }

    /// Its standard error; of a share of people with one more of either kind (Agresti and Caffo 2000, *The American Statistician* 54), so that
    /// it is not zero where all or none say yes.
    pub fn standard_error(&self, shape: Shape) -> f64 {
        let Some(figure) = self.figure() else { return 0.0 };
        let n = self.of as f64;
        if shape == Shape::Has {
            let share = (self.customers as f64 + 1.0) / (n + 2.0);
            return (share * (1.0 - share) / (n + 2.0)).sqrt();
        }
        let residuals = self.part_squares - 2.0 * figure * self.products + figure * figure * self.whole_squares;
        (residuals.max(0.0) * n / (n - 1.0).max(1.0)).sqrt() / self.whole
    }

    /// By how many customers the part is held, in effect (`persona/dominance.rs`).
    pub fn held_by(&self) -> f64 {
        if self.part_squares > 0.0 { self.part_size * self.part_size / self.part_squares } else { self.of as f64 }
    }

    /// Whether all who have anything have the same, so that the sum tells how many they are.
    pub fn is_of_equals(&self) -> bool {
        let of_equals = self.part_squares * self.customers as f64;
        self.customers > 0 && (of_equals - self.part_size * self.part_size).abs() <= 1e-9 * of_equals
    }

    /// The standard deviation of one customer's own figure.
    pub fn spread(&self, shape: Shape) -> f64 {
        self.standard_error(shape) * self.whole / (self.of as f64).sqrt().max(1.0)
    }
}

/// What was counted of one facet: sums by group, item and segment, segment 0 being everyone active.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    pub sums: BTreeMap<(Option<String>, Option<String>), BTreeMap<u32, Sums>>,
    pub items_left_out: u64,
}

/// Most items of a facet that are told one by one.
const ITEMS_MOST: usize = 60;

impl Counted {
    /// Leaves out the items beyond the sixty that most have, by how many have them and then by name.
    pub fn keep_most(&mut self) {
        let people = |sums: &BTreeMap<u32, Sums>| sums.get(&0).map_or(0, |sums| sums.customers);
        let mut order: Vec<_> = self.sums.iter().map(|(key, sums)| (people(sums), key.clone())).collect();
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, key) in order.into_iter().skip(ITEMS_MOST) {
            self.sums.remove(&key);
            self.items_left_out += 1;
        }
    }
}

/// A line of a facet, not yet compared with anything; `None` of nobody, and of a share of an amount that is partly below zero.
pub(super) fn answer(
    facet: &str,
    (group, item): &(Option<String>, Option<String>),
    sums: Sums,
    shape: Shape,
) -> Option<Answer> {
    let figure = sums.figure()?;
    if shape == Shape::Amount && !((0.0..=1.0).contains(&figure) && sums.part_size <= sums.part) {
        return None;
    }
    let standard_error = sums.standard_error(shape);
    let half = normal_quantile(0.975) * standard_error;
    let (low_95, high_95) = match shape {
        Shape::Has => wilson(sums.customers, sums.of),
        Shape::Amount => ((figure - half).max(0.0), (figure + half).min(1.0)),
        Shape::Rate if figure >= 0.0 => ((figure - half).max(0.0), figure + half),
        Shape::Rate | Shape::Mean => (figure - half, figure + half),
    };
    Some(Answer {
        facet: facet.to_owned(),
        group: group.clone(),
        item: item.clone(),
        of: sums.of,
        customers: (shape == Shape::Has).then_some(sums.customers),
        figure,
        low_95,
        high_95,
        standard_error,
        others: None,
        stands_out: false,
        last: None,
        year_ago: None,
    })
}

/// Rounds what is published: shares to four places, other figures to four digits, so that two sums that differ by one person do not tell what
/// that person has; of a protected trait to whole percents, and without counts, so that nobody who joins or leaves can be seen.
pub(super) fn round(answer: &mut Answer, shape: Shape, is_protected: bool) {
    let places = |value: f64, places: i32| (value * 10f64.powi(places)).round() / 10f64.powi(places);
    let digits = |value: f64| {
        if value == 0.0 { 0.0 } else { places(value, 3 - value.abs().log10().floor() as i32) }
    };
    let rounded = |value: f64| match shape {
        _ if is_protected => places(value, 2),
        Shape::Has | Shape::Amount => places(value, 4),
        Shape::Mean | Shape::Rate => digits(value),
    };
    for value in [&mut answer.figure, &mut answer.low_95, &mut answer.high_95] {
        *value = rounded(*value);
    }
    answer.others = answer.others.map(rounded);
    answer.standard_error = digits(answer.standard_error);
    if is_protected {
        answer.customers = None;
    }
}

/// Wilson's (1927) score interval of a share at 95 %.
pub(crate) fn wilson(count: u64, of: u64) -> (f64, f64) {
    let (z, n) = (normal_quantile(0.975), of.max(1) as f64);
    let share = count as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        // Newcombe (1998, Statistics in Medicine 17), table I: 81 of 263 gives .2553 to .3662, 15 of 148 .0624 to .1605.
        for (count, of, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)] {
            let (found_low, found_high) = wilson(count, of);
            assert!((found_low - low).abs() < 5e-5 && (found_high - high).abs() < 5e-5, "{found_low} {found_high}");
        }
    }

    fn sums(customers: &[(f64, f64)]) -> Sums {
        let mut all = Sums::default();
        for (part, whole) in customers {
            all += Sums {
                of: 1,
                customers: u64::from(*part != 0.0),
                part: *part,
                part_size: part.abs(),
                whole: *whole,
                part_squares: part * part,
                whole_squares: whole * whole,
                products: part * whole,
            };
        }
        all
    }

    #[test]
    fn the_error_of_a_mean_is_the_textbooks_and_of_a_ratio_by_customers() {
        // Mean 3, variance 2.5 with n − 1, so .7071 for five.
        let mean = sums(&[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (4.0, 1.0), (5.0, 1.0)]);
        assert_eq!(mean.figure(), Some(3.0));
        assert!((mean.standard_error(Shape::Mean) - 0.5f64.sqrt()).abs() < 1e-12);
        assert!((mean.spread(Shape::Mean) - 2.5f64.sqrt()).abs() < 1e-12);
        // Everybody spends the same share: there is nothing to be unsure of, however much each spends.
        let same = sums(&[(1.0, 4.0), (25.0, 100.0), (2.5, 10.0)]);
        assert_eq!((same.figure(), same.standard_error(Shape::Amount)), (Some(0.25), 0.0));
        // One of a hundred spends nearly all: the range is wide.
        let mut uneven = vec![(1.0, 10.0); 99];
        uneven.push((9_000.0, 10_000.0));
        assert!(sums(&uneven).standard_error(Shape::Amount) > 0.05);
        assert!(sums(&uneven).held_by() < 1.1);
    }

    #[test]
    fn items_that_fewest_have_are_left_out() {
        let mut counted = Counted::default();
        for item in 0..70u64 {
            let key = (None, Some(format!("{item:02}")));
            counted.sums.insert(key, BTreeMap::from([(0, Sums::of_people(item, 100))]));
        }
        counted.keep_most();
        assert_eq!((counted.sums.len(), counted.items_left_out), (60, 10));
        assert!(!counted.sums.contains_key(&(None, Some("09".to_owned()))));
    }
}
