//! Churn risks: metrics by hand, the regression by its conditions, and the choice on simulated customers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::purchase::PurchaseModel;
use crate::purchase_log::Day;
use crate::random::SplitMix64;

/// Purchase models alone.
fn of(kinds: &[Kind]) -> Considered<'_> {
    Considered { kinds, ..Considered::default() }
}

#[test]
fn metrics_are_the_ones_computed_by_hand() {
    // Ranked by score: 0 0 1 | tie of (1, 0) | 1.
    let scores = [0.1, 0.2, 0.3, 0.6, 0.6, 0.9];
    let labels = [0.0, 0.0, 1.0, 1.0, 0.0, 1.0];
    let quality = quality(&scores, &labels);
    // Pairs of (1, 0): nine; .3 beats two, .6 beats two and ties one, .9 beats three.
    assert!((quality.auc - 7.5 / 9.0).abs() < 1e-12, "{quality:?}");
    let brier = (0.01 + 0.04 + 0.49 + 0.16 + 0.36 + 0.01) / 6.0;
    assert!((quality.brier - brier).abs() < 1e-12);
    assert!((quality.lift_10 - 2.0).abs() < 1e-12 && (quality.recall_10 - 1.0 / 3.0).abs() < 1e-12);
    assert!(quality.auc_low_95 < quality.auc && quality.auc < quality.auc_high_95 && quality.auc_high_95 <= 1.0);
}

#[test]
fn the_interval_of_the_auc_covers_the_truth() {
    // Scores N(1, 1) and N(0, 1): the AUC is Φ(1/√2).
    let truth = 0.760_249_938_906_52;
    let mut random = SplitMix64::new(3);
    let rounds = 600;
    let covered = (0..rounds)
        .filter(|_| {
            let labels: Vec<f64> = (0..120).map(|n| f64::from(u8::from(n % 3 == 0))).collect();
            let scores: Vec<f64> = labels.iter().map(|label| label + random.next_normal()).collect();
            let quality = quality(&scores, &labels);
            (quality.auc_low_95..=quality.auc_high_95).contains(&truth)
        })
        .count();
    let share = covered as f64 / f64::from(rounds);
    assert!((share - 0.95).abs() < 0.03, "{share}");
}

#[test]
fn the_regression_finds_planted_coefficients() {
    let mut random = SplitMix64::new(9);
    let rows: Vec<Vec<f64>> = (0..20_000)
        .map(|_| vec![random.next_normal(), 3.0 + 2.0 * random.next_normal(), random.next_normal()])
        .collect();
    let labels: Vec<f64> = rows
        .iter()
        .map(|row| {
            let logit = 0.4 + 1.2 * row[0] - 0.8 * (row[1] - 3.0) / 2.0;
            f64::from(u8::from(random.next_f64() < 1.0 / (1.0 + libm::exp(-logit))))
        })
        .collect();
    let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let model = fit_logistic(&rows, &labels, &[0, 1, 2]);
    for (got, planted) in model.coefficients.iter().zip([1.2, -0.8, 0.0]) {
        assert!((got - planted).abs() < 0.06, "{model:?}");
    }
    // The condition of a maximum for a free intercept: the mean probability is the mean label.
    let mean = rows.iter().map(|row| model.probability(row)).sum::<f64>() / 20_000.0;
    assert!((mean - labels.iter().sum::<f64>() / 20_000.0).abs() < 1e-6);
}

#[test]
fn a_calibration_does_not_turn_a_ranking_round() {
    let rows: Vec<[f64; 1]> = (0..100).map(|n| [f64::from(n)]).collect();
    let rows: Vec<&[f64]> = rows.iter().map(|row| row.as_slice()).collect();
    let labels = |of: fn(usize) -> bool| (0..100).map(|n| f64::from(u8::from(of(n)))).collect::<Vec<f64>>();
    let (up, down) = (labels(|n| n % 7 < 3 || n > 70), labels(|n| n % 7 < 3 || n < 30));
    let (rising, falling) = (fit_logistic(&rows, &up, &[0]), fit_logistic(&rows, &down, &[0]));
    assert!(rising.coefficients[0] > 0.1 && falling.coefficients[0] < -0.1);
    assert_eq!(rising.clone().rising(&up), rising);
    let level = falling.rising(&down);
    let share = down.iter().sum::<f64>() / 100.0;
    assert!(rows.iter().all(|row| (level.probability(row) - share).abs() < 0.005), "{level:?} {share}");
}

