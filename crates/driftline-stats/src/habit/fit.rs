//! Fits the scales of habits by moments: what varies between customers, and what is noise of their few purchases.

use std::collections::BTreeMap;

use super::{Kind, MeanSums, REST, SHARES_WEIGHT, Scale, ShareSums, Sums, ratio};
use crate::special::trigamma;

/// What must be known of a market for a habit to count.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Reliability below which a habit takes no part.
    pub reliability_min: f64,
    /// What the rate of purchases and the ratio of returns are called; without a name they are not looked at.
    pub rate: Option<String>,
    pub ratio: Option<String>,
    /// Items of each group of shares; a group with other items is not looked at.
    pub items: BTreeMap<String, Vec<String>>,
}

/// Fewest degrees of freedom, and customers with a repeat, that noise can be told from.
const KNOWN_MIN: f64 = 30.0;

/// A rate or a ratio says nothing where hardly anybody buys twice.
const REPEATERS_SHARE_MIN: f64 = 0.05;

/// So many customers, and this part of all, must differ from the most usual value: one extreme customer makes no dimension.
const VARIED_MIN: f64 = 30.0;
const VARIED_SHARE_MIN: f64 = 0.01;

/// Purchases beyond this order statistic count as it in the moments of a rate.
const WINSORISED_AT: f64 = 0.995;

/// Fits every habit that the sums tell of: the rate, the means, the ratio of returns, the groups of shares.
pub fn fit(sums: &Sums, settings: &Settings) -> Vec<Scale> {
    let customers = sums.customers().max(1) as f64;
    let repeaters = sums.days.iter().filter(|days| **days >= 2.0).count() as f64;
    let few_repeat = repeaters < KNOWN_MIN || repeaters / customers < REPEATERS_SHARE_MIN;
    let mut scales: Vec<Scale> = settings.rate.iter().map(|name| rate(name, sums, few_repeat)).collect();
    scales.extend(sums.means.iter().map(mean));
    scales.extend(settings.ratio.iter().map(|name| returns(name, sums, few_repeat)));
    let groups = sums.shares.iter().filter(|shares| settings.items.get(&shares.name) == Some(&shares.items));
    scales.extend(groups.map(|shares| group(shares, &sums.days)));
    for scale in &mut scales {
        scale.is_in_use = scale.note.is_none() && scale.reliability >= settings.reliability_min;
    }
    scales
}

fn scale(name: &str, kind: Kind) -> Scale {
    Scale {
        name: name.to_owned(),
        kind,
        reliability: 0.0,
        is_in_use: false,
        note: None,
        mean: 0.0,
        prior: 1.0,
        prior_months: 0.0,
        spread: 1.0,
        items: Vec::new(),
        base: Vec::new(),
    }
}

/// Gamma-Poisson by moments: m = Σx/ΣE, v = Σ[(x−mE)²−mE]/ΣE², shape m²/v.
fn rate(name: &str, sums: &Sums, few_repeat: bool) -> Scale {
    let mut ordered = sums.repeats.clone();
    ordered.sort_unstable_by(f64::total_cmp);
    let most = quantile(&ordered, WINSORISED_AT);
    let months = |customer: usize| sums.months[customer].max(0.1);
    let all = || (0..sums.customers()).map(|customer| (sums.repeats[customer].min(most), months(customer)));
    let (repeats, exposure) = all().fold((0.0, 0.0), |(x, e), (repeats, months)| (x + repeats, e + months));
    let mean = if exposure > 0.0 { repeats / exposure } else { 0.0 };
    let mut found = Scale { mean: mean.max(1e-9), ..scale(name, Kind::Rate) };
    // Without a spread everybody has everyone's rate.
    (found.prior, found.prior_months) = (1e6 * found.mean, 1e6);
    if few_repeat || mean < 1e-6 {
        found.note = Some("too few customers bought twice".to_owned());
        return found;
    }
    let (excess, squares) = all().fold((0.0, 0.0), |(excess, squares), (repeats, months)| {
        let off = repeats - mean * months;
        (excess + off * off - mean * months, squares + months * months)
    });
    let variance = (excess / squares).max(1e-9);
    found.prior = mean * mean / variance;
    found.prior_months = found.prior / mean;
    found.spread = libm::sqrt(trigamma(found.prior));
    found.reliability = average(all().map(|(_, months)| months / (months + found.prior_months)));
    found
}

