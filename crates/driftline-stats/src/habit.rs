//! Habits: what each customer does by nature, estimated from what they did. Rates, means and shares are shrunk towards everyone's by how
//! little is known of the customer (posterior means), so that nobody is called anything for having bought once.
//!
//! Every habit has a *reliability*: the part of the spread of its estimates that is between customers and not noise of few purchases. Below
//! a bar it takes no part. Scales are fitted once and frozen with the model of groups that is made on them.
//!
//! Sources: the normal-normal and gamma-Poisson posterior means (Efron & Morris 1973, *JASA* 68; Bühlmann & Gisler 2005, *A Course in
//! Credibility Theory*, ch. 3 and 4); reliability as in classical test theory (Lord & Novick 1968, ch. 3); square roots of shares make
//! Euclidean distance Hellinger's (Legendre & Gallagher 2001, *Oecologia* 129).

mod fit;
mod halves;
mod scale;
mod sums;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::fit::{Settings, fit};
pub use self::halves::{Halves, halves};
use self::scale::SHARES_WEIGHT;
pub use self::scale::{Kind, Scale};
use self::sums::ratio;
pub use self::sums::{MeanSums, REST, ShareSums, Sums};
use crate::cluster::Points;

/// Coordinates are cut here: one extreme customer makes no dimension.
const CLIP: f64 = 4.0;

/// Coordinates of all customers in the habits in use, one dimension a habit and one an item of shares.
pub fn coordinates(sums: &Sums, scales: &[Scale], is_clipped: bool) -> Points {
    let used: Vec<&Scale> = scales.iter().filter(|scale| scale.is_in_use).collect();
    let dimensions = dimensions(scales);
    let mut values = Vec::with_capacity(sums.customers() * dimensions);
    for customer in 0..sums.customers() {
        for scale in &used {
            scale.push(sums, customer, is_clipped, &mut values);
        }
    }
    Points { dimensions, values }
}

/// Of each customer, the squared deviations, not cut, in what varies but takes no part: too uncertain to make segments of, and yet
/// somebody may be far out in it, as a wholesaler among shoppers is in what they spend.
pub fn aside(sums: &Sums, scales: &[Scale]) -> Vec<f64> {
    let varies = |scale: &&Scale| !scale.is_in_use && scale.note.is_none() && scale.kind != Kind::Shares;
    let aside: Vec<&Scale> = scales.iter().filter(varies).collect();
    let squares = |customer: usize| aside.iter().map(|scale| scale.deviation(sums, customer).powi(2)).sum();
    (0..sums.customers()).map(squares).collect()
}

/// Whether the items of a group of shares are not those any more that are bought: everyone spends far more on the rest than when the
/// scale was fitted, or items that are sold no longer gave way to others, as when categories are renamed. `recent` are the last months.
pub fn is_outdated(sums: &Sums, recent: &Sums, scale: &Scale) -> bool {
    const GROWN_BY: f64 = 0.2;
    const GONE_BELOW: f64 = 0.1;
    const GONE_AT_LEAST: f64 = 0.05;
    let Some(rest) = scale.items.iter().position(|item| item == REST).filter(|_| scale.is_in_use) else { return false };
    // Nobody has any: the column is gone.
    let Some(now) = mean_shares(sums, scale) else { return true };
    if now[rest] - scale.base[rest] > GROWN_BY {
        return true;
    }
    let Some(last) = mean_shares(recent, scale) else { return false };
    let is_gone = |item: &usize| *item != rest && last[*item] < GONE_BELOW * scale.base[*item];
    let gone: f64 = (0..scale.items.len()).filter(is_gone).map(|item| scale.base[item]).sum();
    gone >= GONE_AT_LEAST && last[rest] - scale.base[rest] >= 0.5 * gone
}