#[test]
fn a_regression_on_one_label_stays_finite() {
    let rows = [[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]];
    let rows: Vec<&[f64]> = rows.iter().map(|row| row.as_slice()).collect();
    let model = fit_logistic(&rows, &[1.0; 3], &[0, 1]);
    assert!(model.probability(&[2.0, 5.0]) > 0.9 && model.probability(&[1e300, -1e300]).is_finite(), "{model:?}");
}

/// Customers by the MBG/NBD over `days` days.
fn log(customers: usize, days: f64, seed: u64) -> PurchaseLog {
    let model = PurchaseModel::new(Kind::MbgNbd, [0.8, 50.0, 0.9, 4.0]).unwrap();
    let mut random = SplitMix64::new(seed);
    let mut rows = Vec::new();
    for customer in 0..customers {
        let first = random.next_f64() * days * 0.8;
        let mut of: Vec<i32> = vec![first as i32];
        of.extend(random.purchases(&model, days - first).into_iter().map(|time| (first + time) as i32));
        of.dedup();
        let spend = 5.0 + 40.0 * random.next_f64();
        rows.extend(of.into_iter().map(|day| (customer as u32, Day { day, is_purchase: true, spend, net: spend })));
    }
    PurchaseLog::new(rows, true)
}

#[test]
fn the_choice_is_as_good_as_the_best_and_calibrated_on_what_comes() {
    let log = log(6_000, 900.0, 21);
    let as_of = Cut::as_of(720);
    let assessment = assess(&log, as_of, 90, &of(&[Kind::MbgNbd, Kind::BgNbd])).unwrap();
    let backtest = assessment.backtest.as_ref().unwrap();
    assert_eq!(backtest.candidates.len(), 7);
    let best = backtest.candidates.iter().map(|c| c.quality.auc).fold(0.0, f64::max);
    let chosen = backtest.candidates.iter().find(|c| c.method == assessment.chosen).unwrap();
    assert!(chosen.quality.auc >= best - LEVEL_AUC && chosen.quality.ece < 0.03, "{assessment:?}");
    // Judged once more on the future that nothing has seen.
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    for (customer, risk) in assessment.risks.iter().enumerate() {
        if let Some(risk) = risk {
            scores.push(*risk);
            labels.push(f64::from(u8::from(log.coming(customer, as_of, 90).is_empty())));
        }
    }
    let future = quality(&scores, &labels);
    assert!(future.ece < 0.03 && future.auc > 0.75, "{future:?}");
}

/// A candidate of each method with an AUC, calibration error and log loss.
fn candidates(of: [(f64, f64, f64); 7]) -> Vec<Candidate> {
    let methods = [
        Method::Recency,
        Method::PurchaseModel,
        Method::PurchaseModelCalibrated,
        Method::Logistic,
        Method::LogisticLevelled,
        Method::Blend,
        Method::LevelledBlend,
    ];
    let plain = quality(&[0.2, 0.8], &[0.0, 1.0]);
    let candidate =
        |(method, (auc, ece, log_loss))| Candidate { method, quality: Quality { auc, ece, log_loss, ..plain.clone() } };
    methods.into_iter().zip(of).map(candidate).collect()
}

/// What one judged horizon is not enough for: a winner by less than 5 %. A levelled blend that ranks or is calibrated worse goes.
#[test]
fn the_levelled_blend_stays_while_it_is_calibrated_and_costs_at_most_a_twentieth_of_the_log_loss() {
    let of = |logistic: f64, blend: (f64, f64)| {
        let rest = (0.89, 0.034, 0.320);
        let blend = (blend.0, blend.1, 0.3);
        let (chosen, reason) = choice(&candidates([rest, rest, rest, (0.9, 0.015, logistic), rest, rest, blend]), None);
        assert!(reason.starts_with(&chosen.to_string()), "{reason}");
        chosen
    };
    assert_eq!(of(0.286, (0.896, 0.029)), Method::LevelledBlend);
    assert_eq!(of(0.285, (0.896, 0.029)), Method::Logistic);
    assert_eq!(of(0.299, (0.894, 0.029)), Method::Logistic);
    assert_eq!(of(0.299, (0.896, 0.031)), Method::Logistic);
    // The method in use has 2 %.
    let mut of_model = candidates([(0.9, 0.02, 0.29); 7]);
    of_model[1].quality.log_loss = 0.295;
    of_model[3].quality.log_loss = 0.28;
    of_model[6].quality.log_loss = 0.31;
    assert_eq!(choice(&of_model, Some(Method::PurchaseModel)).0, Method::Logistic);
    of_model[1].quality.log_loss = 0.285;
    assert_eq!(choice(&of_model, Some(Method::PurchaseModel)).0, Method::PurchaseModel);
}

