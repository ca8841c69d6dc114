//! Fits to simulated customers find the parameters they were simulated with.

use super::*;
use crate::purchase::{Fit, fit};
use crate::random::SplitMix64;

impl SplitMix64 {
    /// Purchase times of a customer in `(0, until]`, by the definition of the model.
    pub(crate) fn purchases(&mut self, model: &PurchaseModel, until: f64) -> Vec<f64> {
        let [r, alpha, first, second] = model.parameters;
        let rate = self.next_gamma(r) / alpha;
        let (of_first, of_second) = (self.next_gamma(first), self.next_gamma(second));
        let (p, lifetime) = match model.kind {
            Kind::ParetoNbd => (0.0, self.next_exponential() * second / of_first),
            _ => (of_first / (of_first + of_second), f64::INFINITY),
        };
        let mut times = Vec::new();
        let mut time = 0.0;
        let mut alive = model.kind != Kind::MbgNbd || self.next_f64() >= p;
        while alive {
            time += self.next_exponential() / rate;
            if time > until.min(lifetime) {
                break;
            }
            times.push(time);
            alive = self.next_f64() >= p;
        }
        times
    }
}

/// Histories of customers who joined over `weeks`.
fn simulated(model: &PurchaseModel, customers: usize, weeks: f64, seed: u64) -> Vec<History> {
    let mut random = SplitMix64::new(seed);
    let of = |_| {
        let age = (0.2 + 0.8 * random.next_f64()) * weeks;
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
        let mut random = SplitMix64::new(7);
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
            let probabilities = model.purchase_probabilities((x, t_x, 30.0), 30.0, 2);
            p_two += probabilities[2];
            spread += next * next;
        }
        check("purchases", purchases, expected, 4.0 * libm::sqrt(spread));
        check("silent", silent, p_silent, 4.0 * libm::sqrt(none));
        check("two", two, p_two, 4.0 * libm::sqrt(p_two));
    }
}
