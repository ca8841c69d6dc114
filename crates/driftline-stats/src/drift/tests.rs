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
        finding.shift,
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
    // 80 rows: exact, by walking all tables in whole numbers. The limit form says 1.1e-7.
    assert!((finding.p.unwrap() / 2.672_419_995_629_295_3e-9 - 1.0).abs() < 1e-9, "{:?}", finding.p);
    // The limit form where it holds: 4,000 rows, the same shares.
    let finding = judged("c", names(&[("a", 1000), ("b", 1000)], 0), names(&[("a", 1040), ("b", 960)], 0));
    assert!(
        (finding.p.unwrap()
            - shares::chi_squared_upper_tail(4000.0 * (40.0 / 4000.0f64).powi(2) / (0.25 - 0.0001), 1.0))
        .abs()
            < 1e-9
    );
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
        (numbers([f64::MIN_POSITIVE, 2.0 * f64::MIN_POSITIVE]), numbers([0.0, f64::MAX])),
        (Sample::Unknown { what: "a list is not compared".to_owned(), rows: 9 }, names(&[("x", 1)], 0)),
        (Sample::Absent, names(&[("x", 1)], 0)),
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
    assert_eq!(judged("n", step(0.0, 20_000), step(0.05, 20_000)).verdict, ColumnVerdict::Drift);
    assert_eq!(judged("n", step(0.0, 200_000), step(0.01, 200_000)).verdict, ColumnVerdict::NoDrift, "sure, but small");
    assert_eq!(judged("n", step(0.0, 30), step(0.05, 30)).verdict, ColumnVerdict::NoDrift, "large, but not sure");
    let with_nulls = |nulls| Sample::Numbers { values: (0..1000).map(f64::from).collect(), nulls };
    assert_eq!(judged("n", with_nulls(20), with_nulls(60)).verdict, ColumnVerdict::NullDrift);
    assert_eq!(judged("n", with_nulls(20), Sample::Empty { nulls: 900 }).verdict, ColumnVerdict::NullDrift);
}

/// The p-values that are counted out by hand or by scipy 1.17.1 (`ks_2samp(method="exact")`, `fisher_exact`); with ties by
/// walking all ways to deal the values out.
#[test]
fn p_values_of_small_samples_are_exact() {
    let p = |reference: &[f64], current: &[f64]| {
        judged("n", numbers(reference.iter().copied()), numbers(current.iter().copied())).p.unwrap()
    };
    let run = |from: f64, count: u32| (0..count).map(|n| from + f64::from(n)).collect::<Vec<f64>>();
    let cases = [
        (run(0.0, 3), run(100.0, 3), 2.0 / 20.0),
        (run(1.0, 3), run(9.0, 2), 2.0 / 10.0),
        (run(0.0, 30), run(100.0, 1), 2.0 / 31.0),
        (run(0.0, 2), run(100.0, 6), 2.0 / 28.0),
        (run(0.0, 2), run(100.0, 2), 2.0 / 6.0),
        (run(0.0, 1), run(100.0, 1), 1.0),
        (run(0.0, 8), run(4.0, 8), 0.282_672_882_672_882_6),
    ];
    for (reference, current, expected) in cases {
        let found = p(&reference, &current);
        assert!((found - expected).abs() < 1e-12, "{reference:?} {current:?}: {found} instead of {expected}");
    }
    for (reference, current) in TIED {
        let (found, expected) = (p(reference, current), dealt_out(reference, current));
        assert!((found - expected).abs() < 1e-12, "{reference:?} {current:?}: {found} instead of {expected}");
    }
}

const TIED: [(&[f64], &[f64]); 4] = [
    (&[1.0, 1.0, 2.0, 3.0], &[2.0, 3.0, 3.0, 4.0, 4.0]),
    (&[0.0, 0.0, 0.0, 0.0, 7.0], &[0.0, 7.0, 7.0, 7.0]),
    (&[1.0, 1.0, 1.0], &[1.0, 1.0, 2.0]),
    (&[1.0, 2.0, 2.0, 2.0, 5.0, 5.0], &[2.0, 2.0, 5.0]),
];

/// P(D ≥ what was seen) by dealing the pooled values out in every way.
fn dealt_out(reference: &[f64], current: &[f64]) -> f64 {
    let pooled: Vec<f64> = [reference, current].concat();
    let d = |of: &dyn Fn(usize) -> bool| {
        let (n, m) = (reference.len() as f64, current.len() as f64);
        let below = |value: f64, is_reference: bool, count: f64| {
            (0..pooled.len()).filter(|i| of(*i) == is_reference && pooled[*i] <= value).count() as f64 / count
        };
        pooled.iter().map(|value| (below(*value, true, n) - below(*value, false, m)).abs()).fold(0.0, f64::max)
    };
    let seen = d(&|i| i < reference.len());
    let (mut all, mut as_far) = (0.0, 0.0);
    for ways in 0u32..1 << pooled.len() {
        if ways.count_ones() as usize == reference.len() {
            all += 1.0;
            as_far += if d(&|i| ways >> i & 1 == 1) >= seen - 1e-12 { 1.0 } else { 0.0 };
        }
    }
    as_far / all
}

