//! Which costs are shown, by whose value, and what can be worked out from them.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::basics::locale::Locale;
use crate::drift::gate::tests::persona;
use crate::personas::other::tests::{other, profile};
use crate::value::margin;

/// Segment, active customers, of them with a known cost, new ones, of them with a known cost. A customer costs 2.00 and is worth
/// 5.00 by `profile` as by the row, so ratios are 2.5.
type Line = (u32, u64, u64, u64, u64);

fn known(customers: u64) -> Known {
    Known { customers, cost: Minor(200 * customers as i64), value: Some(Minor(500 * customers as i64)) }
}

fn words() -> Words {
    Words { locale: Locale::En, currency: "EUR".parse().unwrap() }
}

fn costs(lines: &[Line], margins: &[(u32, f64)], is_level_sure: bool) -> (AcquisitionCosts, PersonaSet) {
    let sum = |part: fn(&Line) -> u64| lines.iter().map(part).sum::<u64>();
    let mut all = vec![(0, sum(|line| line.1), sum(|line| line.2), sum(|line| line.3), sum(|line| line.4))];
    all.extend(lines);
    let rows: Vec<AcquisitionRow> = all
        .iter()
        .filter(|line| line.2 > 0)
        .map(|(segment, _, costs, new, new_costs)| AcquisitionRow {
            segment: *segment,
            known: known(*costs),
            new_customers: *new,
            new_known: known(*new_costs),
        })
        .collect();
    let worth = |segment, customers: u64| SegmentProfile {
        value: Some(Minor(500 * customers as i64)),
        ..profile(segment, customers)
    };
    let profiles: Vec<SegmentProfile> = all.iter().map(|line| worth(line.0, line.1)).collect();
    let margins: BTreeMap<u32, f64> = margins.iter().copied().collect();
    let no_margin = margins.is_empty().then_some(margin::NOT_AVAILABLE);
    let given = Given { rows: &rows, margins: &margins, no_margin, profiles: &profiles, min_cell: 10, is_level_sure };
    let personas = lines
        .iter()
        .filter(|line| line.0 != OTHER_SEGMENT)
        .map(|line| persona(line.0, line.1, 0.3, Minor(500 * line.1 as i64)))
        .collect();
    let others = lines.iter().find(|line| line.0 == OTHER_SEGMENT).map(|line| other(line.1));
    let mut set = PersonaSet { personas, other: others, ..PersonaSet::of_nobody() };
    let found = of_market(&given, &set, &words());
    attach(&found, &margins, &mut set);
    (found, set)
}

