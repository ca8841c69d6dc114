//! Everyone known at an origin, what each method forecasts for them, and what happened.

use super::{FACTOR, Method, Spread};
use crate::chunks;
use crate::purchase::{History, Kind, choose};
use crate::purchase_log::{Cut, Past, PurchaseLog};
use crate::returns::{self, Returns};
use crate::spend::{SpendHistory, fit_spend_winsorised};
use crate::value::ValueModel;

const UNIT_DAYS: f64 = 7.0;

/// Weights of last period, overall rate and model in the recent blend.
const RECENT: f64 = 0.4;
const OVERALL: f64 = 0.1;
const MODEL: f64 = 0.5;

/// How far the levelled blend goes from its own total to last period's.
const LEVELLED: f64 = 0.75;

/// Everyone known at an origin, with each method's forecasts and what happened.
pub(super) struct Origin {
    pub(super) customers: Vec<usize>,
    pub(super) forecasts: Vec<(Method, Vec<f64>)>,
    pub(super) actual: Vec<f64>,
}

impl Origin {
    pub(super) fn total(&self) -> f64 {
        self.actual.iter().sum()
    }

    pub(super) fn of(&self, method: Method) -> Option<(Method, &Vec<f64>)> {
        self.forecasts.iter().find(|(other, _)| *other == method).map(|(method, values)| (*method, values))
    }

    /// What the tenth with the highest forecasts brought.
    pub(super) fn of_top_tenth(&self, forecasts: &[f64]) -> f64 {
        top_tenth(forecasts, &self.actual)
    }

    /// Actual over predicted, inside the limits.
    pub(super) fn factor(&self, method: Method) -> Option<f64> {
        let predicted: f64 = self.of(method)?.1.iter().sum();
        (predicted > 0.0).then(|| (self.total() / predicted).clamp(FACTOR.0, FACTOR.1))
    }

    /// Errors of the level, with the factor that was known then, and of ten groups by forecast.
    pub(super) fn spread(&self, method: Method, before: Option<&Origin>) -> Option<Spread> {
        const GROUPS: usize = 10;
        let forecasts = self.of(method)?.1;
        let (predicted, happened) = (forecasts.iter().sum::<f64>(), self.total());
        if predicted <= 0.0 || happened <= 0.0 {
            return None;
        }
        let level = happened / predicted;
        let mut order: Vec<usize> = (0..forecasts.len()).collect();
        order.sort_by(|a, b| forecasts[*a].total_cmp(&forecasts[*b]).then(a.cmp(b)));
        // Weighted by forecast: the error of a group that brings nothing says nothing about one that does.
        let mut squares = 0.0;
        for group in order.chunks(order.len().div_ceil(GROUPS)) {
            let expected = level * group.iter().map(|index| forecasts[*index]).sum::<f64>();
            let came: f64 = group.iter().map(|index| self.actual[*index]).sum();
            if expected > 0.0 {
                squares += (came - expected) * (came - expected) / expected;
            }
        }
        let factor = before.and_then(|before| before.factor(method)).unwrap_or(1.0);
        Some(Spread { level: factor * predicted / happened - 1.0, groups: libm::sqrt(squares / happened) })
    }
}

/// What the tenth with the highest forecasts brought.
pub(crate) fn top_tenth(forecasts: &[f64], actual: &[f64]) -> f64 {
    let tenth = (0.1 * forecasts.len().max(1) as f64).round() as usize;
    let mut order: Vec<usize> = (0..forecasts.len()).collect();
    let by_forecast = |a: &usize, b: &usize| forecasts[*b].total_cmp(&forecasts[*a]).then(a.cmp(b));
    if (1..order.len()).contains(&tenth) {
        order.select_nth_unstable_by(tenth - 1, by_forecast);
        order.truncate(tenth);
        order.sort_unstable();
    }
    order.iter().take(tenth).map(|index| actual[*index]).sum()
}

/// Which part of an origin is computed.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Customers at most, drawn by a hash of their number.
    pub(super) most: usize,
    /// Only what this method needs; all methods without one.
    pub(super) method: Option<Method>,
}

impl Part {
    fn needs(&self, method: Method) -> bool {
        match self.method {
            None | Some(Method::Blend) => true,
            // Stands in for a method that cannot be computed.
            Some(_) if method == Method::LastPeriod => true,
            Some(only @ (Method::RecentBlend | Method::LevelledBlend)) => {
                method == only || matches!(method, Method::OverallRate | Method::PurchaseModel)
            }
            Some(only) => method == only,
        }
    }
}

