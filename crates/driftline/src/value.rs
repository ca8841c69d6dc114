//! Step 8 for value: fits the purchase and the spend model of a market, or says why there are none; and how sure a value is.

use std::collections::BTreeMap;

use driftline_core::Minor;
use driftline_core::report::{Models, PooledFrom};
use driftline_core::scorecard::year::ValueRange;
use driftline_lake::read::Base;
use driftline_stats::forecast::{self, Forecast};
use driftline_stats::lifetime::customer;
use driftline_stats::pool;
use driftline_stats::purchase::{self, Fit, History, Kind};
use driftline_stats::purchase_log::{Cut, PurchaseLog};
use driftline_stats::returns::Returns;
use driftline_stats::spend::{SpendFit, SpendHistory, fit_spend_winsorised};
use driftline_stats::value::{Customer, Total, total};

use crate::job::Value;
use crate::recall::Recalled;
use crate::segment::Segmented;

/// How much history a market has for its value models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Own,
    /// Pulled towards the markets of tier own.
    Provisional,
    HistoryOnly,
}

/// The tier by the job's settings.
pub fn tier(base: &Base, settings: &Value) -> Tier {
    let own = base.customers >= settings.own_purchasers
        && base.history_days >= settings.own_history_days
        && base.three_purchases > 0;
    let some =
        base.customers >= settings.fitted_purchasers && base.repeat_customers >= settings.fitted_repeat_customers;
    match (own, some) {
        (true, _) => Tier::Own,
        (false, true) => Tier::Provisional,
        (false, false) => Tier::HistoryOnly,
    }
}

/// Fits what the market's history allows; the tier and its reason are part of the report. `others` are the last reports of
/// the job's markets in tier own.
pub fn fit(
    base: &Base,
    histories: &[History],
    spends: &[SpendHistory],
    returns: Returns,
    settings: &Value,
    others: &[Recalled],
) -> Models {
    let none =
        |reason: String| Models { value_tier: "history only".to_owned(), value_note: reason, ..Models::default() };
    let fitted = match tier(base, settings) {
        Tier::Own => own(base, histories, spends, settings),
        Tier::Provisional => provisional(base, histories, spends, settings, others),
        Tier::HistoryOnly => Err(format!(
            "too little history for a forecast: a model needs {} purchasers and {} with a repeat purchase",
            settings.fitted_purchasers, settings.fitted_repeat_customers
        )),
    };
    match fitted {
        Ok(mut models) => {
            if let Some(bound) = models.spend.as_ref().and_then(|spend| spend.model.own_above) {
                models.value_note.push_str(&format!(
                    "; some spend far more than all others: a mean above {bound:.2} a purchase day counts as that much in the fit of the spend model and is kept as it is in their own values"
                ));
            }
            Models { net_share: Some(returns.share), net_share_prior_days: returns.prior_days, ..models }
        }
        Err(reason) => none(reason),
    }
}

fn own(base: &Base, histories: &[History], spends: &[SpendHistory], settings: &Value) -> Result<Models, String> {
    let kinds: Vec<Kind> = match settings.model.parse() {
        Ok(kind) => vec![kind],
        Err(_) => vec![Kind::MbgNbd, Kind::BgNbd],
    };
    let choice =
        purchase::choose(&kinds, histories).map_err(|error| format!("no purchase model could be fitted ({error})"))?;
    let spend = fit_spend_winsorised(spends).map_err(|error| format!("no spend model could be fitted ({error})"))?;
    Ok(Models {
        value_tier: "own".to_owned(),
        value_note: format!(
            "fitted on {} customers of this market, {} days of history",
            base.customers, base.history_days
        ),
        purchase_reason: Some(choice.reason),
        purchase: Some(choice.fit),
        spend: Some(spend),
        ..Models::default()
    })
}

/// Empirical Bayes: the few customers speak, the other markets fill in what they cannot say.
fn provisional(
    base: &Base,
    histories: &[History],
    spends: &[SpendHistory],
    settings: &Value,
    others: &[Recalled],
) -> Result<Models, String> {
    let needed = format!(
        "{} customers and {} days of history, some with three purchases",
        settings.own_purchasers, settings.own_history_days
    );
    let models = || others.iter().map(|other| &other.report.models);
    let fits: Vec<(&Fit, &SpendFit)> =
        models().filter_map(|models| models.purchase.as_ref().zip(models.spend.as_ref())).collect();
    let Some(pool) = pool::pool(&fits) else {
        return Err(format!(
            "too little history for a forecast of its own ({needed}), and no market of this job that is published has one to lean on"
        ));
    };
    let purchase =
        pool::purchase_in(&pool, histories).map_err(|error| format!("no purchase model could be fitted ({error})"))?;
    let spend = pool::spend_in(&pool, spends).map_err(|error| format!("no spend model could be fitted ({error})"))?;
    let spread = if pool.is_spread_estimated { "estimated" } else { "assumed: a factor of 1.65 either way" };
    Ok(Models {
        value_tier: "provisional".to_owned(),
        value_note: format!(
            "{} customers and {} days of history are too few for models of its own ({needed}), so they are pulled towards those of {} (spread between markets {spread})",
            base.customers,
            base.history_days,
            if pool.markets == 1 { "1 larger market".to_owned() } else { format!("{} larger markets", pool.markets) },
        ),
        purchase_reason: Some(format!("{} is the kind of the larger markets' models", pool.kind)),
        purchase: Some(purchase),
        spend: Some(spend),
        pool: Some(PooledFrom {
            markets: others
                .iter()
                .map(|other| {
                    let of = &other.publication;
                    format!("{} {} r{}", of.market, of.period, of.revision)
                })
                .collect(),
            is_spread_estimated: pool.is_spread_estimated,
        }),
        ..Models::default()
    })
}