/// What is carried gives the published risks again at its own cut, and at a later one risks at the level of its own makers.
#[test]
fn frozen_risks_are_given_again() {
    let log = log(3_000, 900.0, 22);
    let (as_of, later) = (Cut::as_of(720), Cut::as_of(810));
    let assessment = assess(&log, as_of, 90, &of(&[Kind::MbgNbd])).unwrap();
    assert_eq!(assessment.fitted.risks(&log, as_of), assessment.risks);
    assert_eq!((assessment.fitted.method, assessment.fitted.horizon_days), (assessment.chosen, 90));
    let rows = snapshot(&log, as_of.earlier(90), 90, Kinds { of: &[Kind::MbgNbd], is_banded: false }).unwrap();
    let regression = Some(fit_rows(&rows, &features::usable(true)));
    let mean = |method: Method, regression: Option<Logistic>| {
        let fitted = FittedRisk { method, regression, shift: 0.0, ..assessment.fitted.clone() };
        let risks: Vec<f64> = fitted.risks(&log, later).into_iter().flatten().collect();
        risks.iter().sum::<f64>() / risks.len() as f64
    };
    let of_model = mean(Method::PurchaseModel, None);
    for method in [Method::LogisticLevelled, Method::Blend] {
        assert!((mean(method, regression.clone()) - of_model).abs() < 1e-9, "{method}");
    }
    assert!((mean(Method::Logistic, regression.clone()) - of_model).abs() > 1e-6);
    // With no earlier origin the levelled blend is between the two, and stays so at its makers' shift.
    assert_eq!(assessment.chosen, Method::LevelledBlend);
    let now = log.pasts(as_of, usize::MAX);
    let mean_now = |method: Method, regression: Option<Logistic>, shift: f64| {
        let fitted = FittedRisk { method, regression, shift, ..assessment.fitted.clone() };
        fitted.score(&log, &now, as_of).0.iter().sum::<f64>() / now.len() as f64
    };
    let (of_model, of_regression) =
        (mean_now(Method::PurchaseModel, None, 0.0), mean_now(Method::Logistic, regression.clone(), 0.0));
    let of_blend = mean_now(Method::LevelledBlend, regression, assessment.fitted.shift);
    assert!((of_blend - of_model) * (of_blend - of_regression) < 0.0, "{of_model} {of_blend} {of_regression}");
}

/// What happens after the as-of day changes no risk, and what happens after the judged cut changes no candidate.
#[test]
fn nothing_leaks_from_the_future() {
    let log = log(1_500, 900.0, 4);
    let cut = Cut::as_of(600);
    let known = PurchaseLog::new(
        (0..log.customers()).flat_map(|customer| {
            log.seen(customer, cut).iter().map(move |day| (customer as u32, *day)).collect::<Vec<_>>()
        }),
        true,
    );
    let (with, without) = (assess(&log, cut, 90, &of(&Kind::ALL)), assess(&known, cut, 90, &of(&Kind::ALL)));
    let (with, without) = (with.unwrap(), without.unwrap());
    assert_eq!((with.chosen, with.backtest), (without.chosen, without.backtest));
    let scored = |risks: &[Option<f64>]| risks.iter().flatten().copied().collect::<Vec<f64>>();
    assert_eq!(scored(&with.risks), scored(&without.risks));
}

#[test]
fn too_little_history_is_said() {
    let log = log(300, 100.0, 2);
    let assessment = assess(&log, Cut::as_of(100), 91, &of(&[Kind::MbgNbd])).unwrap();
    assert!(assessment.backtest.is_none() && assessment.reason.starts_with("no backtest: it takes"), "{assessment:?}");
    assert_eq!(assessment.chosen, Method::PurchaseModel);
    assert_eq!(assess(&PurchaseLog::default(), Cut::as_of(100), 91, &of(&[Kind::MbgNbd])), None);
}
