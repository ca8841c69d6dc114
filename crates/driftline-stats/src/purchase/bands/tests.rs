//! Two kinds of customers told apart by their first order, and what becomes of few or equal ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::purchase::{History, Kind, choose};
use crate::random::SplitMix64;

/// Dear first orders come again by the MBG/NBD, cheap ones never.
fn pasts(count: usize, dear: f64, cheap: f64) -> Vec<(usize, Past)> {
    let model = PurchaseModel::new(Kind::MbgNbd, [1.2, 20.0, 0.8, 4.0]).unwrap();
    let mut random = SplitMix64::new(12);
    let of = |customer: usize| {
        let is_dear = customer.is_multiple_of(4);
        let age = (30.0 + 900.0 * random.next_f64()).floor();
        let times = if is_dear { random.purchases(&model, age / 7.0) } else { Vec::new() };
        let last = times.last().map_or(0.0, |weeks| (7.0 * weeks).ceil().min(age));
        let past = Past {
            repeat_purchases: times.len() as f64,
            recency_days: last,
            age_days: age,
            mean_repeat_spend: 1.0,
            first_spend: if is_dear { dear } else { cheap } + 10.0 * random.next_f64(),
            own_net_share: None,
        };
        (customer, past)
    };
    (0..count).map(of).collect()
}

fn of_all(pasts: &[(usize, Past)]) -> PurchaseModel {
    let histories: Vec<History> = pasts.iter().map(|(_, past)| past.history(7.0)).collect();
    choose(&[Kind::MbgNbd], &histories).unwrap().fit.model
}

#[test]
fn who_never_comes_again_is_told_by_the_first_order() {
    let pasts = pasts(4_000, 1_500.0, 20.0);
    let pooled = of_all(&pasts);
    let bands = Bands::fit(&pooled, &pasts);
    assert_eq!((bands.models.len(), bands.band(0.0), bands.band(1_600.0)), (4, 0, 3));
    let expected = |model: &PurchaseModel| model.expected_purchases_new(52.0);
    let (dear, cheap) = (expected(bands.of(1_500.5)), expected(bands.of(20.0)));
    let (truth, all) = (PurchaseModel::new(Kind::MbgNbd, [1.2, 20.0, 0.8, 4.0]).unwrap(), expected(&pooled));
    assert!(cheap < 0.05 * dear && cheap < 0.1 * all, "{cheap} {dear} {all}");
    assert!((dear / expected(&truth) - 1.0).abs() < 0.1, "{dear}");
}

#[test]
fn few_or_equal_first_orders_make_one_band_and_ties_fewer() {
    let few = pasts(CUSTOMERS_LEAST - 1, 1_500.0, 20.0);
    assert_eq!(Bands::fit(&of_all(&few), &few), Bands::one(of_all(&few)));
    let mut equal = pasts(600, 20.0, 20.0);
    let pooled = of_all(&equal);
    equal.iter_mut().for_each(|(_, past)| past.first_spend = 20.0);
    assert_eq!(Bands::fit(&pooled, &equal), Bands::one(pooled));
    for (customer, past) in &mut equal {
        past.first_spend = if customer.is_multiple_of(4) { 90.0 } else { 20.0 };
    }
    let two = Bands::fit(&pooled, &equal);
    assert_eq!((two.at_most, two.models.len()), (vec![20.0], 2));
}

#[test]
fn edges_are_nobodys_own_amount() {
    for (amount, edge) in
        [(45.37, 46.0), (20.0, 20.0), (1_501.0, 1_600.0), (0.037, 0.037), (0.0371, 0.038), (9.99, 10.0), (0.0, 0.0)]
    {
        assert_eq!(rounded_up(amount), edge, "{amount}");
    }
}

#[test]
fn the_next_purchase_is_within_the_horizon_just_where_the_risk_is_at_most_a_half() {
    let pasts = pasts(2_000, 1_500.0, 20.0);
    let bands = Bands::fit(&of_all(&pasts), &pasts);
    for (_, past) in &pasts {
        let plain = bands.p_no_purchase(past, 91.0);
        let h = past.history(7.0);
        let median =
            bands.of(past.first_spend).time_to_next_purchase_quantile(h.repeat_purchases, h.recency, h.age, 0.5);
        let same = bands.days_to_purchase(past, 91.0, plain);
        assert!(
            same.zip(median).is_none_or(|(days, weeks)| (days / 7.0 / weeks - 1.0).abs() < 1e-6),
            "{same:?} {median:?}"
        );
        for risk in [0.02, 0.3, 0.499, 0.501, 0.8, 0.99] {
            let days = bands.days_to_purchase(past, 91.0, risk);
            assert_eq!(days.is_some_and(|days| days <= 91.0), risk < 0.5, "{risk} {days:?} {past:?}");
        }
    }
}