/// Where the purchase and spend model of an origin come from.
#[derive(Clone, Copy)]
pub(super) enum Models<'a> {
    Fit(&'a [Kind]),
    Known(&'a ValueModel),
}

pub(super) fn origin(log: &PurchaseLog, cut: Cut, horizon: i32, part: Part, models: Models<'_>) -> Option<Origin> {
    let known = log.known_at(cut);
    let past = known.pasts(cut, part.most);
    if past.is_empty() {
        return None;
    }
    let first_day = past.iter().map(|(_, past)| cut.age_to - past.age_days as i32).min()?;
    let days_of_log = f64::from((cut.before - first_day).max(1));
    let length = f64::from(horizon);
    let net = |customer: usize, from: i32, to: i32| -> f64 {
        log.seen(customer, cut).iter().filter(|day| day.day >= from && day.day < to).map(|day| day.net).sum()
    };
    let all = |customer: usize| net(customer, i32::MIN, cut.before);
    let mut forecasts = Vec::new();
    let mut add = |method: Method, of: &(dyn Fn(usize, &Past) -> f64 + Sync)| {
        if part.needs(method) {
            forecasts.push((method, not_negative(chunks::each(&past, |(customer, past)| of(*customer, past)))));
        }
    };
    add(Method::LastPeriod, &|customer, _| net(customer, cut.before - horizon, cut.before));
    add(Method::OwnRate, &|customer, past| all(customer) * length / past.age_days.max(length));
    add(Method::OverallRate, &|customer, _| all(customer) * length / days_of_log);
    let year_ago = cut.before - 365;
    if first_day <= year_ago {
        let until = (year_ago + horizon).min(cut.before);
        add(Method::YearBefore, &|customer, _| net(customer, year_ago, until));
    }
    let fitted = match models {
        Models::Known(model) => Some(*model),
        Models::Fit(kinds) if part.needs(Method::PurchaseModel) => value_model(&known, cut, &past, kinds),
        Models::Fit(_) => None,
    };
    if let Some(model) = fitted.filter(|_| part.needs(Method::PurchaseModel)) {
        let customers = chunks::each(&past, |(_, past)| crate::lifetime::customer(past, UNIT_DAYS));
        forecasts.push((Method::PurchaseModel, model.expected_of_each(&customers, length / UNIT_DAYS)));
    }
    let count = forecasts.len() as f64;
    let of = |method: Method| forecasts.iter().find(|(other, _)| *other == method).map(|(_, values)| values);
    let recent = || -> Option<Vec<f64>> {
        let [last, overall, model] = [Method::LastPeriod, Method::OverallRate, Method::PurchaseModel].map(of);
        let (last, overall, model) = (last?, overall?, model?);
        Some((0..past.len()).map(|n| RECENT * last[n] + OVERALL * overall[n] + MODEL * model[n]).collect())
    };
    let recent = recent();
    let levelled = recent.as_ref().and_then(|recent| levelled(recent, of(Method::LastPeriod)?));
    let blend = (0..past.len()).map(|index| forecasts.iter().map(|(_, values)| values[index]).sum::<f64>() / count);
    let blend: Vec<f64> = blend.collect();
    for (method, values) in [(Method::RecentBlend, recent), (Method::LevelledBlend, levelled)] {
        forecasts.extend(values.filter(|_| part.needs(method)).map(|values| (method, values)));
    }
    if part.needs(Method::Blend) {
        forecasts.push((Method::Blend, blend));
    }
    let actual =
        chunks::each(&past, |(customer, _)| log.coming(*customer, cut, horizon).iter().map(|day| day.net).sum());
    let customers = past.iter().map(|(customer, _)| *customer).collect();
    Some(Origin { customers, forecasts, actual })
}

/// A blend at the level between its own and what came in the last period; `None` if it forecasts nothing.
fn levelled(recent: &[f64], last: &[f64]) -> Option<Vec<f64>> {
    let (last, own) = (last.iter().sum::<f64>(), recent.iter().sum::<f64>());
    let factor = (LEVELLED * last + (1.0 - LEVELLED) * own) / own;
    (own > 0.0).then(|| recent.iter().map(|value| value * factor).collect())
}

/// Nobody is forecast to bring less than nothing; the others then bring so much less that the total stays.
fn not_negative(mut forecasts: Vec<f64>) -> Vec<f64> {
    let total: f64 = forecasts.iter().sum();
    forecasts.iter_mut().for_each(|forecast| *forecast = forecast.max(0.0));
    let without: f64 = forecasts.iter().sum();
    let factor = if without > 0.0 { total.max(0.0) / without } else { 1.0 };
    if factor < 1.0 {
        forecasts.iter_mut().for_each(|forecast| *forecast *= factor);
    }
    forecasts
}

fn value_model(log: &PurchaseLog, cut: Cut, past: &[(usize, Past)], kinds: &[Kind]) -> Option<ValueModel> {
    let histories: Vec<History> = past.iter().map(|(_, past)| past.history(UNIT_DAYS)).collect();
    let spends: Vec<SpendHistory> = past.iter().map(|(_, past)| past.spend_history()).collect();
    let purchase = choose(kinds, &histories).ok()?.fit.model;
    let spend = fit_spend_winsorised(&spends).ok()?.model;
    let own = past.iter().filter_map(|(_, past)| Some((past.repeat_purchases + 1.0, past.own_net_share?)));
    let returns = Returns::fit(log.net_share(cut), &returns::grouped(own));
    Some(ValueModel { purchase, spend, returns })
}
