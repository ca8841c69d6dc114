//! What is known of a customer's behaviour at a cut. Nothing but purchases: no attribute of a person is a feature.

use crate::purchase_log::{Cut, Day, Past};

/// A feature and the family that it is explained by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    pub name: &'static str,
    /// Which of [`FAMILIES`].
    pub family: usize,
    needs_amounts: bool,
}

/// Families of features, as a reader would name what moves a risk.
pub const FAMILIES: [&str; 6] = [
    "time since the last purchase",
    "number of purchases",
    "time as a customer",
    "regularity of purchases",
    "recent activity",
    "spending",
];

const fn feature(name: &'static str, family: usize, needs_amounts: bool) -> Feature {
    Feature { name, family, needs_amounts }
}

/// The features, in the order of a row. Logarithms are of one plus the quantity.
pub const FEATURES: [Feature; 19] = [
    feature("log recency days", 0, false),
    feature("recency days", 0, false),
    feature("log purchases", 1, false),
    feature("purchases", 1, false),
    feature("log age days", 2, false),
    feature("age days", 2, false),
    feature("log purchases a 30 days", 1, false),
    feature("log mean gap days", 3, false),
    feature("log recency over mean gap", 0, false),
    feature("variation of gaps", 3, false),
    feature("log purchases in the last 28 days", 4, false),
    feature("log purchases in the last 91 days", 4, false),
    feature("log spend", 5, true),
    feature("log mean spend", 5, true),
    feature("log last spend", 5, true),
    feature("log change of spend between the last two 91 days", 5, true),
    feature("share given back", 5, true),
    feature("logit of P(no purchase) of the purchase model", 0, false),
    feature("only one purchase", 1, false),
];

pub(super) const LOG_RECENCY: usize = 0;
pub(super) const LOGIT_MODEL: usize = 17;

/// The features that can be computed.
pub(super) fn usable(has_amounts: bool) -> Vec<usize> {
    (0..FEATURES.len()).filter(|&n| has_amounts || !FEATURES[n].needs_amounts).collect()
}

/// The row of a customer who has bought before the cut; all finite.
pub fn features(seen: &[Day], past: &Past, cut: Cut, model_risk: f64) -> Vec<f64> {
    let bought = || seen.iter().filter(|day| day.is_purchase);
    let log = |value: f64| libm::log1p(value.max(0.0));
    let purchases = past.repeat_purchases + 1.0;
    let recency = (past.age_days - past.recency_days).max(0.0);
    let mean_gap = if past.repeat_purchases > 0.0 { past.recency_days / past.repeat_purchases } else { past.age_days };
    let within = |days: i32| bought().filter(|day| day.day >= cut.before - days).count() as f64;
    let spend_within = |from: i32, to: i32| {
        bought()
            .filter(|day| day.day >= cut.before - from && day.day < cut.before - to)
            .map(|day| day.spend)
            .sum::<f64>()
    };
    let spend: f64 = bought().map(|day| day.spend).sum();
    let given_back: f64 = seen.iter().map(|day| (day.spend - day.net).max(0.0)).sum();
    let last_spend = bought().next_back().map_or(0.0, |day| day.spend);
    let risk = model_risk.clamp(1e-6, 1.0 - 1e-6);
    vec![
        log(recency),
        recency,
        log(purchases),
        purchases,
        log(past.age_days),
        past.age_days,
        log(30.0 * purchases / (past.age_days + 30.0)),
        log(mean_gap),
        log(recency / (mean_gap + 1.0)),
        variation_of_gaps(bought().map(|day| day.day), mean_gap),
        log(within(28)),
        log(within(91)),
        log(spend),
        log(spend / purchases),
        log(last_spend),
        log(spend_within(91, 0)) - log(spend_within(182, 91)),
        if spend > 0.0 { (given_back / spend).min(1.0) } else { 0.0 },
        libm::log(risk / (1.0 - risk)),
        f64::from(u8::from(past.repeat_purchases == 0.0)),
    ]
}

/// Standard deviation of the gaps over their mean; 1, that of a Poisson process, with fewer than two gaps.
fn variation_of_gaps(days: impl Iterator<Item = i32>, mean_gap: f64) -> f64 {
    let (mut last, mut count, mut squares) = (None, 0.0, 0.0);
    for day in days {
        if let Some(last) = last {
            let gap = f64::from(day - last);
            squares += (gap - mean_gap) * (gap - mean_gap);
            count += 1.0;
        }
        last = Some(day);
    }
    if count < 2.0 || mean_gap <= 0.0 { 1.0 } else { libm::sqrt(squares / (count - 1.0)) / mean_gap }
}