/// χ² with few rows, with sparse cells that are walked, and with too many of them to walk.
#[test]
fn p_values_of_sparse_categories_hold() {
    let p = |reference: &[(&str, u64)], current: &[(&str, u64)]| {
        judged("c", names(reference, 0), names(current, 0)).p.unwrap()
    };
    // Of ten ways to deal a a b | z z out, one is z z and one a a, which is as far off.
    assert!((p(&[("a", 2), ("b", 1)], &[("z", 2)]) - 0.2).abs() < 1e-12);
    // Fisher's exact test: scipy's fisher_exact([[8, 2], [1, 5]]).
    assert!((p(&[("a", 8), ("b", 2)], &[("a", 1), ("b", 5)]) - 0.034_965_034_965_035).abs() < 1e-12);
    // All tables with these margins, in whole numbers.
    let found = p(&[("a", 500), ("b", 3), ("c", 1)], &[("a", 100), ("c", 1), ("d", 4)]);
    assert!((found / 0.000_549_783_164_889_772_7 - 1.0).abs() < 1e-9, "{found}");
    // A thousand categories of two rows each: the same shares, however sparse, are no drift.
    let many = |every: usize| -> Sample {
        let counts: BTreeMap<String, u64> = (0..1000).map(|n| (format!("{n}"), 1 + (n % every == 0) as u64)).collect();
        Sample::Categories { values: counts.values().sum(), counts, nulls: 0, is_complete: true }
    };
    assert!(judged("c", many(2), many(3)).p.unwrap() > 0.9);
}

/// Categories of a row or two each, too many to walk: no drift raises an alarm about once in twenty times, where the limit form
/// does once in four. Every hundredth category of 2,100 rows is drawn into the current sample by a shuffle.
#[test]
fn false_alarms_of_sparse_categories_stay_rare() {
    let mut random = crate::random::SplitMix64::new(11);
    let (mut alarms, mut by_limit) = (0, 0);
    for _ in 0..600 {
        let mut rows: Vec<usize> = (0..2100).map(|row: usize| row.saturating_sub(1600)).collect();
        for last in (1..rows.len()).rev() {
            rows.swap(last, random.below(last + 1));
        }
        let count = |rows: &[usize]| {
            let mut counts = vec![0u64; 500];
            rows.iter().for_each(|row| counts[*row] += 1);
            counts
        };
        let (current, reference) = rows.split_at(100);
        let test = shares::homogeneity(&count(reference), &count(current)).unwrap();
        alarms += u32::from(test.p <= 0.05);
        by_limit += u32::from(shares::chi_squared_upper_tail(test.statistic, 499.0) <= 0.05);
    }
    assert!((15..=45).contains(&alarms), "{alarms} of 600");
    assert!(by_limit > 100, "{by_limit} of 600 by the limit form");
}

/// One value of a thousand, or another unit, changes no effect size that decides.
#[test]
fn effects_are_free_of_the_unit_and_of_single_values() {
    let values = |shift: f64| (0..1000).map(move |n| f64::from(n * 7919 % 1009) + shift).collect::<Vec<f64>>();
    let of = |unit: f64, far: Option<f64>| {
        let mut sides = [values(0.0), values(200.0)];
        for side in &mut sides {
            side.iter_mut().for_each(|value| *value *= unit);
        }
        if let Some(far) = far {
            sides[0][0] = far;
        }
        let [reference, current] = sides;
        judged("n", numbers(reference), numbers(current))
    };
    let plain = of(1.0, None);
    assert_eq!(plain.verdict, ColumnVerdict::Drift);
    for unit in [1e-6, 1e-12, 1e-200, 1e9, 1e250] {
        let other = of(unit, None);
        assert!((other.shift.unwrap() / plain.shift.unwrap() - 1.0).abs() < 1e-9, "{unit}: {other:?}");
        assert!((other.w1_over_sd.unwrap() / plain.w1_over_sd.unwrap() - 1.0).abs() < 1e-9, "{unit}");
        assert_eq!((other.verdict, other.p), (ColumnVerdict::Drift, plain.p));
    }
    for far in [1e9, -1e9, f64::MAX] {
        let other = of(1.0, Some(far));
        assert!((other.shift.unwrap() / plain.shift.unwrap() - 1.0).abs() < 0.02, "{far}: {other:?}");
        assert_eq!(other.verdict, ColumnVerdict::Drift);
    }
    let constant = |value: f64| numbers([value; 100]);
    assert_eq!(judged("n", constant(5e-9), constant(6e-9)).verdict, ColumnVerdict::Drift);
    assert_eq!(judged("n", constant(5e-9), constant(5e-9)).verdict, ColumnVerdict::NoDrift);
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
            findings.iter().any(|finding| finding.verdict == ColumnVerdict::Drift)
        })
        .count();
    assert!(alarms <= 28, "{alarms} of 400");
}
