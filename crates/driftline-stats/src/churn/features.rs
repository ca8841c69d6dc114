//! What is known of a customer's behaviour at a cut. Nothing but purchases: no attribute of a person is a feature.

use std::sync::LazyLock;

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
pub fn features(seen: &[Day], past: &Past, cut: Cut, model_risk: f64) -> [f64; FEATURES.len()] {
    let purchases = past.repeat_purchases + 1.0;
    let recency = (past.age_days - past.recency_days).max(0.0);
    let mean_gap = if past.repeat_purchases > 0.0 { past.recency_days / past.repeat_purchases } else { past.age_days };
    let of_days = Sums::of(seen, cut);
    let spend = of_days.spend;
    let risk = model_risk.clamp(1e-6, 1.0 - 1e-6);
    [
        log(recency),
        recency,
        log(purchases),
        purchases,
        log(past.age_days),
        past.age_days,
        log(30.0 * purchases / (past.age_days + 30.0)),
        log(mean_gap),
        log(recency / (mean_gap + 1.0)),
        variation_of_gaps(seen.iter().filter(|day| day.is_purchase).map(|day| day.day), mean_gap),
        log(of_days.within_28),
        log(of_days.within_91),
        log(spend),
        log(spend / purchases),
        log(of_days.last_spend),
        log(of_days.spend_91) - log(of_days.spend_91_before),
        if spend > 0.0 { (of_days.given_back / spend).min(1.0) } else { 0.0 },
        libm::log(risk / (1.0 - risk)),
        f64::from(u8::from(past.repeat_purchases == 0.0)),
    ]
}

/// What one walk over a customer's days adds up.
#[derive(Default)]
struct Sums {
    /// Purchase days of the last so many days.
    within_28: f64,
    within_91: f64,
    spend: f64,
    last_spend: f64,
    /// Spend of the last 91 days, and of the 91 before them.
    spend_91: f64,
    spend_91_before: f64,
    given_back: f64,
}

impl Sums {
    fn of(seen: &[Day], cut: Cut) -> Self {
        let mut sums = Self::default();
        for day in seen {
            sums.given_back += (day.spend - day.net).max(0.0);
            if !day.is_purchase {
                continue;
            }
            sums.spend += day.spend;
            sums.last_spend = day.spend;
            if day.day >= cut.before - 91 {
                sums.within_91 += 1.0;
                sums.spend_91 += day.spend;
                sums.within_28 += f64::from(u8::from(day.day >= cut.before - 28));
            } else if day.day >= cut.before - 182 {
                sums.spend_91_before += day.spend;
            }
        }
        sums
    }
}

/// The logarithm of one plus what is above 0; of days and counts, which are whole numbers, it is looked up.
fn log(value: f64) -> f64 {
    static OF_WHOLE: LazyLock<[f64; 4096]> = LazyLock::new(|| core::array::from_fn(|n| libm::log1p(n as f64)));
    let value = value.max(0.0);
    match OF_WHOLE.get(value as usize) {
        Some(known) if value.trunc() == value => *known,
        _ => libm::log1p(value),
    }
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
