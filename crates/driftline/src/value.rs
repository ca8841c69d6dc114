//! Step 7 for value: fits the purchase and the spend model of a market, or says why there are none.

use driftline_core::report::Models;
use driftline_lake::read::Base;
use driftline_stats::purchase::{self, History, Kind};
use driftline_stats::spend::{SpendHistory, fit_spend};

use crate::job::Value;

/// Fits what the market's history allows; the tier and its reason are part of the report.
pub fn fit(base: &Base, histories: &[History], spends: &[SpendHistory], net_share: f64, settings: &Value) -> Models {
    let none =
        |reason: String| Models { value_tier: "history only".to_owned(), value_note: reason, ..Models::default() };
    if base.customers < settings.fitted_purchasers || base.repeat_customers < settings.fitted_repeat_customers {
        return none(format!(
            "too little history for a forecast: a model needs {} purchasers and {} with a repeat purchase",
            settings.fitted_purchasers, settings.fitted_repeat_customers
        ));
    }
    let kinds: Vec<Kind> = match settings.model.parse() {
        Ok(kind) => vec![kind],
        Err(_) => vec![Kind::MbgNbd, Kind::BgNbd],
    };
    let choice = match purchase::choose(&kinds, histories) {
        Ok(choice) => choice,
        Err(error) => return none(format!("no purchase model could be fitted ({error})")),
    };
    let spend = match fit_spend(spends) {
        Ok(spend) => spend,
        Err(error) => return none(format!("no spend model could be fitted ({error})")),
    };
    let own = base.customers >= settings.own_purchasers
        && base.history_days >= settings.own_history_days
        && base.three_purchases > 0;
    let (tier, note) = if own {
        ("own", format!("fitted on {} customers of this market, {} days of history", base.customers, base.history_days))
    } else {
        (
            "provisional",
            format!(
                "fitted on only {} customers and {} days of history (own tier: {} customers, {} days, some with three purchases)",
                base.customers, base.history_days, settings.own_purchasers, settings.own_history_days
            ),
        )
    };
    Models {
        value_tier: tier.to_owned(),
        value_note: note,
        purchase_reason: Some(choice.reason),
        purchase: Some(choice.fit),
        spend: Some(spend),
        net_share: Some(net_share),
        segments: None,
        churn: None,
        forecast: None,
    }
}
