//! Histories sorted, merged and counted, and the log-likelihood of all of them with its gradient.

use super::term::{Process, Term};
use super::{AnyProcess, History, PurchaseModel};
use crate::chunks;
use crate::error::Error;

/// Histories that one thread takes at a time. Fixed, so that sums have the same bits on any number of threads.
const CHUNK: usize = 16_384;

/// Checks histories, sorts them and merges equal ones, so that neither the order of the input nor how equal customers
/// are grouped changes a bit of what follows.
pub(super) fn merge(histories: &[History]) -> Result<Vec<History>, Error> {
    let mut merged: Vec<History> = Vec::with_capacity(histories.len());
    for history in histories {
        if let Some(reason) = broken_rule(history) {
            return Err(Error::InvalidHistory { history: format!("{history:?}"), reason });
        }
    }
    // Adding 0 turns −0 into 0, which sorts before it.
    merged.extend(histories.iter().map(|h| History {
        repeat_purchases: h.repeat_purchases + 0.0,
        recency: h.recency + 0.0,
        age: h.age + 0.0,
        ..*h
    }));
    // The bits of numbers that are not negative sort as the numbers do, and compare faster.
    merged.sort_unstable_by_key(|h| [h.repeat_purchases, h.recency, h.age, h.customers].map(f64::to_bits));
    merged.dedup_by(|next, kept| {
        let equal = (next.repeat_purchases, next.recency, next.age) == (kept.repeat_purchases, kept.recency, kept.age);
        if equal {
            kept.customers += next.customers;
        }
        equal
    });
    if merged.is_empty() { Err(Error::NoCustomers) } else { Ok(merged) }
}

fn broken_rule(history: &History) -> Option<&'static str> {
    let &History { repeat_purchases, recency, age, customers } = history;
    let rules = [
        ((0.0..=1e9).contains(&repeat_purchases), "repeat purchases are not between 0 and 1e9"),
        (repeat_purchases.fract() == 0.0, "repeat purchases are not a whole number"),
        ((0.0..=1e12).contains(&age), "the age is not between 0 and 1e12"),
        ((0.0..=age).contains(&recency), "the recency is not between 0 and the age"),
        ((recency > 0.0) == (repeat_purchases > 0.0), "the recency is not 0 just when repeat purchases are"),
        (customers > 0.0 && customers <= 1e15, "the number of customers is not above 0"),
    ];
    rules.into_iter().find_map(|(holds, reason)| (!holds).then_some(reason))
}

/// Takes `points` customers at equal distances from the sorted ones, each standing for an equal share of them all. It
/// keeps the distribution of purchases closely, and is the same for the same customers.
pub(crate) fn sample<T: Copy>(sorted: &[T], points: usize, customers: impl Fn(&T) -> f64) -> Vec<(T, f64)> {
    let share = sorted.iter().map(&customers).sum::<f64>() / points as f64;
    let mut taken = Vec::with_capacity(points);
    let (mut passed, mut next) = (0.0, 0);
    for item in sorted {
        passed += customers(item);
        let before = next;
        while next < points && (next as f64 + 0.5) * share < passed {
            next += 1;
        }
        if next > before {
            taken.push((*item, (next - before) as f64 * share));
        }
    }
    taken
}

/// Histories laid out for the likelihood: the distinct pairs (x, T) and (x, t_x), and which two a history is made of.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// x and the number of customers with it.
    purchases: Vec<(f64, f64)>,
    /// Distinct (x, T).
    ages: Vec<(f64, f64)>,
    /// Distinct (x, t_x).
    recencies: Vec<(f64, f64)>,
    rows: Vec<Row>,
    pub(super) customers: f64,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    age: u32,
    recency: u32,
    customers: f64,
}