/// Normal-normal by moments, within and between customers; the reliability by the cautious end of what is known of the noise.
fn mean(sums: &MeanSums) -> Scale {
    let mut found = scale(&sums.name, Kind::Mean);
    let known: Vec<usize> = (0..sums.days.len()).filter(|customer| sums.days[*customer] > 0.0).collect();
    let own = |customer: usize| sums.sums[customer] / sums.days[customer];
    found.mean = average(known.iter().map(|customer| own(*customer)));
    if let Some(note) = too_few_vary(known.iter().map(|customer| own(*customer)), sums.days.len()) {
        found.note = Some(note);
        return found;
    }
    let squares = average(known.iter().map(|customer| sums.squares[*customer] / sums.days[*customer]));
    let total = squares - found.mean * found.mean;
    let noise = Noise::of(known.iter().map(|customer| {
        let (days, sum) = (sums.days[*customer], sums.sums[*customer]);
        (days, sums.squares[*customer] - sum * sum / days)
    }));
    set_prior(&mut found, noise, total, known.iter().map(|customer| sums.days[*customer]));
    found.spread = libm::sqrt((noise.between(total) * total).max(1e-12));
    found
}

/// The share of money sent back: its squared deviations regressed on 1 and 1/n give what is between customers and what is noise.
fn returns(name: &str, sums: &Sums, few_repeat: bool) -> Scale {
    let mut found = scale(name, Kind::Ratio);
    let known: Vec<usize> = (0..sums.customers()).filter(|customer| sums.days[*customer] > 0.0).collect();
    found.mean = average(known.iter().map(|customer| ratio(sums, *customer)));
    let note = if few_repeat { Some("too few customers bought twice".to_owned()) } else { None };
    found.note = note.or_else(|| too_few_vary(known.iter().map(|customer| ratio(sums, *customer)), sums.customers()));
    if found.note.is_some() {
        return found;
    }
    let count = known.len() as f64;
    let [mut u, mut uu, mut y, mut uy] = [0.0; 4];
    for customer in &known {
        let inverse = 1.0 / sums.days[*customer];
        let off = ratio(sums, *customer) - found.mean;
        (u, uu, y, uy) = (u + inverse, uu + inverse * inverse, y + off * off, uy + off * off * inverse);
    }
    let spread = uu - u * u / count;
    let noise = if spread > 1e-12 { (uy - u * y / count) / spread } else { 0.0 }.max(1e-9);
    let between = ((y - noise * u) / count).max(0.0);
    found.prior = noise / between.max(1e-9);
    found.spread = libm::sqrt(between.max(1e-12));
    if between > 1e-6 {
        let days = known.iter().map(|customer| sums.days[*customer]);
        found.reliability = average(days.map(|days| days / (days + found.prior)));
    }
    found
}

