//! The second baseline: what a persona was in the same period last year, by its key, as it was published then.
//!
//! Seasons make last period a poor measure of a quarter before Christmas. These are the figures of then by the models of then;
//! nothing is said of why they differ, so no verdict goes with them.

use super::PersonaSet;
use crate::Period;
use crate::personas::YearAgo;

/// Sets each persona's figures of a year ago; those that did not exist then keep none.
pub fn attach(personas: &mut PersonaSet, period: Period, then: &PersonaSet) {
    for persona in &mut personas.personas {
        persona.year_ago = then.personas.iter().find(|before| before.key == persona.key).map(|before| YearAgo {
            period,
            period_title: period.title(),
            customers: before.customers,
            share: before.share,
            value: before.value,
            value_per_customer: before.value_per_customer,
            net_revenue: before.net_revenue,
            churn_risk: before.churn_risk,
        });
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Minor;
    use crate::drift::gate::tests::persona;

    #[test]
    fn a_persona_is_found_by_its_key_and_a_new_one_has_no_past() {
        let set = |numbers: [u32; 2]| PersonaSet {
            personas: numbers.map(|number| persona(number, 50, 0.25, Minor(9_900))).to_vec(),
            ..PersonaSet::of_nobody()
        };
        let mut now = set([1, 2]);
        let period: Period = "2016Q4".parse().unwrap();
        attach(&mut now, period, &set([1, 3]));
        let found: Vec<Option<(Period, f64)>> = now
            .personas
            .iter()
            .map(|persona| persona.year_ago.as_ref().map(|then| (then.period, then.share)))
            .collect();
        assert_eq!(found, [Some((period, 0.25)), None]);
    }
}