/// What customers spend on each item, as the mean of their shares; none if nobody bought any.
fn mean_shares(sums: &Sums, scale: &Scale) -> Option<Vec<f64>> {
    let shares = sums.shares.iter().find(|shares| shares.name == scale.name && shares.items == scale.items)?;
    let (mut means, mut count) = (vec![0.0; scale.items.len()], 0.0);
    for customer in 0..sums.customers() {
        let own = shares.of(customer);
        let all: f64 = own.iter().map(|share| f64::from(*share)).sum();
        if all > 0.0 {
            means.iter_mut().zip(own).for_each(|(mean, share)| *mean += f64::from(*share) / all);
            count += 1.0;
        }
    }
    means.iter_mut().for_each(|mean| *mean /= f64::max(count, 1.0));
    (count > 0.0).then_some(means)
}

/// How reliable a habit is in one period, whatever the scales in use say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reliability {
    pub name: String,
    pub reliability: f64,
    /// Whether it takes part in the segments of the period.
    pub takes_part: bool,
    /// Why not, for readers.
    pub note: Option<String>,
    /// Items of a group of shares.
    pub items: usize,
}

/// Dimensions of the coordinates.
pub fn dimensions(scales: &[Scale]) -> usize {
    scales.iter().filter(|scale| scale.is_in_use).map(Scale::dimensions).sum()
}

impl Scale {
    pub fn dimensions(&self) -> usize {
        if self.kind == Kind::Shares { self.items.len() } else { 1 }
    }

    fn push(&self, sums: &Sums, customer: usize, is_clipped: bool, to: &mut Vec<f64>) {
        if self.kind == Kind::Shares {
            match sums.shares.iter().find(|shares| shares.name == self.name && shares.items == self.items) {
                Some(shares) => self.push_roots(shares.of(customer), to),
                None => to.extend(self.items.iter().map(|_| 0.0)),
            }
            return;
        }
        let value = self.deviation(sums, customer);
        to.push(if is_clipped { value.clamp(-CLIP, CLIP) } else { value });
    }

    /// Coordinates of a customer's shares: square roots of the posterior means, from everyone's.
    fn push_roots(&self, own: &[f32], to: &mut Vec<f64>) {
        let all: f64 = own.iter().map(|share| f64::from(*share)).sum();
        for (share, base) in own.iter().zip(&self.base) {
            let credible = (f64::from(*share) + self.prior * base) / (all + self.prior);
            to.push((libm::sqrt(credible) - libm::sqrt(*base)) / self.spread * libm::sqrt(SHARES_WEIGHT));
        }
    }

    /// The posterior mean of one customer, in deviations between customers from everyone's.
    fn deviation(&self, sums: &Sums, customer: usize) -> f64 {
        let credible = |sum: f64, days: f64| (sum + self.prior * self.mean) / (days + self.prior) - self.mean;
        match self.kind {
            Kind::Rate => libm::log(self.rate(sums.repeats[customer], sums.months[customer]) / self.mean) / self.spread,
            Kind::Ratio => {
                let days = sums.days[customer];
                credible(days * ratio(sums, customer), days) / self.spread
            }
            Kind::Mean | Kind::Shares => match sums.means.iter().find(|mean| mean.name == self.name) {
                Some(mean) => credible(mean.sums[customer], mean.days[customer]) / self.spread,
                None => 0.0,
            },
        }
    }

    /// Purchases a month to expect of somebody with so many repeats in so many months.
    pub fn rate(&self, repeats: f64, months: f64) -> f64 {
        (repeats + self.prior) / (months + self.prior_months)
    }

    /// Probability of at least one purchase in the coming months, by the rate's posterior (negative binomial with no event).
    pub fn returns_within(&self, repeats: f64, months: f64, coming: f64) -> f64 {
        let known = months + self.prior_months;
        1.0 - libm::exp((repeats + self.prior) * libm::log(known / (known + coming)))
    }
}

/// The logarithm that habits of amounts are taken in: the same bits on every machine.
pub fn natural_log(number: f64) -> f64 {
    libm::log(number)
}

#[cfg(test)]
mod tests;
