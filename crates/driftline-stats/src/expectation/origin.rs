//! Earlier origins of the same log: what the same models would have said there, and what came.

use super::judged::{ByCustomer, Customers, by_customer};
use super::parts::{PARTS, edges, steps_a_year};
use super::{Expectation, RECENT_WEIGHTS, Raw};
use crate::chunks;
use crate::churn::right_shift;
use crate::level::Shift;
use crate::pool::{self, Pool};
use crate::purchase::bands::Bands;
use crate::purchase::{History as PurchaseHistory, Kind, choose};
use crate::purchase_log::{Cut, Past, PurchaseLog};
use crate::returns::{self, Returns};
use crate::spend::{SpendHistory, SpendModel, fit_spend_winsorised};

/// Origins that are looked back to: three years of quarters.
const ORIGINS: i32 = 12;

/// Customers at an origin below which nothing is judged.
const CUSTOMERS_LEAST: usize = 50;

/// Days of history before an origin below which it is not one: a log that has just begun knows only newcomers.
const HISTORY_LEAST: i32 = 120;

/// Customers that all origins together are judged on at most, drawn by a hash of their number.
const SAMPLED_AT_MOST: usize = 200_000;

/// Days within which somebody has to have bought to be in a group.
const ACTIVE_DAYS: f64 = 365.0;

/// Groups of alike customers at an origin, as personas are, and the least customers of one.
const BY_SPEND: usize = 3;
const BY_PURCHASES: usize = 2;
const GROUP_LEAST: usize = 30;

/// A shift of logits seen at one origin is not believed beyond.
const SHIFT_MOST: f64 = 1.0;

const UNIT_DAYS: f64 = 7.0;

/// What is to be known of a market beside its log.
#[derive(Clone, Copy, Debug)]
pub struct Market<'a> {
    /// The kind of purchase model.
    pub kind: Kind,
    /// What a small market's models are pulled to.
    pub pool: Option<&'a Pool>,
    /// Days of the next horizon.
    pub horizon_days: i32,
}

/// The origins of a log before a cut, oldest first.
#[derive(Clone, Debug)]
pub struct History {
    pub(super) origins: Vec<Origin>,
    pub(super) steps_a_year: i32,
    /// Parts of 12 months.
    pub(super) parts: usize,
    /// Weight of the horizon before: the one with the least error a customer at these origins, totals set right.
    pub(super) recent_weight: f64,
}

/// One origin.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Steps after the cut, so below 0.
    pub(super) step: i32,
    pub(super) everyone: Sums,
    pub(super) groups: Vec<Sums>,
    pub(super) shift: Option<Shift>,
    /// Error a customer of f₁ with each of [`RECENT_WEIGHTS`], by that of the first.
    errors: [f64; RECENT_WEIGHTS.len()],
    /// Of the latest origin only.
    pub(super) by_customer: Option<ByCustomer>,
}

/// Sums over customers, in money.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// f₁ with the weight that was chosen, and the variance of what is by chance in it.
    pub(super) blend: f64,
    /// As in [`Raw`].
    pub(super) recent: f64,
    pub(super) variance: f64,
    /// ΔE of each part.
    pub(super) parts: [f64; PARTS],
    /// The same variance of all parts.
    pub(super) year_variance: f64,
    /// What came in each part; `None` where it is not over yet.
    pub(super) came: [Option<f64>; PARTS],
}

impl Sums {
    /// What came in all parts, once they are over.
    pub(super) fn year(&self, parts: usize) -> Option<f64> {
        self.came[..parts].iter().copied().sum()
    }
}