impl Counted {
    /// Lays out histories that [`merge`] has sorted.
    pub(super) fn new(histories: &[History]) -> Self {
        let (mut purchases, mut ages, mut recencies) = (Vec::new(), Vec::new(), Vec::<(f64, f64)>::new());
        let mut rows = Vec::with_capacity(histories.len());
        for group in histories.chunk_by(|a, b| a.repeat_purchases == b.repeat_purchases) {
            let x = group[0].repeat_purchases;
            purchases.push((x, group.iter().map(|history| history.customers).sum()));
            let mut own: Vec<f64> = group.iter().map(|history| history.age).collect();
            own.sort_unstable_by(f64::total_cmp);
            own.dedup();
            for history in group {
                if recencies.last() != Some(&(x, history.recency)) {
                    recencies.push((x, history.recency));
                }
                let age = ages.len() + own.partition_point(|&age| age < history.age);
                let recency = recencies.len() - 1;
                rows.push(Row { age: age as u32, recency: recency as u32, customers: history.customers });
            }
            ages.extend(own.into_iter().map(|age| (x, age)));
        }
        let customers = purchases.iter().map(|&(_, customers)| customers).sum();
        Self { purchases, ages, recencies, rows, customers }
    }

    /// How many distinct histories there are.
    pub(super) fn histories(&self) -> usize {
        self.rows.len()
    }

    /// The log-likelihood of all customers, and its gradient by the logarithms of the parameters.
    pub(super) fn log_likelihood(&self, model: &PurchaseModel) -> (f64, [f64; 4]) {
        match model.process() {
            AnyProcess::BetaGeometric(process) => self.of(&process, 4096),
            AnyProcess::Pareto(process) => self.of(&process, 256),
        }
    }

    /// `chunk` pairs go to a thread at a time: many that cost little, few that cost much.
    fn of(&self, process: &impl Process, chunk: usize) -> (f64, [f64; 4]) {
        let (mut value, mut gradient) = (0.0, [0.0; 4]);
        for &(x, customers) in &self.purchases {
            let common = process.common(x);
            value += customers * common.value;
            add(&mut gradient, customers, &common.gradient);
        }
        let ages = terms(&self.ages, chunk, |x, age| process.at_age(x, age));
        let recencies = terms(&self.recencies, chunk, |x, t_x| process.at_recency(x, t_x));
        for part in chunks::map(self.rows.len(), CHUNK, |range| sum(&self.rows[range], &ages, &recencies)) {
            value += part.value;
            add(&mut gradient, 1.0, &part.gradient);
        }
        (value, gradient)
    }
}

fn add(sum: &mut [f64; 4], weight: f64, gradient: &[f64; 4]) {
    for (total, part) in sum.iter_mut().zip(gradient) {
        *total += weight * part;
    }
}

fn terms(pairs: &[(f64, f64)], chunk: usize, term: impl Fn(f64, f64) -> Term + Sync) -> Vec<Term> {
    let of = |range: core::ops::Range<usize>| pairs[range].iter().map(|&(x, t)| term(x, t)).collect::<Vec<_>>();
    chunks::map(pairs.len(), chunk, of).concat()
}

/// Σ customers · ln(exp W + exp U). The gradient weighs W's and U's by their shares of the likelihood.
fn sum(rows: &[Row], ages: &[Term], recencies: &[Term]) -> Term {
    let mut total = Term { value: 0.0, gradient: [0.0; 4] };
    for row in rows {
        let (active, gone) = (&ages[row.age as usize], &recencies[row.recency as usize]);
        let gap = gone.value - active.value;
        let smaller = libm::exp(-gap.abs());
        let larger_share = 1.0 / (1.0 + smaller);
        let (high, active_share) =
            if gap > 0.0 { (gone.value, smaller * larger_share) } else { (active.value, larger_share) };
        let gone_share = if gap > 0.0 { larger_share } else { smaller * larger_share };
        total.value += row.customers * (high + libm::log1p(smaller));
        for n in 0..4 {
            total.gradient[n] += row.customers * (active_share * active.gradient[n] + gone_share * gone.gradient[n]);
        }
    }
    total
}
