//! Logistic regression with a ridge penalty, by Newton's method on standardised features.
//!
//! Minimises `Σ −ln P(yᵢ) + ½ λ Σⱼ βⱼ²` over the coefficients of standardised features; the intercept is free. λ is
//! the one of [`PENALTIES`] with the lowest log loss in five-fold cross-validation (Hastie, Tibshirani & Friedman, *The
//! Elements of Statistical Learning*, 2nd edition, §4.4 and §7.10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::FEATURES;

/// The penalties to choose from, per thousand customers.
const PENALTIES: [f64; 6] = [0.1, 1.0, 5.0, 20.0, 100.0, 500.0];

const FOLDS: usize = 5;

/// Customers the penalty is chosen on at most: it is a property of the features, not of their number.
const CHOSEN_ON: usize = 10_000;

/// A fitted regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Logistic {
    /// Which features of a row it uses.
    pub used: Vec<usize>,
    pub intercept: f64,
    /// By standardised feature, in the order of `used`.
    pub coefficients: Vec<f64>,
    pub means: Vec<f64>,
    /// Standard deviations; a feature without variation has coefficient 0 and 1 here.
    pub deviations: Vec<f64>,
    /// The penalty λ.
    pub penalty: f64,
}

impl Logistic {
    /// Returns the probability of label 1 for a row of all features.
    pub fn probability(&self, row: &[f64]) -> f64 {
        self.explained(row, |_, _| ())
    }

    /// Returns the same, and tells what each used feature adds to the logit, against a customer at its mean.
    pub fn explained(&self, row: &[f64], mut tell: impl FnMut(usize, f64)) -> f64 {
        let mut sum = 0.0;
        for (n, &feature) in self.used.iter().enumerate() {
            let effect = self.coefficients[n] * standard(row[feature], self.means[n], self.deviations[n]);
            tell(feature, effect);
            sum += effect;
        }
        logistic(self.intercept + sum)
    }

    /// Returns the same, or the share of label 1 for everybody if a probability would fall with its feature.
    pub(super) fn rising(self, labels: &[f64]) -> Self {
        if self.coefficients.iter().all(|coefficient| *coefficient >= 0.0) {
            return self;
        }
        let ones = labels.iter().sum::<f64>();
        // Half a customer more on either side: a share of nothing or all has no logit.
        let intercept = libm::log((ones + 0.5) / (labels.len() as f64 - ones + 0.5));
        Self { intercept, coefficients: vec![0.0; self.coefficients.len()], ..self }
    }
}

/// Beyond so many standard deviations a feature counts as if it were there: a wholesaler does not bend the model.
const FAR: f64 = 6.0;

fn standard(value: f64, mean: f64, deviation: f64) -> f64 {
    ((value - mean) / deviation).clamp(-FAR, FAR)
}

fn logistic(logit: f64) -> f64 {
    if logit >= 0.0 { 1.0 / (1.0 + libm::exp(-logit)) } else { libm::exp(logit) / (1.0 + libm::exp(logit)) }
}

