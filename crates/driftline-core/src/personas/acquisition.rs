//! What customers cost to win, beside the 12-month value of the same customers: by persona, for the market, and for who is new.
//!
//! Costs are known of some customers only, so value is that of those with a known cost and never everyone's. A group is shown if
//! neither those with a known cost nor those without are a handful, and if none can be worked out from the market's figure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;
use crate::basics::locale::Words;
use crate::personas::PersonaSet;
use crate::tables::profile::{EVERYONE_SEGMENT, OTHER_SEGMENT, SegmentProfile};
use crate::tables::small_cells::is_safe;
use crate::value::acquired::Acquired;
use crate::value::margin::{Margin, part_of};

/// What the reader is told where no cost is known.
pub const NOT_AVAILABLE: &str = "not available: acquisition costs (stg_acquisition_costs)";

/// Customers with a known cost, what they cost and what they are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    pub customers: u64,
    pub cost: Minor,
    /// Sum of their 12-month values; `None` if no model could be fitted.
    pub value: Option<Minor>,
}

/// One row of the table `segment_acquisition_costs`.
#[derive(Clone, Debug, PartialEq)]
pub struct AcquisitionRow {
    /// 0 is everyone active.
    pub segment: u32,
    pub known: Known,
    /// Active customers who are new this period, with or without a known cost.
    pub new_customers: u64,
    pub new_known: Known,
}

/// A group as a row of the report's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AcquisitionLine {
    /// A persona's; absent for the customers in none.
    pub key: Option<String>,
    pub label: String,
    /// Absent if too few costs are known, or too few are not, or if another group could be worked out.
    pub acquired: Option<Acquired>,
}

/// Acquisition cost and margin of a market.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AcquisitionCosts {
    /// Why there are no costs; absent if there are.
    pub not_available: Option<String>,
    /// Why there is no margin; absent if one is known.
    pub margin_not_available: Option<String>,
    /// Margin of everyone active: the sum over segments, and the mean share that follows.
    pub margin: Option<Margin>,
    /// Personas by rank, then the customers in none.
    pub lines: Vec<AcquisitionLine>,
    /// Everyone active with a known cost.
    pub market: Option<Acquired>,
    /// Of these, whose first purchase day is in the period.
    pub new: Option<Acquired>,
    /// Whether the forecast margin of who is new reaches what they cost; absent without a margin or a sure level of the forecast.
    pub payback: Option<String>,
}

/// What [`of_market`] is made of. `margins` are shares by segment; empty if there are none, and then `no_margin` says why.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub rows: &'a [AcquisitionRow],
    pub margins: &'a BTreeMap<u32, f64>,
    pub no_margin: Option<&'static str>,
    pub profiles: &'a [SegmentProfile],
    pub min_cell: u64,
    /// Whether the models are the market's own and their level is not uncertain.
    pub is_level_sure: bool,
}

/// Costs and margin of a market and its personas.
pub fn of_market(given: &Given<'_>, personas: &PersonaSet, words: &Words) -> AcquisitionCosts {
    let everyone = given.profiles.iter().find(|profile| profile.segment == EVERYONE_SEGMENT);
    let mut costs = AcquisitionCosts {
        margin_not_available: given.no_margin.map(str::to_owned),
        margin: everyone.and_then(|everyone| market_margin(given, everyone)),
        ..AcquisitionCosts::default()
    };
    let (Some(everyone), Some(all)) = (everyone, given.rows.iter().find(|row| row.segment == EVERYONE_SEGMENT)) else {
        return AcquisitionCosts { not_available: Some(NOT_AVAILABLE.to_owned()), ..costs };
    };
    let (known, unknown) = (all.known.customers, everyone.customers.saturating_sub(all.known.customers));
    let is_market_shown = known >= given.min_cell && is_safe(unknown, given.min_cell);
    let shown = shown(given, is_market_shown);
    let line = |key: Option<&str>, label: &str, segment: u32| AcquisitionLine {
        key: key.map(str::to_owned),
        label: label.to_owned(),
        acquired: shown.get(&segment).cloned(),
    };
    costs.lines =
        personas.personas.iter().map(|persona| line(Some(&persona.key), &persona.label, persona.segment)).collect();
    costs.lines.extend(personas.other.as_ref().map(|other| line(None, &other.label, OTHER_SEGMENT)));
    if !is_market_shown {
        return costs;
    }
    costs.market = Some(acquired(all.known, everyone.customers, margin_of(given, |row| row.known)));
    let (new, new_unknown) = (all.new_known.customers, all.new_customers.saturating_sub(all.new_known.customers));
    let others = [new_unknown, known - new, unknown.saturating_sub(new_unknown)];
    if new >= given.min_cell && others.iter().all(|count| is_safe(*count, given.min_cell)) {
        let found = acquired(all.new_known, all.new_customers, margin_of(given, |row| row.new_known));
        costs.payback = found.margin.filter(|_| given.is_level_sure).map(|margin| payback(margin, found.cost, words));
        costs.new = Some(found);
    }
    costs
}

impl AcquisitionCosts {
    /// What everyone active cost against what they are worth; `None` if it may not be shown.
    pub fn sentence(&self, words: &Words) -> Option<String> {
        self.market.as_ref().map(|market| format!("Acquisition cost: {}.", market.sentence(words)))
    }
}

