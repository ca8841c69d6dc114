//! What candidates are learnt from and judged on: features and labels of customers at one cut.

use super::{FEATURES, Logistic, features, fit_logistic};
use crate::chunks;
use crate::purchase::bands::Bands;
use crate::purchase::{History, Kind, choose};
use crate::purchase_log::{Cut, Past, PurchaseLog};

/// Customers that are learnt from and judged on at most, drawn by a hash of their number.
const SAMPLED_AT_MOST: usize = 60_000;

/// Features and labels of customers at one cut.
pub(super) struct Snapshot {
    /// One row a customer.
    pub(super) rows: Vec<[f64; FEATURES.len()]>,
    pub(super) model_risks: Vec<f64>,
    /// 1 for no purchase in the horizon.
    pub(super) labels: Vec<f64>,
}

/// The purchase model's risk at the level and spread of a snapshot, or at its level only if that would turn the ranking round.
pub(super) fn calibrated(snapshot: &Snapshot) -> Logistic {
    fit_rows(snapshot, &[features::LOGIT_MODEL]).rising(&snapshot.labels)
}

pub(super) fn fit_rows(snapshot: &Snapshot, used: &[usize]) -> Logistic {
    let rows: Vec<&[f64]> = snapshot.rows.iter().map(|row| row.as_slice()).collect();
    fit_logistic(&rows, &snapshot.labels, used)
}

const UNIT_DAYS: f64 = 7.0;

/// A sample of those who bought before the cut, with the purchase model fitted on them there, as it was known then; the labels
/// as they were known when the horizon was over.
pub(super) fn snapshot(log: &PurchaseLog, cut: Cut, horizon: i32, kinds: Kinds<'_>) -> Option<Snapshot> {
    let known = log.known_at(cut);
    let past = known.pasts(cut, SAMPLED_AT_MOST);
    let bands = fitted(&past, kinds)?;
    let places: Vec<usize> = (0..past.len()).collect();
    let model_risks = chunks::each(&past, |(_, past)| bands.p_no_purchase(past, f64::from(horizon)));
    let row = |&place: &usize| features(known.seen(past[place].0, cut), &past[place].1, cut, model_risks[place]);
    let rows = chunks::each(&places, row);
    let then = log.known_at(cut.earlier(-horizon));
    let silent = |customer: usize| !then.coming(customer, cut, horizon).iter().any(|day| day.is_purchase);
    let labels = past.iter().map(|(customer, _)| f64::from(u8::from(silent(*customer)))).collect();
    Some(Snapshot { rows, model_risks, labels })
}

/// The purchase models to choose from, and whether bands by the first purchase have one each.
#[derive(Clone, Copy)]
pub(super) struct Kinds<'a> {
    pub(super) of: &'a [Kind],
    pub(super) is_banded: bool,
}

pub(super) fn fitted(past: &[(usize, Past)], kinds: Kinds<'_>) -> Option<Bands> {
    let histories: Vec<History> = past.iter().map(|(_, past)| past.history(UNIT_DAYS)).collect();
    let of_all = choose(kinds.of, &histories).ok()?.fit.model;
    Some(if kinds.is_banded { Bands::fit(&of_all, past) } else { Bands::one(of_all) })
}