/// Shares of items as one habit: variances are added up over the items, and so is the noise.
fn group(shares: &ShareSums, days: &[f64]) -> Scale {
    let mut found = Scale { items: shares.items.clone(), ..scale(&shares.name, Kind::Shares) };
    found.base = vec![0.0; shares.items.len()];
    let known: Vec<usize> =
        (0..days.len()).filter(|customer| shares.of(*customer).iter().any(|share| *share > 0.0)).collect();
    let named = shares.items.iter().filter(|item| *item != REST).count();
    if named < 2 || (known.len() as f64) < KNOWN_MIN {
        found.note = Some("fewer than two items are told apart".to_owned());
        return found;
    }
    let (mut means, mut squares) = (vec![0.0; shares.items.len()], 0.0);
    for customer in &known {
        let own = shares.of(*customer);
        let all: f64 = own.iter().map(|share| f64::from(*share)).sum();
        for (item, share) in own.iter().enumerate() {
            found.base[item] += f64::from(*share) / all;
            if shares.items[item] != REST {
                means[item] += f64::from(*share) / days[*customer];
            }
        }
        squares += shares.squares[*customer] / days[*customer];
    }
    let count = known.len() as f64;
    found.base.iter_mut().for_each(|base| *base /= count);
    let total = squares / count - means.iter().map(|mean| (mean / count) * (mean / count)).sum::<f64>();
    let noise = Noise::of(known.iter().map(|customer| {
        let named = shares.of(*customer).iter().zip(&shares.items).filter(|(_, item)| *item != REST);
        let own: f64 = named.map(|(share, _)| f64::from(*share) * f64::from(*share)).sum();
        (days[*customer], shares.squares[*customer] - own / days[*customer])
    }));
    set_prior(&mut found, noise, total, known.iter().map(|customer| days[*customer]));
    found.spread = 1.0;
    let mut roots = Vec::with_capacity(shares.items.len());
    let length = average(known.iter().map(|customer| {
        roots.clear();
        found.push_roots(shares.of(*customer), &mut roots);
        roots.iter().map(|root| root * root).sum::<f64>()
    }));
    found.spread = libm::sqrt(length / SHARES_WEIGHT).max(1e-6);
    found
}

/// Noise of one purchase day, from customers with at least two.
#[derive(Clone, Copy)]
struct Noise {
    variance: f64,
    error: f64,
    freedom: f64,
}

impl Noise {
    /// From purchase days and sums of squares around the own mean.
    fn of(customers: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let repeaters = customers.filter(|(days, _)| *days >= 2.0);
        let (squares, freedom) =
            repeaters.clone().fold((0.0, 0.0), |(sum, free), (days, own)| (sum + own.max(0.0), free + days - 1.0));
        if freedom < KNOWN_MIN {
            return Self { variance: f64::INFINITY, error: 0.0, freedom };
        }
        let variance = squares / freedom;
        let off = repeaters.map(|(days, own)| (own.max(0.0) - variance * (days - 1.0)).powi(2)).sum::<f64>();
        Self { variance, error: libm::sqrt(off) / freedom, freedom }
    }

    /// Part of the total variance of a day that is between customers.
    fn between(self, total: f64) -> f64 {
        if total <= 1e-9 { 0.0 } else { (1.0 - self.variance / total).max(0.0) }
    }

    /// The same by the noise's upper end: two standard errors of it and of the total.
    fn between_at_least(self, total: f64) -> f64 {
        if total <= 1e-9 {
            return 0.0;
        }
        (1.0 - (self.variance + 2.0 * self.error + 2.0 * total / self.freedom) / total).max(0.0)
    }
}

fn set_prior(scale: &mut Scale, noise: Noise, total: f64, days: impl Iterator<Item = f64>) {
    let prior = |between: f64| (1.0 - between) / between.max(1e-6);
    scale.prior = prior(noise.between(total));
    let cautious = prior(noise.between_at_least(total));
    scale.reliability = average(days.map(|days| days / (days + cautious)));
    if noise.freedom < KNOWN_MIN {
        scale.note = Some("too few customers bought twice".to_owned());
    }
}

/// Why a habit that hardly anybody differs in says nothing.
fn too_few_vary(values: impl Iterator<Item = f64>, customers: usize) -> Option<String> {
    let mut values: Vec<f64> = values.collect();
    if values.is_empty() {
        return Some("the exports do not say".to_owned());
    }
    values.sort_unstable_by(f64::total_cmp);
    let (mut usual, mut run) = (0usize, 0usize);
    for place in 0..values.len() {
        run = if place > 0 && (values[place] - values[place - 1]).abs() < 1e-9 { run + 1 } else { 1 };
        usual = usual.max(run);
    }
    let varied = (values.len() - usual) as f64;
    (varied < VARIED_MIN.max(VARIED_SHARE_MIN * customers as f64)).then(|| "hardly anybody differs".to_owned())
}

fn average(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (share * (sorted.len().max(1) - 1) as f64) as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}