/// Fits labels (0 or 1) on the features `used` of rows; both labels must occur for a useful result.
pub fn fit_logistic(rows: &[&[f64]], labels: &[f64], used: &[usize]) -> Logistic {
    let count = rows.len().max(1) as f64;
    let means: Vec<f64> = used.iter().map(|&n| rows.iter().map(|row| row[n]).sum::<f64>() / count).collect();
    let deviations: Vec<f64> = used
        .iter()
        .zip(&means)
        .map(|(&n, mean)| {
            let variance = rows.iter().map(|row| (row[n] - mean) * (row[n] - mean)).sum::<f64>() / count;
            if variance > 1e-12 * (1.0 + mean * mean) { libm::sqrt(variance) } else { 1.0 }
        })
        .collect();
    let width = used.len() + 1;
    let mut matrix = Vec::with_capacity(rows.len() * width);
    for row in rows {
        matrix.push(1.0);
        matrix.extend(used.iter().enumerate().map(|(place, &n)| standard(row[n], means[place], deviations[place])));
    }
    let all: Vec<usize> = (0..rows.len()).collect();
    let step = rows.len().div_ceil(CHOSEN_ON).max(1);
    let some: Vec<usize> = all.iter().copied().step_by(step).collect();
    let (factor, start) = match used.len() {
        0 | 1 => (PENALTIES[0], vec![0.0; width]),
        _ => best_factor(&matrix, width, labels, &some),
    };
    let penalty = factor * count / 1000.0;
    // The few are fitted first: from where they end, a step or two are left for all.
    let start = newton(&matrix, labels, &some, factor * some.len() as f64 / 1000.0, start);
    let weights = newton(&matrix, labels, &all, penalty, start);
    Logistic {
        used: used.to_vec(),
        intercept: weights[0],
        coefficients: weights[1..].to_vec(),
        means,
        deviations,
        penalty,
    }
}

