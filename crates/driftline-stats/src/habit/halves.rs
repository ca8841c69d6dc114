//! Whether shares of items that tell two groups apart are habits or chance: what somebody buys on every second purchase day must say what
//! they buy on the others.
//!
//! Who buys rarely and an item now and then has bought it or has not: a gap between people who are alike. The noise of shares is judged for
//! all items of a habit together, and of what is new there is none to judge; halves of the days tell it for one direction and one group.
//!
//! Source: split-half reliability, stepped up to the whole (Spearman 1910 and Brown 1910, *British Journal of Psychology* 3).

use std::ops::Range;

use super::{Kind, Scale, Sums};

/// Shares that make a difference must be this reliable along it, among the members of both groups: half of it is between people.
const RELIABILITY_LEAST: f64 = 0.5;

/// Fewest customers from whom a reliability is told; of fewer, nothing is borne out.
const KNOWN_MIN: usize = 10;

/// Mean shares of a purchase day by item, of the odd and the even days of each customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Halves {
    /// The coordinates that are made of these shares.
    pub at: Range<usize>,
    /// One entry a customer, in the order of the sums; none of whom there is not a day in each half.
    pub shares: Vec<Option<[Vec<f64>; 2]>>,
}

/// Of each group of shares in use whose single days are known.
pub fn halves(sums: &Sums, scales: &[Scale]) -> Vec<Halves> {
    let mut from = 0;
    let mut found = Vec::new();
    for scale in scales.iter().filter(|scale| scale.is_in_use) {
        let at = from..from + scale.dimensions();
        from = at.end;
        let is_it = |name: &str, items: &[String]| name == scale.name && items == scale.items;
        let shares = sums.shares.iter().find(|shares| is_it(&shares.name, &shares.items));
        if let Some(shares) = shares.filter(|shares| scale.kind == Kind::Shares && !shares.odd_sums.is_empty()) {
            let of = |customer| both(shares.of(customer), shares.of_odd(customer));
            found.push(Halves { at, shares: (0..sums.customers()).map(of).collect() });
        }
    }
    found
}

/// Mean shares of the odd days and of the even ones, if there are both.
fn both(all: &[f32], odd: &[f32]) -> Option<[Vec<f64>; 2]> {
    // A day's shares add up to one, but for rounding.
    const DAY: f64 = 0.99;
    let odd: Vec<f64> = odd.iter().map(|share| f64::from(*share)).collect();
    let even: Vec<f64> = all.iter().zip(&odd).map(|(all, odd)| (f64::from(*all) - odd).max(0.0)).collect();
    let mean = |half: Vec<f64>| {
        let days: f64 = half.iter().sum();
        (days >= DAY).then(|| half.into_iter().map(|share| share / days).collect::<Vec<f64>>())
    };
    Some([mean(odd)?, mean(even)?])
}

impl Halves {
    /// Whether two groups of rows differ in these shares by habit: along the line between them, what the odd days say of their members
    /// agrees with what the even days say.
    pub fn tell_apart(&self, first: &[usize], second: &[usize]) -> bool {
        let known = |rows: &[usize]| -> Vec<&[Vec<f64>; 2]> {
            rows.iter().filter_map(|row| self.shares.get(*row)?.as_ref()).collect()
        };
        let (first, second) = (known(first), known(second));
        if first.is_empty() || second.is_empty() || first.len() + second.len() < KNOWN_MIN {
            return false;
        }
        let line: Vec<f64> = centre(&second).iter().zip(centre(&first)).map(|(to, from)| to - from).collect();
        let along = |half: &[f64]| half.iter().zip(&line).map(|(share, weight)| share * weight).sum::<f64>();
        let pairs: Vec<[f64; 2]> = first.iter().chain(&second).map(|[odd, even]| [along(odd), along(even)]).collect();
        let agreement = correlation(&pairs);
        // Of the whole, from that of one half with the other.
        2.0 * agreement >= RELIABILITY_LEAST * (1.0 + agreement)
    }
}

/// Mean of both halves.
fn centre(members: &[&[Vec<f64>; 2]]) -> Vec<f64> {
    let mut sums = vec![0.0; members[0][0].len()];
    for half in members.iter().flat_map(|halves| halves.iter()) {
        sums.iter_mut().zip(half).for_each(|(sum, share)| *sum += share);
    }
    sums.iter_mut().for_each(|sum| *sum /= 2.0 * members.len() as f64);
    sums
}

/// Pearson's; 0 where a side does not vary.
fn correlation(pairs: &[[f64; 2]]) -> f64 {
    let count = pairs.len() as f64;
    let mean = [0, 1].map(|side| pairs.iter().map(|pair| pair[side]).sum::<f64>() / count);
    let product = |a: usize, b: usize| pairs.iter().map(|pair| (pair[a] - mean[a]) * (pair[b] - mean[b])).sum::<f64>();
    let size = libm::sqrt(product(0, 0) * product(1, 1));
    if size <= 1e-12 { 0.0 } else { product(0, 1) / size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    /// Customers of two groups by how often they ever bought the first of two items, one line on each of `days` days, by their own chance of it.
    fn market(chances: [f64; 2], days: usize, seed: u64) -> (Halves, [Vec<usize>; 2]) {
        let mut random = SplitMix64::new(seed);
        let (mut shares, mut rows) = (Vec::new(), [Vec::new(), Vec::new()]);
        for customer in 0..400 {
            let chance = chances[customer % 2];
            let mut halves = [vec![0.0, 0.0], vec![0.0, 0.0]];
            for day in 0..days {
                halves[day % 2][usize::from(random.next_f64() >= chance)] += 1.0;
            }
            let has_bought = halves[0][0] + halves[1][0] > 0.0;
            rows[usize::from(has_bought)].push(customer);
            let mean = |half: &Vec<f64>| half.iter().map(|days| days / half.iter().sum::<f64>()).collect();
            shares.push((days >= 2).then(|| [mean(&halves[0]), mean(&halves[1])]));
        }
        (Halves { at: 0..2, shares }, rows)
    }

    /// Who has ever bought an item and who has not lie apart; only where people differ in their chances it is a habit.
    #[test]
    fn a_habit_is_told_from_chance() {
        let cases = [
            ("everybody by chance", [0.15, 0.15], 5, false),
            ("everybody by chance, often", [0.15, 0.15], 24, false),
            ("a rare item", [0.03, 0.03], 12, false),
            ("half never", [0.0, 0.5], 4, true),
            ("half hardly ever", [0.05, 0.7], 3, true),
            ("one day each", [0.0, 1.0], 1, false),
        ];
        for (what, chances, days, expected) in cases {
            for seed in 1..=20 {
                let (halves, [never, ever]) = market(chances, days, seed);
                assert_eq!(halves.tell_apart(&never, &ever), expected, "{what}, seed {seed}");
            }
        }
    }
}