impl Acquired {
    /// In words, with the ratio by margin where it is known.
    pub fn sentence(&self, words: &Words) -> String {
        let money = |amount: Minor| words.locale.money(amount, &words.currency);
        let worth = match (self.margin.zip(self.margin_by_cost), self.value.zip(self.value_by_cost)) {
            (Some((margin, ratio)), _) => Some(("12-month margin", margin, ratio)),
            (None, Some((value, ratio))) => Some(("12-month value", value, ratio)),
            _ => None,
        };
        let worth = worth.map_or_else(String::new, |(what, amount, ratio)| {
            format!("; their {what} is {}, {} times that", money(amount), words.locale.number(ratio, 1))
        });
        let (customers, share) = (words.locale.count(self.customers), words.locale.percent(self.share, 1));
        format!("{} for {customers} customers ({share}) with a known cost{worth}", money(self.cost))
    }
}

/// Puts margin and cost on the cards.
pub fn attach(costs: &AcquisitionCosts, margins: &BTreeMap<u32, f64>, personas: &mut PersonaSet) {
    for persona in &mut personas.personas {
        let line = costs.lines.iter().find(|line| line.key.as_ref() == Some(&persona.key));
        persona.acquisition = line.and_then(|line| line.acquired.clone());
        persona.margin = margins
            .get(&persona.segment)
            .map(|share| Margin { share: *share, value: persona.value.map(|value| part_of(value, *share)) });
    }
}

/// Figures of the segments that may be shown, by segment.
fn shown(given: &Given<'_>, is_market_shown: bool) -> BTreeMap<u32, Acquired> {
    let segments: Vec<&SegmentProfile> =
        given.profiles.iter().filter(|profile| profile.segment != EVERYONE_SEGMENT).collect();
    let row = |segment: u32| given.rows.iter().find(|row| row.segment == segment);
    let known = |segment: u32| row(segment).map_or_else(Known::default, |row| row.known);
    let counts: Vec<[u64; 2]> = segments
        .iter()
        .map(|profile| {
            let known = known(profile.segment).customers;
            [known, profile.customers.saturating_sub(known)]
        })
        .collect();
    segments
        .iter()
        .zip(hidden(&counts, is_market_shown, given.min_cell))
        .filter(|(profile, hide)| !hide && row(profile.segment).is_some())
        .map(|(profile, _)| {
            let known = known(profile.segment);
            let share = given.margins.get(&profile.segment);
            let margin = known.value.zip(share).map(|(value, share)| part_of(value, *share));
            (profile.segment, acquired(known, profile.customers, margin))
        })
        .collect()
}

/// Which segments are hidden, from their customers with and without a known cost: those with a handful of either, and, where the
/// market's figure is shown beside them, the next smallest until all hidden ones together are not a handful of either.
fn hidden(counts: &[[u64; 2]], is_market_shown: bool, min_cell: u64) -> Vec<bool> {
    let is_whole = |counts: &[u64; 2]| counts.iter().all(|count| is_safe(*count, min_cell));
    let mut hidden: Vec<bool> = counts.iter().map(|counts| !is_whole(counts)).collect();
    let mut others: Vec<usize> = (0..counts.len()).filter(|place| !hidden[*place]).collect();
    others.sort_by_key(|place| counts[*place].iter().sum::<u64>());
    for place in others.into_iter().filter(|_| is_market_shown) {
        let pairs = counts.iter().zip(&hidden).filter(|(_, hide)| **hide);
        if is_whole(&pairs.fold([0, 0], |sum, (pair, _)| [sum[0] + pair[0], sum[1] + pair[1]])) {
            break;
        }
        hidden[place] = true;
    }
    hidden
}

fn acquired(known: Known, customers: u64, margin: Option<Minor>) -> Acquired {
    Acquired {
        customers: known.customers,
        share: known.customers as f64 / customers.max(1) as f64,
        cost: known.cost,
        value: known.value,
        value_by_cost: known.value.and_then(|value| value.ratio(known.cost)),
        margin,
        margin_by_cost: margin.and_then(|margin| margin.ratio(known.cost)),
    }
}

/// Margin of some customers of the market: of each segment by its own share. A market without segments has one share.
fn margin_of(given: &Given<'_>, some: impl Fn(&AcquisitionRow) -> Known) -> Option<Minor> {
    let has_segments = given.profiles.iter().any(|profile| profile.segment != EVERYONE_SEGMENT);
    let rows = given.rows.iter().filter(|row| (row.segment != EVERYONE_SEGMENT) == has_segments);
    let parts: Vec<Minor> =
        rows.filter_map(|row| Some(part_of(some(row).value?, *given.margins.get(&row.segment)?))).collect();
    (!parts.is_empty()).then(|| parts.into_iter().sum())
}

fn market_margin(given: &Given<'_>, everyone: &SegmentProfile) -> Option<Margin> {
    let overall = *given.margins.get(&0)?;
    let parts: Option<Vec<Minor>> = given
        .profiles
        .iter()
        .filter(|profile| profile.segment != EVERYONE_SEGMENT)
        .map(|profile| Some(part_of(profile.value?, *given.margins.get(&profile.segment)?)))
        .collect();
    let Some(all) = everyone.value else { return Some(Margin { share: overall, value: None }) };
    let value = match parts {
        Some(parts) if !parts.is_empty() => parts.into_iter().sum(),
        _ => part_of(all, overall),
    };
    Some(Margin { share: value.ratio(all).unwrap_or(overall), value: Some(value) })
}

/// No number of months: purchases thin out, so an even spread over the year would be a guess.
fn payback(margin: Minor, cost: Minor, words: &Words) -> String {
    let money = |amount: Minor| words.locale.money(amount, &words.currency);
    let reaches = if margin >= cost { "reaches" } else { "does not reach" };
    format!(
        "The margin that new customers are expected to bring in 12 months, {}, {reaches} what they cost, {}.",
        money(margin),
        money(cost)
    )
}

#[cfg(test)]
mod tests;
