//! What to compute of a purchase log, and the unit of time that it is computed in.

use crate::purchase::Kind;
use crate::purchase_log::{Cut, Past};
use crate::value::Customer;

/// What to compute.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Models to consider; with several, likelihood and a backtest choose.
    pub kinds: Vec<Kind>,
    /// Days in the unit of time: 7 or 1.
    pub unit_days: f64,
    /// Where fitting ends.
    pub calibration: Cut,
    /// Where the holdout ends: the first day after it.
    pub observed_before: i32,
    pub horizon: Horizon,
}

/// Which purchases to come count for a value, and how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Horizon {
    /// All within so many days.
    Days(f64),
    /// Those of periods of so many days, the n-th worth (1 + discount)⁻ⁿ.
    Discounted { periods: u32, period_days: f64, discount: f64 },
}

impl Horizon {
    /// Its length in units of time.
    pub(super) fn units(self, unit_days: f64) -> f64 {
        match self {
            Self::Days(days) => days / unit_days,
            Self::Discounted { periods, period_days, .. } => f64::from(periods) * period_days / unit_days,
        }
    }
}

/// The past of a customer in units of time, as values are computed from it.
pub fn customer(past: &Past, unit_days: f64) -> Customer {
    Customer {
        repeat_purchases: past.repeat_purchases,
        recency: past.recency_days / unit_days,
        age: past.age_days / unit_days,
        mean_spend: past.mean_repeat_spend,
        own_net_share: past.own_net_share,
        customers: 1.0,
    }
}
