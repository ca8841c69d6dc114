//! Step 8 for value: fits the purchase and the spend model of all customers of a market, or says why there are none.

use driftline_core::report::Models;
use driftline_core::value::models::PooledFrom;
use driftline_core::value::models::ValueTier;
use driftline_lake::read::Base;
use driftline_stats::pool::{self, Pool};
use driftline_stats::purchase::{self, Fit, History, Kind};
use driftline_stats::returns::Returns;
use driftline_stats::spend::{SpendFit, SpendHistory, fit_spend_winsorised};

use crate::run::recall::Recalled;
use crate::setup::job::Value;

/// What was seen of a market's customers, counted.
pub struct Seen {
    pub histories: Vec<History>,
    pub spends: Vec<SpendHistory>,
    pub returns: Returns,
}

/// The tier by the job's settings.
pub fn tier(base: &Base, settings: &Value) -> ValueTier {
    let own = base.customers >= settings.own_purchasers
        && base.history_days >= settings.own_history_days
        && base.three_purchases > 0;
    let some =
        base.customers >= settings.fitted_purchasers && base.repeat_customers >= settings.fitted_repeat_customers;
    match (own, some) {
        (true, _) => ValueTier::Own,
        (false, true) => ValueTier::Provisional,
        (false, false) => ValueTier::HistoryOnly,
    }
}

/// Fits what the market's history allows; the tier and its reason are part of the report. `others` are the last reports of
/// the job's markets in tier own; what a small market is pulled to comes beside the models.
pub fn fit(base: &Base, seen: &Seen, settings: &Value, others: &[Recalled]) -> (Models, Option<Pool>) {
    let returns = seen.returns;
    let none = |reason: String| Models { value_tier: ValueTier::HistoryOnly, value_note: reason, ..Models::default() };
    let fitted = match tier(base, settings) {
        ValueTier::Own => own(base, seen, settings).map(|models| (models, None)),
        ValueTier::Provisional => provisional(base, seen, settings, others),
        ValueTier::HistoryOnly => Err(format!(
            "too little history for a forecast: a model needs {} purchasers and {} with a repeat purchase",
            settings.fitted_purchasers, settings.fitted_repeat_customers
        )),
    };
    match fitted {
        Ok((mut models, pool)) => {
            if let Some(bound) = models.spend.as_ref().and_then(|spend| spend.model.own_above) {
                models.value_note.push_str(&format!(
                    "; some spend far more than all others: a mean above {bound:.2} a purchase day counts as that much in the fit of the spend model and is kept as it is in their own values"
                ));
            }
            let models = Models { net_share: Some(returns.share), net_share_prior_days: returns.prior_days, ..models };
            (models, pool)
        }
        Err(reason) => (none(reason), None),
    }
}

fn own(base: &Base, seen: &Seen, settings: &Value) -> Result<Models, String> {
    let kinds: Vec<Kind> = match settings.model.parse() {
        Ok(kind) => vec![kind],
        Err(_) => vec![Kind::MbgNbd, Kind::BgNbd],
    };
    let choice = purchase::choose(&kinds, &seen.histories)
        .map_err(|error| format!("no purchase model could be fitted ({error})"))?;
    let spend =
        fit_spend_winsorised(&seen.spends).map_err(|error| format!("no spend model could be fitted ({error})"))?;
    Ok(Models {
        value_tier: ValueTier::Own,
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
    seen: &Seen,
    settings: &Value,
    others: &[Recalled],
) -> Result<(Models, Option<Pool>), String> {
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
    let purchase = pool::purchase_in(&pool, &seen.histories)
        .map_err(|error| format!("no purchase model could be fitted ({error})"))?;
    let spend =
        pool::spend_in(&pool, &seen.spends).map_err(|error| format!("no spend model could be fitted ({error})"))?;
    let spread = if pool.is_spread_estimated { "estimated" } else { "assumed: a factor of 1.65 either way" };
    let models = Models {
        value_tier: ValueTier::Provisional,
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
    };
    Ok((models, Some(pool)))
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
            (base(500, 180, 10, 1), ValueTier::Own),
            (base(499, 180, 10, 1), ValueTier::Provisional),
            (base(500, 179, 10, 1), ValueTier::Provisional),
            (base(500, 180, 10, 0), ValueTier::Provisional),
            (base(50, 1, 10, 0), ValueTier::Provisional),
            (base(49, 180, 10, 1), ValueTier::HistoryOnly),
            (base(50, 180, 9, 1), ValueTier::HistoryOnly),
            (base(0, 0, 0, 0), ValueTier::HistoryOnly),
        ] {
            assert_eq!(tier(&base, &settings), expected, "{base:?}");
        }
        let strict = Value { own_purchasers: 5_000, fitted_purchasers: 600, ..Value::default() };
        assert_eq!(tier(&base(500, 180, 10, 1), &strict), ValueTier::HistoryOnly);
    }
}
