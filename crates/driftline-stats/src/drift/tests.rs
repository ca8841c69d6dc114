#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn numbers(values: impl IntoIterator<Item = f64>) -> Sample {
    Sample::Numbers { values: values.into_iter().collect(), nulls: 0 }
}

fn names(counts: &[(&str, u64)], nulls: u64) -> Sample {
    let counts: BTreeMap<String, u64> = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    Sample::Categories { values: counts.values().sum(), counts, nulls, is_complete: true }
}

fn judged(column: &str, reference: Sample, current: Sample) -> Finding {
    let mut findings = vec![compare(column, reference, current)];
    judge(&mut findings);
    findings.remove(0)
}

fn all_finite(finding: &Finding) -> bool {
    let statistics = [
        finding.ks_d,
        finding.p,
        finding.w1,
        finding.w1_over_sd,
        finding.cliffs_delta,
        finding.psi,
        finding.psi_null_p95,
        finding.tvd,
        finding.cramers_v,
        finding.js_distance,
        finding.q,
    ];
    statistics.into_iter().flatten().all(f64::is_finite)
}

#[test]
fn statistics_are_the_ones_computed_by_hand() {
    let finding = judged("n", numbers([3.0, 1.0, 2.0, 2.0]), numbers([2.0, 4.0]));
    assert_eq!((finding.ks_d, finding.w1), (Some(0.5), Some(1.0)));
    // Of eight pairs the current one is higher in 1 + 4 and lower in 1.
    assert_eq!(finding.cliffs_delta, Some(0.5));
    let finding = judged("c", names(&[("a", 30), ("b", 10)], 0), names(&[("a", 20), ("c", 20)], 0));
    assert_eq!((finding.tvd, finding.new_categories[0].as_str()), (Some(0.5), "c"));
    assert_eq!(finding.lost_categories, ["b"]);
    // Expected: a 25 and 25, b 5 and 5, c 10 and 10.
    let chi = 2.0 * (25.0 / 25.0 + 25.0 / 5.0 + 100.0 / 10.0);
    assert!((finding.cramers_v.unwrap() - libm::sqrt(chi / 80.0)).abs() < 1e-12);
    assert!((finding.p.unwrap() - libm::exp(-chi / 2.0)).abs() < 1e-12);
}

#[test]
fn order_and_direction_do_not_matter_where_they_should_not() {
    let reference: Vec<f64> = (0..500).map(|n| f64::from(n * 7919 % 503)).collect();
    let current: Vec<f64> = (0..300).map(|n| f64::from(n * 104_729 % 601)).collect();
    let finding = judged("n", numbers(reference.clone()), numbers(current.clone()));
    let mut shuffled = reference.clone();
    shuffled.reverse();
    assert_eq!(finding, judged("n", numbers(shuffled), numbers(current.clone())));
    let back = judged("n", numbers(current), numbers(reference));
    assert_eq!((finding.ks_d, finding.p, finding.w1), (back.ks_d, back.p, back.w1));
    assert_eq!(finding.cliffs_delta, back.cliffs_delta.map(|delta| -delta));
}

#[test]
fn odd_columns_give_a_reason_and_nothing_that_is_not_finite() {
    let huge = [f64::MAX, -f64::MAX, f64::MIN_POSITIVE, 0.0, -0.0];
    let cases = [
        (numbers([]), numbers([])),
        (numbers([]), numbers([1.0])),
        (numbers([f64::NAN, f64::INFINITY]), numbers([1.0])),
        (numbers([1.0]), numbers([1.0])),
        (numbers([5.0; 100]), numbers([5.0; 80])),
        (numbers([5.0; 100]), numbers([6.0; 80])),
        (numbers(huge), numbers([1.0, -1.0])),
        (numbers([1.0, -1.0]), numbers(huge)),
        (names(&[], 10), names(&[], 5)),
        (names(&[("x", 10)], 0), names(&[("x", 1)], 0)),
        (names(&[("x", 10)], 0), numbers([1.0])),
        (Sample::Empty { nulls: 3 }, numbers([1.0])),
        (Sample::Unknown { what: "no such column".to_owned(), rows: 0 }, names(&[("x", 1)], 0)),
    ];
    for (reference, current) in cases {
        let finding = judged("odd", reference.clone(), current.clone());
        assert!(all_finite(&finding), "{reference:?} {current:?}: {finding:?}");
        assert!(!finding.reason.is_empty());
    }
}

#[test]
fn verdicts_need_both_sure_and_material() {
    let step = |shift: f64, count: u32| numbers((0..count).map(move |n| f64::from(n) / f64::from(count) + shift));
    assert_eq!(judged("n", step(0.0, 20_000), step(0.05, 20_000)).verdict, Verdict::Drift);
    assert_eq!(judged("n", step(0.0, 200_000), step(0.01, 200_000)).verdict, Verdict::NoDrift, "sure, but small");
    assert_eq!(judged("n", step(0.0, 30), step(0.05, 30)).verdict, Verdict::NoDrift, "large, but not sure");
    let with_nulls = |nulls| Sample::Numbers { values: (0..1000).map(f64::from).collect(), nulls };
    assert_eq!(judged("n", with_nulls(20), with_nulls(60)).verdict, Verdict::NullDrift);
    assert_eq!(judged("n", with_nulls(20), Sample::Empty { nulls: 900 }).verdict, Verdict::NullDrift);
}

/// Twenty columns without drift raise an alarm in about one file of twenty at most.
#[test]
fn false_alarms_stay_rare() {
    let mut random = crate::random::SplitMix64::new(7);
    let alarms = (0..400)
        .filter(|_| {
            let mut findings: Vec<Finding> = (0..20)
                .map(|column| {
                    let mut draw = |count: usize| -> Vec<f64> { (0..count).map(|_| random.next_f64()).collect() };
                    let (reference, current) = (draw(150), draw(120));
                    if column % 2 == 0 {
                        return compare("n", numbers(reference), numbers(current));
                    }
                    let counted = |values: &[f64]| {
                        let count =
                            |from: f64, to: f64| values.iter().filter(|v| (from..to).contains(*v)).count() as u64;
                        names(&[("a", count(0.0, 0.3)), ("b", count(0.3, 0.8)), ("c", count(0.8, 1.1))], 0)
                    };
                    compare("c", counted(&reference), counted(&current))
                })
                .collect();
            judge(&mut findings);
            findings.iter().any(|finding| finding.verdict == Verdict::Drift)
        })
        .count();
    assert!(alarms <= 28, "{alarms} of 400");
}