/// Ranges of the 12-month value by segment, as parts of it; segment 0 is everyone active.
pub type Ranges = BTreeMap<u32, RelativeRange>;

/// A range in parts of the expected value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelativeRange {
    range_80: (f64, f64),
    range_95: (f64, f64),
}

impl RelativeRange {
    fn new(total: &Total, level_off: f64) -> Option<Self> {
        let part = |level: f64| {
            let (low, high) = total.range(level, level_off * total.expected);
            (low / total.expected, high / total.expected)
        };
        (total.expected > 0.0).then(|| Self { range_80: part(0.8), range_95: part(0.95) })
    }

    /// The range of an expected value.
    pub fn of(&self, value: Minor) -> ValueRange {
        let times = |part: f64| Minor((value.0 as f64 * part).round() as i64);
        ValueRange {
            low_80: times(self.range_80.0),
            high_80: times(self.range_80.1),
            low_95: times(self.range_95.0),
            high_95: times(self.range_95.1),
        }
    }
}

/// Predicted over actual of the purchase and spend model on the horizon before.
pub fn level(forecast: &Forecast) -> Option<f64> {
    let judged = forecast.judged.as_ref()?;
    let is_plain = |c: &&forecast::Candidate| c.method == forecast::Method::PurchaseModel && !c.calibrated;
    judged.candidates.iter().find(is_plain).map(|candidate| candidate.ratio)
}

/// How sure the 12-month values are: customers' own variation, the parameters' uncertainty, how far the same models were off
/// on the horizon before, and for a part of the market how far `groups` of customers were off beside that.
pub fn ranges(
    log: &PurchaseLog,
    keys: &[i64],
    as_of: Cut,
    models: &Models,
    groups: Option<f64>,
    segmented: &Segmented,
) -> Ranges {
    const YEAR_WEEKS: f64 = 365.0 / 7.0;
    let (Some(purchase), Some(spend), Some(returns)) = (&models.purchase, &models.spend, models.returns()) else {
        return Ranges::new();
    };
    let groups_off = groups.unwrap_or_default();
    let level_off = models.value_level.map_or(0.0, |ratio| forecast::level_deviation(ratio - 1.0));
    let mut members: BTreeMap<u32, Vec<Customer>> = BTreeMap::new();
    let pasts = log.pasts(as_of, usize::MAX);
    // All are in the order of the keys.
    let mut pasts = pasts.iter().map(|(place, past)| (keys[*place], past)).peekable();
    for (key, segment) in segmented.keys.iter().zip(&segmented.assigned) {
        while pasts.next_if(|(other, _)| other < key).is_some() {}
        let Some((_, past)) = pasts.next_if(|(other, _)| other == key) else { continue };
        for of in [0, u32::try_from(*segment).unwrap_or(0)] {
            members.entry(of).or_default().push(customer(past, 7.0));
        }
    }
    let of = |segment: u32, customers: &[Customer]| {
        let groups_off = if segment == 0 { 0.0 } else { groups_off };
        let off = (level_off * level_off + groups_off * groups_off).sqrt();
        RelativeRange::new(&total(purchase, spend, returns, customers, YEAR_WEEKS), off)
    };
    // Everyone is as much work as all segments together.
    let everyone = members.remove(&0).unwrap_or_default();
    std::thread::scope(|scope| {
        let everyones = scope.spawn(|| of(0, &everyone));
        let mut ranges: Ranges =
            members.iter().filter_map(|(segment, members)| Some((*segment, of(*segment, members)?))).collect();
        let everyones = everyones.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause));
        ranges.extend(everyones.map(|range| (0, range)));
        ranges
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each setting at its limit and one below.
    #[test]
    fn tiers_begin_at_their_settings() {
        let settings = Value::default();
        let base = |customers, history_days, repeat_customers, three_purchases| Base {
            customers,
            active: customers,
            repeat_customers,
            three_purchases,
            history_days,
        };
        for (base, expected) in [
            (base(500, 180, 10, 1), Tier::Own),
            (base(499, 180, 10, 1), Tier::Provisional),
            (base(500, 179, 10, 1), Tier::Provisional),
            (base(500, 180, 10, 0), Tier::Provisional),
            (base(50, 1, 10, 0), Tier::Provisional),
            (base(49, 180, 10, 1), Tier::HistoryOnly),
            (base(50, 180, 9, 1), Tier::HistoryOnly),
            (base(0, 0, 0, 0), Tier::HistoryOnly),
        ] {
            assert_eq!(tier(&base, &settings), expected, "{base:?}");
        }
        let strict = Value { own_purchasers: 5_000, fitted_purchasers: 600, ..Value::default() };
        assert_eq!(tier(&base(500, 180, 10, 1), &strict), Tier::HistoryOnly);
    }
}
