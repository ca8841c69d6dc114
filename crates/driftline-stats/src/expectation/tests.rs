//! The forecast on logs whose future is planted: whether horizons hang together, what is learnt from the past, and whether
//! ranges hold.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::purchase::{History as PurchaseHistory, Kind, choose};
use crate::purchase_log::Day;
use crate::random::SplitMix64;
use crate::spend::{SpendHistory, fit_spend_winsorised};

const AS_OF: i32 = 1_460;
const HORIZON: i32 = 91;

/// A market of the MBG/NBD and Gamma-Gamma whose rate differs by quarter of the year, and by shocks that fade; until a horizon
/// after as-of.
fn market(seed: u64, customers: usize, season: f64, shock: f64) -> PurchaseLog {
    let mut random = SplitMix64::new(seed);
    let seasons: [f64; 4] = core::array::from_fn(|_| season * random.next_normal());
    let mut level = 0.0;
    let mut pace = vec![0.0];
    for day in 0..AS_OF + 2 * HORIZON {
        if day % HORIZON == 0 {
            level = 0.7 * level + shock * random.next_normal();
        }
        let quarter = (day / HORIZON) as usize % 4;
        pace.push(pace[pace.len() - 1] + libm::exp(level + seasons[quarter]));
    }
    let mut rows = Vec::new();
    for customer in 0..customers {
        let rate = random.next_gamma(0.9) / 90.0;
        let stop = 0.12 * (0.5 + random.next_f64());
        let scale = random.next_gamma(4.0) / 120.0;
        let mut day = random.below(AS_OF as usize);
        while day < (AS_OF + HORIZON) as usize {
            let spend = random.next_gamma(6.0) / scale;
            rows.push((customer as u32, Day { day: day as i32, is_purchase: true, spend, net: spend }));
            if random.next_f64() < stop {
                break;
            }
            let until = pace[day] - libm::log(1.0 - random.next_f64()) / rate.max(1e-9);
            day = pace.partition_point(|passed| *passed < until).max(day + 1);
        }
    }
    PurchaseLog::new(rows, true)
}

fn models(log: &PurchaseLog, cut: Cut) -> Expectation {
    let pasts = log.pasts(cut, usize::MAX);
    let histories: Vec<PurchaseHistory> = pasts.iter().map(|(_, past)| past.history(7.0)).collect();
    let spends: Vec<SpendHistory> = pasts.iter().map(|(_, past)| past.whole_spend_history()).collect();
    let purchase = choose(&[Kind::MbgNbd], &histories).unwrap().fit.model;
    let spend = fit_spend_winsorised(&spends).unwrap().model;
    Expectation::new(Bands::fit(&purchase, &pasts), spend, Returns::of_everyone(1.0), HORIZON)
}

fn past(log: &PurchaseLog, cut: Cut) -> History {
    History::new(log, cut, &Market { kind: Kind::MbgNbd, pool: None, horizon_days: HORIZON })
}

#[test]
fn horizons_hang_together_for_everybody() {
    let log = market(3, 1_500, 0.2, 0.05);
    let cut = Cut::as_of(AS_OF);
    let made = models(&log, cut).at_level(&past(&log, cut).present(&Told::default()));
    let scores: Vec<(usize, Score)> =
        made.scores(&log, cut).into_iter().enumerate().filter_map(|(n, score)| Some((n, score?))).collect();
    assert_eq!(scores.len(), log.pasts(cut, usize::MAX).len());
    for (customer, score) in &scores {
        assert!(score.next > 0.0 && score.next <= score.year && score.year.is_finite(), "{customer} {score:?}");
        assert!((score.expected_purchases * score.expected_spend / score.year - 1.0).abs() < 1e-9, "{score:?}");
        // By hand, from the models alone.
        let past = log.past(*customer, cut).unwrap();
        let h = past.history(7.0);
        let model = made.bands.of(past.first_spend);
        let days = past.whole_spend_history();
        let spend = made.spend.expected_spend(days.repeat_purchases, days.mean_spend);
        let up_to = |days: f64| model.expected_purchases(h.repeat_purchases, h.recency, h.age, days / 7.0) * spend;
        let first = AS_OF - past.age_days as i32;
        let recent = log.seen(*customer, cut).iter().filter(|day| day.day >= AS_OF - HORIZON && day.day > first);
        let weight = made.recent_weight * (past.age_days / f64::from(HORIZON)).min(1.0);
        let blend = (1.0 - weight) * up_to(91.0) + weight * recent.map(|day| day.net).sum::<f64>();
        assert!((made.factors[0] * blend / score.next - 1.0).abs() < 1e-9, "{score:?}");
        let ends = edges(HORIZON);
        let later: f64 = (1..4).map(|part| made.factors[part] * (up_to(ends[part]) - up_to(ends[part - 1]))).sum();
        assert!((later / (score.year - score.next) - 1.0).abs() < 1e-6, "{later} {score:?}");
    }
}

