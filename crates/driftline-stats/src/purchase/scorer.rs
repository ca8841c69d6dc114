//! Scores many customers by one model. The costly parts of a score depend on `x` and one time only, and a log of days
//! has few such pairs, so each is computed once.

use super::hypergeometric::never_again;
use super::{AnyProcess, Past, PurchaseModel, time, whole};
use std::collections::HashMap;

/// A model and a horizon, with the answers given so far. It returns the same bits as the methods of [`PurchaseModel`].
#[derive(Clone, Debug)]
pub struct Scorer {
    model: PurchaseModel,
    /// Horizons and what the expectation of purchases within each is worth.
    horizons: Vec<(f64, f64)>,
    expected_if_alive: HashMap<(u64, u64), f64>,
    never_again: HashMap<(u64, u64), f64>,
}

impl Scorer {
    /// Scores purchases within one horizon, each worth the same.
    pub fn new(model: PurchaseModel, horizon: f64) -> Self {
        Self::of(model, vec![(horizon, 1.0)])
    }

    /// Scores purchases within `periods` periods, those of the n-th worth `(1 + discount)⁻ⁿ`. A negative discount
    /// counts as 0.
    pub fn discounted(model: PurchaseModel, periods: u32, period_length: f64, discount_per_period: f64) -> Self {
        let kept = 1.0 / (1.0 + time(discount_per_period));
        let worth = |period: u32| libm::pow(kept, f64::from(period));
        // Σ (E(n) − E(n−1)) kⁿ, sorted by E(n).
        let horizons = (1..=periods).map(|period| {
            let lost = if period == periods { 0.0 } else { worth(period + 1) };
            (f64::from(period) * period_length, worth(period) - lost)
        });
        Self::of(model, horizons.filter(|&(_, worth)| worth != 0.0).collect())
    }

    fn of(model: PurchaseModel, horizons: Vec<(f64, f64)>) -> Self {
        Self { model, horizons, expected_if_alive: HashMap::new(), never_again: HashMap::new() }
    }

    /// Returns how many answers are kept.
    pub fn kept(&self) -> usize {
        self.expected_if_alive.len() + self.never_again.len()
    }

    /// Returns the probability that the customer has not dropped out, as [`PurchaseModel::p_alive`].
    pub fn p_alive(&mut self, x: f64, t_x: f64, age: f64) -> f64 {
        let AnyProcess::Pareto(rates) = self.model.process() else {
            return self.model.p_alive(x, t_x, age);
        };
        let past = Past::new(x, t_x, age);
        let mut of = |t: f64| {
            let key = (past.x.to_bits(), t.to_bits());
            *self.never_again.entry(key).or_insert_with(|| never_again(rates, past.x, t).value)
        };
        let (now, last) = (of(past.age), of(past.t_x));
        rates.p_alive_of(past, now, last)
    }

    /// Returns the purchases to expect, each at its worth, as [`PurchaseModel::expected_purchases`] or
    /// [`Scorer::discounted`].
    pub fn expected_purchases(&mut self, x: f64, t_x: f64, age: f64) -> f64 {
        let p_alive = self.p_alive(x, t_x, age);
        let (model, horizons) = (self.model, &self.horizons);
        let (x, age) = (whole(x), time(age));
        let if_alive = self.expected_if_alive.entry((x.to_bits(), age.to_bits())).or_insert_with(|| {
            horizons.iter().map(|&(horizon, worth)| worth * model.expected_purchases_if_alive(x, age, horizon)).sum()
        });
        p_alive * *if_alive
    }
}
