//! Single values as printed in papers, spreadsheets and the test suites of other packages, and the published formulas at
//! high precision.

use super::*;

#[test]
fn likelihood_and_p_alive_match_the_formulas_at_eighty_digits() {
    let mut seen = 0;
    for line in include_str!("../../../reference/likelihood.csv").lines().filter(|line| !line.starts_with('#')) {
        let (kind, numbers) = line.split_once(',').unwrap();
        let cells: Vec<f64> = numbers.split(',').map(|cell| cell.parse().unwrap()).collect();
        let [first, scale, second, last, x, t_x, age, log_likelihood, p_alive] = cells.try_into().unwrap();
        let model = PurchaseModel::new(kind.parse().unwrap(), [first, scale, second, last]).unwrap();
        let got = model.log_likelihood(x, t_x, age);
        check(line, got, log_likelihood, 2e-13 * (10.0 + log_likelihood.abs() + x));
        check(line, model.p_alive(x, t_x, age), p_alive, 1e-11 * p_alive + 1e-300);
        seen += 1;
    }
    assert_eq!(seen, 189);
}

#[test]
fn bgnbd_prints_what_others_print() {
    let model = cdnow_model(Kind::BgNbd);
    // Hardie's spreadsheet: one customer, and E[X(t)].
    check("spreadsheet", model.expected_purchases(2.0, 30.43, 38.86, 39.0), 1.226, 5e-4);
    let weeks = [0.1429, 1.0, 3.0, 31.8571, 32.0, 78.0];
    for (t, expected) in weeks.into_iter().zip([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]) {
        check("E[X(t)]", model.expected_purchases_new(t), expected, 1e-3);
    }
    // The manual of the R package BTYD, with rounded parameters.
    let model = PurchaseModel::new(Kind::BgNbd, [0.243, 4.414, 0.793, 2.426]).unwrap();
    check("P(X(2) = 10)", model.purchase_probabilities((0.0, 0.0, 0.0), 2.0, 10)[10], 1.07869e-7, 1e-12);
    check("P(X(39) = 0)", model.p_no_purchase(0.0, 0.0, 0.0, 39.0), 0.5737864, 5e-8);
    let probabilities = model.purchase_probabilities((0.0, 0.0, 0.0), 30.0, 20);
    let printed = [
        0.0019995214,
        0.0015170236,
        0.001163315,
        0.0009003148,
        0.0007023638,
        0.0005517902,
        0.0004361913,
        0.0003467171,
        0.0002769613,
        0.000222226,
    ];
    for (got, expected) in probabilities[11..].iter().zip(printed) {
        check("P(X(30) = n)", *got, expected, 1e-10);
    }
}

#[test]
fn mbgnbd_prints_what_others_print() {
    // pymc-marketing, tests/clv/models/test_modified_beta_geo.py.
    let model = PurchaseModel::new(Kind::MbgNbd, [0.25, 4.0, 0.8, 2.5]).unwrap();
    check("x = 0", model.log_likelihood(0.0, 0.0, 40.0), -0.41792826, 5e-9);
    check("x = 200", model.log_likelihood(200.0, 38.0, 40.0), 100.7869, 5e-5);
}

#[test]
fn paretonbd_prints_what_others_print() {
    // The walkthrough of the R package BTYD: customer 1516.
    let model = cdnow_model(Kind::ParetoNbd);
    check("expected", model.expected_purchases(26.0, 30.86, 31.0, 52.0), 25.46, 5e-3);
    check("P(alive)", model.p_alive(26.0, 30.86, 31.0), 0.9979, 5e-5);
    // Its manual: E[X(t)], t = 0 to 9 weeks.
    let printed = [
        0.0, 0.05077821, 0.09916088, 0.14542507, 0.1897993, 0.23247466, 0.27361274, 0.31335159, 0.35181024, 0.38909211,
    ];
    for (week, expected) in (0_u32..).zip(printed) {
        check("E[X(t)]", model.expected_purchases_new(f64::from(week)), expected, 0.01);
    }
    // CLVTools, test_correctness_pnbd_nocovstaticcov.R: values at which naive forms overflow.
    let model = PurchaseModel::new(Kind::ParetoNbd, [0.5143, 2.8845, 0.2856, 14.1087]).unwrap();
    for (x, t_x, age) in [
        (221.0, 103.42857, 103.57143),
        (254.0, 97.14286, 97.28571),
        (161.0, 94.71429, 98.0),
        (204.0, 98.57143, 99.42857),
    ] {
        let alive = model.p_alive(x, t_x, age);
        assert!((0.0..=1.0).contains(&alive), "{alive}");
    }
}
