//! Why a total of values moved, in three parts that add up: how many customers there are, what they are made of, and what each
//! kind is worth. The symmetric form of Kitagawa (1955, JASA 50): averages of both periods weigh, so the order of periods
//! only flips signs, and for two factors it is the Shapley value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;
use crate::personas::{OTHER_LABEL, PersonaSet};
use crate::tables::profile::{Flow, FlowKind, OTHER_SEGMENT};

/// The move of a total, between last period restated and this period by last period's models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decomposition {
    pub change: Minor,
    /// More or fewer customers, at the mean value.
    pub volume: Minor,
    /// Another mix of personas.
    pub mix: Minor,
    /// Other values within personas.
    pub rate: Minor,
    /// What each of last period's personas, and the customers unlike any (key `other`), adds to mix and rate; empty if one of them has fewer than `min_cell` customers on a
    /// side.
    pub personas: Vec<PersonaPart>,
}

/// One persona's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonaPart {
    pub key: String,
    pub label: String,
    pub mix: Minor,
    pub rate: Minor,
}

/// Customers and their value on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct ActiveTotal {
    customers: f64,
    value: f64,
}

impl ActiveTotal {
    fn mean(self) -> Option<f64> {
        (self.customers > 0.0).then(|| self.value / self.customers)
    }
}

/// Decomposes the move of the 12-month value; `None` if nobody is active on one side.
pub fn decompose(flows: &[Flow], previous: &PersonaSet, min_cell: u64) -> Option<Decomposition> {
    let side = |of: &dyn Fn(&Flow) -> bool, value: fn(&Flow) -> Minor| -> ActiveTotal {
        let chosen = || flows.iter().filter(|flow| of(flow));
        ActiveTotal {
            customers: chosen().map(|flow| flow.customers).sum::<u64>() as f64,
            value: chosen().map(value).sum::<Minor>().0 as f64,
        }
    };
    let was_active = |flow: &Flow| matches!(flow.kind, FlowKind::Stayed | FlowKind::Lost);
    let is_active = |flow: &Flow| matches!(flow.kind, FlowKind::New | FlowKind::Returning | FlowKind::Stayed);
    let before = side(&was_active, |flow| flow.value_from);
    let now = side(&is_active, |flow| flow.value_to);
    let (mean_before, mean_now) = (before.mean()?, now.mean()?);
    let (mean, customers) = (0.5 * (mean_before + mean_now), 0.5 * (before.customers + now.customers));
    let mut segments: Vec<u32> = flows.iter().flat_map(|flow| [flow.from_segment, flow.to_segment]).collect();
    segments.sort_unstable();
    segments.dedup();
    let (mut mix, mut rate, mut personas) = (0.0, 0.0, Vec::new());
    let mut are_shown = true;
    for segment in segments {
        let a = side(&|flow| was_active(flow) && flow.from_segment == segment, |flow| flow.value_from);
        let b = side(&|flow| is_active(flow) && flow.to_segment == segment, |flow| flow.value_to);
        // A persona that is empty on one side has the other side's mean: all of it is mix.
        let (Some(r0), Some(r1)) = (a.mean().or(b.mean()), b.mean().or(a.mean())) else { continue };
        let (w0, w1) = (a.customers / before.customers, b.customers / now.customers);
        let own_mix = customers * (w1 - w0) * (0.5 * (r0 + r1) - mean);
        let own_rate = customers * 0.5 * (w0 + w1) * (r1 - r0);
        mix += own_mix;
        rate += own_rate;
        are_shown &= [a, b].iter().all(|side| side.customers == 0.0 || side.customers >= min_cell as f64);
        let persona = previous.personas.iter().find(|persona| persona.segment == segment);
        let other = (segment == OTHER_SEGMENT).then(|| ("other".to_owned(), OTHER_LABEL.to_owned()));
        if let Some((key, label)) = persona.map(|persona| (persona.key.clone(), persona.label.clone())).or(other) {
            let part = |amount: f64| Minor(amount.round() as i64);
            personas.push(PersonaPart { key, label, mix: part(own_mix), rate: part(own_rate) });
        }
    }
    let change = Minor((now.value - before.value) as i64);
    let (mix, rate) = (Minor(mix.round() as i64), Minor(rate.round() as i64));
    if !are_shown {
        personas.clear();
    }
    Some(Decomposition { change, volume: change - mix - rate, mix, rate, personas })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::accounts;

    /// The worked example of the bridge: means of 41.247 and 45.256, volume −1,686.81, mix +1,668.52, rate +213.29.
    #[test]
    fn the_worked_example_adds_up_and_only_flips_with_time() {
        let flows = accounts::tests::worked_example().0;
        let none = PersonaSet::of_nobody();
        let there = decompose(&flows, &none, 10);
        let amounts = there.map(|there| (there.volume.0, there.mix.0, there.rate.0, there.change.0));
        assert_eq!(amounts, Some((-168_681, 166_852, 21_329, 19_500)));
        let back = decompose(&accounts::tests::reversed(&flows), &none, 10);
        let amounts = back.map(|back| (back.volume.0, back.mix.0, back.rate.0, back.change.0));
        assert_eq!(amounts, Some((168_681, -166_852, -21_329, -19_500)));
    }
}
