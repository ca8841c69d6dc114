//! Who is in no persona: active customers too far from the centre of every segment to be described by it.
//!
//! A mean that holds a wholesaler describes neither the wholesaler nor the others. These customers have their own row in every
//! table of personas, so that sums still close, and are never a persona: no key, no lineage, no role, no verdict.

use crate::personas::{OTHER_LABEL, Other};
use crate::tables::profile::{OTHER_SEGMENT, SegmentProfile};
use crate::value::forecast::NextPeriod;

/// Describes them; `None` if there are fewer than `min_cell`.
pub(super) fn describe(profiles: &[SegmentProfile], everyone: &SegmentProfile, min_cell: u64) -> Option<Other> {
    let profile = profiles.iter().find(|profile| profile.segment == OTHER_SEGMENT)?;
    (profile.customers >= min_cell.max(1)).then(|| Other {
        label: OTHER_LABEL.to_owned(),
        customers: profile.customers,
        bought_once: None,
        share: profile.customers as f64 / everyone.customers.max(1) as f64,
        value: profile.value,
        value_range: None,
        value_share: profile.value.zip(everyone.value).and_then(|(own, all)| own.ratio(all)),
        value_per_customer: profile.value.map(|value| value.mean_over(profile.customers)),
        net_revenue: Some(profile.net_period),
        churn_risk: profile.churn_risk,
        next_period: profile.next_period.map(|value| NextPeriod { value, low_80: None, high_80: None }),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Minor;
    use crate::drift::accounts;
    use crate::drift::accounts::tests::worked_example;
    use crate::drift::bridge::Cause;
    use crate::drift::decomposition::decompose;
    use crate::drift::drill::drill;
    use crate::drift::gate::tests::persona;
    use crate::drift::migration::migration;
    use crate::personas::PersonaSet;

    /// So many customers in no persona.
    pub(crate) fn other(customers: u64) -> Other {
        Other {
            label: OTHER_LABEL.to_owned(),
            customers,
            bought_once: None,
            share: 0.01,
            value: None,
            value_range: None,
            value_share: None,
            value_per_customer: None,
            net_revenue: None,
            churn_risk: None,
            next_period: None,
        }
    }

    pub(crate) fn profile(segment: u32, customers: u64) -> SegmentProfile {
        SegmentProfile {
            segment,
            customers,
            bought_once: 0,
            value: Some(Minor(100 * customers as i64)),
            net_period: Minor(7),
            net_period_squares: 0.0,
            churn_risk: Some(0.25),
            next_period: None,
            return_rate: None,
            quotes: Vec::new(),
        }
    }

    #[test]
    fn they_are_described_from_min_cell_on_with_the_denominators_of_personas() {
        for (customers, is_shown) in [(0, false), (9, false), (10, true), (50, true)] {
            let profiles = [profile(0, 1000), profile(1, 1000 - customers), profile(OTHER_SEGMENT, customers)];
            let found = describe(&profiles, &profiles[0], 10);
            assert_eq!(found.is_some(), is_shown, "{customers}");
            if let Some(found) = found {
                let share = customers as f64 / 1000.0;
                assert_eq!((found.share, found.value_share), (share, Some(share)));
                assert_eq!(found.value_per_customer, Some(Minor(100)));
            }
        }
        assert_eq!(describe(&[profile(0, 10), profile(1, 10)], &profile(0, 10), 10), None);
    }

    /// The worked example with its third persona as people unlike any: every sum closes as it did.
    #[test]
    fn sums_close_with_them() {
        let (mut flows, ranks) = worked_example();
        let before = decompose(&flows, &PersonaSet::of_nobody(), 1).unwrap();
        for flow in &mut flows {
            for segment in [&mut flow.from_segment, &mut flow.to_segment] {
                *segment = if *segment == 3 { OTHER_SEGMENT } else { *segment };
            }
        }
        let personas: Vec<_> = (1..=2).map(|segment| persona(segment, 100, 0.3, Minor::ZERO)).collect();
        let set = PersonaSet { personas, other: Some(other(150)), ..PersonaSet::of_nobody() };
        let value = accounts::of_value(&flows, &ranks).unwrap();
        let bar = |cause: Cause| value.bars.iter().find(|bar| bar.cause == cause).map(|bar| bar.amount.0 / 100);
        // 5 × −70, 30 × −27, 10 × 28 and 90 × −1: all who stayed with one end in none of the personas.
        assert_eq!(bar(Cause::Other), Some(-350 - 810 + 280 - 90));
        assert_eq!(bar(Cause::MovedDown), Some(15 * -35));
        for found in drill(&value, &flows, &ranks, &set, 1) {
            let sum: Minor = found.parts.iter().map(|part| part.amount).sum();
            assert_eq!(Some(sum.0 / 100), bar(found.cause), "{found:?}");
            let is_lost = found.cause == Cause::Lost;
            assert_eq!(found.parts.iter().any(|part| part.label == OTHER_LABEL), is_lost, "{found:?}");
        }
        let after = decompose(&flows, &set, 1).unwrap();
        assert_eq!((after.mix, after.rate), (before.mix, before.rate));
        let (mix, rate) = after.personas.iter().fold((0, 0), |sum, part| (sum.0 + part.mix.0, sum.1 + part.rate.0));
        assert!((mix - after.mix.0).abs() <= 2 && (rate - after.rate.0).abs() <= 2, "{after:?}");
        let table = migration(&set, &set, &flows, 1);
        assert_eq!(table.from.iter().position(|label| label == OTHER_LABEL), Some(2));
        assert_eq!(table.customers[2], [Some(0), Some(10), Some(90), Some(60)]);
        assert_eq!(table.customers[0][2], Some(5));
    }

    /// The third segment has no persona on either side; its people are active all the same.
    #[test]
    fn people_of_a_segment_without_a_persona_stand_with_them() {
        let (flows, _) = worked_example();
        let personas: Vec<_> = (1..=2).map(|segment| persona(segment, 100, 0.3, Minor::ZERO)).collect();
        let set = PersonaSet { personas, ..PersonaSet::of_nobody() };
        let table = migration(&set, &set, &flows, 1);
        assert_eq!((table.from[2].as_str(), table.to[2].as_str()), (OTHER_LABEL, OTHER_LABEL));
        assert_eq!(table.customers[2], [Some(0), Some(10), Some(90), Some(60)]);
        assert_eq!(table.customers[3], [Some(10), Some(40), Some(0), Some(0)]);
    }
}
