//! Markets with wholesalers among households, whose true spend is known; and markets without, where nothing may change.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::purchase::{Kind, PurchaseModel};
use crate::random::SplitMix64;
use crate::spend::SpendModel;

const PURCHASE: PurchaseModel = PurchaseModel { kind: Kind::MbgNbd, parameters: [0.525, 6.183, 0.891, 1.614] };

/// Markets drawn for each row of a table.
const MARKETS: usize = 12;

const CUSTOMERS: usize = 4_000;

/// Customers of a market: the last part of them wholesalers.
#[derive(Clone, Copy, Debug)]
struct Market {
    /// p, q and γ of households.
    spend: [f64; 3],
    wholesalers: usize,
    /// What a wholesaler spends a purchase, in times of a household.
    spends_times: f64,
    /// How often a wholesaler buys, in times of a household.
    buys_times: f64,
}

#[derive(Clone, Copy)]
struct Person {
    history: SpendHistory,
    /// Expected purchases of the next 52 weeks.
    purchases: f64,
    true_spend: f64,
    is_wholesaler: bool,
}

impl Market {
    fn drawn(&self, random: &mut SplitMix64) -> Vec<Person> {
        let [p, q, gamma] = self.spend;
        let person = |n: usize| {
            let is_wholesaler = n < self.wholesalers;
            let times = |times: f64| if is_wholesaler { times } else { 1.0 };
            let mut purchase = PURCHASE;
            purchase.parameters[0] *= times(self.buys_times);
            let age = 20.0 + 60.0 * random.next_f64();
            let bought = random.purchases(&purchase, age);
            let x = bought.len() as f64;
            let recency = bought.last().copied().unwrap_or(0.0);
            let rate = random.next_gamma(q) / gamma / times(self.spends_times);
            let mean_spend = if x > 0.0 { random.next_gamma(p * x) / x / rate } else { 0.0 };
            Person {
                history: SpendHistory { repeat_purchases: x, mean_spend, customers: 1.0 },
                purchases: PURCHASE.expected_purchases(x, recency, age, 52.0),
                true_spend: p / rate,
                is_wholesaler,
            }
        };
        (0..CUSTOMERS).map(person).collect()
    }
}

/// Value of the next 52 weeks of households and of wholesalers.
fn values(people: &[Person], spend: impl Fn(&Person) -> f64) -> [f64; 2] {
    [false, true].map(|is_wholesaler| {
        people.iter().filter(|one| one.is_wholesaler == is_wholesaler).map(|one| one.purchases * spend(one)).sum()
    })
}

/// Mean distance of households' value and of the market's from the truth, as parts of it.
fn errors(market: Market, score: impl Fn(&[SpendHistory]) -> SpendModel) -> [f64; 2] {
    let mut random = SplitMix64::new(7);
    let mut off = [0.0; 2];
    for _ in 0..MARKETS {
        let people = market.drawn(&mut random);
        let histories: Vec<SpendHistory> = people.iter().map(|one| one.history).collect();
        let model = score(&histories);
        let forecast =
            values(&people, |one| model.expected_spend(one.history.repeat_purchases, one.history.mean_spend));
        let truth = values(&people, |one| one.true_spend);
        off[0] += (forecast[0] / truth[0] - 1.0).abs() / MARKETS as f64;
        off[1] += ((forecast[0] + forecast[1]) / (truth[0] + truth[1]) - 1.0).abs() / MARKETS as f64;
    }
    off
}

fn plain(histories: &[SpendHistory]) -> SpendModel {
    fit_spend(histories).unwrap().model
}

fn robust(histories: &[SpendHistory]) -> SpendModel {
    fit_spend_winsorised(histories).unwrap().model
}

/// Winsorised in the fit and shrunk in the scores: what was not taken, and why.
fn shrunk(histories: &[SpendHistory]) -> SpendModel {
    SpendModel { own_above: None, ..robust(histories) }
}

const CDNOW: [f64; 3] = [6.25, 3.74, 15.44];

/// Purchases that vary much, customers that vary little.
const UNSTEADY: [f64; 3] = [1.5, 8.0, 140.0];

#[test]
fn households_and_the_market_are_nearer_the_truth_with_wholesalers() {
    // What stays off is above all wholesalers without a repeat so far: nothing tells them from a household.
    for (spend, wholesalers, spends_times, buys_times) in [
        (CDNOW, 20, 100.0, 1.0),
        (CDNOW, 20, 100.0, 3.0),
        (CDNOW, 8, 100.0, 1.0),
        (UNSTEADY, 20, 100.0, 1.0),
        (UNSTEADY, 20, 100.0, 3.0),
        (UNSTEADY, 80, 30.0, 1.0),
    ] {
        let market = Market { spend, wholesalers, spends_times, buys_times };
        let [before, after, between] = [errors(market, plain), errors(market, robust), errors(market, shrunk)];
        println!("{market:?}: plain {before:.3?}, winsorised {after:.3?}, shrunk in scores too {between:.3?}");
        assert!(after[0] < 0.95 * before[0], "households of {market:?}: {after:?} against {before:?}");
        assert!(after[1] < 0.95 * before[1], "{market:?}: {after:?} against {before:?}");
        assert!(between[1] > before[1], "{market:?}: {between:?} against {before:?}");
    }
}