impl History {
    /// Fits the models at each origin before `as_of`, as they were known then.
    pub fn new(log: &PurchaseLog, as_of: Cut, market: &Market<'_>) -> Self {
        let steps_a_year = steps_a_year(market.horizon_days);
        let first = (0..log.customers()).filter_map(|customer| Some(log.seen(customer, as_of).first()?.day)).min();
        let cut = |step: i32| {
            let days = (f64::from(step) * 365.25 / f64::from(steps_a_year)).round() as i32;
            as_of.earlier(days.max(market.horizon_days))
        };
        let steps: Vec<i32> = (1..=ORIGINS)
            .filter(|step| first.is_some_and(|first| cut(*step).before - first >= HISTORY_LEAST))
            .filter(|step| *step == 1 || cut(*step).before < cut(step - 1).before)
            .rev()
            .collect();
        let most = SAMPLED_AT_MOST / steps.len().max(1);
        let made = chunks::map(steps.len(), 1, |range| {
            range
                .filter_map(|place| origin(log, as_of, (-steps[place], cut(steps[place])), most, market))
                .collect::<Vec<_>>()
        });
        let mut origins = made.concat();
        let error = |weight: usize| origins.iter().map(|origin| origin.errors[weight]).sum::<f64>();
        let best = (0..RECENT_WEIGHTS.len()).min_by(|a, b| error(*a).total_cmp(&error(*b)));
        let recent_weight = RECENT_WEIGHTS[best.unwrap_or(0)];
        for origin in &mut origins {
            for sums in origin.groups.iter_mut().chain([&mut origin.everyone]) {
                sums.blend = sums.parts[0] + recent_weight * sums.recent;
            }
        }
        Self { origins, steps_a_year, parts: edges(market.horizon_days).len(), recent_weight }
    }

    /// The logit shifts that would have been right, oldest first.
    pub fn shifts(&self) -> Vec<Shift> {
        self.origins.iter().filter_map(|origin| origin.shift).collect()
    }
}

/// The origin `step` steps after the present one, of at most so many customers.
fn origin(log: &PurchaseLog, as_of: Cut, (step, cut): (i32, Cut), most: usize, market: &Market<'_>) -> Option<Origin> {
    let known = log.known_at(cut);
    let pasts = known.pasts(cut, most);
    if pasts.len() < CUSTOMERS_LEAST {
        return None;
    }
    let models = models(&known, cut, &pasts, market)?;
    let raws = models.raw(&known, cut, &pasts);
    let came: Vec<[Option<f64>; PARTS]> =
        chunks::each(&pasts, |(customer, _)| coming(log, *customer, cut, as_of, market));
    let total = |places: &mut dyn Iterator<Item = usize>| sums(&models, &raws, &came, places);
    let everyone = total(&mut (0..pasts.len()));
    let groups = groups(&pasts).into_iter().map(|places| total(&mut places.into_iter())).collect();
    let then = log.known_at(cut.earlier(-market.horizon_days));
    let silent = |customer: usize| !then.coming(customer, cut, market.horizon_days).iter().any(|day| day.is_purchase);
    let labels: Vec<f64> = pasts.iter().map(|(customer, _)| f64::from(u8::from(silent(*customer)))).collect();
    let days = f64::from(market.horizon_days);
    let risks = chunks::each(&pasts, |(_, past)| models.bands.p_no_purchase(past, days));
    let shift = right_shift(&risks, labels.iter().sum()).map(|(off, variance)| Shift {
        step,
        off: off.clamp(-SHIFT_MOST, SHIFT_MOST),
        variance,
    });
    let customers = Customers { pasts: &pasts, raws: &raws, came: &came };
    let by_customer = (step == -1).then(|| by_customer(&known, cut, market.horizon_days, &customers));
    let errors = errors(&raws, &came);
    Some(Origin { step, everyone, groups, shift, errors, by_customer })
}

/// Mean absolute errors with each weight at the total that came, by that with the first.
fn errors(raws: &[Raw], came: &[[Option<f64>; PARTS]]) -> [f64; RECENT_WEIGHTS.len()] {
    let came: Vec<f64> = came.iter().map(|came| came[0].unwrap_or_default()).collect();
    let total: f64 = came.iter().sum();
    let of = RECENT_WEIGHTS.map(|weight| {
        let level = total / raws.iter().map(|raw| raw.blend(weight)).sum::<f64>();
        raws.iter().zip(&came).map(|(raw, came)| (level * raw.blend(weight) - came).abs()).sum::<f64>()
    });
    of.map(|error| if (error / of[0]).is_finite() { error / of[0] } else { 1.0 })
}

