//! Fits to simulated customers find the parameters they were simulated with.

use super::*;
use crate::purchase::{Fit, fit};

/// A generator of our own, so that a test draws the same customers on every machine: SplitMix64 (Steele, Lea & Flood
/// 2014), and Marsaglia & Tsang's method for the gamma distribution (2000).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in (0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    fn normal(&mut self) -> f64 {
        libm::sqrt(2.0 * self.exponential()) * libm::cos(core::f64::consts::TAU * self.uniform())
    }

    /// Gamma with the given shape and rate 1.
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = libm::pow(self.uniform(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let z = self.normal();
            let v = 1.0 + z / libm::sqrt(9.0 * d);
            let v = v * v * v;
            if v > 0.0 && libm::log(self.uniform()) < 0.5 * z * z + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }

    /// Purchase times of a customer in `(0, until]`, by the definition of the model.
    pub(super) fn purchases(&mut self, model: &PurchaseModel, until: f64) -> Vec<f64> {
        let [r, alpha, first, second] = model.parameters;
        let rate = self.gamma(r) / alpha;
        let (of_first, of_second) = (self.gamma(first), self.gamma(second));
        let (p, lifetime) = match model.kind {
            Kind::ParetoNbd => (0.0, self.exponential() * second / of_first),
            _ => (of_first / (of_first + of_second), f64::INFINITY),
        };
        let mut times = Vec::new();
        let mut time = 0.0;
        let mut alive = model.kind != Kind::MbgNbd || self.uniform() >= p;
        while alive {
            time += self.exponential() / rate;
            if time > until.min(lifetime) {
                break;
            }
            times.push(time);
            alive = self.uniform() >= p;
        }
        times
    }
}

/// Histories of customers who joined over `weeks`.
fn simulated(model: &PurchaseModel, customers: usize, weeks: f64, seed: u64) -> Vec<History> {
    let mut random = Random::new(seed);
    let of = |_| {
        let age = (0.2 + 0.8 * random.uniform()) * weeks;
        let times = random.purchases(model, age);
        let recency = times.last().copied().unwrap_or_default();
        History { repeat_purchases: times.len() as f64, recency, age, customers: 1.0 }
    };
    (0..customers).map(of).collect()
}

fn assert_recovers(model: PurchaseModel, customers: usize, weeks: f64) -> Fit {
    let fit = fit(model.kind, &simulated(&model, customers, weeks, 20)).unwrap();
    assert!(fit.converged && fit.boundary.is_none(), "{fit:?}");
    let errors = fit.standard_errors.unwrap();
    for ((got, truth), error) in fit.model.parameters.into_iter().zip(model.parameters).zip(errors) {
        check(&model.kind.to_string(), got, truth, 3.0 * error);
    }
    fit
}

#[test]
fn finds_the_parameters_of_a_simulation() {
    assert_recovers(PurchaseModel { kind: Kind::BgNbd, parameters: [0.25, 4.4, 0.8, 2.4] }, 40_000, 104.0);
    assert_recovers(PurchaseModel { kind: Kind::MbgNbd, parameters: [0.8, 6.0, 0.9, 3.0] }, 40_000, 104.0);
    assert_recovers(PurchaseModel { kind: Kind::ParetoNbd, parameters: [0.6, 10.0, 0.7, 12.0] }, 40_000, 104.0);
}

#[test]
fn samples_lead_to_the_same_maximum_as_all_customers() {
    // More distinct histories than the samples hold, so the search goes through all levels.
    let model = PurchaseModel { kind: Kind::BgNbd, parameters: [1.2, 6.0, 0.3, 3.0] };
    let fit = assert_recovers(model, 130_000, 104.0);
    assert!(fit.histories > 98_304, "{}", fit.histories);
}

#[test]
fn forecasts_what_the_simulation_does_next() {
    for kind in Kind::ALL {
        let model = cdnow_model(kind);
        let mut random = Random::new(7);
        let (mut purchases, mut expected, mut silent, mut p_silent, mut none) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let (mut spread, mut p_two, mut two) = (0.0, 0.0, 0.0);
        let count = 40_000;
        for _ in 0..count {
            let times = random.purchases(&model, 60.0);
            let seen: Vec<f64> = times.iter().copied().filter(|&time| time <= 30.0).collect();
            let next = (times.len() - seen.len()) as f64;
            let (x, t_x) = (seen.len() as f64, seen.last().copied().unwrap_or_default());
            purchases += next;
            expected += model.expected_purchases(x, t_x, 30.0, 30.0);
            silent += f64::from(u8::from(next == 0.0));
            two += f64::from(u8::from(next == 2.0));
            let risk = model.p_no_purchase(x, t_x, 30.0, 30.0);
            p_silent += risk;
            none += risk * (1.0 - risk);
            let probabilities = model.purchase_probabilities(x, t_x, 30.0, 30.0, 2);
            p_two += probabilities[2];
            spread += next * next;
        }
        check("purchases", purchases, expected, 4.0 * libm::sqrt(spread));
        check("silent", silent, p_silent, 4.0 * libm::sqrt(none));
        check("two", two, p_two, 4.0 * libm::sqrt(p_two));
    }
}