#[test]
fn without_wholesalers_the_fit_is_plain() {
    let mut random = SplitMix64::new(8);
    for spend in [CDNOW, UNSTEADY] {
        let market = Market { spend, wholesalers: 0, spends_times: 1.0, buys_times: 1.0 };
        let mut same = 0;
        for _ in 0..MARKETS {
            let histories: Vec<SpendHistory> = market.drawn(&mut random).iter().map(|one| one.history).collect();
            same += u32::from(fit_spend_winsorised(&histories) == fit_spend(&histories));
        }
        // By chance one of thousands with such a tail is beyond.
        assert!(same >= MARKETS as u32 - 3, "{spend:?}: {same} of {MARKETS}");
    }
}

fn spend(repeat_purchases: f64, mean_spend: f64, customers: f64) -> SpendHistory {
    SpendHistory { repeat_purchases, mean_spend, customers }
}

#[test]
fn the_fence_is_the_stated_one() {
    let alike = [spend(2.0, 10.0, 60.0), spend(1.0, 29.0, 1.0)];
    let wide = [spend(1.0, 10.0, 30.0), spend(2.0, 15.0, 30.0), spend(3.0, 20.0, 30.0)];
    let beside = |one: &[SpendHistory], mean_spend: f64| {
        let mut all = one.to_vec();
        all.push(spend(4.0, mean_spend, 1.0));
        bound(&all)
    };
    // Three upper quartiles where the quartiles coincide; (20/10)³ upper quartiles where they do not.
    assert_eq!(beside(&alike, 30.0), None);
    assert_eq!(beside(&alike, 31.0), Some(30.0));
    assert_eq!(beside(&wide, 159.0), None);
    let fence = beside(&wide, 1e6).unwrap();
    assert!((fence - 160.0).abs() < 1e-9, "{fence}");
    // A row of three customers is three rows, and who did not repeat or spent nothing has no part.
    let mut apart: Vec<SpendHistory> =
        wide.iter().flat_map(|h| (0..30).map(|_| SpendHistory { customers: 1.0, ..*h })).collect();
    apart.extend([spend(0.0, 9e9, 400.0), spend(4.0, -3.0, 400.0), spend(4.0, 1e6, 1.0)]);
    assert_eq!(bound(&apart), Some(fence));
    assert_eq!(bound(&wide.map(|h| SpendHistory { customers: h.customers / 3.0, ..h })), None);
    assert_eq!(bound(&[spend(1.0, 1.0, 40.0), spend(1.0, 1e6, 9.0)]), None);
}

#[test]
fn who_is_beyond_keeps_their_own_mean_and_nobody_falls() {
    let mut random = SplitMix64::new(9);
    let market = Market { spend: CDNOW, wholesalers: 20, spends_times: 100.0, buys_times: 1.0 };
    let mut histories: Vec<SpendHistory> = market.drawn(&mut random).iter().map(|one| one.history).collect();
    let fit = fit_spend_winsorised(&histories).unwrap();
    let bound = fit.model.own_above.unwrap();
    for x in [1.0, 3.0, 400.0] {
        assert_eq!(fit.model.expected_spend(x, 2.0 * bound), 2.0 * bound);
        assert!(fit.model.expected_spend(x, bound) < bound);
    }
    assert_eq!(fit.model.expected_spend(0.0, 2.0 * bound), fit.model.population_mean());
    for (x, mean) in [(1.0, 10.0), (2.0, 3.0 * bound), (9.0, bound)] {
        let SpendModel { p, q, .. } = fit.model;
        let expected = p * fit.model.posterior_rate(x, mean) / (p * x + q - 1.0);
        assert!((expected / fit.model.expected_spend(x, mean) - 1.0).abs() < 1e-12, "{x} {mean}: {expected}");
    }
    let observed = fit_spend(&histories).unwrap().observed_mean;
    assert!((fit.observed_mean / observed - 1.0).abs() < 1e-12, "{} {observed}", fit.observed_mean);
    histories.reverse();
    assert_eq!(fit_spend_winsorised(&histories).unwrap(), fit);
    histories.push(spend(1.0, f64::INFINITY, 1.0));
    assert!(matches!(fit_spend_winsorised(&histories), Err(Error::InvalidHistory { .. })));
}
