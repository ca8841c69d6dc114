//! Mean churn risks against last period, as three causes that add up in the published rounding of six decimals.
//!
//! As published last period → restated by its own models from today's data → this period's customers by last period's models →
//! this period's models. The steps are restatement, customers who moved, changed definition. The event is part of the
//! definition: a horizon of another quarter's days, or another method, changes no customer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::drift::change::Causes;
use crate::personas::{OTHER_LABEL, PersonaSet};
use crate::tables::profile::{Flow, OTHER_SEGMENT, RiskSum};
use crate::value::models::ChurnModel;

/// The lines, everyone active first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskChanges {
    /// Set if another method makes the risks: from and to are then not compared, only what customers moved is a change.
    pub is_method_changed: bool,
    /// Why there is no line, if so.
    pub note: Option<String>,
    pub lines: Vec<RiskChange>,
}

/// One mean risk, 0 to 1; `from` and the three causes are `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskChange {
    /// Persona key, `market` or `other`.
    pub subject: String,
    pub label: String,
    pub from: f64,
    pub to: f64,
    pub causes: Causes,
}

/// Splits the mean risk of everyone active, of each persona that was there last period, and of those unlike any. A group of fewer
/// than `min_cell` customers in any of its four states has no line.
pub fn compare(
    flows: &[Flow],
    (previous, before): (&PersonaSet, Option<&ChurnModel>),
    (current, now): (&PersonaSet, Option<&ChurnModel>),
    min_cell: u64,
) -> Option<RiskChanges> {
    let (before, now) = (before?, now?);
    let mut subjects = vec![("market".to_owned(), "Everyone active".to_owned(), None)];
    for persona in &current.personas {
        if let Some(old) = previous.personas.iter().find(|old| old.key == persona.key) {
            let segments = (old.segment, persona.segment);
            subjects.push((persona.key.clone(), persona.label.clone(), Some(segments)));
        }
    }
    if previous.other.is_some() && current.other.is_some() {
        subjects.push(("other".to_owned(), OTHER_LABEL.to_owned(), Some((OTHER_SEGMENT, OTHER_SEGMENT))));
    }
    let lines: Vec<RiskChange> = subjects
        .into_iter()
        .filter_map(|(subject, label, segments)| {
            let [published, restated, by_last_models, now] = states(flows, segments, min_cell)?;
            let share = |millionths: i128| millionths as f64 / 1e6;
            let causes = Causes {
                customers_moved: share(by_last_models - restated),
                definition_changed: share(now - by_last_models),
                restatement: share(restated - published),
            };
            Some(RiskChange { subject, label, from: share(published), to: share(now), causes })
        })
        .collect();
    let is_method_changed = before.chosen != now.chosen;
    let note = match (lines.is_empty(), &before.fitted) {
        (false, _) => None,
        (true, None) => Some("not available: last period was published without what its risks were made of".to_owned()),
        (true, Some(_)) => Some("not available: too few customers with a risk in both periods".to_owned()),
    };
    Some(RiskChanges { is_method_changed, note, lines })
}

/// The four means of a group in millionths, by its segment of last period's model and of this period's; everyone's for `None`.
fn states(flows: &[Flow], segments: Option<(u32, u32)>, min_cell: u64) -> Option<[i128; 4]> {
    let mut sums = [RiskSum::default(); 4];
    for flow in flows {
        let ends = [flow.published_segment, flow.from_segment, flow.to_segment, flow.now_segment];
        for (state, sum) in sums.iter_mut().enumerate() {
            let wanted = segments.map(|(old, new)| if state < 3 { old } else { new });
            if wanted.is_none_or(|segment| segment == ends[state]) {
                sum.customers += flow.risks[state].customers;
                sum.sum_e6 += flow.risks[state].sum_e6;
            }
        }
    }
    let enough = sums.iter().all(|sum| sum.customers >= min_cell.max(1));
    enough.then(|| sums.map(mean_e6))
}

/// The mean with six decimals as the published tables have it: ten decimals cut off, then rounded half up.
fn mean_e6(sum: RiskSum) -> i128 {
    (sum.sum_e6 * 10_000 / i128::from(sum.customers.max(1)) + 5_000) / 10_000
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use driftline_stats::churn::Method;

    use super::*;
    use crate::Minor;
    use crate::drift::gate::tests::persona;
    use crate::tables::profile::NO_SEGMENT;

    fn model(chosen: Method) -> ChurnModel {
        ChurnModel { event: String::new(), chosen, reason: String::new(), backtest: None, fitted: None }
    }

    /// So many customers from and to a segment, each with the given risks in millionths.
    fn flow(from: u32, to: u32, customers: u64, risks: [i128; 4]) -> Flow {
        let sum = |risk: i128| RiskSum { customers, sum_e6: risk * i128::from(customers) };
        let none = |segment: u32, risk: i128| if segment == NO_SEGMENT { RiskSum::default() } else { sum(risk) };
        let [published, restated, by_last_models, now] = risks;
        let risks = [none(from, published), none(from, restated), none(to, by_last_models), none(to, now)];
        let (published_segment, now_segment) = (from, to);
        Flow { from_segment: from, to_segment: to, published_segment, now_segment, customers, risks, ..Flow::default() }
    }

    #[test]
    fn three_causes_add_up_in_the_published_rounding() {
        let flows = [
            flow(1, 1, 70, [100_000, 110_001, 130_002, 150_003]),
            flow(1, 2, 30, [100_000, 110_000, 400_000, 420_000]),
            flow(2, 2, 41, [300_000, 300_000, 300_007, 333_331]),
            flow(2, 0, 13, [700_000, 700_000, 0, 0]),
            flow(0, 1, 17, [0, 0, 250_000, 260_000]),
        ];
        let personas: Vec<_> = (1..=2).map(|segment| persona(segment, 100, 0.5, Minor::ZERO)).collect();
        let set = PersonaSet { personas, ..PersonaSet::of_nobody() };
        for (now, is_changed) in [(Method::Blend, false), (Method::Recency, true)] {
            let (before, now) = (model(Method::Blend), model(now));
            let found = compare(&flows, (&set, Some(&before)), (&set, Some(&now)), 10).unwrap();
            assert_eq!((found.is_method_changed, found.lines.len()), (is_changed, 3));
            for line in &found.lines {
                let millionths = |share: f64| (share * 1e6).round() as i64;
                let Causes { customers_moved, definition_changed, restatement } = line.causes;
                let sum: i64 =
                    [line.from, restatement, customers_moved, definition_changed].map(millionths).iter().sum();
                assert_eq!(sum, millionths(line.to), "{line:?}");
            }
            // Published 0.1; restated (70 × 0.110001 + 30 × 0.11) / 100; by last models (70 × 0.130002 + 17 × 0.25) / 87.
            let first = &found.lines[1];
            assert_eq!((first.subject.as_str(), first.from, first.causes.restatement), ("p1", 0.1, 0.010_001));
            assert_eq!(first.causes.customers_moved, 0.153_450 - 0.110_001);
        }
        assert_eq!(compare(&flows, (&set, None), (&set, Some(&model(Method::Blend))), 10), None);
    }

    #[test]
    fn a_small_group_or_a_model_that_was_not_carried_has_no_line() {
        let (before, now) = (model(Method::Blend), model(Method::Blend));
        let flows = [flow(1, 1, 9, [1; 4])];
        let set = PersonaSet::of_nobody();
        let found = compare(&flows, (&set, Some(&before)), (&set, Some(&now)), 10).unwrap();
        assert!(found.lines.is_empty() && found.note.unwrap().contains("published without"));
    }
}