#[test]
fn the_parts_of_any_horizon_end_with_the_year() {
    for (horizon, parts, a_year) in [(30, 4, 4), (91, 4, 4), (92, 4, 4), (182, 2, 2), (300, 2, 1), (365, 1, 1)] {
        let ends = edges(horizon);
        assert_eq!((ends.len(), steps_a_year(horizon)), (parts, a_year), "{horizon}");
        assert!((ends[0] - f64::from(horizon)).abs() < 1e-12 && (ends[parts - 1] - YEAR_DAYS).abs() < 1e-9, "{ends:?}");
        assert!(ends.is_sorted(), "{ends:?}");
    }
    let log = market(4, 400, 0.0, 0.0);
    let cut = Cut::as_of(AS_OF);
    let two_years = Expectation { horizon_days: 730, factors: vec![1.0], ..models(&log, cut) };
    assert!(
        two_years.scores(&log, cut).iter().flatten().all(|score| (score.year * 2.0 / score.next - 1.0).abs() < 1e-9)
    );
}

/// Half of all customers came once and spent much or little: what they are worth follows.
#[test]
fn a_first_purchase_tells_what_the_next_brings() {
    let log = market(5, 1_500, 0.0, 0.0);
    let cut = Cut::as_of(AS_OF);
    let made = models(&log, cut);
    let once: Vec<(f64, f64)> = (0..log.customers())
        .filter_map(|customer| log.past(customer, cut).filter(|past| past.repeat_purchases == 0.0))
        .map(|past| (past.first_spend, made.spend.expected_spend(1.0, past.first_spend)))
        .collect();
    let mean = once.iter().map(|(first, _)| first).sum::<f64>() / once.len() as f64;
    for (first, expected) in once.iter().filter(|(first, _)| *first > 3.0 * mean) {
        assert!(*expected > 1.5 * mean && expected < first, "{first} {expected} {mean}");
    }
}

#[test]
fn nothing_after_the_cut_is_known() {
    let log = market(6, 900, 0.2, 0.1);
    let cut = Cut::as_of(AS_OF - 60);
    let known = |customer: usize| log.seen(customer, cut).iter().map(move |day| (customer as u32, *day));
    let seen = PurchaseLog::new((0..log.customers()).flat_map(known), true);
    let (with, without) = (past(&log, cut).present(&Told::default()), past(&seen, cut).present(&Told::default()));
    assert_eq!((with.factors, with.ranges, with.judged), (without.factors, without.ranges, without.judged));
    assert_eq!(with.origins, 12);
}

/// Twenty markets, half of them with seasons and shocks: 80 % ranges hold about that often, and the season is in the forecast.
#[test]
fn ranges_hold_as_often_as_they_say() {
    let mut counts = [(0, 0); 4];
    let (mut off, mut plain) = (0.0, 0.0);
    for seed in 0..20 {
        let strong = seed % 2 == 1;
        let log = market(seed, 700, if strong { 0.3 } else { 0.0 }, if strong { 0.1 } else { 0.02 });
        let cut = Cut::as_of(AS_OF);
        let present = past(&log, cut).present(&Told::default());
        let of = present.ranges;
        for (count, held) in
            counts.iter_mut().zip([of.next_held, of.next_groups_held, of.year_held, of.year_groups_held])
        {
            *count = (count.0 + held.held, count.1 + held.of);
        }
        let total = |made: &Expectation| made.scores(&log, cut).iter().flatten().map(|score| score.next).sum::<f64>();
        let known = (0..log.customers()).filter(|customer| log.past(*customer, cut).is_some());
        let came: f64 = known.flat_map(|customer| log.coming(customer, cut, HORIZON)).map(|day| day.net).sum();
        let models = models(&log, cut);
        plain += libm::log(total(&models) / came).abs();
        off += libm::log(total(&models.at_level(&present)) / came).abs();
    }
    let shares = counts.map(|(held, of)| f64::from(held) / f64::from(of));
    println!("{shares:?} of {counts:?}; off {:.3}, without a level {:.3}", off / 20.0, plain / 20.0);
    assert!(shares[..2].iter().all(|share| (0.74..=0.90).contains(share)), "{shares:?} of {counts:?}");
    assert!(shares[2..].iter().all(|share| (0.70..=0.95).contains(share)), "{shares:?} of {counts:?}");
    assert!(off < 0.75 * plain, "{off} {plain}");
}