/// What is shown of each line, of the market and of who is new, as customers with a known cost.
#[test]
fn a_handful_is_not_shown_and_cannot_be_worked_out() {
    type Shown = (Vec<Option<u64>>, Option<u64>, Option<u64>);
    let cases: [(&str, &[Line], Shown); 10] = [
        ("all known", &[(1, 50, 50, 20, 20), (2, 40, 40, 0, 0)], (vec![Some(50), Some(40)], Some(90), Some(20))),
        ("half known", &[(1, 50, 25, 20, 10), (2, 40, 20, 0, 0)], (vec![Some(25), Some(20)], Some(45), Some(10))),
        // Nine known would follow from the market's sum, so another persona goes with them.
        (
            "nine known",
            &[(1, 50, 9, 0, 0), (2, 40, 20, 0, 0), (3, 90, 80, 0, 0)],
            (vec![None, None, Some(80)], Some(109), None),
        ),
        // The value of nine without a known cost would follow from the persona's own value.
        (
            "nine unknown",
            &[(1, 50, 41, 0, 0), (2, 40, 20, 0, 0), (3, 90, 70, 0, 0)],
            (vec![None, None, Some(70)], Some(131), None),
        ),
        ("nine unknown in all", &[(1, 50, 41, 0, 0), (2, 40, 40, 0, 0)], (vec![None, Some(40)], None, None)),
        ("none known of one", &[(1, 50, 0, 0, 0), (2, 40, 40, 15, 15)], (vec![None, Some(40)], Some(40), Some(15))),
        ("nine known in all", &[(1, 50, 9, 0, 0)], (vec![None], None, None)),
        ("nine new", &[(1, 50, 50, 9, 9)], (vec![Some(50)], Some(50), None)),
        ("all but nine new", &[(1, 50, 50, 41, 41)], (vec![Some(50)], Some(50), None)),
        (
            "other",
            &[(1, 50, 50, 0, 0), (2, 60, 60, 0, 0), (OTHER_SEGMENT, 12, 5, 0, 0)],
            (vec![Some(50), Some(60), None], None, None),
        ),
    ];
    for (about, lines, expected) in cases {
        let (found, set) = costs(lines, &[], true);
        let customers = |acquired: &Option<Acquired>| acquired.as_ref().map(|acquired| acquired.customers);
        let shown: Vec<_> = found.lines.iter().map(|line| customers(&line.acquired)).collect();
        assert_eq!((shown, customers(&found.market), customers(&found.new)), expected, "{about}");
        for (card, line) in set.personas.iter().zip(&found.lines) {
            assert_eq!((&card.acquisition, card.margin), (&line.acquired, None), "{about}");
        }
        for acquired in found.lines.iter().filter_map(|line| line.acquired.as_ref()).chain(&found.market) {
            assert_eq!(acquired.cost, Minor(200 * acquired.customers as i64), "{about}");
            assert_eq!((acquired.value_by_cost, acquired.margin), (Some(2.5), None), "{about}");
        }
        assert_eq!((found.not_available, found.payback), (None, None), "{about}");
        assert_eq!(found.margin_not_available.as_deref(), Some(margin::NOT_AVAILABLE), "{about}");
    }
}

#[test]
fn nothing_is_made_of_no_costs() {
    let (found, set) = costs(&[(1, 50, 0, 0, 0)], &[(0, 0.5), (1, 0.5)], true);
    assert_eq!(found.not_available.as_deref(), Some(NOT_AVAILABLE));
    assert_eq!((found.lines.len(), &found.market, &found.new, found.sentence(&words())), (0, &None, &None, None));
    // Margins need no costs.
    assert_eq!(found.margin, Some(Margin { share: 0.5, value: Some(Minor(12_500)) }));
    assert_eq!(set.personas[0].margin, found.margin);
}

#[test]
fn margins_of_personas_add_up_to_the_markets() {
    let lines = [(1, 100, 50, 20, 20), (2, 300, 200, 30, 20)];
    for (first, second, is_level_sure, reaches) in
        [(0.2, 0.4, true, Some("does not reach")), (0.4, 0.4, true, Some("reaches")), (0.2, 0.4, false, None)]
    {
        // The mean by what everyone bought is another one: the sum over personas is what is shown.
        let (found, set) = costs(&lines, &[(0, 0.9), (1, first), (2, second)], is_level_sure);
        let sum: Minor = set.personas.iter().filter_map(|persona| persona.margin?.value).sum();
        let all = found.margin.unwrap();
        assert_eq!(all.value, Some(sum));
        assert!((all.share - (0.25 * first + 0.75 * second)).abs() < 1e-12);
        let of = |acquired: &Acquired| acquired.margin.unwrap();
        let shown: Minor = found.lines.iter().filter_map(|line| line.acquired.as_ref()).map(of).sum();
        let market = found.market.as_ref().unwrap();
        assert_eq!(of(market), shown);
        assert_eq!(market.margin_by_cost, of(market).ratio(market.cost));
        let new = found.new.as_ref().unwrap();
        assert_eq!(of(new), part_of(Minor(10_000), first) + part_of(Minor(10_000), second));
        assert_eq!(found.payback.is_some(), reaches.is_some());
        if let (Some(text), Some(reaches)) = (&found.payback, reaches) {
            assert!(text.contains(&format!(" {reaches} what they cost, €80.00.")), "{text}");
        }
        assert!(found.sentence(&words()).unwrap().contains("their 12-month margin is "));
    }
}