/// What came of a customer in each part that is over.
fn coming(log: &PurchaseLog, customer: usize, cut: Cut, as_of: Cut, market: &Market<'_>) -> [Option<f64>; PARTS] {
    let mut came = [None; PARTS];
    let mut from = 0;
    for (came, edge) in came.iter_mut().zip(edges(market.horizon_days)) {
        let to = edge.round() as i32;
        if cut.before + to > as_of.before {
            break;
        }
        let part = Cut { before: cut.before + from, age_to: cut.age_to + from };
        *came = Some(log.coming(customer, part, to - from).iter().map(|day| day.net).sum());
        from = to;
    }
    came
}

fn sums(
    models: &Expectation,
    raws: &[Raw],
    came: &[[Option<f64>; PARTS]],
    places: &mut dyn Iterator<Item = usize>,
) -> Sums {
    let mut sums = Sums { came: [Some(0.0); PARTS], ..Sums::default() };
    let variation = models.variation();
    for place in places {
        let raw = &raws[place];
        sums.recent += raw.recent;
        sums.variance += raw.parts[0] * raw.net * variation;
        sums.year_variance += raw.parts.iter().sum::<f64>() * raw.net * variation;
        for part in 0..PARTS {
            sums.parts[part] += raw.parts[part];
            sums.came[part] = sums.came[part].zip(came[place][part]).map(|(sum, came)| sum + came);
        }
    }
    sums
}

/// Customers who bought within a year in groups by mean spend, and in these by purchases: as personas are, whatever they are
/// made of.
fn groups(pasts: &[(usize, Past)]) -> Vec<Vec<usize>> {
    let is_active = |past: &Past| past.age_days - past.recency_days <= ACTIVE_DAYS;
    let mut places: Vec<usize> = (0..pasts.len()).filter(|place| is_active(&pasts[*place].1)).collect();
    let spend = |place: &usize| pasts[*place].1.whole_spend_history().mean_spend;
    let often = |place: &usize| {
        let past = &pasts[*place].1;
        (past.repeat_purchases, past.recency_days - past.age_days)
    };
    places.sort_by(|a, b| spend(a).total_cmp(&spend(b)).then(a.cmp(b)));
    let mut found = Vec::new();
    let by_spend = if places.len() >= BY_SPEND * BY_PURCHASES * GROUP_LEAST { BY_SPEND } else { 1 };
    let size = places.len().div_ceil(by_spend).max(1);
    for part in places.chunks_mut(size) {
        part.sort_by(|a, b| {
            let (one, other) = (often(a), often(b));
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)).then(a.cmp(b))
        });
        let halves = if part.len() >= BY_PURCHASES * GROUP_LEAST { BY_PURCHASES } else { 1 };
        found.extend(part.chunks(part.len().div_ceil(halves)).map(<[usize]>::to_vec));
    }
    found
}

/// The models that would have been fitted at an origin.
fn models(known: &PurchaseLog, cut: Cut, pasts: &[(usize, Past)], market: &Market<'_>) -> Option<Expectation> {
    let histories: Vec<PurchaseHistory> = pasts.iter().map(|(_, past)| past.history(UNIT_DAYS)).collect();
    let purchase = match market.pool {
        Some(pool) => pool::purchase_in(pool, &histories).ok()?.model,
        None => choose(&[market.kind], &histories).ok()?.fit.model,
    };
    let spends: Vec<SpendHistory> = pasts.iter().map(|(_, past)| past.whole_spend_history()).collect();
    let spend: SpendModel = match market.pool {
        Some(pool) => pool::spend_in(pool, &spends).ok()?.model,
        None => fit_spend_winsorised(&spends).ok()?.model,
    };
    let own = pasts.iter().filter_map(|(_, past)| Some((past.repeat_purchases + 1.0, past.own_net_share?)));
    let returns = Returns::fit(known.net_share(cut), &returns::grouped(own));
    Some(Expectation::new(Bands::fit(&purchase, pasts), spend, returns, market.horizon_days))
}