#[test]
fn too_little_past_is_judged_by_nothing_and_ranges_are_cautious() {
    let log = market(7, 40, 0.0, 0.0);
    let present = past(&log, Cut::as_of(AS_OF)).present(&Told::default());
    assert_eq!((present.origins, present.judged, present.factors[0]), (0, None, 1.0));
    let (low, high) = present.ranges.next.range(1_000.0, 100.0, false, 0.8);
    assert!(low < 800.0 && high > 1_250.0 && low > 0.0, "{low} {high}");
    assert!(!present.ranges.next.is_beyond(1_000.0, 100.0, true));
    assert!(present.ranges.next.is_beyond(1_000.0, 4e6, true) && present.ranges.next.is_beyond(1_000.0, 4e6, false));
    assert_eq!(present.ranges.next.range(0.0, 0.0, true, 0.8), (0.0, 0.0));
}

/// Two of five quarters surprised the neighbours: a market that leans on them takes their typical miss, and then its own.
#[test]
fn a_market_that_leans_on_others_learns_by_its_own_misses_whether_it_is_surprised_too() {
    let misses = [0.2, -0.25, 1.6, 0.2, 1.4];
    let (typical, all) = (ranges::typical(&misses), ranges::inflation(&misses));
    assert!(typical < 0.75 && all > 0.9, "{typical} {all}");
    // As large as normal ones should be, or larger, without a single surprise: the same by both.
    assert!((ranges::typical(&[0.674_489_75; 9]) - 1.0).abs() < 1e-8 && ranges::typical(&[]) == 1.0);
    assert!(ranges::typical(&[1.5, -1.5, 1.5]) > 1.4);
    let of = |level: f64, seen: u32| Spread {
        level,
        inflation: all,
        typical: Some(typical),
        seen,
        between: 0.02,
        chance: 1.2,
        quantile_80: 1.6,
    };
    let (own, others) = (of(0.1, 0), of(0.015, 5));
    let width = |spread: &Spread| libm::log(spread.range(1_000.0, 0.0, false, 0.8).1 / 1_000.0);
    let leaning = |misses: &[f64]| width(&own.leaning_on(&others, misses));
    let (none, quiet, surprised) = (leaning(&[]), leaning(&[0.3]), leaning(&[0.3, 2.0]));
    assert!(quiet < none && none < width(&others) && surprised > width(&others), "{none} {quiet} {surprised}");
    // A market that knows its level better than its neighbours theirs leans on nobody; reports of before tell no typical miss.
    assert_eq!(others.leaning_on(&own, &[3.0]), others);
    assert_eq!(own.leaning_on(&Spread { typical: None, ..others }, &[]).inflation, all);
}

#[test]
fn a_miss_is_read_back_from_a_published_range() {
    let check = |spread: Spread| {
        let high = spread.range(1_000.0, 4_000.0, false, 0.8).1;
        let deviation = spread.market_deviation(1_000.0, 4_000.0);
        let miss = |came: f64| spread.market_miss(1_000.0, high, came);
        assert!(miss(900.0).is_some_and(|miss| (miss - libm::log(0.9) / deviation).abs() < 1e-9));
        assert_eq!((miss(0.0), miss(-5.0), spread.market_miss(1_000.0, f64::NAN, 900.0)), (None, None, None));
        assert_eq!(miss(1e9), Some(4.0));
        assert_eq!(spread.market_miss(1_000.0, 1_000.0, 900.0), None);
    };
    let spread = past(&market(8, 700, 0.0, 0.02), Cut::as_of(AS_OF)).present(&Told::default()).ranges.next;
    assert!(spread.typical.is_some_and(|typical| typical > 0.3 && typical < 3.0), "{spread:?}");
    check(spread);
}

/// Published misses and that of the latest origin both count, where a log has too few origins.
#[test]
fn a_young_market_takes_the_spread_of_its_neighbours() {
    let young = market(9, 400, 0.0, 0.0);
    let first = young.span().map_or(0, |(first, _)| first);
    let cut = Cut::as_of(first + 240);
    let history = past(&young, cut);
    let neighbour = past(&market(8, 700, 0.0, 0.02), Cut::as_of(AS_OF)).present(&Told::default()).ranges;
    let told = |market_misses: Vec<f64>| Told {
        market_misses,
        neighbours: Some((neighbour.next, neighbour.year)),
        ..Told::default()
    };
    let present = |misses: Vec<f64>| history.present(&told(misses));
    let alone = history.present(&Told::default());
    assert!((1..3).contains(&alone.origins), "{}", alone.origins);
    let (quiet, surprised) = (present(vec![0.0]).ranges.next, present(vec![3.0]).ranges.next);
    assert_eq!(quiet.level, neighbour.next.level);
    assert!(quiet.level < alone.ranges.next.level && quiet.inflation < surprised.inflation, "{quiet:?} {surprised:?}");
}