/// Chooses a penalty on some rows, and returns it with weights to begin from.
fn best_factor(matrix: &[f64], width: usize, labels: &[f64], some: &[usize]) -> (f64, Vec<f64>) {
    // What one penalty ends with is near to what the next one will.
    let mut weights = vec![vec![0.0; width]; FOLDS];
    let mut loss = |factor: f64| -> f64 {
        let of_fold = |(fold, weights): (usize, &mut Vec<f64>)| {
            let inside: Vec<usize> = pick(some, |place| place % FOLDS != fold);
            let outside: Vec<usize> = pick(some, |place| place % FOLDS == fold);
            *weights = newton(matrix, labels, &inside, factor * inside.len() as f64 / 1000.0, std::mem::take(weights));
            let mut loss = Loss::default();
            for index in outside {
                loss.add(product(&matrix[index * width..][..width], weights), labels[index]);
            }
            loss.sum()
        };
        weights.iter_mut().enumerate().map(of_fold).sum()
    };
    let losses = PENALTIES.map(&mut loss);
    let best = (0..PENALTIES.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap_or(0);
    (PENALTIES[best], weights.swap_remove(0))
}

fn pick(some: &[usize], keep: impl Fn(usize) -> bool) -> Vec<usize> {
    some.iter().enumerate().filter(|(place, _)| keep(*place)).map(|(_, &index)| index).collect()
}

/// `Σ −ln P(y)`. The logarithm of a product of terms between 1 and 2 is taken once for so many of them that the product stays
/// below 2⁵¹².
struct Loss {
    sum: f64,
    product: f64,
    terms: u32,
}

impl Default for Loss {
    fn default() -> Self {
        Self { sum: 0.0, product: 1.0, terms: 0 }
    }
}

impl Loss {
    /// Counts a customer, and returns the probability of label 1.
    fn add(&mut self, logit: f64, label: f64) -> f64 {
        let power = libm::exp(-logit.abs());
        self.sum += logit.max(0.0) - label * logit;
        self.product *= 1.0 + power;
        self.terms += 1;
        if self.terms == 512 {
            *self = Self { sum: self.sum(), ..Self::default() };
        }
        if logit >= 0.0 { 1.0 / (1.0 + power) } else { power / (1.0 + power) }
    }

    fn sum(&self) -> f64 {
        self.sum + libm::log(self.product)
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Weights of all features and the intercept.
const ALL: usize = FEATURES.len() + 1;

/// Newton's method with halved steps, from the given weights; the objective is convex and the penalty makes its minimum unique.
fn newton(matrix: &[f64], labels: &[f64], members: &[usize], penalty: f64, start: Vec<f64>) -> Vec<f64> {
    let width = start.len();
    let at = |weights: &[f64]| Objective::at(weights, matrix, labels, members, penalty);
    let mut weights = start;
    let mut here = at(&weights);
    for _ in 0..40 {
        let Some(step) = solve(here.hessian, width, &here.gradient) else { break };
        let after =
            |share: f64| weights.iter().zip(&step).map(|(weight, step)| weight - share * step).collect::<Vec<f64>>();
        // What a whole step would gain (half of Newton's decrement); so near to the minimum there is nothing to halve.
        if 0.5 * product(&here.gradient, &step) <= 1e-10 * here.value.abs() {
            return after(1.0);
        }
        let mut share = 1.0;
        let better = loop {
            let next = after(share);
            let at_next = at(&next);
            if at_next.value <= here.value {
                break Some((next, at_next));
            }
            share *= 0.5;
            if share < 1e-6 {
                break None;
            }
        };
        let Some((next, at_next)) = better else { break };
        (weights, here) = (next, at_next);
    }
    weights
}

/// What is minimised, at some weights: its value, slopes and curvatures.
struct Objective {
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl Objective {
    fn at(weights: &[f64], matrix: &[f64], labels: &[f64], members: &[usize], penalty: f64) -> Self {
        // The usual numbers of weights are known to the compiler, which then writes out the loops over them.
        match weights.len() {
            2 => Self::of::<2>(weights, matrix, labels, members, penalty),
            ALL => Self::of::<ALL>(weights, matrix, labels, members, penalty),
            _ => Self::of::<0>(weights, matrix, labels, members, penalty),
        }
    }

    /// The same with `W` weights, or, with 0, with as many as there are.
    fn of<const W: usize>(weights: &[f64], matrix: &[f64], labels: &[f64], members: &[usize], penalty: f64) -> Self {
        let width = if W == 0 { weights.len() } else { W };
        let weights = &weights[..width];
        let mut loss = Loss::default();
        let mut gradient = vec![0.0; width];
        let mut hessian = vec![0.0; width * width];
        for &index in members {
            let (row, label) = (&matrix[index * width..][..width], labels[index]);
            let probability = loss.add(product(row, weights), label);
            let (slope, curvature) = (probability - label, (probability * (1.0 - probability)).max(1e-10));
            for (n, &value) in row.iter().enumerate() {
                gradient[n] += slope * value;
                let scaled = curvature * value;
                // Both triangles: loops of one length are done several cells at a time.
                for (cell, &other) in hessian[n * width..][..width].iter_mut().zip(row) {
                    *cell += scaled * other;
                }
            }
        }
        for n in 0..width {
            // The intercept is free but for what keeps the system solvable when one label is missing.
            let held = if n == 0 { 1e-6 } else { penalty };
            gradient[n] += if n == 0 { 0.0 } else { penalty * weights[n] };
            hessian[n * width + n] += held;
        }
        Self { value: loss.sum() + 0.5 * penalty * product(&weights[1..], &weights[1..]), gradient, hessian }
    }
}

/// Solves a symmetric positive definite system given by its lower triangle (Cholesky).
fn solve(mut lower: Vec<f64>, width: usize, right: &[f64]) -> Option<Vec<f64>> {
    for n in 0..width {
        for m in 0..=n {
            let known: f64 = (0..m).map(|k| lower[n * width + k] * lower[m * width + k]).sum();
            let rest = lower[n * width + m] - known;
            if n == m {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                lower[n * width + n] = libm::sqrt(rest);
            } else {
                lower[n * width + m] = rest / lower[m * width + m];
            }
        }
    }
    let mut solution = right.to_vec();
    for n in 0..width {
        let known: f64 = (0..n).map(|k| lower[n * width + k] * solution[k]).sum();
        solution[n] = (solution[n] - known) / lower[n * width + n];
    }
    for n in (0..width).rev() {
        let known: f64 = (n + 1..width).map(|k| lower[k * width + n] * solution[k]).sum();
        solution[n] = (solution[n] - known) / lower[n * width + n];
    }
    Some(solution)
}
